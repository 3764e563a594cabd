package ways

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// alertmanager starts the real one, and returns its address.
func alertmanager(t *testing.T) string {
	t.Helper()
	program := probetest.NeedProgram(t, "prometheus-alertmanager", "/usr/bin/prometheus-alertmanager")
	dir := probetest.HumbleDir(t)
	conf := filepath.Join(dir, "am.yml")
	probetest.OK(t, os.WriteFile(conf, []byte("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"), 0o644))
	address := "127.0.0.1:" + probetest.FreePort(t)
	probetest.StartDatabase(t, dir, syscall.SIGTERM, program, "--config.file="+conf, "--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+address,
		"--cluster.listen-address=", "--log.level=error")
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) { // between two looks at the condition
		if resp, err := http.Get("http://" + address + "/-/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return "http://" + address
			}
		}
	}
	t.Fatal("Alertmanager does not come up")
	return ""
}

// held are the alerts that Alertmanager has, by incident.
func held(t *testing.T, address string) map[string]alert {
	t.Helper()
	resp, err := http.Get(address + "/api/v2/alerts")
	probetest.OK(t, err)
	defer resp.Body.Close()
	var list []alert
	probetest.OK(t, json.NewDecoder(resp.Body).Decode(&list))
	out := map[string]alert{}
	for _, a := range list {
		out[a.Labels[labelIncident]] = a
	}
	return out
}

// TestAlertsAreAlertmanagers: the real one takes an incident as one alert, changes it
// with each update, and has it no more when the incident ended.
func TestAlertsAreAlertmanagers(t *testing.T) {
	t.Parallel()
	address := alertmanager(t)
	sender := &Alertmanager{URL: address + "/", Labels: map[string]string{"severity": "page", "team": "ops"}}
	if saw, err := sender.Examine(t.Context()); err != nil || saw == "" {
		t.Errorf("examine: %s %v", saw, err)
	}
	n := noticed()
	n.Now = time.Now().UTC().Truncate(time.Second)
	n.About.Began = n.Now.Add(-10 * time.Minute)
	probetest.OK(t, sender.Send(t.Context(), n))
	n.Kind, n.Title, n.N = Goes, "Impact update #18: better", 18
	probetest.OK(t, sender.Send(t.Context(), n))
	list := held(t, address)
	got := list["inc-7"]
	if diff := cmp.Diff(map[string]string{"alertname": "StatusbotIncident", "incident": "inc-7", "company": "Acme", "severity": "page", "team": "ops"}, got.Labels); diff != "" || len(list) != 1 {
		t.Errorf("%d alerts: %s", len(list), diff)
	}
	if got.Annotations["summary"] != n.Title || got.Annotations["product_ids"] != "billing,search" || got.Annotations["level"] != "outage" ||
		!strings.Contains(got.Annotations["description"], "all 24 tries failed") || !got.Starts.Equal(n.About.Began) || !got.Ends.Equal(n.Now.Add(firesFor)) {
		t.Errorf("the alert is %+v", got)
	}
	probetest.OK(t, sender.Send(t.Context(), NewTest(Way{Name: "am", When: Always}, "Acme", time.Now())))
	if list = held(t, address); list["test"].Labels == nil {
		t.Errorf("no test alert is there: %+v", list)
	}
	n.Kind, n.About.Hurt, n.Now = Ended, nil, time.Now()
	probetest.OK(t, sender.Send(t.Context(), n))
	if _, fires := held(t, address)["inc-7"]; fires {
		t.Error("it fires after the end")
	}
}

// grafana is the part of Grafana's API that is published for annotations.
type grafana struct {
	t    *testing.T
	mu   sync.Mutex
	list []annotation // guarded by mu
	fail int          // what the next POST or PATCH answers once it did it; 0: well
}

func (g *grafana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer sesame" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var in annotation
	if r.Method != http.MethodGet {
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil || r.Header.Get("Content-Type") != "application/json" {
			g.t.Errorf("%s: %v", r.Method, err)
		}
	}
	id, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/graf/api/annotations/"))
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/graf/api/annotations":
		found := []annotation{}
		for _, a := range g.list {
			if !slices.ContainsFunc(r.URL.Query()["tags"], func(tag string) bool { return !slices.Contains(a.Tags, tag) }) {
				found = append(found, a)
			}
		}
		_ = json.NewEncoder(w).Encode(found)
		return
	case r.Method == http.MethodPost && r.URL.Path == "/graf/api/annotations":
		in.ID = int64(len(g.list) + 1)
		g.list = append(g.list, in)
	case r.Method == http.MethodPatch && id > 0 && id <= len(g.list):
		old := &g.list[id-1]
		old.Time, old.TimeEnd, old.Text = in.Time, in.TimeEnd, in.Text
	default:
		g.t.Errorf("%s %s is not published", r.Method, r.URL)
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if g.fail != 0 {
		w.WriteHeader(g.fail)
		g.fail = 0
		return
	}
	_, _ = io.WriteString(w, `{"message":"Annotation added","id":1}`)
}

// TestAnIncidentIsOneAnnotation: it is a region of its own, longer with each update, and
// ends with the incident; one that came without an answer is no second one.
func TestAnIncidentIsOneAnnotation(t *testing.T) {
	t.Parallel()
	g := &grafana{t: t, fail: http.StatusBadGateway}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	sender := &Grafana{URL: srv.URL + "/graf", Token: "sesame", Dashboard: "abc", Panel: 3, Tags: []string{"prod"}}
	n := noticed()
	if err := sender.Send(t.Context(), n); errorIn(err) != "passes: it answers HTTP 502" {
		t.Errorf("the first try: %v", err)
	}
	for _, kind := range []Kind{Began, Goes, Ended} {
		n.Now, n.Kind = n.Now.Add(time.Minute), kind
		probetest.OK(t, sender.Send(t.Context(), n))
	}
	want := []annotation{{ID: 1, Dashboard: "abc", Panel: 3, Time: n.About.Began.UnixMilli(), TimeEnd: n.Now.UnixMilli(), Text: n.Says.Plain(),
		Tags: []string{"statusbot", "statusbot:ffee", "prod", "inc-7"}}}
	if diff := cmp.Diff(want, g.list); diff != "" {
		t.Error(diff)
	}
	other := n
	other.Thread = "0ther"
	probetest.OK(t, sender.Send(t.Context(), other))
	probetest.OK(t, sender.Send(t.Context(), NewTest(Way{Name: "graf", When: Always}, "Acme", time.Now())))
	if len(g.list) != 3 {
		t.Errorf("%d annotations, want one for each incident and a test", len(g.list))
	}
	if saw, err := sender.Examine(t.Context()); err != nil || saw != "it takes the token" {
		t.Errorf("examine: %s %v", saw, err)
	}
	sender.Token = "wrong"
	for what, err := range map[string]error{"send": sender.Send(t.Context(), n), "examine": func() error { _, err := sender.Examine(t.Context()); return err }()} {
		if errorIn(err) != "refused: it answers HTTP 401" {
			t.Errorf("%s with a wrong token: %v", what, err)
		}
	}
	if u, err := url.Parse(under("https://user:pass@g.example.com/graf/", "api/annotations")); err != nil || u.Path != "/graf/api/annotations" || u.User.Username() != "user" {
		t.Errorf("%v %v", u, err)
	}
}
