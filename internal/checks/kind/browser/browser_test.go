package browser

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/longtest"
)

func TestBrowserOptions(t *testing.T) {
	const page = "https://shop.example.com/"
	for _, tt := range []struct {
		name    string
		options Options
		want    string // of the error; empty for none
	}{
		{"least", Options{URL: page}, ""},
		{"no url", Options{}, "url is empty; write the whole of it, such as https://shop.example.com/login"},
		{"file", Options{URL: "file:///etc/passwd"}, "url does not begin with http:// or https:// and a host; write the whole of it, such as https://shop.example.com/login"},
		{"script", Options{URL: "javascript:alert(1)"}, "url does not begin with"},
		{"small", Options{URL: page, Viewport: Viewport{Width: 99, Height: 800}}, "viewport.width is not between 100 and 4000 pixels"},
		{"high", Options{URL: page, Viewport: Viewport{Width: 390, Height: 4001}}, "viewport.height is not between 100 and 4000 pixels"},
		{"empty step", Options{URL: page, Steps: []Step{{}}}, "steps[0] says not exactly one thing to do; write one of visible, click, fill, press, text and url"},
		{"two at once", Options{URL: page, Steps: []Step{{Visible: "a"}, {Click: "a", Text: "b"}}}, "steps[1] says not exactly one thing to do"},
		{"value alone", Options{URL: page, Steps: []Step{{Click: "a", Value: "b"}}}, "steps[0].value is given without fill; write fill: with the selector of the field"},
		{"two values", Options{URL: page, Steps: []Step{{Fill: "a", Value: "b", Secret: "c"}}}, "steps[0].value is given beside a secret; write one of them"},
		{"two secrets", Options{URL: page, Steps: []Step{{Fill: "a", Secret: "b", SecretFile: "c"}}}, "steps[0].secret_file is given beside secret; write one of them"},
		{"no such file", Options{URL: page, Dir: "/nowhere", Steps: []Step{{Fill: "a", SecretFile: "c"}}}, "steps[0].secret_file cannot be read; write the path of a file that holds the secret alone"},
		{"in", Options{URL: page, Steps: []Step{{Click: "a", In: "b"}}}, "steps[0].in goes with text and press alone"},
		{"within", Options{URL: page, Steps: []Step{{Click: "a", Within: -1}}}, "steps[0].within is less than 0"},
		{"key", Options{URL: page, Steps: []Step{{Press: "Return"}}}, "steps[0].press is not a key; write one of ArrowDown,"},
		{"blank", Options{URL: page, Steps: []Step{{Text: " \n"}}}, "steps[0].text is white space alone"},
		{"many", Options{URL: page, Steps: make([]Step, probe.StepsMax+1)}, "steps has more than 20 steps"},
		{"limit", Options{URL: page, LimitOptions: probe.LimitOptions{FailOver: time.Minute}}, "fail_over is not less than the check's time-out"},
		{"status", Options{URL: page, Status: []any{"abc"}}, "status[0] is not a status"},
		{"claim", Options{URL: page, Options: claim.Options{Expect: []string{"titel == 'Shop'"}}}, `expect has an unknown name "titel" at column 1; did you mean "title"?`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := build(checks.Check{Timeout: 10 * time.Second, Options: &tt.options})
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)):
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	_, err := probetest.Compiled(&Kind, checks.Check{ID: "a", Kind: "browser", Strict: true, Every: time.Minute, Timeout: time.Second, Options: &Options{URL: page}})
	if err == nil || !strings.Contains(err.Error(), "starts no browser") {
		t.Errorf("strict: %v", err)
	}
}

// A browser that does not come up is no failure of the page's.
func TestBrowserThatDoesNotStart(t *testing.T) {
	home := home(t)
	program := func(script string) string {
		path := filepath.Join(t.TempDir(), "browser")
		probetest.OK(t, probetest.WriteProgram(path, "#!/bin/sh\n"+script+"\n"))
		return path
	}
	plain := filepath.Join(t.TempDir(), "plain")
	probetest.OK(t, os.WriteFile(plain, nil, 0o600))
	for _, tt := range []struct {
		name, path, want, output string
	}{
		{"absent", "/nowhere/chromium", "there is no browser /nowhere/chromium; write where it is as path, or leave path out to look for one", ""},
		{"no program", plain, "the browser " + plain + " may not be executed", ""},
		{"ends", program("echo No usable sandbox! >&2; exit 1"), "its sandbox needs user namespaces", "No usable sandbox!"},
		{"lacks a library", program("echo cannot open shared object file >&2; exit 127"), "a library is missing", "cannot open shared object file"},
		{"ends silently", program("exit 3"), "did not start; run it by hand to see why", ""},
		{"hangs", program("sleep 600 & echo $! >" + filepath.Join(home, "child") + "; wait"), "did not start within 500 ms; raise the time-out", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := probetest.Compiled(&Kind, checks.Check{ID: "shop", Kind: "browser", Every: time.Minute, Timeout: timeoutOf(tt.name), Options: &Options{URL: "http://shop.invalid/", Path: tt.path}})
			probetest.OK(t, err)
			r, ok := c.Run(t.Context())
			if !ok || r.Outcome != checks.Unknown || r.Reason != checks.ReasonInternal || !strings.Contains(r.Summary, tt.want) {
				t.Errorf("got %s, %s: %s\nwant unknown, internal: %s", r.Outcome, r.Reason, r.Summary, tt.want)
			}
			if tt.output != "" && (r.Evidence == nil || !strings.Contains(r.Evidence.Output, tt.output)) {
				t.Errorf("evidence %+v, want %q", r.Evidence, tt.output)
			}
		})
	}
	if number, err := os.ReadFile(filepath.Join(home, "child")); err == nil {
		pid, err := strconv.Atoi(strings.TrimSpace(string(number)))
		probetest.OK(t, err)
		await(t, "the end of what the browser has started", func() bool { return len(commandOf(pid)) == 0 })
		probetest.OK(t, os.Remove(filepath.Join(home, "child")))
	}
	nothingLeft(t, home)

	t.Setenv("PATH", t.TempDir())
	slice := names
	t.Cleanup(func() { names = slice })
	names = []string{"chromium", "google-chrome"}
	if _, err := Find(""); err == nil || !strings.Contains(err.Error(), "install chromium") {
		t.Errorf("no browser in PATH: %v", err)
	}
}

