package impact

import (
	"fmt"
	"math"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// Impact is what clients of one product feel at one instant.
type Impact struct {
	Level     Level
	Why       string    // what decided the level; empty when all is as usual
	Onset     time.Time // when the present trouble began, most likely; zero when there is none
	OnsetLow  time.Time // with OnsetHigh, its 95 % interval
	OnsetHigh time.Time
	Changed   time.Time // when the level last changed; zero when it never did
	Slow      bool      // the trouble is slowness, not failures
	Scope     string    // the part of the product that shows the trouble: "all", "check:ID", "component:ID", "region:R", "vantage:V"

	Counts                  // of the results from From until now, exact
	From      time.Time     // a window ago, or when results began; of what is hurt its onset, of what is down when that began, of what was down when it answered again, of what is over its end, where that is later; zero without a check
	Low, High float64       // 95 % interval of the failure share
	Window    time.Duration // over which Counts go at most, but for rare checks
	Since     Counts        // since the onset, without the result that it was chosen for; Failures are slow answers too when the trouble is slowness
	Spread    float64       // by how many times Since varies more than independent tries
	Unseen    int           // streams of checks that have no result since the onset yet
	Clean     int           // results in a row without the trouble, since LastBad
	LastBad   time.Time     // end of the last result that had it; zero when there was none
	Needed    int           // Clean at which the trouble counts as over, if nothing more fails; 0 when nothing is to be recovered from
	Limit     float64       // failure share that the end of the trouble excludes
	Down      *Down         // while it is down: since when, and what failed; nil otherwise
	Answers   *Answers      // after it was down, until the trouble is over or it is down again; nil otherwise
	Proof     *Proof        // after a trouble: the evidence that it is over; nil otherwise
	Doubt     bool          // more results would settle something: evidence of trouble that is no alarm yet, or a run without any that does not prove the recovery yet, up to 2 h
	Held      bool          // a trouble of it began and is not told yet: it may be our own vantage's, or a short one as there are
	Learning  int           // checks with too little history: a safe prior stands in for it

	P50, P95 time.Duration // latency of served results, within 5 %; 0 when none was served
	UsualP95 time.Duration // the same in times without trouble; 0 while not known
	Usual    float64       // failure share in times without trouble

	Vantage  string    // the vantage of ours that fails, when the level is unknown by that
	AsOf     time.Time // end of the newest result; zero when there is none
	Measured int       // checks with a measurement not older than 3 intervals
	Stale    int       // checks without one
}

// Proof is the evidence that a trouble is over, in two steps.
type Proof struct {
	Accepted  bool      // it is not over: after a long time it is what is usual
	Repeats   int       // with Accepted: the troubles that came back again and again until they were usual; 0 when it was one that lasted
	Slow      bool      // the trouble was slowness
	Onset     time.Time // of the trouble, as it was told
	Began     time.Time // when it began, by its whole course: never after Onset; zero where that is not known
	Since     time.Time // its last bad result
	Ended     time.Time // when it ended, most likely; zero where that is not known
	EndedLow  time.Time // with EndedHigh, its 95 % interval
	EndedHigh time.Time
	Recovered time.Time // first step: the trouble's rate is excluded
	Excluded  float64   // the share excluded by it
	Proven    time.Time // second step: a share of Limit is excluded with 99 %; zero until then
	Limit     float64   // four times what is usual, at least 1 %
	Usual     float64   // share that is usual
	Share     float64   // of the trouble
	N, Bad    int       // results since Since, and bad ones among them
	Before    int       // of N, those until Recovered: none of them was bad, and the second step does not count them
	Needed    int       // about the N at which the second step is reached, if nothing more is bad; 0 once it is, and with Accepted
	Marked    time.Time // the last action before it; zero when there was none
}

// CheckImpact is the part of one check in its product's impact.
type CheckImpact struct {
	ID        string
	Counts            // over the window
	Low, High float64 // 95 % interval of the failure share
	P50, P95  time.Duration
	AsOf      time.Time      // end of the newest result; zero when there is none
	Newest    checks.Outcome // of the newest result; empty when there is none
	Stale     bool           // no measurement for more than 3 intervals
	Span      time.Duration  // from the oldest result counted until now: longer than the window for rare checks
	Usual     float64        // failure share in times without trouble
	History   int            // results that this is known from
	Learning  bool           // too few of them
}

// At returns the impact at an instant.
func (t *Tracker) At(now time.Time) Impact {
	m := &t.now
	im := Impact{Level: OK, Window: t.cfg.Window}
	usual, at, asOf := 0.0, now.UnixNano(), int64(0)
	for i, c := range t.list {
		of := t.span(c)
		for _, tp := range c.tapes() {
			tp.window.expire(at, of, &t.latency)
			im.Counts = im.plus(tp.window.counts.long())
		}
		asOf = max(asOf, c.asOf)
		if c.stale(at) {
			im.Stale++
		} else {
			im.Measured++
		}
		stream := t.usually(i, &m.Streams[c.tapes()[0].number])
		usual += stream.usual
		if stream.learning {
			im.Learning++
		}
	}
	im.AsOf = instant(asOf)
	im.Usual = usual / float64(max(len(t.list), 1))
	im.P50, im.P95 = t.latency.quantile(0.5), t.latency.quantile(0.95)
	if t.usual.n >= paceKnown {
		im.UsualP95 = t.usual.quantile(0.95)
	}
	t.describe(&im)
	t.spanned(&im, now)
	im.Low, im.High = Wilson(im.Failures, im.Tries)
	im.Doubt = im.Level.Hurt() && im.Clean > 0 || !im.Level.Hurt() && m.Total >= t.doubt() || im.Proof.doubted(now)
	if im.Measured == 0 {
		im.Doubt = im.Doubt && im.Proof == nil // nobody sees it
		im.Level = Unknown
		im.Why = staleWhy(len(t.list), im.AsOf)
	}
	return im
}

// ProofWait is how long after the first step of a recovery the second is waited
// for, and more results are asked for (docs/adr/0028-proof-closes.md).
const ProofWait = 2 * time.Hour

func (p *Proof) doubted(now time.Time) bool {
	return p != nil && !p.Accepted && p.Proven.IsZero() && now.Sub(p.Recovered) < ProofWait
}

// describe tells what the model says.
func (t *Tracker) describe(im *Impact) {
	if q := t.now.Quiet; q.On || q.Accepted {
		im.Proof = &Proof{Accepted: q.Accepted, Repeats: q.Repeats, Slow: q.Slow, Onset: instant(q.Onset), Began: instant(q.Began), Since: instant(q.Since), Recovered: instant(q.Recovered),
			Ended: instant(q.Ended), EndedLow: instant(q.EndedLow), EndedHigh: instant(q.EndedHigh),
			Excluded: q.Excluded, Limit: q.Limit, Usual: q.Usual, Share: q.Share, N: q.N, Bad: q.Bad, Before: q.Before, Marked: instant(q.Marked), Proven: instant(q.ProvenAt)}
		if left := t.now.unproven(&t.design); left > 0 {
			im.Proof.Needed = q.N + left
		}
		im.Changed = instant(q.Recovered)
		im.Clean, im.LastBad = q.N-q.Bad, instant(q.Since)
		if q.Bad > 0 {
			im.Clean = 0
		}
	}
	tr := &t.now.Trouble
	if !tr.On {
		return
	}
	im.Level, im.Slow, im.Scope = Degraded, tr.Slow, tr.Scope
	if tr.Outage {
		im.Level = Outage
	}
	im.Onset, im.OnsetLow, im.OnsetHigh, im.Changed = instant(tr.Onset), instant(tr.OnsetLow), instant(tr.OnsetHigh), instant(tr.Changed)
	im.Clean, im.LastBad = tr.Clean, instant(tr.LastBad)
	im.Needed = tr.Clean + t.now.more(&t.design)
	im.Limit = t.now.limit()
	im.Since, im.Spread, im.Unseen = tr.settled(), t.now.spread(), t.now.unseen()
	im.Why = tr.Why
	tr.describeDown(im)
}

// Trouble is what is known of a product's present trouble, in short.
type Trouble struct {
	On           bool
	Slow         bool
	Onset, Began time.Time
}

// Trouble returns the present trouble.
func (t *Tracker) Trouble() Trouble {
	tr := &t.now.Trouble
	return Trouble{On: tr.On, Slow: tr.Slow, Onset: instant(tr.Onset), Began: instant(tr.Began)}
}

func instant(unixNano int64) time.Time {
	if unixNano == 0 {
		return time.Time{}
	}
	return time.Unix(0, unixNano).UTC()
}

func staleWhy(n int, asOf time.Time) string {
	switch {
	case n == 0:
		return "no check is defined"
	case asOf.IsZero():
		return "no result yet"
	default:
		return "no measurement for more than 3 intervals"
	}
}

func (c *checkState) stale(now int64) bool {
	return c.measured == 0 || time.Duration(now-c.measured) > max(staleAfter*c.every, time.Duration(slipFactor*c.slips))
}

// Checks returns the part of each check at an instant, as declared. Their
// counts go over the same span as those of the product, and add up to them.
func (t *Tracker) Checks(now time.Time) []CheckImpact {
	since := int64(0)
	if from := t.At(now).From; from.UnixNano() > t.begin(now.UnixNano()) {
		since = from.UnixNano()
	}
	out := make([]CheckImpact, 0, len(t.list))
	var took []uint32
	for _, c := range t.list {
		ci := CheckImpact{ID: c.id, AsOf: instant(c.asOf), Stale: c.stale(now.UnixNano())}
		if c.asOf != 0 {
			ci.Newest = outcomes[c.newest]
		}
		took = took[:0]
		oldest := int64(math.MaxInt64)
		of := t.span(c)
		for _, tp := range c.tapes() {
			tp.window.expire(now.UnixNano(), of, &t.latency)
			tp.window.allSince(since, func(s seen) {
				ci.Counts = ci.plus(countOf(s))
				oldest = min(oldest, s.at)
				if s.served() {
					took = append(took, s.tookUS)
				}
			})
			s := &t.now.Streams[tp.number]
			ci.History += int(s.Fail.N)
			ci.Usual = max(ci.Usual, s.usual().mean(failPrior))
		}
		ci.Learning = ci.History < learnt
		ci.Low, ci.High = Wilson(ci.Failures, ci.Tries)
		q := quantiles(took, 0.5, 0.95)
		ci.P50, ci.P95 = q[0], q[1]
		if oldest < math.MaxInt64 {
			ci.Span = now.Sub(time.Unix(0, oldest))
		}
		out = append(out, ci)
	}
	return out
}

// Trend is the direction of a product since an earlier update.
type Trend string

const (
	Worse  Trend = "worse"
	Same   Trend = "same"
	Better Trend = "better"
)

// movedBy is from how many standard errors on a difference of two shares is
// told. An update compares some ten products, and there are hundreds of them
// in a night: at 1.96 every third said "worse" or "better" by chance, and the
// next one the opposite; at 3 it is two or three in a night.
const movedBy = 3

// Moved says whether a failure share differs from an earlier one by more than
// chance explains (the pooled test of two shares).
func Moved(was, now Counts) Trend {
	if was.Tries == 0 || now.Tries == 0 {
		return Same
	}
	n0, n1 := float64(was.Tries), float64(now.Tries)
	p := float64(was.Failures+now.Failures) / (n0 + n1)
	d := now.Share() - was.Share()
	switch e := movedBy * math.Sqrt(p*(1-p)*(1/n0+1/n1)); {
	case d > 0 && d >= e:
		return Worse
	case d < 0 && -d >= e:
		return Better
	default:
		return Same
	}
}

// because says in a sentence without a full stop what showed a trouble.
func because(slow bool, bad, n int) string {
	if slow {
		return fmt.Sprintf("%d of %d were slower than usual", bad, n)
	}
	return fmt.Sprintf("%d of %d failed", bad, n)
}
