package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"

	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// send makes one plain HTTP request and returns the body.
func send(t testing.TB, ctx context.Context, method, url, body string, headers map[string]string) []byte {
	t.Helper()
	data, _ := request(t, ctx, method, url, body, headers)
	return data
}

func request(t testing.TB, ctx context.Context, method, url, body string, headers map[string]string) ([]byte, int) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	check(t, err)
	r.Header.Set("Content-Type", "application/json")
	for k, v := range headers {
		r.Header.Set(k, v)
		if k == "Host" {
			r.Host = v
		}
	}
	resp, err := http.DefaultClient.Do(r)
	check(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	check(t, err)
	return data, resp.StatusCode
}

// open gets a Socket Mode URL.
func open(t testing.TB, w *sandbox.Workspace) string {
	t.Helper()
	_, url, err := api(w).StartSocketModeContext(limit(t))
	check(t, err)
	return url
}

// dial opens a plain Socket Mode connection and reads its hello.
func dial(t testing.TB, w *sandbox.Workspace) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.DialContext(limit(t), open(t, w), nil)
	check(t, err)
	t.Cleanup(func() { conn.Close() })
	var hello struct {
		Type string
		Num  int `json:"num_connections"`
		Info struct {
			App string `json:"app_id"`
		} `json:"connection_info"`
	}
	check(t, conn.ReadJSON(&hello))
	if hello.Type != "hello" || hello.Num < 1 || hello.Info.App != sandbox.AppID {
		t.Fatalf("first frame %+v, want a hello", hello)
	}
	return conn
}

func TestFaultsOfTheAPI(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	post := func() error {
		_, _, err := api(w).PostMessageContext(ctx, general, slack.MsgOptionText("x", false))
		return err
	}
	for _, tt := range []struct {
		name   string
		fault  sandbox.Fault
		ok     func(error) bool
		posted int // how many messages the call leaves
	}{
		{"ratelimit", sandbox.Fault{Mode: "ratelimit", RetryAfter: 7, Count: 1}, func(err error) bool {
			e, ok := errors.AsType[*slack.RateLimitedError](err)
			return ok && e.RetryAfter == 7*time.Second
		}, 0},
		{"error code", sandbox.Fault{Mode: "error", Error: "fatal_error", Count: 1}, func(err error) bool { return err != nil && err.Error() == "fatal_error" }, 0},
		{"HTTP status", sandbox.Fault{Mode: "error", Error: "http_503", Count: 1}, func(err error) bool {
			e, ok := errors.AsType[slack.StatusCodeError](err)
			return ok && e.Code == 503
		}, 0},
		{"lost answer", sandbox.Fault{Mode: "lost_answer", Count: 1}, func(err error) bool { return errors.Is(err, io.EOF) }, 1},
		{"down", sandbox.Fault{Mode: "down", Count: 1}, func(err error) bool { return errors.Is(err, io.EOF) }, 0},
		{"torn", sandbox.Fault{Mode: "torn", Count: 1}, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }, 1},
		{"reset", sandbox.Fault{Mode: "reset", Count: 1}, func(err error) bool { return err != nil }, 0},
		{"somebody else", sandbox.Fault{Mode: "answer", Status: 407, Body: "<html>", Count: 1}, func(err error) bool {
			e, ok := errors.AsType[slack.StatusCodeError](err)
			return ok && e.Code == 407
		}, 0},
		{"an answer of one's own", sandbox.Fault{Mode: "answer", Body: `{"ok":true,"ts":"1.5"}`, Headers: map[string]string{"Content-Type": "application/json"}, Count: 1},
			func(err error) bool { return err == nil }, 0},
		{"slow", sandbox.Fault{Mode: "slow", DelayMS: 60, Count: 1}, func(err error) bool { return err == nil }, 1},
		{"other method", sandbox.Fault{Mode: "error", Methods: []string{"chat.update"}}, func(err error) bool { return err == nil }, 1},
		{"time is up", sandbox.Fault{Mode: "error", For: "1ns"}, func(err error) bool { return err == nil }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, err := c.Messages(ctx, general, "ana")
			check(t, err)
			check(t, c.Faults(ctx, tt.fault))
			began := time.Now()
			if err := post(); !tt.ok(err) {
				t.Errorf("under the fault: %v", err)
			}
			if tt.name == "slow" && time.Since(began) < 60*time.Millisecond {
				t.Error("the slow answer was not slow")
			}
			after, err := c.Messages(ctx, general, "ana")
			check(t, err)
			if got := len(after) - len(before); got != tt.posted {
				t.Errorf("%d messages posted, want %d", got, tt.posted)
			}
			if tt.fault.Count > 0 {
				check(t, post()) // the count is used up
			}
			check(t, c.Faults(ctx, sandbox.Fault{Mode: "ok"}))
		})
	}
	for _, bad := range []sandbox.Fault{{Mode: "odd"}, {Mode: "slow", DelayMS: -1}, {Mode: "error", Error: "http_200"}, {Mode: "down", For: "soon"}, {Mode: "disconnect", Reason: "tired"}, {Mode: "answer", Status: 99}} {
		if err := c.Faults(ctx, bad); err == nil {
			t.Errorf("fault %+v was accepted", bad)
		}
	}
}

