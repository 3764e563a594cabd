package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/picture"
)

// Outbox is where messages wait until they are delivered. Per destination and
// key the newest body wins.
type Outbox interface {
	Put(ctx context.Context, dest, key string, body []byte) error
	// Watch gives every entry and then each new one; it returns when ctx ends
	// or each fails.
	Watch(ctx context.Context, each func(Entry) error, caughtUp func()) error
}

// ErrNotFound is what reading by a name returns (wrapped) when nothing is there: no
// receipt of a message, no log of an incident.
var ErrNotFound = errors.New("not found")

// Entry is one body in the outbox.
type Entry struct {
	Dest, Key string
	Rev       uint64
	Body      []byte
	// Told says that nothing is left to be done about it in Slack: it is where it is to be. Of the body there is no more then than N
	// and Rendered, and of About what names the incident and says what is news of it; see Short.
	Told bool
}

// Body is the stored form of a message that is to be in a channel. Fields may
// be added, never renamed: an older process's outbox is delivered by a newer.
type Body struct {
	N        int             `json:"n"`    // version: number of the update; greater is newer
	Post     int             `json:"post"` // number of the message that carries it; the same number means: edit
	Due      time.Time       `json:"due"`
	Rendered time.Time       `json:"rendered"`
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks"`
	Trend    *picture.Trend  `json:"trend,omitempty"`     // what its picture shows; nil: it has none
	Urgent   bool            `json:"urgent,omitempty"`    // it goes before others where not all can go at once
	ThreadOf string          `json:"thread_of,omitempty"` // key of the entry in whose message's thread it goes; empty: the channel
	Thread   string          `json:"thread,omitempty"`    // ts of the message in whose thread it goes; before ThreadOf
	// Under is the key of the entry whose message begins the thread that it is a reply in. It waits for that message, and
	// is left out if that was posted with this version or a newer one.
	Under string `json:"under,omitempty"`
	Loud  int    `json:"loud,omitempty"`  // of a reply: newest version that the whole channel is to see; 0: none
	Pin   bool   `json:"pin,omitempty"`   // the message is to be pinned to its channel; without, not any more
	About *About `json:"about,omitempty"` // of an incident's update: what it is of; nil of any other message
}

// About is what an update is of, as it was decided with it: for who tells it elsewhere
// than in Slack. Fields may be added, never renamed.
type About struct {
	Incident string    `json:"incident"` // id
	Number   int       `json:"number"`
	Title    string    `json:"title,omitempty"` // as somebody wrote it; empty when the incident was detected
	Severity string    `json:"severity,omitempty"`
	Began    time.Time `json:"began"`
	News     int       `json:"news"`            // number of the newest update that had something new to tell
	Alarm    int       `json:"alarm,omitempty"` // number of the newest that told that it began, got worse or came back
	Ended    bool      `json:"ended,omitempty"`
	Hurt     []Hurt    `json:"hurt,omitempty"` // worst first, at most mostHurt
	More     int       `json:"more,omitempty"` // hurt products that are not in Hurt
}

// Hurt is a product that is hurt, and its figures.
type Hurt struct {
	Product string    `json:"product"` // id
	Name    string    `json:"name"`
	Level   string    `json:"level"`
	Failed  int       `json:"failed"`
	Tries   int       `json:"tries"`
	Slow    int       `json:"slow,omitempty"` // of the tries, where slowness is the trouble
	Since   time.Time `json:"since,omitzero"`
}

// Short is what Entry's Told leaves of a body.
func (b Body) Short() Body {
	short := Body{N: b.N, Rendered: b.Rendered}
	if a := b.About; a != nil {
		short.About = &About{Incident: a.Incident, Number: a.Number, Began: a.Began, News: a.News, Alarm: a.Alarm, Ended: a.Ended}
	}
	return short
}

// NewBody is the stored form of a message.
func NewBody(n, post int, due, now time.Time, m format.Message) Body {
	return Body{N: n, Post: post, Due: due, Rendered: now, Text: m.Text, Blocks: m.BlocksJSON()}
}

// Telling is one message with where it goes.
type Telling struct {
	Dest, Key string // destination: a channel, or a person; one message of a destination and key is there at a time
	N, Post   int    // as those of Body
	Due       time.Time
	At        time.Time // of the figures in it
	Message   format.Message
	Trend     *picture.Trend
	Urgent    bool
	Thread    string // ts of the message in whose thread it goes; empty: see ThreadOf
	ThreadOf  string
	Under     string // as those of Body
	Loud      int
	Pin       bool
	About     *About
}

// once is a message that never changes: its key is the act itself.
func once(dest, key string, now time.Time, m format.Message) Telling {
	return Telling{Dest: dest, Key: key, N: 1, Post: 1, At: now, Message: m}
}

// Body is the stored form of the message.
func (t Telling) Body() Body {
	b := NewBody(t.N, t.Post, t.Due, t.At, t.Message)
	b.Trend, b.Urgent, b.ThreadOf, b.Thread, b.Under, b.Loud, b.Pin, b.About = t.Trend, t.Urgent, t.ThreadOf, t.Thread, t.Under, t.Loud, t.Pin, t.About
	return b
}

// Put hands a message over to an outbox.
func (t Telling) Put(ctx context.Context, o interface {
	Put(ctx context.Context, dest, key string, body []byte) error
},
) error {
	data, err := json.Marshal(t.Body())
	if err != nil {
		return fmt.Errorf("encode message %s: %w", t.Key, err) // unreachable: a body is plain data
	}
	if err := o.Put(ctx, t.Dest, t.Key, data); err != nil {
		return fmt.Errorf("put %s into the outbox: %w", t.Key, err)
	}
	return nil
}

// updatesPrefix begins the keys of incidents' updates.
const updatesPrefix = "updates/"

// UpdatesKey is one key per incident: a slow Slack gets the newest update, not
// a backlog.
func UpdatesKey(incident string) string { return updatesPrefix + incident }

// ReplyKey is one key per thread of an incident, by the number of the update that
// it began with: of replies, too, a slow Slack gets the newest.
func ReplyKey(incident string, root int) string { return fmt.Sprintf("reply/%s/%d", incident, root) }

// IncidentOf returns the incident whose updates a key is of, as itself or in its
// thread; empty when it is of something else.
func IncidentOf(key string) string {
	if id, ok := strings.CutPrefix(key, updatesPrefix); ok {
		return id
	}
	if rest, ok := strings.CutPrefix(key, "reply/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		return id
	}
	return ""
}

func watchKey(product string, n int) string { return fmt.Sprintf("watch/%s/%d", product, n) }

func effectKey(incident string, mark int) string { return fmt.Sprintf("effect/%s/%d", incident, mark) }

func entryKey(incident string, seq uint64) string { return fmt.Sprintf("entry/%s/%d", incident, seq) }

func remindKey(incident string, since time.Time) string {
	return fmt.Sprintf("remind/%s/%d", incident, since.Unix())
}

func proofKey(incident string, ended time.Time) string {
	return fmt.Sprintf("proof/%s/%d", incident, ended.Unix())
}
