package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	waysProducts = "products: [{id: p}]\n"
	aHookSecret  = "whsec_ZXhhbXBsZSBvZiBhIGtleSBvZiAzMiBieXRlcyA="
)

// TestWaysAreRead: with their defaults, with secrets of the environment and of files.
func TestWaysAreRead(t *testing.T) {
	file := write(t, waysProducts+`ways:
  - {name: hook, webhook: {url: "${HOOK}", secret: "${HOOK_SECRET}"}}
  - {name: filed, when: always, tells: updates, every: 0s, timeout: 3s, webhook: {url_file: in/url, secret_file: [in/secret, in/secret]}}
  - {name: own, when: worse, exec: {argv: [./siren.sh, "${HOOK}"]}}
  - {name: ops, mail: {server: "localhost:25", tls: none, from: "Bot <bot@acme.example>", to: kim@acme.example, username: bot, password: "${HOOK}"}}
  - {name: pager, pagerduty: {routing_key: "${HOOK}"}}
  - {name: teams, teams: {url: "${HOOK}"}}
  - {name: am, alertmanager: {url: "${HOOK}", labels: {severity: page}}}
  - {name: graf, when: worse, tells: news, grafana: {url: "http://127.0.0.1:1/", token: "${HOOK}", dashboard_uid: abc, panel_id: 2, tags: [prod]}}
  - {name: late, after: 5m, webhook: {url: "http://127.0.0.1:1/"}}
`)
	dir := filepath.Join(filepath.Dir(file), "in")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"url": "https://filed.example.com/x\n", "secret": aHookSecret + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := mustLoad(t, file, map[string]string{"HOOK": "https://hook.example.com/sesame", "HOOK_SECRET": aHookSecret})
	if len(cfg.Ways) != 9 {
		t.Fatalf("%d ways", len(cfg.Ways))
	}
	hook, filed, own, late := cfg.Ways[0], cfg.Ways[1], cfg.Ways[2], cfg.Ways[8]
	if hook.Kind != "webhook" || hook.When != WaysSlackDown || hook.All || hook.After != time.Minute || hook.Gap != time.Minute || hook.Timeout != 10*time.Second ||
		hook.Webhook.URL.Reveal() != "https://hook.example.com/sesame" || hook.Webhook.Secrets[0].Reveal() != aHookSecret {
		t.Errorf("hook %+v", hook)
	}
	if filed.When != WaysAlways || !filed.All || filed.Gap != 0 || filed.Timeout != 3*time.Second || filed.Webhook.URL.Reveal() != "https://filed.example.com/x" || len(filed.Webhook.Secrets) != 2 {
		t.Errorf("filed %+v", filed)
	}
	if own.Kind != "exec" || own.Exec == nil || own.Exec.Timeout != 10*time.Second || len(own.Exec.Secrets) != 1 {
		t.Errorf("own %+v", own)
	}
	if m := cfg.Ways[3].Mail; m == nil || m.Host != "localhost" || m.Port != 25 || len(m.To) != 1 || m.Password.Reveal() != "https://hook.example.com/sesame" {
		t.Errorf("mail %+v", m)
	}
	if pager, teams := cfg.Ways[4], cfg.Ways[5]; pager.When != WaysWorse || pager.Key.IsZero() || !pager.Post.IsZero() || teams.When != WaysSlackDown || teams.Post.IsZero() {
		t.Errorf("%+v %+v", pager, teams)
	}
	if am := cfg.Ways[6]; am.When != WaysAlways || !am.All || !am.Key.IsZero() || am.Post.IsZero() || am.Alerts.Labels["severity"] != "page" {
		t.Errorf("am %+v", am)
	}
	if graf := cfg.Ways[7]; graf.When != WaysWorse || graf.All || graf.Key.IsZero() || graf.Alerts.Dashboard != "abc" || graf.Alerts.Panel != 2 || len(graf.Alerts.Tags) != 1 {
		t.Errorf("graf %+v", graf)
	}
	if late.After != 5*time.Minute {
		t.Errorf("late %+v", late)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, slices.Concat(cfg.Ways[:2], cfg.Ways[3:])); strings.Contains(s, "sesame") || strings.Contains(s, "whsec_") || strings.Contains(s, "filed.example") {
			t.Errorf("%s shows a secret: %s", verb, s)
		}
	}
}

