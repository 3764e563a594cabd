package bot

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/wall"
)

// mute announces maintenance: "PRODUCT for 2h REASON", or a check.
func (c *Commands) mute(ctx context.Context, now time.Time, e Envelope, words []string) format.Message {
	def := c.Board.Definition()
	words = hoursLed(apart(words))
	if comesAgain(words) { // once would be wrong from the second time on
		return c.muteEach(ctx, now, e, words)
	}
	said, ok := readMute(words)
	if ok && (said.after > 0 || said.begins+said.ends != "") {
		ok = said.when(now, c.zoneOf(ctx, now, e.User))
	}
	if !ok {
		if len(words) == 0 {
			return c.maintenance(now, e)
		}
		if target, day, ok := c.dayAlone(words); ok {
			return format.MuteWhen(e.Command, target, day)
		}
		return format.HowToMute(e.Command)
	}
	a, check, ok := c.mutable(said.target)
	if !ok && c.leadsMutable(said.target) { // "billing Sat 25:00": the time is what is wrong
		return format.HowToMute(e.Command)
	}
	if !ok {
		return c.whichOf(e, "mute", said.target, strings.Join(words[len(strings.Fields(said.target)):], " "))
	}
	if before, in := strings.CutSuffix(strings.ToLower(said.target), " in"); in && said.begins == "" && said.after == 0 && !namedIn(a, check) {
		// "billing in 2h moving" begins in two hours, and does not say when it ends.
		if _, _, ok := c.mutable(before); ok {
			return format.HowToMute(e.Command)
		}
	}
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoMute(now, incident.ToMute{By: e.User, Channel: e.Channel, Product: a.ID, Check: check, Begins: said.from, For: said.span, Why: said.why})
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Muted(strings.TrimSpace(a.Name+" "+check), ev, now, def.Timezone, e.Command, strings.TrimSpace(a.ID+" "+check))
}

// wantsMute reads a product, or a check, and a length of time as a mute would.
func (c *Commands) wantsMute(words []string) (what, span string, ok bool) {
	for i := range words {
		if d, _ := parseSpan(words[i:]); d == 0 {
			continue
		}
		a, check, ok := c.mutable(strings.Join(without(words[:i], []string{"for", "of", "on"}), " "))
		return strings.TrimSpace(a.ID + " " + check), strings.Join(words[i:], " "), ok
	}
	return "", "", false
}

// maintenance lists what is in maintenance, and what will be: what people planned,
// and the next of each that the configuration plans.
func (c *Commands) maintenance(now time.Time, e Envelope) format.Message {
	return format.Mutes(append(c.Board.Log().Desk.MutesAt(now), c.Lookups.coming(now, c.Board.Log().Desk)...), c.Board.Snapshot(now), e.Command)
}

// saidMute is a maintenance as somebody announced it.
type saidMute struct {
	target string        // a product or a check
	begins string        // when, as it was typed; empty for at once
	after  time.Duration // from now until it begins, as in "in 2h"; 0: begins says it
	from   time.Time     // what that is
	ends   string        // when, as it was typed; empty where span is said
	span   time.Duration // how long
	why    string
}

// when reads the times as somebody in a zone means them; false if they are none. A zone
// that is named with one of two is that of the other.
func (s *saidMute) when(now time.Time, zone *time.Location) (ok bool) {
	from, shows := now.Add(s.after), time.Time{}
	if s.after > 0 {
		s.from = from
	}
	if s.ends != "" {
		if _, in, _ := readComing(s.ends, now, zone); in != nil {
			zone = in
		}
	}
	if s.begins != "" {
		if shows, zone, ok = readComing(s.begins, now, zone); !ok {
			return false
		}
		if s.from = wall.Next(shows, zone, now); !s.from.After(now) {
			return false
		}
		from = s.from
	}
	if s.ends == "" {
		return true
	}
	own, _ := from.In(zone).Zone()
	steady := time.FixedZone(cmp.Or(own, "own"), 0) // a clock that is never changed says which time is meant
	if ends, in, ok := readComing(s.ends, shows, steady); ok && in == steady && s.begins != "" {
		s.span = wall.Until(ends, from, shows, zone).Sub(from)
		return s.span > 0
	}
	until, ok := parseComing(s.ends, from, zone)
	s.span = until.Sub(from)
	return ok
}

// someDay is a time at which it is tried whether words read as one to come.
var someDay = time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC)

// leadsComing returns how many words at the beginning are a time to come.
func leadsComing(words []string) int {
	for n := min(len(words), mostWhen); n > 0; n-- {
		if _, ok := parseComing(strings.Join(words[:n], " "), someDay, time.UTC); ok && (saysWhen(words[:n]) || n > 1) {
			return n
		}
	}
	return 0
}

// leadsMutable reports whether a product, or a check of one, is followed by what begins in a figure, as times do.
func (c *Commands) leadsMutable(said string) bool {
	words := strings.Fields(said)
	n := len(words) - 1
	for n > 0 && !startsInFigures(words[n]) {
		n--
	}
	for ; n > 0; n-- {
		if _, _, ok := c.mutable(strings.Join(words[:n], " ")); ok {
			return true
		}
	}
	return false
}

