package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/statusbot/statusbot/internal/wall"
)

// recurring says when something begins again and again, by the clock on the wall
// of a zone: each such time once, whether clocks are put forward over it (then at
// that moment) or back (then the first time).
type recurring struct {
	clock cron.Schedule // in UTC, which has every time of day on every day
	zone  *time.Location
}

// lookBack is more than clocks are ever put back by.
const lookBack = 3 * time.Hour

// beginning is an instant at which something begins, and what the clock on the wall was
// planned to show then, as that time in UTC: another where it is put forward over it.
type beginning struct{ at, shows time.Time }

// next returns the first beginning after an instant; zero when there is none in
// the next years.
func (r recurring) next(after time.Time) beginning {
	shows := wall.Of(after.In(r.zone)).Add(-lookBack)
	for {
		if shows = r.clock.Next(shows); shows.IsZero() {
			return beginning{}
		}
		if at := wall.First(shows, r.zone); at.After(after) {
			return beginning{at, shows}
		}
	}
}

// until is the first time after it that the clock of a zone shows a time of day.
func (b beginning) until(clock time.Duration, zone *time.Location) time.Time {
	end := b.shows.Truncate(24 * time.Hour).Add(clock)
	if !end.After(b.shows) {
		end = end.Add(24 * time.Hour)
	}
	return wall.Until(end, b.at, b.shows, zone)
}

var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

var errNotCron = errors.New("is not five fields such as \"0 22 * * 6\"")

// readCron reads the five fields of a crontab, or @weekly and its like.
func readCron(spec string, zone *time.Location) (recurring, error) {
	if strings.Contains(spec, "=") || strings.HasPrefix(strings.TrimSpace(spec), "@every") {
		return recurring{}, errNotCron // a zone stands beside it; what comes every so often has no clock
	}
	s, err := cronParser.Parse(sundays(spec))
	if err != nil {
		return recurring{}, errNotCron
	}
	fields, ok := s.(*cron.SpecSchedule)
	if !ok {
		return recurring{}, errNotCron // unreachable: the parser has no other
	}
	fields.Location = time.UTC
	if fields.Next(time.Unix(0, 0).UTC()).IsZero() {
		return recurring{}, errors.New("never comes") // the 30th of February
	}
	return recurring{clock: fields, zone: zone}, nil
}

// sundays writes the day 7 of a crontab, which is Sunday as 0 is, as 0: the parser
// knows none. "5-7" is days one by one.
func sundays(spec string) string {
	fields := strings.Fields(spec)
	if len(fields) != 5 || !strings.Contains(fields[4], "7") {
		return spec
	}
	var days []string
	for part := range strings.SplitSeq(fields[4], ",") {
		span, step, stepped := strings.Cut(part, "/")
		from, to, _ := strings.Cut(span, "-")
		first, err := strconv.Atoi(from)
		every, wrong := 1, error(nil)
		if stepped {
			every, wrong = strconv.Atoi(step)
		}
		if span != "7" && to != "7" || err != nil || wrong != nil || every < 1 || first < 0 || first > 7 {
			days = append(days, part)
			continue
		}
		for d := first; d <= 7; d += every {
			days = append(days, strconv.Itoa(d%7))
		}
	}
	fields[4] = strings.Join(days, ",")
	return strings.Join(fields, " ")
}

var errNotWeekly = errors.New(`is not days and a time, such as "Sat 22:00", "Mon-Fri 03:00" or "daily 03:00"`)

// readWeekly reads "Sat 22:00", "Mon-Fri 03:00", "Tue,Thu 12:30", "daily 03:00".
func readWeekly(said string, zone *time.Location) (recurring, error) {
	words := strings.Fields(strings.ToLower(said))
	if len(words) != 2 {
		return recurring{}, errNotWeekly
	}
	clock, ok := readClock(words[1])
	if !ok {
		return recurring{}, errNotWeekly
	}
	days := "*"
	if words[0] != "daily" {
		var list []string
		for part := range strings.SplitSeq(words[0], ",") {
			from, to, isRange := strings.Cut(part, "-")
			first, last := weekday(from), weekday(to)
			if !isRange {
				last = first
			}
			if first < 0 || last < 0 {
				return recurring{}, errNotWeekly
			}
			for d := first; ; d = (d + 1) % 7 {
				list = append(list, fmt.Sprint(d))
				if d == last {
					break
				}
			}
		}
		days = strings.Join(list, ",")
	}
	return readCron(fmt.Sprintf("%d %d * * %s", int(clock/time.Minute)%60, int(clock/time.Hour), days), zone)
}

// weekday is the number of a day by its English name, or the beginning of it; -1
// for none.
func weekday(said string) int {
	if len(said) < 2 {
		return -1
	}
	return slices.IndexFunc([]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"},
		func(name string) bool { return strings.HasPrefix(name, said) })
}

// readClock reads a time of day, "22:00".
func readClock(said string) (time.Duration, bool) {
	t, err := time.Parse("15:04", said)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil
}
