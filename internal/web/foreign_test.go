package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	heartbeatkind "github.com/statusbot/statusbot/internal/checks/kind/heartbeat"
)

// last is the newest result that was kept.
func (i *inbox) last() (checks.Result, int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.kept) == 0 {
		return checks.Result{}, 0
	}
	return i.kept[len(i.kept)-1], len(i.kept)
}

// TestPushesAsOthersTakeThem: of a script that reports to Uptime Kuma, Gatus or
// healthchecks.io only the address changes.
func TestPushesAsOthersTakeThem(t *testing.T) {
	t.Parallel()
	url, in, log := serving(t, nil)
	for _, tt := range []struct {
		method, path, auth, body string
		status                   int
		outcome                  checks.Outcome // empty: no result
		summary                  string
		took                     time.Duration
	}{
		{"GET", "/api/push/" + token + "?status=up&msg=OK&ping=12", "", "", 200, checks.Pass, "OK", 12 * time.Millisecond},
		{"GET", "/api/push/" + token + "?status=up&msg=OK&ping=", "", "", 200, checks.Pass, "OK", 0},
		{"POST", "/api/push/" + token, "", "", 200, checks.Pass, "", 0},
		{"GET", "/api/push/" + token + "?status=down&msg=disk+full&ping=NaN", "", "", 200, checks.Fail, "disk full", 0},
		{"GET", "/api/push/" + token + "?status=sideways", "", "", 400, "", "", 0},
		{"GET", "/api/push/wrong-token-0123456789?status=up", "", "", 404, "", "", 0},

		{"POST", "/api/v1/endpoints/jobs_backup/external?success=true&error=&duration=1.5s", "Bearer " + token, "", 200, checks.Pass, "", 1500 * time.Millisecond},
		{"POST", "/api/v1/endpoints/any_key/external?success=false&error=no+space", "Bearer " + token, "", 200, checks.Fail, "no space", 0},
		{"POST", "/api/v1/endpoints/jobs_backup/external?success=perhaps", "Bearer " + token, "", 400, "", "", 0},
		{"POST", "/api/v1/endpoints/jobs_backup/external?success=true&duration=long", "Bearer " + token, "", 400, "", "", 0},
		{"POST", "/api/v1/endpoints/jobs_backup/external?success=true", "Bearer wrong-token-0123456789", "", 404, "", "", 0},
		{"POST", "/api/v1/endpoints/jobs_backup/external?success=true", "", "", 404, "", "", 0},

		{"GET", "/ping/" + token, "", "", 200, checks.Pass, "", 0},
		{"HEAD", "/ping/" + token, "", "", 200, checks.Pass, "", 0},
		{"POST", "/ping/" + token, "", "42 files\nall copied\n", 200, checks.Pass, "", 0},
		{"POST", "/ping/" + token + "/0", "", "", 200, checks.Pass, "", 0},
		{"POST", "/ping/" + token + "/fail", "", "copying\ncp: no space left\n", 200, checks.Fail, "cp: no space left", 0},
		{"GET", "/ping/" + token + "/3", "", "", 200, checks.Fail, "exit code 3", 0},
		{"POST", "/ping/" + token + "/255", "", "broken pipe", 200, checks.Fail, "exit code 255: broken pipe", 0},
		{"GET", "/ping/" + token + "/256", "", "", 404, "", "", 0},
		{"GET", "/ping/" + token + "/later", "", "", 404, "", "", 0},
		{"GET", "/ping/" + token + "/log", "", "", 200, "", "", 0},
		{"DELETE", "/ping/" + token, "", "", 405, "", "", 0},
		{"GET", "/ping/wrong-token-0123456789", "", "", 404, "", "", 0},
		{"POST", "/ping/" + token, "", strings.Repeat("much output\n", 10_000), 200, checks.Pass, "", 0},
	} {
		_, before := in.last()
		got := send(t, tt.method, url+tt.path, tt.auth, tt.body)
		r, after := in.last()
		if got.status != tt.status || after-before != map[bool]int{true: 1}[tt.outcome != ""] {
			t.Errorf("%s %s: %d %s, %d results", tt.method, tt.path, got.status, got.body, after-before)
			continue
		}
		if tt.outcome != "" && (r.Check != "jobs/backup" || r.Outcome != tt.outcome || r.Summary != tt.summary || r.Duration != tt.took) {
			t.Errorf("%s %s: %s %q %s of %s, want %s %q %s", tt.method, tt.path, r.Outcome, r.Summary, r.Duration, r.Check, tt.outcome, tt.summary, tt.took)
		}
	}
	in.broken(errors.New("the disk is full"))
	if got := send(t, http.MethodGet, url+"/ping/"+token, "", ""); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("a ping that is not kept: %d %s", got.status, got.body)
	}
	if log.String() == "" {
		t.Error("that a push is not kept is not in the log")
	}
}

