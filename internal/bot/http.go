package bot

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/serve"
)

// Where Slack's requests come in.
const (
	PathCommands     = "/slack/commands"
	PathInteractions = "/slack/interactions"
	PathEvents       = "/slack/events"
	PathOptions      = "/slack/options" // of menus that are typed into
)

// Bounds of the HTTP transport.
const (
	maxRequest     = 1 << 20                 // bytes of a body: a click carries the message it was made on, 50 blocks of 3,000 characters and more
	answerWithin   = 2900 * time.Millisecond // of Slack's 3 s
	requestsAtOnce = 512                     // under way; the dispatcher's queue and workers, and as many repetitions
	writeWithin    = 10 * time.Second
	quietFor       = 10 * time.Second // after that without a request, the next says that Slack is back
	sayEvery       = time.Minute      // that requests are refused, for the same reason
)

// HTTPConfig says where Slack's requests come in and what becomes of them.
type HTTPConfig struct {
	Listen   string       // host:port
	CertFile string       // certificate and its chain in PEM; empty: plain HTTP
	KeyFile  string       // its key in PEM
	Secret   string       // what Slack signs its requests with; nothing is taken without one
	Bounds   serve.Bounds // what callers may take; what is zero is as usual

	Deliver func(ctx context.Context, e Envelope) // never blocks: Dispatcher.Accept
	OnHeard func()                                // told when Slack is heard after a silence; must not block; may be nil
	Log     *zap.Logger
	Now     func() time.Time // the wall clock, for the age of signatures
}

// HTTP is the transport by which Slack comes to us: signed POST requests for
// commands, interactions and events. What it takes goes the same way as what
// comes over a socket; the answer is the response's body.
type HTTP struct {
	cfg    HTTPConfig
	server *serve.Server
	slots  chan struct{} // one for each request under way
	ending chan struct{} // closed when Run ends
	seen   seen
	live   atomic.Bool
	times  atomic.Int32 // what patience returns, once it runs
	heard  atomic.Int64 // when a request of Slack's came last, Unix nanoseconds of Now; 0: never

	mu   sync.Mutex
	said map[string]*refused // :: reason -> what was said of it
}

// refused counts requests that were refused since that was last said.
type refused struct {
	at time.Time
	n  int
}

// ListenHTTP opens the address; nothing is answered before Run.
func ListenHTTP(cfg HTTPConfig) (*HTTP, error) {
	cfg.Bounds.Answer = cmp.Or(cfg.Bounds.Answer, writeWithin)
	h := &HTTP{cfg: cfg, slots: make(chan struct{}, requestsAtOnce), ending: make(chan struct{}), said: map[string]*refused{}}
	server, err := serve.Listen(serve.Config{Section: "slack", Listen: cfg.Listen, CertFile: cfg.CertFile, KeyFile: cfg.KeyFile,
		Handler: h.handler(), Bounds: cfg.Bounds, Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("listen for Slack: %w", err)
	}
	h.server = server
	return h, nil
}

// URL returns the address as it is reached on this machine, without a path.
func (h *HTTP) URL() string { return h.server.URL() }

// Live returns 1 while requests are taken. Whether Slack finds the way here,
// only a request of Slack's shows: see Heard.
func (h *HTTP) Live() int {
	if h.live.Load() {
		return 1
	}
	return 0
}

// Heard returns when a request of Slack's came last; the zero time for never.
func (h *HTTP) Heard() time.Time {
	if at := h.heard.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// Run serves until ctx ends; then it takes nothing new and answers what is
// under way.
func (h *HTTP) Run(ctx context.Context) error {
	h.times.Store(int32(PatienceOf(ctx)))
	h.live.Store(true)
	defer h.live.Store(false)
	h.cfg.Log.Info("waiting for Slack's requests", zap.String("url", h.URL()))
	return h.server.Run(ctx, func() { close(h.ending) }) // nobody answers any more: who waits is told so at once
}

// patience is how many times as long as Slack whoever asks waits.
func (h *HTTP) patience() int { return max(1, int(h.times.Load())) }

// Close stops listening, for one that was never run.
func (h *HTTP) Close() { h.server.Close() }

// handler is the table of contents.
func (h *HTTP) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+PathCommands, h.take)
	mux.HandleFunc("POST "+PathInteractions, h.take)
	mux.HandleFunc("POST "+PathEvents, h.take)
	mux.HandleFunc("POST "+PathOptions, h.take)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case h.slots <- struct{}{}:
			defer func() { <-h.slots }()
			mux.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
		}
	})
}

// incoming is what Slack's request holds.
type incoming struct {
	event     socketmode.Event // in the form that a socket gives it
	challenge string           // of url_verification
	limited   bool             // Slack holds events back: there are too many
}

// read reads a request by what it holds. An app may be told one address for
// everything, and so may send a command where another would send an event.
func read(r *http.Request, body []byte) (incoming, error) {
	form, err := url.ParseQuery(string(body))
	switch {
	case bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		return readEvent(body)
	case err == nil && form.Has("payload"):
		return readInteraction(r)
	}
	return readCommand(r)
}

func readCommand(r *http.Request) (incoming, error) {
	c, err := slack.SlashCommandParse(r)
	switch {
	case err == nil && r.PostForm.Get("ssl_check") != "":
		return incoming{}, nil // Slack looks whether the certificate is good
	case err == nil && c.Command == "":
		err = errors.New("it names no command")
	}
	return incoming{event: socketmode.Event{Data: c}}, err
}

