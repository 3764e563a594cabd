package journal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/statusbot/statusbot/internal/journal"
)

func TestEventsOfOneIncident(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		j := open(t, cfg)
		last := map[string]uint64{}
		for i := range 7 {
			id := []string{"inc-1", "inc-2"}[i%2]
			seq, err := j.AppendEvent(t.Context(), id, last[id], fmt.Append(nil, i))
			check(t, err)
			last[id] = seq
		}
		var got []string
		read := func(r journal.Record) error { got = append(got, string(r.Data)); return nil }
		check(t, j.EventsOf(t.Context(), "inc-2", read))
		if want := []string{"1", "3", "5"}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
		if err := j.EventsOf(t.Context(), "inc-3", read); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("an incident that is not there gives %v, want ErrNotFound", err)
		}
		own := errors.New("own")
		if err := j.EventsOf(t.Context(), "inc-1", func(journal.Record) error { return own }); !errors.Is(err, own) {
			t.Errorf("got %v, want each's own error", err)
		}
	})
}

// TestEventsFromOne: a follower may begin with any event, and one can be looked
// at by its sequence.
func TestEventsFromOne(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		j := open(t, cfg)
		ctx := t.Context()
		last := map[string]uint64{}
		for _, e := range []struct{ incident, data string }{{"inc-1", "a"}, {"inc.2", "b"}, {"inc-1", "c"}} {
			seq, err := j.AppendEvent(ctx, e.incident, last[e.incident], []byte(e.data))
			check(t, err)
			last[e.incident] = seq
		}
		r := read(t, func(ctx context.Context, each func(string) error, caughtUp func()) error {
			return j.FollowEventsFrom(ctx, last["inc.2"], func(r journal.Record) error { return each(r.Incident + " " + string(r.Data)) }, caughtUp)
		})
		for _, want := range []string{"inc.2 b", "inc-1 c"} {
			if got := r.next(t); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		r.wantCaughtUp(t, 2)
		at, err := j.EventAt(ctx, last["inc.2"])
		check(t, err)
		if at.Incident != "inc.2" || string(at.Data) != "b" || at.Seq != last["inc.2"] {
			t.Errorf("at %d is %+v", last["inc.2"], at)
		}
		if _, err := j.EventAt(ctx, last["inc-1"]+1); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("behind the newest: %v", err)
		}
		// Behind the newest a follower waits for what comes.
		r = read(t, func(ctx context.Context, each func(string) error, caughtUp func()) error {
			return j.FollowEventsFrom(ctx, last["inc-1"]+1, func(r journal.Record) error { return each(string(r.Data)) }, caughtUp)
		})
		r.wantCaughtUp(t, 0)
		_, err = j.AppendEvent(ctx, "inc-3", 0, []byte("d"))
		check(t, err)
		if got := r.next(t); got != "d" {
			t.Errorf("got %q, want what came", got)
		}
	})
}