// TestAJobThatSaysWhenItBegan has its run time, each run its own.
func TestAJobThatSaysWhenItBegan(t *testing.T) {
	t.Parallel()
	url, in, _ := serving(t, nil)
	for _, path := range []string{"/start", "/start?rid=second"} {
		if got := send(t, http.MethodGet, url+"/ping/"+token+path, "", ""); got.status != http.StatusOK || got.body != "OK" {
			t.Fatalf("%s: %d %q", path, got.status, got.body)
		}
	}
	if _, n := in.last(); n != 0 {
		t.Fatal("a beginning counts as a result")
	}
	for _, tt := range []struct {
		path  string
		timed bool
	}{{"", true}, {"", false}, {"/1?rid=second", true}, {"/1?rid=second", false}} {
		send(t, http.MethodGet, url+"/ping/"+token+tt.path, "", "")
		if r, _ := in.last(); (r.Duration > 0) != tt.timed {
			t.Errorf("%q took %s, want a time: %v", tt.path, r.Duration, tt.timed)
		}
	}
}

// TestAKeyAndASlug: as at healthchecks.io, several checks may have one token, and
// the slug tells them apart.
func TestAKeyAndASlug(t *testing.T) {
	t.Parallel()
	url, in, _ := serving(t, nil)
	var list []checks.Check
	for _, id := range []string{"jobs/backup", "jobs/mail", "night/mail", "start"} {
		list = append(list, checks.Check{ID: id, Product: "storage", Kind: "heartbeat", Passive: true, Every: time.Hour, Timeout: time.Second,
			Options: &heartbeatkind.Options{Token: token}})
	}
	check(t, in.beats.Define(list, time.Now()))
	for _, tt := range []struct {
		path    string
		status  int
		check   string // empty: no result
		outcome checks.Outcome
		summary string
	}{
		{"/backup", 200, "jobs/backup", checks.Pass, ""},
		{"/jobs-backup", 200, "jobs/backup", checks.Pass, ""},
		{"/backup/0", 200, "jobs/backup", checks.Pass, ""},
		{"/backup/fail", 200, "jobs/backup", checks.Fail, ""},
		{"/backup/7", 200, "jobs/backup", checks.Fail, "exit code 7"},
		{"/backup/start", 200, "", "", ""},
		{"/backup/log", 200, "", "", ""},
		{"/backup/later", 404, "", "", ""},
		{"/mail", 404, "", "", ""}, // of two
		{"/night-mail", 200, "night/mail", checks.Pass, ""},
		{"/start/0", 200, "start", checks.Pass, ""},
		{"/nothing", 404, "", "", ""},
		{"", 404, "", "", ""}, // of four
	} {
		_, before := in.last()
		got := send(t, http.MethodGet, url+"/ping/"+token+tt.path, "", "")
		r, after := in.last()
		if got.status != tt.status || after-before != map[bool]int{true: 1}[tt.check != ""] {
			t.Errorf("%s: %d %s, %d results", tt.path, got.status, got.body, after-before)
			continue
		}
		if tt.check != "" && (r.Check != tt.check || r.Outcome != tt.outcome || r.Summary != tt.summary) {
			t.Errorf("%s: %s %s %q, want %s %s %q", tt.path, r.Check, r.Outcome, r.Summary, tt.check, tt.outcome, tt.summary)
		}
	}
}

func TestStartsHaveABound(t *testing.T) {
	t.Parallel()
	var s starts
	now := time.Now()
	for i := range 2 * mostStarts {
		s.begin(startOf("c", fmt.Sprint(i)), now.Add(time.Duration(i)*time.Millisecond))
	}
	if len(s.at) != mostStarts {
		t.Errorf("%d beginnings are remembered, want %d", len(s.at), mostStarts)
	}
	if s.took(startOf("c", "0"), now.Add(time.Hour)) != 0 || s.took(startOf("c", fmt.Sprint(2*mostStarts-1)), now.Add(time.Hour)) == 0 {
		t.Error("the oldest ones are to be forgotten, not the newest")
	}
	if s.took(startOf("c", fmt.Sprint(2*mostStarts-1)), now.Add(2*longestRun)) != 0 {
		t.Error("a run of two months is believed")
	}
}

// TestATokenWithSlashes: one of base64 stands in Kuma's address as it is, or escaped.
func TestATokenWithSlashes(t *testing.T) {
	t.Parallel()
	url, in, _ := serving(t, nil)
	const slashed = "AAB3/zk7+Ww0/Q12xy4="
	check(t, in.beats.Define([]checks.Check{{ID: "jobs/backup", Product: "storage", Kind: "heartbeat", Passive: true, Every: time.Hour, Timeout: time.Second,
		Options: &heartbeatkind.Options{Token: slashed}}}, time.Now()))
	for _, path := range []string{slashed, slashed + "/", "AAB3%2Fzk7%2BWw0%2FQ12xy4%3D"} {
		if got := send(t, http.MethodGet, url+"/api/push/"+path+"?status=up", "", ""); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if _, n := in.last(); n != 3 {
		t.Errorf("%d results, want 3", n)
	}
}