// timeoutOf is short for what is not to start at all.
func timeoutOf(name string) time.Duration {
	if name == "hangs" {
		return 500 * time.Millisecond
	}
	return 30 * time.Second
}

func TestLoadFailure(t *testing.T) {
	for word, want := range map[string]checks.Reason{
		"net::ERR_CERT_DATE_INVALID": checks.ReasonTLS, "net::ERR_CERT_WEAK_KEY": checks.ReasonTLS, "net::ERR_SSL_PROTOCOL_ERROR": checks.ReasonTLS,
		"net::ERR_CONNECTION_RESET": checks.ReasonReset, "net::ERR_EMPTY_RESPONSE": checks.ReasonReset,
		"net::ERR_TOO_MANY_REDIRECTS": checks.ReasonProtocol, "net::ERR_SOMETHING_NEW": checks.ReasonProtocol,
	} {
		reason, summary := loadFailure(word)
		if reason != want || !strings.Contains(summary, strings.TrimPrefix(word, "net::ERR_")) {
			t.Errorf("%s: %s, %s", word, reason, summary)
		}
	}
}

// What goes through a gate meets the guard, however it is asked for.
// A second connection that is not made yet says nothing of a host to which one
// stands: a browser opens it when the first one is slow to answer.
func TestGateKeepsTheConnectionThatStands(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	probetest.OK(t, err)
	defer silent.Close()
	_, port, err := net.SplitHostPort(silent.Addr().String())
	probetest.OK(t, err)
	probetest.ResolveWith(t, map[string][]string{"slow.test.": {"127.0.0.1"}})
	gate, err := openGate(t.Context(), probe.NewDialer(checks.Check{Timeout: time.Minute}))
	probetest.OK(t, err)
	address := "slow.test:" + port
	first, err := gate.dial(address)
	probetest.OK(t, err)
	defer first.Close()

	asked, done := make(chan struct{}), make(chan struct{})
	asking := sync.OnceFunc(func() { close(asked) })
	undo := probe.SetResolver(&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		asking()
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	defer undo()
	go func() {
		defer close(done)
		if conn, err := gate.dial(address); err == nil {
			conn.Close()
			t.Error("the second connection was made without an address")
		}
	}()
	<-asked
	at := &url.URL{Scheme: "https", Host: address}
	if r := gate.known(at); r == nil || r.tr.Stage != probe.Waiting {
		t.Errorf("while the second one is made: %+v", r)
	}
	gate.close()
	<-done
	if r := gate.known(at); r == nil || r.tr.Stage != probe.Waiting || r.err != nil {
		t.Errorf("after the end: %+v", r)
	}
}

func TestBrowserGate(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cut" {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("X-Seen", r.Header.Get("Proxy-Connection")+r.Header.Get("X-Forwarded-For"))
		io.WriteString(w, r.Host)
	}))
	defer server.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "secure") }))
	defer secure.Close()
	probetest.ResolveWith(t, map[string][]string{"inside.test.": {"169.254.169.254"}, "shop.test.": {"127.0.0.1"}})
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	probetest.OK(t, err)

	for _, strict := range []bool{false, true} {
		gate, err := openGate(t.Context(), probe.NewDialer(checks.Check{Timeout: time.Second, Strict: strict}))
		probetest.OK(t, err)
		proxy, err := http.NewRequest(http.MethodGet, gate.address(), nil)
		probetest.OK(t, err)
		transport := &http.Transport{Proxy: http.ProxyURL(proxy.URL), TLSClientConfig: secure.Client().Transport.(*http.Transport).TLSClientConfig}
		client := &http.Client{Transport: transport}
		get := func(url string) string {
			resp, err := client.Get(url)
			if err != nil {
				return "error"
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			probetest.OK(t, err)
			return resp.Header.Get("X-Seen") + string(body)
		}
		refusedAt := func(address string) bool {
			gate.mu.Lock()
			defer gate.mu.Unlock()
			r := gate.reach[address]
			if r == nil {
				return false
			}
			_, ok := errors.AsType[*probe.RefusedError](r.err)
			return ok
		}
		for _, tt := range []struct{ url, address, want string }{
			{"http://169.254.169.254/latest", "169.254.169.254:80", ""},
			{"https://169.254.169.254/latest", "169.254.169.254:443", ""},
			{"http://inside.test/", "inside.test:80", ""},
			{"https://[fe80::1]/", "[fe80::1]:443", ""},
			{"http://shop.test:" + port + "/", "shop.test:" + port, "shop.test:" + port},
			{secure.URL, secure.Listener.Addr().String(), "secure"},
		} {
			want := tt.want
			if strict {
				want = "" // all of it is inside
			}
			got := get(tt.url)
			if (want == "") == (got == want) || want != "" && got != want {
				if want != "" || got != "error" {
					t.Errorf("strict %v, %s: got %q, want %q", strict, tt.url, got, want)
				}
			}
			if got := refusedAt(tt.address); got != (want == "") {
				t.Errorf("strict %v, %s: refused %v", strict, tt.url, got)
			}
		}
		if got := get(server.URL + "/cut"); got != "error" {
			t.Errorf("a connection that was cut: %q", got)
		}
		resp, err := http.Get(gate.address()) // as if it were a server
		probetest.OK(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("the gate answers with %s", resp.Status)
		}
		transport.CloseIdleConnections()
		gate.close()
		if _, err := gate.dial(server.Listener.Addr().String()); err == nil {
			t.Error("a closed gate connects")
		}
	}
}