// readMute splits "billing pay for 2h moving the database", "billing from Sat
// 22:00 for 2h moving the database", "billing until 22:00 moving it", "billing
// between 22:00 and 23:00 moving it" and "billing tomorrow 22:00 to 23:00 moving it".
func readMute(words []string) (saidMute, bool) {
	is := func(i int, what ...string) bool {
		return i < len(words) && slices.Contains(what, strings.ToLower(words[i]))
	}
	for i := 1; i < len(words); i++ {
		if is(i, "yesterday") {
			return saidMute{}, false // nothing is planned for what was
		}
		if said, ok := readMuteAt(words, i, is); ok || is(i, "from", "between") {
			return said, ok
		}
	}
	return saidMute{}, false
}

// readMuteAt reads when and why from a word on; what stands before it is muted.
func readMuteAt(words []string, i int, is func(int, ...string) bool) (saidMute, bool) {
	said := saidMute{target: strings.Join(words[:i], " ")}
	if is(i, "in") {
		d, rest := spanInWords(words[i+1:])
		at := len(words) - len(rest)
		if d == 0 || !is(at, "for", "until", "till", "til") {
			return saidMute{}, false
		}
		said.after, i = d, at
	}
	lead, between := is(i, "from", "at", "on", "starting", "between"), is(i, "between")
	if lead {
		i++
	}
	if is(i, "now") { // as it is without it
		lead = false
		i++
	}
	if n := max(leadsComing(words[min(i, len(words)):]), inAWord(i, lead, is)); n > 0 {
		if between && is(i+n-1, "and") { // it means nothing within a time
			n--
		}
		said.begins = strings.Join(words[i:i+n], " ")
		if before := i - 2; lead && before > 0 && isDay(words[before]) { // "tomorrow from 9:00 to 11:00"
			said.begins = words[before] + " " + said.begins
			for before > 1 && is(before-1, "on", "the", "this", "next", "coming") {
				before--
			}
			said.target = strings.Join(words[:before], " ")
		}
		i += n
	} else if lead {
		return saidMute{}, false
	}
	if between && !is(i, "and") {
		return saidMute{}, false
	}
	if between || is(i, "until", "till", "til", "to", "-", "–") && (said.begins != "" || !is(i, "to", "-", "–")) {
		n := max(leadsComing(words[i+1:]), inAWord(i+1, true, is))
		said.ends, said.why = strings.Join(words[i+1:i+1+n], " "), strings.Join(words[i+1+n:], " ")
		return said, n > 0
	}
	if is(i, "for") {
		i++
		for is(i, "the", "next") {
			i++
		}
	}
	d, rest := spanInWords(words[min(i, len(words)):])
	said.span, said.why = d, strings.Join(rest, " ")
	return said, d > 0
}

// isDay reports whether a word names a day that comes.
func isDay(word string) bool {
	w := strings.ToLower(bare(word))
	return w == "today" || w == "tomorrow" || dayName(w) != ""
}

// hoursLed writes the hours that stand as a span alone as times of day: "from 10 to 12" is
// "from 10:00 to 12:00", and "between 10 and 11pm" "between 10pm and 11pm".
func hoursLed(words []string) []string {
	hour := func(w string) bool {
		n, ok := digits(w, 2)
		return ok && n <= 24
	}
	for i := 0; i+3 < len(words); i++ {
		lead, joint := strings.ToLower(words[i]), strings.ToLower(words[i+2])
		if lead != "from" && lead != "between" || !hour(words[i+1]) || !slices.Contains([]string{"to", "until", "till", "til", "and", "-", "–"}, joint) {
			continue
		}
		from, to := words[i+1], strings.ToLower(bare(words[i+3]))
		_, clock := readClock(to)
		switch {
		case hour(to):
			from, to = from+":00", to+":00"
		case clock && strings.HasSuffix(to, "m"):
			from += to[len(to)-2:]
		case clock:
			from += ":00"
		default:
			continue
		}
		return slices.Concat(words[:i+1], []string{from, words[i+2], to}, words[i+4:])
	}
	return words
}

// dayAlone reads a product, or a check of one, and a day, of which it is not said from when
// and for how long: "billing next sat".
func (c *Commands) dayAlone(words []string) (target, day string, ok bool) {
	for i := 1; i < len(words); i++ {
		if _, _, known := c.mutable(strings.Join(words[:i], " ")); !known {
			continue
		}
		low := strings.Fields(strings.ToLower(strings.Join(words[i:], " ")))
		if rest := withoutNext(low); isDay(rest[0]) && (len(rest) == 1 || !startsInFigures(rest[1])) { // what is no time there is told as such
			return strings.Join(words[:i], " "), words[len(words)-len(rest)], true
		}
	}
	return "", "", false
}

// inAWord is 1 where a word that stands where a time must is one without figures.
func inAWord(i int, led bool, is func(int, ...string) bool) int {
	if led && is(i, "noon", "midnight") {
		return 1
	}
	return 0
}

