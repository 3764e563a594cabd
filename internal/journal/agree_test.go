package journal

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Who differs from the majority is named, and who lacks what was there a minute ago; one
// that only lags for a moment is not.
func TestDoubtsOf(t *testing.T) {
	t.Parallel()
	copies := func(last uint64, sum string) copyState { return copyState{Last: last, Sum: sum} }
	for name, test := range map[string]struct {
		copies map[string]copyState
		before uint64
		want   []Doubt
	}{
		"all agree":          {map[string]copyState{"a": copies(7, "x"), "b": copies(7, "x"), "c": copies(7, "x")}, 7, nil},
		"one lags, as usual": {map[string]copyState{"a": copies(9, "x"), "b": copies(9, "x"), "c": copies(7, "x")}, 7, nil},
		"one stays behind":   {map[string]copyState{"a": copies(9, "x"), "b": copies(9, "x"), "c": copies(4, "x")}, 7, []Doubt{{Member: "c", Lacks: 3}}},
		"one differs":        {map[string]copyState{"a": copies(7, "x"), "b": copies(7, "y"), "c": copies(7, "x")}, 7, []Doubt{{Member: "b", Differs: true}}},
		"two, no majority":   {map[string]copyState{"a": copies(7, "x"), "b": copies(7, "y")}, 7, []Doubt{{Member: "a", Differs: true}, {Member: "b", Differs: true}}},
		"one is damaged":     {map[string]copyState{"a": copies(7, ""), "b": copies(7, "x"), "c": {Last: 7, Damaged: true}}, 7, []Doubt{{Member: "c", Damaged: true}}},
		"other figures": {map[string]copyState{"a": {Last: 7, Sum: "x", Basis: "1"}, "b": {Last: 7, Sum: "x", Basis: "2"}, "c": {Last: 7, Sum: "x", Basis: "1"}}, 7,
			[]Doubt{{Member: "b", Otherwise: true}}},
		"an older one says nothing": {map[string]copyState{"a": {Basis: "1"}, "b": {Basis: "1"}, "c": {}}, 0, nil},
		"nothing yet":               {map[string]copyState{"a": {}, "b": {}, "c": {}}, 0, nil},
	} {
		if diff := cmp.Diff(test.want, doubtsOf(test.copies, maps.Clone(test.copies), nil, test.before)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The sums are of what the files hold, read once as they grow; a flipped bit is damage, a
// write that is under way is not, and what was written anew is read anew.
func TestSumsOfAnOwnCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	var last uint64
	appends := func(text string) {
		t.Helper()
		if last, err = j.AppendEvent(t.Context(), "inc-1", last, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	appends("one")
	appends("two")
	in := filepath.Join(dir, "nats", "jetstream", "$G", "streams", j.eventsStream(), "msgs")
	grows := &copySums{stream: j.eventsStream(), dir: in}
	two := grows.look(2)
	appends("three")
	three := grows.look(3)
	fresh := &copySums{stream: j.eventsStream(), dir: in}
	if got := fresh.look(2); two.Last != 2 || two.Sum == "" || got.Sum != two.Sum || got.Last != 3 {
		t.Errorf("up to the second event: %+v, read at once %+v", two, got)
	}
	if got := fresh.look(3); got != three || three.Sum == two.Sum {
		t.Errorf("up to the third event: %+v, read at once %+v", three, got)
	}

	damaged := t.TempDir()
	data, err := os.ReadFile(filepath.Join(in, "1.blk"))
	if err != nil {
		t.Fatal(err)
	}
	puts := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(damaged, "1.blk"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := &copySums{stream: j.eventsStream(), dir: damaged}
	puts(data[:len(data)-5])
	if got := other.look(3); got.Last != 2 || got.Damaged {
		t.Errorf("while the third is written: %+v", got)
	}
	puts(data)
	if got := other.look(3); got != three {
		t.Errorf("when it is written: %+v, want %+v", got, three)
	}
	flipped := slices.Clone(data)
	flipped[len(flipped)/2] ^= 1
	puts(flipped)
	if got := other.look(3); got != three {
		t.Errorf("what was read is read anew at once: %+v", got)
	}
	other.begun = other.begun.Add(-readAnew)
	other.look(3)
	if got := other.look(3); !got.Damaged {
		t.Errorf("with a bit that flipped after it was read, an hour later: %+v", got)
	}
	other.reset()
	flipped = slices.Clone(data)
	flipped[len(flipped)-recordSum-1] ^= 1
	puts(data[:recordHead])
	if got := other.look(0); got.Last != 0 || got.Unread {
		t.Errorf("written anew: %+v", got)
	}
	puts(flipped)
	other.look(0)
	if got := other.look(0); got.Last != 2 || !got.Damaged {
		t.Errorf("with a flipped bit: %+v", got)
	}
}

// Whose clock is off is the one that differs from most; of two nobody can tell. A slow answer is no proof.
func TestClocksOff(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	at := func(ahead time.Duration) clockSeen { return clockSeen{ahead, 5 * time.Millisecond} }
	for name, test := range map[string]struct {
		clocks map[string]clockSeen
		want   map[string]time.Duration
	}{
		"all are right":          {map[string]clockSeen{"a": {}, "b": at(time.Second), "c": at(-time.Second / 2)}, map[string]time.Duration{}},
		"another one is ahead":   {map[string]clockSeen{"a": {}, "b": at(0), "c": at(hour)}, map[string]time.Duration{"c": hour}},
		"another one is behind":  {map[string]clockSeen{"a": {}, "b": at(-3 * time.Minute), "c": at(0)}, map[string]time.Duration{"b": -3 * time.Minute}},
		"this one is ahead":      {map[string]clockSeen{"a": {}, "b": at(-hour), "c": at(-hour)}, map[string]time.Duration{"a": hour}},
		"two of five":            {map[string]clockSeen{"a": {}, "b": at(0), "c": at(hour), "d": at(-hour), "e": at(0)}, map[string]time.Duration{"c": hour, "d": -hour}},
		"two, and nobody knows":  {map[string]clockSeen{"a": {}, "b": at(hour)}, map[string]time.Duration{"a": -hour, "b": hour}},
		"alone, or of a version": {map[string]clockSeen{"a": {}}, map[string]time.Duration{}},
		"a slow answer":          {map[string]clockSeen{"a": {}, "b": at(0), "c": {3 * time.Second, 2 * time.Second}}, map[string]time.Duration{}},
	} {
		if diff := cmp.Diff(test.want, clocksOff(test.clocks)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
