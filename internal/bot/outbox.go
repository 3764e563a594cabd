package bot

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/picture"
)

// Outbox is what the Poster needs of the journal. Per destination and key the
// newest body wins; an entry is pending while its revision is newer than its
// receipt's.
type Outbox interface {
	Put(ctx context.Context, dest, key string, body []byte) error
	// Watch gives every entry and then each new one; it returns when ctx ends
	// or each fails.
	Watch(ctx context.Context, each func(Entry) error, caughtUp func()) error
	// Receipt returns the stored receipt and its revision; ErrNotFound when
	// there is none.
	Receipt(ctx context.Context, dest, key string) (data []byte, rev uint64, err error)
	// PutReceipt stores a receipt if its revision is still last (0: there is
	// none yet) and returns the new one; otherwise the error wraps ErrConflict.
	PutReceipt(ctx context.Context, dest, key string, data []byte, last uint64) (uint64, error)
}

// ErrNotFound is what Receipt returns (wrapped) when nothing is stored.
var ErrNotFound = errors.New("not found")

// Entry is one body in the outbox.
type Entry struct {
	Dest, Key string
	Rev       uint64
	Body      []byte
}

// body is the stored form of a message that is to be in a channel. Fields may
// be added, never renamed: an older process's outbox is delivered by a newer.
type body struct {
	N        int             `json:"n"`    // version: number of the update; greater is newer
	Post     int             `json:"post"` // number of the message that carries it; the same number means: edit
	Due      time.Time       `json:"due"`
	Rendered time.Time       `json:"rendered"`
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks"`
	Trend    *picture.Trend  `json:"trend,omitempty"`     // what its picture shows; nil: it has none
	Urgent   bool            `json:"urgent,omitempty"`    // it goes before others where not all can go at once
	ThreadOf string          `json:"thread_of,omitempty"` // key of the entry in whose message's thread it goes; empty: the channel
}

func newBody(n, post int, due, now time.Time, m format.Message) body {
	return body{N: n, Post: post, Due: due, Rendered: now, Text: m.Text, Blocks: m.BlocksJSON()}
}

// receipt is the stored form of what is known of a message in Slack. Fields
// may be added, never renamed.
type receipt struct {
	Channel    string    `json:"channel,omitempty"`  // where it is: of a message to a person, the conversation with them
	Thread     string    `json:"thread,omitempty"`   // ts of the thread that it is in
	TS         string    `json:"ts,omitempty"`       // Slack's name of the message
	Post       int       `json:"post,omitempty"`     // which message it is
	Rev        uint64    `json:"rev,omitempty"`      // revision of the entry it shows
	Trying     int       `json:"trying,omitempty"`   // message whose posting was begun; it may or may not be in Slack
	TryingAt   time.Time `json:"trying_at,omitzero"` // when that was
	Generation uint64    `json:"generation,omitempty"`

	Picture     string `json:"picture,omitempty"`      // Slack's id of the file that the message shows
	PictureAlt  string `json:"picture_alt,omitempty"`  // what can be seen in it
	PicturePost int    `json:"picture_post,omitempty"` // the message it was uploaded for
}

func encodeBody(b body) ([]byte, error) { return json.Marshal(b) }
