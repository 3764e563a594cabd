package format

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"Billing":                "Billing",
		"a & b <c>":              "a &amp; b &lt;c&gt;",
		"<!channel>":             "&lt;!channel&gt;",
		"ask @here or @Channel":  "ask ＠here or ＠Channel",
		"team@example.com":       "team@example.com",
		"*b* ~s~ `c`":            "∗b∗ ∼s∼ 'c'",
		"user_service":           "user_service",
		"_x_ a_b_":               "＿x＿ a_b＿",
		":fire: 10:30:15":        "∶fire∶ 10∶30∶15",
		"a\u200bb\u202ec\x00\nd": "abc d",
		"@ch\u200bannel":         "＠channel",
		"\xffx":                  "\uFFFDx",
		" \t ":                   "",
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestEscapeCutsBetweenEntities(t *testing.T) {
	for limit := 2; limit < 20; limit++ {
		got := escape("&&<<>>a\U0001F525b", limit)
		if units(got) > limit {
			t.Errorf("limit %d: %q has %d units", limit, got, units(got))
		}
		whole := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(got)
		if strings.ContainsAny(whole, "&;") {
			t.Errorf("limit %d: %q ends inside an entity", limit, got)
		}
	}
	if got, want := escape("abcdef", 6), "abcdef"; got != want {
		t.Errorf("got %q, want %q: what fits is not cut", got, want)
	}
}

