package main

import (
	"bufio"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/serve"
	"github.com/statusbot/statusbot/internal/web"
)

// listeners are all places in what statusbot is linked from that make a server
// or open an address. What serves HTTP to others is made by internal/serve, and
// those that have addresses of their own are attacked below.
var listeners = map[string]string{ // :: file and what it calls -> what bounds it
	"internal/serve/serve.go net.Listen":                  "web.listen and slack.listen: attacked below",
	"internal/serve/bounds.go http.Server":                "the one place where servers are made",
	"internal/sandbox/workspace.go net.Listen":            "the sandbox: attacked below",
	"internal/demo/process.go net.Listen":                 "the company of the demonstration, on loopback; its HTTP servers come from internal/serve",
	"internal/house/door.go net.Listen":                   "a Unix socket of its own user alone; its server comes from internal/serve",
	"internal/house/examine.go net.Listen":                "doctor looks whether an address is free, and closes it",
	"internal/port/hold_other.go net.Listen":              "keeps a port of the demonstration, and accepts nothing",
	"internal/checks/kind/browser/gate.go net.Listen":     "a browser's proxy on loopback, for as long as one probe",
	"internal/checks/kind/icmp/icmp.go icmp.ListenPacket": "a socket of one probe, for the answers to its own echoes",
	"internal/checks/kind/browser/gate.go http.Server":    "as above: the probe's timeout ends every connection",
	"internal/agent/gate.go server.NewServer":             "agents.listen: TLS first, then a key or a token; bounded in time, size and number, see TestTheGateIsBounded of internal/agent",
	"internal/journal/embedded.go server.NewServer":       "the journal's server: of one machine it does not listen; of a cluster, its own port wants the members' TLS and secret",
}

// opens are the calls and values that make a server or open an address.
var opens = map[string]bool{
	"net.Listen": true, "net.ListenTCP": true, "net.ListenUDP": true, "net.ListenUnix": true, "net.ListenPacket": true, "net.ListenConfig": true,
	"net.ListenUnixgram": true, "net.ListenIP": true, "net.ListenMulticastUDP": true, "net.FileListener": true, "tls.Listen": true, "tls.NewListener": true,
	"http.Server": true, "http.ListenAndServe": true, "http.ListenAndServeTLS": true, "http.Serve": true, "http.ServeTLS": true,
	"httptest.NewServer": true, "httptest.NewTLSServer": true, "httptest.NewUnstartedServer": true, "grpc.NewServer": true, "server.NewServer": true,
	"icmp.ListenPacket": true, "quic.ListenAddr": true,
}

// TestListenersAreKnown fails for one that nobody has bounded.
func TestListenersAreKnown(t *testing.T) {
	t.Parallel()
	all := listPackages(t)
	found := map[string]bool{}
	for _, path := range append(all[module+"cmd/statusbot"].Deps, module+"cmd/statusbot") {
		name, ours := strings.CutPrefix(path, module)
		if !ours {
			continue
		}
		files, err := filepath.Glob(filepath.Join("../..", name, "*.go"))
		need(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			need(t, err)
			for _, call := range opened(parsed) {
				found[name+"/"+filepath.Base(file)+" "+call] = true
			}
		}
	}
	for place := range found {
		if listeners[place] == "" {
			t.Errorf("%s: say in the list above what bounds it, in time and size", place)
		}
	}
	for place := range listeners {
		if !found[place] {
			t.Errorf("%s is no longer there", place)
		}
	}
}

// opened returns what a file makes or opens of the list above, type names in
// declarations left out.
func opened(file *ast.File) []string {
	found := map[string]bool{}
	note := func(e ast.Expr) {
		if s, ok := e.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && opens[x.Name+"."+s.Sel.Name] {
				found[x.Name+"."+s.Sel.Name] = true
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			note(n.Fun)
			for _, a := range n.Args { // new(http.Server), or handed on as a value
				note(a)
			}
		case *ast.CompositeLit:
			note(n.Type)
		case *ast.AssignStmt:
			for _, v := range n.Rhs {
				note(v)
			}
		case *ast.ValueSpec: // var s http.Server
			note(n.Type)
		}
		return true
	})
	return slices.Sorted(maps.Keys(found))
}

// attacked are the servers that have addresses of their own, each as a strange
// caller finds it, with something to ask for and something to post to.
var attacked = []struct {
	name      string
	get, post string
	start     func(t *testing.T, b serve.Bounds) (url string, run func(context.Context) error)
}{
	{"web", "/livez", "/api/v1/push/card", func(t *testing.T, b serve.Bounds) (string, func(context.Context) error) {
		s, err := web.Listen(web.Config{Listen: "127.0.0.1:0", Inbox: admitting{}, Bounds: b})
		need(t, err)
		return s.URL(), s.Run
	}},
	{"slack over HTTP", "/", bot.PathEvents, func(t *testing.T, b serve.Bounds) (string, func(context.Context) error) {
		s, err := bot.ListenHTTP(bot.HTTPConfig{Listen: "127.0.0.1:0", Secret: "secret", Bounds: b, Log: zap.NewNop(), Now: time.Now})
		need(t, err)
		return s.URL(), s.Run
	}},
	{"sandbox", "/", "/api/chat.postMessage", startSandbox},
	{"sandbox's controls", "/sandbox/workspace", "/sandbox/command", startSandbox},
	{"sandbox's uploads", "/sandbox/messages", "/upload/F1/key", startSandbox},
	{"sandbox's answers", "/link", "/response/T1/key", startSandbox},
	{"what else is made by internal/serve", "/", "/", func(t *testing.T, b serve.Bounds) (string, func(context.Context) error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		need(t, err)
		s := serve.New(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }), b, log.New(io.Discard, "", 0))
		return "http://" + l.Addr().String(), func(ctx context.Context) error {
			defer context.AfterFunc(ctx, func() { s.Close() })()
			_ = s.Serve(l)
			return nil
		}
	}},
}

