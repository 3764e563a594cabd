package publish

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

const (
	// rateBack is how far back the share that fails is compared at most.
	rateBack = 6 * time.Hour
	// quietTries is how long a share that fell is not told as a step while it may be
	// quiet by what failed in its last quietTail: that says more.
	quietTries = 15 * time.Minute
	quietTail  = 5 * time.Minute
	// downTries is how long a share that rose to most of the tries is not told as a
	// step: the product may be down, which says more.
	downTries = time.Minute
	downAt    = 0.5 // most
	// oneOnset is how much later than the others a product may have begun to fail,
	// as far as that can be seen, and still do so for the same reason.
	oneOnset = 10 * time.Minute
	// joinedFor is how long a product that joined the others fails before it is
	// compared with them.
	joinedFor = 30 * time.Minute
)

// member is one product of those whose share is tested together.
type member struct {
	id    string
	onset time.Time
	hurt  bool
}

// rate writes down when the share that fails of all that is hurt changed, and when
// hardly anything of it fails any more.
func (s *step) rate(snap status.Snapshot, inc incident.Incident) incident.Incident {
	if !inc.Open() || inc.LastUpdate.N == 0 || inc.Calm() {
		return inc
	}
	list, joined, from := together(snap, inc)
	if !slices.ContainsFunc(list, func(m member) bool { return m.hurt }) {
		return inc
	}
	var all []string
	for _, m := range list {
		all = append(all, m.id)
	}
	if inc.QuietAt.IsZero() {
		if q, of, ok := s.quiets(inc, list, all, from); ok {
			of = append(of, slices.DeleteFunc(joined, func(id string) bool { return s.loud(id, q) })...)
			return s.stepped(incident.Quiet, inc, of, incident.RateStep{At: q.Since, From: q.From, Before: counted(q.Before), After: counted(q.After)})
		}
	}
	began := inc.OpenedAt
	for _, m := range list {
		if m.onset.Before(began) {
			began = m.onset
		}
	}
	courses := []impact.Course{{Minutes: s.seen.Past.Pooled(all, from, snap.At)}} // those that recovered already may fail again
	if inc.QuietAt.IsZero() {
		courses = s.courses(snap, inc)
	}
	st, hurt, ok := impact.Step(courses, impact.Began{At: began, Unit: s.unit()})
	if !ok || !st.Worse() && (!inc.QuietAt.IsZero() || s.mayRest(hurt, st)) {
		return inc
	}
	if st.Worse() && st.After.Share() > downAt && snap.At.Sub(st.At) < downTries {
		return inc
	}
	if !inc.QuietAt.IsZero() {
		if hurt, st = s.again(list, st, from); len(hurt) == 0 {
			return inc
		}
	}
	return s.stepped(incident.Rate, inc, hurt, incident.RateStep{At: st.At, Before: counted(st.Before), After: counted(st.After)})
}

// unit is what the share that fails is counted in: a minute, and in a short window less.
func (s *step) unit() time.Duration { return impact.EffectUnit(s.seen.Window) }

// courses are the minutes of what is hurt, of each from when on it is compared with
// itself: since it began to fail, or the last step that was told. The failure by which
// its onset was found says nothing of its share.
func (s *step) courses(snap status.Snapshot, inc incident.Incident) (list []impact.Course) {
	unit := s.unit()
	oldest := snap.At.Add(-rateBack).Truncate(unit)
	if last, ok := inc.LastStep(); ok {
		oldest = later(oldest, last.Step.At)
	}
	hurt, _ := shared(hurting(snap), snap.Causes.Products)
	slices.SortStableFunc(hurt, func(x, y member) int { return cmp.Compare(x.id, y.id) })
	for _, m := range hurt {
		from := later(m.onset.Truncate(unit).Add(unit), oldest)
		list = append(list, impact.Course{ID: m.id, Minutes: s.seen.Past.Pooled([]string{m.id}, from, snap.At)})
	}
	return list
}

// quiets looks for a quiet of an incident's products: by what they gave, or because it is told
// of them in another channel, where it was seen by what more products gave.
func (s *step) quiets(inc incident.Incident, list []member, all []string, from time.Time) (impact.QuietSpell, []string, bool) {
	if q, of, ok := s.quiet(all, from); ok {
		return q, of, true
	}
	early := quietFrom(list, inc, from)
	if q, of, ok := s.quiet(all, early); early.Before(from) && ok && impact.MayRest(q.Before, q.After) {
		return q, of, true
	}
	for _, other := range s.log.Open() {
		last, _ := other.LastStep()
		if other.ID == inc.ID || other.QuietAt.IsZero() || slices.ContainsFunc(all, func(id string) bool { return !slices.Contains(last.Products, id) }) {
			continue
		}
		q := impact.QuietSpell{Since: last.Step.At, From: early, After: s.since(all, last.Step.At)}
		before := s.since(all, early)
		q.Before = impact.Counts{Tries: before.Tries - q.After.Tries, Failures: before.Failures - q.After.Failures}
		if early.Before(q.Since) && q.After.Tries > 0 && q.Before.Failures > 0 && impact.MayRest(q.Before, q.After) {
			return q, all, true
		}
	}
	return impact.QuietSpell{}, nil, false
}

