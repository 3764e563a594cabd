package incident

import (
	"strings"
	"time"
)

// Mode is how updates are delivered.
type Mode string

const (
	EditLast Mode = ""       // one without news edits the last post
	PostEach Mode = "post"   // each is a post
	InThread Mode = "thread" // the first post shows the newest; what is new is a reply under it
)

// Delivery says whether and how an update is to be delivered now, and why:
// the reason travels into the log.
type Delivery struct {
	Due    time.Time // when it was due; zero means nothing is due now
	New    bool      // a new post, in a thread a new reply; otherwise the last one is edited
	News   bool      // it tells something new, be it as an edit of what was posted a moment ago; in a thread what does not stands in the first post alone
	Loud   bool      // in a thread: the whole channel is to see it
	Worse  bool      // it tells that the incident began, got worse or came back
	Urgent bool      // it goes before regular updates of other incidents: somebody waits for it, or it tells what is worse
	Reason string
}

// Rules of the delivery that come from the configuration.
type Rules struct {
	Mode Mode
	// A post older than this is followed by a new one; while nothing is new the next comes after twice as long, and the
	// others after four times as long. 0 means 30 minutes.
	PostAfter time.Duration
}

// Burst is how long after a new post further changes are edited into it: when
// a shared component breaks, products follow each other within seconds, and
// one message that grows is calmer than ten.
const Burst = time.Minute

// Change is what differs from what the last update said, as far as it matters
// for the delivery. What was written down since, the incident itself knows.
type Change struct {
	Levels Levels // how the levels differ, but for what flaps
	Swung  bool   // the level of one that flaps differs
	Turned bool   // something else fails than the last update said, by another cause
	Sight  bool   // the last update says something else of whether we see
	Reason string // the sentence that says what changed
}

// Levels is how the levels of products differ from what the last update said:
// of several ways the one that presses most, the last of these.
type Levels int

const (
	AsTold      Levels = iota
	ManyJoined         // a few products join many that are hurt by the same cause; nothing else differs
	LevelsMoved        // any level differs
	OneAnswers         // one that the last update called down answers again
	OneWorse           // a product is worse
)

// AnswersAgain is in the reason of an update that tells that a product which was
// down answers.
const AnswersAgain = "answers again"

// Reasons of updates that show what somebody wrote down.
const (
	WhoLooks      = "who looks into it changed"
	WhatPeopleSay = "what people say of it changed"
)

// lastPostOld is the reason of a post that has no news.
const lastPostOld = "the last post is old"

// Plan decides the delivery of an incident's next update. It is pure: the
// same incident, change and time give the same plan.
//
// The first update and one that tells a change of state are new posts, but
// for a minute after a new post changes are edited into it. Worsening, what
// answers again, a share that changed, each step of the recovery and the end do not wait for the schedule. Between these
// steps, while nothing is hurt, the last post is edited however old it is.
//
// now is a wall clock, and may have been set back: an update that would then
// be more than an interval away is due at once, and a post from the future is
// an old one.
func Plan(i Incident, c Change, r Rules, now time.Time) Delivery {
	d := plan(i, c, r, now)
	d.Worse = !d.Due.IsZero() && i.worsens(c)
	switch {
	case d.Due.IsZero():
	case r.Mode == PostEach && i.PausedAt.IsZero() && d.Reason != swings:
		d.New = true
	case r.Mode == InThread:
		return threaded(i, d)
	}
	return d
}

// worsens reports whether what the last update has not told is that the incident
// began, got worse or came back.
func (i Incident) worsens(c Change) bool {
	if !i.Open() || !i.PausedAt.IsZero() {
		return false
	}
	last, _ := i.LastStep()
	rose := i.Untold(Rate) && last.Step != nil && last.Step.Worse()
	return i.LastUpdate.N == 0 || c.Levels == OneWorse || rose || i.Untold(Reopened) || i.Untold(Relapsed)
}

// threaded is the delivery in a thread. What the whole channel is to see is not
// edited into what only the thread shows, and a verdict that stands there as a
// reply of its own is not told by another.
func threaded(i Incident, d Delivery) Delivery {
	if d.Reason == effectKnown && i.toldInThread() {
		d.New, d.News = false, false
	}
	seen := i.LastPost.Loud || i.LastPost.N == i.LastPost.Root // by the channel
	d.New = d.New || d.News && d.Loud && !seen
	return d
}

// toldInThread reports whether the verdict on the newest mark is told in the
// incident's own thread: not where the mark was said.
func (i Incident) toldInThread() bool {
	return len(i.Marks) > 0 && i.Marks[len(i.Marks)-1].Thread == ""
}

