package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// Way is one other way out, by which updates are told elsewhere than in Slack: exactly
// one of its kinds is given.
type Way struct {
	Name    string // unique
	Kind    string // its own part's name, such as "webhook"
	When    string // one of Ways...
	All     bool   // every update is told, not news alone
	After   time.Duration
	Gap     time.Duration
	Timeout time.Duration
	Webhook *WebhookWay
	Mail    *MailWay
	Post    Secret // address that a Teams, Slack, PagerDuty, Alertmanager or Grafana way posts to; zero: PagerDuty's own
	Key     Secret // PagerDuty's routing key; token that Alertmanager's proxy or Grafana wants
	Alerts  *AlertsWay
	Exec    *checks.Check // of kind exec
}

// How the connection to a mail server is secured.
const (
	MailStartTLS = "starttls"
	MailImplicit = "implicit"
	MailNoTLS    = "none"
)

// When a way tells.
const (
	WaysAlways    = "always"
	WaysSlackDown = "slack_down"
	WaysWorse     = "worse"
)

type rawWay struct {
	Name    string         `mapstructure:"name"`
	When    string         `mapstructure:"when"`
	Tells   string         `mapstructure:"tells"`
	After   *time.Duration `mapstructure:"after"`
	Every   *time.Duration `mapstructure:"every"`
	Timeout *time.Duration `mapstructure:"timeout"`
	Webhook rawWebhook     `mapstructure:"webhook"`
	Mail    rawMail        `mapstructure:"mail"`
	Teams   rawHook        `mapstructure:"teams"`
	Slack   rawHook        `mapstructure:"slack"`
	Pager   rawPager       `mapstructure:"pagerduty"`
	Alerts  rawAlerts      `mapstructure:"alertmanager"`
	Grafana rawGrafana     `mapstructure:"grafana"`
}

// wayKinds are the kinds of ways: their own parts' names.
var wayKinds = []string{"alertmanager", "exec", "grafana", "mail", "pagerduty", "slack", "teams", "webhook"}

// What a way tells.
const (
	tellsNews    = "news"
	tellsUpdates = "updates"
)

// allWays checks the ways of all files together.
func (l *loading) allWays() []Way {
	seen := map[string]*item{}
	var all []Way
	for _, d := range l.ways {
		before := len(l.problems)
		w := Way{Name: d.raw.Name, When: d.raw.When}
		l.wayName(d, seen)
		if !d.item.wrote("when") {
			w.When = WaysSlackDown
		} else if known := []string{WaysAlways, WaysSlackDown, WaysWorse}; !slices.Contains(known, w.When) {
			l.note(d.item, "when", fmt.Sprintf("%q is not one of %s", clip(w.When), strings.Join(known, ", ")), didYouMean(w.When, known))
		}
		switch d.raw.Tells {
		case "", tellsNews:
		case tellsUpdates:
			w.All = true
		default:
			l.note(d.item, "tells", fmt.Sprintf("%q is not one of news, updates", clip(d.raw.Tells)), didYouMean(d.raw.Tells, []string{tellsNews, tellsUpdates}))
		}
		if d.item.wrote("after") && w.When != WaysSlackDown {
			l.note(d.item, "after", "goes with when: slack_down alone", "remove it")
		}
		w.After = l.within(d.item, "after", d.raw.After, time.Minute, time.Second, time.Hour)
		w.Gap = l.within(d.item, "every", d.raw.Every, time.Minute, 0, 24*time.Hour)
		w.Timeout = l.within(d.item, "timeout", d.raw.Timeout, 10*time.Second, 100*time.Millisecond, time.Minute)
		l.wayOwn(d, &w)
		if len(l.problems) == before {
			all = append(all, w)
		}
	}
	return all
}

// wayName checks what a way is called: it stands in messages and in keys of what is stored.
func (l *loading) wayName(d declared[rawWay], seen map[string]*item) {
	name := d.raw.Name
	switch {
	case name == "":
		l.note(d.item, "name", "is missing", "write name: ops-mail, under which it stands in the log and in the channel")
	case !validID(name):
		l.note(d.item, "name", fmt.Sprintf("%q is not a name", clip(name)), fmt.Sprintf(`write up to %d of a-z, 0-9, "-", "_", ".", "/", the first a letter or a digit`, maxID))
	case seen[name] != nil:
		l.note(d.item, "name", fmt.Sprintf("%q is taken: %s at %s:%d has it", name, seen[name].path, seen[name].doc.shown, seen[name].at("name").Line), "write another name")
	}
	seen[name] = d.item
}

