package publish_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

// fault is a company of 20 products of which the first 14 go through one part,
// with its decisions.
type fault struct {
	t       *testing.T
	rng     *rand.Rand
	board   *status.Board
	journal *publishtest.Journal
	ledger  *publish.Ledger
	at      time.Time
	every   time.Duration
	batch   uint64
	posts   []string // what was posted since it was last asked
	texts   []string
	about   *publish.About // of the newest update
	hit     int            // so many of the products fail, from the first on
	as      checks.Outcome // what became of their results; empty: they failed
	places  []publish.Place
}

func newFault(t *testing.T, seed uint64, every time.Duration) *fault {
	return newFaultIn(t, seed, every, impact.DefaultWindow, 3*time.Hour)
}

// newFaultIn is newFault in another window, after so long without a fault.
func newFaultIn(t *testing.T, seed uint64, every, window, before time.Duration) *fault {
	def := status.Definition{Company: "Acme", Normal: night, Window: window, Components: []status.Component{{ID: "edge"}, {ID: "other"}}}
	for i := range 20 {
		id := fmt.Sprintf("p%02d", i)
		uses := "edge"
		if i >= 14 {
			uses = "other"
		}
		def.Products = append(def.Products, status.Product{ID: id, Name: strings.ToUpper(id)})
		def.Checks = append(def.Checks, checks.Check{ID: id, Product: id, Every: every, Uses: []string{uses}})
	}
	f := &fault{t: t, rng: rand.New(rand.NewPCG(seed, 3)), board: status.NewBoard(def), journal: &publishtest.Journal{}, at: night.Add(-before), every: every, hit: 14, places: []publish.Place{{Channel: channelID}}}
	f.ledger = &publish.Ledger{Board: f.board, Append: f.journal.Append}
	for f.at.Before(night) {
		f.feed(0)
	}
	return f
}

// feed adds a result of each check, of which those through the edge fail with a
// chance.
func (f *fault) feed(share float64) {
	var results []checks.Result
	for i, c := range f.board.Definition().Checks {
		r := checks.Result{Check: c.ID, Product: c.Product, Vantage: "v", Started: f.at.Add(f.every / 20 * time.Duration(i)), Duration: time.Millisecond, Outcome: checks.Pass}
		chance := 0.001
		if i < f.hit {
			chance = max(chance, share)
		}
		if f.at.After(night) && f.rng.Float64() < chance {
			if r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout; f.as != "" && i < f.hit {
				r.Outcome, r.Reason, r.Duration = f.as, "", 100*time.Millisecond
			}
		}
		results = append(results, r)
	}
	f.batch++
	f.board.Apply(f.batch, results)
	f.at = f.at.Add(f.every)
}

// until feeds at a share for a time, or until an update is posted in whose
// text there is one of some words; how long it took.
func (f *fault) until(share float64, most time.Duration, words ...string) time.Duration {
	f.t.Helper()
	rules := publish.Rules{Every: 5 * time.Minute, Places: f.places}
	for began := f.at; f.at.Sub(began) < most; {
		f.feed(share)
		found := false
		for _, d := range publish.Step(f.board.Log(), publish.Seen{Snapshot: f.board.Snapshot(f.at), Past: f.board}, rules) {
			e, err := f.ledger.Write(f.t.Context(), func(incident.Log) (incident.Event, error) { return d.Event, nil })
			check(f.t, err)
			if e.Kind == incident.Update {
				f.about = d.Then[0].About
			}
			if e.Kind == incident.Update && e.Post == e.N {
				f.posts = append(f.posts, e.At.Sub(night).Round(time.Second).String()+" "+e.Why)
				f.texts = append(f.texts, d.Then[0].Message.Text)
				found = found || slices.ContainsFunc(words, func(word string) bool { return strings.Contains(d.Then[0].Message.Text, word) })
			}
		}
		if found {
			return f.at.Sub(began)
		}
	}
	return most
}

