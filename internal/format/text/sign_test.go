package text

import "testing"

// TestNoSignIsCut: what is cut ends before a sign that does not fit as a whole.
func TestNoSignIsCut(t *testing.T) {
	for s, want := range map[string]string{
		"ab🇮🇷🇩🇪":              "ab🇮🇷",
		"abcde🇮🇷":             "abcde",
		"abcd👩\u200d👩\u200d👧": "abcd",
		"abcde👍🏽":             "abcde",
		"abcdefe\u0301":       "abcdef",
		"ab🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f": "ab",
		"می\u200cخواهم": "می\u200cخواه",
		"abcdefgh":      "abcdefg",
	} {
		if got := Clip(s, 7); got != want {
			t.Errorf("%q is cut to %q, want %q", s, got, want)
		}
		if got := Entities(s, 8); Units(s) > 8 && got != want+"…" {
			t.Errorf("%q as text is cut to %q, want %q", s, got, want+"…")
		}
	}
	many := []rune("e")
	for range 100 {
		many = append(many, 0x301)
	}
	if got := Whole(many, 50); got != 50 {
		t.Errorf("of a sign without end %d are kept, want 50", got)
	}
}
