package house

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/journal"
)

// A member whose clock is off is named, with by how much and what to do.
func TestAClockThatIsOffIsNamed(t *testing.T) {
	t.Parallel()
	got := doubted([]journal.Doubt{{Member: "a:7946", Ahead: time.Hour}, {Member: "b:7946", Ahead: -3 * time.Minute}})
	want := []string{
		"a:7946's clock is 1 h ahead of the others'; set it right by NTP, what it measures and tells carries its times",
		"b:7946's clock is 3 min behind the others'; set it right by NTP, what it measures and tells carries its times",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
