package format_test

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/status"
)

var hostile = []string{
	"", " ", "Billing", "<!channel>", "<!here|x>", "<@U0>", "<#C1>", "<!subteam^S1>", "<https://x|y>", "&lt;!channel&gt;", "a&b<c>d",
	"@here @Channel @EVERYONE @group", "@ch\u200bannel", "<\u200b!channel>", "*b* _i_ ~s~ `c` ```p```", ":fire: :large_green_circle::x:", "\u202eRTL\u202c \u2066x\u2069",
	"line\nline\r\n\u2028line\x00\x1b[31m", "|", ">quote", strings.Repeat("<!everyone>", 1000), strings.Repeat("`", 5000), strings.Repeat("&", 10_000),
	strings.Repeat("\U0001F525", 3000), "\xff\xfe", strings.Repeat("e\u0301\u0301\u0301\u0301", 50), "שלום", "a\u200dlt;b\u200c<\u200d!here>", "👩\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "dial tcp 10.0.0.1:443: @here", "<!date^1^{time}|x>", "`every` <!here> ```",
}

// everywhere puts one string wherever something external can stand, and
// returns every message there is.
func everywhere(s string) []format.Message {
	at := time.Date(2026, 11, 18, 15, 5, 0, 0, time.UTC)
	def := status.Definition{Company: s}
	outcomes := map[string]checks.Outcome{"p0" + s: checks.Fail, "p1": checks.Degraded, "p2": checks.Unknown, "p3": checks.Pass}
	var results []checks.Result
	for _, id := range []string{"p0" + s, "p1", "p2", "p3", "none"} {
		def.Products = append(def.Products, status.Product{ID: id, Name: s, Owner: s, SaysDegraded: s, SaysOutage: s})
		if id == "none" {
			continue
		}
		c := checks.Check{ID: "c" + id + s, Product: id, Kind: s, Every: 10 * time.Second, Timeout: time.Second, Owner: s, Uses: []string{s, s, s, s, s, s, s}, Source: checks.Source{File: s, Line: 1}}
		def.Checks = append(def.Checks, c)
		for i := range 30 {
			results = append(results, checks.Result{Check: c.ID, Product: id, Vantage: s, Started: at.Add(time.Duration(i-30) * 10 * time.Second), Duration: time.Second,
				Outcome: outcomes[id], Reason: checks.Reason(s), Summary: s, Evidence: &checks.Evidence{Remote: s, Output: s, Script: s}})
		}
	}
	b := status.NewBoard(def)
	b.Apply(1, results)
	snap := b.Snapshot(at)
	inc := incident.Incident{ID: s, Number: 1, Title: s, Channel: s, OpenedBy: s, OpenedAt: at.Add(-time.Hour), Why: s, Every: 5 * time.Minute}
	u := format.UpdateFacts{N: 1, Snapshot: snap, Incident: inc, OpenedBy: s, Next: at.Add(5 * time.Minute), First: true}
	ended := u
	ended.Ended, ended.EndedBy = true, s
	over := inc
	for _, p := range def.Products {
		over.Unproven = append(over.Unproven, p.ID)
	}
	out := []format.Message{
		format.Update(u), format.Update(ended), format.Late(format.Update(u), format.Lateness{Due: at.Add(-time.Hour), Now: at, Why: s, Until: at}),
		format.Summary(format.SummaryFacts{Snapshot: snap, Open: []incident.Incident{inc}, Command: s}), format.Summary(format.SummaryFacts{Snapshot: snap, Command: s}), format.Shared(format.Summary(format.SummaryFacts{Snapshot: snap, Command: s}), s),
		format.Sources(snap, def, true), format.Help(s, true), format.Help(s, false), format.Refused(&incident.Refusal{Sentence: s + incident.OfThem, Next: s, Of: []string{s}}, func(string) string { return s }, s),
		format.RecoveryProven(snap, over), format.Stuck(1, s, "C1", s, true), format.SourcesNoFile("", s),
		format.HelpAll(s), format.NotUnderstood(s, s, s, def.Products), format.NoCheck(s, def.Products[0], s, s, []string{s, s}), format.NoCheck(s, def.Products[0], s, s, nil),
		format.Choose(s, s, []format.Choice{{Product: def.Products[0]}, {Product: def.Products[0], Check: checks.Check{ID: s}}}), format.Greeting(s, def.Products), format.List(s, def.Products),
		format.AskBack(s, "stop", s, s), format.Ignored(format.Busy(), s, s), format.Which(s, s, s, s, def.Products), format.WhichOf(s, s, s, []string{s}),
		format.Started(time.Minute, s), format.Stopped(s), format.CadenceSet(time.Hour, s), format.SharedAck(), format.Busy(), format.Failed(),
	}
	for _, p := range def.Products {
		d, _ := b.Drill(at, p.ID)
		many := d
		for len(d.Checks) > 0 && len(many.Checks) < 8 { // in a table
			many.Checks = append(many.Checks, d.Checks...)
		}
		out = append(out, format.Product(format.ProductFacts{Drill: d}), format.Product(format.ProductFacts{Drill: many, Incident: inc, User: s, Watches: []string{d.ID}}), format.SourcesOf(many, true).Plain(), format.Failures(many), format.SourcesOf(d, true), format.SourcesHere([]status.Drill{d}, at, nil))
		for _, c := range d.Checks {
			out = append(out, format.Check(c, nil, at))
		}
	}
	return out
}

var (
	dateToken = regexp.MustCompile(`<!date\^-?\d+\^(\{date_short_pretty\} )?\{time(_secs)?\}\|([A-Z][a-z]{2} |\d+ [A-Z][a-z]{2} (\d{4} )?)?\d\d:\d\d(:\d\d)? UTC>`)
	code      = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`") // Slack acts on no name in them
	userLike  = regexp.MustCompile(`^[A-Z0-9]{1,32}$`)
	mass      = regexp.MustCompile(`(?i)@(here|channel|everyone|group)`)
)

