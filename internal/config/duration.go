package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// loosely matches what people write when they mean a duration: "10", "10 sec", "2 Days".
var loosely = lazy.Compile(`^\s*[-+]?(\d+(?:\.\d+)?)\s*([A-Za-zµ]*)\s*$`)

// unitWords gives each word for a unit its length.
var unitWords = map[string]time.Duration{ // :: lower-case word -> length
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"ms": time.Millisecond, "msec": time.Millisecond, "millisecond": time.Millisecond, "milliseconds": time.Millisecond,
}

// parseDuration reads a duration of Go's form that is not negative. When it
// cannot, instead is the spelling that was probably meant.
func parseDuration(text string) (d time.Duration, instead string, ok bool) {
	d, err := time.ParseDuration(text)
	if err == nil && d >= 0 {
		return d, "", true
	}
	instead = "10s"
	if err == nil {
		instead = shortDuration(-d)
	} else if m := loosely.FindStringSubmatch(text); m != nil {
		number, _ := strconv.ParseFloat(m[1], 64)
		unit := unitWords[strings.ToLower(m[2])]
		const century = 100 * 365 * 24 * time.Hour // keeps the product below what a Duration holds
		if m[2] == "" && len(m[1]) <= 9 && number > 0 {
			instead = m[1] + "s"
		} else if unit > 0 && number > 0 && number < float64(century/unit) {
			instead = shortDuration(time.Duration(number * float64(unit)))
		}
	}
	return 0, fmt.Sprintf("write %q", instead), false
}

// shortDuration writes "5m" and "1h30m" where Duration.String says "5m0s" and "1h30m0s".
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
