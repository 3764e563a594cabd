package config

import (
	"encoding/base64"
	"fmt"
	"net/url"
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
	Exec    *checks.Check // of kind exec
	Source  checks.Source
}

// WebhookWay is a signed webhook.
type WebhookWay struct {
	URL     Secret   // http or https
	Secrets []Secret // whsec_..., the one in use first; none: it is not signed
}

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
}

type rawWebhook struct {
	URL        string   `mapstructure:"url"`
	URLFile    string   `mapstructure:"url_file"`
	Secret     []string `mapstructure:"secret"`
	SecretFile []string `mapstructure:"secret_file"`
}

// wayKinds are the kinds of ways: their own parts' names.
var wayKinds = []string{"exec", "webhook"}

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
		w := Way{Name: d.raw.Name, When: d.raw.When, Source: d.item.source()}
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

// wayOwn reads the own part of a way's kind.
func (l *loading) wayOwn(d declared[rawWay], w *Way) {
	for _, kind := range wayKinds {
		if !d.item.wrote(kind) {
			continue
		}
		if w.Kind != "" {
			l.note(d.item, kind, "is a second kind; a way is of one kind, and this one is "+w.Kind, "write two ways")
			return
		}
		w.Kind = kind
	}
	switch w.Kind {
	case "webhook":
		w.Webhook = l.webhook(d)
	case "exec":
		l.wayExec(d, w)
	default:
		l.note(d.item, "name", "does not say how", "write one of "+strings.Join(wayKinds, ", "))
	}
}

// address reads an http(s) address as a secret: who knows it can often post there.
func (l *loading) address(d declared[rawWay], key, text, file string) Secret {
	s := l.secret(d, key, text, file)
	if s.IsZero() {
		return s
	}
	u, err := url.Parse(s.Reveal())
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		l.note(d.item, key, "is not an address that can be posted to", `write "https://..." as whoever takes it shows it`)
		return Secret{}
	}
	return s
}

// secret reads a secret that is written, or in a file; one of both is required. The note
// of a problem never repeats it.
func (l *loading) secret(d declared[rawWay], key, text, file string) Secret {
	part, name, _ := strings.Cut(key, ".")
	switch text = strings.TrimSpace(text); {
	case text != "" && file != "":
		l.note(d.item, key+"_file", "is given together with "+name, "keep one of them")
	case file != "":
		return l.secretFile(d, key+"_file", file)
	case text == "":
		l.note(d.item, part, "has no "+name, fmt.Sprintf("write %s: ${NAME}, or %[1]s_file: PATH", name))
	}
	return NewSecret(text)
}

// secretFile reads a secret from a file, whose path is relative to the folder of the file
// that names it.
func (l *loading) secretFile(d declared[rawWay], key, name string) Secret {
	if looksLikeToken(name) || strings.Contains(name, "://") || strings.HasPrefix(name, "whsec_") {
		l.note(d.item, key, "holds a secret, not the path of a file", "put it into a file and write its path")
		return Secret{}
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(d.doc.shown), name)
	}
	content, err := readFile(name)
	if err != nil {
		message, instead := whyUnreadable(err)
		l.note(d.item, key, fmt.Sprintf("%s: %s", name, message), instead)
		return Secret{}
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		l.note(d.item, key, name+": the file is empty", "put the secret into it")
	}
	return NewSecret(text)
}

func (l *loading) webhook(d declared[rawWay]) *WebhookWay {
	raw := d.raw.Webhook
	w := &WebhookWay{URL: l.address(d, "webhook.url", raw.URL, raw.URLFile)}
	for _, text := range raw.Secret {
		w.Secrets = append(w.Secrets, NewSecret(strings.TrimSpace(text)))
	}
	for _, file := range raw.SecretFile {
		w.Secrets = append(w.Secrets, l.secretFile(d, "webhook.secret_file", file))
	}
	const most = 4 // a header of signatures
	if len(w.Secrets) > most {
		l.note(d.item, "webhook.secret", fmt.Sprintf("has more than %d", most), "keep the one in use, and the one before it while it is replaced")
	}
	for _, s := range w.Secrets {
		if err := webhookSecret(s.Reveal()); err != "" && !s.IsZero() {
			l.note(d.item, "webhook.secret", err, "write whsec_ and what `openssl rand -base64 32` prints")
		}
	}
	return w
}

// wayExec reads the command of a way, as a check of kind exec.
func (l *loading) wayExec(d declared[rawWay], w *Way) {
	c := &checks.Check{ID: "ways/" + w.Name, Kind: "exec", Every: time.Minute, Timeout: w.Timeout, Source: d.item.source()}
	if w.Timeout <= 0 || w.Timeout > c.Every {
		return // noted already
	}
	l.options(declared[rawCheck]{raw: rawCheck{Kind: "exec"}, doc: d.doc, item: d.item}, c, len(l.problems))
	for _, key := range []string{"format", "assert", "degraded"} {
		if _, part := entry(d.item.node, "exec"); part != nil {
			if at, _ := entry(part, key); at != nil {
				l.note(d.item, "exec."+key, "does not go with a way, of which exit code 0 says all", "remove it")
			}
		}
	}
	w.Exec = c
}

// webhookSecret says what is wrong with a secret of Standard Webhooks.
func webhookSecret(secret string) string {
	rest, ok := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(rest)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return "is not whsec_ with 24 to 64 bytes in base64 behind it"
	}
	return ""
}
