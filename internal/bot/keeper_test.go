package bot

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// pingedServer takes WebSockets and never pings by itself; it answers pings
// while answers is set.
func pingedServer(t *testing.T, pinged *atomic.Int32, answers *atomic.Bool) string {
	t.Helper()
	up := websocket.Upgrader{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		c.SetPingHandler(func(data string) error {
			pinged.Add(1)
			if answers.Load() {
				return c.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Minute))
			}
			return nil
		})
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

// TestAServerThatNeverPingsIsPinged: its connection is kept while it answers,
// however long it says nothing, and closed when it does not.
func TestAServerThatNeverPingsIsPinged(t *testing.T) {
	t.Parallel()
	var pinged atomic.Int32
	var answers atomic.Bool
	answers.Store(true)
	address := pingedServer(t, &pinged, &answers)
	dial, _ := dialer(3*time.Second, func(*http.Request) (*url.URL, error) { return nil, nil }) // no proxy
	c, resp, err := dial.Dial(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	defer c.Close()
	ended := make(chan error, 1)
	go func() {
		_, _, err := c.ReadMessage()
		ended <- err
	}()
	for pinged.Load() < 4 { // 4 s: longer than a silence that is not broken
		select {
		case err := <-ended:
			t.Fatalf("closed after %d pings: %v", pinged.Load(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	answers.Store(false)
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		t.Error("a deaf connection is kept")
	}
}

// TestThePauseCountsForNoCall: a grown pause is longer than a call may take, and
// the call has its whole time behind it.
func TestThePauseCountsForNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{status: http.StatusOK}
		p := &pacer{base: s}
		var told []time.Duration
		p.waiting = func(d time.Duration) { told = append(told, d) }
		for range 6 {
			if err := call(t, t.Context(), p, "apps.connections.open"); err != nil {
				t.Fatal(err)
			}
		}
		p.base = never{}
		begun, pause := time.Now(), p.before(time.Now())
		if err := call(t, t.Context(), p, "apps.connections.open"); err == nil {
			t.Error("a call without an answer has no end")
		}
		if took := time.Since(begun); pause < callTimeout || took != pause+callTimeout {
			t.Errorf("it took %s with a pause of %s, want %s more", took, pause, callTimeout)
		}
		if len(told) == 0 || told[len(told)-1] != pause {
			t.Errorf("told of pauses %v, want of %s, too", told, pause)
		}
		if c := newPaced(Config{}, p); c == nil {
			t.Error("no client")
		}
	})
}

// never answers when its context has ended.
type never struct{}

func (never) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestADeafConnectionDoublesNoPause: one that is dropped for its silence was a
// good one.
func TestADeafConnectionDoublesNoPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{status: http.StatusOK}
		p := &pacer{base: s}
		for range 6 {
			if err := call(t, t.Context(), p, "apps.connections.open"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(pingInterval)
		}
		for i, pause := range s.pauses() {
			if pause != pingInterval.Seconds() {
				t.Errorf("pause %d is %v s, want none beyond the connection's life of %s", i, pause, pingInterval)
			}
		}
	})
}

// TestSocketsThatAreLostAtOnceComeBackApart.
func TestSocketsThatAreLostAtOnceComeBackApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at [connections]*sent
		for i := range at {
			at[i] = &sent{status: http.StatusOK}
			p := &pacer{base: at[i], apart: staggered(i)}
			for range 2 {
				begun := time.Now()
				if err := call(t, context.Background(), p, "apps.connections.open"); err != nil {
					t.Fatal(err)
				}
				after := at[i].at[len(at[i].at)-1].Sub(begun)
				if want := time.Duration(i) * 500 * time.Millisecond; after < want || i == 0 && after != 0 {
					t.Errorf("connection %d opens %s after it was lost, want at least %s", i, after, want)
				}
				time.Sleep(time.Hour)
			}
		}
	})
}
