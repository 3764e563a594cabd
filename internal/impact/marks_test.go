package impact_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/status"
)

// markKinds are the troubles in which actions are marked: some of troubleKinds, and two
// that take product after product. The small form has the first.
var markKinds = []string{"flapping", "intermittent", "region", "two", "ramp", "undeclared", "everywhere", "joins", "joins, flapping"}

// newMarked makes a company in a trouble in which actions are marked.
func newMarked(kind string, seed uint64) *troubled {
	each, of := 15*time.Minute, "intermittent"
	switch kind {
	default:
		return newTroubled(kind, seed)
	case "joins":
	case "joins, flapping":
		each, of = 7*time.Minute, "flapping"
	}
	w := newTroubled(of, seed+5000)
	h := w.harms[0]
	w.harms = nil
	for k, p := range w.def.Products {
		h.component, h.after = "", time.Duration(k)*each
		h.checks = w.those(func(i int) bool { return w.def.Checks[i].Product == p.ID })
		w.harms = append(w.harms, h)
	}
	return w
}

// markTally is what became of marks.
type markTally struct {
	marks, misled           int           // of actions that did nothing: all products together
	single, singleMisled    int           // and each by itself
	repairs, right, helped  int           // of repairs, right is what is better since or helped
	judgedAfter, mendedTook time.Duration // sums
}

func (a *markTally) add(b markTally) {
	a.marks, a.misled, a.single, a.singleMisled = a.marks+b.marks, a.misled+b.misled, a.single+b.single, a.singleMisled+b.singleMisled
	a.helped += b.helped
	a.repairs, a.right, a.judgedAfter, a.mendedTook = a.repairs+b.repairs, a.right+b.right, a.judgedAfter+b.judgedAfter, a.mendedTook+b.mendedTook
}

func (a markTally) String() string {
	return fmt.Sprintf("%d of %d actions that did nothing mislead, %d of %d of single products; %d of %d repairs right, %d helped, after %s", a.misled, a.marks,
		a.singleMisled, a.single, a.right, a.repairs, a.helped, (a.mendedTook / time.Duration(max(a.repairs, 1))).Round(time.Second))
}

// placed is a mark that is not judged yet.
type placed struct {
	mark   incident.Marked
	repair bool
}

// marks plays a company, and what is told of actions that do nothing while it is in trouble,
// one each two minutes and each judged by itself, and of the repair.
func (w *troubled) marks() (a markTally) {
	b := status.NewBoard(w.def)
	order := make([]int, len(w.def.Checks))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return int(w.checks[i].offset - w.checks[j].offset) })
	var open []placed
	seq, batch := uint64(0), make([]checks.Result, 1)
	end := w.strikes + w.lasts
	for tick := time.Duration(0); tick < end+35*time.Minute; tick += skyEvery {
		for _, i := range order {
			seq++
			batch[0] = w.result(tick+w.checks[i].offset, i)
			b.Apply(seq, batch)
		}
		at := tick + skyEvery
		if at%time.Minute != 0 || at <= w.strikes {
			continue
		}
		now := skyStart.Add(at)
		open = slices.DeleteFunc(open, func(p placed) bool { return w.judge(b, p, now, &a) })
		repair := at == end
		settled := w.kind != "two" || at > w.strikes+w.harms[0].after+10*time.Minute // what begins meanwhile does make it worse
		if !repair && (at%(2*time.Minute) != 0 || at+31*time.Minute > end || !settled) {
			continue
		}
		if hurt, since := b.Snapshot(now).HurtNow(); len(hurt) > 0 {
			open = append(open, placed{incident.Marked{Event: incident.Event{Kind: incident.Mark, Incident: "x", Mark: 1, At: now, Products: hurt, Onset: since}}, repair})
		}
	}
	return a
}

// judge takes in what became of a mark, and reports whether that is known.
func (w *troubled) judge(b *status.Board, p placed, now time.Time, a *markTally) bool {
	e := b.Effect(incident.Incident{ID: "x", Marks: []incident.Marked{p.mark}}, p.mark, now)
	if !e.Final {
		return false
	}
	verdict := impact.EffectVerdict(e.Verdicts[0].Verdict)
	if p.repair {
		a.repairs, a.right, a.mendedTook = a.repairs+1, a.right+index(verdict == impact.Helped || verdict == impact.BetterSince), a.mendedTook+now.Sub(p.mark.At)
		a.helped += index(verdict == impact.Helped)
		return true
	}
	misleads := func(v impact.EffectVerdict) bool {
		return v == impact.Helped || v == impact.WorseSince && w.kind != "ramp" // it does grow
	}
	a.marks, a.misled, a.judgedAfter = a.marks+1, a.misled+index(misleads(verdict)), a.judgedAfter+now.Sub(p.mark.At)
	for _, v := range e.Verdicts[1:] {
		a.single, a.singleMisled = a.single+1, a.singleMisled+index(misleads(impact.EffectVerdict(v.Verdict)))
	}
	return true
}

// TestMarksInCompanies: of actions that do nothing hardly one misleads, in faults that come and
// go neither. While these do so for the first time nothing tells that they will: about a
// fiftieth of all in them. STATUSBOT_SEEDS=6 makes the figures of docs/impact-measured.md anew.
func TestMarksInCompanies(t *testing.T) {
	var all markTally
	for _, kind := range markKinds[:longtest.Of(1, len(markKinds))] {
		var of markTally
		for seed := range longtest.Seeds(1, 4) {
			of.add(newMarked(kind, uint64(seed+longtest.FirstSeed())).marks())
		}
		t.Logf("%-16s %v", kind, of)
		all.add(of)
	}
	t.Logf("all: %v", all)
	if all.marks < 30 || 100*all.misled > 3*all.marks || 100*all.singleMisled > all.single+50 {
		t.Errorf("%v", all)
	}
}
