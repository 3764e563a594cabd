package redact

import "testing"

func TestColoursOfATerminal(t *testing.T) {
	for text, want := range map[string]string{
		"\x1b[31mdown\x1b[0m":                     "down",
		"\x1b[1;38;5;196mdown\x1b(B\x1b[m":        "down",
		"hun\x1b[31mter2":                         "hunter2", // and so a secret is whole again
		"\x1b]0;a title\adown":                    "down",
		"\x1b]8;;https://a.example\x1b\\down":     "down",
		"\x1b[2Kdown \x1b[?25h":                   "down ",
		"\x1bMdown":                               "down",
		"down\x1b":                                "down",
		"down\x1b[":                               "down[",
		"down\x1b[31":                             "down[31",
		"\x1b]0;without an end and\nanother line": "]0;without an end and\nanother line",
		"\x1b\x1b[31mdown":                        "down",
		"no escape [31m":                          "no escape [31m",
		"\x1b\u00fcber":                           "\u00fcber",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := OneSpaced("\x1b[31mdown\x1b[0m \x1b[32m now"); got != "down now" {
		t.Errorf("got %q", got)
	}
}