// joined reports what joins letters or emoji.
func joined(r rune) bool { return r == '\u200C' || r == '\u200D' || r >= 0xE0020 && r <= 0xE007F }

// inert fails the test when anything but our own date tokens and user
// mentions is alive in a text.
func inert(t testing.TB, s, id string) {
	t.Helper()
	rest := dateToken.ReplaceAllString(s, "")
	if userLike.MatchString(id) {
		rest = strings.ReplaceAll(rest, "<@"+id+">", "")
	}
	if i := strings.IndexAny(rest, "<>"); i >= 0 {
		t.Errorf("a bare angle bracket: %.80q", rest[i:])
	}
	if m := mass.FindString(code.ReplaceAllString(rest, "")); m != "" {
		t.Errorf("%q can mention everybody: %.80q", m, rest)
	}
	if strings.Count(rest, "`")%2 != 0 {
		t.Errorf("an open code span in %.200q", rest)
	}
	for _, r := range rest {
		if r == '\u2060' || r == '\u200e' || joined(r) { // see text.Inert, and the tests of text.OneLine
			continue
		}
		if r != '\n' && unicode.In(r, unicode.C) || r == '\u2028' || r == '\u2029' {
			t.Errorf("character %U in %.80q", r, rest)
			break
		}
	}
}

// texts collects the texts of a message that Slack parses.
func texts(t testing.TB, m format.Message) []string {
	t.Helper()
	var tree any
	if err := json.Unmarshal(m.BlocksJSON(), &tree); err != nil {
		t.Fatal(err)
	}
	out := []string{m.Text}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if s, ok := v["text"].(string); ok {
				out = append(out, s)
			}
			for k, x := range v {
				if k != "value" && k != "action_id" { // data that nobody parses
					walk(x)
				}
			}
		}
	}
	walk(tree)
	return out
}

func checkEverywhere(t testing.TB, s string) {
	t.Helper()
	for _, m := range everywhere(s) {
		valid(t, m)
		for _, text := range texts(t, m) {
			inert(t, text, s)
		}
		if t.Failed() {
			t.Fatalf("with %.100q, in the message %.200q", s, m.Text)
		}
	}
}

// Nothing external comes alive, whatever it is and wherever it stands, and
// Slack takes every message. FuzzExternalText does the same with each string
// alone; here they are mixed.
func TestHostileEverywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range longtest.Of(15, 40) {
		var b strings.Builder
		for range 1 + rng.IntN(12) {
			part := []rune(hostile[rng.IntN(len(hostile))])
			if len(part) > 0 {
				from := rng.IntN(len(part))
				part = part[from:min(len(part), from+1+rng.IntN(40))]
			}
			b.WriteString(string(part))
		}
		checkEverywhere(t, b.String())
	}
}

// worldly are names as companies of other countries, and merry ones, have them.
var worldly = []string{"Zażółć gęślą", "Ёлка и платежи", "Πληρωμές", "北京支付", "한국어 결제", "می\u200cخواهم پرداخت", "שלום", "भुगतान", "👩\u200d👩\u200d👧\u200d👦 Familie",
	"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England", "🇮🇷 🇩🇪", "1\ufe0f\u20e3 first", "❤\ufe0f Care", "👍🏽 ok", "Crème brûlée №5"}

