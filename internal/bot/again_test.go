package bot

import (
	"strings"
	"testing"
)

// TestComesAgain: what is to come again is not muted once without a word, and a
// reason is left alone.
func TestComesAgain(t *testing.T) {
	for said, want := range map[string]bool{
		"billing Sat 22:00 for 2h every week":            true,
		"billing every Saturday 22:00 for 2h patches":    true,
		"billing each sat 22:00 for 2h":                  true,
		"billing Saturdays 22:00 for 2h patches":         true,
		"billing from 22:00 for 2h every night, patches": true,
		"billing from 22:00 for 2h daily":                true,
		"billing weekly from Sat 22:00 for 2h patches":   true,
		"billing for 2h every 4 weeks":                   true,
		"billing on weekdays from 22:00 to 23:00 batch":  true,
		"billing from Sat 22:00 for 2h weekly patches":   false,
		"billing for 2h moving every shard":              false,
		"billing for 2h restart each node":               false,
		"billing from Sat 22:00 for 2h moving":           false,
		"Daily Reports for 2h moving":                    false,
		"daily for 2h moving":                            false,
		"":                                               false,
	} {
		if got := comesAgain(strings.Fields(said)); got != want {
			t.Errorf("%q: %v, want %v", said, got, want)
		}
	}
}
