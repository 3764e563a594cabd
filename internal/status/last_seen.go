package status

import (
	"math"
	"time"
	"unique"

	"github.com/statusbot/statusbot/internal/checks"
)

// lastSeen is the newest result of a check, in 56 bytes in place of 176: what most checks
// say alike is kept once. Its zero value is none.
type lastSeen struct {
	started  int64 // unix nanoseconds
	duration time.Duration
	said     unique.Handle[said]
	phases   [5]uint32 // nanoseconds, in the order of checks.Phases
	rare     *rareSeen // nil of a plain pass
}

// said is what a result says in words.
type said struct {
	outcome checks.Outcome
	reason  checks.Reason
	summary string
	vantage string
}

// rareSeen is what few results have.
type rareSeen struct {
	evidence *checks.Evidence
	phases   *checks.Phases // in place of the short ones, where one is longer than 4 s
}

// take makes it that of r, unless r is older.
func (l *lastSeen) take(r *checks.Result) {
	at := r.Started.UnixNano()
	there := l.there()
	if there && at < l.started {
		return
	}
	l.started, l.duration, l.rare = at, r.Duration, nil
	if is := (said{r.Outcome, r.Reason, r.Summary, r.Vantage}); !there || l.said.Value() != is {
		l.said = unique.Make(is)
	}
	fits := true
	for i, d := range [...]time.Duration{r.Phases.DNS, r.Phases.Connect, r.Phases.TLS, r.Phases.FirstByte, r.Phases.Transfer} {
		l.phases[i] = uint32(d)
		fits = fits && d >= 0 && d <= math.MaxUint32
	}
	if r.Evidence != nil || !fits {
		l.rare = &rareSeen{evidence: r.Evidence}
	}
	if !fits {
		long := r.Phases
		l.rare.phases = &long
	}
}

func (l *lastSeen) there() bool { return l.said != unique.Handle[said]{} }

// of returns it as the result that it was of a check; its Check is empty when there is
// none.
func (l *lastSeen) of(c *checks.Check) checks.Result {
	if !l.there() {
		return checks.Result{}
	}
	is, p := l.said.Value(), &l.phases
	r := checks.Result{Check: c.ID, Product: c.Product, Vantage: is.vantage, Started: time.Unix(0, l.started).UTC(), Duration: l.duration,
		Outcome: is.outcome, Reason: is.reason, Summary: is.summary,
		Phases: checks.Phases{DNS: time.Duration(p[0]), Connect: time.Duration(p[1]), TLS: time.Duration(p[2]), FirstByte: time.Duration(p[3]), Transfer: time.Duration(p[4])}}
	if l.rare != nil {
		r.Evidence = l.rare.evidence
		if l.rare.phases != nil {
			r.Phases = *l.rare.phases
		}
	}
	return r
}
