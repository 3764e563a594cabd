package format_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
	"github.com/statusbot/statusbot/internal/status"
)

// A scenario is a small script that feeds a real Board and then asks for one
// message. Its lines, with words in quotes where they hold spaces:
//
// BIG is a word of 10 kB.
//
//	at TIME                                      the instant of the snapshot
//	zone NAME
//	product ID NAME OWNER [DEGRADED [OUTAGE]]
//	check ID PRODUCT KIND EVERY [USES]           USES is "edge-lb" unless given: ids with commas
//	component ID NAME [DEPENDS]
//	normal TIME                                  what ended before is known to be normal
//	from PLACE                                   the vantage of the runs that follow
//	control CHECK EVERY
//	run CHECK FROM TO PATTERN LATENCY [SUMMARY [OUTPUT]]   from FROM to TO, one letter a result: p f d u
//	incident OPENED EVERY BY [TITLE]
//	told N AT PRODUCT=LEVEL:FAILURES/TRIES...    the last update
//	last OPENED ENDED                            an incident that is over
//	ended BY
//	say update|summary|shared|cause|product|check|sources|late|probing|probed [ID]
type scenario struct {
	def   status.Definition
	at    time.Time
	runs  []checks.Result
	every map[string]time.Duration
	from  string
	inc   incident.Incident
	last  incident.Incident
	ended bool
	by    string
}

func play(t testing.TB, script string) format.Message {
	t.Helper()
	s := &scenario{every: map[string]time.Duration{}}
	s.def.Company = "Acme"
	for n, line := range strings.Split(script, "\n") {
		words, err := split(line)
		if err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		if len(words) == 0 {
			continue
		}
		if words[0] == "say" {
			return s.say(t, append(words[1:], ""))
		}
		if err := s.line(words); err != nil {
			t.Fatalf("line %d: %q: %v", n+1, line, err)
		}
	}
	t.Fatal("the script says nothing")
	return format.Message{}
}

func split(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] == '"' {
			q, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, err
			}
			w, err := strconv.Unquote(q)
			if err != nil {
				return nil, err
			}
			words, line = append(words, w), line[len(q):]
			continue
		}
		w, rest, _ := strings.Cut(line, " ")
		if w == "BIG" {
			w = strings.Repeat("<!everyone>", 910)
		}
		words, line = append(words, w), rest
	}
	return words, nil
}

func (s *scenario) line(w []string) (err error) {
	arg := func(i int) string {
		if i < len(w) {
			return w[i]
		}
		return ""
	}
	switch w[0] {
	case "at":
		s.at, err = time.Parse(time.RFC3339, arg(1))
	case "zone":
		s.def.Timezone, err = time.LoadLocation(arg(1))
	case "product":
		s.def.Products = append(s.def.Products, status.Product{ID: arg(1), Name: arg(2), Owner: arg(3), SaysDegraded: arg(4), SaysOutage: arg(5)})
	case "check":
		every, err := time.ParseDuration(arg(4))
		if err != nil {
			return err
		}
		s.every[arg(1)] = every
		uses := []string{"edge-lb"}
		if arg(5) != "" {
			uses = strings.Split(arg(5), ",")
		}
		s.def.Checks = append(s.def.Checks, checks.Check{ID: arg(1), Product: arg(2), Kind: arg(3), Every: every, Timeout: min(every, 3*time.Second),
			Source: checks.Source{File: "checks.d/" + arg(2) + ".yaml", Line: len(s.def.Checks) + 3}, Uses: uses})
	case "control":
		every, err := time.ParseDuration(arg(2))
		if err != nil {
			return err
		}
		s.every[arg(1)] = every
		s.def.Controls = append(s.def.Controls, checks.Check{ID: arg(1), Kind: "tcp", Every: every, Timeout: min(every, 3*time.Second), Control: true})
	case "component":
		c := status.Component{ID: arg(1), Name: arg(2)}
		if arg(3) != "" {
			c.DependsOn = strings.Split(arg(3), ",")
		}
		s.def.Components = append(s.def.Components, c)
	case "normal":
		s.def.Normal, err = time.Parse(time.RFC3339, arg(1))
	case "from":
		s.from = arg(1)
	case "run":
		return s.run(arg)
	case "incident":
		s.inc = incident.Incident{ID: "inc-7", Number: 7, Channel: "C1", OpenedBy: arg(3), Title: arg(4)}
		if s.inc.OpenedBy == "" {
			s.inc.Why = "Billing: 12 of 300 failed"
		}
		if s.inc.OpenedAt, err = time.Parse(time.RFC3339, arg(1)); err != nil {
			return err
		}
		s.inc.Every, err = time.ParseDuration(arg(2))
	case "told":
		return s.told(w[1:])
	case "last":
		s.last = incident.Incident{Number: 6}
		if s.last.OpenedAt, err = time.Parse(time.RFC3339, arg(1)); err != nil {
			return err
		}
		s.last.EndedAt, err = time.Parse(time.RFC3339, arg(2))
	case "ended":
		s.ended, s.by, s.inc.EndedAt = true, arg(1), s.at
	default:
		err = fmt.Errorf("unknown word")
	}
	return err
}