// namedIn reports whether the name of a product or check ends in "in", as "Sign in".
func namedIn(p status.Product, check string) bool {
	for _, name := range []string{p.Name, p.ID, check} {
		if words := wordsOf(name); len(words) > 0 && words[len(words)-1] == "in" {
			return true
		}
	}
	return false
}

// mutable finds what a mute is about: a product, or a check of one.
func (c *Commands) mutable(said string) (p status.Product, check string, ok bool) {
	f := find(c.Board.Definition(), strings.Fields(said))
	n, ok := f.one()
	return n.product, n.check.ID, ok && !f.loose
}

func (c *Commands) unmute(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	desk := c.Board.Log().Desk
	on, planned := desk.MutesAt(now), desk.PlannedAt(now)
	p, check, ok := c.mutable(said)
	switch {
	case (said == "" || meansAll(said)) && len(on) == 1: // what is only planned is not meant by that
		p, check = status.Product{ID: on[0].Product, Name: on[0].Product}, on[0].Check
		if known, found := c.Board.Definition().FindProduct(p.ID); found {
			p = known
		}
	case said == "" || meansAll(said):
		return c.maintenance(now, e)
	case !ok:
		if words := apart(strings.Fields(said)); len(words) > 1 {
			if answer, ok := c.unmuteOne(ctx, now, e, words); ok {
				return answer
			}
		}
		return c.which(e, "unmute", said)
	}
	what := strings.TrimSpace(p.Name + " " + check)
	is := func(m incident.Muting) bool { return m.Product == p.ID && m.Check == check }
	goesOn := slices.ContainsFunc(on, is)
	planned = slices.DeleteFunc(planned, func(m incident.Muting) bool { return !is(m) })
	if !goesOn && len(planned) == 0 {
		if i := slices.IndexFunc(c.Lookups.coming(now, c.Board.Log().Desk), is); i >= 0 { // of what comes again people say which is meant
			return format.UnmuteWhich(what, c.Lookups.coming(now, c.Board.Log().Desk)[i], now, c.Board.Definition().Timezone, e.Command, strings.TrimSpace(p.ID+" "+check))
		}
	}
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoUnmute(now, e.User, e.Channel, p.ID, check)
	})
	if err != nil {
		return c.refused(e, err)
	}
	switch {
	case goesOn:
		return format.Unmuted(what)
	case len(planned) > 1:
		return format.Unplanned(what, len(planned), e.Command)
	}
	return format.MuteSkipped(what, planned[0], now, c.Board.Definition().Timezone, e.Command)
}

// unmuteOne takes back the next time of a maintenance, the one that begins at a time,
// or all of what somebody planned for each week: "billing next", "billing Sat 22:00",
// "billing weekly". False when the words say none of these.
func (c *Commands) unmuteOne(ctx context.Context, now time.Time, e Envelope, words []string) (format.Message, bool) {
	for i := 1; i < len(words); i++ {
		p, check, ok := c.mutable(strings.Join(words[:i], " "))
		rest := words[i:]
		if !ok {
			continue
		}
		if slices.Contains([]string{"from", "at", "on", "the"}, strings.ToLower(rest[0])) && len(rest) > 1 {
			rest = rest[1:]
		}
		what := strings.TrimSpace(p.Name + " " + check)
		if comesAgain(append([]string{p.ID}, rest...)) {
			if _, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
				return log.DoUnmuteEach(now, e.User, e.Channel, p.ID, check)
			}); err != nil {
				return c.refused(e, err), true
			}
			return format.UnmutedEach(what, e.Command), true
		}
		at, isTime := parseComing(strings.Join(rest, " "), now, c.zoneOf(ctx, now, e.User))
		switch {
		case slices.Contains([]string{"next", "once"}, strings.ToLower(rest[0])):
			at = time.Time{}
		case !isTime:
			continue
		}
		return c.skip(ctx, now, e, incident.Muting{Product: p.ID, Check: check}, at), true
	}
	return format.Message{}, false
}

// skip takes back the first of what begins after an instant, or at it alone, of a product
// or a check.
func (c *Commands) skip(ctx context.Context, now time.Time, e Envelope, of incident.Muting, at time.Time) format.Message {
	after := now
	if !at.IsZero() {
		after = at.Add(-time.Second)
	}
	is := func(m incident.Muting) bool {
		return m.Product == of.Product && m.Check == of.Check && (at.IsZero() || m.From.Equal(at))
	}
	first := of
	for _, m := range c.Lookups.coming(after, c.Board.Log().Desk) {
		if m.From.After(now) && is(m) && (first.From.IsZero() || m.From.Before(first.From)) {
			first = m
		}
	}
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) { return log.DoSkip(now, e.User, e.Channel, first) })
	if err != nil {
		return c.refused(e, err)
	}
	return format.MuteSkipped(c.productCalled(strings.TrimSpace(of.Product+" "+of.Check)), first, now, c.Board.Definition().Timezone, e.Command)
}

// productCalled is what people call a product, or a check of one, whose ids are given.
func (c *Commands) productCalled(ids string) string {
	id, check, _ := strings.Cut(ids, " ")
	if p, ok := c.Board.Definition().FindProduct(id); ok {
		id = p.Name
	}
	return strings.TrimSpace(id + " " + check)
}
