package hooks

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/web"
)

const secret = "It's a Secret to Everybody"

var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

// desk is a server of hooks with a log in memory.
type desk struct {
	t    *testing.T
	url  string
	now  time.Time
	mu   sync.Mutex
	log  incident.Log // guarded by mu
	fail error        // guarded by mu
}

func (d *desk) take(_ context.Context, t incident.Telling) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	e, err := d.log.DoTell(d.now, t)
	if err == nil {
		e.Seq = d.log.Desk.LastSeq + 1
		d.log = d.log.With(e)
	}
	return err
}

// served is the real server of the web, with hooks.
func served(t *testing.T, sources ...Source) *desk {
	t.Helper()
	d := &desk{t: t, now: noon}
	ready := make(chan struct{})
	close(ready)
	h := New(Config{Sources: func() []Source { return sources }, Ready: ready, Now: func() time.Time { return d.now }, Log: zap.NewNop(), Take: d.take,
		Known: func(p string) bool { return p == "shop" || p == "lake" },
		Using: func(c string) []string { return map[string][]string{"edge": {"shop", "lake"}}[c] }})
	s, err := web.Listen(web.Config{Listen: "127.0.0.1:0", Routes: []func(*http.ServeMux){h.Routes}})
	if err != nil {
		t.Fatal(err)
	}
	d.url = s.URL()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return d
}

// told is what the desk has: "github changed: text @shop, of 11:59".
func (d *desk) told() (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.log.Desk.Outside {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s: %s %s", e.Name, e.Kind, e.Text, strings.Join(e.Products, "+")))+", "+e.Done.UTC().Format("15:04"))
	}
	return out
}

type header map[string]string

// posts sends a body, and returns what is answered.
func (d *desk) posts(path string, body []byte, h header) (status int, says string) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url+path, strings.NewReader(string(body)))
	if err != nil {
		d.t.Fatal(err)
	}
	for k, v := range h {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(data))
}

