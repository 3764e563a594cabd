package bot

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/lazy"
)

// muteEach plans a maintenance for each week: "PRODUCT every Sat 22:00 for 2h REASON".
func (c *Commands) muteEach(ctx context.Context, now time.Time, e Envelope, words []string) format.Message {
	said, ok := readEach(words)
	if !ok || c.Lookups.Coming == nil {
		return format.MuteAgain(e.Command)
	}
	p, check, ok := c.mutable(said.target)
	if !ok {
		return c.which(e, "mute", said.target)
	}
	zone := cmp.Or(said.zone, c.zoneOf(ctx, now, e.User).String())
	s := incident.Standing{Product: p.ID, Check: check, Weekly: said.weekly, For: said.span, Until: said.ends, Zone: zone, By: e.User, Why: said.why, Channel: e.Channel}
	next := c.Lookups.Coming(now, []incident.Standing{s})
	i := slices.IndexFunc(next, func(m incident.Muting) bool { return m.Each != "" })
	if i < 0 {
		return format.MuteAgain(e.Command) // unreachable unless this machine does not know the zone
	}
	if _, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) { return log.DoMuteEach(now, s) }); err != nil {
		return c.refused(e, err)
	}
	f := format.EachFacts{Name: strings.TrimSpace(p.Name + " " + check), Typed: strings.TrimSpace(p.ID + " " + check), Next: next[i], Zone: zone, Command: e.Command}
	return format.MutedEach(f, now, c.Board.Definition().Timezone)
}

// Words by which somebody says that a maintenance comes again and again.
var (
	sayEach    = []string{"every", "each"}
	eachSpans  = []string{"day", "night", "week", "month", "hour", "morning", "evening", "weekday", "weekend", "workday", "year", "quarter", "other", "second", "first", "last"}
	sayAgain   = []string{"weekly", "daily", "nightly", "monthly", "hourly", "biweekly", "fortnightly", "regularly", "recurring"}
	dayNames   = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	pluralDays = []string{"mondays", "tuesdays", "wednesdays", "thursdays", "fridays", "saturdays", "sundays", "weekdays", "weekends"}
)

// comesAgain reports whether words say so: "every week", "each Saturday", "Saturdays
// 22:00", "... weekly". "weekly patches" is a reason.
func comesAgain(words []string) bool {
	for i := range words {
		if saysAgain(words, i) {
			return true
		}
	}
	return false
}

// saysAgain reports whether it is said with that word.
func saysAgain(words []string, i int) bool {
	w, next := strings.ToLower(bare(words[i])), ""
	if i+1 < len(words) {
		next = strings.ToLower(bare(words[i+1]))
	}
	figure := next != "" && next[0] >= '0' && next[0] <= '9'
	day := len(next) >= 3 && slices.Contains(dayNames, next[:3]) && (len(next) == 3 || strings.HasSuffix(next, "day") || strings.HasSuffix(next, "s") || strings.ContainsAny(next, ",-"))
	switch {
	case slices.Contains(sayEach, w):
		return slices.Contains(eachSpans, strings.TrimSuffix(next, "s")) || day || figure
	case slices.Contains(sayAgain, w):
		return i > 0 && (day || figure || slices.Contains([]string{"", "at", "from", "for", "on"}, next))
	}
	return i > 0 && (slices.Contains(pluralDays, w) || dayRange(words, i) > 0)
}

// dayRange returns of how many words the days are that stand there with a first and a
// last: "Mon-Fri", "mon to fri"; 0 when there are none.
func dayRange(words []string, i int) int {
	if from, to, ok := strings.Cut(strings.ToLower(bare(words[i])), "-"); ok && dayName(from) != "" && dayName(to) != "" {
		return 1
	}
	between := func(w string) bool {
		return slices.Contains([]string{"to", "-", "–", "through", "thru"}, strings.ToLower(w))
	}
	if i+2 < len(words) && between(words[i+1]) && dayName(strings.ToLower(bare(words[i]))) != "" && dayName(strings.ToLower(bare(words[i+2]))) != "" {
		return 3
	}
	return 0
}

// span is two times of day in one word: "22:00-24:00".
var span = lazy.Compile(`^(\d{1,2}(?:[:.]\d{2})?(?:am|pm)?)[-–](\d{1,2}(?:[:.]\d{2})?(?:am|pm)?)$`)

// apart has the first span of times as three words.
func apart(words []string) []string {
	for i, w := range words {
		m := span.FindStringSubmatch(strings.ToLower(bare(w)))
		if m == nil {
			continue
		}
		if _, ok := readClock(m[2]); !ok {
			continue
		}
		if _, ok := readClock(m[1]); !ok && !strings.HasSuffix(m[2], "m") {
			continue
		} else if !ok {
			m[1] += m[2][len(m[2])-2:] // "10-11pm"
		}
		return slices.Concat(words[:i], []string{m[1], "-", m[2]}, words[i+1:])
	}
	return words
}