// shop is what the browser visits.
func shop(t *testing.T) (*httptest.Server, *shopLog) {
	seen := &shopLog{}
	mux := http.NewServeMux()
	page := func(path, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("X-Request-Id", "7f3a")
			fmt.Fprint(w, strings.ReplaceAll(body, "PARAM", r.URL.RawQuery))
		})
	}
	page("/{$}", `<title>Shop</title><link rel=icon href=data:,><h1>Welcome   to
		the shop</h1>`)
	page("/login", `<title>Sign in</title><link rel=icon href=data:,>
<style>
  @keyframes drift { from { margin-left: 300px } to { margin-left: 0 } }
  #go { animation: drift 400ms linear }
</style>
<body style="margin-top: 3000px">
<form action=/account onsubmit="return confirm('Sure?')">
  <input name=user id=user value=old><input name=password id=password type=password>
  <select name=plan id=plan><option value=a>Small</option><option value=b>Large</option></select>
  <input name=day id=day type=date>
  <label for=terms id=label>Terms</label><input name=terms id=terms type=checkbox>
  <input name=page id=page type=hidden>
  <button id=go disabled>Go</button>
</form>
<div id=host></div>
<script>
  // A page may make of JavaScript what it likes; what is asked of it must not go through that.
  String.prototype.includes = () => true;
  Element.prototype.getBoundingClientRect = () => { throw new Error("ours") };
  Document.prototype.querySelector = () => null;
  const go = document.getElementById("go");
  document.forms[0].oninput = () => { go.disabled = document.getElementById("password").value !== "hunter2-hunter2" };
  go.onclick = () => { document.getElementById("page").value = document.visibilityState };
  const root = document.getElementById("host").attachShadow({mode: "open"});
  root.innerHTML = "<button class=news>News</button>";
  root.firstChild.onclick = () => { alert("News"); window.open("/popup"); root.firstChild.textContent = "Read" };
</script>`)
	page("/popup", `<title>Popup</title>`)
	page("/account", `<title>Account</title><link rel=icon href=data:,><p id=given>PARAM</p>
<script>onbeforeunload = (e) => e.preventDefault()</script><input id=q onkeydown="if (event.key === 'Enter') location = '/found'">`)
	page("/found", `<title>Found</title><link rel=icon href=data:,>nothing`)

	page("/broken", `<title>Pay</title><link rel=icon href=data:,><p>Total: 12 €</p>
<img src=/absent.png><img src=/cut>
<input id=card><p id=echo></p><p id=pieces></p>
<button id=hidden style="visibility: hidden">Hidden</button>
<button id=disabled disabled>Disabled</button>
<div style="position: relative"><button id=covered>Covered</button><div id=veil style="position: absolute; inset: 0"></div></div>
<script>
  document.getElementById("card").oninput = (e) => {
    document.getElementById("echo").textContent = "card " + e.target.value;
    document.getElementById("pieces").innerHTML = "<b>" + e.target.value.slice(0, 5) + "</b>" + e.target.value.slice(5);
    console.error("no such card", {n: 1});
    undefinedFunction();
  };
</script>`)
	mux.HandleFunc("GET /cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	page("/open", `<title>Slow</title><link rel=icon href=data:,><p>first words</p><img src=/never>`)
	mux.HandleFunc("GET /never", func(_ http.ResponseWriter, r *http.Request) {
		seen.reached(r.URL.Path)
		<-r.Context().Done()
	})
	page("/busy", `<title>Busy</title><link rel=icon href=data:,><button id=go onclick="fetch('/busy-now').finally(() => { for (;;); })">busy</button>`)
	mux.HandleFunc("GET /busy-now", func(_ http.ResponseWriter, r *http.Request) { seen.reached(r.URL.Path) })
	page("/dies", `<title>Dies</title><link rel=icon href=data:,><img src="/die?PARAM">`)
	mux.HandleFunc("GET /die", func(_ http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(r.URL.RawQuery)
		if err != nil {
			t.Error(err)
		}
		if n := killRenderers(syscall.Signal(number)); n == 0 {
			t.Error("the page has no process")
			return
		}
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", "attachment; filename=bill.pdf")
		io.WriteString(w, "%PDF")
	})
	mux.HandleFunc("GET /status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		io.WriteString(w, r.URL.RawQuery) // empty: nothing at all
	})
	mux.HandleFunc("GET /to", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, cmp.Or(r.URL.RawQuery, "/to"), http.StatusFound)
	})
	page("/link", `<title>Link</title><link rel=icon href=data:,><a href="PARAM" id=pay>Pay</a>`)
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server, seen
}

