package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks"
	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/longtest"
)

// asProgram makes the test binary behave as the program itself, so that tests
// run it as a process of its own, signals and kill -9 included.
const asProgram = "STATUSBOT_TEST_MAIN"

// impatientEnv, set to anything, has that program wait no longer than the real one.
const impatientEnv = "STATUSBOT_TEST_IMPATIENT"

// patience is how long a test waits for what must come: a guard against hanging
// and no bound on speed, since a busy machine may take its time.
const patience = 3 * time.Minute

// endBrowser ends the browser that the tests share, once one is started.
var endBrowser = func() error { return nil }

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		if os.Getenv(soakEnv) != "" {
			go tellOnSignal()
		}
		times := 20 // a busy machine may take its time
		if os.Getenv(impatientEnv) != "" {
			times = 1
		}
		code := run(bot.Patiently(ctx, times), os.Args[1:], world{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv})
		stop()
		os.Exit(code)
	}
	if os.Getenv(asProgram) == "loop" {
		bareLoop(os.Args[1:])
		return
	}
	if os.Getenv(asProgram) == "journal" {
		serveJournal(os.Args[1:])
		return
	}
	longtest.Roomy()
	longtest.AtOnce(20, 6)
	code := m.Run()
	if err := endBrowser(); err != nil {
		fmt.Fprintln(os.Stderr, "end the browser of the tests:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// child is the program in a process of its own.
type child struct {
	t    testing.TB
	cmd  *exec.Cmd
	out  *lines
	done chan struct{} // closed when the process is gone
}

// startStatusbot starts the program with these arguments; it is killed at the
// end of the test at the latest, and its output shown if the test failed.
func startStatusbot(t testing.TB, env []string, args ...string) *child {
	t.Helper()
	return startProgram(t, "1", env, args...)
}

// startProgram starts one of the programs that the test binary can be. Its
// standard input lasts as long as the test process does.
func startProgram(t testing.TB, program string, env []string, args ...string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return startFile(t, exe, append([]string{asProgram + "=" + program}, env...), args...)
}

// startFile starts a program from its file, as startProgram does.
func startFile(t testing.TB, file string, env []string, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(file, args...), out: &lines{}, done: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stdout, c.cmd.Stderr = c.out, c.out
	if _, err := c.cmd.StdinPipe(); err != nil { // Wait closes it
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.done)
		_ = c.cmd.Wait() // how it ended is read from ProcessState
	}()
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			t.Logf("output of %s:\n%s", strings.Join(args, " "), c.out)
		}
	})
	return c
}

// kill is kill -9; it returns when the process is gone.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // an error means that it is gone already
	<-c.done
}

// terminate asks the process to end and returns its exit code.
func (c *child) terminate() int {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatalf("terminate: %v", err)
	}
	select {
	case <-c.done:
	case <-time.After(patience):
		c.t.Fatal("the process did not end after SIGTERM")
	}
	return c.cmd.ProcessState.ExitCode()
}

// awaitLine waits for a line of output that contains text and returns it.
func (c *child) awaitLine(ctx context.Context, text string) string {
	c.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if l, ok := c.out.find(text); ok {
			return l
		}
		select {
		case <-tick.C:
		case <-c.done:
			if l, ok := c.out.find(text); ok {
				return l
			}
			c.t.Fatalf("the process ended before it printed %q", text)
		case <-ctx.Done():
			c.t.Fatalf("no line with %q: %v", text, ctx.Err())
		}
	}
}

// lines is output that is read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

var _ io.Writer = (*lines)(nil)

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *lines) find(text string) (string, bool) {
	s := bufio.NewScanner(strings.NewReader(l.String()))
	for s.Scan() {
		if strings.Contains(s.Text(), text) {
			return s.Text(), true
		}
	}
	return "", false
}

// TestCheckWatches: it goes on until it is told to end, which is no failure.
func TestCheckWatches(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var out endsAfter
	out.cancel = cancel
	k := checking{w: world{out: &out, err: io.Discard}, list: []checks.Check{{ID: "it", Product: "p", Kind: "tcp", Every: time.Minute, Timeout: time.Minute, Options: &tcpkind.Options{Address: "127.0.0.1:1"}}}}
	if err := k.watch(ctx); err != nil || !strings.Contains(out.String(), "connection refused") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// endsAfter ends what writes to it.
type endsAfter struct {
	strings.Builder
	cancel func()
}

func (e *endsAfter) Write(b []byte) (int, error) {
	e.cancel()
	return e.Builder.Write(b)
}

func (e *endsAfter) WriteString(s string) (int, error) { return e.Write([]byte(s)) }