// TestNamesOfTheWorldSurviveEverywhere: wherever a plain name of as many characters
// stands whole, in a text, a button, a menu or a table, one with joiners, flags or
// other letters does, and what is cut is not cut within a sign.
func TestNamesOfTheWorldSurviveEverywhere(t *testing.T) {
	for _, name := range worldly {
		plain := "Zqwkjxvbzzkjqxwvnmzkjqxwvzzkj"[:utf8.RuneCountInString(name)]
		want := everywhere(plain)
		for i, m := range everywhere(name) {
			said, expected := strings.Join(texts(t, m), "\n"), strings.Join(texts(t, want[i]), "\n")
			if half := halfSign.FindString(strings.ReplaceAll(said, name, "")); half != "" {
				t.Errorf("%q is cut within a sign, in message %d: %q", name, i, half)
			}
			if strings.Contains(said, "…") { // it is of more units than the other
				continue
			}
			if got, times := strings.Count(said, name), strings.Count(expected, plain); got < times {
				t.Errorf("%q stands %d times, %q stood %d times, in message %d:\n%.600s\n%.600s", name, got, plain, times, i, said, expected)
			}
		}
	}
}

// halfSign is a flag of one letter, a joiner or a tag before or behind what was cut.
var halfSign = regexp.MustCompile("(^|[^\U0001F1E6-\U0001F1FF])[\U0001F1E6-\U0001F1FF]([^\U0001F1E6-\U0001F1FF]|$)|[\u200C\u200D\U000E0020-\U000E007E]…|…[\u200D\uFE0F\u20E3\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F]")

func FuzzExternalText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) <= 20_000 {
			checkEverywhere(t, s)
		}
	})
}

// A message of the largest kind stays within Slack's limits when every name
// is as long as it gets.
func TestLargest(t *testing.T) {
	at := time.Date(2026, 11, 18, 15, 5, 0, 0, time.UTC)
	long := strings.Repeat("wide & ", 1500)
	var def status.Definition
	var results []checks.Result
	for i := range 120 {
		id := "p" + strings.Repeat("x", 60) + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
		def.Products = append(def.Products, status.Product{ID: id, Name: long, Owner: long, SaysDegraded: long})
		product := def.Products[0].ID // sixty checks on the first product, then one on each
		if i >= 60 {
			product = def.Products[i-60].ID
		}
		c := checks.Check{ID: id + "c" + long, Product: product, Kind: long, Every: time.Second, Timeout: time.Second, Uses: []string{long, long}, Source: checks.Source{File: long}}
		def.Checks = append(def.Checks, c)
		for j := range 20 {
			results = append(results, checks.Result{Check: c.ID, Started: at.Add(time.Duration(j-20) * time.Second), Duration: time.Second, Outcome: checks.Fail,
				Reason: checks.ReasonStatus, Summary: long, Evidence: &checks.Evidence{Remote: long, Output: strings.ReplaceAll(long, " ", "\n")}})
		}
	}
	b := status.NewBoard(def)
	b.Apply(1, results)
	snap := b.Snapshot(at)
	d, _ := b.Drill(at, def.Products[0].ID)
	inc := incident.Incident{Number: 1, Title: long, OpenedBy: "U1", OpenedAt: at.Add(-time.Hour), Every: 5 * time.Minute}
	for _, m := range []format.Message{
		format.Update(format.UpdateFacts{N: 1, Snapshot: snap, Incident: inc, Next: at, OpenedBy: "U1"}),
		format.Late(format.Update(format.UpdateFacts{N: 1, Snapshot: snap, Incident: inc, Next: at}), format.Lateness{Due: at.Add(-time.Hour), Now: at, Why: long}),
		format.Shared(format.Summary(format.SummaryFacts{Snapshot: snap, Open: []incident.Incident{inc}, Command: "/status"}), "U1"),
		format.Shared(format.Product(format.ProductFacts{Drill: d}), "U1"), format.SourcesOf(d, true), format.Check(d.Checks[0], nil, at), format.Sources(snap, def, true),
	} {
		valid(t, m)
	}
	if got := show(format.Product(format.ProductFacts{Drill: d})); !strings.Contains(got, "more checks (") || !strings.Contains(got, "(Summary = summary)") {
		t.Errorf("the drill-down does not count what it leaves out, or lost its buttons:\n%.500s", got)
	}
	if got := show(format.Sources(snap, def, true)); !strings.Contains(got, "more product") || !strings.Contains(got, "[Summary]") {
		t.Errorf("the sources do not count what they leave out, or lost their buttons:\n%.500s", got)
	}
}
