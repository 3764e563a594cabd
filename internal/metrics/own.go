package metrics

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/statusbot/statusbot/internal/web"
)

// Own is how this process is, beside what GET /healthz says.
type Own struct {
	Pending  int // results that wait for the journal
	Waiting  int // messages that something keeps from Slack
	InMemory bool
	Open     int // incidents
	Cluster  *Cluster
	Spans    *Spans
}

// Spans is what became of the spans for a collector.
type Spans struct {
	Sent    uint64 // that it took
	Dropped uint64 // that it did not, or not in time
}

// Cluster is how this member sees its cluster.
type Cluster struct {
	Members     int // all, this one included
	Reached     int // of the others
	Answers     bool
	Lag         []Lag
	LeaderKnown bool // it is known who leads
	Hangs       bool // no writes are acknowledged, though more than half of the members are connected
	Doubted     int  // members with whose copies of the events or clocks something is wrong
}

// Lag is what another member's copy of a stream lacks, as the stream's leader sees it.
type Lag struct {
	Stream, Member string
	Messages       uint64
}

var (
	build        = described("build_info", "1, with the version that runs.", "version")
	leader       = described("leader", "1 while this process schedules, decides and posts, else 0.")
	blind        = described("blind", "1 while statusbot does not see or is not heard, as GET /healthz says with its reasons.")
	warnings     = described("warnings", "How many things are wrong without making statusbot blind; GET /healthz names them.")
	openTroubles = described("incidents_open", "Incidents that are open.")

	started     = described("runner_probes_started_total", "Probes that this process started.")
	finished    = described("runner_probes_finished_total", "Probes that gave a result.")
	late        = described("runner_starts_late_total", "Starts more than 50 ms after their time, and those that were left out.")
	skipped     = described("runner_starts_skipped_total", "Starts left out since the check's former probe still ran or waited.")
	dropped     = described("runner_results_dropped_total", "Results that the journal was too slow for.")
	running     = described("runner_probes_running", "Probes under way.")
	pending     = described("runner_results_pending", "Results that wait for the journal.")
	jitter      = described("runner_start_delay_seconds", "How long after their time probes started: the 99th percentile.", "percentile")
	applied     = described("results_applied_total", "Results that came out of the journal.")
	resultsAge  = described("results_newest_age_seconds", "Age of the newest result, whoever probed; absent before the first.")
	journalOK   = described("journal_up", "1 if the journal answers within a second, else 0.")
	journalRead = described("journal_read_seconds", "Time of one read of the journal, just now; absent when it does not answer.")
	inMemory    = described("journal_in_memory_only", "1 while what is measured and told is in memory only, since the disk takes nothing; else 0.")
	sockets     = described("slack_sockets", "Open connections to Slack, of two; absent over HTTP.")
	deaf        = described("slack_deaf_seconds", "Time since a connection to Slack was open last, 0 while one is; absent over HTTP.")
	heard       = described("slack_request_age_seconds", "Over HTTP: time since Slack's last request; absent before the first.")
	waiting     = described("slack_messages_waiting", "Messages that something keeps from Slack: it limits, refuses or does not answer.")

	spansSent    = described("spans_sent_total", "Spans of probes that the collector took; absent without one.")
	spansDropped = described("spans_dropped_total", "Spans that the collector refused or did not take in time; absent without one.")

	members     = described("cluster_members", "Members of the cluster, this one included; absent without one.")
	reached     = described("cluster_members_reached", "Other members that this one is connected to.")
	clusterOK   = described("cluster_up", "1 if the cluster answers, 0 while this member is cut off.")
	clusterHead = described("cluster_leader_known", "1 if it is known which member leads, else 0.")
	clusterHang = described("cluster_writes_hang", "1 while the cluster acknowledges no writes although more than half of its members are connected, else 0.")
	clusterOdd  = described("cluster_members_doubted", "Members whose copy of the events stays behind, is damaged or differs, or whose clock is off; GET /healthz names them.")
	clusterLag  = described("cluster_stream_lag_messages", "What a member's copy of a stream lacks, as the stream's leader sees it.", "stream", "member")
)

// own tells how this process is.
type own struct {
	health func() web.Health
	own    func() Own
}

// Describe describes nothing, as board's.
func (o own) Describe(chan<- *prometheus.Desc) {}

// Collect tells everything once.
func (o own) Collect(out chan<- prometheus.Metric) {
	s, h, is := sink(out), o.health(), o.own()
	s.gauge(build, 1, Version())
	s.gauge(leader, truth(h.Leader))
	s.gauge(blind, truth(len(h.Blind) > 0))
	s.gauge(warnings, float64(len(h.Warnings)))
	s.gauge(openTroubles, float64(is.Open))
	s.runner(h.Runner)
	s.gauge(pending, float64(is.Pending))
	s.counter(applied, float64(h.Results.Applied))
	if h.Results.AgeS != nil {
		s.gauge(resultsAge, *h.Results.AgeS)
	}
	s.gauge(journalOK, truth(h.Journal.OK))
	if h.Journal.OK {
		s.gauge(journalRead, h.Journal.ReadMS/1000)
	}
	s.gauge(inMemory, truth(is.InMemory))
	s.gauge(waiting, float64(is.Waiting))
	switch {
	case h.Slack.Transport != "http":
		s.gauge(sockets, float64(h.Slack.Sockets))
		s.gauge(deaf, h.Slack.DeafS)
	case h.Slack.HeardS != nil:
		s.gauge(heard, *h.Slack.HeardS)
	}
	if is.Spans != nil {
		s.counter(spansSent, float64(is.Spans.Sent))
		s.counter(spansDropped, float64(is.Spans.Dropped))
	}
	s.cluster(is.Cluster)
}

// Version is the module's, as the Go toolchain recorded it.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown" // unreachable unless built without module support
}

func (s sink) runner(r web.RunnerHealth) {
	s.counter(started, float64(r.Started))
	s.counter(finished, float64(r.Finished))
	s.counter(late, float64(r.Late))
	s.counter(skipped, float64(r.Skipped))
	s.counter(dropped, float64(r.Dropped))
	s.gauge(running, float64(r.Running))
	if r.Started > 0 {
		s.gauge(jitter, r.JitterP99MS/1000, "99")
	}
}

func (s sink) cluster(c *Cluster) {
	if c == nil {
		return
	}
	s.gauge(members, float64(c.Members))
	s.gauge(reached, float64(c.Reached))
	s.gauge(clusterOK, truth(c.Answers))
	s.gauge(clusterHead, truth(c.LeaderKnown))
	s.gauge(clusterHang, truth(c.Hangs))
	s.gauge(clusterOdd, float64(c.Doubted))
	for _, l := range c.Lag {
		s.gauge(clusterLag, float64(l.Messages), l.Stream, l.Member)
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
