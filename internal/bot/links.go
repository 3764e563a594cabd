package bot

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/lazy"
)

// link gives the channel's incident a link, "https://meet.example.com/abc call", or
// shows those that it has.
func (c *Commands) link(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	words := strings.Fields(pasted.ReplaceAllString(said, "$1"))
	at := slices.IndexFunc(words, likeLink)
	inc, open := c.Board.Log().In(e.Channel)
	switch {
	case len(words) == 0 && open:
		return format.LinksOf(inc, e.Command)
	case len(words) == 0:
		return c.refused(e, errNothingOpen(c.Board.Log(), now, e))
	case at < 0:
		return format.NotALink(e.Command, "there is no address in it")
	}
	u, host, wrong := linkOf(words[at])
	if wrong != "" {
		return format.NotALink(e.Command, wrong)
	}
	name := linkName(slices.Concat(words[:at], words[at+1:]))
	if slices.ContainsFunc(words[at+1:], likeLink) {
		return format.NotALink(e.Command, "one at a time")
	}
	if len(name) > maxLinkName {
		return format.NotALink(e.Command, "its name is longer than a word or two")
	}
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoLink(now, e.User, e.Channel, cmp.Or(name, host), u)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.LinkGiven(ev, e.Command)
}

// errNothingOpen is what a channel without an incident answers to who would write
// something down.
func errNothingOpen(log incident.Log, now time.Time, e Envelope) error {
	_, err := log.Label(now, e.User, e.Channel, "-")
	return err
}

// maxLinkName bounds what a link is called, in bytes.
const maxLinkName = 60

// linkName is what a link is called: "for the call", "as call" and "call" are the
// same.
func linkName(words []string) string {
	for len(words) > 0 && slices.Contains([]string{"as", "for", "the", "to", "is", "=", "-", ":"}, strings.ToLower(words[0])) {
		words = words[1:]
	}
	return strings.Trim(strings.Join(words, " "), edges+"-=")
}

// unlink takes a link away.
func (c *Commands) unlink(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	words := without(strings.Fields(pasted.ReplaceAllString(said, "$1")), polite)
	what := linkName(words)
	if len(words) == 1 && likeLink(words[0]) {
		if u, _, wrong := linkOf(words[0]); wrong == "" {
			what = u
		}
	}
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoUnlink(now, e.User, e.Channel, what)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.LinkGiven(ev, e.Command)
}

// pasted is how Slack writes an address in a slash command: "<tel:+49301|+49 30 1>".
var pasted = lazy.Compile(`<([a-zA-Z][a-zA-Z0-9+.-]*:[^<>|]*)(?:\|[^<>]*)?>`)

// scheme begins an address that names one: "https:", "tel:".
var scheme = lazy.Compile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)

// likeLink reports whether a word looks like an address.
func likeLink(word string) bool {
	word = strings.Trim(word, "<>()\"'`,;")
	host, _, _ := strings.Cut(word, "/")
	return scheme.MatchString(word) && !strings.HasSuffix(word, ":") || domain.MatchString(host)
}

// opened are the schemes that a press on a link may open: pages, calls and letters,
// nothing that runs.
var opened = []string{"https", "http", "tel", "mailto", "sip", "sips"}

// maxLink bounds an address as Slack has it, in bytes: five of them with their names
// stand in one element of a context block, which has at most 3,000 characters.
const maxLink = 500

// linkOf reads an address that is to be a link, and what it is called when nobody
// says it; wrong says why it can be none.
func linkOf(word string) (address, name, wrong string) {
	word = strings.Trim(word, "<>()\"'`,;")
	word, _, _ = strings.Cut(word, "|")
	word = strings.ReplaceAll(word, "&amp;", "&") // as Slack may write it
	if host, _, _ := strings.Cut(word, "/"); !scheme.MatchString(word) && domain.MatchString(host) {
		word = "https://" + word
	}
	u, err := url.Parse(word)
	if err != nil {
		return "", "", "the address cannot be read"
	}
	web := u.Scheme == "http" || u.Scheme == "https"
	switch {
	case !slices.Contains(opened, u.Scheme):
		return "", "", "only https, http, tel, mailto and sip can be opened from here"
	case web && u.Hostname() == "":
		return "", "", "the address has no host"
	case !web && (u.Opaque == "" || u.Host != ""):
		return "", "", "nobody is named behind \"" + u.Scheme + ":\""
	case u.User != nil:
		return "", "", "there is a name or a password in front of its host, which everybody would see"
	}
	address = strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", `"`, "%22", "`", "%60").Replace(u.String())
	if len(strings.ReplaceAll(address, "&", "&amp;")) > maxLink {
		return "", "", "it is longer than 500 characters; a short link does"
	}
	if web {
		return address, u.Hostname(), ""
	}
	who, _, _ := strings.Cut(u.Opaque, "?")
	return address, who, ""
}

// severity sets how severe the channel's incident is, as a label, or says it.
func (c *Commands) severity(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	label := severityOf(strings.Fields(said))
	if label == "" {
		if inc, open := c.Board.Log().In(e.Channel); open {
			return format.SeverityOf(inc, e.Command)
		}
		return c.refused(e, errNothingOpen(c.Board.Log(), now, e))
	}
	if slices.Contains(noSeverity, strings.ToLower(label)) {
		label = ""
	}
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.Label(now, e.User, e.Channel, label)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.SeverityGiven(ev, e.Command)
}

// noSeverity are words that take a severity back.
var noSeverity = []string{"none", "no", "off", "unset", "clear", "remove", "-"}

// shortSeverity is a severity as it is said in a hurry: "2", "sev2", "sev-2", "p1".
var shortSeverity = lazy.Compile(`(?i)^(sev|severity|p|prio|s)?[ -]?([0-9])$`)

// severityOf is a severity as it is shown: "2" and "sev 2" are "SEV2", "p1" is "P1";
// anything else stays as it was typed.
func severityOf(words []string) string {
	for len(words) > 0 && slices.Contains([]string{"to", "is", "=", "now"}, strings.ToLower(words[0])) {
		words = words[1:]
	}
	s := strings.Join(words, " ")
	if s != "-" {
		s = strings.Trim(s, edges)
	}
	m := shortSeverity.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	switch strings.ToLower(m[1]) {
	case "", "sev", "severity":
		return "SEV" + m[2]
	case "prio", "p":
		return "P" + m[2]
	}
	return strings.ToUpper(m[1]) + m[2]
}
