package demo

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// exchanges is one raw exchange with each component: what to send, and how the
// first line of a right and of an erring answer begins.
var exchanges = map[string]struct{ send, right, erring string }{ // :: component -> exchange
	"edge-lb":    {"GET /search/start HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "HTTP/1.1 50"},
	"auth":       {"GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n", "HTTP/1.1 200", "HTTP/1.1 50"},
	"db-main":    {"PING\n", "PONG", "ERR "},
	"mail-relay": {"", "220 ", "421 "},
}

// exchange returns the first line that the component answers on a connection
// of its own.
func exchange(c *Company, component string, within time.Duration) (string, error) {
	nc, err := net.Dial("tcp", c.part(component).proc.address())
	if err != nil {
		return "", err
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(nc, exchanges[component].send); err != nil {
		return "", err
	}
	return bufio.NewReader(nc).ReadString('\n')
}

// TestKindsOnTheWire breaks each component in each way, wholly, and looks at
// what the socket says.
func TestKindsOnTheWire(t *testing.T) {
	t.Parallel()
	for id, ex := range exchanges {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			c := startCompany(t, 1)
			breakAs := func(kind string) {
				t.Helper()
				if err := c.Break(id, kind, 1); err != nil {
					t.Fatal(err)
				}
			}
			breakAs(kindError)
			if got, err := exchange(c, id, 5*time.Second); err != nil || !strings.HasPrefix(got, ex.erring) {
				t.Errorf("error: %q, %v; want %q", got, err, ex.erring)
			}
			breakAs(kindReset)
			if got, err := exchange(c, id, 5*time.Second); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("reset: %q, %v; want %v", got, err, syscall.ECONNRESET)
			}
			breakAs(kindTimeout)
			if got, err := exchange(c, id, 200*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("timeout: %q, %v; want %v", got, err, os.ErrDeadlineExceeded)
			}
			breakAs(kindSlow)
			began := time.Now()
			got, err := exchange(c, id, 10*time.Second)
			if took := time.Since(began); err != nil || !strings.HasPrefix(got, ex.right) || took < slowMin {
				t.Errorf("slow: %q, %v after %s; want %q after %s or more", got, err, took, ex.right, slowMin)
			}
			breakAs(kindDown)
			if got, err := exchange(c, id, 5*time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("down: %q, %v; want %v", got, err, syscall.ECONNREFUSED)
			}
			breakAs(kindError) // another fault in place of "down" listens again
			if got, err := exchange(c, id, 5*time.Second); err != nil || !strings.HasPrefix(got, ex.erring) {
				t.Errorf("error after down: %q, %v; want %q", got, err, ex.erring)
			}
		})
	}
}

// TestRestart: a restart ends open connections, refuses new ones meanwhile, and
// is back healthy at the same address.
func TestRestart(t *testing.T) {
	t.Parallel()
	for id, ex := range exchanges {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			c := startCompany(t, 1)
			addr := c.part(id).proc.address()
			if err := c.Break(id, kindTimeout, 1); err != nil {
				t.Fatal(err)
			}
			held, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			if _, err := io.WriteString(held, ex.send); err != nil {
				t.Fatal(err)
			}

			restarted := make(chan error, 1)
			go func() { restarted <- c.Restart(id) }()
			eventually(t, "connections are refused", func() bool {
				nc, err := net.Dial("tcp", addr)
				if err == nil {
					nc.Close()
				}
				return errors.Is(err, syscall.ECONNREFUSED)
			})
			if err := <-restarted; err != nil {
				t.Fatal(err)
			}
			if err := held.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := held.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the connection from before the restart is still open: %v", err)
			}
			if got := c.part(id).proc.address(); got != addr {
				t.Errorf("listens at %s, was %s", got, addr)
			}
			if got, err := exchange(c, id, 5*time.Second); err != nil || !strings.HasPrefix(got, ex.right) {
				t.Errorf("after the restart: %q, %v; want %q", got, err, ex.right)
			}
			for _, s := range c.Components() {
				if s.ID == id && s.Fault != nil {
					t.Errorf("after the restart its fault is %+v", *s.Fault)
				}
			}
		})
	}
}

// TestErrorHangsUp: a client that waits for another word than "ERR" learns at
// once that none will come.
func TestErrorHangsUp(t *testing.T) {
	t.Parallel()
	c := startCompany(t, 1)
	for name, addr := range map[string]string{"db-main": c.services.db, "mail": c.backends["mail"].address()} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if err := nc.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(nc, "SING\n"); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(nc)
		if err != nil || !strings.HasPrefix(string(got), "ERR unknown command; use ") {
			t.Errorf("%s: %q, %v; want one ERR and the end", name, got, err)
		}
	}
}

