// Package metrics tells Prometheus what statusbot measures, and how it is
// itself. It is the only importer of client_golang (docs/adr/0070-metrics.md).
//
//	/metrics            own names, statusbot_*: counters of results by outcome and reason,
//	                    histograms of durations, each product's share with its bounds, level and
//	                    onset, and statusbot's own health
//	/metrics/blackbox   the names of the blackbox exporter, of the newest result of each check
//	/probe?target=...   the same of one check, chosen by its id or by what it asks
//
// What is not known is absent, and never 0: a check that could not observe has no
// probe_success, a product that nobody measured has no share. Nothing is
// probed because somebody asks: /probe answers with the newest result of a
// check that is configured, so that it is no proxy and no load.
//
// Series are bounded by the configuration: those of a check or product that is
// gone from it are gone with it. Counters begin at 0 with the process, and count
// what came out of the journal since then, whoever probed, so that each member of a cluster
// counts the same.
package metrics
