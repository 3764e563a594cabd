package house

import (
	"context"
	"net/http"
	"time"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/web/page"
)

// openPages makes the pages, if there are to be any, and returns what the web is to
// serve of them.
func (h *house) openPages(cfg *config.Config) (routes []func(*http.ServeMux), lasts func(*http.Request) bool) {
	if !cfg.Page.Enabled {
		return nil, nil
	}
	h.pages = page.New(page.Source{Board: h.board, Now: h.now, Ready: h.ready, Days: h.daysOf, Public: h.isPublic, Maintenance: h.maintenance,
		Events: func(ctx context.Context, id string) ([]incident.Event, error) { return EventsOf(ctx, h.journal, id) }},
		page.Access{Token: cfg.Page.Token.Reveal(), Header: cfg.Page.Header, Proxies: cfg.Page.Proxies, Public: cfg.Page.Public, URL: cfg.Page.URL},
		h.log.Named("page"))
	return []func(*http.ServeMux){h.pages.Routes}, page.Live
}

// pageDays is how many days the pages show.
const pageDays = 90

// daysOf reads the last days of a product from the journal.
func (h *house) daysOf(ctx context.Context, product string) ([]status.Day, error) {
	all, err := AvailabilityOf(ctx, h.journal, product, pageDays)
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
	for _, m := range ComingAfter(h.cfg.Load(), now, desk.Standing) {
		if m.From.After(now) && !desk.Skipped(m) {
			list = append(list, m)
		}
	}
	return list
}
