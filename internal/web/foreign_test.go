package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	unicode16 "unicode/utf16"

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
		{"GET", "/api/push/" + token + "?status=sideways", "", "", 200, checks.Fail, `status "sideways"`, 0},
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
		{"GET", "/ping/" + token + "/256", "", "", 200, checks.Fail, "exit code 256", 0},
		{"GET", "/ping/" + token + "/4294967296", "", "", 404, "", "", 0},
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
	for _, id := range []string{"jobs/backup", "jobs/mail", "night/mail", "start", "year/2024"} {
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
		{"/2024", 200, "year/2024", checks.Pass, ""},
		{"/2024/2024", 200, "year/2024", checks.Fail, "exit code 2024"},
		{"/nothing", 404, "", "", ""},
		{"", 404, "", "", ""}, // of five
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
	const slashed = "AAB3//zk7+Ww0/Q12xy4="
	check(t, in.beats.Define([]checks.Check{{ID: "jobs/backup", Product: "storage", Kind: "heartbeat", Passive: true, Every: time.Hour, Timeout: time.Second,
		Options: &heartbeatkind.Options{Token: slashed}}}, time.Now()))
	for _, path := range []string{slashed, slashed + "/", "AAB3%2F%2Fzk7%2BWw0%2FQ12xy4%3D"} {
		if got := send(t, http.MethodGet, url+"/api/push/"+path+"?status=up", "", ""); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if _, n := in.last(); n != 3 {
		t.Errorf("%d results, want 3", n)
	}
}

// TestPushesAsTheyComeInTheField: a script that joins addresses and messages from
// parts is understood, and what it says to be down is never a pass, nor lost.
func TestPushesAsTheyComeInTheField(t *testing.T) {
	t.Parallel()
	url, in, _ := serving(t, nil)
	kuma, ping, gatus := "/api/push/"+token, "/ping/"+token, "/api/v1/endpoints/k/external"
	for _, tt := range []struct {
		method, path, body, coding string
		outcome                    checks.Outcome
		summary                    string
		took                       time.Duration
	}{
		{"GET", kuma + "?status=UP", "", "", checks.Pass, "", 0},
		{"GET", kuma + "?status=up%0D%0A", "", "", checks.Pass, "", 0},
		{"GET", kuma + "?status=Down", "", "", checks.Fail, "", 0},
		{"GET", kuma + "?status=failed", "", "", checks.Fail, `status "failed"`, 0},
		{"GET", kuma + "?status=0&msg=disk", "", "", checks.Fail, "disk", 0},
		{"GET", kuma + "?status=up&status=down&msg=twice", "", "", checks.Fail, "twice", 0},
		{"GET", kuma + "?status=up&msg=OK&ping=?status=down&msg=behind+it", "", "", checks.Fail, "behind it", 0},
		{"GET", kuma + "??status=down&msg=why?", "", "", checks.Fail, "why?", 0},
		{"GET", kuma + "?status=down;msg=a", "", "", checks.Fail, `status "down;msg=a"`, 0},
		{"GET", kuma + "?msg=a;b&status=down", "", "", checks.Fail, "a;b", 0},
		{"GET", kuma + "?status=down&msg=90%+of+%2Fvar", "", "", checks.Fail, "90% of /var", 0},
		{"GET", kuma + "?ping=12ms", "", "", checks.Pass, "", 12 * time.Millisecond},
		{"GET", kuma + "?ping=12,5", "", "", checks.Pass, "", 12500 * time.Microsecond},
		{"GET", kuma + "?ping=1.5s", "", "", checks.Pass, "", 1500 * time.Millisecond},
		{"GET", kuma + "?ping=-3", "", "", checks.Pass, "", 0},
		{"GET", "/" + kuma + "?status=down", "", "", checks.Fail, "", 0},
		{"POST", kuma, "status=down&msg=no%20space\n", "", checks.Fail, "no space", 0},
		{"POST", kuma + "?status=up&msg=OK", "status=down", "", checks.Fail, "OK", 0},
		{"POST", kuma, "status=up&ping=12", "", checks.Pass, "", 12 * time.Millisecond},
		{"POST", kuma + "?status=up", "status=503&took=2", "", checks.Pass, "", 0},
		{"POST", kuma, `{"status":"down","msg":"disk","ping":12}`, "", checks.Fail, "disk", 12 * time.Millisecond},
		{"POST", kuma + "?status=up", `{"status":"down","msg":null}`, "", checks.Fail, "", 0},
		{"POST", kuma, `{"status":"down","status":"up"}`, "", checks.Fail, "", 0},
		{"POST", kuma, `{"status":"ok","took":3}`, "", checks.Pass, "", 0},
		{"POST", kuma + "?status=up", "all is well", "", checks.Pass, "", 0},
		{"GET", "/api//push//" + token + "//?status=down", "", "", checks.Fail, "", 0},

		{"POST", gatus + "?success=false&error=a;b", "", "", checks.Fail, "a;b", 0},
		{"POST", gatus + "?success=false&error=90%", "", "", checks.Fail, "90%", 0},
		{"POST", gatus + "?success=true&success=false", "", "", checks.Fail, "", 0},
		{"POST", gatus + "/?success=false", "", "", checks.Fail, "", 0},
		{"POST", "/" + gatus + "?success=false", "", "", checks.Fail, "", 0},

		{"GET", ping + "/00", "", "", checks.Pass, "", 0},
		{"GET", ping + "/256", "", "", checks.Fail, "exit code 256", 0},
		{"GET", ping + "/-1", "", "", checks.Fail, "exit code -1", 0},
		{"GET", ping + "/backup/3221225477", "", "", checks.Fail, "exit code 3221225477", 0},
		{"GET", ping + "/-0", "", "", checks.Pass, "", 0},
		{"GET", "/" + ping + "//fail", "", "", checks.Fail, "", 0},
		{"GET", ping + "/backup/fail/", "", "", checks.Fail, "", 0},
		{"POST", ping + "/1", "at 1 %\rat 99 %\rno space", "", checks.Fail, "exit code 1: no space", 0},
		{"POST", ping + "/1", strings.Repeat("much output\n", 20_000) + "no space", "", checks.Fail, "exit code 1: no space", 0},
		{"POST", ping + "/1", utf16("\ufeffno space\r\n"), "", checks.Fail, "exit code 1: no space", 0},
		{"POST", ping + "/1", utf16("\ufeff" + strings.Repeat("much output\r\n", 9_000) + "no space"), "", checks.Fail, "exit code 1: no space", 0},
		{"POST", ping + "/1", gzipped("no space\n"), "gzip", checks.Fail, "exit code 1: no space", 0},
		{"POST", ping + "/1", "no space\n", "gzip", checks.Fail, "exit code 1", 0},
		{"POST", ping + "/1", "\x28\xb5\x2f\xfd", "zstd", checks.Fail, "exit code 1", 0},

		{"POST", "//api/v1/push/jobs//backup/", `{"outcome":"fail"}`, "", checks.Fail, "", 0},
		{"POST", "/api/v1/push/jobs/backup", gzipped(`{"outcome":"fail","summary":"no space"}`), "gzip", checks.Fail, "no space", 0},
	} {
		_, before := in.last()
		req, err := http.NewRequest(tt.method, url+tt.path, strings.NewReader(tt.body))
		check(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		if tt.coding != "" {
			req.Header.Set("Content-Encoding", tt.coding)
		}
		resp, err := http.DefaultTransport.RoundTrip(req) // as curl: no redirect is followed
		check(t, err)
		check(t, resp.Body.Close())
		r, after := in.last()
		if resp.StatusCode != http.StatusOK || after != before+1 || r.Outcome != tt.outcome || r.Summary != tt.summary || r.Duration != tt.took {
			t.Errorf("%s %s: %d, %d results, %s %q in %s; want %s %q in %s",
				tt.method, tt.path, resp.StatusCode, after-before, r.Outcome, r.Summary, r.Duration, tt.outcome, tt.summary, tt.took)
		}
	}
	_, before := in.last()
	for _, path := range []string{"/api/push", "/api/push/", "/ping//fail", "//api/push//"} {
		if got := send(t, http.MethodGet, url+path, "", ""); got.status != http.StatusNotFound {
			t.Errorf("%s, without a token: %d %s", path, got.status, got.body)
		}
	}
	if _, after := in.last(); after != before {
		t.Error("what has no token counts")
	}
}

// utf16 is a text as Windows' PowerShell writes it.
func utf16(text string) string {
	var b strings.Builder
	for _, unit := range unicode16.Encode([]rune(text)) {
		b.Write([]byte{byte(unit), byte(unit >> 8)})
	}
	return b.String()
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}
