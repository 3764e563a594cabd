package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("statusbot_"+name, help, labels, nil)
}

// Of checks.
var (
	resultsTotal = described("probe_results_total", "Results of probes since this process began, by outcome and reason; a pass has no reason.",
		"product", "check", "vantage", "outcome", "reason")
	probeSeconds = described("probe_duration_seconds", "How long probes took that learnt something: a native histogram, of which the text format has sum and count.",
		"product", "check", "vantage")
	checkInfo    = described("check_info", "1 for each check, with what it is.", "product", "check", "kind", "owner", "region")
	checkEvery   = described("check_interval_seconds", "Time between two probes of a check, as configured.", "product", "check")
	checkNewest  = described("check_newest_result_timestamp_seconds", "When the newest result of a check ended; absent before the first.", "product", "check")
	checkMuted   = described("check_muted", "1 while a check is in maintenance or muted, and is not counted; absent else.", "product", "check")
	productInfo  = described("product_info", "1 for each product, with its name and owner.", "product", "name", "owner")
	productLevel = described("product_level", "1 for the level that the product has, 0 for all others.", "product", "level")
	productRatio = described("product_failure_ratio", "Share of tries that fail, with the bounds of its 95 % interval; absent while nobody measures the product.", "product", "bound")
	productUsual = described("product_usual_failure_ratio", "Share of tries that fail in times without trouble; absent while it is being learnt.", "product")
	productTries = described("product_samples", "Tries that the share is of, and those of them that failed.", "product", "of")
	productOnset = described("product_onset_timestamp_seconds", "When the product's trouble began, most likely; absent while there is none.", "product")
	productDelay = described("product_latency_seconds", "Time of served answers: the median and the 95th percentile; absent when none was served.", "product", "percentile")
	productCount = described("product_checks", "Checks of a product that have a measurement not older than three intervals, and those that have none.", "product", "state")
	productSpent = described("product_probe_duration_seconds", "How long probes of the product took that learnt something.", "product")
)

var levels = []impact.Level{impact.OK, impact.Degraded, impact.Outage, impact.Unknown, impact.Maintenance}

// sink takes what a collector has to say.
type sink chan<- prometheus.Metric

func (s sink) gauge(d *prometheus.Desc, value float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (s sink) counter(d *prometheus.Desc, value float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

// at tells an instant; one that is not known is left out.
func (s sink) at(d *prometheus.Desc, at time.Time, labels ...string) {
	if !at.IsZero() {
		s.gauge(d, float64(at.UnixNano())/1e9, labels...)
	}
}

// board tells what the board knows and the tally has counted.
type board struct {
	board *status.Board
	tally *Tally
	now   func() time.Time
}

// Describe describes nothing: which metrics there are depends on the configuration.
func (b board) Describe(chan<- *prometheus.Desc) {}

// Collect tells everything once.
func (b board) Collect(out chan<- prometheus.Metric) {
	s, now := sink(out), b.now()
	snapshot := b.board.Snapshot(now)
	muted := map[string]bool{} // :: check id -> it is muted
	for i := range snapshot.Products {
		s.product(&snapshot.Products[i])
		for _, m := range snapshot.Products[i].Muted {
			if m.Check != "" {
				muted[m.Check] = true
			}
		}
	}
	for _, n := range b.board.Newest() {
		c := n.Check
		s.gauge(checkInfo, 1, c.Product, c.ID, c.Kind, c.Owner, c.Region)
		s.gauge(checkEvery, c.Every.Seconds(), c.Product, c.ID)
		if muted[c.ID] {
			s.gauge(checkMuted, 1, c.Product, c.ID)
		}
		if n.Result.Check != "" {
			s.at(checkNewest, n.Result.Ended(), c.Product, c.ID)
		}
	}
	b.tally.tell(s)
}

func (s sink) product(p *status.ProductStatus) {
	s.gauge(productInfo, 1, p.ID, p.Name, p.Owner)
	for _, l := range levels {
		is := 0.0
		if p.Level == l {
			is = 1
		}
		s.gauge(productLevel, is, p.ID, string(l))
	}
	s.gauge(productCount, float64(p.Measured), p.ID, "measured")
	s.gauge(productCount, float64(p.Stale), p.ID, "stale")
	s.at(productOnset, p.Onset, p.ID)
	if p.Level == impact.Unknown || p.Tries == 0 {
		return
	}
	s.gauge(productTries, float64(p.Tries), p.ID, "tries")
	s.gauge(productTries, float64(p.Failures), p.ID, "failures")
	s.gauge(productRatio, p.Share(), p.ID, "point")
	s.gauge(productRatio, p.Low, p.ID, "low")
	s.gauge(productRatio, p.High, p.ID, "high")
	if p.Learning == 0 {
		s.gauge(productUsual, p.Usual, p.ID)
	}
	if p.P50 > 0 {
		s.gauge(productDelay, p.P50.Seconds(), p.ID, "50")
		s.gauge(productDelay, p.P95.Seconds(), p.ID, "95")
	}
}

// tell tells what was counted.
func (t *Tally) tell(s sink) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look()
	for _, list := range [][]checks.Check{t.def.Checks, t.def.Controls} {
		for i := range list {
			t.of[list[i].ID].tell(s, list[i].ID)
		}
	}
	for id, p := range t.products {
		if p.n > 0 {
			s <- prometheus.MustNewConstHistogram(productSpent, p.n, p.sum, p.classic(), id)
		}
	}
}

func (c *checkTally) tell(s sink, id string) {
	for i := range c.vantages {
		v := &c.vantages[i]
		for _, n := range v.counts {
			s.counter(resultsTotal, float64(n.n), c.product, id, v.vantage, string(n.outcome), string(n.reason))
		}
		if v.durations.n > 0 {
			s <- prometheus.MustNewConstNativeHistogram(probeSeconds, v.durations.n, v.durations.sum, v.durations.native(), nil, 0, schema, 0, time.Time{},
				c.product, id, v.vantage)
		}
	}
}
