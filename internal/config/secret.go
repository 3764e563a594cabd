package config

import (
	"fmt"
	"io"
)

// hiddenText stands wherever a secret would have been printed.
const hiddenText = "(secret)"

// Secret is text that no log, error or dump may show. Whatever prints it (any
// verb of fmt, JSON, zap, slog) writes "(secret)"; only Reveal gives it away.
//
// The text sits behind a pointer because fmt does not call methods on
// unexported fields: there it prints an address, not the text.
type Secret struct {
	text *string
}

// NewSecret wraps text; empty text gives the zero Secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text itself, for the one place that sends it on.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero says whether there is no secret at all.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal compares the texts.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

// String returns "(secret)", also for an empty one.
func (s Secret) String() string { return hiddenText }

// GoString returns "(secret)".
func (s Secret) GoString() string { return hiddenText }

// Format answers every verb: without it a wrong verb such as %d would print
// the fields.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hiddenText) }

// MarshalText hides the text from JSON, YAML and slog.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hiddenText), nil }

// MarshalJSON hides the text from JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hiddenText + `"`), nil }