// TestTheRateIsNews: 14 products whose common share rises, is quiet after a
// repair, and comes back: each is posted, in the median within ten minutes.
func TestTheRateIsNews(t *testing.T) {
	n := longtest.Seeds(2, 5)
	waits := map[string][]time.Duration{}
	for seed := range uint64(n) {
		f := newFault(t, seed, 10*time.Second)
		f.until(0.04, time.Hour)
		waits["worse"] = append(waits["worse"], f.until(0.09, 2*time.Hour, ": worse. "))
		f.until(0.09, time.Hour)
		waits["better"] = append(waits["better"], f.until(0.04, 2*time.Hour, ": better. "))
		f.until(0.04, time.Hour)
		waits["quiet"] = append(waits["quiet"], f.until(0.001, 2*time.Hour, "quiet for "))
		said := f.texts[len(f.texts)-1]
		if !strings.Contains(said, " before. ") || !strings.Contains(said, " Since ") || !strings.Contains(said, "or at once if it returns.") {
			t.Errorf("quiet: %s", said)
		}
		waits["failing again"] = append(waits["failing again"], f.until(0.04, 2*time.Hour, "failing again"))
		if t.Failed() || seed == 0 {
			t.Log(strings.Join(f.texts, "\n"))
		}
	}
	for what, list := range waits {
		slices.Sort(list)
		t.Logf("%-14s median %s, worst %s", what, list[n/2], list[n-1])
		if list[n/2] > 10*time.Minute || list[n-1] >= time.Hour {
			t.Errorf("%s: median %s, worst %s", what, list[n/2], list[n-1])
		}
	}
}

// TestTheRateIsNewsInAShortWindow: where units are seconds nothing waits for a whole minute. What
// rises sixteen seconds after the onset is told before a minute of it is over; what is repaired
// amid a unit is quiet, and not "better" a moment before by what that unit has of both.
func TestTheRateIsNewsInAShortWindow(t *testing.T) {
	f := newFaultIn(t, 1, 250*time.Millisecond, 30*time.Second, 40*time.Second)
	f.until(0.05, 16*time.Second)
	if took := f.until(0.2, 30*time.Second, ": worse. "); took == 30*time.Second {
		t.Fatalf("not told to be worse in %s:\n%s", took, strings.Join(f.texts, "\n"))
	}
	amid := f.at.Truncate(3 * time.Second).Add(16 * time.Second) // a third into a unit of three
	f.until(0.2, amid.Sub(f.at))
	f.until(0, 20*time.Second, "quiet for", ": better. ", "no longer failing")
	if said := f.texts[len(f.texts)-1]; !strings.Contains(said, "quiet for") {
		t.Errorf("after the repair at %s: %s", amid.Format(time.TimeOnly), said)
	}
}

// TestAQuietIsToldInEachChannel: of one trouble with an incident in each of two channels, one
// for all products and one for some, both post the quiet; who asks for all of it
// is told of one quiet of all.
func TestAQuietIsToldInEachChannel(t *testing.T) {
	f := newFault(t, 1, 10*time.Second)
	f.places = append(f.places, publish.Place{Channel: "C0TEAM", Products: []string{"p00", "p01", "p02", "p03", "p15"}})
	f.until(0.04, time.Hour)
	f.until(0.001, 25*time.Minute)
	log := f.board.Log()
	for _, place := range f.places {
		inc, _ := log.In(place.Channel)
		if last, _ := inc.LastStep(); inc.QuietAt.IsZero() || last.Kind != incident.Quiet || inc.LastUpdate.At.Before(inc.QuietAt) {
			t.Errorf("%s is not told that it is quiet: %s %s", place.Channel, last.Kind, last.Why)
		}
	}
	q := format.QuietNow(f.board.Snapshot(f.at), log.Open(), f.board.Pooled)
	if !q.Quiet || len(q.Of) != 14 || q.Step.Before.Share() < 0.03 || q.Step.After.Share() > 0.01 {
		t.Errorf("the quiet of both is %+v", q)
	}
	t.Log(strings.Join(f.texts[len(f.texts)-3:], "\n"))
}

