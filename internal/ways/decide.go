package ways

import (
	"time"

	"github.com/statusbot/statusbot/internal/publish"
)

// forgotten is how old an update may be of which nothing was told yet: what a way that
// is new would find in the outbox is not news any more.
const forgotten = time.Hour

// verdict is what a way does with an update.
type verdict struct {
	tell Kind          // empty: nothing now
	wait time.Duration // until it is to be looked at again; 0: when something new comes
	why  string
}

// decide says what a way does with the newest update of an incident, at an instant: the
// one place where that is decided. Slack's side of it is slack.
func decide(w Way, b publish.Body, t told, slack slackSide, now time.Time) verdict {
	switch {
	case b.About == nil:
		return verdict{why: "no update of an incident"}
	case t.on() && slack.has >= b.N && b.N > 0:
		return verdict{tell: Back, why: "Slack has taken the updates again"}
	case t.N >= b.N:
		return verdict{why: "told"}
	case t.N == 0 && t.Trying == 0 && now.Sub(b.Rendered) > forgotten:
		return verdict{why: "too old to begin with"}
	}
	v := news(w, b, t)
	if w.When == SlackDown {
		v = unheard(w, b, t, slack, now)
	}
	if v.tell != "" && !t.At.IsZero() && v.tell != Ended {
		if left := w.Gap - now.Sub(t.At); left > 0 && left <= w.Gap {
			return verdict{wait: left, why: "told a moment ago"}
		}
	}
	return v
}

// news says what is told of an update, whatever Slack has.
func news(w Way, b publish.Body, t told) verdict {
	a := b.About
	ended, worse := a.Ended && !t.Ended, a.Alarm > t.N
	switch {
	case w.When == Worse && ended && t.N == 0:
		return verdict{why: "over before it was told"}
	case ended:
		return verdict{tell: Ended, why: "it ended"}
	case a.Ended && w.When != Worse && (w.All || a.News > t.N): // such as the proof of its recovery
		return verdict{tell: Ended, why: "more is known of its end"}
	case t.N == 0 && (w.When != Worse || worse):
		return verdict{tell: Began, why: "not told yet"}
	case worse && !a.Ended:
		return verdict{tell: Grew, why: "worse"}
	case w.When == Worse:
		return verdict{why: "not worse"}
	case w.All || a.News > t.N:
		return verdict{tell: Goes, why: "news"}
	}
	return verdict{why: "no news"}
}

// unheard says what is told of an update because Slack does not have it.
func unheard(w Way, b publish.Body, t told, slack slackSide, now time.Time) verdict {
	if !slack.known {
		return verdict{why: "it is not known yet whether Slack has it"}
	}
	if slack.has >= b.N {
		return verdict{why: "Slack has it"}
	}
	if left := w.After - now.Sub(slack.since); left > 0 {
		return verdict{wait: left, why: "Slack may take it yet"}
	}
	v := news(w, b, t)
	if v.tell == "" && !t.on() {
		v = verdict{tell: Goes, why: "Slack does not have it"} // the first since then tells how it is
	}
	return v
}
