// Package probetest is for tests of kinds: it starts real servers as those who
// may not be root, listens on ports that stay its own, and runs a check once.
package probetest

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// targetEnv makes the test binary the server that benchmarks probe, so that
// the server's CPU is another process's: "http" or "https".
const targetEnv = "STATUSBOT_TEST_TARGET"

// targetWait is how long the server thinks before it answers /slow. It never
// answers /hang, and says at /hanging how many wait for that.
const targetWait = 20 * time.Millisecond

// serveTarget answers requests until stdin is closed.
func serveTarget() {
	var hanging atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/slow"):
			time.Sleep(targetWait)
		case r.URL.Path == "/hang":
			hanging.Add(1)
			<-r.Context().Done() // until the client goes
			hanging.Add(-1)
			return
		case r.URL.Path == "/hanging":
			fmt.Fprint(w, hanging.Load())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"status":"ok","version":"1.4.2","checks":{"db":"ok","cache":"ok"}}`)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that are cut off
	if os.Getenv(targetEnv) == "https" {
		server.StartTLS()
	} else {
		server.Start()
	}
	fmt.Println(server.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// StartTarget starts the server in a child process and returns its URL; the
// scheme is "http" or "https".
func StartTarget(b *testing.B, scheme string) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), targetEnv+"="+scheme)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	OK(b, err)
	stdout, err := cmd.StdoutPipe()
	OK(b, err)
	OK(b, cmd.Start())
	b.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	OK(b, err)
	return strings.TrimSpace(line)
}

// OK ends a test whose preparation failed.
func OK(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Main is the TestMain of a package that probes: its tests wait for servers, so
// several run at once, and what a test started ends soon after it, or never.
func Main(m *testing.M) {
	if os.Getenv(targetEnv) != "" {
		serveTarget()
		return
	}
	longtest.AtOnce(8, 4)
	before := runtime.NumGoroutine()
	code := m.Run()
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		os.Exit(code) // the fuzzer keeps goroutines of its own
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); code == 0 && n > before {
		stacks := make([]byte, 1<<20)
		fmt.Fprintf(os.Stderr, "%d goroutines more than before the tests:\n%s\n", n-before, stacks[:runtime.Stack(stacks, true)])
		code = 1
	}
	os.Exit(code)
}
