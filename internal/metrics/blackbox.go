package metrics

import (
	"cmp"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/status"
)

// names are the blackbox exporter's, as dashboards and alerts ask for them
// (https://github.com/prometheus/blackbox_exporter, 0.28). What statusbot does not keep of a
// probe, such as the days of a certificate, is absent.
type names struct {
	success, duration, timeout, lookup, protocol *prometheus.Desc
	httpPhase, httpStatus, httpSSL               *prometheus.Desc
	icmpPhase, dnsPhase, grpcPhase, grpcStatus   *prometheus.Desc
}

// labelled names are for one exposition of all checks, where labels tell them apart;
// without labels they are for one check, as the exporter has it.
var labelled, unlabelled = blackboxNames("instance", "product", "check"), blackboxNames()

func blackboxNames(labels ...string) names {
	of := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("probe_"+name, help, append(append([]string{}, labels...), more...), nil)
	}
	return names{
		success:  of("success", "Displays whether or not the probe was a success; absent while statusbot could not observe."),
		duration: of("duration_seconds", "Returns how long the probe took to complete in seconds."),
		timeout:  of("timeout_seconds", "Returns the timeout of the probe in seconds."),
		lookup:   of("dns_lookup_time_seconds", "Returns the time taken for probe dns lookup in seconds."),
		protocol: of("ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6."),

		httpPhase:  of("http_duration_seconds", "Duration of http request by phase.", "phase"),
		httpStatus: of("http_status_code", "Response HTTP status code; absent of answers that were as expected."),
		httpSSL:    of("http_ssl", "Indicates if SSL was used for the request."),
		icmpPhase:  of("icmp_duration_seconds", "Duration of icmp request by phase.", "phase"),
		dnsPhase:   of("dns_duration_seconds", "Duration of DNS request by phase.", "phase"),
		grpcPhase:  of("grpc_duration_seconds", "Duration of gRPC request by phase.", "phase"),
		grpcStatus: of("grpc_status_code", "Response gRPC status code; absent of answers that were as expected."),
	}
}

// blackbox tells the newest results of checks.
type blackbox struct {
	list     []status.Newest
	now      time.Time
	labelled bool
}

// Describe describes nothing, as board's.
func (b blackbox) Describe(chan<- *prometheus.Desc) {}

// Collect tells everything once.
func (b blackbox) Collect(out chan<- prometheus.Metric) {
	for i := range b.list {
		names, labels := unlabelled, []string(nil)
		if c := b.list[i].Check; b.labelled {
			names, labels = labelled, []string{cmp.Or(probe.AskedOf(c), c.ID), c.Product, c.ID}
		}
		one{sink(out), labels}.tell(&names, &b.list[i], b.now)
	}
}

// one tells one check.
type one struct {
	sink
	labels []string
}

func (o one) gauge(d *prometheus.Desc, value float64, more ...string) {
	o.sink.gauge(d, value, append(append([]string{}, o.labels...), more...)...)
}

// staleTimes is after how many intervals a result is no longer what the check
// says; Impact.Stale has the same.
const staleTimes = 3

func (o one) tell(n *names, c *status.Newest, now time.Time) {
	o.gauge(n.timeout, c.Check.Timeout.Seconds())
	r := &c.Result
	if r.Check == "" || r.Outcome == checks.Unknown || now.Sub(r.Ended()) > staleTimes*c.Check.Every {
		return
	}
	o.gauge(n.success, truth(r.Outcome != checks.Fail)) // who is served slowly is served
	o.gauge(n.duration, r.Duration.Seconds())
	if r.Phases.DNS > 0 {
		o.gauge(n.lookup, r.Phases.DNS.Seconds())
	}
	if r.Evidence != nil {
		o.remote(n, r.Evidence.Remote)
	}
	o.kind(n, c.Check, r)
}

func (o one) remote(n *names, remote string) {
	host, _, err := net.SplitHostPort(remote)
	ip := net.ParseIP(cmp.Or(host, remote))
	switch {
	case err != nil && ip == nil, ip == nil:
	case ip.To4() != nil:
		o.gauge(n.protocol, 4)
	default:
		o.gauge(n.protocol, 6)
	}
}

// kind tells what only one kind of check has.
func (o one) kind(n *names, c *checks.Check, r *checks.Result) {
	code := 0
	if r.Evidence != nil {
		code = r.Evidence.Status
	}
	switch c.Kind {
	case "http":
		o.phases(n.httpPhase, r.Phases, "resolve", "connect", "tls", "processing", "transfer")
		// Where no answer came the exporter tells 0, by which the usual alert ("<= 199 or >= 400") is raised.
		if code > 0 || r.Outcome == checks.Fail && r.Phases.FirstByte == 0 {
			o.gauge(n.httpStatus, float64(code))
		}
		o.gauge(n.httpSSL, truth(strings.HasPrefix(probe.AskedOf(c), "https:")))
	case "grpc":
		o.phases(n.grpcPhase, r.Phases, "resolve", "connect", "tls", "check", "")
		if r.Outcome == checks.Fail && r.Reason == checks.ReasonStatus {
			o.gauge(n.grpcStatus, float64(code))
		}
	case "icmp":
		o.phases(n.icmpPhase, r.Phases, "resolve", "setup", "", "rtt", "")
	case "dns":
		o.phases(n.dnsPhase, r.Phases, "resolve", "connect", "", "request", "")
	}
}

// phases tells the phases by the exporter's words, in the order of checks.Phases.
func (o one) phases(d *prometheus.Desc, p checks.Phases, words ...string) {
	for i, took := range []time.Duration{p.DNS, p.Connect, p.TLS, p.FirstByte, p.Transfer} {
		if words[i] != "" {
			o.gauge(d, took.Seconds(), words[i])
		}
	}
}

// find returns the checks that a target means: that of the id, else those that
// ask it. Module, if it is not empty, is an id or a kind; a module of the exporter's own
// that says neither does not choose.
func find(all []status.Newest, target, module string) []status.Newest {
	var asked []status.Newest
	plain := probe.PlainAddress(target)
	for _, n := range all {
		if n.Check.ID == target {
			return []status.Newest{n}
		}
		if is := probe.AskedOf(n.Check); is != "" && (is == plain || is == "http://"+plain) {
			asked = append(asked, n)
		}
	}
	for _, n := range asked {
		if n.Check.ID == module {
			return []status.Newest{n}
		}
	}
	kind, _, _ := strings.Cut(module, "_") // http_2xx, tcp_connect, ssh_banner
	var chosen []status.Newest
	for _, n := range asked {
		if n.Check.Kind == kind {
			chosen = append(chosen, n)
		}
	}
	if len(chosen) > 0 {
		return chosen
	}
	return asked
}

func idsOf(list []status.Newest) string {
	ids := make([]string, 0, len(list))
	for _, n := range list {
		ids = append(ids, strconv.Quote(n.Check.ID))
	}
	return strings.Join(ids, ", ")
}
