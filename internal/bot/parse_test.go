package bot

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/format"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text, verb, rest string
		every            time.Duration
	}{
		{text: ""},
		{text: " \t\u00a0\n"},
		{text: "“”"},
		{text: "help", verb: "help"},
		{text: "HELP", verb: "help"},
		{text: "/help", verb: "help"},
		{text: "help!", verb: "help"},
		{text: "“Help”", verb: "help"},
		{text: "\u200bhelp\u200b", verb: "help"},
		{text: "start", verb: "start"},
		{text: "start Log-ins  fail", verb: "start", rest: "Log-ins fail"},
		{text: "start\u00a0“Log-ins fail”", verb: "start", rest: "Log-ins fail"},
		{text: "Stop.", verb: "stop"},
		{text: "please stop", verb: "stop"},
		{text: "hey stop", verb: "stop"},
		{text: ": stop", verb: "stop"},
		{text: ", every 5m please", verb: "every", rest: "5m please", every: 5 * time.Minute},
		{text: "/statusbot stop", verb: "stop"},
		{text: "status every 5m", verb: "every", rest: "5m", every: 5 * time.Minute},
		{text: "@Ben help", verb: "help"},
		{text: "*help*", verb: "help"},
		{text: "status"},
		{text: "/status"},
		{text: "status?"},
		{text: "?", verb: "help"},
		{text: "-h", verb: "help"},
		{text: "--help", verb: "help"},
		{text: "hi", verb: "product", rest: "hi"},
		{text: "ls", verb: "product", rest: "ls"},
		{text: "is billing ok now?", verb: "now", rest: "is billing ok"},
		{text: "mark restarted 👩‍👩‍👧 می\u200cخواهم", verb: "mark", rest: "restarted 👩‍👩‍👧 می\u200cخواهم"},
		{text: "sources please", verb: "sources", rest: "please"},
		{text: "helpdesk", verb: "product", rest: "helpdesk"},
		{text: "  Data   Lake ", verb: "product", rest: "Data Lake"},
		{text: "‘billing’ pay", verb: "product", rest: "billing pay"},
		{text: "billing\x00 help", verb: "product", rest: "billing help"},
		{text: "Billing Now", verb: "now", rest: "Billing"},
		{text: "data lake query now.", verb: "now", rest: "data lake query"},
		{text: "now", verb: "now"},
		{text: "now then", verb: "product", rest: "now then"},
		{text: "every 5m", verb: "every", rest: "5m", every: 5 * time.Minute},
		{text: "Every\u00a05 min", verb: "every", rest: "5 min", every: 5 * time.Minute},
		{text: "every 5 Min.", verb: "every", rest: "5 Min.", every: 5 * time.Minute},
		{text: "every 5", verb: "every", rest: "5", every: 5 * time.Minute},
		{text: "every “10”", verb: "every", rest: "10", every: 10 * time.Minute},
		{text: "every 1 hour", verb: "every", rest: "1 hour", every: time.Hour},
		{text: "every 90s", verb: "every", rest: "90s", every: 90 * time.Second},
		{text: "every 2 hours", verb: "every", rest: "2 hours", every: 2 * time.Hour},
		{text: "every", verb: "every"},
		{text: "every now and then", verb: "every", rest: "now and then"},
		{text: "every 5 parsecs", verb: "every", rest: "5 parsecs", every: 5 * time.Minute},
		{text: "every five minutes", verb: "every", rest: "five minutes", every: 5 * time.Minute},
		{text: "every hour", verb: "every", rest: "hour", every: time.Hour},
		{text: "every minute please", verb: "every", rest: "minute please", every: time.Minute},
		{text: "every half hour", verb: "every", rest: "half hour", every: 30 * time.Minute},
		{text: "every half an hour", verb: "every", rest: "half an hour", every: 30 * time.Minute},
		{text: "every 5m for billing", verb: "every", rest: "5m for billing", every: 5 * time.Minute},
		{text: "set updates every 5m", verb: "every", rest: "5m", every: 5 * time.Minute},
		{text: "what can you do?", verb: "help"},
		{text: "How do I stop updates?", verb: "help", rest: "stop"},
		{text: "how do you do", verb: "product", rest: "how do you do"},
		{text: "every -5m", verb: "every", rest: "-5m"},
		{text: "every 1.5h", verb: "every", rest: "1.5h", every: 90 * time.Minute},
		{text: "every 99999999999999999999m", verb: "every", rest: "99999999999999999999m"},
		{text: "every ٥m", verb: "every", rest: "٥m"},
	} {
		got := parse(tt.text)
		if diff := cmp.Diff([]any{tt.verb, tt.rest, tt.every}, []any{got.verb, got.rest, got.every}); diff != "" {
			t.Errorf("parse(%q) (-want +got):\n%s", tt.text, diff)
		}
	}
}

// TestIgnored: what a command takes no notice of is known.
func TestIgnored(t *testing.T) {
	for text, want := range map[string]string{
		"stop": "", "stop please": "", "stop updates": "", "more often, please": "", "stop billing": "billing", "pause billing": "billing", "stop it now": "it now", "stop now": "now", "stop the updates here please": "",
		"every 5 parsecs": "parsecs", "every 5m for billing": "for billing", "every hour, please": "", "every now and then": "", "every five minutes on billing": "billing",
		"timeline of today": "of today", "mark restarted lb-3": "", "every 5m": "", "billing foo": "",
	} {
		if got := parse(text).ignored(); got != want {
			t.Errorf("of %q %q is ignored, want %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "help", "every 5 min", "every 9999h", "“Billing” pay", "start \u202eevil", "/status billing", "\xff\xfe"} {
		f.Add(seed)
	}
	known := append([]string{"", "product", verbNow}, verbs...)
	f.Fuzz(func(t *testing.T, text string) {
		r := parse(text)
		if !slices.Contains(known, r.verb) {
			t.Errorf("verb %q is none", r.verb)
		}
		if r.every < 0 || r.every > 9999*time.Hour || (r.every != 0 && r.verb != "every") {
			t.Errorf("every %v of %q", r.every, r.verb)
		}
		if r.rest != strings.Join(r.words, " ") || strings.Join(strings.Fields(r.rest), " ") != r.rest {
			t.Errorf("rest %q is not the words %q", r.rest, r.words)
		}
		if r.verb == "" && len(r.words) > 0 || r.verb == "product" && len(r.words) == 0 {
			t.Errorf("verb %q with words %q", r.verb, r.words)
		}
		// What was understood is understood again.
		if r.verb == "product" {
			if again := parse(r.rest); again.verb != r.verb || again.rest != r.rest {
				t.Errorf("%q is read as %+v, and that as %+v", text, r, again)
			}
		}
	})
}

func TestAnAnswerIsMeasuredAsItIsSent(t *testing.T) {
	plain := format.Message{Text: strings.Repeat("a", 3900), Blocks: []format.Block{{Section: strings.Repeat("a", 15_000)}}}
	if !fitsAck(plain) {
		t.Error("19 KB do not go with the ack")
	}
	escaped := plain
	escaped.Text = strings.Repeat("&", 3900)
	if fitsAck(escaped) {
		t.Error("an answer goes with the ack that is 38 KB once it is encoded")
	}
}
