package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// maxMessages is how many messages a channel keeps; the oldest go first. At
// about 4 KB each that is 20 MB a channel.
const maxMessages = 5000

// channel is a conversation. Guarded by state.mu.
type channel struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	IM       bool       `json:"is_im,omitempty"`
	User     string     `json:"user,omitempty"` // of an IM: the other person
	Private  bool       `json:"is_private,omitempty"`
	Archived bool       `json:"is_archived,omitempty"`
	Bot      bool       `json:"bot_member"`    // the bot is in it
	Out      []string   `json:"out,omitempty"` // ids of the people who are not in it; all others are
	Topic    string     `json:"topic,omitempty"`
	Purpose  string     `json:"purpose,omitempty"`
	Created  time.Time  `json:"created"`
	msgs     []*Message // by TS, rising
	byTS     map[string]*Message
	marks    []map[string]any // bookmarks
}

// state is all that the workspace knows. Its methods lock; those whose name
// ends in Locked want mu held.
type state struct {
	mu       sync.Mutex
	lastTS   int64 // microseconds
	users    []User
	channels []*channel
	store    *store // nil: nothing is kept
	feed     *feed
	files    map[string]*file    // :: id -> file
	views    map[string]*view    // :: id -> view
	homes    map[string]string   // :: user id -> view id of the published home
	modals   map[string][]string // :: user id -> view ids of the open modals, lowest first
	triggers map[string]*trigger // :: trigger_id -> its use
	hooks    map[string]*hook    // :: secret of a response_url -> its use
	offers   offers
}

func newState(cfg Config, f *feed) *state {
	s := &state{
		feed: f, files: map[string]*file{}, views: map[string]*view{}, homes: map[string]string{}, modals: map[string][]string{},
		triggers: map[string]*trigger{}, hooks: map[string]*hook{},
	}
	s.users = append(slices.Clone(cfg.Users), User{ID: BotUserID, Name: "statusbot", RealName: "statusbot", TZ: "Etc/UTC", IsBot: true})
	return s
}

var (
	errNoChannel = errors.New("no such channel")
	errNoUser    = errors.New("no such user")
	errNoMessage = errors.New("no such message")
	errNoFile    = errors.New("no such file")
	errNoView    = errors.New("no such view")
)

// user finds a person by id, name or "@name".
func (s *state) user(ref string) (User, error) {
	ref = strings.TrimPrefix(ref, "@")
	for _, u := range s.users { // fixed after New
		if u.ID == ref || u.Name == ref {
			return u, nil
		}
	}
	return User{}, fmt.Errorf("%w: %q", errNoUser, ref)
}

// findLocked finds a channel by id, name or "#name".
func (s *state) findLocked(ref string) *channel {
	ref = strings.TrimPrefix(ref, "#")
	for _, c := range s.channels {
		if c.ID == ref || (c.Name == ref && !c.IM) {
			return c
		}
	}
	return nil
}

// channel returns a copy of a channel's description.
func (s *state) channel(ref string) (channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.findLocked(ref); c != nil {
		return c.describe(), nil
	}
	return channel{}, fmt.Errorf("%w: %q", errNoChannel, ref)
}

func (c *channel) describe() channel {
	d := *c
	d.msgs, d.byTS, d.marks = nil, nil, nil
	return d
}

func (s *state) list() []channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]channel, 0, len(s.channels))
	for _, c := range s.channels {
		out = append(out, c.describe())
	}
	return out
}

// putChannel adds a channel, or changes the one with that id.
func (s *state) putChannel(d channel) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.putChannelLocked(d)
}

func (s *state) putChannelLocked(d channel) error {
	if err := s.store.append(entry{Channel: &d}); err != nil {
		return err
	}
	s.adoptLocked(d)
	s.feed.workspace()
	return nil
}

// adoptLocked takes a channel in, or what it is called and set to now.
func (s *state) adoptLocked(d channel) {
	if c := s.findLocked(d.ID); c != nil {
		c.Name, c.Private, c.Archived, c.Bot, c.Out, c.Topic, c.Purpose = d.Name, d.Private, d.Archived, d.Bot, d.Out, d.Topic, d.Purpose
		return
	}
	d.byTS = map[string]*Message{}
	s.channels = append(s.channels, &d)
}

// openIM returns the direct conversation of the bot with a person.
func (s *state) openIM(user string) (channel, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := "D" + user[1:]
	if c := s.findLocked(id); c != nil {
		return c.describe(), true, nil
	}
	d := channel{ID: id, Name: user, IM: true, User: user, Bot: true, Created: time.Now().UTC()}
	return d, false, s.putChannelLocked(d)
}

// nextTSLocked is unique in the workspace and rises.
func (s *state) nextTSLocked(now time.Time) string {
	s.lastTS = max(now.UnixMicro(), s.lastTS+1)
	return formatTS(s.lastTS)
}

