package config

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/lazy"
)

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

// labelName is how Prometheus writes names of labels.
var labelName = lazy.Compile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

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
		if !isMailbox(address) {
			l.note(it, key, "is not an address of e-mail", `write ops@example.com, or "Ops <ops@example.com>"`)
		}
	}
	given := raw.Password != "" || raw.PasswordFile != ""
	if it.wrote("mail") && given {
		m.Password = l.secret(d.item, "mail.password", raw.Password, raw.PasswordFile)
	}
	if (m.Username != "") != given {
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
	if !IsHostPort(d.raw.Mail.Server) {
		l.note(d.item, "mail.server", "is not host:port", "write smtp.example.com:587, or :465 with tls: implicit")
		return
	}
	host, port, _ := net.SplitHostPort(d.raw.Mail.Server)
	m.Host = host
	m.Port, _ = strconv.Atoi(port)
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
