//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// The servers and plugins of the end-to-end tests are Debian's.
const (
	nginxProgram = "/usr/sbin/nginx"         // package nginx-light
	pluginsDir   = "/usr/lib/nagios/plugins" // package monitoring-plugins-basic
	nginxBound   = time.Minute               // for nginx to answer, and to end
	e2eTemplates = "testdata/e2e"            // configuration files, text/template
)

// needDebian skips a test where nginx or the plugins are not installed.
func needDebian(t *testing.T) {
	t.Helper()
	for _, path := range []string{nginxProgram, pluginsDir + "/check_http", pluginsDir + "/check_tcp"} {
		if _, err := os.Stat(path); err == nil {
			continue
		}
		longtest.Lacks(t, "%s is not installed: the test needs Debian's packages nginx-light and monitoring-plugins-basic", path)
	}
}

// fill writes a template of testdata/e2e to a file.
func fill(t *testing.T, name, to string, values any) {
	t.Helper()
	tmpl, err := template.ParseFiles(filepath.Join(e2eTemplates, name))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tmpl.Option("missingkey=error").Execute(&b, values); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// nginx is one real nginx with a port, a folder and a log of its own.
type nginx struct {
	t    *testing.T
	dir  string
	port int
	cmd  *exec.Cmd
	done chan struct{} // closed when the process is gone
}

// startNginx starts a healthy nginx; it is stopped at the end of the test.
func startNginx(t *testing.T) *nginx {
	t.Helper()
	n := &nginx{t: t, dir: t.TempDir(), port: heldPort(t).Port()}
	t.Cleanup(func() {
		n.stop()
		if t.Failed() {
			said, _ := os.ReadFile(filepath.Join(n.dir, "error.log")) // absent when it never started
			t.Logf("nginx on port %d:\n%s", n.port, said)
		}
	})
	n.configure("")
	n.start()
	return n
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// configure writes the configuration; share is the share of requests that are
// answered with 503, as "20%", or empty for none.
func (n *nginx) configure(share string) {
	n.t.Helper()
	fill(n.t, "nginx.conf", filepath.Join(n.dir, "nginx.conf"), map[string]any{
		"Dir": n.dir, "Port": n.port, "Share": share, "Root": os.Geteuid() == 0})
}

// start starts nginx and returns when it answers.
func (n *nginx) start() {
	n.t.Helper()
	n.cmd = exec.Command(nginxProgram, "-p", n.dir, "-c", filepath.Join(n.dir, "nginx.conf"), "-e", filepath.Join(n.dir, "error.log"))
	// It must not outlive the tests, whatever ends them.
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	cmd, done := n.cmd, make(chan struct{})
	n.done = done
	go func() {
		defer close(done)
		_ = cmd.Wait() // how it ended is in its own log
	}()
	limit := time.After(nginxBound)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", address(n.port))
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-n.done:
			n.t.Fatal("nginx ended instead of answering")
		case <-limit:
			n.t.Fatalf("nginx does not answer: %v", err)
		}
	}
}

// fail makes nginx answer a share of the requests with 503 from now on, or
// none again, by its own means: a new configuration and SIGHUP.
func (n *nginx) fail(share string) {
	n.t.Helper()
	n.configure(share)
	if err := n.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		n.t.Fatalf("reload nginx: %v", err)
	}
}

// stop ends nginx as its administrator would, after the requests under way.
func (n *nginx) stop() {
	if n.cmd == nil || n.done == nil {
		return
	}
	_ = n.cmd.Process.Signal(syscall.SIGQUIT) // an error means that it is gone already
	select {
	case <-n.done:
	case <-time.After(nginxBound):
		n.t.Error("nginx did not end after SIGQUIT")
		_ = n.cmd.Process.Signal(syscall.SIGTERM) // takes its worker along, as SIGKILL would not
		<-n.done
	}
}

// request is one line of an access log.
type request struct {
	at     time.Time // of the answer
	status int
	path   string
	agent  string
}

// requests returns what nginx has written down so far, oldest first.
func (n *nginx) requests() []request {
	n.t.Helper()
	data, err := os.ReadFile(filepath.Join(n.dir, "access.log"))
	if err != nil {
		n.t.Fatal(err)
	}
	var list []request
	for line := range strings.Lines(string(data)) {
		if !strings.HasSuffix(line, "\n") {
			break // being written
		}
		var r request
		if r, err = readRequest(line); err != nil {
			n.t.Fatalf("access log: %q: %v", line, err)
		}
		list = append(list, r)
	}
	return list
}

func readRequest(line string) (request, error) {
	part := strings.SplitN(strings.TrimSpace(line), " ", 4)
	if len(part) != 4 {
		return request{}, fmt.Errorf("%d fields, want 4", len(part))
	}
	seconds, milli, ok := strings.Cut(part[0], ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || !ok {
		return request{}, fmt.Errorf("the time is %q", part[0])
	}
	ms, err := strconv.ParseInt(milli, 10, 64)
	if err != nil {
		return request{}, fmt.Errorf("the time is %q", part[0])
	}
	status, err := strconv.Atoi(part[1])
	return request{at: time.UnixMilli(1000*s + ms), status: status, path: part[2], agent: part[3]}, err
}