// post adds m to the channel, stamping it, and returns the stored copy.
func (s *state) post(channelID string, m Message) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.findLocked(channelID)
	if c == nil {
		return m, errNoChannel
	}
	now := time.Now().UTC()
	m.TS = s.nextTSLocked(now)
	m.PostedAt, m.At = now, now
	m.EditedAt, m.Reactions = []time.Time{}, []Reaction{}
	m.Pings = pingsOf(m.Text, m.Blocks, m.Attachments)
	if err := s.keepLocked(c, &m); err != nil {
		return m, err
	}
	c.insert(&m)
	kind := "posted"
	if m.Ephemeral {
		kind = "ephemeral"
	}
	s.feed.change(c.ID, m.TS, kind)
	return m, nil
}

// keepLocked writes the message down if it is of the kind that is kept.
func (s *state) keepLocked(c *channel, m *Message) error {
	if m.Ephemeral {
		return nil
	}
	s.tidyLocked() // before: m is not among the channel's yet
	return s.store.append(entry{In: c.ID, Message: m})
}

func (c *channel) insert(m *Message) {
	if old, ok := c.byTS[m.TS]; ok {
		*old = *m
		return
	}
	c.byTS[m.TS] = m
	c.msgs = append(c.msgs, m)
	if over := len(c.msgs) - maxMessages; over > 0 {
		for _, gone := range c.msgs[:over] {
			delete(c.byTS, gone.TS)
		}
		c.msgs = slices.Delete(c.msgs, 0, over)
	}
}

// change applies edit to a copy of a message and, if edit agrees, stores the
// copy. The kind is what the change is called in the event stream.
func (s *state) change(channelID, ts, kind string, edit func(*Message) error) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.findLocked(channelID)
	if c == nil {
		return Message{}, errNoChannel
	}
	old := c.byTS[ts]
	if old == nil || old.Deleted {
		return Message{}, errNoMessage
	}
	m := *old
	if err := edit(&m); err != nil {
		return Message{}, err
	}
	if kind == "edited" {
		now := time.Now().UTC()
		edits := append(slices.Clone(m.EditedAt), now)
		m.EditedAt = edits[max(0, len(edits)-maxEdits):]
		m.At = now
		m.Pings = pingsOf(m.Text, m.Blocks, m.Attachments)
	}
	if err := s.keepLocked(c, &m); err != nil {
		return Message{}, err
	}
	*old = m
	s.feed.change(c.ID, ts, kind)
	return m, nil
}

// message returns one message if that user can see it; user "" sees what the
// API sees: nothing ephemeral.
func (s *state) message(channelID, ts, user string) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.findLocked(channelID)
	if c == nil {
		return Message{}, errNoChannel
	}
	m := c.byTS[ts]
	if m == nil || m.Deleted || (m.Ephemeral && m.To != user) {
		return Message{}, errNoMessage
	}
	return *m, nil
}

// seen returns what a user sees in a channel, newest last; at most limit of
// the newest. Deleted messages are in it, marked.
func (s *state) seen(channelID, user string, limit int) ([]Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.findLocked(channelID)
	if c == nil {
		return nil, errNoChannel
	}
	out := []Message{}
	for _, m := range slices.Backward(c.msgs) {
		if len(out) == limit {
			break
		}
		if !m.Ephemeral || m.To == user {
			out = append(out, *m)
		}
	}
	slices.Reverse(out)
	return out, nil
}

// span returns the messages with oldest < ts < latest (or <= with inclusive)
// for which keep says yes, rising, and the number of replies of each.
func (s *state) span(channelID string, oldest, latest int64, inclusive bool, keep func(*Message) bool) ([]Message, map[string]thread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.findLocked(channelID)
	if c == nil {
		return nil, nil
	}
	var out []Message
	replies := map[string]thread{}
	for _, m := range c.msgs {
		if m.Deleted || m.Ephemeral {
			continue
		}
		if m.ThreadTS != "" && m.ThreadTS != m.TS {
			replies[m.ThreadTS] = replies[m.ThreadTS].with(m)
		}
	}
	from := sort.Search(len(c.msgs), func(i int) bool {
		at, _ := parseTS(c.msgs[i].TS)
		return at >= oldest
	})
	for _, m := range c.msgs[from:] {
		at, _ := parseTS(m.TS)
		if !inclusive && (at == oldest || at == latest) {
			continue
		}
		if at > latest {
			break
		}
		if !m.Deleted && !m.Ephemeral && keep(m) {
			out = append(out, *m)
		}
	}
	return out, replies
}

// pinned are the messages with a pin.
func (s *state) pinned(channelID string) []Message {
	found, _ := s.span(channelID, 0, math.MaxInt64, true, func(m *Message) bool { return m.Pinned })
	return found
}

// secret is an unguessable word, for ids that grant something.
func secret() string { return rand.Text() }

func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil { // unreachable: only our own plain values come here
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return b
}
