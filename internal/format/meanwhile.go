package format

import (
	"cmp"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// MeanwhileFacts are what was told elsewhere while Slack took no updates.
type MeanwhileFacts struct {
	From, To time.Time
	Was      string // why, such as "Slack did not answer"; empty where that is not known
	By       []ToldBy
	Not      []ToldBy // ways that were to tell it and took nothing
	Now      time.Time
	Zone     *time.Location
}

// ToldBy is a way that told.
type ToldBy struct {
	Name, Kind, To string
	UpTo           int // number of the newest update that it told
}

// Meanwhile says in the channel, once Slack is back, what was told where meanwhile.
func Meanwhile(f MeanwhileFacts) Message {
	c := clockOf(f.Now, f.Zone)
	c.Fine = f.To.Sub(f.From) < 2*time.Minute // "from 18:47 to 18:47" says nothing
	why := ""
	if f.Was != "" {
		why = ": " + text.Escape(f.Was, 200)
	}
	said := func(write func(time.Time) string) string {
		return "No updates of this incident came here from " + write(f.From) + " to " + write(f.To) + " (" + text.Span(f.To.Sub(f.From)) + ")" + why + "."
	}
	var lines []string
	if len(f.By) > 0 {
		lines = append(lines, "Meanwhile told by "+waysOf(f.By)+".")
	}
	if len(f.Not) > 0 {
		lines = append(lines, "Not told by "+waysOf(f.Not)+", which took nothing.")
	}
	if len(f.By) == 0 {
		lines = append(lines, "So nobody was told elsewhere.")
	}
	rest := text.NonEmpty(append(lines, "The newest update stands above.")...)
	return limited(Message{Text: strings.Join(append([]string{said(c.Plain)}, rest...), " "),
		Blocks: sections([]string{"*" + said(c.When) + "*", strings.Join(rest, " ")})})
}

// kindsOfWays are the kinds that are called otherwise in the configuration.
var kindsOfWays = map[string]string{"mail": "e-mail", "exec": "command", "teams": "Microsoft Teams", "slack": "another Slack", "pagerduty": "PagerDuty", "alertmanager": "Alertmanager", "grafana": "Grafana"}

// waysOf names ways: "ops-mail (e-mail, up to update #12) and hook (webhook, up to update #11)".
func waysOf(list []ToldBy) string {
	const most = 6 // of those that are named; a line on a phone holds two
	var names []string
	for i, w := range list {
		if i == most {
			names = append(names, text.Count(len(list)-most)+" more")
			break
		}
		about := text.Escape(cmp.Or(kindsOfWays[w.Kind], w.Kind), 20)
		if w.To != "" {
			about += " to " + text.Escape(w.To, 60)
		}
		if w.UpTo > 0 {
			about += ", up to update #" + text.Count(w.UpTo)
		}
		names = append(names, text.Name(w.Name)+" ("+about+")")
	}
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