// run has a check probed: its id, from when to when, the outcomes in turn, how
// long each takes, and what failures say.
func (s *scenario) run(arg func(int) string) error {
	check, pattern, summary := arg(1), arg(4), arg(6)
	seen := checks.Evidence{Remote: "127.0.0.1:443", Output: arg(7), RequestID: arg(8), ScriptSHA256: arg(9), Screenshot: arg(10)}
	begin, err := time.Parse(time.RFC3339, arg(2))
	if err != nil {
		return err
	}
	end, err := time.Parse(time.RFC3339, arg(3))
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(arg(5))
	if err != nil {
		return err
	}
	product := ""
	for _, c := range s.def.Checks {
		if c.ID == check {
			product = c.Product
		}
	}
	for i, at := 0, begin; at.Before(end); i, at = i+1, at.Add(s.every[check]) {
		r := checks.Result{Check: check, Product: product, Started: at, Duration: d, Outcome: checks.Pass, Vantage: s.from}
		switch pattern[i%len(pattern)] {
		case 'f':
			r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonTimeout, summary
			e := seen
			r.Evidence = &e
		case 'd':
			r.Outcome, r.Reason, r.Summary = checks.Degraded, checks.ReasonLatency, summary
		case 'u':
			r.Outcome, r.Reason, r.Summary = checks.Unknown, checks.ReasonInternal, summary
		}
		s.runs = append(s.runs, r)
	}
	return nil
}

func (s *scenario) told(w []string) error {
	n, err := strconv.Atoi(w[0])
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, w[1])
	if err != nil {
		return err
	}
	e := incident.Event{Kind: incident.Update, N: n, Post: n, At: at, Due: at}
	for _, f := range w[2:] {
		product, rest, _ := strings.Cut(f, "=")
		level, counts, _ := strings.Cut(rest, ":")
		fig := incident.Figure{Product: product, Level: level}
		if _, err := fmt.Sscanf(counts, "%d/%d", &fig.Failures, &fig.Tries); err != nil {
			return err
		}
		fig.Share = float64(fig.Failures) / float64(max(fig.Tries, 1))
		e.Figures = append(e.Figures, fig)
	}
	s.inc = incident.Fold(s.inc, e)
	return nil
}

func (s *scenario) board() *status.Board {
	b := status.NewBoard(s.def)
	slices.SortStableFunc(s.runs, func(x, y checks.Result) int { return x.Ended().Compare(y.Ended()) })
	b.Apply(1, s.runs)
	return b
}

func (s *scenario) facts(snap status.Snapshot) format.UpdateFacts {
	u := format.UpdateFacts{N: s.inc.LastUpdate.N + 1, Snapshot: snap, Incident: s.inc, OpenedBy: s.inc.OpenedBy,
		Ended: s.ended, EndedBy: s.by, First: s.inc.LastUpdate.N == 0}
	if !s.ended {
		u.Next = s.at.Add(s.inc.Every)
	}
	return u
}

