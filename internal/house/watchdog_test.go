package house

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// The watchdog is fed while all is well and not while statusbot is blind; that it
// refuses is said without its address.
func TestTheWatchdogIsFedWhileAllIsWell(t *testing.T) {
	t.Parallel()
	const secret = "0b7c2c1e-secret"
	fed := make(chan string, 16)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fed <- r.URL.Path
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	core, logged := observer.New(zap.DebugLevel)
	blind := make(chan struct{}, 1) // it was said that all is not well
	said := zap.Hooks(func(e zapcore.Entry) error {
		if e.Message == "the watchdog is not told that all is well" {
			blind <- struct{}{}
		}
		return nil
	})
	h := &house{started: time.Now(), log: zap.New(core, said), board: status.NewBoard(status.Definition{})}
	var err error
	if h.journal, err = journal.Open(t.Context(), journal.Config{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if h.runner, err = runner.New(kinds.Compile, nil, nil, runner.Config{}); err != nil {
		t.Fatal(err)
	}
	h.hearing.sockets.Store(2)
	h.cfg.Store(&config.Config{Watchdog: config.Watchdog{URL: config.NewSecret(server.URL + "/" + secret), Every: time.Millisecond}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); h.feedWatchdog(ctx) }()
	if got := <-fed; got != "/"+secret {
		t.Errorf("asked for %q", got)
	}
	if err := h.journal.Close(); err != nil { // blind from now on
		t.Fatal(err)
	}
	<-blind
	cancel()
	<-ended
	refused := logged.FilterMessageSnippet("the watchdog does not take").All()
	if len(refused) == 0 || refused[0].ContextMap()["error"] != "it answers HTTP 418" {
		t.Errorf("logged %v", refused)
	}
	for _, e := range logged.All() {
		for _, v := range e.ContextMap() {
			if text, ok := v.(string); ok && strings.Contains(text, secret) {
				t.Errorf("the address stands in the log: %q", text)
			}
		}
	}
}

// What goes wrong on the way is told without the address, which is a secret.
func TestTheWatchdogsAddressIsNotTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if err := tellWatchdog(t.Context(), client, server.URL+"/hidden"); err == nil || err.Error() != "it answers HTTP 302" {
		t.Errorf("redirected: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tellWatchdog(ctx, client, server.URL+"/hidden"); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("ended: %v", err)
	}
	server.Close()
	if err := tellWatchdog(t.Context(), client, server.URL+"/hidden"); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("gone: %v", err)
	}
}