func TestDownDropsSocketsAndRefusesNewOnes(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	bot(t, w, ackWith(nil))
	ctx := limit(t)
	check(t, c.Faults(ctx, sandbox.Fault{Mode: "down"}))
	check(t, c.WaitConnections(ctx, 0))
	if answer, err := c.Command(ctx, "general", "ana", "/status"); err != nil || answer.Error != "dispatch_failed" {
		t.Errorf("answer %+v, %v", answer, err)
	}
	check(t, c.Faults(ctx, sandbox.Fault{Mode: "ok"}))
	check(t, c.WaitConnections(ctx, 1)) // the real client comes back by itself
	if answer, err := c.Command(ctx, "general", "ana", "/status"); err != nil || !answer.Acked {
		t.Errorf("answer %+v, %v", answer, err)
	}
}

func TestDisconnectMakesTheClientComeBack(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{"refresh_requested", "warning"} {
		t.Run(reason, func(t *testing.T) {
			w, c := start(t, sandbox.Config{})
			bot(t, w, ackWith(nil))
			ctx := limit(t)
			check(t, c.Faults(ctx, sandbox.Fault{Mode: "disconnect", Reason: reason, DelayMS: 10}))
			_, err := c.WaitLog(ctx, 0, "socket.connected", func(e sandboxtest.LogEntry) bool { return e.Args["connection"] == 2.0 })
			check(t, err)
			check(t, c.WaitConnections(ctx, 1))
			if answer, err := c.Command(ctx, "general", "ana", "/status"); err != nil || !answer.Acked {
				t.Errorf("answer %+v, %v", answer, err)
			}
		})
	}
}

func TestDeafSocket(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	bot(t, w, ackWith(nil))
	ctx := limit(t)
	check(t, c.Faults(ctx, sandbox.Fault{Mode: "deaf"}))
	if answer, err := c.Command(ctx, "general", "ana", "/status"); err != nil || answer.Error != "operation_timeout" {
		t.Errorf("deaf: answer %+v, %v; want operation_timeout", answer, err)
	}
	check(t, c.WaitConnections(ctx, 1)) // it stayed open all the time
	check(t, c.Faults(ctx, sandbox.Fault{Mode: "ok"}))
	if answer, err := c.Command(ctx, "general", "ana", "/status"); err != nil || !answer.Acked {
		t.Errorf("after: answer %+v, %v", answer, err)
	}
}

// TestDeafSocketIsReplaced has a client that gives its deaf link up: the next
// one works, though the fault is still in force.
func TestDeafSocketIsReplaced(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	deaf := dial(t, w)
	ctx := limit(t)
	check(t, c.WaitConnections(ctx, 1))
	check(t, c.Faults(ctx, sandbox.Fault{Mode: "deaf"}))
	check(t, deaf.Close())
	check(t, c.WaitConnections(ctx, 0))
	bot(t, w, ackWith(nil))
	if answer, err := c.Command(ctx, "general", "ana", "/status"); err != nil || !answer.Acked {
		t.Errorf("new link: answer %+v, %v", answer, err)
	}
}

func TestTicketsAndTooManySockets(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{NoRateLimit: true})
	url := open(t, w)
	for i, want := range []int{http.StatusSwitchingProtocols, http.StatusForbidden} {
		conn, resp, err := websocket.DefaultDialer.DialContext(limit(t), url, nil)
		if resp == nil || resp.StatusCode != want {
			t.Fatalf("dial %d with the same ticket: %v, %v; want %d", i+1, resp, err, want)
		}
		if conn != nil {
			defer conn.Close()
		}
	}
	for range 9 {
		dial(t, w)
	}
	eleventh := dial(t, w)
	var frame struct{ Type, Reason string }
	check(t, eleventh.ReadJSON(&frame))
	if frame.Type != "disconnect" || frame.Reason != "too_many_websockets" {
		t.Errorf("frame %+v", frame)
	}
	if err := eleventh.ReadJSON(&frame); err == nil {
		t.Error("the eleventh socket stayed open")
	}
	check(t, c.WaitConnections(limit(t), 10))
}

