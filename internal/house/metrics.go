package house

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/metrics"
	"github.com/statusbot/statusbot/internal/web"
)

// clusterAsked is how long a cluster may take to say how it is when Prometheus asks,
// which waits 10 s for all.
const clusterAsked = 2 * time.Second

// metrics is what Prometheus is answered with; nothing unless it is turned on.
func (h *house) metrics(cfg config.Web) web.Metrics {
	if !cfg.Metrics {
		return web.Metrics{}
	}
	tally := metrics.NewTally(h.board)
	h.counted.tally = tally
	return web.Metrics{Token: cfg.MetricsToken.Reveal(),
		Handler: metrics.Handler(metrics.Config{Board: h.board, Tally: tally, Now: h.now, Health: h.health, Own: h.own})}
}

// counted are the results for Prometheus: those that come once the past is read,
// since those of the past were counted when they came.
type counted struct {
	tally *metrics.Tally // nil: nobody asks
	now   atomic.Pointer[metrics.Tally]
}

func (c *counted) begin()                     { c.now.Store(c.tally) }
func (c *counted) note(batch []checks.Result) { c.now.Load().Note(batch) }

// own is how this process is, beside its health.
func (h *house) own() metrics.Own {
	own := metrics.Own{Waiting: h.posting.troubles.Waiting(), Open: len(h.board.Log().Open())}
	if c, told := h.spans.Counts(); told {
		own.Spans = &metrics.Spans{Sent: c.Sent, Dropped: c.Dropped}
	}
	if _, waits := h.starting.why(); waits { // what follows is not there yet
		return own
	}
	own.Pending, own.InMemory = h.runner.Pending(), h.journal.Unkept() != nil
	ctx, cancel := context.WithTimeout(context.Background(), clusterAsked)
	defer cancel()
	if s, is := clusterState(ctx, h.journal); is {
		own.Cluster = &metrics.Cluster{Members: len(s.Members), Reached: len(s.Reached), Answers: s.Cut == "", LeaderKnown: s.Leader != "", Hangs: s.Hangs != "", Doubted: len(h.journal.Doubts())}
		for _, stream := range s.Streams {
			for _, p := range stream.Peers {
				own.Cluster.Lag = append(own.Cluster.Lag, metrics.Lag{Stream: stream.Name, Member: p.Member, Messages: p.Lag})
			}
		}
	}
	return own
}
