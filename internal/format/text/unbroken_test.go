package text

import (
	"strings"
	"testing"
)

// TestLinesDoNotBreakWithin: what belongs together stays on a line; what people
// copy, and what a token holds for Slack, stays as it is.
func TestLinesDoNotBreakWithin(t *testing.T) {
	for s, want := range map[string]string{
		"fails 8.3 % of tries (3 of 36 in 10 min)":                              "fails 8.3_% of tries (3 of 36 in 10_min)",
		"as of <!date^1^{time}|19:01 UTC> · next <!date^2^{time}|19:06 UTC>":    "as_of_<!date^1^{time}|19:01 UTC> · next_<!date^2^{time}|19:06 UTC>",
		"difference 0.2 ± 1.3 points":                                           "difference 0.2 ±_1.3_points",
		"19:28:52 UTC pay: `100 % of 3 s` after 3 s":                            "19:28:52 UTC pay: `100 % of 3 s` after 3_s",
		"```\npay  3 %  1/30\n```\n4 min":                                       "```\npay  3 %  1/30\n```\n4_min",
		"since <!date^1^{date_short_pretty} {time}|Mon 19:01 UTC> (3 h 12 min)": "since_<!date^1^{date_short_pretty} {time}|Mon 19:01 UTC> (3_h 12_min)",
		"14 of 60 products, 3 hosts":                                            "14 of 60 products, 3 hosts",
		"":                                                                      "",
	} {
		got := Unbroken(s)
		if shown := strings.ReplaceAll(got, nbsp, "_"); shown != want {
			t.Errorf("%q: %q, want %q", s, shown, want)
		}
		if Breaking(got) != s {
			t.Errorf("%q is not taken back: %q", s, Breaking(got))
		}
	}
}
