package house

import (
	"testing"

	"github.com/statusbot/statusbot/internal/format/text"
)

// TestWhatAServerSaidStandsApart: behind what was found, and not as a part of it.
func TestWhatAServerSaidStandsApart(t *testing.T) {
	got := plainIn{}.one("Failed: HTTP 503 · trace `4bf9`\n" + text.Pre("Service Unavailable\nlater", 100))
	if want := "Failed: HTTP 503 · trace 4bf9 · it said: Service Unavailable later"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
