package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks/kinds/planted"
)

// parrotMail is a mail server that takes no password and repeats it.
func parrotMail(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				fmt.Fprint(conn, "220 parrot\r\n")
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					switch verb, _, _ := strings.Cut(lines.Text(), " "); verb {
					case "EHLO":
						fmt.Fprint(conn, "250-parrot\r\n250 AUTH PLAIN\r\n")
					case "AUTH":
						fmt.Fprintf(conn, "535 not with %s sesame-mail-0771\r\n", lines.Text())
					default:
						fmt.Fprint(conn, "221 bye\r\n")
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestPlantedSecretsOfWaysLeaveNowhere runs the bot with a secret in each option of a way
// that takes one, with receivers that refuse and repeat it, and looks for them in all that
// is posted, answered, logged, printed and stored.
func TestPlantedSecretsOfWaysLeaveNowhere(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Location", r.URL.String())
		w.WriteHeader(map[string]int{"hook": 500, "teams": 400, "slack": 307, "pager": 404, "am": 422, "graf": 403}[strings.SplitN(r.URL.Path, "/", 3)[1]])
		fmt.Fprintf(w, "%s %v %s", r.URL, r.Header, body)
	}))
	t.Cleanup(parrot.Close)
	secrets := map[string]string{"HOOK": "sesame-hook-1b52", "KEY": "c2VzYW1lLXdoc2VjLTQ0IG9mIDMyIGJ5dGVzLi4uLi4=", "TEAMS": "sesame-teams-9c01",
		"SLACK": "sesame-slack-2fd4", "PAGER": "sesame-pager-83aa", "PAGER_AT": "sesame-pager-at-11", "MAIL": "sesame-mail-0771", "OWN": "sesame-own-5e5e",
		"AM": "sesame-am-6d31", "GRAF": "sesame-graf-77c2"}
	slack, env := workspace(t)
	for name, secret := range secrets {
		env = append(env, "W_"+name+"="+secret)
	}
	file, data := filepath.Join(t.TempDir(), "ways.yaml"), t.TempDir()
	text := fmt.Sprintf(`company: Acme
products: [{id: p, name: Shop}]
updates: {every: 1s}
web: {listen: "127.0.0.1:0"}
checks: [{id: p/it, product: p, kind: tcp, every: 2s, tcp: {address: %q}}]
x-1: &always {when: always, every: 0s}
ways:
  - {<<: *always, name: hook, webhook: {url: "%[2]s/hook/${W_HOOK}?k=${W_HOOK}", secret: "whsec_${W_KEY}"}}
  - {<<: *always, name: teams, teams: {url: "%[2]s/teams/${W_TEAMS}"}}
  - {<<: *always, name: other, slack: {url: "%[2]s/slack/${W_SLACK}"}}
  - {<<: *always, name: pager, pagerduty: {routing_key: "${W_PAGER}", url: "%[2]s/pager/${W_PAGER_AT}"}}
  - {<<: *always, name: am, alertmanager: {url: "%[2]s/am/${W_AM}", token: "${W_AM}"}}
  - {<<: *always, name: graf, grafana: {url: "%[2]s/graf/${W_GRAF}", token: "${W_GRAF}"}}
  - {<<: *always, name: post, mail: {server: %[3]q, tls: none, from: bot@acme.example, to: ops@acme.example, username: bot, password: "${W_MAIL}"}}
  - {<<: *always, name: own, exec: {argv: [sh, -c, 'echo "no: $0"; echo "$0" >&2; exit 2', "${W_OWN}"]}}
  - {<<: *always, name: gone, webhook: {url: "http://127.0.0.1:1/${W_HOOK}"}}
`, parrot.Listener.Addr().String(), parrot.URL, parrotMail(t))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	web := bot.webURL(ctx)
	said := map[string]string{} // :: surface -> all that it said
	until(ctx, t, slack, "/status", contains("as usual"))
	ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
	for _, way := range []string{"hook", "teams", "other", "pager", "am", "graf", "post", "own", "gone"} {
		bot.awaitLine(ctx, `a way does not take an update, will try again	{"way": "`+way+`"`)
	}
	for _, path := range []string{"/healthz", "/livez", "/readyz"} {
		said["web"] += get(t, web+path)
	}
	if !strings.Contains(said["web"], `the way \"teams\" has taken no update for`) {
		t.Errorf("health does not name the way that fails: %s", said["web"])
	}
	for surface, args := range map[string][]string{
		"doctor": {"doctor", "--config", file, "--data-dir", t.TempDir()}, "doctor --send": {"doctor", "--send", "--config", file, "--data-dir", t.TempDir()}, "validate": {"validate", "--config", file},
	} {
		c := startStatusbot(t, env, args...)
		<-c.done
		said[surface] = c.out.String()
	}
	for _, want := range []string{"way hook: it answers HTTP 500", "way other: it answers HTTP 307, which sends elsewhere", "way am: it answers HTTP 422", "way graf: it answers HTTP 403", "way post: the mail server answers 535: it does not take the sign-in",
		"way own: the command ends with exit code 2", "way gone: it cannot be reached: connection refused"} {
		if !strings.Contains(said["doctor --send"], want) {
			t.Errorf("doctor --send does not say %q:\n%s", want, said["doctor --send"])
		}
	}
	list, err := slack.Messages(ctx, "incident-demo", "ana")
	if err != nil {
		t.Fatal(err)
	}
	said["Slack"] = fmt.Sprintf("%+v", list)
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	said["log"], said["files"] = bot.out.String(), contentOf(t, data)
	for surface, text := range said {
		read := planted.Read(text)
		for name, secret := range secrets {
			if where := read.Shows(secret); where != "" {
				t.Errorf("%s: the secret of %s is there: %q", surface, name, where)
			}
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url) //nolint:gosec,noctx // of this test's own program
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s %s\n", url, resp.Header, body)
}

// contentOf is what all files below a folder hold.
func contentOf(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		b.WriteString(path + "\n")
		b.Write(content)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
