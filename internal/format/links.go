package format

import (
	"cmp"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
)

// maxLinkName bounds what a link is called where several stand in a line.
const maxLinkName = 40

// linksIn are an incident's links, each a word to press: "Links: call · ticket".
func linksIn(inc incident.Incident) string {
	var out []string
	for _, l := range inc.Links {
		out = append(out, link(l.Name, l.URL))
	}
	return "Links: " + strings.Join(out, " · ")
}

// links is the block of an incident's links; none where it has none.
func links(inc incident.Incident) []Block {
	if len(inc.Links) == 0 {
		return nil
	}
	return []Block{{Context: linksIn(inc)}}
}

func link(name, url string) string {
	return text.Link(url, text.EscapeOr(name, maxLinkName, "link"))
}

// severity is how severe somebody said an incident is, in front of what follows its
// number: " (SEV2)".
func severity(inc incident.Incident) string {
	if inc.Severity == "" {
		return ""
	}
	return " (" + text.Escape(inc.Severity, maxLinkName) + ")"
}

// numbered is the number of an incident's last word, behind it.
func numbered(u UpdateFacts) string {
	if u.Incident.Severity == "" {
		return "update #" + text.Count(u.N)
	}
	return "update #" + text.Count(u.N) + ", " + text.Escape(u.Incident.Severity, maxLinkName)
}

// LinkGiven tells the person who gave an incident a link that it has it, or that it
// is gone.
func LinkGiven(e incident.Event, command string) Message {
	if e.Kind == incident.Unlinked {
		return say("Taken away: "+link(e.Text, e.URL)+". The update is without it in a moment.", "Give it back: "+typed(command, "link "+e.URL+" "+e.Text))
	}
	return say("Written down: "+link(e.Text, e.URL)+". The update shows it in a moment.", "Take it away: "+typed(command, "unlink "+e.Text))
}

// LinksOf answers who asks for an incident's links, or types none.
func LinksOf(inc incident.Incident, command string) Message {
	how := "Give it one: " + typed(command, "link https://meet.example.com/abc call")
	if len(inc.Links) == 0 {
		return say("This channel's incident has no link.", how)
	}
	return say(linksIn(inc), how, "Take one away: "+typed(command, "unlink "+inc.Links[0].Name))
}

// NotALink answers an address that is none that can be shown as a link; why
// completes "That is no link: ".
func NotALink(command, why string) Message {
	return say("That cannot be a link: "+why+".", "For example: "+typed(command, "link https://meet.example.com/abc call"))
}

// SeverityOf answers who asks how severe an incident is said to be.
func SeverityOf(inc incident.Incident, command string) Message {
	how := "Set it: " + typed(command, "severity SEV2") + ". It is a label for people; nothing follows from it."
	if inc.Severity == "" {
		return say("Nobody has said how severe this channel's incident is.", how)
	}
	return say("Severity: "+text.Escape(inc.Severity, maxLinkName)+".", how, "Take it back: "+typed(command, "severity none"))
}

// SeverityGiven tells the person who said how severe an incident is that it is known.
func SeverityGiven(e incident.Event, command string) Message {
	if e.Text == "" {
		return say("Written down: no severity. The update is without it in a moment.")
	}
	return say("Written down: "+text.Escape(e.Text, maxLinkName)+". The update shows it in a moment.", "Take it back: "+typed(command, "severity none"))
}

// said tells what a person said about an incident as a whole; empty where the event
// is none of that.
func (c clock) said(e incident.Event, by string) string {
	switch e.Kind {
	case incident.Note:
		if !e.Done.IsZero() {
			return by + " told " + quoted(e.Text) + ", of " + c.When(e.Done)
		}
		return by + " noted " + quoted(e.Text)
	case incident.Linked:
		return by + " added the link " + link(e.Text, e.URL)
	case incident.Unlinked:
		return by + " took the link " + quoted(e.Text) + " away"
	case incident.Labelled:
		if e.Text == "" {
			return by + " took the severity back"
		}
		return by + " set the severity to " + cmp.Or(text.Escape(e.Text, maxLinkName), "(empty)")
	}
	return ""
}

// Reminder tells who began an incident that nobody has written anything down for
// long.
func Reminder(inc incident.Incident, silent time.Duration, command string) Message {
	where := ""
	if text.UserID.MatchString(inc.Channel) {
		where = " in <#" + inc.Channel + ">"
	}
	return say(titled(inc)+where+": nobody has marked or noted anything for "+text.Lately(silent)+".",
		"What was tried, what is known: "+typed(command, "mark TEXT")+" · "+typed(command, "note TEXT")+", in that channel. I do not repeat this.")
}
