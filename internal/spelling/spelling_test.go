package spelling

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"help", "start", "stop", "billing", "Search", "checkout", "db", "rest"}
	for said, want := range map[string]string{
		"biling": "billing", "bililng": "billing", "billnig": "billing", "SEARCH": "Search", "chekcout": "checkout", "check": "checkout",
		"sto": "stop", "strat": "start", "bi": "billing", //nolint:misspell // the slip of the finger is the test
		"test": "rest", "real": "", "yes": "", "show": "", "hemp": "help", "ab": "", // two of four letters are half of them
		"": "", "x": "", "payroll": "", "zz": "", strings.Repeat("billing", 100): "",
	} {
		got, ok := Nearest(said, known)
		if got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, %v, want %q", said, got, ok, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "ba", 1}, {"abc", "abd", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		for _, pair := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			if got := Distance(pair[0], pair[1]); got != c.want {
				t.Errorf("Distance(%q, %q) = %d, want %d", pair[0], pair[1], got, c.want)
			}
		}
	}
}
