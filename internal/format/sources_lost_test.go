package format

import (
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/status"
)

// TestSourcesSayThatAddedChecksAreMissing, in the notification and above all
// else.
func TestSourcesSayThatAddedChecksAreMissing(t *testing.T) {
	const lost = "The checks that were added in Slack do not run: their list cannot be read."
	whole := Sources(status.Snapshot{}, status.Definition{}, true)
	m := WithoutAdded(whole)
	if !strings.HasPrefix(m.Text, lost+" These figures come from") || len(m.Blocks) != len(whole.Blocks)+1 {
		t.Errorf("it is not said: %q, %d blocks", m.Text, len(m.Blocks))
	}
}
