package status

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// TestAMarkIsLookedAtOnceAUnit: who asks all the time is told what EffectOf says of the units that are over, as soon as it
// says it, and nothing within a unit; who could not write it down is told again.
func TestAMarkIsLookedAtOnceAUnit(t *testing.T) {
	const every, products = 6 * time.Second, 3
	def, begins := Definition{}, time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	at := begins.Add(50*time.Minute + 24*time.Second)
	mark := incident.Marked{Event: incident.Event{Kind: incident.Mark, Incident: "x", Mark: 1, At: at, Onset: begins}}
	for i := range products {
		id := fmt.Sprint("p", i)
		mark.Products = append(mark.Products, id)
		def.Products = append(def.Products, Product{ID: id, Name: id})
		def.Checks = append(def.Checks, checks.Check{ID: id + "/c", Product: id, Every: every})
	}
	inc := incident.Incident{ID: "x", Marks: []incident.Marked{mark}}
	b, rng := NewBoard(def), rand.New(rand.NewPCG(1, 1))
	final, looked := Effect{}, 0
	for now := begins; !final.Final; now = now.Add(every) {
		if now.Sub(at) > impact.EffectWithin(0)+time.Minute {
			t.Fatal("it is never judged")
		}
		if now.After(at) {
			var want impact.Effect
			var lists [][]impact.Minute
			for _, id := range mark.Products {
				lists = append(lists, b.detection.of[id].Units(begins, now.Truncate(time.Minute)))
			}
			want = impact.EffectOf(lists, impact.Action{At: at, Unit: time.Minute}, now)
			final = b.Effect(inc, mark, now)
			looked++
			switch first := now.Sub(now.Truncate(time.Minute)) < every; {
			case final.Final != want.Final, want.Final && !first:
				t.Fatalf("%s after it: judged %t, want %t, in the midst of a minute %t", now.Sub(at), final.Final, want.Final, !first)
			case want.Final && (impact.EffectVerdict(final.Verdicts[0].Verdict) != want.Verdict || want.Verdict != impact.Helped || len(final.Verdicts) != products+1):
				t.Errorf("%+v, want %+v", final, want)
			}
			if final.Final && !reflect.DeepEqual(b.Effect(inc, mark, now), final) {
				t.Error("it is not told again")
			}
		}
		var batch []checks.Result
		for _, c := range def.Checks {
			r := checks.Result{Check: c.ID, Product: c.Product, Vantage: "v", Started: now, Outcome: checks.Pass}
			if now.Before(at) && rng.IntN(3) == 0 {
				r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
			}
			batch = append(batch, r)
		}
		b.Apply(uint64(now.Unix()), batch)
	}
	if looked < 30 || len(b.looks) != 0 {
		t.Errorf("asked %d times, and %d looks are kept", looked, len(b.looks))
	}
}
