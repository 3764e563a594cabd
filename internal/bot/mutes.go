package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// mute announces maintenance: "PRODUCT for 2h REASON", or a check.
func (c *Commands) mute(ctx context.Context, now time.Time, e Envelope, words []string) format.Message {
	def := c.Board.Definition()
	if comesAgain(words) { // once would be wrong from the second time on
		return format.MuteAgain(e.Command)
	}
	said, ok := readMute(words)
	if ok && said.begins+said.ends != "" {
		ok = said.when(now, c.zoneOf(ctx, now, e.User))
	}
	if !ok {
		if len(words) == 0 {
			return c.maintenance(now, e)
		}
		return format.HowToMute(e.Command)
	}
	a, check, ok := c.mutable(said.target)
	if !ok {
		return c.which(e, "mute", said.target)
	}
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoMute(now, incident.ToMute{By: e.User, Channel: e.Channel, Product: a.ID, Check: check, Begins: said.from, For: said.span, Why: said.why})
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Muted(strings.TrimSpace(a.Name+" "+check), ev, now, def.Timezone, e.Command, strings.TrimSpace(a.ID+" "+check))
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
	for i, w := range words {
		w = strings.ToLower(bare(w))
		next := ""
		if i+1 < len(words) {
			next = strings.ToLower(bare(words[i+1]))
		}
		day := len(next) >= 3 && slices.Contains(dayNames, next[:3]) && (len(next) == 3 || strings.HasSuffix(next, "day") || strings.HasSuffix(next, "s"))
		switch {
		case slices.Contains(sayEach, w) && (slices.Contains(eachSpans, strings.TrimSuffix(next, "s")) || day || next != "" && next[0] >= '0' && next[0] <= '9'),
			i > 0 && slices.Contains(sayAgain, w) && (next == "" || next[0] >= '0' && next[0] <= '9' || next == "at" || next == "from" || next == "for" || day),
			slices.Contains(pluralDays, w) && i > 0:
			return true
		}
	}
	return false
}

// maintenance lists what is in maintenance, and what will be: what people planned,
// and the next of each that the configuration plans.
func (c *Commands) maintenance(now time.Time, e Envelope) format.Message {
	desk := c.Board.Log().Desk
	list := append(desk.MutesAt(now), desk.PlannedAt(now)...)
	if c.Coming != nil {
		list = append(list, c.Coming(now)...)
	}
	return format.Mutes(list, c.Board.Snapshot(now), e.Command)
}

// saidMute is a maintenance as somebody announced it.
type saidMute struct {
	target string        // a product or a check
	begins string        // when, as it was typed; empty for at once
	from   time.Time     // what that is
	ends   string        // when, as it was typed; empty where span is said
	span   time.Duration // how long
	why    string
}

// when reads the times as somebody in a zone means them; false if they are none.
func (s *saidMute) when(now time.Time, zone *time.Location) (ok bool) {
	from := now
	if s.begins != "" {
		if s.from, ok = parseComing(s.begins, now, zone); !ok {
			return false
		}
		from = s.from
	}
	if s.ends != "" {
		until, ok := parseComing(s.ends, from, zone)
		s.span = until.Sub(from)
		return ok
	}
	return true
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

// readMute splits "billing pay for 2h moving the database", "billing from Sat
// 22:00 for 2h moving the database", "billing until 22:00 moving it" and "billing
// tomorrow 22:00 to 23:00 moving it".
func readMute(words []string) (saidMute, bool) {
	is := func(i int, what ...string) bool {
		return i < len(words) && slices.Contains(what, strings.ToLower(words[i]))
	}
	for i := 1; i < len(words); i++ {
		if said, ok := readMuteAt(words, i, is); ok || is(i, "from") {
			return said, ok
		}
	}
	return saidMute{}, false
}

// readMuteAt reads when and why from a word on; what stands before it is muted.
func readMuteAt(words []string, i int, is func(int, ...string) bool) (saidMute, bool) {
	said := saidMute{target: strings.Join(words[:i], " ")}
	lead := is(i, "from", "at", "on")
	if lead {
		i++
	}
	if n := leadsComing(words[min(i, len(words)):]); n > 0 {
		said.begins = strings.Join(words[i:i+n], " ")
		i += n
	} else if lead {
		return saidMute{}, false
	}
	if is(i, "until", "till", "til", "to", "-", "–") && (said.begins != "" || !is(i, "to", "-", "–")) {
		n := leadsComing(words[i+1:])
		said.ends, said.why = strings.Join(words[i+1:i+1+n], " "), strings.Join(words[i+1+n:], " ")
		return said, n > 0
	}
	if is(i, "for") {
		i++
	}
	d, rest := parseSpan(words[min(i, len(words)):])
	said.span, said.why = d, strings.Join(rest, " ")
	return said, d > 0
}

// mutable finds what a mute is about: a product, or a check of one.
func (c *Commands) mutable(said string) (p status.Product, check string, ok bool) {
	f := find(c.Board.Definition(), strings.Fields(said))
	n, ok := f.one()
	return n.product, n.check.ID, ok && !f.loose
}

func (c *Commands) unmute(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	desk := c.Board.Log().Desk
	on := append(desk.MutesAt(now), desk.PlannedAt(now)...)
	p, check, ok := c.mutable(said)
	switch {
	case (said == "" || meansAll(said)) && len(on) == 1:
		p, check = status.Product{ID: on[0].Product, Name: on[0].Product}, on[0].Check
		if known, found := c.Board.Definition().FindProduct(p.ID); found {
			p = known
		}
	case said == "" || meansAll(said):
		return format.Mutes(on, c.Board.Snapshot(now), e.Command)
	case !ok:
		return c.which(e, "unmute", said)
	}
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoUnmute(now, e.User, e.Channel, p.ID, check)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Unmuted(strings.TrimSpace(p.Name + " " + check))
}