// shopLog says what of the shop was asked for.
type shopLog struct {
	mu   sync.Mutex
	wait map[string]func()
}

// when calls f once a path is reached.
func (l *shopLog) when(path string, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wait == nil {
		l.wait = map[string]func(){}
	}
	l.wait[path] = f
}

func (l *shopLog) reached(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.wait[path]; f != nil {
		f()
		delete(l.wait, path)
	}
}

// A person signs in: fields, a secret, a list, a label, a button that moves
// and is disabled at first, dialogs, a popup, a shadow root, a key.
func TestBrowserSteps(t *testing.T) {
	needBrowser(t)
	home := home(t)
	server, _ := shop(t)
	t.Setenv("STATUSBOT_TEST_TOKEN", "not for the browser")
	secret := filepath.Join(t.TempDir(), "secret")
	probetest.OK(t, os.WriteFile(secret, []byte("hunter2-hunter2\n"), 0o600))
	v := visitOf(t, Options{
		URL: server.URL + "/login",
		Steps: []Step{
			{Visible: "#user"}, {Fill: "#user", Value: "ann"}, {Fill: "#password", SecretFile: secret}, {Fill: "#plan", Value: "Large"},
			{Fill: "#day", Value: "2026-11-22"}, {Click: "#label"}, {Click: ".news"}, {Text: "Read", In: ".news"}, {Click: "#go"},
			{URL: server.URL + "/account?*"}, {Text: "plan=b"}, {Text: "page=visible"}, {Press: "Enter", In: "#q"}, {URL: "*/found"}, {Text: "nothing"},
		},
		Options: claim.Options{Expect: []string{`title == "Found" && status == 200 && text.contains("nothing") && url.endsWith("/found") && console_errors == 0 && failed_requests == 0`}},
	})
	environment := make(chan string, 1)
	go func() { environment <- watchEnvironment(t.Context(), home) }()
	r := v.run(t.Context())
	if r.Outcome != checks.Pass || !strings.HasPrefix(r.Summary, "HTTP 200, 15 steps in ") {
		t.Fatalf("got %s, %s: %s\n%+v", r.Outcome, r.Reason, r.Summary, r.Evidence)
	}
	if r.Evidence != nil {
		t.Errorf("a pass has evidence: %+v", r.Evidence)
	}
	if r.Phases.Connect == 0 || r.Phases.FirstByte < 0 {
		t.Errorf("phases %+v", r.Phases)
	}
	dialogs := []string{"alert News", "confirm Sure?", "beforeunload"}
	if got := v.page.dialogs.said; !slices.Equal(got, dialogs) {
		t.Errorf("dialogs %q, want %q", got, dialogs)
	}
	// The browser asks nobody of its own accord.
	for address := range v.gate.reach {
		if address != server.Listener.Addr().String() {
			t.Errorf("it asked %s", address)
		}
	}
	if env := <-environment; !strings.Contains(env, "HOME="+home) || strings.Contains(env, "not for the browser") {
		t.Errorf("the browser's environment: %q", env)
	}
	nothingLeft(t, home)
}

// The evidence of a step that fails says where, and shows all but the secret.
func TestBrowserEvidence(t *testing.T) {
	longtest.Only(t, "one more browser")
	needBrowser(t)
	home := home(t)
	server, _ := shop(t)
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "shop/pay", Product: "shop", Kind: "browser", Every: time.Hour, Timeout: time.Minute, Options: &Options{
		URL: server.URL + "/broken?session_token=veryveryprivate", Viewport: Viewport{Width: 390, Height: 844},
		Steps: []Step{{Fill: "#card", Secret: "4111-1111-1111-1111"}, {Text: "card 4111"}, {Click: "#pay", Within: 200 * time.Millisecond}},
	}})
	probetest.OK(t, err)
	r, ok := c.Run(t.Context())
	if !ok || r.Outcome != checks.Fail || r.Reason != checks.ReasonAssertion || r.Summary != "step 3 of 3, click #pay: not there within 200 ms" {
		t.Fatalf("got %s, %s: %s", r.Outcome, r.Reason, r.Summary)
	}
	e := r.Evidence
	if e.Remote != server.Listener.Addr().String() || e.Status != 200 || e.RequestID != "x-request-id=7f3a" {
		t.Errorf("evidence %+v", e)
	}
	for _, part := range []string{
		`at ` + server.URL + `/broken?session_token=(redacted), title "Pay"`, "console: no such card Object", "console: ReferenceError: undefinedFunction is not defined (/broken:",
		"failed: HTTP 404 " + server.URL + "/absent.png", "failed: net::ERR_EMPTY_RESPONSE " + server.URL + "/cut", "Total: 12 €", "card (redacted)",
	} {
		if !strings.Contains(e.Output, part) {
			t.Errorf("the evidence lacks %q", part)
		}
	}
	// The server's port may have the digits of the card.
	if said := strings.ReplaceAll(e.Output, server.URL, ""); strings.Contains(said, "4111") || strings.Contains(said, "veryvery") {
		t.Error("a secret is in the evidence")
	}
	var labels []string
	for _, p := range e.Perf {
		labels = append(labels, p.Label)
	}
	if want := []string{"browser start", "load", "1 fill #card", `2 text "card 4111"`}; !slices.Equal(labels[:2], want[:2]) || len(labels) != 4 {
		t.Errorf("took %q, want %q", labels, want)
	}
	picture, err := jpeg.Decode(bytes.NewReader(e.Picture))
	probetest.OK(t, err)
	if size := picture.Bounds().Size(); size.X != 390 || len(e.Picture) > pictureMax {
		t.Errorf("the picture has %v pixels and %d bytes", size, len(e.Picture))
	}
	if t.Failed() {
		t.Log(e.Output)
	}
	nothingLeft(t, home)
}

