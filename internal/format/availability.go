package format

import (
	"fmt"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/status"
)

// Availability is a product's days for the terminal, oldest first, and their sum.
func Availability(name string, days []status.Day) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", name)
	sum := status.Day{Date: fmt.Sprintf("%d days", len(days))}
	if len(days) == 1 {
		sum.Date = "1 day"
	}
	for _, d := range days {
		availabilityRow(&b, d)
		sum = sum.Plus(d)
	}
	if len(days) > 1 {
		availabilityRow(&b, sum)
	}
	return b.String()
}

func availabilityRow(b *strings.Builder, d status.Day) {
	share, measured := d.Share()
	if !measured {
		fmt.Fprintf(b, "%-10s  not measured\n", d.Date)
		return
	}
	shown := fmt.Sprintf("%.2f %%", 100*share)
	if d.Failures > 0 && shown == "100.00 %" {
		shown = ">99.99 %" // not all passed
	}
	fmt.Fprintf(b, "%-10s  %8s  %s of %s failed; hurt %s, measured in %s\n", d.Date, shown, text.Count(d.Failures), text.Count(d.Tries),
		spanOf((d.Hurt+59)/60), spanOf(d.Measured))
}

// spanOf is a number of minutes.
func spanOf(minutes int) string {
	if minutes < 60 {
		return fmt.Sprintf("%d min", minutes)
	}
	if minutes%60 == 0 {
		return fmt.Sprintf("%s h", text.Count(minutes/60))
	}
	return fmt.Sprintf("%s h %d min", text.Count(minutes/60), minutes%60)
}
