package journal_test

import (
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
