package status

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact/cause"
)

// TestWhatTheBeginningShowedIsKept while the trouble lasts, over a restart too, and not
// for another one.
func TestWhatTheBeginningShowedIsKept(t *testing.T) {
	var e early
	causes := func(age time.Duration, first string) Causes {
		return Causes{Ranking: cause.Ranking{Suspects: []cause.Suspect{{ID: first, Score: 0.9}}}, Since: t0, At: t0.Add(age)}
	}
	e.look(causes(20*time.Minute, "db"))
	e.look(causes(50*time.Minute, "edge"))
	if got := e.chances(t0, t0.Add(10*time.Minute)); got != nil {
		t.Errorf("after 10 min it is %v, and what shows is all there is", got)
	}
	if got := e.chances(t0, t0.Add(time.Hour)); got["db"] != 0.9 || len(got) != 1 {
		t.Errorf("after an hour it is %v, want db", got)
	}
	if got := e.chances(t0.Add(3*time.Hour), t0.Add(4*time.Hour)); got != nil {
		t.Errorf("of another trouble it is %v", got)
	}

	def := Definition{Products: []Product{{ID: "p", Name: "P"}}, Checks: []checks.Check{{ID: "p/1", Product: "p", Every: time.Minute}}, Components: []Component{{ID: "db"}}}
	b, again := NewBoard(def), NewBoard(def)
	b.ranking.early = e
	for shard := range CheckpointShards {
		data, err := b.Checkpoint(shard, t0)
		if err != nil {
			t.Fatal(err)
		}
		if data == nil {
			continue
		}
		if _, err := again.Restore(data); err != nil {
			t.Fatal(err)
		}
		break
	}
	if got := again.ranking.early.chances(t0, t0.Add(time.Hour)); got["db"] != 0.9 {
		t.Errorf("after a restart it is %v, want db", got)
	}
}

// TestWhatFailsSinceIsKept: that something else fails than at the onset, over a restart too;
// that the former is over is told for an hour.
func TestWhatFailsSinceIsKept(t *testing.T) {
	def := Definition{Products: []Product{{ID: "p", Name: "P"}}, Checks: []checks.Check{{ID: "p/1", Product: "p", Every: time.Minute}}, Components: []Component{{ID: "db"}}}
	b, again := NewBoard(def), NewBoard(def)
	b.ranking.moved = moved{At: t0.Add(40 * time.Minute), Over: []string{"db"}}
	data, err := b.Checkpoint(checkpointShard("p"), t0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Restore(data); err != nil {
		t.Fatal(err)
	}
	m := again.ranking.moved
	if began := m.began(t0, t0.Add(time.Hour)); !began.Equal(t0.Add(40 * time.Minute)) {
		t.Errorf("after a restart the cause is looked for since %s", began)
	}
	if began := m.began(t0.Add(50*time.Minute), t0.Add(time.Hour)); !began.Equal(t0.Add(50 * time.Minute)) {
		t.Errorf("when only a later trouble is left the cause is looked for since %s", began)
	}
	if at, over := m.told(t0.Add(time.Hour)); at.IsZero() || len(over) != 1 {
		t.Errorf("after 20 min it is told since %s that %v is over", at, over)
	}
	if at, over := m.told(t0.Add(2 * time.Hour)); !at.IsZero() || over != nil {
		t.Errorf("after 80 min it is told since %s that %v is over", at, over)
	}
	if began := m.began(t0, t0.Add(10*time.Minute)); !began.Equal(t0) || !m.At.IsZero() {
		t.Errorf("with a clock that was set back the cause is looked for since %s", began)
	}
}