func TestBreakRefuses(t *testing.T) {
	t.Parallel()
	c := startCompany(t, 1)
	for _, tc := range []struct {
		component, kind string
		rate            float64
		want            string
	}{
		{"edge", kindError, 0.1, `unknown component "edge"; use one of db-main, auth, mail-relay, edge-lb`},
		{"edge-lb", "angry", 0.1, `"angry" is not a kind of fault; use one of error, reset, timeout, slow, down`},
		{"edge-lb", kindError, 0, "the rate 0 is not a share; use a number over 0 and up to 1, such as 0.08 for 8 %"},
		{"edge-lb", kindError, 8, "the rate 8 is not a share; use a number over 0 and up to 1, such as 0.08 for 8 %"},
		{"edge-lb", kindError, math.NaN(), "the rate NaN is not a share; use a number over 0 and up to 1, such as 0.08 for 8 %"},
	} {
		err := c.Break(tc.component, tc.kind, tc.rate)
		if err == nil || err.Error() != tc.want {
			t.Errorf("Break(%s, %s, %v) = %v, want %s", tc.component, tc.kind, tc.rate, err, tc.want)
		}
	}
	if err := c.Restart("edge"); !errors.Is(err, errUnknownComponent) {
		t.Errorf("Restart(edge) = %v, want %v", err, errUnknownComponent)
	}
	for _, s := range c.Components() {
		if s.Fault != nil {
			t.Errorf("%s was broken by an order that was refused", s.ID)
		}
	}
}

// TestCloseLeavesNothing closes a company with held requests, a restart under
// way and kept connections, and looks for goroutines of its making. It is not
// parallel: other companies' goroutines look the same.
func TestCloseLeavesNothing(t *testing.T) {
	slow := testPace()
	slow.restart = time.Hour // it is under way at the end, however busy the machine is
	c, err := start(context.Background(), Config{Dir: t.TempDir()}, slow)
	if err != nil {
		t.Fatal(err)
	}
	f := checksOf(t, c)
	for _, ch := range f.Checks {
		if err := probe(ch); err != nil {
			t.Fatalf("%s: %v", ch.ID, err)
		}
	}
	kept := &http.Transport{}
	defer kept.CloseIdleConnections()
	resp, err := (&http.Client{Transport: kept}).Get("http://" + c.part("edge-lb").proc.address() + "/search/start")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()

	waiting := make(chan error, 2)
	for _, id := range []string{"edge-lb", "mail-relay"} {
		if err := c.Break(id, kindTimeout, 1); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := exchange(c, id, 10*time.Second)
			waiting <- err
		}()
	}
	restart := make(chan error, 1)
	go func() { restart <- c.Restart("db-main") }()
	eventually(t, "db-main refuses", func() bool {
		_, err := exchange(c, "db-main", time.Second)
		return errors.Is(err, syscall.ECONNREFUSED)
	})

	if len(companyGoroutines()) == 0 {
		t.Fatal("no goroutine of a running company is found, so none could be missed")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	for range 2 {
		if err := <-waiting; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a held request ended with %v, want its connection closed", err)
		}
	}
	if err := <-restart; !errors.Is(err, errClosed) {
		t.Errorf("the restart ended with %v, want %v", err, errClosed)
	}
	if err := c.Break("edge-lb", kindError, 0.1); !errors.Is(err, errClosed) {
		t.Errorf("Break after Close: %v, want %v", err, errClosed)
	}
	kept.CloseIdleConnections()
	// A connection's goroutine reports its end a few instructions before it
	// is gone, and its reader may still be on the way out.
	eventually(t, "no goroutine of the company is left", func() bool { return len(companyGoroutines()) == 0 })
}

// companyGoroutines returns the stacks that the company or net/http began.
func companyGoroutines() []string {
	buf := make([]byte, 1<<20)
	var found []string
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		_, begun, _ := strings.Cut(stack, "created by ")
		if strings.HasPrefix(begun, "net/http.") ||
			strings.Contains(begun, "internal/demo.") && !strings.Contains(begun, "internal/demo.Test") ||
			strings.HasPrefix(begun, "sync.(*WaitGroup).Go") {
			found = append(found, stack)
		}
	}
	return found
}
