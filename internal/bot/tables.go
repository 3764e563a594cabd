package bot

import (
	"errors"
	"strings"
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
// refuses these, which is remembered.
func (t *tables) with(m format.Message, send func(format.Message) error) error {
	m = t.fit(m)
	err := send(m)
	switch {
	case !m.HasTable():
	case err == nil:
		t.taken.Store(true)
	case errors.Is(err, ErrRefused) && strings.Contains(err.Error(), "invalid_blocks"):
		t.taken.Store(false)
		t.refused.Store(time.Now().UnixNano())
		return send(m.Plain())
	}
	return err
}
