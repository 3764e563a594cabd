package config

import (
	"testing"
	"time"
)

// TestSundayIsSevenAsWell: as in crontab(5).
func TestSundayIsSevenAsWell(t *testing.T) {
	from := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for spec, same := range map[string]string{
		"0 2 * * 7": "0 2 * * 0", "0 2 * * 5-7": "0 2 * * 0,5,6", "0 2 * * 1,7": "0 2 * * 0,1", "0 2 * * 0-7": "0 2 * * *", "0 2 * * 1-7/2": "0 2 * * 0,1,3,5",
		"7 7 7 7 7": "7 7 7 7 0", "0 2 * * */7": "0 2 * * 0",
	} {
		got, err := readCron(spec, time.UTC)
		want, wrong := readCron(same, time.UTC)
		if err != nil || wrong != nil {
			t.Errorf("%s: %v, %v", spec, err, wrong)
			continue
		}
		for at, n := from, 0; n < 10; n++ {
			next := got.next(at).at
			if other := want.next(at).at; !next.Equal(other) {
				t.Errorf("%s comes at %v, and %s at %v", spec, next, same, other)
				break
			}
			at = next
		}
	}
	for _, spec := range []string{"0 2 * * 8", "0 2 * * 7-8", "0 2 * * 7/0", "0 2 * * 9-7", "0 2 * * 6-7/x"} {
		if _, err := readCron(spec, time.UTC); err == nil {
			t.Errorf("%s is taken", spec)
		}
	}
}
