package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/serve"
)

// shutdownTime is what requests get to end by themselves; with it Run returns
// well within 2 s of its context.
const shutdownTime = time.Second

// Workspace is the running sandbox. Make one with New.
type Workspace struct {
	cfg      Config
	ln       net.Listener
	srv      *http.Server
	state    *state
	hub      *hub
	requests *requester
	feed     *feed
	calls    callLog
	limits   limiter
	faults   faultBox
	settings settingsBox
	retrying chan struct{}      // one token for each event that is sent again
	life     context.Context    // ends when the workspace closes
	end      context.CancelFunc // ends life
	wg       sync.WaitGroup     // background deliveries
	closing  sync.Once
	closed   error
}

// New opens the listener and reads what Config.Dir keeps. The error names the
// address or the file. The workspace answers once Run is called.
func New(cfg Config) (*Workspace, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	w := &Workspace{cfg: cfg, feed: newFeed(), retrying: make(chan struct{}, maxRetrying)}
	w.settings.now = cfg.settings()
	w.limits.speed, w.limits.buckets = cfg.LimitSpeed, map[string]*rate.Limiter{}
	w.life, w.end = context.WithCancel(context.Background())
	w.state = newState(cfg, w.feed)
	w.hub = &hub{w: w, tickets: map[string]time.Time{}, waiting: map[string]chan ack{}}
	w.requests = newRequester(cfg)
	if cfg.Dir != "" {
		if err := w.state.load(cfg.Dir); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	for _, name := range cfg.Channels {
		name = strings.TrimPrefix(name, "#")
		if _, err := w.state.channel(name); err == nil {
			continue
		}
		ch, err := w.newChannel(name)
		if err == nil {
			err = w.state.putChannel(ch)
		}
		if err != nil {
			w.state.store.close()
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	ln, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		w.state.store.close()
		return nil, fmt.Errorf("sandbox: listen on %s: %w", cfg.Listen, err)
	}
	w.ln = cfg.Bounds.Limit(ln)
	w.srv = serve.New(w.routes(), cfg.Bounds, zap.NewStdLog(cfg.Log))
	w.srv.BaseContext = func(net.Listener) context.Context { return w.life }
	return w, nil
}

// newChannel describes a channel that is not there yet.
func (w *Workspace) newChannel(name string) (channel, error) {
	name = strings.TrimPrefix(name, "#")
	if name == "" || len(name) > 80 || strings.ToLower(name) != name || strings.ContainsAny(name, " .,/#@") {
		return channel{}, fmt.Errorf("channel name %q: write 1 to 80 lower-case letters, digits, dashes or underscores", name)
	}
	id := channelID(name)
	for n := 2; ; n++ {
		if _, err := w.state.channel(id); errors.Is(err, errNoChannel) {
			return channel{ID: id, Name: name, Bot: true, Out: w.outsiders(name), Created: time.Now().UTC()}, nil
		}
		id = fmt.Sprintf("%s%d", channelID(name), n)
	}
}

// URL is where the page is: http://127.0.0.1:PORT/.
func (w *Workspace) URL() string { return "http://" + w.ln.Addr().String() + "/" }

// APIURL is what a Slack client takes as its API address; it ends in "/".
func (w *Workspace) APIURL() string { return w.URL() + "api/" }

// BotToken is the token for the Web API.
func (w *Workspace) BotToken() string { return w.cfg.BotToken }

// AppToken is the token for apps.connections.open.
func (w *Workspace) AppToken() string { return w.cfg.AppToken }

// Run serves until ctx ends, then closes everything within 2 s and returns
// nil. It is called once.
func (w *Workspace) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { w.Close() })
	defer stop()
	err := w.srv.Serve(w.ln)
	closed := w.Close() // waits for the Close that made Serve return
	if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("sandbox: serve: %w", err)
	}
	return closed
}

// Close ends sockets, requests and the listener, and closes the file. It may
// be called more than once.
func (w *Workspace) Close() error {
	w.closing.Do(func() {
		w.end()
		w.hub.close()
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		if err := w.srv.Shutdown(ctx); err != nil {
			w.srv.Close()
		}
		w.ln.Close() // in case Run was never called
		w.wg.Wait()
		w.requests.client.CloseIdleConnections()
		w.state.mu.Lock()
		defer w.state.mu.Unlock()
		if err := w.state.store.close(); err != nil {
			w.closed = fmt.Errorf("sandbox: close %s: %w", storeName, err)
		}
	})
	return w.closed
}
