package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	heartbeatkind "github.com/statusbot/statusbot/internal/checks/kind/heartbeat"
	"github.com/statusbot/statusbot/internal/serve"
)

const token = "0123456789abcdef-token"

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inbox keeps what is pushed in memory, through the real reader.
type inbox struct {
	beats *heartbeat.Beats

	mu   sync.Mutex
	kept []checks.Result // guarded by mu
	fail error           // guarded by mu
}

func (i *inbox) Admit(check, token string) bool { return i.beats.Admit(check, token) }

func (i *inbox) Holder(token, slug string) (string, bool) { return i.beats.Holder(token, slug) }

func (i *inbox) Push(check string, body []byte, remote string) (int, int, error) {
	p, err := i.beats.Read(check, body, remote)
	if err != nil {
		return 0, 0, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail == nil {
		i.kept = append(i.kept, p.Results...)
	}
	p.Done(i.fail == nil)
	return len(p.Results), p.Duplicates, i.fail
}

func (i *inbox) broken(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fail = err
}

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// serving runs a server with one check, jobs/backup, until the test ends.
func serving(t testing.TB, health func() Health) (url string, in *inbox, log *syncBuffer) {
	t.Helper()
	in = &inbox{beats: heartbeat.New(nil)}
	check(t, in.beats.Define([]checks.Check{{ID: "jobs/backup", Product: "storage", Kind: "heartbeat", Passive: true, Every: time.Hour, Timeout: time.Second,
		Options: &heartbeatkind.Options{Token: token}}}, time.Now()))
	log = &syncBuffer{}
	logger := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(log), zap.DebugLevel))
	s, err := Listen(Config{Listen: "127.0.0.1:0", Inbox: in, Health: health, Log: logger})
	check(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		check(t, <-done)
		http.DefaultClient.CloseIdleConnections()
		if strings.Contains(log.String(), token) {
			t.Errorf("the token is in the log: %s", log)
		}
	})
	return s.URL(), in, log
}

type reply struct {
	status int
	body   string
	header http.Header
}

