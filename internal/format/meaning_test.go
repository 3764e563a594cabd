package format

import (
	"strings"
	"testing"
)

// TestEachWordHasItsMeaning: a name that is another's leads to one that has a meaning, and an
// answer is a sentence.
func TestEachWordHasItsMeaning(t *testing.T) {
	t.Parallel()
	for other := range meant {
		if name, ok := Means(other); !ok {
			t.Errorf("%q leads to %q, which has no meaning", other, name)
		}
	}
	for word := range meanings {
		m := Meaning(word, "/statusbot")
		if !strings.HasPrefix(strings.ToLower(m.Text), "*"+word+"*: ") || !strings.Contains(m.Text, ".") {
			t.Errorf("%s: %q", word, m.Text)
		}
	}
	if _, ok := Means("banana"); ok {
		t.Error("a banana has a meaning")
	}
}
