package house

import (
	"testing"
	"time"
)

// TestWhoStoodByDoesNotWaitAsAfterAStart: an update waits for first results from before the last one came, where somebody measured
// while this process stood by, or until a moment before it started; from now on after a longer stop, and where nobody measured for long.
func TestWhoStoodByDoesNotWaitAsAfterAStart(t *testing.T) {
	now := time.Unix(1000, 0)
	ago := func(s int) time.Time { return now.Add(-time.Duration(s) * time.Second) }
	none := time.Unix(0, 0)
	for _, one := range []struct {
		name                  string
		fed, stored, standsBy time.Time
		want                  time.Time
	}{
		{"taken over", ago(11), ago(11), ago(300), ago(13)},
		{"taken over, and the clock of who stored is another one", ago(11), ago(40), ago(300), ago(13)},
		{"handed over in order", ago(1), ago(1), ago(300), ago(3)},
		{"started, and nobody else measures", ago(20), ago(40), ago(1), now},
		{"started a moment before the leader was gone", ago(11), ago(11), ago(12), ago(13)},
		{"led, was killed, and leads again within seconds", ago(2), ago(6), ago(1), ago(8)},
		{"the same, and elections took long: first results are waited for", ago(9), ago(14), ago(8), ago(12)},
		{"the same, and its clock is ahead of who stored", ago(2), ago(12), ago(1), ago(12)},
		{"the same, and its clock is behind", ago(2), ago(-5), ago(1), now},
		{"started anew, all of them", ago(200), ago(220), ago(10), now},
		{"nobody measured for long", ago(90), ago(90), ago(300), now},
		{"there is no result yet", none, none, ago(300), now},
	} {
		if got := awayFrom(now, one.fed, one.stored, one.standsBy); !got.Equal(one.want) {
			t.Errorf("%s: it waits from %v before now on, want %v", one.name, now.Sub(got), now.Sub(one.want))
		}
	}
}