// quietFrom is from when on a quiet of some products is looked for: a fall that was told may
// have been the first minutes of it, in which a little more failed than what rests.
func quietFrom(list []member, inc incident.Incident, from time.Time) time.Time {
	n := len(inc.Steps)
	if n == 0 || inc.Steps[n-1].Kind != incident.Rate || inc.Steps[n-1].Step.Worse() {
		return from
	}
	since := from.Add(-rateBack)
	if n > 1 {
		since = later(since, inc.Steps[n-2].Step.At)
	}
	for _, m := range list {
		since = later(since, m.onset)
	}
	if since.After(from) {
		return from
	}
	return since
}

// again leaves those of some products that fail again since a step after a quiet,
// with what failed of these alone: one that recovered and has no failure since is
// no part of it.
func (s *step) again(list []member, st impact.RateStep, from time.Time) ([]string, impact.RateStep) {
	var of []string
	for _, m := range list {
		if m.hurt || s.since([]string{m.id}, st.At).Failures > 0 {
			of = append(of, m.id)
		}
	}
	all := s.since(of, from)
	st.After = s.since(of, st.At)
	st.Before = impact.Counts{Tries: all.Tries - st.After.Tries, Failures: all.Failures - st.After.Failures}
	return of, st
}

// stepped writes such a change down.
func (s *step) stepped(kind incident.Kind, inc incident.Incident, of []string, st incident.RateStep) incident.Incident {
	why := format.StepTold(st)
	swing := inc.OnlyFlaps(of)
	if kind == incident.Quiet || !inc.QuietAt.IsZero() { // one more turn of most of them
		swing = inc.MostFlap(of)
	}
	s.decide(Decision{Why: why, Event: incident.Event{Incident: inc.ID, At: s.seen.At, Kind: kind, Products: of, Step: &st, Why: why, Swing: swing}})
	return s.incident(inc.ID)
}

// together are the products whose failures are taken for one trouble, with from
// when on they are compared: those that fail now, or did until a while ago and are
// not proven to have recovered. Where a cause is told of most of what fails it is
// those that share it; else those that had begun when three quarters of them had, or
// a little later. Who joined what shares a cause lately is not of them yet, or all
// that was before would be forgotten. What is down, or answered again a moment ago, has words of
// its own.
func together(snap status.Snapshot, inc incident.Incident) (list []member, joined []string, from time.Time) {
	list = hurting(snap)
	for _, p := range snap.Products {
		if p.Level == impact.OK && p.Awaited() && !p.Proof.Slow && p.Proof.Recovered.After(inc.OpenedAt) {
			list = append(list, member{p.ID, p.Proof.Onset, false})
		}
	}
	list, caused := shared(list, snap.Causes.Products)
	if len(list) == 0 {
		return nil, nil, from
	}
	slices.SortStableFunc(list, func(x, y member) int { return x.onset.Compare(y.onset) })
	latest := list[(3*len(list)+3)/4-1].onset.Add(oneOnset)
	if caused {
		latest = later(list[(len(list)-1)/2].onset.Add(oneOnset), snap.At.Add(-joinedFor))
	}
	if last, ok := inc.LastStep(); ok {
		from = last.Step.At
		latest = later(latest, from)
	}
	list = slices.DeleteFunc(list, func(m member) bool {
		late := m.onset.After(latest)
		if late && caused {
			joined = append(joined, m.id)
		}
		return late
	})
	from = later(from, list[len(list)-1].onset)
	slices.SortStableFunc(list, func(x, y member) int { return cmp.Compare(x.id, y.id) })
	if oldest := snap.At.Add(-rateBack).Truncate(time.Minute); from.Before(oldest) {
		from = oldest
	}
	return list, joined, from
}

// hurting are the products that fail now and then.
func hurting(snap status.Snapshot) (list []member) {
	for _, p := range snap.Products {
		if p.Level == impact.Degraded && !p.Slow {
			list = append(list, member{p.ID, failsSince(p), true})
		}
	}
	return list
}

