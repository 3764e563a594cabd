package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/wall"
)

// Maintenance is planned work on some products or checks, once or again and again.
type Maintenance struct {
	Products []string // ids
	Checks   []CheckOf
	Why, By  string // By: who plans it, for people; may be empty

	once    beginning // zero for what comes again
	again   []recurring
	lasts   time.Duration // 0: until ends
	ends    time.Duration // time of day
	endDate time.Time     // of what comes once, in place of both
	zone    *time.Location
}

// CheckOf is a check with its product.
type CheckOf struct{ Product, Check string } // ids

// Window is one time of a maintenance of a product or a check.
type Window struct {
	Product, Check string // ids; Check: only that one is meant
	From, Until    time.Time
	By, Why        string
}

// As for a mute that is said in Slack.
const (
	shortestWindow = time.Minute
	longestWindow  = 7 * 24 * time.Hour
)

type rawMaintenance struct {
	Products []string      `mapstructure:"products"`
	Checks   []string      `mapstructure:"checks"`
	Why      string        `mapstructure:"why"`
	By       string        `mapstructure:"by"`
	Timezone string        `mapstructure:"timezone"`
	From     string        `mapstructure:"from"`
	Weekly   []string      `mapstructure:"weekly"`
	Cron     []string      `mapstructure:"cron"`
	For      time.Duration `mapstructure:"for"`
	Until    string        `mapstructure:"until"`
}

// Planned returns what is planned for an instant, by all maintenances.
func (c *Config) Planned(at time.Time) []Window {
	var all []Window
	for i := range c.Maintenance {
		m := &c.Maintenance[i]
		if from, until, ok := m.at(at); ok {
			all = m.mutings(all, from, until)
		}
	}
	return all
}

// Coming returns the next of each maintenance after an instant.
func (c *Config) Coming(after time.Time) []Window {
	var all []Window
	for i := range c.Maintenance {
		m := &c.Maintenance[i]
		if from, until, ok := m.Next(after); ok {
			all = m.mutings(all, from, until)
		}
	}
	return all
}

func (m *Maintenance) mutings(all []Window, from, until time.Time) []Window {
	for _, p := range m.Products {
		all = append(all, Window{Product: p, From: from, Until: until, By: m.By, Why: m.Why})
	}
	for _, c := range m.Checks {
		all = append(all, Window{Product: c.Product, Check: c.Check, From: from, Until: until, By: m.By, Why: m.Why})
	}
	return all
}

// Weekly is a maintenance that comes each week, as under weekly, for or until; zone
// is a name of the IANA list.
func Weekly(weekly, until, zone string, lasts time.Duration) (*Maintenance, error) {
	in, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("read the time zone: %w", err)
	}
	m := &Maintenance{lasts: lasts, zone: in}
	r, err := readWeekly(weekly, in)
	if err != nil {
		return nil, err
	}
	m.again = []recurring{r}
	if lasts == 0 {
		clock, ok := readClock(until)
		if !ok {
			return nil, errNotWeekly
		}
		m.ends = clock
	}
	return m, nil
}

// At returns the time of it that an instant lies in; false when it lies in none.
func (m *Maintenance) At(now time.Time) (from, until time.Time, ok bool) { return m.at(now) }

// Next returns the first time of it that begins after an instant; false when there
// is none.
func (m *Maintenance) Next(after time.Time) (from, until time.Time, ok bool) {
	begins := m.next(after)
	if begins.at.IsZero() {
		return from, until, false
	}
	return begins.at, m.end(begins), true
}

// next returns the first beginning after an instant; zero when there is none.
func (m *Maintenance) next(after time.Time) (first beginning) {
	if m.once.at.After(after) {
		return m.once
	}
	for _, r := range m.again {
		if b := r.next(after); first.at.IsZero() || !b.at.IsZero() && b.at.Before(first.at) {
			first = b
		}
	}
	return first
}

// end is when what begins ends.
func (m *Maintenance) end(b beginning) time.Time {
	switch {
	case m.lasts > 0:
		return b.at.Add(m.lasts)
	case !m.once.at.IsZero():
		return m.endDate
	}
	return b.until(m.ends, m.zone)
}