// within is a duration of an item between bounds, or what it is where it is not written.
func (l *loading) within(it *item, key string, d *time.Duration, otherwise, least, most time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	if *d < least || *d > most {
		l.note(it, key, fmt.Sprintf("%s is not between %s and %s", shortDuration(*d), shortDuration(least), shortDuration(most)),
			fmt.Sprintf("write for example %s: %s", key, shortDuration(otherwise)))
	}
	return *d
}

// ownKind returns the kind whose own part was written, empty without one; false where
// a second one is written as well.
func (l *loading) ownKind(it *item, kinds []string, what string) (kind string, one bool) {
	for _, k := range kinds {
		switch {
		case !it.wrote(k):
		case kind != "":
			l.note(it, k, fmt.Sprintf("is a second kind; a %s is of one kind, and this one is %s", what, kind), fmt.Sprintf("write two %ss", what))
			return kind, false
		default:
			kind = k
		}
	}
	return kind, true
}

// wayOwn reads the own part of a way's kind.
func (l *loading) wayOwn(d declared[rawWay], w *Way) {
	var one bool
	if w.Kind, one = l.ownKind(d.item, wayKinds, "way"); !one {
		return
	}
	switch w.Kind {
	case "webhook":
		w.Webhook = l.webhook(d)
	case "exec":
		l.wayExec(d, w)
	case "mail":
		w.Mail = l.mail(d)
	case "teams":
		w.Post = l.address(d, "teams.url", d.raw.Teams.URL, d.raw.Teams.URLFile)
	case "slack":
		w.Post = l.address(d, "slack.url", d.raw.Slack.URL, d.raw.Slack.URLFile)
	case "pagerduty":
		w.Key = l.secret(d.item, "pagerduty.routing_key", d.raw.Pager.Key, d.raw.Pager.KeyFile)
		if d.raw.Pager.URL != "" {
			w.Post = l.address(d, "pagerduty.url", d.raw.Pager.URL, "")
		}
		if !d.item.wrote("when") {
			w.When = WaysWorse
		}
	case "alertmanager", "grafana":
		l.alerts(d, w)
	default:
		l.note(d.item, "name", "does not say how", "write one of "+strings.Join(wayKinds, ", "))
	}
}

// address reads an http(s) address as a secret: who knows it can often post there.
func (l *loading) address(d declared[rawWay], key, text, file string) Secret {
	s := l.secret(d.item, key, text, file)
	if s.IsZero() {
		return s
	}
	if !isWebURL(s.Reveal()) {
		l.note(d.item, key, "is not an address that can be posted to", `write "https://..." as whoever takes it shows it`)
		return Secret{}
	}
	return s
}

// secret reads a secret that is written, or in a file; one of both is required. The note
// of a problem never repeats it.
func (l *loading) secret(it *item, key, text, file string) Secret {
	part, name, _ := strings.Cut(key, ".")
	switch text = strings.TrimSpace(text); {
	case text != "" && file != "":
		l.note(it, key+"_file", "is given together with "+name, "keep one of them")
	case file != "":
		return l.secretFile(it, key+"_file", file)
	case text == "":
		l.note(it, part, "has no "+name, fmt.Sprintf("write %s: ${NAME}, or %[1]s_file: PATH", name))
	}
	return NewSecret(text)
}

// secretFile reads a secret from a file, whose path is relative to the folder of the file
// that names it.
func (l *loading) secretFile(it *item, key, name string) Secret {
	if looksLikeToken(name) || strings.Contains(name, "://") || strings.HasPrefix(name, "whsec_") {
		l.note(it, key, "holds a secret, not the path of a file", "put it into a file and write its path")
		return Secret{}
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(it.doc.shown), name)
	}
	content, err := readFile(name)
	if err != nil {
		message, instead := whyUnreadable(err)
		l.note(it, key, fmt.Sprintf("%s: %s", name, message), instead)
		return Secret{}
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		l.note(it, key, name+": the file is empty", "put the secret into it")
	}
	return NewSecret(text)
}
