package metrics

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/web"
)

// Config is what metrics are made of.
type Config struct {
	Board  *status.Board
	Tally  *Tally // of that board
	Now    func() time.Time
	Health func() web.Health
	Own    func() Own
}

// scrapesMost is how many are answered at once: one of 10,000 checks takes some
// 30 MiB while it lasts, and 0.3 CPU-s (docs/adr/0070-metrics.md).
const scrapesMost = 4

// Handler answers GET /metrics, /metrics/blackbox and /probe.
func Handler(cfg Config) http.Handler {
	opts := promhttp.HandlerOpts{EnableOpenMetrics: true}
	all := prometheus.NewRegistry()
	all.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		board{board: cfg.Board, tally: cfg.Tally, now: cfg.Now}, own{health: cfg.Health, own: cfg.Own})
	slots := make(chan struct{}, scrapesMost) // one for each scrape under way
	tell := func(w http.ResponseWriter, r *http.Request, b blackbox) {
		registry := prometheus.NewRegistry()
		registry.MustRegister(b)
		promhttp.HandlerFor(registry, opts).ServeHTTP(w, r)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(all, opts))
	mux.HandleFunc("GET /metrics/blackbox", func(w http.ResponseWriter, r *http.Request) {
		tell(w, r, blackbox{list: cfg.Board.Newest(), now: cfg.Now(), labelled: true})
	})
	mux.HandleFunc("GET /probe", func(w http.ResponseWriter, r *http.Request) {
		target, module := r.FormValue("target"), r.FormValue("module")
		found := find(cfg.Board.Newest(), target, module)
		switch {
		case target == "":
			http.Error(w, "say which check: /probe?target=ID, or what a check asks", http.StatusBadRequest)
		case len(found) == 0:
			http.Error(w, "no check that is configured has this id or asks this; nothing else is probed", http.StatusNotFound)
		case len(found) > 1:
			http.Error(w, fmt.Sprintf("several checks ask this: write one of %s as target, or as module", idsOf(found)), http.StatusBadRequest)
		default:
			tell(w, r, blackbox{list: found, now: cfg.Now()})
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			mux.ServeHTTP(w, r)
		default:
			http.Error(w, "too many questions at once; ask again", http.StatusServiceUnavailable)
		}
	})
}
