package publish

import (
	"cmp"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// follow writes down what changed in one incident and delivers its update if
// one is due.
func (s *step) follow(id string) {
	inc, owed := s.incident(id), s.seen.Owed[id]
	snap := s.seen.Of(inc.Products)
	if !owed && !inc.Open() && !inc.Untold(incident.Resolved) {
		s.proven(snap, inc) // over, and its last word is said but for the proof
		return
	}
	if !inc.Tellable(snap.At) || s.waking(snap, inc) {
		return
	}
	if inc.Open() {
		inc = s.levels(snap, inc)
		inc = s.flaps(snap, inc)
		inc = s.recovery(snap, inc)
		inc = s.rate(snap, inc)
		inc = s.flaps(snap, inc) // a step may have shown that it does
	}
	if owed && (inc.Open() || !inc.Untold(incident.Resolved)) { // else the last word is due, and takes its place
		inc = s.redraw(snap, inc)
	}
	s.update(snap, inc)
}

// redraw hands over an update that was written down and never handed over: its
// text is lost, and what it told is old. What it tells now is written down, or
// the next update would tell it again.
func (s *step) redraw(snap status.Snapshot, inc incident.Incident) incident.Incident {
	s.decide(Decision{Why: "an update was written down and not handed over",
		Event: incident.Event{Incident: inc.ID, At: snap.At, Kind: incident.Redrawn, N: inc.LastUpdate.N, Figures: snap.Figures(), Cause: format.CauseTold(snap.Causes), Moved: snap.Causes.Moved}})
	proof := inc.ProofTold()
	inc = s.incident(inc.ID)
	again := s.messages(snap, inc, true)
	for i := range again {
		if !proof.IsZero() {
			again[i].Due = time.Time{} // of the proof, which was never due
		}
	}
	s.decisions[len(s.decisions)-1].Then = again
	return inc
}

// waking reports whether an incident's products wait for their first result
// after a start.
func (s *step) waking(snap status.Snapshot, inc incident.Incident) bool {
	if !s.seen.Waking {
		return false
	}
	for _, p := range snap.Products {
		if told, ok := inc.Figure(p.ID); ok && p.Level == impact.Unknown && impact.Level(told.Level) != impact.Unknown {
			if s.seen.Waits != nil {
				s.seen.Waits(inc.ID, p.ID)
			}
			return true
		}
	}
	return false
}

// levels writes down each product's change of level. What has no result yet was never as usual, and has not changed.
func (s *step) levels(snap status.Snapshot, inc incident.Incident) incident.Incident {
	for _, p := range snap.Products {
		from := cmp.Or(impact.Level(inc.Levels[p.ID]), impact.OK)
		if p.Level == from || inc.Levels[p.ID] == "" && p.Level == impact.Unknown && p.AsOf.IsZero() {
			continue
		}
		why := cmp.Or(p.Why, format.RecoveryTold(p))
		e := incident.Event{Incident: inc.ID, At: snap.At, Kind: incident.Level, Product: p.ID, From: string(from), To: string(p.Level), Onset: p.Onset, Why: why}
		e.Ended, e.EndedLate = p.Ended(from)
		e.Began = p.BeganBefore(from)
		if p.Down != nil && from.Hurt() {
			e.Onset = p.Down.Since
		}
		e.Failed = failedDown(p, from)
		e.Slow = p.Level == impact.Degraded && p.Slow
		s.decide(Decision{Why: why, Event: e})
	}
	return s.incident(inc.ID)
}

// failedDown is what failed of a product's tries while it is an outage, or was one
// until now; nil where that is not known.
func failedDown(p status.ProductStatus, from impact.Level) *incident.Counts {
	switch a := p.Answers; {
	case p.Level == impact.Outage && p.Tries > 0:
		return &incident.Counts{Failures: p.Failures, Tries: p.Tries}
	case from == impact.Outage && a != nil:
		return &incident.Counts{Failures: a.Down.Failures, Tries: a.Down.Tries}
	}
	return nil
}

// recovery writes down each step of an incident's recovery, its relapse and
// its end.
func (s *step) recovery(snap status.Snapshot, inc incident.Incident) incident.Incident {
	for {
		next, ok := status.Recovery(snap, inc)
		if !ok || next.Kind == incident.Resolved && len(inc.Flaps) > 0 { // it goes on until nothing flaps
			return inc
		}
		next.Swing = swings(inc, next)
		switch next.Kind {
		case incident.Proven:
			next.Why = format.ProofTold(snap, inc)
		case incident.Resolved:
			next.Figures = s.harmed(snap, inc)
		}
		s.decide(Decision{Why: cmp.Or(next.Why, "no product fails at the incident's rate any more"), Event: next})
		inc = s.incident(inc.ID)
	}
}

// proven tells that an incident which ended without the proof of its recovery
// has reached it: the message of its end says so from then on, and a
// reply in its thread. Trouble that came back meanwhile has an update of its
// own, and the proof is waited for again when it is over.
func (s *step) proven(snap status.Snapshot, inc incident.Incident) {
	if inc.Settled(snap.At) || !snap.Proven(inc) {
		return
	}
	if last, _ := s.log.Last(inc.Channel); last.ID != inc.ID {
		return
	}
	reply := once(inc.Channel, proofKey(inc.ID, inc.EndedAt), snap.At, format.RecoveryProven(snap, inc))
	reply.ThreadOf = UpdatesKey(inc.ID)
	s.decide(Decision{Why: "recovery proven", First: []Telling{reply},
		Event: incident.Event{Incident: inc.ID, At: snap.At, Kind: incident.Proven, Products: inc.Unproven, Why: format.ProofTold(snap, inc)}})
	again := s.messages(snap, s.incident(inc.ID), false)
	for i := range again {
		if snap.At.Sub(inc.LastUpdate.At) > lateAfter {
			again[i].Due = time.Time{} // of the proof, which was never due
		}
	}
	s.decisions[len(s.decisions)-1].Then = again
}

// lateAfter is how late an update may be before it says so.
const lateAfter = 30 * time.Second

// update decides an incident's next numbered update.
func (s *step) update(snap status.Snapshot, inc incident.Incident) {
	change := snap.Delivery(status.Changes(inc.LastUpdate.Figures, snap), inc)
	sight := inc.LastUpdate.Sight.SightAfter(s.log.Desk.Blind.On())
	change.Sight = (sight == incident.NotSeeing) != (inc.LastUpdate.Sight == incident.NotSeeing)
	moved := snap.Causes.Moved
	change.Turned = !moved.IsZero() && !moved.Equal(inc.LastUpdate.Moved)
	plan, n := incident.Plan(inc, change, s.rules.Delivery, snap.At), inc.LastUpdate.N+1
	if plan.Due.IsZero() {
		return
	}
	post, root := carriers(inc, plan, s.rules.Delivery.Mode)
	figures, counted := s.counted(snap, inc)
	s.decide(Decision{Why: plan.Reason, Event: incident.Event{Incident: inc.ID, At: snap.At, Kind: incident.Update, N: n, Post: post, Root: root,
		Loud: root != 0 && post == n && post != root && plan.Loud, Alarm: plan.Worse, Due: plan.Due,
		Why: plan.Reason, Figures: figures, Counted: counted, Sight: sight, Cause: format.CauseTold(snap.Causes), Moved: moved}})
	s.decisions[len(s.decisions)-1].Then = s.messages(snap, s.incident(inc.ID), plan.Urgent)
}

// carriers returns the number of the update whose message carries the next one,
// and in a thread that of its first. An incident that was told in another way
// before has its last post for that.
func carriers(inc incident.Incident, plan incident.Delivery, mode incident.Mode) (post, root int) {
	n := inc.LastUpdate.N + 1
	post = inc.LastPost.N
	if plan.New {
		post = n
	}
	if mode != incident.InThread {
		return post, 0
	}
	root = cmp.Or(inc.LastUpdate.Root, inc.LastPost.N, n)
	if !plan.New && !plan.News {
		post = root
	}
	return post, root
}

// messages renders an incident's newest update: as one message or, in a thread,
// as its reply, if it has one, and as its first message. The first is handed over last:
// whether an update was handed over is seen by that.
func (s *step) messages(snap status.Snapshot, inc incident.Incident, urgent bool) []Telling {
	e := inc.LastUpdate
	facts := s.facts(snap, inc)
	t := Telling{Dest: inc.Channel, Key: UpdatesKey(inc.ID), N: e.N, Post: e.Post, Due: e.Due,
		At: snap.At, Message: format.Update(facts), Trend: s.trend(snap, inc), Urgent: urgent, About: about(inc, snap)}
	if e.Root == 0 {
		return []Telling{t}
	}
	t.Post, t.Pin = e.Root, inc.Open()
	if e.Post == e.Root {
		return []Telling{t}
	}
	r := t
	facts.Reply = true
	r.Key, r.Post, r.Under, r.Loud, r.Pin = ReplyKey(inc.ID, e.Root), e.Post, t.Key, inc.Loud, false
	r.Message, r.Trend, r.About = format.Update(facts), nil, nil
	return []Telling{r, t}
}

// about is what an incident's newest update is of, for the ways out of the house that
// are not Slack's.
func about(inc incident.Incident, snap status.Snapshot) *About {
	a := &About{Incident: inc.ID, Number: inc.Number, Title: inc.Title, Began: inc.OpenedAt, News: inc.LastPost.N, Alarm: inc.Alarm, Ended: !inc.Open(), Severity: inc.Severity}
	for _, p := range snap.Products {
		if !p.Level.Hurt() {
			continue
		}
		h := Hurt{Product: p.ID, Name: p.Name, Level: string(p.Level), Failed: p.Failures, Tries: p.Tries, Since: p.Onset}
		if p.Slow {
			h.Slow = p.Bad()
		}
		a.Hurt = append(a.Hurt, h)
	}
	slices.SortStableFunc(a.Hurt, func(x, y Hurt) int {
		return impact.Level(y.Level).Severity() - impact.Level(x.Level).Severity()
	})
	if left := len(a.Hurt) - mostHurt; left > 0 {
		a.Hurt, a.More = a.Hurt[:mostHurt], left
	}
	return a
}

// mostHurt bounds the products that are named one by one beside an update.
const mostHurt = 50

// facts are what an incident's newest update says.
func (s *step) facts(snap status.Snapshot, inc incident.Incident) format.UpdateFacts {
	facts := format.UpdateFacts{N: inc.LastUpdate.N, Snapshot: snap, Next: inc.NextDue(), Ended: !inc.Open(),
		EndedBy: inc.EndedBy, OpenedBy: inc.OpenedBy, First: inc.LastUpdate.N == 1, News: s.news(snap, inc), Command: s.command(), Page: s.rules.Page, Unkept: s.seen.Unkept}
	if inc.LastUpdate.Sight == incident.SeeingAgain {
		facts.Was = s.log.Desk.Blind
	}
	if facts.Ended {
		facts.Next = time.Time{}
	}
	facts.Incident = inc
	facts.Incident.LastUpdate = inc.ComparedWith(snap.Window)
	return facts
}

// counted is what an update tells of each product, with what the whole minutes
// since the update before gave, and up to when these are counted. The first
// update counts from the earliest onset of what is hurt.
func (s *step) counted(snap status.Snapshot, inc incident.Incident) ([]incident.Figure, time.Time) {
	from, to := inc.LastUpdate.Counted, snap.At.Truncate(time.Minute)
	if from.IsZero() && inc.LastUpdate.N > 0 { // written down by a version that did not count
		from = inc.LastUpdate.At.Truncate(time.Minute)
	}
	if from.IsZero() {
		from = inc.OpenedAt
		for _, p := range snap.Products {
			if p.Level.Hurt() && !p.Onset.IsZero() && p.Onset.Before(from) {
				from = p.Onset
			}
		}
		from = from.Truncate(time.Minute)
	}
	if from.After(to) {
		to = from // the clock was set back
	}
	figures := snap.Figures()
	for i := range figures {
		for _, m := range s.seen.Past.History(figures[i].Product, from, to) {
			figures[i].NewTries += m.Tries
			figures[i].NewFailures += m.Failures
			if figures[i].Slow > 0 {
				figures[i].NewSlow += m.Slow
			}
		}
	}
	return figures, to
}

// minutesKept is how far back the minutes of a product are at hand.
const minutesKept = 24 * time.Hour

// harmed counts what each product that was hurt gave while it was, by whole minutes;
// nil where not all of these are at hand.
func (s *step) harmed(snap status.Snapshot, inc incident.Incident) []incident.Figure {
	list, ok := inc.Harms()
	if !ok {
		return nil
	}
	slow := map[string]bool{}
	for _, e := range inc.Timeline() {
		if e.Kind == incident.Level && e.Slow {
			slow[e.Product] = true
		}
	}
	var out []incident.Figure
	at := map[string]int{} // :: product id -> where it is in out
	for _, h := range list {
		if snap.At.Sub(h.From) > minutesKept-time.Minute {
			return nil
		}
		k, ok := at[h.Product]
		if !ok {
			k = len(out)
			at[h.Product], out = k, append(out, incident.Figure{Product: h.Product})
		}
		for _, m := range s.seen.Past.History(h.Product, h.From.Truncate(time.Minute), h.To) {
			out[k].NewTries, out[k].NewFailures = out[k].NewTries+m.Tries, out[k].NewFailures+m.Failures
			if slow[h.Product] {
				out[k].NewSlow += m.Slow
			}
		}
	}
	return out
}

// trendBefore is how much of the time before the onset a picture shows: so
// that the change can be seen.
const trendBefore = 10 * time.Minute

// trend is what an update's picture shows: the products that were hurt in the
// incident. Nil when there is nothing to see yet.
func (s *step) trend(snap status.Snapshot, inc incident.Incident) *picture.Trend {
	if !s.rules.Pictures {
		return nil
	}
	from := inc.OpenedAt
	var in []status.ProductStatus
	for _, p := range snap.Products {
		if _, was := inc.Levels[p.ID]; !was && !p.Level.Hurt() {
			continue
		}
		in = append(in, p)
		if p.Level.Hurt() && !p.Onset.IsZero() && p.Onset.Before(from) {
			from = p.Onset
		}
	}
	from = from.Add(-trendBefore)
	if oldest := snap.At.Add(-24 * time.Hour); from.Before(oldest) {
		from = oldest
	}
	var list []picture.ProductMinutes
	for _, p := range in {
		list = append(list, picture.ProductMinutes{Name: p.Name, Minutes: s.seen.Past.History(p.ID, from, snap.At)})
	}
	t, ok := picture.NewTrend(list, from, snap.At, snap.Timezone)
	if !ok {
		return nil
	}
	for _, m := range inc.Marks {
		if m.Stands() {
			t.Point(m.At, m.Mark)
		}
	}
	for _, news := range []time.Time{inc.OpenedAt, inc.ReopenedAt, inc.RelapsedAt, inc.ProvingAt, inc.ProvenAt} {
		t.Point(news, 0)
	}
	for _, e := range inc.Steps {
		t.Point(e.Step.At, 0)
	}
	return &t
}
