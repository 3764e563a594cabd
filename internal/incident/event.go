package incident

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind says what happened.
type Kind string

const (
	Opened   Kind = "opened"   // by a person, or detected
	Level    Kind = "level"    // a product's level changed
	Update   Kind = "update"   // a numbered update is to be delivered
	Cadence  Kind = "cadence"  // the interval of the updates changed
	Resolved Kind = "resolved" // updates end
	Reopened Kind = "reopened" // the trouble came back soon after
)

// Event is one entry of an incident's log. Stored as JSON: fields may be
// added and are then optional; none is renamed or changes its meaning, since
// events are kept for good.
type Event struct {
	Incident string    `json:"incident"`
	Seq      uint64    `json:"-"` // the journal's sequence, known once stored
	At       time.Time `json:"at"`
	Kind     Kind      `json:"kind"`
	By       string    `json:"by,omitempty"` // Slack user id; empty means statusbot itself

	// Opened
	Number  int    `json:"number,omitempty"` // counts all incidents of the company from 1
	Title   string `json:"title,omitempty"`
	Channel string `json:"channel,omitempty"` // Slack channel id that gets the updates

	// Opened, Cadence
	Every time.Duration `json:"every,omitempty"` // nanoseconds

	// Opened (detected), Resolved, Reopened, Level: the sentence that says why
	Why string `json:"why,omitempty"`

	// Level
	Product string    `json:"product,omitempty"`
	From    string    `json:"from,omitempty"`
	To      string    `json:"to,omitempty"`
	Onset   time.Time `json:"onset,omitzero"`

	// Update
	N       int       `json:"n,omitempty"`       // number of the update, from 1
	Post    int       `json:"post,omitempty"`    // number of the update whose message carries it: N for a new post, an earlier one for an edit
	Due     time.Time `json:"due,omitzero"`      // when it was due
	Figures []Figure  `json:"figures,omitempty"` // what it said, for the next one's trend
	Counted time.Time `json:"counted,omitzero"`  // up to when the figures' NewTries count: from that of the update before
	Cause   string    `json:"cause,omitempty"`   // the likely cause as it stood, a sentence; empty when none was known

	// What a person wrote: a mark, a note
	Text string `json:"text,omitempty"`
}

// Figure is one product's state as an update told it.
type Figure struct {
	Product  string  `json:"product"`
	Level    string  `json:"level"`
	Tries    int     `json:"tries"`
	Failures int     `json:"failures"`
	Share    float64 `json:"share"` // failures / tries

	// Of the whole minutes since the update before, so that those of all updates
	// can be added up; Tries and Failures are of a window, and windows overlap.
	NewTries    int `json:"new_tries,omitempty"`
	NewFailures int `json:"new_failures,omitempty"`
}

// Encode returns the stored form.
func (e Event) Encode() ([]byte, error) { return json.Marshal(e) }

// DecodeEvent reads the stored form. The error names the incident's subject
// only through its caller.
func DecodeEvent(data []byte, seq uint64) (Event, error) {
	var e Event
	if err := json.Unmarshal(data, &e); err != nil {
		return Event{}, fmt.Errorf("decode event %d: %w", seq, err)
	}
	if e.Incident == "" || e.Kind == "" {
		return Event{}, fmt.Errorf("decode event %d: no incident or kind", seq)
	}
	e.Seq = seq
	return e, nil
}
