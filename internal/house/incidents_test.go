package house

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
)

// told is what people can ask of the log: the last incident of the channel, its
// timeline, one that ended long ago, and what is watched and muted.
func told(t *testing.T, h *house) map[string]any {
	t.Helper()
	log := h.board.Log()
	open, _ := log.Last("C1")
	old, _ := log.Find(incident.ID(3))
	events, err := EventsOf(t.Context(), h.journal, incident.ID(3))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"open": open.Number, "timeline": open.Timeline(), "marks": open.Marks, "levels": open.Levels, "updates": open.LastUpdate.N, "old": old.LastSeq, "old ended": old.EndedAt,
		"old folded": old.Folded, "old timeline": incident.FoldAll(events).Timeline(), "watches": log.Desk.Watches, "mutes": log.Desk.Mutes, "at hand": len(log.Incidents)}
}

// aLife is a journal of incidents that ended, ten hours apart, and one that is open,
// whose house stored what the log had come to, went on, and was killed.
func aLife(t *testing.T, dir string, at time.Time, ended int) {
	t.Helper()
	const products = 3
	h := reads(t, dir, products)
	last := map[string]uint64{}
	write := h.write(t, last)
	publishtest.Ended(products, ended, "C1", at, write)
	desk := incident.Event{Incident: incident.DeskID, At: at, By: "U1", Product: "product-001"}
	desk.Kind = incident.Watch
	write(desk)
	id := incident.ID(ended + 1)
	write(incident.Event{Incident: id, Kind: incident.Opened, Number: ended + 1, At: at.Add(time.Hour), Channel: "C1", By: "U1", Every: time.Hour})
	write(incident.Event{Incident: id, Kind: incident.Level, At: at.Add(time.Hour), Product: "product-001", From: "ok", To: "degraded"})
	if from := h.readsAll(t); from != 0 {
		t.Errorf("the first start reads from %d", from)
	}
	h.storeLog(t)
	desk.Kind, desk.Until, desk.Why, desk.Channel = incident.Mute, at.Add(10*time.Hour), "moving", "C1"
	write(desk)
	write(incident.Event{Incident: id, Kind: incident.Mark, At: at.Add(2 * time.Hour), By: "U1", Mark: 1, Text: "restarted lb-3", Products: []string{"product-001"}})
	write(incident.Event{Incident: id, Kind: incident.Update, At: at.Add(2 * time.Hour), Due: at.Add(2 * time.Hour), N: 1, Post: 1})
	h.close(t)
}

// TestAStartReadsWhatIsOpen: with what is stored of the log a start reads no
// event of what ended long ago, and knows all that one knows which read them all:
// one whose stored log a power cut took the end of, or that is of another version,
// or of another journal.
func TestAStartReadsWhatIsOpen(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	ended := longtest.Of(8, 30)
	aLife(t, dir, at, ended)
	aLife(t, other, at.Add(time.Minute), 4)

	const file = "checkpoints/log"
	stored, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	h := reads(t, dir, 3)
	from := h.readsAll(t)
	newest := h.followed.event.Load().Seq
	want := told(t, h)
	h.close(t)
	if n := newest - from; from == 0 || n > 70*3 {
		t.Errorf("read again are the %d events from %d on, want those of the open incident and of what ended within a day", n, from)
	}
	if want["open"] != ended+1 || len(want["timeline"].([]incident.Event)) != 4 || want["old folded"] != true || len(want["mutes"].([]incident.Muting)) != 1 {
		t.Errorf("after a start it knows %v", want)
	}
	foreign, err := os.ReadFile(filepath.Join(other, file))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(){
		"none":               func() { check(t, os.Remove(filepath.Join(dir, file))) },
		"cut":                func() { check(t, os.WriteFile(filepath.Join(dir, file), stored[:len(stored)/2], 0o600)) },
		"of another journal": func() { check(t, os.WriteFile(filepath.Join(dir, file), foreign, 0o600)) },
		"of another version": func() {
			h := reads(t, dir, 3)
			_, err := h.journal.PutCheckpoint(t.Context(), checkpointKey(logShard), []byte(`{"version":0,"from":1000000}`))
			check(t, err)
			h.close(t)
		},
	} {
		change()
		h := reads(t, dir, 3)
		if from := h.readsAll(t); from != 0 {
			t.Errorf("%s: events are read from %d on, want all", name, from)
		}
		if diff := cmp.Diff(want, told(t, h)); diff != "" {
			t.Errorf("%s (-with what is stored +without):\n%s", name, diff)
		}
		h.close(t)
	}
}