// What goes wrong is told apart. One browser makes all these visits, as a
// probe's makes one.
func TestBrowserFailures(t *testing.T) {
	program := needBrowser(t)
	home := home(t)
	server, _ := shop(t)
	secure := httptest.NewUnstartedServer(server.Config.Handler)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	secure.StartTLS()
	defer secure.Close()
	probetest.ResolveWith(t, map[string][]string{"inside.test.": {"169.254.169.254"}})
	nobody := probetest.Refused(t)
	b, err := startBrowser(t.Context(), visitOf(t, Options{URL: server.URL}).probe, program)
	probetest.OK(t, err)
	defer func() {
		b.end()
		nothingLeft(t, home)
	}()

	for i, tt := range []struct {
		name    string
		options Options
		outcome checks.Outcome
		reason  checks.Reason
		summary string // its beginning
		picture bool   // there must be one
	}{
		{"no certificate", Options{URL: server.URL + "/", Options: claim.Options{Expect: []string{"certificate == null"}}}, checks.Pass, checks.ReasonNone, "HTTP 200, loaded in ", false},
		{"no steps", Options{URL: server.URL + "/"}, checks.Pass, checks.ReasonNone, "HTTP 200, loaded in ", false},
		{"absent name", Options{URL: "http://nothing.test/"}, checks.Fail, checks.ReasonDNS, "the name does not exist", false},
		{"refused", Options{URL: "http://" + nobody + "/"}, checks.Fail, checks.ReasonConnect, "no connection: connection refused", false},
		{"refused over TLS", Options{URL: "https://" + nobody + "/"}, checks.Fail, checks.ReasonConnect, "no connection: connection refused", false},
		{"cut", Options{URL: server.URL + "/cut"}, checks.Fail, checks.ReasonReset, "the peer closed the connection while waiting for the answer", false},
		{"metadata", Options{URL: "http://169.254.169.254/latest/"}, checks.Unknown, checks.ReasonInternal, "refuses to connect to 169.254.169.254: cloud metadata addresses are not probed", false},
		{"metadata by name, by redirect", Options{URL: server.URL + "/to?http://inside.test/"}, checks.Unknown, checks.ReasonInternal, "refuses to connect to 169.254.169.254: cloud metadata addresses are not probed", false},
		{"metadata by a step", Options{URL: server.URL + "/link?https://169.254.169.254/", Steps: []Step{{Click: "#pay"}, {URL: "*/latest"}}}, checks.Unknown, checks.ReasonInternal, "refuses to connect to 169.254.169.254", false},
		{"certificate", Options{URL: secure.URL + "/"}, checks.Fail, checks.ReasonTLS, "the certificate is signed by an unknown authority (CERT_AUTHORITY_INVALID)", false},
		{"redirects", Options{URL: server.URL + "/to?"}, checks.Fail, checks.ReasonProtocol, "too many redirects (TOO_MANY_REDIRECTS)", false},
		{"status", Options{URL: server.URL + "/status/503?sorry"}, checks.Fail, checks.ReasonStatus, "HTTP 503, expected 2xx", true},
		{"status without a body", Options{URL: server.URL + "/status/500"}, checks.Fail, checks.ReasonStatus, "HTTP 500, expected 2xx", false},
		{"status that is right", Options{URL: server.URL + "/status/404?gone", Status: []any{404}, Options: claim.Options{DegradedIf: []string{"status == 404"}}}, checks.Degraded, checks.ReasonAssertion, "status == 404 is true", true},
		{"status of a step", Options{URL: server.URL + "/link?/status/502?bad", Steps: []Step{{Click: "#pay"}, {Text: "Thanks"}}}, checks.Fail, checks.ReasonStatus, `step 2 of 2, text "Thanks": HTTP 502 from "http://127.0.0.1:`, true},
		{"claim", Options{URL: server.URL + "/", Options: claim.Options{Expect: []string{"title == 'Sale'"}}}, checks.Fail, checks.ReasonAssertion, `title == 'Sale' is false: title is "Shop"`, true},
		{"slow", Options{URL: server.URL + "/", LimitOptions: probe.LimitOptions{FailOver: time.Nanosecond}}, checks.Fail, checks.ReasonLatency, "HTTP 200, loaded in ", true},
		{"download", Options{URL: server.URL + "/file"}, checks.Fail, checks.ReasonAssertion, "the answer is a download, not a page", false},
		{"hidden", Options{URL: server.URL + "/broken", Steps: []Step{{Visible: "#hidden", Within: time.Millisecond}}}, checks.Fail, checks.ReasonAssertion, "step 1 of 1, visible #hidden: not visible within 1 ms", true},
		{"disabled", Options{URL: server.URL + "/broken", Steps: []Step{{Click: "#disabled", Within: time.Millisecond}}}, checks.Fail, checks.ReasonAssertion, "step 1 of 1, click #disabled: disabled within 1 ms", true},
		{"covered", Options{URL: server.URL + "/broken", Steps: []Step{{Click: "#covered", Within: time.Millisecond}}}, checks.Fail, checks.ReasonAssertion, "step 1 of 1, click #covered: covered by <div#veil> within 1 ms", true},
		{"unread", Options{URL: server.URL + "/broken", Steps: []Step{{Text: "Total: 13", In: "p", Within: time.Millisecond}}}, checks.Fail, checks.ReasonAssertion, `step 1 of 1, text "Total: 13": not seen within 1 ms`, true},
		{"no selector", Options{URL: server.URL + "/", Steps: []Step{{Visible: "##"}}}, checks.Unknown, checks.ReasonInternal, "step 1 of 1, visible ##: it is not a CSS selector", true},
	} {
		if i%longtest.Of(3, 1) != 0 {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			r := again(t, b, tt.options, tt.picture)
			if r.Outcome != tt.outcome || r.Reason != tt.reason || !strings.HasPrefix(r.Summary, tt.summary) {
				t.Errorf("got  %s, %s: %s\nwant %s, %s: %s", r.Outcome, r.Reason, r.Summary, tt.outcome, tt.reason, tt.summary)
			}
			if tt.picture && (r.Evidence == nil || len(r.Evidence.Picture) == 0) {
				t.Error("there is no picture")
			}
		})
	}
	t.Run("secrets in pictures", func(t *testing.T) {
		// The same page with another secret looks the same.
		var pictures [2][]byte
		for i, secret := range []string{"4111-1111-1111-1111", "5222-8888-3333-0000"} {
			r := again(t, b, Options{URL: server.URL + "/broken", Steps: []Step{{Fill: "#card", Secret: secret}, {Text: "card " + secret}, {Click: "#no", Within: time.Millisecond}}}, true)
			pictures[i] = r.Evidence.Picture
			if strings.Contains(fmt.Sprintf("%+v", r), secret) || !strings.Contains(r.Evidence.Output, "(redacted)") {
				t.Errorf("the secret is in the result: %s %+v", r.Summary, r.Evidence)
			}
		}
		if len(pictures[0]) == 0 || !bytes.Equal(pictures[0], pictures[1]) {
			t.Errorf("what was typed in secret is to be seen in the pictures, of %d and %d bytes", len(pictures[0]), len(pictures[1]))
		}
		plain := again(t, b, Options{URL: server.URL + "/broken", Steps: []Step{{Fill: "#card", Value: "4111-1111-1111-1111"}, {Text: "card 4111"}, {Click: "#no", Within: time.Millisecond}}}, true)
		if bytes.Equal(plain.Evidence.Picture, pictures[0]) {
			t.Error("a picture shows nothing of what was typed, secret or not")
		}
	})
}