// TestARateThatStaysIsNotTold: in a day of one share, in the small form in six hours
// of one, hardly a post says that it changed.
func TestARateThatStaysIsNotTold(t *testing.T) {
	t.Parallel()
	n := longtest.Seeds(1, 1)
	wrong := 0
	for seed := range uint64(n) {
		f := newFault(t, seed, 10*time.Second)
		f.until(0.04, longtest.Of(2*time.Hour, 24*time.Hour))
		for _, e := range f.journal.Events(incident.Rate) {
			if e.Step.Worse() {
				wrong++
			}
			t.Logf("seed %d: %s %s", seed, e.At.Sub(night), e.Why)
		}
		if q := f.journal.Events(incident.Quiet); len(q) > 0 {
			t.Errorf("seed %d: quiet, while it went on: %+v", seed, q)
		}
		t.Logf("seed %d: %d posts", seed, len(f.posts))
	}
	if wrong > n {
		t.Errorf("%d times in %d runs it was said to be worse", wrong, n)
	}
}

// TestEachStepOfTheRateIsPosted: 4 -> 9 -> 2 -> 8 % of 600 tries in ten minutes on 14
// products; each doubling and halving is posted, in the median within ten minutes,
// and between them no post says that it is worse.
func TestEachStepOfTheRateIsPosted(t *testing.T) {
	t.Parallel()
	n := longtest.Seeds(1, 20)
	waits, wrong := map[string][]time.Duration{}, 0
	rest := longtest.Of(20*time.Minute, time.Hour)
	for seed := range uint64(n) {
		f := newFault(t, seed+100, 14*time.Second)
		f.until(0.04, time.Hour) // until all are seen: what joins meanwhile is told as that
		for i, to := range []float64{0.09, 0.02, 0.08} {
			words := [][]string{{": worse. "}, {": better. ", "quiet for"}, {": worse. ", "failing again"}}[i]
			what := []string{"4 -> 9 %", "9 -> 2 %", "2 -> 8 %"}[i]
			waits[what] = append(waits[what], f.until(to, 2*time.Hour, words...))
			told := len(f.texts)
			f.until(to, rest)
			for _, said := range f.texts[told:] {
				if strings.Contains(said, ": worse. ") || strings.Contains(said, ": better. ") {
					wrong++
					t.Logf("seed %d, after %s: %s", seed, what, said)
				}
			}
		}
	}
	for what, list := range waits {
		slices.Sort(list)
		t.Logf("%s: median %s, worst %s", what, list[n/2], list[n-1])
		if n >= 10 && list[n/2] > 10*time.Minute || list[n-1] >= 2*time.Hour {
			t.Errorf("%s: median %s, worst %s", what, list[n/2], list[n-1])
		}
	}
	if hours := 3 * n * int(rest/time.Minute) / 60; 24*wrong > hours+24 { // one in 24 h, and what chance does to few
		t.Errorf("%d times in %d h it was said to change, and did not", wrong, hours)
	}
}

// TestAnswersAgainIsPostedInTime: of one check of twenty that is down for 3 to 10 min, the
// post that it answers comes within a minute of the first answer in most.
func TestAnswersAgainIsPostedInTime(t *testing.T) {
	t.Parallel()
	n := longtest.Seeds(2, 20)
	var waits []time.Duration
	for seed := range uint64(n) {
		f := newFault(t, seed+200, []time.Duration{10, 15, 20, 30}[seed%4]*time.Second)
		f.hit = 1
		f.until(0, 20*time.Minute)
		f.until(1, 3*time.Minute+time.Duration(seed*7%8)*time.Minute)
		waits = append(waits, f.until(0, time.Hour, "answers again"))
	}
	slices.Sort(waits)
	t.Logf("median %s, worst %s", waits[n/2], waits[n-1])
	if waits[n/2] > time.Minute || waits[n-1] > 2*time.Minute {
		t.Errorf("median %s, worst %s: %v", waits[n/2], waits[n-1], waits)
	}
}