// TestARoundBeginsWithTheLog: and what is stored of it stays when the round
// before is dropped.
func TestARoundBeginsWithTheLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := reads(t, dir, 3)
	defer h.close(t)
	publishtest.Ended(3, 3, "C1", time.Now(), h.write(t, map[string]uint64{}))
	h.readsAll(t)
	k := h.checkpoints()
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		check(t, k.storeChanged(ctx))
		k.looked(ctx, nil)
		cancel()
		if _, err := h.journal.Checkpoint(t.Context(), checkpointKey(logShard)); err != nil {
			t.Fatal(err)
		}
		r, _ := k.in.(*rounds)
		if r.shard != 0 {
			t.Errorf("after the log comes shard %d", r.shard)
		}
		for range k.shards {
			check(t, k.storeChanged(t.Context()))
			k.looked(t.Context(), nil)
		}
		if r.shard != logShard {
			t.Errorf("a round ends with shard %d", r.shard)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestAStartDoesNotReadAllOfALongIncident: of one that has been open for long only
// what came since the log was stored is read, and of one that is open as long and
// quiet; both are as they were.
func TestAStartDoesNotReadAllOfALongIncident(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	h := reads(t, dir, 3)
	write := h.write(t, map[string]uint64{})
	write(incident.Event{Incident: incident.ID(1), Kind: incident.Opened, Number: 1, At: at, Channel: "C1", By: "U1", Every: 5 * time.Minute})
	write(incident.Event{Incident: incident.ID(1), Kind: incident.Level, At: at, Product: "product-001", From: "ok", To: "degraded", Onset: at})
	updates := longtest.Of(4200, 6000) // more than are read again in any case
	for n := 1; n <= updates; n++ {
		due := at.Add(time.Duration(n) * 5 * time.Minute)
		write(incident.Event{Incident: incident.ID(1), Kind: incident.Update, At: due, Due: due, N: n, Post: 1 + n/50*50, Figures: []incident.Figure{{Product: "product-001", Level: "degraded", Tries: 300, Failures: n % 9}}})
		if n == 10 {
			write(incident.Event{Incident: incident.ID(2), Kind: incident.Opened, Number: 2, At: due, Channel: "C2", By: "U1", Every: time.Hour})
		}
	}
	if from := h.readsAll(t); from != 0 {
		t.Errorf("the first start reads from %d", from)
	}
	h.storeLog(t)
	late := at.Add(time.Duration(updates+1) * 5 * time.Minute)
	write(incident.Event{Incident: incident.ID(1), Kind: incident.Note, At: late, By: "U1", Text: "the vendor is called"})
	h.close(t)

	state := func(h *house) (out []any) {
		for n := range 2 {
			inc, _ := h.board.Log().Find(incident.ID(n + 1))
			out = append(out, inc.Timeline(), inc.Levels, inc.LastUpdate, inc.LastPost, inc.Events, inc.LastSeq, inc.AtHandSince())
		}
		return out
	}
	h = reads(t, dir, 3)
	from := h.readsAll(t)
	got := state(h)
	h.close(t)
	if from != uint64(updates)+4 {
		t.Errorf("events are read from %d on, want what came since the log was stored", from)
	}
	check(t, os.Remove(filepath.Join(dir, "checkpoints/log")))
	h = reads(t, dir, 3)
	defer h.close(t)
	if from := h.readsAll(t); from != 0 {
		t.Errorf("without what was stored events are read from %d on", from)
	}
	if diff := cmp.Diff(state(h), got); diff != "" {
		t.Errorf("(-all read +from what was stored):\n%s", diff)
	}
}