func startSandbox(t *testing.T, b serve.Bounds) (string, func(context.Context) error) {
	w, err := sandbox.New(sandbox.Config{Bounds: b})
	need(t, err)
	return strings.TrimSuffix(w.URL(), "/"), w.Run
}

// admitting is an inbox that lets everybody in, so that bodies are read.
type admitting struct{}

func (admitting) Admit(string, string) bool                     { return true }
func (admitting) Holder(string, string) (string, bool)          { return "", false }
func (admitting) Push(string, []byte, string) (int, int, error) { return 0, 0, nil }

// TestListenersLetNobodyHoldThem: each bound alone, the others far away, ends
// what a caller does who never comes to an end.
func TestListenersLetNobodyHoldThem(t *testing.T) {
	t.Parallel()
	const (
		soon  = 50 * time.Millisecond
		never = time.Hour
		much  = 64 << 20 // bytes, more than sockets buffer
	)
	far := serve.Bounds{Header: never, Request: never, Answer: never, Idle: never}
	for _, server := range attacked {
		post := "POST " + server.post + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
		for _, a := range []struct {
			name   string
			change func(*serve.Bounds)
			begin  string
			more   string // again and again
			often  int
			pause  time.Duration
		}{
			{"slow header", func(b *serve.Bounds) { b.Header = soon }, "POST / HTTP/1.1\r\nX-Slow: ", "a", 2000, 5 * time.Millisecond},
			{"slow body", func(b *serve.Bounds) { b.Request = soon }, post + "Content-Length: 2000\r\n\r\n", " ", 2000, 5 * time.Millisecond},
			{"slow chunks", func(b *serve.Bounds) { b.Request = soon }, post + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", 2000, 5 * time.Millisecond},
			{"nothing after the answer", func(b *serve.Bounds) { b.Idle = soon }, "GET " + server.get + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "", 0, 0},
			{"endless header", func(b *serve.Bounds) { b.HeaderBytes = 1 << 10 }, "POST / HTTP/1.1\r\nX-Long: ", strings.Repeat("a", 1<<16), much >> 16, 0},
			{"huge body", func(b *serve.Bounds) { b.BodyBytes = 1 << 10 }, post + fmt.Sprintf("Content-Length: %d\r\n\r\n", much), strings.Repeat(" ", 1<<16), much >> 16, 0},
			{"endless body", func(b *serve.Bounds) { b.BodyBytes = 1 << 10 }, post + "Transfer-Encoding: chunked\r\n\r\n", "10000\r\n" + strings.Repeat(" ", 1<<16) + "\r\n", much >> 16, 0},
		} {
			t.Run(server.name+"/"+a.name, func(t *testing.T) {
				t.Parallel()
				bounds := far
				a.change(&bounds)
				url, run := server.start(t, bounds)
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- run(ctx) }()
				defer func() {
					stop()
					need(t, <-ended)
				}()
				all, answer := attack(t, strings.TrimPrefix(url, "http://"), a.begin, a.more, a.often, a.pause)
				if all {
					t.Errorf("it took all of it, and answered %.300q", answer)
				}
				if a.often == 0 && !strings.HasPrefix(answer, "HTTP/1.1 ") {
					t.Errorf("it answered %q", answer)
				}
			})
		}
	}
}

// attack sends a beginning and then more and more, until the server closes the
// connection or there is no more. It returns whether all was taken, and what
// was answered.
func attack(t *testing.T, address, begin, more string, often int, pause time.Duration) (all bool, answer string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	need(t, err)
	defer conn.Close()
	need(t, conn.SetDeadline(time.Now().Add(3*time.Minute))) // of a test that hangs
	closed, read := make(chan struct{}), make(chan string, 1)
	go func() {
		defer close(closed)
		data, err := io.ReadAll(bufio.NewReader(conn))
		if os.IsTimeout(err) {
			t.Error("the connection stays open")
		}
		read <- string(data)
	}()
	_, err = io.WriteString(conn, begin)
	for i := 0; i < often && err == nil; i++ {
		select {
		case <-closed:
			return false, <-read
		case <-time.After(pause):
			_, err = io.WriteString(conn, more)
		}
	}
	if all = err == nil && often > 0; all || err != nil {
		conn.Close()
	}
	return all, <-read
}

// need ends a test that cannot go on.
func need(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
