package text

import (
	"strings"
	"testing"
)

// TestNamesDoNotBreakInHTML: names with a hyphen and ranges are one piece; what is around
// them, and what would be HTML, is none of it.
func TestNamesDoNotBreakInHTML(t *testing.T) {
	for s, want := range map[string]string{
		"Likely edge-lb-2: all":         "Likely <span w>edge-lb-2:</span> all",
		"2 more 12-16 %.":               "2 more <span w>12-16_%.</span>",
		`a - b -> c & <x-y> "d-e"`:      "a - b -&gt; c &amp; <span w>&lt;x-y&gt;</span> <span w>&#34;d-e&#34;</span>",
		"checks.d/edge-lb.yaml, 4 min,": "<span w>checks.d/edge-lb.yaml,</span> 4_min,",
	} {
		if got := strings.ReplaceAll(UnbrokenHTML(s, "w"), nbsp, "_"); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

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