func hmacOf(key string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// payload is a body of the shape that its sender publishes, with times near noon.
func payload(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// prove adds what a sender of a kind sends to prove who it is.
func prove(s Source, body []byte, h header) header {
	out := header{"Content-Type": "application/json"}
	maps.Copy(out, h)
	switch {
	case s.Kind == GitHub:
		out[githubSignature] = "sha256=" + hmacOf(s.Secrets[0], body)
	case s.Kind == GitLab:
		out[gitlabToken] = s.Secrets[0]
	case s.Signed:
		out[grafanaSignature] = hmacOf(s.Secrets[0], body)
	default:
		out["Authorization"] = "Bearer " + s.Secrets[0]
	}
	return out
}

// TestSendersTellOnce: a payload of the shape that each sender publishes, with what it
// proves itself by, is told; sent again it is known, under another number of delivery as
// well; and without the proof, with another, or with a body that was changed on the way,
// nothing is.
func TestSendersTellOnce(t *testing.T) {
	t.Parallel()
	sources := []Source{
		{Name: "github", Kind: GitHub, Secrets: []string{secret}, Signed: true, Products: []string{"shop"}},
		{Name: "gitlab", Kind: GitLab, Secrets: []string{secret}, Components: []string{"edge"}},
		{Name: "argocd", Kind: ArgoCD, Secrets: []string{secret}},
		{Name: "alertmanager", Kind: Alertmanager, Secrets: []string{secret}},
		{Name: "grafana", Kind: Grafana, Secrets: []string{secret}, Signed: true},
	}
	for _, c := range []struct {
		source, payload string
		header          header
		want            []string
	}{
		{"github", "github_deployment", header{"X-GitHub-Event": "deployment"}, []string{"github told: deploy of acme/shop main@a5b1c2d to production begins shop, 11:57"}},
		{"github", "github_deployment_status", header{"X-GitHub-Event": "deployment_status"}, []string{"github changed: deployed acme/shop main@a5b1c2d to production shop, 11:59"}},
		{"github", "github_release", header{"X-GitHub-Event": "release"}, []string{"github told: released acme/shop v2.3.0 shop, 11:50"}},
		{"github", "github_workflow_run", header{"X-GitHub-Event": "workflow_run"}, []string{"github changed: Deploy to production of acme/shop main@a5b1c2d is done shop, 11:58"}},
		{"gitlab", "gitlab_deployment", header{"X-Gitlab-Event": "Deployment Hook"}, []string{"gitlab changed: deployed acme/shop main@279484c0 to production lake+shop, 11:59"}},
		{"gitlab", "gitlab_pipeline", header{"X-Gitlab-Event": "Pipeline Hook"}, []string{"gitlab changed: pipeline deployed acme/shop master@bcbb5ec to production lake+shop, 11:58"}},
		{"argocd", "argocd", nil, []string{"argocd changed: synced shop a5b1c2d, 11:59"}},
		{"alertmanager", "alertmanager_firing", nil, []string{"alertmanager told: alert HighErrors fires: 7 % of the answers are errors shop, 11:55"}},
		{"alertmanager", "alertmanager_resolved", nil, []string{"alertmanager told: alert HighErrors is resolved shop, 11:59"}},
		{"grafana", "grafana", nil, []string{"grafana told: alert T2 - High memory usage fires: Memory usage is over 90 %, 11:54", "grafana told: alert T1 - High CPU usage is resolved, 11:58"}},
	} {
		t.Run(c.payload, func(t *testing.T) {
			d := served(t, sources...)
			s := sources[slices.IndexFunc(sources, func(s Source) bool { return s.Name == c.source })]
			body, path := payload(t, c.payload), "/hooks/"+c.source
			for name, h := range map[string]header{"nothing": c.header, "another": prove(Source{Kind: s.Kind, Signed: s.Signed, Secrets: []string{"It's a Secret to Everybodx"}}, body, c.header),
				"of another body": prove(s, append(body, ' '), c.header), "an empty one": prove(Source{Kind: s.Kind, Signed: s.Signed, Secrets: []string{""}}, body, c.header)} {
				if name == "of another body" && !s.Signed {
					continue
				}
				if status, says := d.posts(path, body, h); status != http.StatusUnauthorized || strings.Contains(says, secret) {
					t.Errorf("with the proof %s: %d %s", name, status, says)
				}
			}
			if got := d.told(); got != nil {
				t.Fatalf("without a proof there is %q", got)
			}
			for n, want := range []string{fmt.Sprintf(`{"taken":%d,"known":0}`, len(c.want)), fmt.Sprintf(`{"taken":0,"known":%d}`, len(c.want)), fmt.Sprintf(`{"taken":0,"known":%d}`, len(c.want))} {
				h := prove(s, body, c.header)
				h["X-GitHub-Delivery"] = fmt.Sprint("72d3162e-", n/2)
				if status, says := d.posts(path, body, h); status != http.StatusOK || says != want {
					t.Errorf("delivery %d: %d %s, want %s", n+1, status, says, want)
				}
			}
			if diff := cmp.Diff(c.want, d.told()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestMarksOfScripts: POST /api/v1/marks, by the token that says whose it is.
func TestMarksOfScripts(t *testing.T) {
	t.Parallel()
	d := served(t, Source{Name: "ci", Kind: Marks, Secrets: []string{secret}}, Source{Name: "ansible", Kind: Marks, Secrets: []string{"another secret of ansible"}, Products: []string{"lake"}},
		Source{Name: "argocd", Kind: ArgoCD, Secrets: []string{"a third secret of argo"}})
	ci := header{"Authorization": "Bearer " + secret}
	for _, c := range []struct {
		body   string
		header header
		status int
		says   string
	}{
		{`{"text":"restarted lb-3"}`, ci, 200, `{"taken":1,"known":0}`},
		{`{"text":"restarted lb-3"}`, ci, 200, `{"taken":1,"known":0}`}, // without a key it may be done twice
		{`{"text":"with a key","key":"7"}`, ci, 200, `{"taken":1,"known":0}`},
		{`{"text":"with a key","key":"7"}`, ci, 200, `{"taken":0,"known":1}`},
		{`{"text":"with a header"}`, header{"Authorization": ci["Authorization"], "Idempotency-Key": "8"}, 200, `{"taken":1,"known":0}`},
		{`{"text":"with a header"}`, header{"Authorization": ci["Authorization"], "Idempotency-Key": "8"}, 200, `{"taken":0,"known":1}`},
		{`{"text":"with a key","key":"7"}`, header{"Authorization": "Basic YTphbm90aGVyIHNlY3JldCBvZiBhbnNpYmxl"}, 200, `{"taken":1,"known":0}`}, // another's key is another
		{`{"text":"at a time","at":"2026-03-03T12:50:00+01:00","product":"shop"}`, ci, 200, `{"taken":1,"known":0}`},
		{`{"text":"through the edge","component":"edge","note":true}`, ci, 200, `{"taken":1,"known":0}`},
		{`{"text":"a","at":"2026-03-03T05:59:59Z"}`, ci, 422, "more than 6 hours ago"},
		{`{"text":"a","at":"2126-03-03T05:59:59Z"}`, ci, 422, "still to come"},
		{`{"text":"a","at":"yesterday"}`, ci, 400, "RFC 3339"},
		{`{"text":""}`, ci, 422, "does not say what was done"},
		{`{"text":"a","product":"shoop"}`, ci, 422, `there is no product \"shoop\"`},
		{`{"text":"a","component":"edgy"}`, ci, 422, `no check uses a component \"edgy\"`},
		{`{"text":"a","prodct":"shop"}`, ci, 400, "the body is not"},
		{`{"text":"a","product":"shop","product":"lake"}`, ci, 400, `\"product\" stands twice`},
		{`text=a`, ci, 400, "the body is not"},
		{`{"text":"a"} {}`, ci, 400, "the body is not"},
		{`{"text":"a"}`, nil, 401, "send Authorization: Bearer TOKEN"},
		{`{"text":"a"}`, header{"Authorization": "Bearer a third secret of argo"}, 401, "lets nobody mark"},
		{`{"text":"` + strings.Repeat("x", bodyMax) + `"}`, ci, 413, "longer than 1024 KiB"},
	} {
		if status, says := d.posts("/api/v1/marks", []byte(c.body), c.header); status != c.status || !strings.Contains(says, c.says) {
			t.Errorf("%.80s: %d %s, want %d %s", c.body, status, says, c.status, c.says)
		}
	}
	want := []string{"ci changed: restarted lb-3, 12:00", "ci changed: restarted lb-3, 12:00", "ci changed: with a key, 12:00", "ci changed: with a header, 12:00",
		"ansible changed: with a key lake, 12:00", "ci changed: at a time shop, 11:50", "ci told: through the edge lake+shop, 12:00"}
	if diff := cmp.Diff(want, d.told()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	d.mu.Lock()
	d.fail = errors.New("the journal is away")
	d.mu.Unlock()
	if status, says := d.posts("/api/v1/marks", []byte(`{"text":"a"}`), ci); status != 503 || strings.Contains(says, "journal") {
		t.Errorf("with a journal that is away: %d %s", status, says)
	}
}

// TestWhatIsNotTold: what a sender sends besides, and to what it does not belong.
func TestWhatIsNotTold(t *testing.T) {
	t.Parallel()
	gh := Source{Name: "github", Kind: GitHub, Secrets: []string{secret}, Signed: true}
	d := served(t, gh, Source{Name: "ci", Kind: Marks, Secrets: []string{secret}}, Source{Name: "staging", Kind: GitHub, Secrets: []string{secret}, Signed: true, Environments: []string{"Staging"}})
	status := func(state, env string, production bool) []byte {
		data, err := json.Marshal(map[string]any{"action": "created", "repository": map[string]any{"full_name": "acme/shop"}, "deployment_status": map[string]any{"id": 7, "state": state, "created_at": "2026-03-03T11:59:00Z", "description": "the pod token=s3cr3tly-long-value-of-them is " + secret},
			"deployment": map[string]any{"environment": env, "production_environment": production, "ref": "main"}})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, c := range []struct {
		path, event string
		body        []byte
		status      int
		says        string
	}{
		{"/hooks/github", "ping", []byte(`{"zen":"Keep it logically awesome."}`), 200, "the webhook works"},
		{"/hooks/github", "push", []byte(`{}`), 200, "is not told; choose"},
		{"/hooks/github", "deployment_status", status("success", "staging", false), 200, `deploys to \"staging\" are not told`},
		{"/hooks/github", "deployment_status", status("in_progress", "production", true), 200, `a deploy that is \"in_progress\" is not told`},
		{"/hooks/github", "deployment_status", status("success", "eu", true), 200, `"taken":1`},
		{"/hooks/staging", "deployment_status", status("failure", "staging", false), 200, `"taken":1`},
		{"/hooks/staging", "deployment_status", status("success", "production", true), 200, "are not told"},
		{"/hooks/github", "deployment_status", []byte(`[]`), 400, "not the JSON"},
		{"/hooks/none", "ping", nil, 404, "no such hook"},
		{"/hooks/ci", "ping", nil, 404, "send to /api/v1/marks"},
	} {
		got, says := d.posts(c.path, c.body, prove(gh, c.body, header{"X-GitHub-Event": c.event}))
		if got != c.status || !strings.Contains(says, c.says) {
			t.Errorf("%s %s: %d %s, want %d %s", c.path, c.event, got, says, c.status, c.says)
		}
	}
	told := strings.Join(d.told(), "\n")
	if want := "staging changed: deploy of acme/shop main to staging failed: the pod token=(redacted) is (redacted), 11:59"; !strings.Contains(told, want) || strings.Contains(told, "s3cr3t") {
		t.Errorf("no %q in\n%s", want, told)
	}
	resp, err := http.Get(d.url + "/hooks/github") //nolint:noctx // the server is this test's
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "POST" {
		t.Errorf("a GET is answered %s", resp.Status)
	}
}

// TestASignatureWithATime: Grafana's may have one in it, and then does not last.
func TestASignatureWithATime(t *testing.T) {
	t.Parallel()
	s := Source{Name: "grafana", Kind: Grafana, Secrets: []string{secret}, Signed: true}
	d := served(t, s)
	body := payload(t, "grafana")
	signed := func(at time.Time, over string) header {
		stamp := fmt.Sprint(at.Unix())
		return header{grafanaTimestamp: stamp, grafanaSignature: hmacOf(secret, append([]byte(over+":"), body...))}
	}
	for name, c := range map[string]struct {
		h      header
		status int
	}{
		"now":                {signed(noon, fmt.Sprint(noon.Unix())), 200},
		"4 min ago":          {signed(noon.Add(-4*time.Minute), fmt.Sprint(noon.Add(-4*time.Minute).Unix())), 200},
		"6 min ago":          {signed(noon.Add(-6*time.Minute), fmt.Sprint(noon.Add(-6*time.Minute).Unix())), 401},
		"of another time":    {signed(noon, fmt.Sprint(noon.Add(-time.Hour).Unix())), 401},
		"of the body alone":  {header{grafanaTimestamp: fmt.Sprint(noon.Unix()), grafanaSignature: hmacOf(secret, body)}, 401},
		"no time that it is": {header{grafanaTimestamp: "noon", grafanaSignature: hmacOf(secret, append([]byte("noon:"), body...))}, 401},
	} {
		if status, says := d.posts("/hooks/grafana", body, c.h); status != c.status {
			t.Errorf("%s: %d %s", name, status, says)
		}
	}
}

// TestAStormOfAlertsIsAFewLines: five are told one by one, the others counted, and
// more than some at once are refused until later.
func TestAStormOfAlertsIsAFewLines(t *testing.T) {
	t.Parallel()
	s := Source{Name: "am", Kind: Alertmanager, Secrets: []string{secret}}
	d := served(t, s)
	storm := func(group, n int) []byte {
		a := alerts{GroupKey: fmt.Sprint(group), Dropped: 3}
		for i := range n {
			a.Alerts = append(a.Alerts, alert{Status: "firing", Labels: map[string]string{"alertname": fmt.Sprintf("a%d", i), "product": "not one of ours"}, StartsAt: "2026-03-03T11:59:00Z", Fingerprint: fmt.Sprint(group, i)})
		}
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	body := storm(0, 100)
	if status, says := d.posts("/hooks/am", body, prove(s, body, nil)); status != 200 || says != `{"taken":6,"known":0}` {
		t.Errorf("%d %s", status, says)
	}
	if got := d.told(); len(got) != 6 || got[5] != "am told: 98 more alerts of the group, such as alert a99 fires, 11:59" {
		t.Errorf("told is %q", got)
	}
	for group := 1; group < 5; group++ {
		body := storm(group, 100)
		d.posts("/hooks/am", body, prove(s, body, nil))
	}
	body = storm(5, 2)
	if status, says := d.posts("/hooks/am", body, prove(s, body, nil)); status != http.StatusTooManyRequests {
		t.Errorf("after the storm: %d %s", status, says)
	}
	// One that fires for days is sent again and again, which is no mistake.
	d.now = noon.Add(24 * time.Hour)
	body = storm(6, 1)
	if status, says := d.posts("/hooks/am", body, prove(s, body, nil)); status != 200 || !strings.Contains(says, "more than 6 hours ago") {
		t.Errorf("one that began yesterday: %d %s", status, says)
	}
}

// FuzzRead: whatever is sent, by whomever: no panic, and an error tells nothing.
func FuzzRead(f *testing.F) {
	for i, name := range []string{"github_deployment_status", "gitlab_pipeline", "argocd", "alertmanager_firing", "grafana"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), "deployment_status", data)
	}
	kinds := []string{GitHub, GitLab, ArgoCD, Alertmanager, Grafana, Marks}
	f.Fuzz(func(t *testing.T, kind byte, event string, body []byte) {
		r := &http.Request{Header: http.Header{"X-Github-Event": {event}}}
		got, err := read(Source{Kind: kinds[int(kind)%len(kinds)]}, r, body)
		if err != nil && (len(got.list) > 0 || got.why != "") || len(got.list) > mostAlerts+1 {
			t.Errorf("got %+v with %v", got, err)
		}
	})
}

// TestTheTemplateForArgoCD: what docs/marks.md gives to be pasted makes, of an
// application as Argo CD has it, a body that is told.
func TestTheTemplateForArgoCD(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "marks.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(page), "body: |\n")
	text, _, end := strings.Cut(text, "trigger.statusbot")
	if !ok || !end {
		t.Fatal("the page has no template")
	}
	tmpl, err := template.New("").Funcs(template.FuncMap{"toJson": func(v any) (string, error) {
		data, err := json.Marshal(v)
		return string(data), err
	}}).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	type m = map[string]any
	var body strings.Builder
	if err := tmpl.Execute(&body, m{"app": m{"metadata": m{"name": "shop"}, "spec": m{"project": "default"}, "status": m{"health": m{"status": "Healthy"},
		"sync":           m{"revision": "a5b1c2d2f00db8dd4c8ae5d2b4a5a3b2d2c1f0e9"},
		"operationState": m{"phase": "Failed", "finishedAt": "2026-03-03T11:59:00Z", "message": "one \"quoted\"\nline"}}}}); err != nil {
		t.Fatal(err)
	}
	got, err := readArgoCD([]byte(body.String()))
	if err != nil || len(got.list) != 1 || got.list[0].text != "sync of shop a5b1c2d failed: one \"quoted\"\nline" || !got.list[0].change {
		t.Errorf("%v: %s is %+v", err, body.String(), got)
	}
}

// TestTheCommandOfThePage: the call that docs/marks.md shows, typed twice, is one mark.
func TestTheCommandOfThePage(t *testing.T) {
	t.Parallel()
	longtest.Command(t, "curl", "curl")
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "marks.md"))
	if err != nil {
		t.Fatal(err)
	}
	d := served(t, Source{Name: "ansible", Kind: Marks, Secrets: []string{secret}})
	_, line, _ := strings.Cut(string(page), "```sh\ncurl ")
	line, _, _ = strings.Cut("curl "+line, "\n")
	for _, want := range []string{`{"taken":1,"known":0}`, `{"taken":0,"known":1}`} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(line, "https://status.example.com", d.url))
		cmd.Env = append(os.Environ(), "ANSIBLE_MARKS_TOKEN="+secret)
		if out, err := cmd.Output(); err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %v %s, want %s", line, err, out, want)
		}
	}
	if got := d.told(); len(got) != 1 || got[0] != "ansible changed: restarted lb-3 shop, 12:00" {
		t.Errorf("told is %q", got)
	}
}
