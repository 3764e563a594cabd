package impact

import (
	"bytes"
	"compress/flate"
	"encoding/gob"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is packed must be told as it was taken in, whatever its size.
func TestSightingsKeepWhatTheyAreGiven(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		var got sightings
		var want []seen
		wasLong, shortAgain := false, false
		spread := time.Minute << rng.IntN(14)
		for i := range 2000 {
			s := seen{at: micro(propertyStart.Add(time.Duration(i)*spread/100 + time.Duration(rng.Int64N(int64(spread)))).UnixNano()),
				tookUS: rng.Uint32() >> (9 + rng.IntN(20)), outcome: code(rng.IntN(4)), slow: rng.IntN(2) == 0}
			if rng.IntN(500) == 0 {
				s.tookUS = 1<<24 + rng.Uint32N(1<<31)
			}
			at := len(want)
			for at > 0 && want[at-1].at > s.at {
				at--
			}
			got.insert(at, s)
			want = slices.Insert(want, at, s)
			if rng.IntN(4) == 0 {
				k := rng.IntN(len(want))
				want[k].slow = !want[k].slow
				got.set(k, want[k])
			}
			if len(want) > 80 {
				n := 1 + rng.IntN(10)
				got.drop(n)
				want = want[n:]
			}
			wasLong = wasLong || got.long != nil
			shortAgain = shortAgain || wasLong && got.long == nil
			var list []seen
			for k := range got.len() {
				if x := got.get(k); x.at != got.at(k) {
					t.Fatalf("seed %d: result %d ended at %d and at %d", seed, k, x.at, got.at(k))
				}
				list = append(list, got.get(k))
			}
			if !slices.Equal(list, want) {
				t.Fatalf("seed %d, result %d: got %v, want %v", seed, i, list, want)
			}
		}
		if spread < time.Hour && !(wasLong && shortAgain) {
			t.Errorf("seed %d: long %v, short again %v: both forms are to be seen", seed, wasLong, shortAgain)
		}
	}
}

func TestCellsKeepWhatTheyAreGiven(t *testing.T) {
	for _, every := range []time.Duration{500 * time.Millisecond, 5 * time.Second, time.Minute, 20 * time.Minute} {
		rng := rand.New(rand.NewPCG(1, uint64(every)))
		var c cells
		var m minutes
		want := map[int64][3]int{}     // :: number of the cell
		byMinute := map[int64]Minute{} // :: number of the minute
		for i := range int(30 * time.Hour / every) {
			at := propertyStart.Add(time.Duration(i) * every)
			bad := 0.002
			if at.Hour() == 7 {
				bad = 0.9
			}
			s := seen{at: at.UnixNano(), tookUS: 1 + rng.Uint32N(1<<22), slow: rng.IntN(20) == 0}
			if rng.Float64() < bad {
				s.outcome = codeFail
			}
			c.add(s)
			m.add(s)
			x := want[s.at/cellSpan]
			if x[0] < 255 {
				x[0]++
				x[1] += index(s.failed())
				x[2] += index(s.slow)
			}
			want[s.at/cellSpan] = x
			y := byMinute[s.at/int64(time.Minute)]
			y.At = at.Truncate(time.Minute)
			y.Tries++
			y.Failures += index(s.failed())
			y.Slow += index(s.slow)
			byMinute[s.at/int64(time.Minute)] = y
		}
		seen := 0
		c.before(0, propertyStart.Add(40*time.Hour).UnixNano(), func(at int64, n, failed, slow int) {
			seen++
			if got := [3]int{n, failed, slow}; got != want[at/cellSpan] {
				t.Errorf("every %s: cell at %s is %v, want %v", every, instant(at), got, want[at/cellSpan])
			}
		})
		if least := min(int(cellsKept), int(24*time.Hour/every)); seen < least {
			t.Errorf("every %s: %d cells, want %d", every, seen, least)
		}
		list := m.list(propertyStart, propertyStart.Add(40*time.Hour))
		for _, got := range list {
			if diff := cmp.Diff(byMinute[got.At.UnixNano()/int64(time.Minute)], got); diff != "" {
				t.Errorf("every %s (-want +got):\n%s", every, diff)
			}
		}
		if least := min(minutesKept, int(24*time.Hour/every)); len(list) < least {
			t.Errorf("every %s: %d minutes, want %d", every, len(list), least)
		}
	}
}

// A minute of a hundred thousand results is kept as it is, and so are those before it.
func TestAMinuteOfManyResults(t *testing.T) {
	var m minutes
	for i := range 200_000 {
		s := seen{at: propertyStart.Add(time.Duration(i) * 600 * time.Microsecond).UnixNano(), tookUS: 1000}
		m.add(s)
	}
	list := m.list(propertyStart, propertyStart.Add(time.Hour))
	if len(list) != 2 || list[0].Tries != 100_000 || list[1].Tries != 100_000 {
		t.Fatalf("%+v, want two minutes of 100,000", list)
	}
}

// testdata/state-v1 is the state of life(1) after 95 minutes, as it was written
// before what is kept in memory was packed: what is read of it is written again.
func TestAnOlderStateIsRead(t *testing.T) {
	data, err := os.ReadFile("testdata/state-v1")
	if err != nil {
		t.Fatal(err)
	}
	form := func(data []byte) (f storedForm) {
		if err := gob.NewDecoder(flate.NewReader(bytes.NewReader(data))).Decode(&f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	s, err := decodeState(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.encode()
	if err != nil {
		t.Fatal(err)
	}
	want := form(data)
	if len(want.Model.Streams) != 4 || !want.Model.Trouble.On || want.Model.Streams[0].Pace.N != 200 || len(want.Since.At) < 15 {
		t.Fatalf("the file is of another state: %+v", want.Model)
	}
	got := form(again)
	for _, m := range []*storedModel{&got.Model, &got.Past[0], &got.Past[1]} {
		for i := range m.Streams { // that version knew no peaks and no sizes
			m.Streams[i].Sized = false
			p := &m.Streams[i].Pace
			if p.Top != noTop || p.Peaks == nil || *p.Peaks != *new(newPeaks()).form() {
				t.Errorf("peaks of an older version: %v %+v", p.Top, p.Peaks)
			}
			if int32(p.Ten/tensOfHour) != p.Hour {
				t.Errorf("the hour %d of an older version is that of %d", p.Hour, p.Ten)
			}
			p.Top, p.Peaks, p.Ten = 0, nil, 0
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("written again (-want +got):\n%.2000s", diff)
	}
}
