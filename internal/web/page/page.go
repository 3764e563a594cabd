package page

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

const (
	// fresh is how old a page may be that is given to a reader, and how often those
	// who read on are told what changed: figures that move more often than that are
	// not read.
	fresh = 5 * time.Second
	// dayFresh is the same of the days, which the journal keeps: they are counted
	// each few minutes.
	dayFresh = time.Minute
	// readersMost is how many may read on at once, some 20 KiB each; more are told to
	// come again.
	readersMost = 2000
	// pagesMost bounds the pages of products and incidents that are kept rendered.
	pagesMost = 200

	daysShown = 90
)

// Source is what the pages show. Its funcs may be called from any goroutine, once
// Ready is closed.
type Source struct {
	Board  *status.Board
	Now    func() time.Time
	Ready  <-chan struct{}                                                      // until then everybody is told to come again
	Days   func(ctx context.Context, product string) ([]status.Day, error)      // the last 90 that are known, oldest first
	Events func(ctx context.Context, incident string) ([]incident.Event, error) // the whole log; an error where there is none
	// Maintenance is what goes on and what is planned, at an instant, in any order.
	Maintenance func(now time.Time) []incident.Muting
	Public      func(product string) bool // whether it stands on the public page
}

// Pages serve the pages.
type Pages struct {
	source Source
	access Access
	log    *zap.Logger

	boards [2]board // the whole one, and the public one
	days   days

	tellings tellings

	mu       sync.Mutex
	rendered map[string]*kept // :: path -> a page of a product or an incident; guarded by mu
	readers  atomic.Int64     // that read on
	ending   chan struct{}    // closed when those are to go
}

// New makes pages of a source for those whom access lets in.
func New(source Source, access Access, log *zap.Logger) *Pages {
	p := &Pages{source: source, access: access, log: log, rendered: map[string]*kept{}, ending: make(chan struct{})}
	p.boards[1].public = true
	for i := range p.boards {
		p.boards[i].pages, p.boards[i].changed = p, make(chan struct{})
	}
	p.days.of = map[string]daysOf{}
	return p
}

// ForScripts are the paths that scripts of other sites may read, where all may.
var ForScripts = []string{"/api/v2/", "/feed.atom", "/feed.rss", "/maintenance.ics", "/badge.svg", "/badges/"}

// Routes adds the pages to a table of contents.
func (p *Pages) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", p.for_(p.board))
	mux.HandleFunc("GET /products/{id...}", p.for_(p.product))
	mux.HandleFunc("GET /incidents/{id}", p.for_(p.incident))
	mux.HandleFunc("GET /incidents/{id}/report", p.for_(p.report))
	mux.HandleFunc("GET /live", p.for_(p.live))
	mux.HandleFunc("GET /page.js", script)
	mux.HandleFunc("GET /signin", p.signin)
	mux.HandleFunc("POST /signin", p.signedIn)
	p.statuspageRoutes(mux)
	p.feedRoutes(mux)
}

// Live reports whether a request lasts until its reader goes away.
func Live(r *http.Request) bool { return r.URL.Path == "/live" }

// Run keeps the pages of those who read on up to date until ctx ends.
func (p *Pages) Run(ctx context.Context) error {
	select {
	case <-p.source.Ready:
	case <-ctx.Done():
	}
	t := time.NewTicker(fresh)
	defer t.Stop()
	defer close(p.ending)
	for {
		select {
		case <-t.C:
			for i := range p.boards {
				p.boards[i].tick()
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// ready answers who comes before the history is read; false when it did.
func (p *Pages) ready(w http.ResponseWriter) bool {
	select {
	case <-p.source.Ready:
		return true
	default:
		w.Header().Set("Retry-After", "5")
		p.say(w, http.StatusServiceUnavailable, "statusbot is starting", "It reads what it knew; try again in a few seconds.")
		return false
	}
}