// at returns the maintenance that goes on at an instant. One follows the other,
// so that what began last decides.
func (m *Maintenance) at(now time.Time) (from, until time.Time, ok bool) {
	longest := m.lasts
	if longest == 0 {
		longest = 24*time.Hour + lookBack
	}
	if !m.once.at.IsZero() {
		until = m.end(m.once)
		return m.once.at, until, !now.Before(m.once.at) && now.Before(until)
	}
	for b := m.next(now.Add(-longest - time.Nanosecond)); !b.at.IsZero() && !b.at.After(now); b = m.next(b.at) {
		if end := m.end(b); end.After(now) {
			from, until, ok = b.at, end, true
		}
	}
	return from, until, ok
}

// maintenances checks what is planned in all files together.
func (l *loading) maintenances(cfg *Config, now time.Time) []Maintenance {
	ofCheck := map[string]string{} // :: check -> product
	for _, c := range cfg.Checks {
		ofCheck[c.ID] = c.Product
	}
	known := map[string]*item{} // :: check
	off := map[string]bool{}    // :: check that is switched off
	for _, d := range l.checks {
		known[d.raw.ID] = d.item
	}
	for _, d := range l.disabled {
		known[d.raw.ID], off[d.raw.ID] = d.item, true
	}
	var all []Maintenance
	for _, d := range l.planned {
		before := len(l.problems)
		m := Maintenance{Products: d.raw.Products, Why: strings.TrimSpace(d.raw.Why), By: strings.TrimSpace(d.raw.By), zone: cfg.Timezone}
		if len(m.Products) == 1 && m.Products[0] == "*" {
			m.Products = nil
			for _, p := range cfg.Products {
				m.Products = append(m.Products, p.ID)
			}
		} else {
			l.references(d.item, "products", d.raw.Products, "product", l.productIDs())
		}
		l.references(d.item, "checks", d.raw.Checks, "check", known)
		for _, id := range d.raw.Checks {
			if off[id] {
				continue
			}
			if ofCheck[id] == "" && known[id] != nil {
				l.note(d.item, "checks", fmt.Sprintf("%q is a control check, which is of no product", clip(id)), "leave it out")
			}
			m.Checks = append(m.Checks, CheckOf{ofCheck[id], id})
		}
		l.aboutMaintenance(d)
		l.timesOf(d, &m)
		if len(l.problems) > before {
			continue
		}
		if !m.once.at.IsZero() && !m.end(m.once).After(now) {
			l.warnings = append(l.warnings, d.doc.problem(d.item.at("from"), join(d.item.path, "from"), "is over", "remove it, or plan the next"))
		}
		all = append(all, m)
	}
	return all
}

// aboutMaintenance notes what is missing but the times.
func (l *loading) aboutMaintenance(d declared[rawMaintenance]) {
	if len(d.raw.Products)+len(d.raw.Checks) == 0 {
		l.note(d.item, "products", "are missing", `write products: [ID], products: "*" for all, or checks: [ID]`)
	}
	if strings.TrimSpace(d.raw.Why) == "" {
		l.note(d.item, "why", "is missing: everybody sees it", "write for example why: moving the database")
	}
}

// timesOf reads when a maintenance is.
func (l *loading) timesOf(d declared[rawMaintenance], m *Maintenance) {
	raw := d.raw
	if raw.Timezone != "" {
		zone, ok := zoneNamed(raw.Timezone)
		if !ok {
			l.note(d.item, "timezone", fmt.Sprintf("%q is not a time zone", clip(raw.Timezone)), `write a name of the IANA list such as "America/New_York" or "UTC"`)
			return
		}
		m.zone = zone
	}
	ways := 0
	for _, given := range []bool{raw.From != "", len(raw.Weekly) > 0, len(raw.Cron) > 0} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		l.note(d.item, "from", "must be given, or weekly, or cron: one of them", `write from: "2026-12-05 22:00", weekly: Sat 22:00 or cron: "0 22 1 * *"`)
		return
	}
	if d.item.wrote("for") == d.item.wrote("until") {
		l.note(d.item, "for", "must be given, or until: one of them", `write for: 2h, or until: "02:00"`)
		return
	}
	if d.item.wrote("for") && (raw.For < shortestWindow || raw.For > longestWindow) {
		l.note(d.item, "for", fmt.Sprintf("%s is not between 1m and 168h", shortDuration(raw.For)), "write for example for: 2h")
		return
	}
	m.lasts = raw.For
	if raw.From != "" {
		l.onceOf(d, m)
		return
	}
	l.againOf(d, m)
}

