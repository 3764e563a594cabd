package text

import (
	"strings"
	"testing"
)

// TestWhatIsWrittenStays: names of people and of products come out as they
// went in, in every script and with every emoji, and evidence can be searched.
func TestWhatIsWrittenStays(t *testing.T) {
	for _, s := range []string{
		"👩\u200d👩\u200d👧 family", "👩🏽\u200d🚀 crew", "❤\uFE0F\u200d🔥", "☁\uFE0F cloud", "1\uFE0F\u20E3 first", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England",
		"می\u200cخواهم", "क्\u200dष", "ශ්\u200dරී", "🇩🇪 Kundenportal", "Überweisung", "שלום",
		"dial tcp 10.0.0.1:443: connect: connection refused", "[2001:db8::1]:443:8080:", "at 10:30:15: late",
	} {
		if got := Escape(s, 200); strings.Trim(got, leftToRight) != s {
			t.Errorf("%q is written %q", s, got)
		}
		if got := Code(s, 200); got != "`"+s+"`" {
			t.Errorf("%q as code is written %q", s, got)
		}
		if got := Plain(s, 200, ""); got != s {
			t.Errorf("%q in plain text is written %q", s, got)
		}
	}
	if got := Code(":fire: a:b:c @here", 200); got != "`:fire: a:b:c @here`" {
		t.Errorf("code is not as it was: %q", got)
	}
}

// TestWhatHidesGoes: a character that shows nothing and joins nothing is none.
func TestWhatHidesGoes(t *testing.T) {
	for s, want := range map[string]string{
		"a\u200db":                   "ab",
		"a\u200cb":                   "ab",
		"\u200d👩":                    "👩",
		"👩\u200d":                    "👩",
		"👩\u200d x":                  "👩 x",
		"👩 \u200d👧":                  "👩 👧",
		"می\u200c":                   "می",
		"a\uFE0F":                    "a",
		"x\U000e0067\U000e007f":      "x",
		"🏴\U000e0067\U000e0062":      "🏴",
		"\u202egnp.exe":              "gnp.exe",
		"\u2066x\u2069\u200b\u2060y": "xy",
		"👩" + strings.Repeat("\u200d", 3) + "👧":               "👩👧",
		"🏴" + strings.Repeat("\U000e0067", 99) + "\U000e007f": "🏴",
	} {
		if got := OneLine(s, 1000); got != want {
			t.Errorf("%q is written %q, want %q", s, got, want)
		}
	}
}
