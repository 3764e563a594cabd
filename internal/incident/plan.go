package incident

import (
	"strings"
	"time"
)

// Delivery says whether and how an update is to be delivered now, and why:
// the reason travels into the log.
type Delivery struct {
	Due    time.Time // when it was due; zero means nothing is due now
	New    bool      // a new post; otherwise the last one is edited
	Urgent bool      // it goes before regular updates of other incidents: somebody waits for it, or it tells what is worse
	Reason string
}

// Rules of the delivery that come from the configuration.
type Rules struct {
	AlwaysPost bool          // never edit
	PostAfter  time.Duration // a post older than this is followed by a new one, and that one by the next after twice as long; 0 means 30 minutes
}

// Burst is how long after a new post further changes are edited into it: when
// a shared component breaks, products follow each other within seconds, and
// one message that grows is calmer than ten.
const Burst = time.Minute

// Change is what differs from what the last update said, as far as it matters
// for the delivery. What was written down since, the incident itself knows.
type Change struct {
	Worse   bool   // a product is worse than the last update said
	Answers bool   // one that the last update called down answers again
	Moved   bool   // any level differs from what the last update said
	Reason  string // the sentence that says what changed
}

// AnswersAgain is in the reason of an update that tells that a product which was
// down answers.
const AnswersAgain = "answers again"

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
	if r.PostAfter <= 0 {
		r.PostAfter = 30 * time.Minute
	}
	due := i.NextDue()
	if i.LastUpdate.N > 0 && due.Sub(now) > i.Every {
		due = now
	}
	age := now.Sub(i.LastPost.At)
	settling := age.Abs() < min(Burst, i.Every)
	if i.LastPost.Why == lastPostOld {
		r.PostAfter *= 2 // nothing has changed for long
	}
	switch {
	case !i.Open() && i.Untold(Resolved):
		return Delivery{Due: now, New: true, Urgent: true, Reason: "the incident ended"}
	case !i.Open():
		return Delivery{}
	case !i.PausedAt.IsZero() && i.Untold(Paused) && i.LastUpdate.N > 0:
		return Delivery{Due: now, Urgent: true, Reason: "updates are paused"} // no post: it says when the next comes
	case !i.PausedAt.IsZero():
		return Delivery{}
	case i.LastUpdate.N == 0:
		return Delivery{Due: due, New: true, Urgent: true, Reason: "first update"}
	case i.Untold(Reopened):
		return Delivery{Due: now, New: true, Urgent: true, Reason: "the trouble came back"}
	case i.Untold(Resumed):
		return Delivery{Due: now, New: true, Urgent: true, Reason: "updates go on"}
	case i.Untold(Relapsed):
		return Delivery{Due: now, New: true, Urgent: true, Reason: "it fails again"}
	case i.Untold(Proven) && !i.ProvenAt.IsZero():
		return Delivery{Due: now, New: true, Urgent: true, Reason: "the recovery is proven"}
	case i.Untold(Proving) && !i.ProvingAt.IsZero():
		return Delivery{Due: now, New: i.QuietAt.IsZero() || r.AlwaysPost, Urgent: true, Reason: "no longer failing at the incident's rate"}
	case i.Untold(Quiet) && !i.QuietAt.IsZero():
		return Delivery{Due: now, New: true, Urgent: true, Reason: "hardly anything fails any more"}
	case i.Untold(Rate) && i.QuietAt.IsZero():
		return Delivery{Due: now, New: !settling || r.AlwaysPost, Urgent: true, Reason: "the share that fails changed"}
	case c.Worse:
		return Delivery{Due: now, New: !settling || r.AlwaysPost, Urgent: true, Reason: c.Reason}
	case c.Answers: // of several that follow each other one post tells
		more := settling && strings.Contains(i.LastPost.Why, AnswersAgain)
		return Delivery{Due: now, New: !more || r.AlwaysPost, Urgent: true, Reason: c.Reason}
	case i.Untold(Cadence):
		return Delivery{Due: now, New: r.AlwaysPost, Urgent: true, Reason: "the interval changed"}
	case now.Before(due):
		return Delivery{}
	case c.Moved: // after a quiet they are only those that recover
		return Delivery{Due: due, New: !settling && i.QuietAt.IsZero() || r.AlwaysPost, Reason: c.Reason}
	case i.Untold(Effect) && !i.Calm():
		return Delivery{Due: due, New: !settling || r.AlwaysPost, Reason: "the effect of a mark is known"}
	case (age < 0 || age >= r.PostAfter) && !i.Calm() && i.QuietAt.IsZero():
		return Delivery{Due: due, New: true, Reason: lastPostOld}
	default:
		return Delivery{Due: due, New: r.AlwaysPost, Reason: "regular update"}
	}
}