func TestCutMrkdwn(t *testing.T) {
	for in, want := range map[string]string{
		"short":                         "short",
		"0123456 <!date^1^{time}|x> ok": "0123456 …",
		"0123456 &amp; and more text":   "0123456 …",
		"<@U1> and then more text":      "<@U1> and…",
	} {
		if got := cutMrkdwn(in, 10); got != want {
			t.Errorf("cutMrkdwn(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCodeAndPre(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{code("a`b<c>", 40), "`a'b&lt;c&gt;`"},
		{code(" ", 40), "`(empty)`"},
		{code("abcdef", 4), "`abc…`"},
		{pre("one\n\n  two```\n", 100), "```\none\ntwo'''\n```"},
		{pre("\n \n", 100), ""},
		{pre("1\n2\n3\n4\n5\n6\n7\n8\n9\n", 100), "```\n1\n2\n3\n4\n5\n6\n7\n8 …\n```"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(1586), "1,586"}, {count(1234567), "1,234,567"}, {count(-1234), "-1,234"},
		{plural(0, "product"), "0 products"}, {plural(1, "product"), "1 product"}, {plural(2210, "check"), "2,210 checks"},
		{percent(104.0/1586, 1586), "6.6 %"},
		{percent(62.0/520, 520), "12 %"},      // from 10 % on a decimal needs 1,000 tries
		{percent(150.0/1000, 1000), "15.0 %"}, // which these are
		{percent(3.0/60, 60), "5 %"},          // one result is more than a point
		{percent(99.4/1000, 500), "9.9 %"},
		{percent(0.0996, 500), "10 %"}, // not "10.0 %"
		{percent(0, 500), "0 %"}, {percent(1, 500), "100 %"},
		{percent(1.0/5000, 5000), "under 0.1 %"},
		{percent(4999.0/5000, 5000), "over 99.9 %"},
		{percent(499.0/500, 500), "over 99 %"},
		{interval(104, 1586), "5.4-7.9 %"},
		{interval(0, 60), "0-6 %"},
		{span(0), "0 s"}, {span(-time.Second), "0 s"}, {span(59 * time.Second), "59 s"}, {span(5 * time.Minute), "5 min"},
		{span(14*time.Hour + 33*time.Minute), "14 h 33 min"}, {span(time.Hour), "1 h"}, {span(59*time.Minute + 50*time.Second), "1 h"},
		{span(51 * time.Hour), "2 d 3 h"}, {span(48 * time.Hour), "2 d"},
		{latency(0), "0 ms"}, {latency(400 * time.Microsecond), "0.4 ms"}, {latency(834 * time.Millisecond), "830 ms"}, {latency(999 * time.Millisecond), "1 s"},
		{latency(2134 * time.Millisecond), "2.1 s"}, {latency(12340 * time.Millisecond), "12 s"}, {latency(5 * time.Millisecond), "5 ms"},
		{cardinal(3), "three"}, {cardinal(60), "60"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 18, 5, 10, 0, 0, time.UTC) // ten past midnight in New York
	c := clock{now: now, tz: ny}
	for _, x := range []struct {
		t    time.Time
		want string
	}{
		{now.Add(-5 * time.Minute), "<!date^1794978300^{time}|05:05 UTC>"},
		{now.Add(-20 * time.Minute), "<!date^1794977400^{date_short_pretty} {time}|Wed 04:50 UTC>"},
		{now.Add(-10 * 24 * time.Hour), "<!date^1794114600^{date_short_pretty} {time}|8 Nov 05:10 UTC>"},
		{now.Add(-400 * 24 * time.Hour), "<!date^1760418600^{date_short_pretty} {time}|14 Oct 2025 05:10 UTC>"},
	} {
		if got := c.at(x.t); got != x.want {
			t.Errorf("at(%v) = %q, want %q", x.t, got, x.want)
		}
	}
	if got, want := (clock{now: now}).at(now.Add(-20*time.Minute)), "<!date^1794977400^{time}|04:50 UTC>"; got != want {
		t.Errorf("without a zone, %q, want %q: the day is UTC's", got, want)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"help", "start", "stop", "billing", "Search", "checkout", "db"}
	for said, want := range map[string]string{
		"biling": "billing", "bililng": "billing", "billnig": "billing", "SEARCH": "Search", "chekcout": "checkout", "check": "checkout",
		"sto": "stop", "strat": "start", "bi": "billing", //nolint:misspell // the slip of the finger is the test
		"": "", "x": "", "payroll": "", "zz": "", strings.Repeat("billing", 100): "",
	} {
		got, ok := Nearest(said, known)
		if got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, %v, want %q", said, got, ok, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "ba", 1}, {"abc", "abd", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		for _, pair := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			if got := distance([]rune(pair[0]), []rune(pair[1])); got != c.want {
				t.Errorf("distance(%q, %q) = %d, want %d", pair[0], pair[1], got, c.want)
			}
		}
	}
}

func TestCheckTable(t *testing.T) {
	got := CheckTable([]checks.Result{
		{Product: "billing", Check: "pay", Outcome: checks.Fail, Reason: checks.ReasonTimeout, Duration: 3 * time.Second, Summary: "no answer\x1b[31m within 3 s",
			Evidence: &checks.Evidence{Screenshot: "/var/cache/shots/pay\x1b[31m.jpg"}},
		{Product: "zürich", Check: "ledger", Outcome: checks.Pass, Duration: 12 * time.Millisecond, Summary: "connected"},
		{Product: "mail", Check: "send", Outcome: checks.Unknown, Reason: checks.ReasonInternal, Duration: 300 * time.Microsecond},
	})
	want := `OUTCOME  PRODUCT  CHECK     TOOK  REASON    SUMMARY
fail     billing  pay        3 s  timeout   no answer[31m within 3 s
pass     zürich   ledger   12 ms  -         connected
unknown  mail     send    0.3 ms  internal
Screenshot of pay: /var/cache/shots/pay[31m.jpg
3 checks: 1 passed, 1 failed, 1 could not observe
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("table (-want +got):\n%s", d)
	}
	if got, want := CheckTable(nil), "no check\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnswers(t *testing.T) {
	refusal := &incident.Refusal{Sentence: "No updates come to this channel now.", Next: "Change the interval with `every 5m`, or end them with `stop`."}
	for _, c := range []struct {
		m    Message
		want string
	}{
		{Refused(refusal, "/statusbot"), "No updates come to this channel now. Change the interval with `/statusbot every 5m`, or end them with `/statusbot stop`."},
		{NotUnderstood("/status", "biling", "billing"), "`biling` is neither a command nor a product nor a check. Did you mean `/status billing`? All products: `/status` · all commands: `/status help`"},
		{NotUnderstood("/status", "xyz", ""), "`xyz` is neither a command nor a product nor a check. All products: `/status` · all commands: `/status help`"},
		{NoProduct("/status", "biling", "billing", []string{"billing", "search"}), "`biling` is no product. Did you mean `/status billing`? Products: `billing`, `search`"},
		{NoCheck("/status", "billing", "pya", "pay", []string{"pay"}), "billing has no check `pya`. Did you mean `/status billing pay`? Its checks: `pay`"},
		{Started(5*time.Minute, "/status"), "Updates now come to this channel every 5 min, the first one at once. Change the interval with `/status every 10m`, end them with `/status stop`."},
		{CadenceSet(time.Minute, "/status"), "Updates come to this channel every 1 min, as often as can be. Worsening is told at once all the same. Change it with `/status every 5m`."},
		{Late(Message{}, time.Unix(0, 0), time.Unix(660, 0), "Slack did not answer"), "11 min late: Slack did not answer."},
		{Late(Message{}, time.Unix(0, 0), time.Unix(40, 0), ""), "40 s late."},
		{Overloaded(Message{Text: "All is well."}, Load{}), "All is well."},
		{Overloaded(Message{Text: "All is well."}, Load{Due: 60_000, Late: 1234, LeftOut: 12, Lost: 1}), "All is well. statusbot is overloaded: of 60,000 probes in the last minute 1,234 started late, 12 not made, 1 result lost. Figures may be older than usual."},
	} {
		if d := cmp.Diff(c.want, c.m.Text); d != "" {
			t.Errorf("text (-want +got):\n%s", d)
		}
	}
	for _, open := range []bool{true, false} {
		help := Help("/statusbot", open)
		if got := strings.Contains(help.Blocks[0].Section, "`/statusbot stop`"); got != open {
			t.Errorf("with updates %v, help offers stop: %v", open, got)
		}
	}
}

// What is shared is a copy: the person's own message keeps its buttons.
func TestSharedLeavesTheOriginal(t *testing.T) {
	m := Message{Text: "x", Blocks: []Block{{Section: "x"}, {Actions: []Action{{ID: ActionShare, Label: "s"}, {ID: ActionProduct, Label: "p"}, {ID: ActionRefresh, Label: "r"}}}}}
	s := Shared(m, "U1")
	var ids []string
	for _, a := range s.Blocks[len(s.Blocks)-1].Actions {
		ids = append(ids, a.ID)
	}
	if want := []string{ActionProduct}; !slices.Equal(ids, want) {
		t.Errorf("shared has %v, want %v", ids, want)
	}
	if got := len(m.Blocks[1].Actions); got != 3 || len(m.Blocks) != 2 {
		t.Errorf("the original has %d actions in %d blocks, want 3 in 2", got, len(m.Blocks))
	}
	if got, want := s.Blocks[1].Context, "Shared by <@U1>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLimited(t *testing.T) {
	var m Message
	for range 80 {
		m.Blocks = append(m.Blocks, Block{Section: strings.Repeat("x", 500)})
	}
	m.Blocks = append(m.Blocks, Block{Actions: []Action{{ID: ActionSummary, Label: "All products"}}})
	got := limited(m)
	if n := len(got.Blocks); n > maxBlocks || size(got.Blocks) > maxTotal || n < 20 {
		t.Errorf("%d blocks of %d units", n, size(got.Blocks))
	}
	if got.Blocks[len(got.Blocks)-1].Actions == nil {
		t.Error("the actions are gone")
	}
	if len(m.Blocks) != 81 || m.Blocks[79].Section == "" {
		t.Error("the original was changed")
	}
}
