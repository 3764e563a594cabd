package config

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	Source  checks.Source
}

// AlertsWay is what is the own of Alertmanager's alerts or of Grafana's annotations.
type AlertsWay struct {
	Labels    map[string]string // of alerts, besides their own
	Dashboard string            // uid, of annotations; empty: none
	Panel     int               // of that dashboard; 0: none
	Tags      []string          // of annotations, besides their own
}

// WebhookWay is a signed webhook.
type WebhookWay struct {
	URL     Secret   // http or https
	Secrets []Secret // whsec_..., the one in use first; none: it is not signed
}

// MailWay is e-mail.
type MailWay struct {
	Host     string
	Port     int
	TLS      string // one of Mail...
	CAFile   string // certificates that the server's may be of, in PEM; empty: the machine's
	From     string
	To       []string
	Username string
	Password Secret
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

type rawAlerts struct {
	URL       string            `mapstructure:"url"`
	URLFile   string            `mapstructure:"url_file"`
	Token     string            `mapstructure:"token"`
	TokenFile string            `mapstructure:"token_file"`
	Labels    map[string]string `mapstructure:"labels"`
}

type rawGrafana struct {
	URL       string   `mapstructure:"url"`
	URLFile   string   `mapstructure:"url_file"`
	Token     string   `mapstructure:"token"`
	TokenFile string   `mapstructure:"token_file"`
	Dashboard string   `mapstructure:"dashboard_uid"`
	Panel     int      `mapstructure:"panel_id"`
	Tags      []string `mapstructure:"tags"`
}

type rawHook struct {
	URL     string `mapstructure:"url"`
	URLFile string `mapstructure:"url_file"`
}

type rawPager struct {
	Key     string `mapstructure:"routing_key"`
	KeyFile string `mapstructure:"routing_key_file"`
	URL     string `mapstructure:"url"`
}

type rawMail struct {
	Server       string   `mapstructure:"server"`
	TLS          string   `mapstructure:"tls"`
	CAFile       string   `mapstructure:"ca_file"`
	From         string   `mapstructure:"from"`
	To           []string `mapstructure:"to"`
	Username     string   `mapstructure:"username"`
	Password     string   `mapstructure:"password"`
	PasswordFile string   `mapstructure:"password_file"`
}

type rawWebhook struct {
	URL        string   `mapstructure:"url"`
	URLFile    string   `mapstructure:"url_file"`
	Secret     []string `mapstructure:"secret"`
	SecretFile []string `mapstructure:"secret_file"`
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

// labelName is how Prometheus writes names of labels.
var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// alerts reads a way to Alertmanager or Grafana. Those are kept up to date by every
// update, whether Slack works or not.
func (l *loading) alerts(d declared[rawWay], w *Way) {
	a, g := d.raw.Alerts, d.raw.Grafana
	w.Alerts = &AlertsWay{Labels: a.Labels, Dashboard: g.Dashboard, Panel: g.Panel, Tags: g.Tags}
	address, file, token, tokenFile := a.URL, a.URLFile, a.Token, a.TokenFile
	if w.Kind == "grafana" {
		address, file, token, tokenFile = g.URL, g.URLFile, g.Token, g.TokenFile
	}
	w.Post = l.address(d, w.Kind+".url", address, file)
	if token != "" || tokenFile != "" || w.Kind == "grafana" {
		w.Key = l.secret(d.item, w.Kind+".token", token, tokenFile)
	}
	for name, value := range a.Labels {
		switch {
		case !labelName.MatchString(name):
			l.note(d.item, "alertmanager.labels", fmt.Sprintf("%q is not the name of a label", clip(name)), "write letters, digits and _, the first no digit")
		case name == "incident":
			l.note(d.item, "alertmanager.labels", "incident is set by statusbot: the incident's id", "choose another name")
		case strings.TrimSpace(value) == "":
			l.note(d.item, "alertmanager.labels", name+" is empty", "write a value, or leave it out")
		}
	}
	if g.Panel != 0 && g.Dashboard == "" || g.Panel < 0 {
		l.note(d.item, "grafana.panel_id", "goes with dashboard_uid", "write both, or neither")
	}
	if !d.item.wrote("when") {
		w.When = WaysAlways
	}
	if !d.item.wrote("tells") {
		w.All = true
	}
	if d.item.wrote("after") && w.When == WaysAlways {
		l.note(d.item, "after", "goes with when: slack_down alone", "remove it")
	}
}

// address reads an http(s) address as a secret: who knows it can often post there.
func (l *loading) address(d declared[rawWay], key, text, file string) Secret {
	s := l.secret(d.item, key, text, file)
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

func (l *loading) webhook(d declared[rawWay]) *WebhookWay {
	raw := d.raw.Webhook
	w := &WebhookWay{URL: l.address(d, "webhook.url", raw.URL, raw.URLFile)}
	for _, text := range raw.Secret {
		w.Secrets = append(w.Secrets, NewSecret(strings.TrimSpace(text)))
	}
	for _, file := range raw.SecretFile {
		w.Secrets = append(w.Secrets, l.secretFile(d.item, "webhook.secret_file", file))
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

// mail reads an e-mail way. A connection without TLS is for this machine alone.
func (l *loading) mail(d declared[rawWay]) *MailWay {
	raw, it := d.raw.Mail, d.item
	m := &MailWay{TLS: cmp.Or(raw.TLS, MailStartTLS), From: raw.From, To: raw.To, Username: raw.Username, CAFile: raw.CAFile}
	l.mailServer(d, m)
	if len(m.To) == 0 {
		l.note(it, "mail.to", "is missing", "write to: [ops@example.com]")
	}
	const most = 50 // of one mail; more is a list
	if len(m.To) > most {
		l.note(it, "mail.to", fmt.Sprintf("has more than %d addresses", most), "make a list of them on the mail server, and write that")
	}
	for _, address := range append([]string{m.From}, m.To...) {
		key := "mail.to"
		if address == m.From {
			key = "mail.from"
		}
		if _, err := mail.ParseAddress(address); err != nil || strings.ContainsAny(address, "\r\n") {
			l.note(it, key, "is not an address of e-mail", `write ops@example.com, or "Ops <ops@example.com>"`)
		}
	}
	if it.wrote("mail") && (raw.Password != "" || raw.PasswordFile != "") {
		m.Password = l.secret(d.item, "mail.password", raw.Password, raw.PasswordFile)
	}
	if (m.Username == "") != m.Password.IsZero() {
		l.note(it, "mail.username", "and the password go together", "write both, or neither")
	}
	if m.CAFile != "" && !filepath.IsAbs(m.CAFile) {
		m.CAFile = filepath.Join(filepath.Dir(d.doc.shown), m.CAFile)
	}
	if m.CAFile != "" {
		if content, err := readFile(m.CAFile); err != nil {
			message, instead := whyUnreadable(err)
			l.note(it, "mail.ca_file", fmt.Sprintf("%s: %s", m.CAFile, message), instead)
		} else if !x509.NewCertPool().AppendCertsFromPEM(content) {
			l.note(it, "mail.ca_file", m.CAFile+": holds no certificate", "write a file in PEM")
		}
	}
	return m
}

// mailServer reads where the mail server is, and how it is reached.
func (l *loading) mailServer(d declared[rawWay], m *MailWay) {
	known := []string{MailStartTLS, MailImplicit, MailNoTLS}
	if !slices.Contains(known, m.TLS) {
		l.note(d.item, "mail.tls", fmt.Sprintf("%q is not one of %s", clip(m.TLS), strings.Join(known, ", ")), didYouMean(m.TLS, known))
	}
	host, port, err := net.SplitHostPort(d.raw.Mail.Server)
	if err == nil {
		m.Host = host
		m.Port, err = strconv.Atoi(port)
	}
	if err != nil || m.Host == "" || m.Port < 1 || m.Port > 65535 {
		l.note(d.item, "mail.server", "is not host:port", "write smtp.example.com:587, or :465 with tls: implicit")
		return
	}
	if ip := net.ParseIP(m.Host); m.TLS == MailNoTLS && d.raw.Mail.Username != "" && m.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		l.note(d.item, "mail.tls", "none would show the password to the network", "write starttls or implicit")
	}
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
