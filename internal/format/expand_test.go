package format

import (
	"strings"
	"testing"
)

// Slack folds a long section behind "See more": what the bot says is shown
// whole.
func TestSectionsAreNotFolded(t *testing.T) {
	m := Message{Blocks: append(sections([]string{"one", "two"}), Block{Context: "small"})}
	got := string(m.BlocksJSON())
	if strings.Count(got, `"type":"section"`) != 1 || strings.Count(got, `"expand":true`) != 1 {
		t.Errorf("%s: every section, and nothing else, wants expand", got)
	}
}