// someDays are words for several days, as the configuration names them.
var someDays = map[string]string{"day": "daily", "night": "daily", "morning": "daily", "evening": "daily", "daily": "daily", "nightly": "daily",
	"weekday": "mon-fri", "workday": "mon-fri", "weekend": "sat,sun"}

// takeDays takes days from the beginning of some words: "sat", "Mon and Thu",
// "Mon-Fri", "weekdays"; how many words that are.
func takeDays(words []string) (days string, n int) {
	var list []string
	for n < len(words) {
		w := strings.ToLower(bare(words[n]))
		if dayRange(words, n) == 3 {
			list, n = append(list, dayName(w)+"-"+dayName(strings.ToLower(bare(words[n+2])))), n+3
			continue
		}
		if len(list) > 0 && (w == "and" || w == "&" || w == "") {
			n++
			continue
		}
		if several := someDays[strings.TrimSuffix(w, "s")]; several != "" && len(list) == 0 {
			return several, n + 1
		}
		read := ""
		for part := range strings.SplitSeq(w, ",") {
			from, to, isRange := strings.Cut(part, "-")
			first, last := dayName(from), dayName(to)
			switch {
			case first == "" || isRange && last == "":
				read = ""
			case isRange:
				read += "," + first + "-" + last
			default:
				read += "," + first
			}
			if read == "" {
				break
			}
		}
		if read == "" {
			break
		}
		list, n = append(list, read[1:]), n+1
	}
	return strings.Join(list, ","), n
}

// dayName is a day as the configuration names it; empty when a word is none.
func dayName(w string) string {
	w = strings.TrimSuffix(strings.TrimSuffix(w, "."), "s")
	for i := range 7 {
		name := strings.ToLower(time.Weekday(i).String())
		if len(w) >= 3 && (w == name || w == name[:3] || w == name[:min(4, len(name))] || w+"s" == name[:min(5, len(name))]) {
			return name[:3]
		}
	}
	return ""
}

// each is a maintenance that comes each week, as somebody announced it.
type each struct {
	saidMute        // ends is a time of day, "02:00"
	weekly   string // "sat 22:00"
	zone     string // empty: their own
}

// readEach reads what is to be muted each week, and when, as the configuration has
// it. False for what comes at other times than days of a week.
func readEach(words []string) (said each, ok bool) {
	days, rest := takeEach(words)
	if days == "" {
		return each{}, false
	}
	var once bool
	if said.saidMute, once = readMute(rest); !once || said.begins == "" {
		return each{}, false
	}
	own := time.FixedZone("own", 1)
	begins, named := takeZone(strings.Fields(strings.ToLower(said.begins)), someDay, own)
	if named != own {
		if _, east := someDay.In(named).Zone(); east != 0 {
			return each{}, false // a zone without summer time is hardly meant
		}
		said.zone = "UTC"
	}
	if days == eachWeek {
		var n int
		if days, n = takeDays(begins); n > 0 {
			begins = begins[n:]
		} else if len(begins) == 2 { // "22:00 sat"
			days, _ = takeDays(begins[1:])
			begins = begins[:1]
		}
	}
	if len(begins) != 1 || days == "" {
		return each{}, false
	}
	clock, ok := readClock(begins[0])
	if !ok || clock >= 24*time.Hour {
		return each{}, false
	}
	said.weekly = days + " " + onClock(clock)
	if said.ends != "" {
		until, ok := readClock(strings.ToLower(said.ends))
		if !ok || until%(24*time.Hour) == clock {
			return each{}, false
		}
		said.ends = onClock(until)
	}
	return said, true
}

func onClock(d time.Duration) string {
	d %= 24 * time.Hour
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// eachWeek are days that stand elsewhere.
const eachWeek = "week"

// takeEach takes the words that say that it comes again out of some: which days they
// name, or eachWeek. Empty for what comes at other times.
func takeEach(words []string) (days string, rest []string) {
	for i := 1; i < len(words); i++ {
		w := strings.ToLower(bare(words[i]))
		before, after := words[:i], words[i+1:]
		if i > 1 && strings.EqualFold(words[i-1], "on") {
			before = words[:i-1]
		}
		switch {
		case !saysAgain(words, i):
		case slices.Contains(sayEach, w) && strings.EqualFold(bare(after[0]), "week"):
			return eachWeek, slices.Concat(before, after[1:])
		case slices.Contains(sayEach, w):
			if days, n := takeDays(after); n > 0 {
				return days, slices.Concat(before, after[n:])
			}
			return "", nil // every second week, each month
		case w == "weekly":
			return eachWeek, slices.Concat(before, after)
		case someDays[w] != "" || slices.Contains(pluralDays, w) || dayRange(words, i) > 0:
			days, n := takeDays(words[i:])
			return days, slices.Concat(before, words[i+n:])
		default:
			return "", nil // monthly, hourly
		}
	}
	return "", nil
}
