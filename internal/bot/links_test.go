package bot

import (
	"strings"
	"testing"
)

// TestLinkOf: which addresses may be pressed in an update, and what they are called.
func TestLinkOf(t *testing.T) {
	for word, want := range map[string]string{
		"https://meet.example.com/abc?pwd=1&x=2":           "https://meet.example.com/abc?pwd=1&x=2 meet.example.com",
		"<https://meet.example.com/abc|meet.example.com/>": "https://meet.example.com/abc meet.example.com",
		"HTTPS://Meet.Example.com/abc":                     "https://Meet.Example.com/abc Meet.Example.com",
		"meet.example.com/abc":                             "https://meet.example.com/abc meet.example.com",
		"https://[2001:db8::1]:8443/x":                     "https://[2001:db8::1]:8443/x 2001:db8::1",
		"https://jira.example.com/OPS-1,":                  "https://jira.example.com/OPS-1 jira.example.com",
		"tel:+49-30-1234":                                  "tel:+49-30-1234 +49-30-1234",
		"mailto:ops@example.com?subject=x":                 "mailto:ops@example.com?subject=x ops@example.com",
		"sip:room@example.com":                             "sip:room@example.com room@example.com",
		"https://a.example/x\"y":                           "https://a.example/x%22y a.example",

		"javascript:alert(1)":                           "! only https",
		"JavaScript:alert(1)":                           "! only https",
		"data:text/html,x":                              "! only https",
		"file:///etc/passwd":                            "! only https",
		"vbscript:x":                                    "! only https",
		"slack://user?team=T1&id=U1":                    "! only https",
		"ftp://files.example.com/x":                     "! only https",
		"ssh://root@db.example.com":                     "! only https",
		"https://":                                      "! the address has no host",
		"https:///x":                                    "! the address has no host",
		"https:meet.example.com":                        "! the address has no host",
		"http://:8080/x":                                "! the address has no host",
		"tel:":                                          "! nobody is named",
		"mailto://x":                                    "! nobody is named",
		"https://ana:secret@git.example.com/":           "! there is a name or a password",
		"https://token@git.example.com/":                "! there is a name or a password",
		"https://a.example/%zz":                         "! the address cannot be read",
		"https://a.example:port/":                       "! the address cannot be read",
		"https://a.example/" + strings.Repeat("x", 490): "! it is longer",
		"https://a.example/?" + strings.Repeat("a=1&", 80): "! it is longer", // each "&" is five characters in Slack
	} {
		address, name, wrong := linkOf(word)
		got := address + " " + name
		if wrong != "" {
			got = "! " + wrong
		}
		if got != want && (!strings.HasPrefix(want, "!") || !strings.HasPrefix(got, want)) {
			t.Errorf("%.60s: %s\nwant %s", word, got, want)
		}
	}
}

// TestLinkName: what a link is called, however it is said.
func TestLinkName(t *testing.T) {
	for said, want := range map[string]string{
		"call": "call", "as call": "call", "for the call": "call", "- bridge call": "bridge call", "": "", "as": "", "the OPS-1 ticket": "OPS-1 ticket", "(zoom)": "zoom",
	} {
		if got := linkName(strings.Fields(said)); got != want {
			t.Errorf("%q is %q, want %q", said, got, want)
		}
	}
}

// TestSeverityOf: what is said in a hurry is shown in one way, anything else as it is.
func TestSeverityOf(t *testing.T) {
	for said, want := range map[string]string{
		"SEV2": "SEV2", "sev2": "SEV2", "sev 2": "SEV2", "Sev-2": "SEV2", "2": "SEV2", "severity 2": "SEV2", "to sev1.": "SEV1", "p1": "P1", "P 1": "P1", "prio 3": "P3", "S1": "S1",
		"major": "major", "Major outage": "Major outage", "SEV12": "SEV12", "none": "none", "-": "-", "": "", "*critical*": "critical",
	} {
		if got := severityOf(strings.Fields(said)); got != want {
			t.Errorf("%q is %q, want %q", said, got, want)
		}
	}
}