// TestBadWays: what is wrong is refused at its place, with what to write, and no secret
// is repeated.
func TestBadWays(t *testing.T) {
	for item, want := range map[string]string{
		`{webhook: {url: "http://x/"}}`:                                                  "ways[0].name: is missing",
		`{name: Ops Mail, webhook: {url: "http://x/"}}`:                                  `"Ops Mail" is not a name`,
		`{name: a, webhook: {url: "http://x/"}}, {name: a, webhook: {url: "http://x/"}}`: `"a" is taken`,
		`{name: a}`: "does not say how",
		`{name: a, webhook: {url: "http://x/"}, exec: {argv: [x]}}`:                                                      "is a second kind",
		`{name: a, when: slackdown, webhook: {url: "http://x/"}}`:                                                        `did you mean "slack_down"?`,
		`{name: a, tells: all, webhook: {url: "http://x/"}}`:                                                             "is not one of news, updates",
		`{name: a, when: always, after: 1m, webhook: {url: "http://x/"}}`:                                                "goes with when: slack_down alone",
		`{name: a, after: 2h, webhook: {url: "http://x/"}}`:                                                              "is not between 1s and 1h",
		`{name: a, every: 48h, webhook: {url: "http://x/"}}`:                                                             "is not between 0s and 24h",
		`{name: a, timeout: 2m, webhook: {url: "http://x/"}}`:                                                            "is not between 100ms and 1m",
		`{name: a, webhook: {}}`:                                                                                         "ways[0].webhook: has no url",
		`{name: a, webhook: {url: "ftp://sesame/"}}`:                                                                     "ways[0].webhook.url: is not an address",
		`{name: a, webhook: {url: "http://x/", url_file: sesame}}`:                                                       "is given together with url",
		`{name: a, webhook: {url_file: none}}`:                                                                           "there is no such file",
		`{name: a, webhook: {url_file: "https://sesame/"}}`:                                                              "holds a secret, not the path",
		`{name: a, webhook: {url: "http://x/", secret: sesame}}`:                                                         "ways[0].webhook.secret: is not whsec_",
		`{name: a, webhook: {url: "http://x/", secret_file: "whsec_sesame"}}`:                                            "holds a secret, not the path",
		`{name: a, webhook: {url: "http://x/", secert: sesame}}`:                                                         `did you mean "secret"?`,
		`{name: a, webhook: {url: "${NOT_SET}"}}`:                                                                        "NOT_SET is not set",
		`{name: a, webhok: {url: "http://x/"}}`:                                                                          `did you mean "webhook"?`,
		`{name: a, mail: {}}`:                                                                                            "mail.server: is not host:port",
		`{name: a, mail: {server: "x:1"}}`:                                                                               "mail.to: is missing",
		`{name: a, mail: {server: "x:1", from: "a", to: b@c.example}}`:                                                   "mail.from: is not an address",
		`{name: a, mail: {server: "x:1", from: a@b.example, to: ["b@c.example", "no\nBcc: x@y.example"]}}`:               "mail.to: is not an address",
		`{name: a, mail: {server: "x:0", from: a@b.example, to: b@c.example}}`:                                           "is not host:port",
		`{name: a, mail: {server: "x:1", tls: ssl, from: a@b.example, to: b@c.example}}`:                                 `"ssl" is not one of starttls`,
		`{name: a, mail: {server: "x:1", from: a@b.example, to: b@c.example, password: sesame}}`:                         "go together",
		`{name: a, mail: {server: "x:1", from: a@b.example, to: b@c.example, username: u}}`:                              "go together",
		`{name: a, mail: {server: "x:1", tls: none, from: a@b.example, to: b@c.example, username: u, password: sesame}}`: "would show the password",
		`{name: a, mail: {server: "x:1", ca_file: none.pem, from: a@b.example, to: b@c.example}}`:                        "there is no such file",
		`{name: a, teams: {}}`:                                                                          "teams: has no url",
		`{name: a, slack: {url: sesame}}`:                                                               "slack.url: is not an address",
		`{name: a, pagerduty: {}}`:                                                                      "pagerduty: has no routing_key",
		`{name: a, pagerduty: {routing_key: sesame, url: sesame}}`:                                      "pagerduty.url: is not an address",
		`{name: a, alertmanager: {}}`:                                                                   "alertmanager: has no url",
		`{name: a, alertmanager: {url: "http://x/", labels: {"a b": c}}}`:                               "is not the name of a label",
		`{name: a, alertmanager: {url: "http://x/", labels: {incident: c}}}`:                            "incident is set by statusbot",
		`{name: a, alertmanager: {url: "http://x/", labels: {team: ""}}}`:                               "team is empty",
		`{name: a, after: 5m, alertmanager: {url: "http://x/"}}`:                                        "goes with when: slack_down alone",
		`{name: a, grafana: {url: "http://x/"}}`:                                                        "grafana: has no token",
		`{name: a, grafana: {url: "http://x/", token: sesame, panel_id: 3}}`:                            "goes with dashboard_uid",
		`{name: a, exec: {argv: []}}`:                                                                   "argv",
		`{name: a, exec: {argv: [x], format: json}}`:                                                    "does not go with a way",
		`{name: a, webhook: {url: "http://x/", secret: [` + strings.Repeat(aHookSecret+", ", 5) + `]}}`: "has more than 4",
	} {
		_, err := Load(write(t, waysProducts+"ways: ["+item+"]\n"), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", item, err, want)
		}
		if err != nil && strings.Contains(strings.ReplaceAll(err.Error(), "secert", ""), "sesame") {
			t.Errorf("%s: a secret is repeated: %v", item, err)
		}
	}
}
