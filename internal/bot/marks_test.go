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
		"restarted at noon":                    {},
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

func TestMarkNumber(t *testing.T) {
	for said, want := range map[string]struct {
		n    int
		rest string
	}{
		"": {}, "2": {2, ""}, "#2": {2, ""}, "#2 restarted lb-4": {2, "restarted lb-4"}, "2 nodes restarted": {0, "2 nodes restarted"}, "restarted": {0, "restarted"}, "#0": {0, "#0"}, "-1": {0, "-1"},
	} {
		if n, rest := markNumber(said); n != want.n || rest != want.rest {
			t.Errorf("%q: %d %q, want %d %q", said, n, rest, want.n, want.rest)
		}
	}
}