// A certificate that nobody trusts is taken where the check says so, and told.
func TestBrowserCertificates(t *testing.T) {
	longtest.Only(t, "one more browser")
	program := needBrowser(t)
	home := home(t)
	server, _ := shop(t)
	secure := httptest.NewTLSServer(server.Config.Handler)
	defer secure.Close()
	insecure := Options{URL: secure.URL + "/", InsecureTLS: true}
	b, err := startBrowser(t.Context(), visitOf(t, insecure).probe, program)
	probetest.OK(t, err)
	defer func() {
		b.end()
		nothingLeft(t, home)
	}()
	told := "certificate.days_left > 14 && 'example.com' in certificate.names && certificate.issuer.contains('Acme') && certificate.self_signed && size(certificate.serial) > 8 && certificate.not_before < certificate.not_after"
	for _, tt := range []struct {
		name    string
		steps   []Step
		claims  claim.Options
		outcome checks.Outcome
		summary string // its beginning
	}{
		{"any", []Step{{Text: "Welcome to the shop"}}, claim.Options{}, checks.Pass, "HTTP 200, 1 step in "},
		{"told", nil, claim.Options{Expect: []string{told}}, checks.Pass, "HTTP 200, loaded in "},
		{"to expire", nil, claim.Options{DegradedIf: []string{"certificate.days_left < 1000000"}}, checks.Degraded, "certificate.days_left < 1000000 is true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := insecure
			o.Steps, o.Options = tt.steps, tt.claims
			r := again(t, b, o, false)
			if r.Outcome != tt.outcome || !strings.HasPrefix(r.Summary, tt.summary) {
				t.Errorf("got  %s, %s: %s\nwant %s: %s", r.Outcome, r.Reason, r.Summary, tt.outcome, tt.summary)
			}
			if tt.name == "any" && (r.Phases.TLS <= 0 || r.Phases.Connect <= 0) {
				t.Errorf("phases %+v", r.Phases)
			}
		})
	}
}

// patience is for what comes for certain, on a machine with more to do than
// this.
const patience = 30 * time.Second

