package bot

import (
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/format"
)

// tables knows whether a workspace takes tables: Slack rolls new kinds of
// block out in steps. The zero value does not know.
type tables struct {
	taken   atomic.Bool
	refused atomic.Int64 // when the workspace last refused one, in Unix nanoseconds; 0: never
}

// trusted reports whether a message can be sent where a refusal is not heard,
// as with an ack.
func (t *tables) trusted(m format.Message) bool { return !m.HasTable() || t.taken.Load() }

// fit returns the message as the workspace takes it, as far as that is known.
func (t *tables) fit(m format.Message) format.Message {
	if within(&t.refused, time.Now()) {
		return m.Plain()
	}
	return m
}

// with sends a message, and once more without its tables if the workspace
// refuses these, which is remembered. Of what is refused otherwise it sends
// what Slack takes.
func (t *tables) with(m format.Message, send func(text string, blocks json.RawMessage) error) error {
	m = t.fit(m)
	err := send(m.Text, m.BlocksJSON())
	if err == nil && m.HasTable() {
		t.taken.Store(true)
	}
	if !isPartRefused(err) {
		return err
	}
	if m.HasTable() {
		// Remembered before the words go out: who reads them may ask again at once.
		before := t.refused.Swap(time.Now().UnixNano())
		t.taken.Store(false)
		plain := m.Plain()
		if again := send(plain.Text, plain.BlocksJSON()); !isPartRefused(again) {
			return again
		}
		t.refused.Store(before) // it was not the table
		m = plain
	}
	_, err = salvage(m.BlocksJSON(), err, func(blocks json.RawMessage) error { return send(m.Text, blocks) })
	return err
}
