package status

import (
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/wall"
)

// DaysKept is how many days of a product's availability are kept.
const DaysKept = 400

// Day is what is kept of one day of a product, in the company's zone: a day may
// have 23 or 25 hours.
type Day struct {
	Date     string `json:"date"` // 2006-01-02
	Tries    int    `json:"tries"`
	Failures int    `json:"failures"`
	Measured int    `json:"measured_min"` // minutes in which anything was tried
	Hurt     int    `json:"hurt_s"`       // seconds in which it was degraded or down, from the onset on; once that is over, from when it began until it ended
}

// Share is the share of tries that did not fail; false when nothing was tried.
func (d Day) Share() (float64, bool) {
	if d.Tries == 0 {
		return 0, false
	}
	return 1 - float64(d.Failures)/float64(d.Tries), true
}

// Plus is two days' sum, under the date of the first.
func (d Day) Plus(o Day) Day {
	d.Tries += o.Tries
	d.Failures += o.Failures
	d.Measured += o.Measured
	d.Hurt += o.Hurt
	return d
}

// DaysOf sorts minutes into the days of a zone, oldest first.
func DaysOf(minutes []impact.Minute, zone *time.Location) (days []Day) {
	for _, m := range minutes {
		date := m.At.In(zone).Format(time.DateOnly)
		if len(days) == 0 || days[len(days)-1].Date != date {
			days = append(days, Day{Date: date})
		}
		d := &days[len(days)-1]
		d.Tries += m.Tries
		d.Failures += m.Failures
		if m.Tries > 0 {
			d.Measured++
		}
	}
	return days
}

// HurtOf sorts a span of trouble into the days of a zone, oldest first.
func HurtOf(from, to time.Time, zone *time.Location) (days []Day) {
	for from.Before(to) {
		at := from.In(zone)
		next := wall.First(time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, time.UTC), zone) // of some days the clock never shows midnight
		if next.After(to) {
			next = to
		}
		days = append(days, Day{Date: at.Format(time.DateOnly), Hurt: int(next.Sub(from) / time.Second)})
		from = next
	}
	return days
}

// HurtAfterAll is what of a trouble that is over was counted too little, by days, oldest first: negative where it was
// too much. From its onset on it was counted until an instant; when it began and ended is known better now.
func HurtAfterAll(p impact.Proof, until time.Time, zone *time.Location) (days []Day) {
	if p.Accepted || p.Began.IsZero() || p.Ended.IsZero() {
		return nil
	}
	if until.Before(p.Onset) {
		until = p.Onset
	}
	days = append(HurtOf(p.Began, p.Onset, zone), HurtOf(until, p.Ended, zone)...)
	for _, d := range HurtOf(p.Ended, until, zone) {
		d.Hurt = -d.Hurt
		days = append(days, d)
	}
	return days
}
