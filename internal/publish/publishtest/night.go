package publishtest

import (
	_ "embed" // the golden nights
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// NightBegins is when the shared part of the company begins to fail: an
// evening in the company's zone, and the next day already in UTC.
var NightBegins = time.Date(2026, 3, 4, 0, 32, 0, 0, time.UTC)

// Through is who goes through edge-lb-2, and when: all times are since
// NightBegins.
type Through struct {
	Product string
	From    time.Duration
	To      time.Duration // 0: to the end
}

// NightPaths are all of them.
var NightPaths = []Through{
	{Product: "billing"}, {Product: "search"}, {Product: "checkout"}, {Product: "mail"},
	{Product: "reports", To: 5 * time.Hour},  // was moved to another part
	{Product: "mobile", From: 2 * time.Hour}, // was moved to this one
	{Product: "partners", From: 3 * time.Hour, To: 9 * time.Hour},
}

// NightCompany are ten products with three checks each. Nothing of payroll,
// lake and wiki goes through the part that fails.
func NightCompany() status.Definition {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // unreachable where the tests run: the zone is a common one
	}
	def := status.Definition{Company: "Acme", Timezone: zone, Normal: NightBegins,
		Components: []status.Component{{ID: "edge-lb-1"}, {ID: "edge-lb-2"}, {ID: "auth"}, {ID: "db"}}}
	for i, name := range []string{"Billing", "Search", "Checkout", "Mail", "Reports", "Mobile", "Partners", "Payroll", "Data Lake", "Wiki"} {
		id := strings.ToLower(strings.ReplaceAll(name, "Data ", ""))
		def.Products = append(def.Products, status.Product{ID: id, Name: name, Owner: "team " + id})
		edge := "edge-lb-1"
		if i < 7 {
			edge = "edge-lb-2"
		}
		for _, c := range []string{"page", "api", "login"} {
			uses := []string{edge}
			if c == "login" {
				uses = append(uses, "auth")
			}
			if i%2 == 0 {
				uses = append(uses, "db")
			}
			def.Checks = append(def.Checks, checks.Check{ID: id + "-" + c, Product: id, Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second,
				Uses: uses, Source: checks.Source{File: "checks.d/" + id + ".yaml", Line: 3}})
		}
	}
	return def
}

// NightShare is how much of a product's requests fail at an instant of the
// night.
func NightShare(product string, at time.Duration) float64 {
	const usual = 0.001
	for _, p := range NightPaths {
		if p.Product != product || at < p.From || p.To > 0 && at >= p.To {
			continue
		}
		switch {
		case at < 0:
		case product == "billing" && at >= 8*time.Hour && at < 8*time.Hour+20*time.Minute:
			return 0.9 // a second fault of its own
		case at >= 6*time.Hour && at < 7*time.Hour:
			return 0.2 // peak of the other continent's morning
		case at < 14*time.Hour+20*time.Minute:
			return 0.08
		case at >= 14*time.Hour+40*time.Minute && at < 15*time.Hour:
			return 0.08 // the restart did not last
		}
	}
	return usual
}

// NightResults are the results that begin in a second of the night.
func NightResults(list []checks.Check, at time.Time) []checks.Result {
	second := at.Unix()
	var batch []checks.Result
	for i, c := range list {
		if (second+int64(i))%10 != 0 {
			continue
		}
		h := fnv.New64a()
		fmt.Fprint(h, c.ID)
		draw := rand.New(rand.NewPCG(uint64(second), h.Sum64()))
		r := checks.Result{Check: c.ID, Product: c.Product, Started: at, Duration: time.Duration(40+draw.IntN(40)) * time.Millisecond, Outcome: checks.Pass}
		if draw.Float64() < NightShare(c.Product, at.Sub(NightBegins)) {
			r.Outcome, r.Reason, r.Summary, r.Duration = checks.Fail, checks.ReasonReset, "connection reset by peer", time.Millisecond
		}
		batch = append(batch, r)
	}
	return batch
}

// NightLength is how long after NightBegins it is over, and proven.
const NightLength = 17 * time.Hour

// NightFrom is how long before NightBegins the results begin.
const NightFrom = 6 * time.Hour

// Night feeds a board second by second from an instant of the night to another,
// both since NightBegins, and has step look every five seconds.
func Night(f *Feeder, to time.Duration, step func(at time.Time)) {
	list := f.Board.Definition().Checks
	for ; f.At.Before(NightBegins.Add(to)); f.At = f.At.Add(time.Second) {
		f.Seq++
		f.Board.Apply(f.Seq, NightResults(list, f.At))
		if f.At.Unix()%5 == 0 {
			step(f.At.Add(time.Second))
		}
	}
}

// Marked is an action that somebody marks in the night.
type Marked struct {
	At       time.Duration // since NightBegins
	By, Text string
}

// NightMarks are those of the night that is told with people in it.
var NightMarks = []Marked{{4 * time.Hour, "U0ANA0001", "drained edge-lb-1"}, {14*time.Hour + 20*time.Minute, "U0BEN0001", "restarted edge-lb-2"}}

//go:embed night.txt
var night string

//go:embed night_marks.txt
var nightMarks string

// NightEvents is what is to be written down in the night until an instant after
// NightBegins, a line an event as Lines has them: with NightMarks, or while nobody
// does anything.
func NightEvents(marks bool, to time.Duration) string {
	all, until := night, NightBegins.Add(to).Format(eventTime)
	if marks {
		all = nightMarks
	}
	var by int // bytes of what is decided by then
	for line := range strings.Lines(all) {
		if line[:len(until)] > until {
			break // of the lines in order
		}
		by += len(line)
	}
	return all[:by]
}

// eventTime is how a line of an event begins.
const eventTime = "02 15:04:05"

// Lines are events as the golden files have them: what was decided, of what
// instant and why; without the figures, which are the board's.
func Lines(events []incident.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %s %s", e.At.UTC().Format(eventTime), e.Incident, e.Kind)
		for _, part := range []struct {
			name string
			is   any
			set  bool
		}{
			{"n", e.N, e.N > 0}, {"post", e.Post, e.Post > 0}, {"due", e.Due.UTC().Format("15:04:05"), !e.Due.IsZero()}, {"by", e.By, e.By != ""}, {"mark", e.Mark, e.Mark > 0},
			{"product", e.Product, e.Product != ""}, {"from", e.From, e.From != ""}, {"to", e.To, e.To != ""}, {"onset", e.Onset.UTC().Format("15:04:05"), !e.Onset.IsZero()},
			{"products", strings.Join(e.Products, ","), len(e.Products) > 0}, {"counted", e.Counted.UTC().Format("15:04"), !e.Counted.IsZero()}, {"text", e.Text, e.Text != ""},
			{"why", e.Why, e.Why != ""}, {"cause", e.Cause, e.Cause != ""},
		} {
			if part.set {
				fmt.Fprintf(&b, " %s=%v", part.name, part.is)
			}
		}
		for _, v := range e.Verdicts {
			fmt.Fprintf(&b, " %s:%s", v.Product, v.Verdict)
		}
		b.WriteString("\n")
	}
	return b.String()
}
