package bot

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// abroad are the zones that an abbreviation names everywhere, in hours from
// UTC. What means something else in each country ("IST", "BST") is only read as
// the person's own.
var abroad = map[string]float64{"utc": 0, "gmt": 0, "z": 0, "wet": 0, "west": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2, "eest": 3, "msk": 3,
	"est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "jst": 9, "kst": 9, "sgt": 8, "hkt": 8, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13}

// offset is a distance from UTC behind a time of day: "13:50+01:00", "+0530".
var offset = lazy.Compile(`^(.*?)(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?$`)

// takeZone takes the zone from the end of some words.
func takeZone(words []string, now time.Time, zone *time.Location) ([]string, *time.Location) {
	n := len(words) - 1
	if n < 0 {
		return words, zone
	}
	last := words[n]
	if own, _ := now.In(zone).Zone(); n > 0 && strings.EqualFold(own, last) {
		return words[:n], zone
	}
	if hours, ok := abroad[last]; ok {
		return words[:n], time.FixedZone("", int(hours*3600))
	}
	if clock, ok := strings.CutSuffix(last, "z"); ok && len(clock) > 3 && clock[len(clock)-1] <= '9' {
		return append(slices.Clone(words[:n]), clock), time.UTC
	}
	m := offset.FindStringSubmatch(last)
	if m == nil || m[1] != "" && !strings.Contains(m[1], ":") || m[1] == "" && n == 0 {
		return words, zone
	}
	hours, _ := strconv.Atoi(m[3]) // digits, as the expression says
	minutes, _ := strconv.Atoi("0" + m[4])
	if hours > 14 || minutes > 59 {
		return words, zone
	}
	east := hours*3600 + minutes*60
	if m[2] == "-" {
		east = -east
	}
	if m[1] == "" {
		return words[:n], time.FixedZone("", east)
	}
	return append(slices.Clone(words[:n]), m[1]), time.FixedZone("", east)
}