// onceOf reads a maintenance that comes once.
func (l *loading) onceOf(d declared[rawMaintenance], m *Maintenance) {
	const instead = `write "2026-12-05 22:00", in timezone, or with its offset "2026-12-05T22:00:00+01:00"`
	var ok bool
	if m.once, ok = readInstant(d.raw.From, m.zone); !ok {
		l.note(d.item, "from", fmt.Sprintf("%q is not a date with a time", clip(d.raw.From)), instead)
		return
	}
	l.changedClock(d, m)
	if d.raw.Until == "" {
		return
	}
	if clock, isClock := readClock(d.raw.Until); isClock {
		m.endDate = m.once.until(clock, m.zone)
	} else if ends, ok := readInstant(d.raw.Until, m.zone); ok {
		m.endDate = ends.at
	} else {
		l.note(d.item, "until", fmt.Sprintf("%q is not a time, nor a date with a time", clip(d.raw.Until)), instead)
		return
	}
	if length := m.endDate.Sub(m.once.at); length < shortestWindow || length > longestWindow {
		l.note(d.item, "until", "is not between 1 minute and 7 days after from", "write a later one, or several maintenances")
	}
}

// changedClock warns of a beginning that the clock on the wall shows never, or twice.
func (l *loading) changedClock(d declared[rawMaintenance], m *Maintenance) {
	at := m.once.at.In(m.zone)
	second := wall.Last(m.once.shows, m.zone, at.Add(lookBack)).In(m.zone)
	problem, instead := "", ""
	if _, err := time.Parse(time.RFC3339, strings.TrimSpace(d.raw.From)); err == nil {
		return // it has its own offset, so it is one instant
	}
	switch {
	case !wall.Of(at).Equal(m.once.shows):
		problem, instead = "is a time that does not come: clocks are put forward over it", "it begins then, at "+at.Format("15:04")
	case second.After(at):
		problem, instead = "is a time that comes twice, as clocks are put back: it begins the first time", "write "+strconv.Quote(at.Format(time.RFC3339))+", or for the second "+strconv.Quote(second.Format(time.RFC3339))
	default:
		return
	}
	l.warnings = append(l.warnings, d.doc.problem(d.item.at("from"), join(d.item.path, "from"), problem, instead))
}

// againOf reads a maintenance that comes again and again.
func (l *loading) againOf(d declared[rawMaintenance], m *Maintenance) {
	key, list, read := "weekly", d.raw.Weekly, readWeekly
	if len(list) == 0 {
		key, list, read = "cron", d.raw.Cron, readCron
	}
	for _, said := range list {
		r, err := read(said, m.zone)
		if err != nil {
			l.note(d.item, key, fmt.Sprintf("%q %v", clip(said), err), "")
			return
		}
		m.again = append(m.again, r)
	}
	if d.raw.Until != "" {
		clock, ok := readClock(d.raw.Until)
		if !ok {
			l.note(d.item, "until", fmt.Sprintf("%q is not a time of day", clip(d.raw.Until)), `write for example until: "02:00"`)
			return
		}
		m.ends = clock
	}
	switch overlaps, pauses := m.onOneClock().spacing(); {
	case overlaps:
		l.note(d.item, key, "begins again before it ends", "write a shorter for, or fewer times")
	case !pauses:
		l.note(d.item, key, "never ends: it begins again as it ends", "write a shorter for, or fewer times")
	}
}

// onOneClock is the maintenance by a clock that is never put forward or back: what
// follows at once on other days may overlap by an hour on those.
func (m *Maintenance) onOneClock() *Maintenance {
	c := &Maintenance{zone: time.UTC, lasts: m.lasts, ends: m.ends}
	for _, r := range m.again {
		c.again = append(c.again, recurring{clock: r.clock, zone: time.UTC})
	}
	return c
}

// spacing says whether one that comes again begins before the one before it has
// ended, and whether there is ever a pause between two.
func (m *Maintenance) spacing() (overlaps, pauses bool) {
	begins := m.next(time.Unix(0, 0))
	const looked = 60 // beginnings: two months of every day
	for range looked {
		next, end := m.next(begins.at), m.end(begins)
		switch {
		case next.at.IsZero():
			return false, true
		case next.at.Before(end):
			return true, pauses
		case next.at.After(end):
			pauses = true
		}
		begins = next
	}
	return false, pauses
}

// readInstant reads a date with a time in a zone, or with its own offset.
func readInstant(said string, zone *time.Location) (beginning, bool) {
	said = strings.TrimSpace(said)
	if at, err := time.Parse(time.RFC3339, said); err == nil {
		return beginning{at, wall.Of(at.In(zone))}, true
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if shows, err := time.Parse(layout, said); err == nil {
			return beginning{wall.First(shows, zone), shows}, true
		}
	}
	return beginning{}, false
}