// TestEveryLinkGetsItsTurn has two links; each must see some envelopes.
func TestEveryLinkGetsItsTurn(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	seen := make(chan int, 4)
	for n := range 2 {
		conn := dial(t, w)
		go func() {
			for {
				var frame struct {
					ID string `json:"envelope_id"`
				}
				if conn.ReadJSON(&frame) != nil {
					return
				}
				seen <- n
				conn.WriteJSON(map[string]any{"envelope_id": frame.ID, "payload": map[string]any{}})
			}
		}()
	}
	count := map[int]int{}
	for range 4 {
		answer, err := c.Command(limit(t), "general", "ana", "/status")
		check(t, err)
		if !answer.Acked {
			t.Errorf("answer %+v", answer)
		}
		count[<-seen]++
	}
	if count[0] != 2 || count[1] != 2 {
		t.Errorf("envelopes by link %v, want 2 and 2", count)
	}
}

func TestForeignRequestsAreRefused(t *testing.T) {
	t.Parallel()
	w, _ := start(t, sandbox.Config{})
	ctx := limit(t)
	url := w.URL() + "sandbox/command"
	body := `{"channel":"general","text":"hello"}`
	host := strings.TrimSuffix(strings.TrimPrefix(w.URL(), "http://"), "/")
	for _, tt := range []struct {
		name    string
		headers map[string]string
		want    int
	}{
		{"curl", nil, 200},
		{"our page", map[string]string{"Origin": "http://" + host, "Sec-Fetch-Site": "same-origin"}, 200},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"same site, another origin", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"another origin", map[string]string{"Origin": "http://evil.example"}, 403},
		{"no origin to speak of", map[string]string{"Origin": "null"}, 403},
		{"a form", map[string]string{"Content-Type": "text/plain"}, 400},
		{"rebinding", map[string]string{"Host": "evil.example"}, 403},
		{"localhost", map[string]string{"Host": "localhost:80"}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, status := request(t, ctx, "POST", url, body, tt.headers); status != tt.want {
				t.Errorf("status %d, want %d: %s", status, tt.want, got)
			}
		})
	}
	foreign := map[string]string{"Sec-Fetch-Site": "cross-site"}
	for path, want := range map[string]int{"": 200, "api/chat.postMessage?token=" + w.BotToken() + "&channel=general&text=x": 403} {
		if _, status := request(t, ctx, "GET", w.URL()+path, "", foreign); status != want {
			t.Errorf("GET %q from another site: status %d, want %d", path, status, want)
		}
	}
	for path := range map[string]bool{"api/auth.test": true, "upload/F1/key": true, "response/T1/key": true} { // of a browser that says the origin alone
		if _, status := request(t, ctx, "POST", w.URL()+path, "{}", map[string]string{"Origin": "http://evil.example"}); status != 403 {
			t.Errorf("POST %q from another origin: status %d", path, status)
		}
	}
}

func TestControlErrors(t *testing.T) {
	t.Parallel()
	w, _ := start(t, sandbox.Config{})
	ctx := limit(t)
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "messages?channel=nowhere", "", 404},
		{"GET", "messages?channel=general&user=zoe", "", 404},
		{"GET", "messages?channel=general&limit=0", "", 400},
		{"GET", "log?since=x", "", 400},
		{"POST", "command", `{"channel":"general","text":" "}`, 400},
		{"POST", "command", `{"chanel":"general"}`, 400},
		{"POST", "action", `{"channel":"general","ts":"1.000000","action_id":"a"}`, 404},
		{"POST", "channel", `{"name":"Not A Name"}`, 400},
	} {
		got, status := request(t, ctx, tt.method, w.URL()+"sandbox/"+tt.path, tt.body, nil)
		var out struct {
			OK    bool
			Error string
		}
		check(t, json.Unmarshal(got, &out))
		if status != tt.status || out.OK || out.Error == "" {
			t.Errorf("%s %s: status %d, body %s; want %d and a sentence", tt.method, tt.path, status, got, tt.status)
		}
	}
	if got := string(send(t, ctx, "GET", w.URL()+"sandbox/workspace", "", nil)); strings.Contains(got, w.BotToken()) || strings.Contains(got, w.AppToken()) {
		t.Errorf("the workspace tells a token: %s", got)
	}
}

// jsonOf decodes an answer.
func jsonOf(data []byte, into any) error { return json.Unmarshal(data, into) }
