package incident

import (
	"fmt"
	"strings"
	"time"
)

// Limits of the cadence that a person may choose. Below a minute only by
// configuration: Slack allows about 50 edits a minute to the whole app.
const (
	minEvery = time.Minute
	maxEvery = time.Hour
)

// reopenWithin is how soon after its end the same trouble is the same incident.
const reopenWithin = 30 * time.Minute

// Refusal is the answer to a person whose wish is not legal now: one sentence
// and the next step.
type Refusal struct {
	Sentence string // where it is of products it has OfThem in their place
	Next     string
	Of       []string // ids of those products; of a check with its own behind a space
}

// OfThem stands in a refusal's sentence for the names of what it is of, which are not
// known here.
const OfThem = "{}"

func (r *Refusal) Error() string {
	return strings.ReplaceAll(r.Sentence, OfThem, strings.Join(r.Of, ", ")) + " " + r.Next
}

// ofOne is what a refusal is of: a product, or a check of it.
func ofOne(product, check string) []string {
	if check != "" {
		product += " " + check
	}
	return []string{product}
}

// Start decides the opening of an incident by a person. It is about all
// products unless some are named.
func (l Log) Start(now time.Time, by, channel, title string, every time.Duration, products ...string) (Event, error) {
	if inc, ok := l.In(channel); ok {
		return Event{}, &Refusal{
			Sentence: fmt.Sprintf("Updates already come to this channel %s.", Paced(inc.Every)),
			Next:     "Change the interval with `every 10m`, or end them with `stop`.",
		}
	}
	return l.open(now, Event{By: by, Title: title, Channel: channel, Every: every, Products: products}), nil
}

// Detect decides the opening by statusbot itself: the channel's last incident
// is opened again if it ended within the last 30 minutes.
func (l Log) Detect(now time.Time, channel, why string, every time.Duration, products ...string) (Event, bool) {
	last, ok := l.Last(channel)
	switch {
	case ok && last.Open():
		return Event{}, false
	case ok && last.Detected() && last.EndedBy == "" && now.Sub(last.EndedAt) < reopenWithin:
		return Event{Incident: last.ID, At: now, Kind: Reopened, Why: why}, true
	default:
		return l.open(now, Event{Channel: channel, Every: every, Why: why, Products: products}), true
	}
}

// open makes of e the opening of the next incident.
func (l Log) open(now time.Time, e Event) Event {
	e.Number = l.Newest() + 1
	e.Incident, e.At, e.Kind = ID(e.Number), now, Opened
	return e
}

// Stop decides the end of the updates in a channel; by is empty when statusbot
// itself found that all is well again; then unproven are the products whose
// recovery is not proven yet.
func (l Log) Stop(now time.Time, by, channel, why string, unproven ...string) (Event, error) {
	inc, ok := l.In(channel)
	if !ok {
		return Event{}, nothingHere()
	}
	return Event{Incident: inc.ID, At: now, Kind: Resolved, By: by, Why: why, Products: unproven}, nil
}

// SetEvery decides a new cadence.
func (l Log) SetEvery(now time.Time, by, channel string, every time.Duration) (Event, error) {
	inc, ok := l.In(channel)
	switch {
	case !ok:
		return Event{}, nothingHere()
	case every < minEvery || every > maxEvery:
		return Event{}, &Refusal{
			Sentence: fmt.Sprintf("Updates can come every %s to %s.", Every(minEvery), Every(maxEvery)),
			Next:     "For example: `every 5m`.",
		}
	}
	return Event{Incident: inc.ID, At: now, Kind: Cadence, By: by, Every: every}, nil
}

// steps are the cadences that "more often" and "less often" walk.
var steps = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// Step returns the next cadence that is shorter (more often) or longer than
// the present one; the same when there is none.
func Step(every time.Duration, moreOften bool) time.Duration {
	if moreOften {
		for i := len(steps) - 1; i >= 0; i-- {
			if steps[i] < every {
				return steps[i]
			}
		}
		return every
	}
	for _, s := range steps {
		if s > every {
			return s
		}
	}
	return every
}

func nothingHere() *Refusal {
	return &Refusal{Sentence: "No updates come to this channel now.", Next: "Begin them with `start`."}
}

// Paced writes a cadence as people say it: "every 5 min", "every minute".
func Paced(d time.Duration) string {
	switch d {
	case time.Second:
		return "every second"
	case time.Minute:
		return "every minute"
	case time.Hour:
		return "every hour"
	default:
		return "every " + Every(d)
	}
}

// Every writes the span between two updates: "5 min", "90 s", "1 h".
func Every(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	default:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
}