// again makes one more visit in a browser, of which there is to be a picture.
func again(t *testing.T, b *process, o Options, picture bool) checks.Result {
	t.Helper()
	v := visitOf(t, o)
	if picture {
		v.probe.grace = patience
	}
	typed, err := v.probe.reveal(v)
	probetest.OK(t, err)
	b.page.mu.Lock()
	b.page.doc, b.page.console, b.page.failures, b.page.dialogs = document{}, troubles{}, troubles{}, troubles{}
	clear(b.page.asked)
	b.page.mu.Unlock()
	v.gate, v.page, v.begun = b.gate, b.page, time.Now()
	r := v.concluded(v.visit(b.ctx, typed), b, func() {})
	probe.HideIn(&r, v.hide)
	return r
}

// What ends a visit ends its browser as well.
func TestBrowserEnds(t *testing.T) {
	needBrowser(t)
	home := home(t)
	server, seen := shop(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	probetest.OK(t, err)
	defer silent.Close()

	for _, tt := range []struct {
		name    string
		options Options
		expire  string // the check's time is over when this path is asked for; "*": when the page connects
		outcome checks.Outcome
		reason  checks.Reason
		summary string // its beginning
		picture bool   // there must be one
		long    bool   // of the long form alone: each has a browser of its own, which takes a second of a core
	}{
		{"slow picture", Options{URL: server.URL + "/open"}, "/never", checks.Fail, checks.ReasonTimeout, `time-out after 1000 s while loading the page; still waiting for "http://127.0.0.1:`, true, false},
		{"silence", Options{URL: "https://" + silent.Addr().String() + "/"}, "*", checks.Fail, checks.ReasonTimeout, "time-out after 1000 s while negotiating TLS", false, true},
		{"busy page", Options{URL: server.URL + "/busy", Steps: []Step{{Click: "#go"}, {Text: "never", Within: 100 * time.Second}}}, "/busy-now", checks.Fail, checks.ReasonTimeout, `time-out after 1000 s at step `, false, true},
		{"crash", Options{URL: server.URL + "/dies?11"}, "", checks.Fail, checks.ReasonAssertion, "the page crashed in the browser", false, true},
		{"killed", Options{URL: server.URL + "/dies?9"}, "", checks.Unknown, checks.ReasonInternal, "the page's process was killed", false, true},
	} {
		if tt.long && !longtest.Of(false, true) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			v := visitOf(t, tt.options)
			switch {
			case tt.picture, tt.outcome == checks.Unknown || tt.reason == checks.ReasonAssertion: // a page that is gone is not waited for
				v.probe.grace = patience
			default:
				v.probe.grace = time.Millisecond
			}
			ctx := &expiring{Context: t.Context(), done: make(chan struct{})}
			expire := sync.OnceFunc(func() { close(ctx.done) })
			switch tt.expire {
			case "":
			case "*":
				go func() {
					if conn, err := silent.Accept(); err == nil {
						defer conn.Close()
						_, _ = conn.Read(make([]byte, 1)) // the connection stands on both sides
						expire()
						_, _ = io.Copy(io.Discard, conn)
					}
				}()
			default:
				// A browser asks for what a page needs before it has said that the page came.
				seen.when(tt.expire, func() {
					for v.page.document().status == 0 && t.Context().Err() == nil {
						time.Sleep(time.Millisecond)
					}
					expire()
				})
			}
			r := v.run(ctx)
			if r.Outcome != tt.outcome || r.Reason != tt.reason || !strings.HasPrefix(r.Summary, tt.summary) {
				t.Errorf("got  %s, %s: %s\nwant %s, %s: %s", r.Outcome, r.Reason, r.Summary, tt.outcome, tt.reason, tt.summary)
			}
			if tt.picture && (r.Evidence == nil || len(r.Evidence.Picture) == 0) {
				t.Error("there is no picture")
			}
			nothingLeft(t, home)
		})
	}
}

// A page reaches nothing past the gate, whatever it tries.
func TestBrowserGoesThroughTheGate(t *testing.T) {
	needBrowser(t)
	home(t)
	probetest.ResolveWith(t, map[string][]string{"inside.test.": {"169.254.169.254"}})
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	probetest.OK(t, err)
	defer udp.Close()
	var packets atomic.Int64
	go func() {
		b := make([]byte, 2048)
		for {
			if _, _, err := udp.ReadFrom(b); err != nil {
				return
			}
			packets.Add(1)
		}
	}()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, strings.ReplaceAll(`<title>Tries</title><link rel=icon href=data:,>
<img src=http://169.254.169.254/image><iframe src=http://169.254.169.253/frame></iframe><script src=https://169.254.169.252/script></script>
<img src=http://[fe80::1]/image><img src=http://inside.test/image>
<p id=done></p>
<script>
  const all = [];
  all.push(fetch("http://169.254.169.251/fetch", {mode: "no-cors"}));
  all.push(new Promise((done) => { new WebSocket("ws://169.254.169.250/socket").onerror = done }));
  all.push(new Promise((done) => { new EventSource("http://169.254.169.249/events").onerror = done }));
  all.push(new Promise((done) => {
    const peer = new RTCPeerConnection({iceServers: [{urls: "stun:UDP"}, {urls: "turn:UDP", username: "a", credential: "b"}]});
    peer.createDataChannel("a");
    peer.onicegatheringstatechange = () => { if (peer.iceGatheringState === "complete") done() };
    peer.createOffer().then((offer) => peer.setLocalDescription(offer));
  }));
  if (window.WebTransport) all.push(new WebTransport("https://UDP/").ready);
  Promise.allSettled(all).then(() => { document.getElementById("done").textContent = "all tried" });
</script>`, "UDP", udp.LocalAddr().String()))
	}))
	defer server.Close()
	v := visitOf(t, Options{URL: server.URL, Steps: []Step{{Text: "all tried", Within: 50 * time.Second}}, Options: claim.Options{DegradedIf: []string{"failed_requests > 0"}}})
	r := v.run(t.Context())
	if r.Outcome != checks.Degraded || !strings.HasPrefix(r.Summary, "failed_requests > 0 is true: failed_requests is ") {
		t.Errorf("got %s, %s: %s", r.Outcome, r.Reason, r.Summary)
	}
	for _, address := range []string{
		"169.254.169.254:80", "169.254.169.253:80", "169.254.169.252:443", "169.254.169.251:80", "169.254.169.250:80", "169.254.169.249:80",
		"[fe80::1]:80", "inside.test:80",
	} {
		reach := v.gate.reach[address]
		if reach == nil {
			t.Errorf("%s was not asked for through the gate", address)
			continue
		}
		if _, ok := errors.AsType[*probe.RefusedError](reach.err); !ok {
			t.Errorf("%s: %v", address, reach.err)
		}
	}
	if n := packets.Load(); n != 0 {
		t.Errorf("%d packets went past the gate", n)
	}
}

