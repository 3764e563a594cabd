package house

import (
	"context"
	"net/http"
	"time"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/mcp"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/web"
	"github.com/statusbot/statusbot/internal/web/api"
	"github.com/statusbot/statusbot/internal/web/page"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// site is what people and programs reach by HTTP.
type site struct {
	web   *web.Server          // nil: web.listen is not set
	pages *page.Pages          // nil: page.enabled is not set
	shown func(address string) // told where the page is; may be nil
}

// run serves it, in the group, if it is to be served.
func (s *site) run(ctx context.Context, group *errgroup.Group, part func(string, func() error) func() error, log *zap.Logger) {
	if s.web == nil {
		return
	}
	log.Info("web", zap.String("address", s.web.URL()))
	group.Go(part("the web", func() error { return s.web.Run(ctx) }))
	if s.pages == nil {
		return
	}
	if s.shown != nil {
		s.shown(s.web.URL() + "/")
	}
	group.Go(part("the page", func() error { return s.pages.Run(ctx) }))
}

func (s *site) close() {
	if s.web != nil {
		s.web.Close()
	}
}

// openPages makes the pages, if there are to be any, and returns what the web is to
// serve of them.
func (h *house) openPages(cfg *config.Config) (routes []func(*http.ServeMux), lasts func(*http.Request) bool) {
	if !cfg.Page.Enabled {
		return nil, nil
	}
	access := page.Access{Token: cfg.Page.Token.Reveal(), Header: cfg.Page.Header, Proxies: cfg.Page.Proxies, Public: cfg.Page.Public, URL: cfg.Page.URL}
	h.site.pages = page.New(page.Source{Board: h.board, Now: h.now, Ready: h.starting.ready, Days: h.daysOf, Public: h.isPublic, Maintenance: h.maintenance,
		Events: h.eventsOf}, access, h.log.Named("page"))
	may := func(r *http.Request) api.Reader { return readerOf[access.Of(r, time.Now())] }
	forPrograms := func(mux *http.ServeMux) { h.forPrograms().Routes(mux, may) }
	routes = []func(*http.ServeMux){h.site.pages.Routes, forPrograms}
	if cfg.Page.Public {
		routes = append(routes, web.Preflights(append([]string{api.Prefix + "board", api.Prefix + "products"}, page.ForScripts...)))
	}
	if cfg.Page.MCP {
		models := mcp.Handler(mcp.Inside(h.forPrograms().Handler()))
		routes = append(routes, func(mux *http.ServeMux) { mux.Handle(mcp.Path, api.Behind(may, models)) })
	}
	return routes, page.Live
}

// readerOf is who may read so much of the page, for programs.
var readerOf = map[page.Reader]api.Reader{page.Nobody: api.Nobody, page.Public: api.Public, page.Inside: api.Inside}

// forPrograms is what programs read.
func (h *house) forPrograms() *api.API {
	return api.New(api.Source{Board: h.board, Now: h.now, Ready: h.starting.ready, Public: h.isPublic, Events: h.eventsOf, Batches: h.batchesOf, Days: h.lastDays}, h.log.Named("api"))
}

// apiDoors are the same for who may open the data directory, with a page or without.
func (h *house) apiDoors(mux *http.ServeMux) {
	h.forPrograms().Routes(mux, func(*http.Request) api.Reader { return api.Inside })
}

// eventsOf reads the log of an incident.
func (h *house) eventsOf(ctx context.Context, id string) ([]incident.Event, error) {
	return EventsOf(ctx, h.journal, id)
}

// batchesOf reads results as they are stored, for api.Source.
func (h *house) batchesOf(ctx context.Context, from uint64, since time.Time, each func(api.Batch) error) error {
	follow, stop := context.WithCancel(ctx)
	defer stop()
	give := func(r journal.Record) error { return each(api.Batch{Seq: r.Seq, Stored: r.Time, Data: r.Data}) }
	var err error
	if from > 0 {
		err = h.journal.FollowResultsFrom(follow, from, give, stop)
	} else {
		err = h.journal.FollowResults(follow, since, give, stop)
	}
	if err != nil && follow.Err() != nil && ctx.Err() == nil {
		return nil // it has caught up
	}
	return err
}

// pageDays is how many days the pages show.
const pageDays = 90

// daysOf reads the last days of a product from the journal.
func (h *house) daysOf(ctx context.Context, product string) ([]status.Day, error) {
	return h.lastDays(ctx, product, pageDays)
}

// lastDays are the last that are known of a product.
func (h *house) lastDays(ctx context.Context, product string, most int) ([]status.Day, error) {
	all, err := availabilityOf(ctx, h.journal, product, most)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0].Days, nil
}

// isPublic reports whether a product stands on the public page, as configured now.
func (h *house) isPublic(product string) bool {
	for _, p := range h.cfg.Load().Products {
		if p.ID == product {
			return p.Public
		}
	}
	return false
}

// pageAddress is where people reach the page; empty where there is none, or that is not
// known.
func pageAddress(cfg *config.Config) string {
	if !cfg.Page.Enabled {
		return ""
	}
	return cfg.Page.URL
}

// maintenance is what goes on at an instant, what somebody planned, and the next time
// of what comes again.
func (h *house) maintenance(now time.Time) []incident.Muting {
	desk := h.board.Log().Desk
	list := append(desk.MutesAt(now), desk.PlannedAt(now)...)
	for _, m := range comingAfter(h.cfg.Load(), now, desk.Standing) {
		if m.From.After(now) && !desk.Skipped(m) {
			list = append(list, m)
		}
	}
	return list
}
