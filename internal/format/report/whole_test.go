package report

import "testing"

// TestNamesAreNotBroken: a browser breaks lines after a hyphen, and "edge-lb-" with a 2 in the
// next line is read as another name. What is not ours stays escaped.
func TestNamesAreNotBroken(t *testing.T) {
	for said, want := range map[string]string{
		"The likely cause: edge-lb-2.":      `The likely cause: <span class="w">edge-lb-2.</span>`,
		"checks.d/edge-lb.yaml, 4 min":      "<span class=\"w\">checks.d/edge-lb.yaml,</span> 4\u00a0min",
		"restarted <b>lb-3</b> & \"x-y\"":   `restarted <span class="w">&lt;b&gt;lb-3&lt;/b&gt;</span> &amp; <span class="w">&#34;x-y&#34;</span>`,
		"- not measured; 3.1 -> 0 %, a - b": "- not measured; 3.1 -&gt; 0\u00a0%, a - b",
	} {
		if got := string(whole(said)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", said, got, want)
		}
	}
}
