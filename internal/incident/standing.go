package incident

import (
	"slices"
	"strings"
	"time"
)

// Standing is a maintenance that comes each week, as somebody said in Slack. Each
// time of it becomes a Mute when it begins, as what the configuration plans does.
type Standing struct {
	Product string        `json:"product"` // id
	Check   string        `json:"check,omitempty"`
	Weekly  string        `json:"weekly"`          // days and a time, in the words of the configuration: "sat 22:00", "mon-fri 03:00", "daily 03:00"
	For     time.Duration `json:"for,omitempty"`   // nanoseconds; 0: until Until
	Until   string        `json:"until,omitempty"` // a time of day, "02:00"
	Zone    string        `json:"zone"`            // whose times these are, of the IANA list
	By      string        `json:"by,omitempty"`    // Slack user id
	Name    string        `json:"name,omitempty"`  // what they were called
	Why     string        `json:"why"`
	Channel string        `json:"channel,omitempty"` // where it was said
}

func (s Standing) of(product, check string) bool { return s.Product == product && s.Check == check }

// Skip is one time of a planned maintenance that was taken back.
type Skip struct {
	Product string    `json:"product"`
	Check   string    `json:"check,omitempty"`
	From    time.Time `json:"from"` // when it would begin
}

// Bounds of what is kept of them: about 500 bytes each.
const (
	mostStanding = 200
	mostSkips    = 500
)

// Skipped reports whether a planned time was taken back.
func (d Desk) Skipped(m Muting) bool {
	return slices.ContainsFunc(d.Skips, func(s Skip) bool {
		return s.Product == m.Product && s.Check == m.Check && s.From.Equal(m.From)
	})
}

// planned is the desk after one more event of a plan.
func (d Desk) planned(e Event) Desk {
	switch e.Kind {
	case MuteEach:
		if e.Each == nil {
			return d
		}
		each := *e.Each
		each.Product, each.Check, each.By, each.Name, each.Channel, each.Why = e.Product, e.Check, e.By, e.Name, e.Channel, e.Why
		same := func(s Standing) bool { return s.of(e.Product, e.Check) && s.Weekly == each.Weekly }
		d.Standing = append(slices.DeleteFunc(slices.Clone(d.Standing), same), each)
	case UnmuteEach:
		d.Standing = slices.DeleteFunc(slices.Clone(d.Standing), func(s Standing) bool { return s.of(e.Product, e.Check) })
	case Skipped:
		left := slices.DeleteFunc(slices.Clone(d.Skips), func(s Skip) bool { return e.At.Sub(s.From) > maxMute })
		d.Skips = slices.Concat(left[max(0, len(left)+1-mostSkips):], []Skip{{Product: e.Product, Check: e.Check, From: e.Begins}})
		d.Mutes = slices.Clone(d.Mutes)
		for n, m := range d.Mutes {
			if m.Product == e.Product && m.Check == e.Check && m.From.Equal(e.Begins) && m.planned(e.At) {
				d.Mutes[n].Until, d.Mutes[n].EndedBy = e.At, e.By
			}
		}
	}
	return d
}

// DoMuteEach decides a maintenance that comes each week.
func (l Log) DoMuteEach(now time.Time, s Standing) (Event, error) {
	switch {
	case s.Until == "" && (s.For < minMute || s.For > 24*time.Hour):
		return Event{}, &Refusal{Sentence: "A weekly maintenance lasts 1 min to 24 h.", Next: "A longer one is planned in the configuration, under `maintenance`."}
	case s.Why == "":
		return Event{}, &Refusal{Sentence: "A mute says why: everybody sees it.", Next: "Say it again with the reason at its end, as in `mute PRODUCT every Sat 22:00 for 2h patches`."}
	case len(l.Desk.Standing) >= mostStanding:
		return Event{}, &Refusal{Sentence: "There are 200 weekly maintenances, which is the most.", Next: "Take one back first: `unmute PRODUCT weekly`."}
	}
	each := Standing{Weekly: s.Weekly, For: s.For, Until: s.Until, Zone: s.Zone}
	return Event{Incident: DeskID, At: now, Kind: MuteEach, By: s.By, Channel: s.Channel, Product: s.Product, Check: s.Check, Why: bounded(s.Why), Each: &each}, nil
}

// DoUnmuteEach decides that what comes each week does so no longer.
func (l Log) DoUnmuteEach(now time.Time, by, channel, product, check string) (Event, error) {
	if !slices.ContainsFunc(l.Desk.Standing, func(s Standing) bool { return s.of(product, check) }) {
		return Event{}, &Refusal{Sentence: "No weekly maintenance of {} was planned in Slack.", Next: "See what is planned: `maintenance`.", Of: ofOne(product, check)}
	}
	return Event{Incident: DeskID, At: now, Kind: UnmuteEach, By: by, Channel: channel, Product: product, Check: check}, nil
}

// DoSkip decides that one time of a planned maintenance is taken back; m has no
// beginning where none is planned then.
func (l Log) DoSkip(now time.Time, by, channel string, m Muting) (Event, error) {
	once := func(o Muting) bool { return o.of(m) && o.From.Equal(m.From) && o.planned(now) } // planned after a weekly one of that time was taken back
	if !m.From.After(now) || l.Desk.Skipped(m) && !slices.ContainsFunc(l.Desk.Mutes, once) {
		return Event{}, &Refusal{Sentence: "No such maintenance of {} is planned.", Next: "See what is planned: `maintenance`.", Of: ofOne(m.Product, m.Check)}
	}
	return Event{Incident: DeskID, At: now, Kind: Skipped, By: by, Channel: channel, Product: m.Product, Check: m.Check, Begins: m.From}, nil
}

// Words are when a weekly maintenance comes: "every sat 22:00".
func (s Standing) Words() string {
	if at, ok := strings.CutPrefix(s.Weekly, "daily "); ok {
		return "every day at " + at
	}
	return "every " + s.Weekly
}
