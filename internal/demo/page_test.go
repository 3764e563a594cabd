package demo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pageReply is what any request to the page may answer.
type pageReply struct {
	OK         bool             `json:"ok"`
	Error      string           `json:"error"`
	Components []ComponentState `json:"components"`
	Story      []Step           `json:"story"`
}

func TestPage(t *testing.T) {
	t.Parallel()
	c := startCompany(t, 1)
	mux := http.NewServeMux()
	mux.Handle("/demo/", c.Handler())
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)

	send := func(method, path, body string, header ...string) (int, pageReply) {
		t.Helper()
		req, err := http.NewRequest(method, srv.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/json; charset=utf-8")
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var got pageReply
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		if got.OK != (resp.StatusCode == http.StatusOK) || got.OK == (got.Error != "") {
			t.Errorf("%s %s: status %d with %+v", method, path, resp.StatusCode, got)
		}
		return resp.StatusCode, got
	}
	faults := func(r pageReply) map[string]string {
		m := map[string]string{}
		for _, s := range r.Components {
			if s.Fault != nil {
				m[s.ID] = s.Fault.Kind
			}
		}
		return m
	}

	const order = `{"component":"edge-lb","kind":"error","rate":0.08}`
	for _, tc := range []struct {
		name, path, body string
		header           []string
		code             int
		says             string
	}{
		{"unknown component", "/demo/break", `{"component":"lb","kind":"error","rate":0.08}`, nil, 404, "use one of"},
		{"unknown component to restart", "/demo/restart", `{"component":"lb"}`, nil, 404, "use one of"},
		{"unknown kind", "/demo/break", `{"component":"edge-lb","kind":"sad","rate":0.08}`, nil, 400, "use one of"},
		{"rate", "/demo/break", `{"component":"edge-lb","kind":"error","rate":8}`, nil, 400, "0.08"},
		{"no JSON", "/demo/break", `edge-lb`, nil, 400, "cannot be read"},
		{"unknown key", "/demo/break", `{"componnt":"edge-lb"}`, nil, 400, "cannot be read"},
		{"too long", "/demo/break", `{"component":"` + strings.Repeat("x", maxRequest) + `"}`, nil, 400, "cannot be read"},
		{"a form", "/demo/break", order, []string{"Content-Type", "text/plain"}, 400, "application/json"},
		{"another site", "/demo/break", order, []string{"Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		{"another origin", "/demo/break", order, []string{"Origin", "https://example.com"}, 403, "another site"},
		{"another site's restart", "/demo/restart", `{"component":"edge-lb"}`, []string{"Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		{"no such page", "/demo/mend", `{}`, nil, 404, "/demo/restart"},
	} {
		code, got := send(http.MethodPost, tc.path, tc.body, tc.header...)
		if code != tc.code || !strings.Contains(got.Error, tc.says) {
			t.Errorf("%s: %d %q, want %d with %q", tc.name, code, got.Error, tc.code, tc.says)
		}
	}
	_, got := send(http.MethodGet, "/demo/state", "")
	if diff := cmp.Diff(map[string]string{}, faults(got)); diff != "" {
		t.Errorf("refused orders broke something: %s", diff)
	}
	if len(got.Story) != 0 || got.Story == nil {
		t.Errorf("story %#v, want an empty list", got.Story)
	}

	began := time.Now().Add(-time.Second)
	if code, got := send(http.MethodPost, "/demo/break", order, "Origin", srv.URL, "Sec-Fetch-Site", "same-origin"); code != 200 {
		t.Errorf("break: %d %s", code, got.Error)
	}
	_, got = send(http.MethodGet, "/demo/state", "")
	if diff := cmp.Diff(map[string]string{"edge-lb": kindError}, faults(got)); diff != "" {
		t.Error(diff)
	}
	for _, s := range got.Components {
		if s.ID == "edge-lb" && (s.Fault.Rate != 0.08 || s.Fault.Since.Before(began) || s.Name == "") {
			t.Errorf("edge-lb is shown as %+v with %+v", s, *s.Fault)
		}
	}
	if code, got := send(http.MethodPost, "/demo/restart", `{"component":"edge-lb"}`); code != 200 || len(faults(got)) != 0 {
		t.Errorf("restart: %d %+v", code, got)
	}
	_, got = send(http.MethodGet, "/demo/state", "")
	var told []string
	for _, s := range got.Story {
		told = append(told, s.Text)
	}
	want := []string{"edge-lb broken from the page: error, 8 % of requests", "edge-lb restarted from the page"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}

func TestTell(t *testing.T) {
	t.Parallel()
	c := &Company{}
	c.Tell("edge-lb breaks in 20 s", false)
	c.Tell("look at the channel", true)
	c.Tell("edge-lb breaks in 20 s", true)
	c.Tell("edge-lb breaks in 20 s", true)
	got := c.Story()
	want := []Step{
		{Text: "edge-lb breaks in 20 s", Done: true},
		{Text: "look at the channel", Done: true},
		{Text: "edge-lb breaks in 20 s", Done: true},
	}
	for i := range got {
		if got[i].At.IsZero() {
			t.Errorf("step %d has no time", i)
		}
		got[i].At = time.Time{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for range 2 * storyKept {
		c.Tell("more", true)
	}
	if n := len(c.Story()); n != storyKept {
		t.Errorf("%d steps kept, want %d", n, storyKept)
	}
}