// A probe that its caller cuts off leaves nothing behind and no result.
func TestBrowserCutOff(t *testing.T) {
	longtest.Only(t, "one more browser")
	needBrowser(t)
	home := home(t)
	server, seen := shop(t)
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "shop", Kind: "browser", Every: time.Hour, Timeout: time.Hour, Options: &Options{URL: server.URL + "/open"}})
	probetest.OK(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	seen.when("/never", cancel)
	if r, ok := c.Run(ctx); ok {
		t.Errorf("there is a result: %+v", r)
	}
	nothingLeft(t, home)
}

// Profiles that nobody removed go, and only those.
func TestBrowserSweep(t *testing.T) {
	home := home(t)
	old, young, other := filepath.Join(home, profileName+"1"), filepath.Join(home, profileName+"2"), filepath.Join(home, "other")
	for _, dir := range []string{old, young, other} {
		probetest.OK(t, os.MkdirAll(filepath.Join(dir, "profile"), 0o700))
	}
	long := time.Now().Add(-profileAge - time.Minute)
	probetest.OK(t, os.Chtimes(old, long, long))
	probetest.OK(t, os.Chtimes(other, long, long))
	sweepProfiles()
	left, err := os.ReadDir(home)
	probetest.OK(t, err)
	if len(left) != 2 || left[0].Name() != "other" || left[1].Name() != profileName+"2" {
		t.Errorf("left: %v", left)
	}
}

// needBrowser returns the browser that a check finds, or skips.
func needBrowser(t *testing.T) string {
	t.Helper()
	program, err := Find("")
	if err != nil {
		longtest.Lacks(t, "%v", err)
	}
	return program
}

// home makes a folder that profiles are made in. Its path is short: a
// socket in it may have 108 characters.
func home(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "sb")
	probetest.OK(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	return dir
}

func visitOf(t *testing.T, o Options) *visit {
	t.Helper()
	if o.Viewport == (Viewport{}) {
		o.Viewport = Viewport{Width: 800, Height: 600}
	}
	p, err := newProber(checks.Check{ID: "shop", Kind: "browser", Every: time.Hour, Timeout: 1000 * time.Second, Options: &o})
	probetest.OK(t, err)
	return &visit{probe: p, tr: p.dialer.Trail()}
}

// expiring is a context whose deadline the test decides about.
type expiring struct {
	context.Context
	done chan struct{}
}

func (e *expiring) Done() <-chan struct{} { return e.done }

func (e *expiring) Err() error {
	select {
	case <-e.done:
		return context.DeadlineExceeded
	default:
		return e.Context.Err()
	}
}

// nothingLeft waits until no process and no profile of a probe's is there.
func nothingLeft(t *testing.T, home string) {
	t.Helper()
	await(t, "the end of all processes of the browser", func() bool { return len(processes(home)) == 0 })
	if left, err := filepath.Glob(filepath.Join(home, "*chrom*")); err != nil || len(left) != 0 {
		t.Errorf("left in TMPDIR: %v %v", left, err)
	}
	if left, err := filepath.Glob(filepath.Join(home, profileName+"*")); err != nil || len(left) != 0 {
		t.Errorf("left in TMPDIR: %v %v", left, err)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not seen within 5 min: " + what)
		}
	}
}

// processes returns the processes whose environment names a folder, or
// whose command line does: some of a browser's write that over the environment.
func processes(home string) (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		if bytes.Contains(append(env, commandOf(pid)...), []byte("="+home+"/"+profileName)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// watchEnvironment returns the environment of the first browser in a folder.
func watchEnvironment(ctx context.Context, home string) string {
	for ctx.Err() == nil {
		for _, pid := range processes(home) {
			if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err == nil && len(env) > 0 {
				return string(env)
			}
		}
		time.Sleep(time.Millisecond)
	}
	return ""
}

func commandOf(pid int) []byte {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return line
}

// killRenderers sends a signal to the processes that run pages.
func killRenderers(s syscall.Signal) (n int) {
	for _, pid := range processes(os.TempDir()) {
		if bytes.Contains(commandOf(pid), []byte("--type=renderer")) && syscall.Kill(pid, s) == nil {
			n++
		}
	}
	return n
}