// failsSince is since when a product fails as it does: its onset, or when it
// answered after it had been down.
func failsSince(p status.ProductStatus) time.Time {
	if p.Answers != nil {
		return later(p.Onset, p.Answers.Since)
	}
	return p.Onset
}

// shared leaves those that share the cause that is told, where these are most of
// what fails; of what fails no longer, what began with them. It reports whether
// they are.
func shared(list []member, caused []string) ([]member, bool) {
	var first, last time.Time
	hurt, of := 0, 0
	for _, m := range list {
		if !m.hurt {
			continue
		}
		if hurt++; slices.Contains(caused, m.id) {
			if of++; first.IsZero() || m.onset.Before(first) {
				first = m.onset
			}
			last = later(last, m.onset)
		}
	}
	if of == 0 || 2*of < hurt {
		return list, false
	}
	return slices.DeleteFunc(list, func(m member) bool {
		if m.hurt {
			return !slices.Contains(caused, m.id)
		}
		return m.onset.Before(first.Add(-oneOnset)) || m.onset.After(last.Add(oneOnset))
	}), true
}

func later(x, y time.Time) time.Time {
	if x.After(y) {
		return x
	}
	return y
}

// mayRest reports whether what fell lately may be quiet: by its last minutes, as it may have
// fallen a little before it was repaired, and not by that in which it fell, which has some of both.
func (s *step) mayRest(of []string, st impact.RateStep) bool {
	from := later(st.At.Add(s.unit()), s.seen.At.Add(-quietTail))
	return s.seen.At.Sub(st.At) < quietTries && impact.MayRest(st.Before, s.since(of, from))
}

// loudFrom is how many failures since make a product one that still fails.
const loudFrom = 3

// loud reports whether a product still fails by itself since others are quiet.
func (s *step) loud(id string, q impact.QuietSpell) bool {
	c := s.since([]string{id}, q.Since)
	return c.Failures >= loudFrom && c.Share() >= q.Before.Share()/2
}

// quiet looks for a quiet of some products together, and then without those of
// them that still fail by themselves.
func (s *step) quiet(of []string, from time.Time) (impact.QuietSpell, []string, bool) {
	q, ok := impact.Quiet(s.seen.Past.Pooled(of, from, s.seen.At))
	if !ok {
		return q, nil, false
	}
	still := slices.DeleteFunc(slices.Clone(of), func(id string) bool { return s.loud(id, q) })
	switch len(still) {
	case len(of):
		return q, of, true
	case 0:
		return q, nil, false
	}
	q, ok = impact.Quiet(s.seen.Past.Pooled(still, from, s.seen.At))
	return q, still, ok
}

// since is what some products gave together in the whole minutes since an
// instant.
func (s *step) since(of []string, from time.Time) (c impact.Counts) {
	for _, m := range s.seen.Past.Pooled(of, from, s.seen.At) {
		c.Tries, c.Failures = c.Tries+m.Tries, c.Failures+m.Failures
	}
	return c
}

func counted(c impact.Counts) incident.Counts {
	return incident.Counts{Failures: c.Failures, Tries: c.Tries}
}

// news is what an incident's newest update is posted for, where that is more than
// a level. It is read from the log, so that one that is drawn anew says it again;
// a quiet is told for as long as it is one, a step as long as the post that
// told it is the newest.
func (s *step) news(snap status.Snapshot, inc incident.Incident) (n format.News) {
	told := inc.LastUpdate
	n.Flaps = flapping(snap, inc)
	if strings.Contains(told.Why, incident.AnswersAgain) {
		for _, p := range snap.Products {
			if a := p.Answers; p.Level.Hurt() && a != nil && a.Failures == 0 && told.At.Sub(a.Until) <= incident.Burst {
				n.Answers = append(n.Answers, p)
			}
		}
	}
	last, ok := inc.LastStep()
	quiet := !inc.QuietAt.IsZero()
	if !ok || !inc.Open() || inc.Calm() || last.Swing && !quiet {
		return n
	}
	if quiet {
		q := format.QuietNow(snap, []incident.Incident{inc}, s.seen.Past.Pooled)
		q.Flaps, q.Answers = n.Flaps, n.Answers
		return q
	}
	if !inc.Since(incident.Event{Kind: incident.Update, N: inc.LastPost.N - 1}, incident.Rate) {
		return n
	}
	n.Step, n.Of = *last.Step, last.Products
	n.Again = last.Kind == incident.Rate && len(inc.Steps) > 1 && inc.Steps[len(inc.Steps)-2].Kind == incident.Quiet
	if c := s.since(last.Products, last.Step.At); c.Tries > 0 {
		n.Step.After = counted(c)
	}
	return n
}