// plan is the delivery as it is where the last post is edited.
func plan(i Incident, c Change, r Rules, now time.Time) Delivery {
	if r.PostAfter <= 0 {
		r.PostAfter = 30 * time.Minute
	}
	due := i.NextDue()
	if i.LastUpdate.N > 0 && due.Sub(now) > i.Every {
		due = now
	}
	age := now.Sub(i.LastPost.At)
	settling := i.settling(now)
	switch quiet := i.LastPost.At.Sub(i.newsAt); { // nothing has changed for long
	case i.LastPost.Why != lastPostOld:
	case quiet < 2*r.PostAfter:
		r.PostAfter *= 2
	default:
		r.PostAfter *= 4
	}
	atOnce := Delivery{Due: now, Urgent: true}
	if d, ok := turned(i, atOnce); ok {
		return d
	}
	switch {
	case i.LastUpdate.N == 0:
		return Delivery{Due: due, New: true, News: true, Urgent: true, Reason: "first update"}
	case i.Untold(Rate) && i.QuietAt.IsZero():
		last, _ := i.LastStep()
		worse := last.Step != nil && last.Step.Worse()
		// who was told a moment ago that one more product fails was not told that, nor who was told that it is better
		return atOnce.news(!settling || i.LastPost.Why != shareChanged || worse && i.fell(), worse, shareChanged)
	case c.Levels == OneWorse:
		return atOnce.news(!settling, true, c.Reason)
	case c.Levels == OneAnswers: // of several that follow each other one post tells
		return atOnce.news(!settling || !strings.Contains(i.LastPost.Why, AnswersAgain), true, c.Reason)
	case c.Turned:
		return atOnce.news(!settling, true, causeTurned)
	case c.Sight: // it says so of all figures that stand there
		return Delivery{Due: now, Urgent: true, Reason: sightTurned}
	case c.Levels == ManyJoined && now.Sub(i.LastUpdate.At).Abs() >= Burst:
		return Delivery{Due: now, Reason: c.Reason}
	case c.Swung || i.Untold(swing):
		return Delivery{Due: now, Reason: swings}
	case i.Untold(Cadence):
		return Delivery{Due: now, Urgent: true, Reason: "the interval changed"}
	case i.Untold(Acked), i.Untold(Unacked): // what all may see soon, and is no post
		return Delivery{Due: now, Reason: WhoLooks}
	case i.Untold(Linked), i.Untold(Unlinked), i.Untold(Labelled):
		return Delivery{Due: now, Reason: WhatPeopleSay}
	case now.Before(due):
		return Delivery{}
	case c.Levels == LevelsMoved && i.QuietAt.IsZero():
		return Delivery{Due: due}.news(!settling, false, c.Reason)
	case c.Levels == LevelsMoved: // after a quiet they are only those that recover
		return Delivery{Due: due, Reason: c.Reason}
	case i.Untold(Effect) && !i.Calm():
		return Delivery{Due: due}.news(!settling, false, effectKnown)
	case (age < 0 || age >= r.PostAfter) && !i.Calm() && i.QuietAt.IsZero():
		return Delivery{Due: due}.news(true, false, lastPostOld)
	default:
		return Delivery{Due: due, Reason: "regular update"}
	}
}

// fell reports whether the share that fails fell, or was quiet, before its newest step.
func (i Incident) fell() bool {
	n := len(i.Steps) - 2
	return n >= 0 && (i.Steps[n].Step == nil || !i.Steps[n].Step.Worse())
}

// settling reports whether the last post is so young that what follows is edited
// into it. One without news does not hide what is new.
func (i Incident) settling(now time.Time) bool {
	return i.LastPost.Why != lastPostOld && now.Sub(i.LastPost.At).Abs() < min(Burst, i.Every)
}

// turned is the delivery of what became of the incident as a whole, if anything
// did that no update has told; and that nothing is told while updates rest or
// after the end.
func turned(i Incident, atOnce Delivery) (Delivery, bool) {
	switch {
	case !i.Open() && i.Untold(Resolved):
		return atOnce.news(true, true, "the incident ended"), true
	case !i.Open():
		return Delivery{}, true
	case !i.PausedAt.IsZero() && i.Untold(Paused) && i.LastUpdate.N > 0:
		atOnce.Reason = "updates are paused" // no post: it says when the next comes
		return atOnce, true
	case !i.PausedAt.IsZero():
		return Delivery{}, true
	case i.LastUpdate.N == 0:
		return Delivery{}, false
	case i.Untold(Reopened):
		return atOnce.news(true, true, "the trouble came back"), true
	case i.Untold(Resumed):
		return atOnce.news(true, false, "updates go on"), true
	case i.Untold(Flapping):
		return atOnce.news(i.LastPost.Why != flaps || !i.settling(atOnce.Due), true, flaps), true
	case i.Untold(Steady):
		return atOnce.news(i.LastPost.Why != flapsNoMore || !i.settling(atOnce.Due), true, flapsNoMore), true
	case i.Untold(Relapsed):
		why := "it fails again"
		if i.Another() {
			why = "another trouble"
		}
		return atOnce.news(true, true, why), true
	case i.Untold(Proven) && !i.ProvenAt.IsZero():
		return atOnce.news(true, true, "the recovery is proven"), true
	case i.Untold(Proving) && !i.ProvingAt.IsZero() && i.QuietAt.IsZero():
		return atOnce.news(true, true, notFailing), true
	case i.Untold(Proving) && !i.ProvingAt.IsZero(): // the quiet told it
		atOnce.Reason = notFailing
		return atOnce, true
	case i.Untold(Quiet) && !i.QuietAt.IsZero():
		return atOnce.news(true, true, "hardly anything fails any more"), true
	}
	return Delivery{}, false
}

const (
	shareChanged = "the share that fails changed"
	notFailing   = "no longer failing at the incident's rate"
	sightTurned  = "the control checks turned"
	swings       = "a turn of what flaps"
	flaps        = "a product flaps" // of several that begin within a moment one post tells
	flapsNoMore  = "a product flaps no more"
	causeTurned  = "something else fails than before"
	effectKnown  = "the effect of a mark is known"
)

// news is the delivery of something new: as a post, or edited into the last one.
func (d Delivery) news(post, loud bool, reason string) Delivery {
	d.New, d.News, d.Loud, d.Reason = post, true, loud, reason
	return d
}