func send(t testing.TB, method, url, authorization, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	check(t, err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(t, err)
	return reply{resp.StatusCode, strings.TrimSpace(string(text)), resp.Header}
}

func TestPush(t *testing.T) {
	url, in, _ := serving(t, nil)
	const bearer = "Bearer " + token
	for _, tt := range []struct {
		name, method, path, authorization, body string
		status                                  int
		want                                    string
	}{
		{"pass", "POST", "/api/v1/push/jobs/backup", bearer, "", 200, `{"accepted":1,"duplicates":0}`},
		{"fail", "POST", "/api/v1/push/jobs/backup", "bearer " + token, `{"outcome":"fail","summary":"disk full","id":"1"}`, 200, `{"accepted":1,"duplicates":0}`},
		{"again", "POST", "/api/v1/push/jobs/backup", bearer, `{"outcome":"fail","summary":"disk full","id":"1"}`, 200, `{"accepted":0,"duplicates":1}`},
		{"list", "POST", "/api/v1/push/jobs/backup", bearer, `[{"outcome":"pass","id":"2"},{"outcome":"pass","id":"3"}]`, 200, `{"accepted":2,"duplicates":0}`},
		{"escaped", "POST", "/api/v1/push/jobs%2Fbackup", bearer, "", 200, `{"accepted":1,"duplicates":0}`},
		{"malformed", "POST", "/api/v1/push/jobs/backup", bearer, "{", 400, `{"error":"the body is not JSON: it ends too early"}`},
		{"large", "POST", "/api/v1/push/jobs/backup", bearer, `{"evidence":"` + strings.Repeat("x", 64<<10), 413, `{"error":"the body is longer than 64 KiB"}`},
		{"get", "GET", "/api/v1/push/jobs/backup", bearer, "", 405, `{"error":"a report is a POST; with curl, add -X POST or -d ''"}`},
		{"elsewhere", "POST", "/push", bearer, "", 404, `{"error":"there is nothing here; POST /api/v1/push/CHECK takes reports, GET /healthz tells how statusbot is"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := send(t, tt.method, url+tt.path, tt.authorization, tt.body)
			if got.status != tt.status || got.body != tt.want || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s, want %d %s", got.status, got.body, tt.status, tt.want)
			}
		})
	}
	if len(in.kept) != 5 {
		t.Fatalf("%d results kept, want 5", len(in.kept))
	}
	if r := in.kept[1]; r.Check != "jobs/backup" || r.Product != "storage" || r.Outcome != checks.Fail || r.Evidence.Remote != "127.0.0.1" {
		t.Errorf("kept %+v", r)
	}
}

// Whoever has no token learns nothing: the answers are the same, byte by byte.
func TestPushDoesNotTellWhichChecksExist(t *testing.T) {
	url, in, _ := serving(t, nil)
	want := send(t, "POST", url+"/api/v1/push/nowhere", "Bearer wrong", "{")
	if want.status != http.StatusUnauthorized || want.header.Get("WWW-Authenticate") == "" {
		t.Fatalf("got %+v", want)
	}
	for _, authorization := range []string{"", "Bearer ", "Bearer wrong", "Bearer " + token[1:], "Basic !", token, "Token " + token} {
		for _, path := range []string{"jobs/backup", "jobs/backup/", "jobs", ""} {
			got := send(t, "POST", url+"/api/v1/push/"+path, authorization, "{")
			if got.status != want.status || got.body != want.body {
				t.Errorf("%q with %q: %d %s, want %d %s", path, authorization, got.status, got.body, want.status, want.body)
			}
		}
	}
	// A token in the URL would be in logs; it is not looked for there.
	if got := send(t, "POST", url+"/api/v1/push/jobs/backup?token="+token, "", ""); got.status != http.StatusUnauthorized {
		t.Errorf("with the token in the URL: %d", got.status)
	}
	if len(in.kept) != 0 {
		t.Errorf("%d results kept", len(in.kept))
	}
}

func TestPushTakesThePasswordOfBasic(t *testing.T) {
	url, in, _ := serving(t, nil)
	if got := send(t, "POST", strings.Replace(url, "://", "://backup:"+token+"@", 1)+"/api/v1/push/jobs/backup", "", ""); got.status != 200 || len(in.kept) != 1 {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// Nothing is lost when the journal fails: the pusher is told to come again.
func TestPushThatIsNotKept(t *testing.T) {
	url, in, log := serving(t, nil)
	const body = `{"outcome":"pass","id":"run-1"}`
	in.broken(errors.New("no answer in time"))
	got := send(t, "POST", url+"/api/v1/push/jobs/backup", "Bearer "+token, body)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(log.String(), "no answer in time") {
		t.Errorf("the log does not say why: %s", log)
	}
	in.broken(nil)
	if got := send(t, "POST", url+"/api/v1/push/jobs/backup", "Bearer "+token, body); got.body != `{"accepted":1,"duplicates":0}` {
		t.Errorf("the second time: %+v", got)
	}
}

func TestPushTooOften(t *testing.T) {
	url, _, _ := serving(t, nil)
	list := "[" + strings.TrimSuffix(strings.Repeat(`{"outcome":"pass"},`, 100), ",") + "]"
	for range 2 {
		send(t, "POST", url+"/api/v1/push/jobs/backup", "Bearer "+token, list)
	}
	got := send(t, "POST", url+"/api/v1/push/jobs/backup", "Bearer "+token, list)
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "10 a second") {
		t.Errorf("got %+v", got)
	}
}

// A header without an end costs its connection, not the server.
func TestHostileHeader(t *testing.T) {
	url, _, _ := serving(t, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	check(t, err)
	defer conn.Close()
	check(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = fmt.Fprintf(conn, "POST /api/v1/push/jobs/backup HTTP/1.1\r\nHost: x\r\nX-Filler: %s\r\n", strings.Repeat("x", 32<<10))
	check(t, err)
	answer, _ := io.ReadAll(conn) // a reset at its end is as good
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 431 ")) {
		t.Errorf("got %.60q", answer)
	}
}

func TestHealth(t *testing.T) {
	age := 0.5
	now := Health{Leader: true, UptimeS: 12, Slack: SlackHealth{Sockets: 2}, Journal: JournalHealth{OK: true, ReadMS: 0.1}, Results: ResultsHealth{Applied: 3, AgeS: &age}}
	url, _, _ := serving(t, func() Health { return now })
	if got := send(t, "GET", url+"/healthz", "", ""); got.status != 200 || !strings.HasPrefix(got.body, `{"ok":true,"leader":true,"uptime_s":12,`) {
		t.Errorf("got %+v", got)
	}
	now.Blind = []string{"no result came for 60 s"}
	if got := send(t, "GET", url+"/healthz", "", ""); got.status != 503 || !strings.HasPrefix(got.body, `{"ok":false,"blind":["no result came for 60 s"],`) {
		t.Errorf("got %+v", got)
	}
}

func TestListenErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	if _, err := Listen(Config{Listen: l.Addr().String()}); err == nil || !strings.Contains(err.Error(), "web.listen") {
		t.Errorf("an address in use: %v", err)
	}
	if _, err := Listen(Config{Listen: "127.0.0.1:0", CertFile: os.DevNull, KeyFile: os.DevNull}); err == nil || !strings.Contains(err.Error(), "web.cert_file") {
		t.Errorf("no certificate: %v", err)
	}
}

// TestAPushWaitsForTheStart: and is told to come again where that takes long.
func TestAPushWaitsForTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &inbox{beats: heartbeat.New(nil)}
		check(t, in.beats.Define([]checks.Check{{ID: "backup", Product: "storage", Kind: "heartbeat", Passive: true, Every: time.Hour, Timeout: time.Second,
			Options: &heartbeatkind.Options{Token: token}}}, time.Now()))
		s := &Server{cfg: Config{Inbox: in, Ready: make(chan struct{}), Log: zap.NewNop()}, slots: make(chan struct{}, 1)}
		push := func() *httptest.ResponseRecorder {
			req := httptest.NewRequest("POST", "/api/v1/push/backup", nil)
			req.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			s.handler().ServeHTTP(w, req)
			return w
		}
		begun := time.Now()
		if w := push(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || time.Since(begun) != serve.ReadyWithin {
			t.Errorf("while it starts: %d %s after %v", w.Code, w.Body, time.Since(begun))
		}
		time.AfterFunc(time.Second, func() { close(s.cfg.Ready) })
		if w := push(); w.Code != http.StatusOK || len(in.kept) != 1 {
			t.Errorf("once it has: %d %s", w.Code, w.Body)
		}
	})
}

// TestProbesOfASupervisor are two questions: whether to start the process anew,
// and whether to send it requests.
func TestProbesOfASupervisor(t *testing.T) {
	waits := "statusbot reads what was"
	looked := 0
	s := &Server{cfg: Config{Alive: func() { looked++ }, Waits: func() string { return waits }, Health: func() Health { return Health{Blind: []string{"Slack is away"}} }},
		slots: make(chan struct{}, 1)}
	server := httptest.NewServer(s.handler())
	defer server.Close()
	for _, tt := range []struct{ waits, path, want string }{
		{waits, "/livez", `200 {"ok":true}`},
		{waits, "/readyz", `503 {"ok":false,"waits":"statusbot reads what was"}`},
		{"", "/readyz", `200 {"ok":true}`},
		{"", "/livez", `200 {"ok":true}`},
	} {
		waits = tt.waits
		got := send(t, "GET", server.URL+tt.path, "", "")
		if text := fmt.Sprint(got.status, " ", got.body); text != tt.want {
			t.Errorf("%s: got %s, want %s", tt.path, text, tt.want)
		}
	}
	if looked != 2 {
		t.Errorf("looked %d times whether the process is stuck, want 2", looked)
	}
}
