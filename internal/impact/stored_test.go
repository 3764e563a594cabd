package impact

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// TestAFrozenStateStaysAsItWas: whatever the tracker takes in later, also late
// results, hints and marks.
func TestAFrozenStateStaysAsItWas(t *testing.T) {
	list := life(3)
	for i := 0; i+9 < len(list); i += 10 { // every tenth comes late
		late := list[i]
		copy(list[i:], list[i+1:i+10])
		list[i+9] = late
	}
	tr := NewTracker(Config{}, lifeChecks())
	type frozen struct {
		Frozen
		after int
		data  []byte
	}
	var kept []frozen
	for i, r := range list {
		if i%(len(list)/40) == 0 || i%(len(list)/25) == 10 { // the latter between a hint and what is made of it
			f := frozen{Frozen: tr.Freeze(), after: i}
			var err error
			if f.data, err = f.Encode(); err != nil {
				t.Fatal(err)
			}
			kept = append(kept, f)
		}
		tr.Apply(r, true)
		switch i % (len(list) / 25) {
		case 1:
			tr.Suspect(r.Ended().Add(-5*time.Minute), true)
		case 20:
			tr.Believe(0.5, map[string]float64{"edge": 0.8})
		case 40:
			tr.Mark(r.Ended())
		}
	}
	for n, f := range kept {
		data, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, f.data) {
			t.Errorf("the state after %d results changed when more came", f.after)
		}
		if n > 1 && slices.Equal(data, kept[n-1].data) {
			t.Errorf("the states after %d and %d results are the same", kept[n-1].after, f.after)
		}
	}
}
