package longtest

import "testing"

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		long, seeds string
		of, runs    int
	}{{"", "", 3, 5}, {"0", "", 3, 5}, {"1", "", 30, 50}, {"1", "7", 30, 7}, {"", "7", 3, 7}, {"", "many", 3, 5}} {
		t.Setenv("STATUSBOT_TEST_LONG", tt.long)
		t.Setenv("STATUSBOT_SEEDS", tt.seeds)
		if of, runs := Of(3, 30), Seeds(5, 50); of != tt.of || runs != tt.runs {
			t.Errorf("LONG=%q SEEDS=%q: %d and %d, want %d and %d", tt.long, tt.seeds, of, runs, tt.of, tt.runs)
		}
	}
}

func TestFirstSeed(t *testing.T) {
	for set, want := range map[string]int{"": 1, "5": 5, "none": 1} {
		if t.Setenv("STATUSBOT_FIRST_SEED", set); FirstSeed() != want {
			t.Errorf("STATUSBOT_FIRST_SEED=%q: %d, want %d", set, FirstSeed(), want)
		}
	}
}