func (s *scenario) say(t testing.TB, w []string) format.Message {
	b := s.board()
	snap := b.Snapshot(s.at)
	var open []incident.Incident
	if s.inc.Open() {
		open = append(open, s.inc)
	}
	drill := func(product string) status.Drill {
		d, ok := b.Drill(s.at, product)
		if !ok {
			t.Fatalf("no product %q", product)
		}
		return d
	}
	switch w[0] {
	case "update":
		return format.Update(s.facts(snap))
	case "late":
		return format.Late(format.Update(s.facts(snap)), format.Lateness{Due: s.at.Add(-11 * time.Minute), Now: s.at, Why: "Slack did not answer", Until: s.at})
	case "summary":
		return format.Summary(format.SummaryFacts{Snapshot: snap, Open: open, Last: s.last, Command: "/status"})
	case "all":
		return format.AllProducts(snap, format.News{})
	case "shared":
		return format.Shared(format.Summary(format.SummaryFacts{Snapshot: snap, Open: open, Last: s.last, Command: "/status"}), "U2")
	case "cause":
		return format.Cause(snap, b.Definition())
	case "product":
		return format.Product(format.ProductFacts{Drill: drill(w[1]), Incident: s.inc})
	case "probed": // with the newest result of each check as what was seen just now
		var asked []checks.Check
		newest := map[string]checks.Result{}
		for _, c := range s.def.Checks {
			if c.Product == w[1] {
				asked = append(asked, c)
			}
		}
		for _, r := range s.runs {
			newest[r.Check] = r
		}
		return format.Probed(drill(w[1]).Product, asked, slices.Collect(maps.Values(newest)), s.def.Timezone, s.at)
	case "probing":
		return format.Probing(drill(w[1]).Product, drillChecks(drill(w[1])))
	case "sources":
		if w[1] != "" {
			return format.SourcesOf(drill(w[1]), false)
		}
		return format.Sources(snap, b.Definition(), true)
	case "check":
		for _, p := range s.def.Products {
			for _, c := range drill(p.ID).Checks {
				if c.Check.ID == w[1] {
					return format.Check(c, s.def.Timezone, s.at)
				}
			}
		}
	}
	t.Fatalf("cannot say %q", w)
	return format.Message{}
}

func drillChecks(d status.Drill) []checks.Check {
	var list []checks.Check
	for _, c := range d.Checks {
		list = append(list, c.Check)
	}
	return list
}

// show writes a message for a golden file: the text, then the blocks as they
// are, small print behind a bar, buttons in brackets.
func show(m format.Message) string {
	var b strings.Builder
	b.WriteString("text: " + m.Text + "\n")
	for _, bl := range m.Blocks {
		b.WriteString("\n")
		switch {
		case bl.Section != "":
			b.WriteString(bl.Section + "\n")
		case bl.Context != "":
			b.WriteString("| " + bl.Context + "\n")
		case bl.Table != nil:
			b.WriteString("table: " + bl.Table.Caption + "\n" + strings.Join(bl.Table.Head, " | ") + "\n")
			for _, r := range bl.Table.Rows {
				var cells []string
				for _, c := range r {
					cells = append(cells, c.Text)
				}
				b.WriteString(strings.Join(cells, " | ") + "\n")
			}
			b.WriteString("(where no table is taken:)" + strings.TrimPrefix(show(format.Message{Blocks: bl.Instead}), "text: ") + "(end)\n")
		}
		if a := bl.Beside; a != nil {
			b.WriteString("    [" + a.Label + "] " + a.ID + " = " + a.Value + "\n")
		}
		for _, a := range bl.Actions {
			b.WriteString("[" + a.Label + "] " + a.ID)
			if a.Value != "" {
				b.WriteString(" = " + a.Value)
			}
			for _, o := range a.Options {
				b.WriteString(" (" + o.Label + " = " + o.Value + ")")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// valid fails the test when Slack would refuse the message.
func valid(t testing.TB, m format.Message) {
	t.Helper()
	if m.HasTable() {
		valid(t, m.Plain())
	}
	for _, p := range blockkit.ValidateMessage(m.Text, m.BlocksJSON()) {
		t.Errorf("Slack would refuse the message: %s", p)
	}
	if m.Text == "" || len([]rune(m.Text)) > 4000 {
		t.Errorf("the top-level text has %d characters, want 1 to 4,000", len([]rune(m.Text)))
	}
	if len(m.Blocks) == 0 {
		t.Error("the message has no blocks")
	}
}
