package bot

import "testing"

func TestAsTyped(t *testing.T) {
	names := map[string]string{"U2": "Ben Miller"}
	for text, want := range map[string]string{
		"<@U0STATUSB> billing":                             "  billing",
		"hey <@U0STATUSB> billing":                         "hey   billing",
		"note <@U2> restarts &lt;lb-3&gt; &amp; waits":     "note @Ben Miller restarts <lb-3> & waits",
		"note called <@U3>":                                "note called @U3",
		"note called <@U3|eve>":                            "note called @eve",
		"<https://example.com/a?b=1&amp;c=2>":              "https://example.com/a?b=1&c=2",
		"<http://example.com|example.com> fails":           "example.com fails",
		"<https://example.com/|a page>":                    "https://example.com/",
		"<mailto:a@example.com|a@example.com>":             "a@example.com",
		"in <#C1|incidents> and <#C2>":                     "in #incidents and #C2",
		"<!here> <!subteam^S1|@oncall> <!date^1^x|Monday>": "@here @oncall Monday",
		"&amp;lt;":  "&lt;",
		"1 < 2 > 0": "1 < 2 > 0",
	} {
		if got := asTyped(text, "U0STATUSB", func(id string) string { return names[id] }); got != want {
			t.Errorf("%q is heard as %q, want %q", text, got, want)
		}
	}
}

func FuzzAsTyped(f *testing.F) {
	for _, seed := range []string{"<@U1> x", "<", "<|>", "&amp;&lt;", "<<@U1>>", "<!>"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		parse(asTyped(text, "U1", func(string) string { return "" }))
	})
}