func readInteraction(r *http.Request) (incoming, error) {
	c, err := slack.InteractionCallbackParse(r)
	return incoming{event: socketmode.Event{Data: c}}, err
}

func readEvent(body []byte) (incoming, error) {
	var outer struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(body, &outer); err != nil {
		return incoming{}, err
	}
	switch outer.Type {
	case slackevents.URLVerification:
		return incoming{challenge: outer.Challenge}, nil
	case slackevents.AppRateLimited:
		return incoming{limited: true}, nil
	}
	e, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken()) // the signature says more than the token
	return incoming{event: socketmode.Event{Data: e}}, err
}

// take serves a request, whatever it holds.
func (h *HTTP) take(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	w.Header().Set("Cache-Control", "no-store")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			h.refuse(w, http.StatusRequestEntityTooLarge, fmt.Errorf("its body is longer than %d bytes", maxRequest))
			return
		}
		http.Error(w, "the body did not arrive whole", http.StatusBadRequest)
		return
	}
	now := h.cfg.Now()
	id, signed, err := verify(h.cfg.Secret, r.Header, body, now)
	if err != nil {
		h.refuse(w, http.StatusUnauthorized, err)
		return
	}
	if !h.seen.first(id, signed, now) {
		if r.Header.Get("X-Slack-Retry-Num") != "" {
			return // Slack tries again within the same second: acked, and done once
		}
		h.refuse(w, http.StatusUnauthorized, errReplayed)
		return
	}
	h.hear(now)
	r.Body = io.NopCloser(bytes.NewReader(body))
	in, err := read(r, body)
	switch {
	case err != nil:
		// Acked all the same, so that Slack does not send it again and again.
		h.cfg.Log.Warn("request of Slack not understood", zap.String("path", r.URL.Path), zap.Error(err))
	case in.challenge != "":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, in.challenge)
	case in.limited:
		h.cfg.Log.Warn("Slack holds events back: more than 30,000 came in an hour")
	default:
		if !h.answer(w, r, in.event, arrived.Add(time.Duration(h.patience())*answerWithin)) {
			h.seen.forget(id)
		}
	}
}

// hear notes that Slack reached us.
func (h *HTTP) hear(now time.Time) {
	before := h.heard.Swap(now.UnixNano())
	if h.cfg.OnHeard != nil && now.Sub(time.Unix(0, before)) > quietFor {
		h.cfg.OnHeard()
	}
}

// errLate is the end of an ack that nobody waits for any more.
var errLate = errors.New("Slack waits no longer") //nolint:staticcheck // a name begins with a capital

// answer has an envelope answered and writes the answer. It returns false when
// there was none in time; then Slack tries an event again.
func (h *HTTP) answer(w http.ResponseWriter, r *http.Request, ev socketmode.Event, until time.Time) bool {
	acks, wrote := make(chan []byte), make(chan error, 1)
	gone, dropped := make(chan struct{}), make(chan struct{})
	defer close(gone)
	e, ok := envelope(ev, func(ctx context.Context, payload any) error {
		var data []byte
		if payload != nil {
			var err error
			if data, err = json.Marshal(payload); err != nil {
				return fmt.Errorf("encode answer: %w", err)
			}
		}
		select {
		case acks <- data:
			return <-wrote
		case <-gone:
			return errLate
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if !ok {
		return true // nothing that the bot answers
	}
	e.drop = sync.OnceFunc(func() { close(dropped) })
	late := time.NewTimer(time.Until(until))
	defer late.Stop()
	h.cfg.Deliver(Patiently(context.WithoutCancel(r.Context()), h.patience()), e)
	select {
	case data := <-acks:
		if len(data) > 0 {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
		}
		_, err := w.Write(data)
		wrote <- err
		return true
	case <-h.ending:
		http.Error(w, "statusbot is ending", http.StatusServiceUnavailable)
		return false
	case <-dropped:
	case <-late.C:
	case <-r.Context().Done():
	}
	http.Error(w, "not answered in time", http.StatusServiceUnavailable)
	return false
}

// refuse answers what is not taken for Slack's, and says why in the log, for
// each reason once a minute.
func (h *HTTP) refuse(w http.ResponseWriter, status int, why error) {
	http.Error(w, "this is not a request of Slack's that can be taken", status)
	key, cure := why.Error(), "check slack.signing_secret: it stands under Basic Information > App Credentials"
	if _, stale := errors.AsType[*staleError](why); stale {
		key, cure = "stale", "set this machine's clock"
	}
	switch {
	case errors.Is(why, errReplayed):
		cure = "somebody, or a proxy, sends Slack's requests again"
	case errors.Is(why, errUnsigned):
		cure = "whoever sent it is not Slack"
	case status == http.StatusRequestEntityTooLarge:
		cure = "Slack sends nothing as large"
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.said[key]
	if r == nil {
		r = &refused{}
		h.said[key] = r
	}
	r.n++
	if now.Sub(r.at) < sayEvery {
		return
	}
	h.cfg.Log.Warn("request refused", zap.Error(why), zap.String("cure", cure), zap.Int("times", r.n))
	r.at, r.n = now, 0
}
