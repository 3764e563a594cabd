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
	for range 5 {
		s.add(ended{hour, hour + 20*second, true})
	}
	s.add(ended{hour + 30*second, hour + 40*second, true})
	if got := s.usual(2 * hour); got != 0 {
		t.Errorf("after one moment %v is expected, want nothing", time.Duration(got))
	}
	s.add(ended{3 * hour, 3*hour + 60*second, true})
	if got := s.usual(4 * hour); got != 102*second {
		t.Errorf("after two moments %v is expected, want 1m42s", time.Duration(got))
	}
	s.add(ended{5 * hour, 5*hour + 10*second, true})
	if got := s.usual(6*hour + briefsSpan); got != 0 {
		t.Errorf("a month later %v is expected, want nothing", time.Duration(got))
	}
	s.add(ended{7 * hour, 8 * hour, false})
	if got := s.usual(9 * hour); got != 102*second {
		t.Errorf("when one of four lasted %v is expected, want 1m42s", time.Duration(got))
	}
	s.add(ended{10 * hour, 11 * hour, false})
	if got := s.usual(12 * hour); got != 0 {
		t.Errorf("when two of five lasted %v is expected, want nothing", time.Duration(got))
	}
}
