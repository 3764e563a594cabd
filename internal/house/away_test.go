package house

import (
	"testing"
	"time"
)

// TestWhoStoodByDoesNotWaitAsAfterAStart: an update waits for first results from before the last one came, where somebody measured
// while this process stood by; from now on after a start, and after long.
func TestWhoStoodByDoesNotWaitAsAfterAStart(t *testing.T) {
	now := time.Unix(1000, 0)
	ago := func(s int) time.Time { return now.Add(-time.Duration(s) * time.Second) }
	for _, one := range []struct {
		name          string
		fed, standsBy time.Time
		want          time.Time
	}{
		{"taken over", ago(11), ago(300), ago(13)},
		{"handed over in order", ago(1), ago(300), ago(3)},
		{"started, and nobody else measures", ago(20), ago(1), now},
		{"started a moment before the leader was gone", ago(11), ago(12), ago(13)},
		{"started anew, all of them", ago(200), ago(10), now},
		{"nobody measured for long", ago(90), ago(300), now},
		{"there is no result yet", time.Unix(0, 0), ago(300), now},
	} {
		if got := awayFrom(now, one.fed, one.standsBy); !got.Equal(one.want) {
			t.Errorf("%s: it waits from %v before now on, want %v", one.name, now.Sub(got), now.Sub(one.want))
		}
	}
}
