package format

import (
	"fmt"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/status"
)

// Availability is a product's days for a terminal of 80 columns, oldest first, and their
// sum.
func Availability(name string, days []status.Day) string {
	rows := []availabilityRow{{"day", "passed", "failed/tries", "hurt", "measured"}}
	sum := status.Day{Date: fmt.Sprintf("%d days", len(days))}
	for _, d := range days {
		rows = append(rows, rowOf(d))
		sum = sum.Plus(d)
	}
	if len(days) > 1 {
		rows = append(rows, rowOf(sum))
	}
	var wide availabilityWidths
	for _, r := range rows {
		for i, cell := range r {
			wide[i] = max(wide[i], len(cell))
		}
	}
	var b strings.Builder
	b.WriteString(name + "\n")
	for _, r := range rows {
		line := fmt.Sprintf("%-*s  %*s  %*s  %*s  %*s", wide[0], r[0], wide[1], r[1], wide[2], r[2], wide[3], r[3], wide[4], r[4])
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

type (
	availabilityRow    [5]string // day, share of tries that passed, counts, hurt, measured
	availabilityWidths [5]int
)

func rowOf(d status.Day) availabilityRow {
	share, measured := d.Share()
	if !measured {
		return availabilityRow{d.Date, "", "", "", "not measured"}
	}
	shown := fmt.Sprintf("%.2f %%", 100*share)
	if d.Failures > 0 && shown == "100.00 %" {
		shown = ">99.99 %" // not all passed
	}
	return availabilityRow{d.Date, shown, text.Count(d.Failures) + "/" + text.Count(d.Tries), spanOf((d.Hurt + 59) / 60), spanOf(d.Measured)}
}

// spanOf is a number of minutes; of hundred hours and more the minutes are left out, so
// that a line of many days fits a terminal of 80 columns.
func spanOf(minutes int) string {
	if minutes < 60 {
		return fmt.Sprintf("%d min", minutes)
	}
	if minutes%60 == 0 || minutes >= 100*60 {
		return fmt.Sprintf("%s h", text.Count(minutes/60))
	}
	return fmt.Sprintf("%s h %d min", text.Count(minutes/60), minutes%60)
}
