// Package shadow holds what statusbot's checks see against what another tool says
// of the same things, try by try. A Reader fetches the other tool's verdicts; a
// Table pairs each with the nearest of our tries and counts where the two differ.
// The Table is pure: times come with what is compared.
package shadow

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// Verdict is what the other tool said of one of its tries.
type Verdict struct {
	Key     string // what it names it, as in adopt.Check.There
	At      time.Time
	Up      bool
	Unknown bool   // it could not say
	Said    string // its own words, may be empty
}

// Row is what became of one check.
type Row struct {
	Check  string `json:"check"`
	There  string `json:"there"`
	Tries  int    `json:"tries"`  // of ours
	Pairs  int    `json:"pairs"`  // of their verdicts that have a try of ours beside them
	Agreed int    `json:"agreed"` // both well, or both not
	// Edge is where the two differ and our try before or after theirs agrees: it
	// changed in between.
	Edge     int       `json:"edge"`
	WeDown   int       `json:"they_up_we_down"`
	WeUp     int       `json:"they_down_we_up"`
	Unknown  int       `json:"unknown"` // one of the two could not observe
	Examples []Example `json:"examples,omitempty"`
}

// Example is one pair of tries that differ.
type Example struct {
	At   time.Time `json:"at"`   // of their verdict
	They string    `json:"they"` // "up", "down: 503"
	We   string    `json:"we"`
}

// Differs is how often the two differed for another reason than the moment.
func (r *Row) Differs() int { return r.WeDown + r.WeUp }

const (
	examplesMax = 3
	// farAway is how far apart two tries may be, in intervals of our check, to be compared.
	farAway = 2
	kept    = 256 // tries and verdicts of one check that wait to be compared
)

// Table compares. It is not for use by several goroutines.
type Table struct {
	rows    []*line
	byCheck map[string]*line
	byThere map[string][]*line
}

type line struct {
	Row
	every time.Duration
	ours  []checks.Result // in the order of their starts
	wait  []Verdict       // that have no try of ours after them yet
	last  time.Time       // of the newest verdict
}

// NewTable makes a table of checks, each with what the other tool names it.
func NewTable(list []checks.Check, there func(id string) string) *Table {
	t := &Table{byCheck: map[string]*line{}, byThere: map[string][]*line{}}
	for i := range list {
		l := &line{Row: Row{Check: list[i].ID, There: there(list[i].ID)}, every: list[i].Every}
		t.rows, t.byCheck[l.Check] = append(t.rows, l), l
		t.byThere[l.There] = append(t.byThere[l.There], l)
	}
	return t
}

// Ours takes a result in. Those of one check come in the order of their starts, since
// none runs twice at once.
func (t *Table) Ours(r checks.Result) {
	l := t.byCheck[r.Check]
	if l == nil {
		return
	}
	l.Tries++
	l.ours = append(l.ours, r)
	l.settle(false)
	if len(l.ours) > kept {
		l.ours = slices.Delete(l.ours, 0, len(l.ours)-kept)
	}
}

// Theirs takes a verdict in; one that came before counts for nothing.
func (t *Table) Theirs(v Verdict) {
	for _, l := range t.byThere[v.Key] {
		if !v.At.After(l.last) {
			continue
		}
		l.last = v.At
		if l.wait = append(l.wait, v); len(l.wait) > kept {
			l.wait = l.wait[1:]
		}
		l.settle(false)
	}
}

// Rows ends the comparison and returns a row for each check, in their order.
func (t *Table) Rows() []Row {
	rows := make([]Row, 0, len(t.rows))
	for _, l := range t.rows {
		l.settle(true)
		rows = append(rows, l.Row)
	}
	return rows
}

// settle compares the verdicts that have a try of ours on both sides; at the end
// all of them.
func (l *line) settle(end bool) {
	for len(l.wait) > 0 {
		v := l.wait[0]
		after := slices.IndexFunc(l.ours, func(r checks.Result) bool { return r.Started.After(v.At) })
		if after < 0 && !end {
			return
		}
		l.wait = l.wait[1:]
		if after < 0 {
			after = len(l.ours)
		}
		l.pair(v, l.ours[max(after-1, 0):min(after+1, len(l.ours))])
	}
}

// pair compares a verdict with the tries next to it, one or two.
func (l *line) pair(v Verdict, near []checks.Result) {
	far := func(r checks.Result) time.Duration { return r.Started.Sub(v.At).Abs() }
	near = slices.DeleteFunc(slices.Clone(near), func(r checks.Result) bool { return far(r) > farAway*l.every })
	if len(near) == 0 {
		return
	}
	slices.SortFunc(near, func(x, y checks.Result) int { return int(far(x) - far(y)) })
	l.Pairs++
	differs := func(r checks.Result) bool { return up(r) != v.Up }
	ours := near[0]
	switch {
	case v.Unknown || ours.Outcome == checks.Unknown:
		l.Unknown++
	case !differs(ours):
		l.Agreed++
		return
	case len(near) > 1 && near[1].Outcome != checks.Unknown && !differs(near[1]):
		l.Edge++
		return
	case v.Up:
		l.WeDown++
	default:
		l.WeUp++
	}
	if len(l.Examples) < examplesMax {
		l.Examples = append(l.Examples, Example{At: v.At, They: v.words(), We: words(ours)})
	}
}

// up is what the other tool would call a result.
func up(r checks.Result) bool { return r.Outcome == checks.Pass || r.Outcome == checks.Degraded }

func words(r checks.Result) string {
	s := string(r.Outcome)
	if r.Reason != checks.ReasonNone {
		s += " (" + string(r.Reason) + ")"
	}
	if r.Summary != "" {
		s += ": " + r.Summary
	}
	return s
}

func (v Verdict) words() string {
	s := map[bool]string{true: "up", false: "down"}[v.Up]
	if v.Unknown {
		s = "not known"
	}
	if v.Said != "" {
		s += ": " + v.Said
	}
	return s
}
