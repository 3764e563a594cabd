package spans

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// told is one probe that waits to be told of.
type told struct {
	check  *checks.Check
	result checks.Result // without its evidence
	sent   *probe.Sent
}

// size is how many spans tell of it: one, or one of its own and one for each request.
func (p *told) size() int {
	if n := len(p.sent.Requests); n > 1 {
		return 1 + n
	}
	return 1
}

// spans are those of the probe. One request is the probe's own span, under the very ids
// that it carried; of several each has its own below the probe's.
func (p *told) spans() []span {
	r, requests := &p.result, p.sent.Requests
	trace := p.sent.Trace
	if trace.IsZero() {
		trace = probe.NewTrace()
	}
	own := span{
		Trace: trace.String(), Flags: flagSampled, Name: p.check.Kind + " " + r.Check, Kind: kindClient,
		Start: at(r.Started), End: at(r.Ended()), Attributes: p.attributes(),
	}
	judge(&own, r)
	switch len(requests) {
	case 0:
		own.ID = probe.NewSpan().String()
		if p.sent.Host != "" {
			own.Attributes = append(own.Attributes, text("server.address", p.sent.Host))
		}
		own.Events = events(r.Started, r.Ended(), r.Phases)
		return []span{own}
	case 1:
		one := &requests[0]
		own.ID = idOf(one)
		own.Attributes = append(own.Attributes, p.asked(one)...)
		own.Events = events(one.Started, earlier(p.ended(one), r.Ended()), one.Phases)
		return []span{own}
	}
	own.ID, own.Kind = probe.NewSpan().String(), kindInternal
	all := make([]span, 1, 1+len(requests))
	for i := range requests {
		one := &requests[i]
		ended := p.ended(one)
		below := span{
			Trace: own.Trace, ID: idOf(one), Parent: own.ID, Flags: flagSampled, Name: p.check.Kind + " request", Kind: kindClient,
			Start: at(one.Started), End: at(ended), Attributes: p.asked(one), Events: events(one.Started, ended, one.Phases),
		}
		if i == len(requests)-1 { // a probe ends with the request that failed
			judge(&below, r)
		}
		own.End = max(own.End, below.End)
		all = append(all, below)
	}
	all[0] = own
	return all
}

// judge says how it ended. What could not be observed is our trouble and no error of who
// was asked.
func judge(s *span, r *checks.Result) {
	if r.Outcome != checks.Fail && r.Outcome != checks.Unknown {
		return
	}
	s.Attributes = append(s.Attributes, text("error.type", cmp.Or(string(r.Reason), "_OTHER")))
	if r.Outcome == checks.Fail {
		s.Status = status{Code: statusError, Message: r.Summary}
	}
}

// attributes are what is ours of every probe.
func (p *told) attributes() []attribute {
	all := []attribute{
		text("statusbot.check", p.result.Check), text("statusbot.kind", p.check.Kind),
		text("statusbot.outcome", string(p.result.Outcome)),
		text("statusbot.vantage", cmp.Or(p.result.Vantage, checks.Here)),
	}
	if p.result.Product != "" { // a control check has none
		all = append(all, text("statusbot.product", p.result.Product))
	}
	return all
}

// methods are those that https://opentelemetry.io/docs/specs/semconv/http/http-spans/ knows.
var methods = []string{"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}

// asked is what was asked and answered, in the words of OpenTelemetry's conventions.
func (p *told) asked(one *probe.Request) []attribute {
	var all []attribute
	if p.check.Kind == "grpc" {
		all = append(all, text("rpc.system.name", "grpc"), text("rpc.method", one.Method))
	} else {
		method := one.Method
		if !slices.Contains(methods, method) {
			method = "_OTHER"
		}
		all = append(all, text("http.request.method", method))
	}
	host, port, err := net.SplitHostPort(one.Address)
	if err != nil {
		host = one.Address // a part of it was a secret
	}
	all = append(all, text("server.address", host))
	if n, err := strconv.Atoi(port); err == nil {
		all = append(all, whole("server.port", n))
	}
	if one.URL != "" {
		all = append(all, text("url.full", one.URL))
	}
	switch {
	case one.Said != "":
		all = append(all, text("rpc.response.status_code", one.Said))
	case one.Code != 0:
		all = append(all, whole("http.response.status_code", one.Code))
	}
	return all
}

// events are the ends of the phases of what began and ended then. A phase that did not
// happen, or that the kind does not know, has none.
func events(began, ended time.Time, took checks.Phases) []event {
	var all []event
	note := func(name string, when time.Time, took time.Duration) {
		if took > 0 {
			all = append(all, event{at(earlier(when, ended)), name, []attribute{float("statusbot.seconds", took.Seconds())}})
		}
	}
	looked := began.Add(took.DNS)
	connected := looked.Add(took.Connect)
	secured := connected.Add(took.TLS)
	note("dns", looked, took.DNS)
	note("connect", connected, took.Connect)
	note("tls", secured, took.TLS)
	first := secured.Add(took.FirstByte)
	if before := ended.Add(-took.Transfer); before.After(first) { // what was between is the sending
		first = before
	}
	note("first_byte", first, took.FirstByte)
	return all
}

// ended is when a request was over; one that a fault of ours cut off was so with the probe.
func (p *told) ended(one *probe.Request) time.Time {
	if one.Ended.IsZero() {
		return p.result.Ended()
	}
	return one.Ended
}

func idOf(one *probe.Request) string {
	return cmp.Or(one.Span, probe.NewSpan()).String()
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func at(t time.Time) nanos { return nanos(t.UnixNano()) }
