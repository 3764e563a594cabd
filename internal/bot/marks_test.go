package bot

import (
	"strings"
	"testing"
	"time"
)

func TestWhenAMarkWasDone(t *testing.T) {
	now := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	for said, want := range map[string][2]string{
		"13:50 restarted lb-3":                 {"13:50", "restarted lb-3"},
		"at 13:50 restarted lb-3":              {"at 13:50", "restarted lb-3"},
		"restarted lb-3 at 13:50":              {"at 13:50", "restarted lb-3"},
		"10 min ago restarted lb-3":            {"10 min ago", "restarted lb-3"},
		"restarted lb-3 an hour ago":           {"an hour ago", "restarted lb-3"},
		"1pm restarted lb-3":                   {"1pm", "restarted lb-3"},
		"yesterday 18:00 rolled back":          {"yesterday 18:00", "rolled back"},
		"2026-03-03T13:50:00Z restarted":       {"2026-03-03T13:50:00Z", "restarted"},
		"restarted lb-3":                       {},
		"10 min of pause for the queue":        {},
		"2 nodes restarted":                    {},
		"monday rollout undone":                {},
		"moved traffic to 10.0.0.1:443":        {},
		"13.50 restarted lb-3":                 {"13.50", "restarted lb-3"},
		"13h50 restarted lb-3":                 {"13h50", "restarted lb-3"},
		"13.50: restarted lb-3":                {"13.50:", "restarted lb-3"},
		"um 13.50 Uhr lb-3 neu gestartet":      {"um 13.50 Uhr", "lb-3 neu gestartet"},
		"at 09.05 restarted lb-3":              {"at 09.05", "restarted lb-3"},
		"yesterday 23.50 restarted lb-3":       {"yesterday 23.50", "restarted lb-3"},
		"restarted lb-3 (13.50)":               {"(13.50)", "restarted lb-3"},
		"restarted lb-3 at 13.50":              {"at 13.50", "restarted lb-3"},
		"upgraded the images to 13.50":         {}, // a version
		"1.50 rolled out":                      {}, // likewise
		"24.04 rolled out":                     {},
		"22.04 rolled out":                     {},
		"22.04 images rolled back":             {},
		"22.04 LTS images rolled back":         {},
		"10.15 of nginx rolled out":            {},
		"1.21.3 rolled out":                    {},
		"at 22.04 images rolled back":          {"at 22.04", "images rolled back"},
		"13.50 - images rolled back":           {"13.50 -", "images rolled back"},
		"13.50 failed over to dc2":             {"13.50", "failed over to dc2"},
		"restarted at noon":                    {"at noon", "restarted"},
		"2m ago: restarted lb-3":               {"2m ago:", "restarted lb-3"},
		"13:50 - restarted lb-3":               {"13:50 -", "restarted lb-3"},
		"restarted lb-3 (13:50)":               {"(13:50)", "restarted lb-3"},
		"restarted lb-3 (2m ago)":              {"(2m ago)", "restarted lb-3"},
		"restarted lb-3, 13:50":                {"13:50", "restarted lb-3"},
		"restarted lb-3 - 1:50 pm":             {"1:50 pm", "restarted lb-3"},
		"restarted lb-3 @ 13:50":               {"@ 13:50", "restarted lb-3"},
		"restarted lb-3 yesterday 22:00":       {"yesterday 22:00", "restarted lb-3"},
		"restarted lb-3 at 13:50 CET":          {"at 13:50 CET", "restarted lb-3"},
		"13:50+01:00 restarted lb-3":           {"13:50+01:00", "restarted lb-3"},
		"Mar 3 13:50 restarted":                {"Mar 3 13:50", "restarted"},
		"in the kitchen pulled the plug":       {},
		"this is what I did":                   {},
		"on call woke up":                      {},
		"in 10 min restart":                    {},
		"cron runs at 13:50 now, I think":      {},
		"cut the time-out from 13:50 to 13:55": {},
		"13:50":                                {},
		"":                                     {},
	} {
		when, what := splitWhen(strings.Fields(said), now)
		if [2]string{when, what} != want {
			t.Errorf("%q: when %q, what %q; want %q", said, when, what, want)
		}
	}
}

// TestWhenAMarkIsAskedBack: what is not known to the minute, or is no time, is
// not measured as if it were done now.
func TestWhenAMarkIsAskedBack(t *testing.T) {
	now := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	for said, want := range map[string][2]string{
		"last night rolled back":       {"last night", "rolled back"},
		"rolled back last night":       {"last night", "rolled back"},
		"rolled back this morning.":    {"this morning.", "rolled back"},
		"Yesterday: rolled back":       {"Yesterday:", "rolled back"},
		"tomorrow 10:00 roll back":     {"tomorrow", "10:00 roll back"},
		"25:00 rolled back":            {"25:00", "rolled back"},
		"13:71 rolled back":            {"13:71", "rolled back"},
		"yesterday s rollout undone":   {},
		"rolled back":                  {},
		"the job of last night undone": {},
		"last":                         {},
		"":                             {},
	} {
		if when, what := vaguely(strings.Fields(said), now); [2]string{when, what} != want {
			t.Errorf("%q: when %q, what %q; want %q", said, when, what, want)
		}
	}
	for said, want := range map[string]string{"just now restarted": "restarted", "restarted just now": "restarted", "just now": "just now", "now restarted": "now restarted"} {
		if got := strings.Join(withoutNow(strings.Fields(said)), " "); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

func TestMarkNumber(t *testing.T) {
	for said, want := range map[string]struct {
		n    int
		rest string
	}{
		"": {}, "2": {2, ""}, "#2": {2, ""}, "#2 restarted lb-4": {2, "restarted lb-4"}, "2 nodes restarted": {0, "2 nodes restarted"}, "restarted": {0, "restarted"}, "#0": {0, "#0"}, "-1": {0, "-1"},
		// of one's own marks the number alone is enough
		"1 restarted lb-4": {1, "restarted lb-4"}, "1: restarted lb-4": {1, "restarted lb-4"}, "1 to restarted lb-4": {1, "restarted lb-4"}, "mark 1 to say restarted lb-4": {1, "restarted lb-4"},
		"my mark #1: restarted lb-4": {1, "restarted lb-4"}, "number 3 as drained it": {3, "drained it"}, "no. 3 drained it": {3, "drained it"}, "my last mark: drained it": {0, "drained it"},
		"the last node restarted": {0, "the last node restarted"}, "13:50 restarted lb-4": {0, "13:50 restarted lb-4"}, "mark": {0, ""},
	} {
		if n, rest := markNumber(meantMark(said), []int{1, 3}); n != want.n || rest != want.rest {
			t.Errorf("%q: %d %q, want %d %q", said, n, rest, want.n, want.rest)
		}
	}
}
