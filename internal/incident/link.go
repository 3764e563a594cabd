package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Link is an address that somebody gave an incident, by name: its call, its ticket.
type Link struct {
	Name string
	URL  string
	By   string // Slack user id
	At   time.Time
}

// mostLinks bounds the links of an incident: all of them stand in each update.
const mostLinks = 5

// linked are the links after one more event. A name leads to one place: what is
// given under a name that is there takes its place.
func linked(links []Link, e Event) []Link {
	l := Link{Name: e.Text, URL: e.URL, By: e.By, At: e.At}
	out := slices.Clone(links)
	at := slices.IndexFunc(out, func(x Link) bool { return strings.EqualFold(x.Name, l.Name) })
	switch {
	case e.Kind == Unlinked && at >= 0:
		return slices.Delete(out, at, at+1)
	case e.Kind == Unlinked:
		return links
	case at >= 0:
		out[at] = l
		return out
	}
	return append(out, l)
}

// DoLink decides that an incident has a link. The address is one that may be shown
// to everybody as a link.
func (l Log) DoLink(now time.Time, by, channel, name, url string) (Event, error) {
	inc, ok := l.In(channel)
	if !ok {
		return Event{}, nothingToMark()
	}
	for _, x := range inc.Links {
		same := strings.EqualFold(x.Name, name)
		if x.URL == url && (same || name == "") {
			return Event{}, &Refusal{Sentence: "That link stands there already.", Next: "Take it away with `unlink " + x.Name + "`."}
		}
	}
	there := slices.ContainsFunc(inc.Links, func(x Link) bool { return strings.EqualFold(x.Name, name) })
	if len(inc.Links) >= mostLinks && !there {
		return Event{}, &Refusal{Sentence: fmt.Sprintf("An incident has at most %d links, since each update shows them all.", mostLinks), Next: "Take one away first: " + unlinks(inc.Links) + "."}
	}
	return Event{Incident: inc.ID, At: now, Kind: Linked, By: by, Text: name, URL: url}, nil
}

// DoUnlink decides that an incident no longer has a link: that of a name or an
// address, or the only one when neither is said.
func (l Log) DoUnlink(now time.Time, by, channel, said string) (Event, error) {
	inc, ok := l.In(channel)
	if !ok {
		return Event{}, nothingToMark()
	}
	var found []Link
	for _, x := range inc.Links {
		if said == "" || strings.EqualFold(x.Name, said) || x.URL == said {
			found = append(found, x)
		}
	}
	switch {
	case len(inc.Links) == 0:
		return Event{}, &Refusal{Sentence: "This incident has no link.", Next: "Give it one with `link https://... call`."}
	case len(found) != 1:
		return Event{}, &Refusal{Sentence: "Say which link.", Next: "One of these: " + unlinks(inc.Links) + "."}
	}
	return Event{Incident: inc.ID, At: now, Kind: Unlinked, By: by, Text: found[0].Name, URL: found[0].URL}, nil
}

// unlinks are the commands that take links away.
func unlinks(links []Link) string {
	var out []string
	for _, x := range links {
		out = append(out, "`unlink "+x.Name+"`")
	}
	return strings.Join(out, ", ")
}

// maxSeverity bounds a severity, in bytes: a label, such as "SEV2".
const maxSeverity = 24

// Label decides that somebody says how severe an incident is; an empty severity
// takes that back. It is what they say: nothing computes it, and nothing follows
// from it.
func (l Log) Label(now time.Time, by, channel, severity string) (Event, error) {
	inc, ok := l.In(channel)
	switch {
	case !ok:
		return Event{}, nothingToMark()
	case len(severity) > maxSeverity:
		return Event{}, &Refusal{Sentence: "A severity is a label of a word or two.", Next: "For example: `severity SEV2`. What it means: `note TEXT`."}
	case severity == "" && inc.Severity == "":
		return Event{}, &Refusal{Sentence: "This incident has no severity.", Next: "Set one with `severity SEV2`."}
	case severity == inc.Severity:
		return Event{}, &Refusal{Sentence: "That is its severity already.", Next: "Take it back with `severity none`."}
	}
	return Event{Incident: inc.ID, At: now, Kind: Labelled, By: by, Text: severity}, nil
}
