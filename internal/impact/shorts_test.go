package impact

import (
	"testing"
	"time"
)

// TestShortTroublesOfACompany: what several products show in one moment counts once, and where
// troubles last as a rule nothing is expected to be short.
func TestShortTroublesOfACompany(t *testing.T) {
	const hour, second = int64(time.Hour), int64(time.Second)
	var s shorts
	want := func(at, want int64, when string) {
		t.Helper()
		if got := s.usual(at); got != want {
			t.Errorf("%s %v is expected, want %v", when, time.Duration(got), time.Duration(want))
		}
	}
	want(hour, 0, "before the first")
	for range 5 {
		s.add(ended{hour, hour + 20*second, true})
	}
	s.add(ended{hour + 30*second, hour + 40*second, true})
	want(2*hour, 78*second, "after one moment")
	s.add(ended{3 * hour, 3*hour + 60*second, true})
	want(4*hour, 102*second, "after two")
	want(5*hour+briefsSpan, 0, "a month later")
	for n := range int64(4) {
		s.add(ended{(5 + n) * hour, (5+n)*hour + 10*second, true})
	}
	s.add(ended{9 * hour, 10 * hour, false})
	s.add(ended{11 * hour, 12 * hour, false})
	want(13*hour, 102*second, "when two of eight lasted")
	s.add(ended{14 * hour, 15 * hour, false})
	want(16*hour, 0, "when three of eight lasted")
}

// TestAMomentIsAsShortAsInOneProduct: a stall of some seconds at which several products fail is one, though in one of
// them a usual failure came three minutes later and in another in the minute after.
func TestAMomentIsAsShortAsInOneProduct(t *testing.T) {
	const hour, second = int64(time.Hour), int64(time.Second)
	for _, c := range []struct {
		lasted []int64 // seconds, in the order in which they are over
		want   int64   // seconds until when the next one is expected to be over
	}{
		{[]int64{180, 1, 2, 70}, 116},
		{[]int64{1, 180, 70, 2}, 116},
		{[]int64{180, 1200, 1, 900}, 31},
		{[]int64{180, 900, 1200}, 0}, // what lasts in all of them lasts
	} {
		var s shorts
		for i, lasted := range c.lasted {
			s.add(ended{hour + int64(i)*second, hour + int64(i)*second + lasted*second, lasted <= 120})
		}
		if got := s.usual(2*hour) / second; got != c.want {
			t.Errorf("after a moment of %v s %d s are expected, want %d", c.lasted, got, c.want)
		}
		if s.Next != 1 {
			t.Errorf("a moment of %v s is %d", c.lasted, s.Next)
		}
	}
}
