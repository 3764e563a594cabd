package checks

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
)

// loadEnd is how the network let a visit down. Why is known only when the gate
// is closed.
type loadEnd struct {
	url     string // of the page that did not come; empty if the network is not to blame
	failure string // the browser's word for it; empty for a time-out
	at      string // "step 2 of 3, click #pay: ", or nothing
}

// open asks for the page and waits until it is loaded. Not ok is a result that
// is no pass.
func (v *browserVisit) open(ctx context.Context) (Result, bool) {
	got, err := cdp.Call(ctx, v.page.session(), page.Navigate, page.NavigateParams{URL: v.probe.address})
	if err != nil {
		return v.interrupted(ctx, ""), false
	}
	if r, ok := v.trouble(""); !ok {
		return r, false
	}
	switch {
	case got.IsDownload:
		return Result{Outcome: Fail, Reason: ReasonAssertion, Summary: "the answer is a download, not a page"}, false
	case got.ErrorText != "":
		return v.lost("", cmp.Or(v.page.document().url, v.probe.address), got.ErrorText), false
	}
	tick := time.NewTicker(pageEvery)
	defer tick.Stop()
	for {
		sight, err := v.look(ctx, pageLook{Do: "url"})
		if err == nil && sight.Ready == "complete" {
			return v.trouble("")
		}
		if r, ok := v.trouble(""); !ok {
			return r, false
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return v.interrupted(ctx, ""), false
		}
	}
}

// look asks the page, and remembers what was seen.
func (v *browserVisit) look(ctx context.Context, look pageLook) (pageSight, error) {
	sight, err := v.page.ask(ctx, look)
	if err == nil {
		text := v.last.Text
		if v.last = sight; sight.Text == "" {
			v.last.Text = text
		}
	}
	return sight, err
}

// trouble says whether the page that is being loaded, or was, is none that a
// client is served by.
func (v *browserVisit) trouble(at string) (Result, bool) {
	doc := v.page.document()
	if at != "" {
		at += ": "
	}
	switch {
	case doc.status != 0 && !v.probe.status.has(doc.status):
		where := ""
		if at != "" {
			where = " from " + quoted(doc.url)
		}
		return Result{Outcome: Fail, Reason: ReasonStatus, Summary: at + statusText(doc.status) + where + ", expected " + v.probe.status.String()}, false
	case doc.failure != "" && doc.failure != abortedText:
		return v.lost(at, doc.url, doc.failure), false
	}
	return Result{}, true
}

// abortedText is what a page ends with that another one takes the place of,
// and a download.
const abortedText = "net::ERR_ABORTED"

// noTunnelText is what a page ends with whose host the gate did not reach.
const noTunnelText = "net::ERR_TUNNEL_CONNECTION_FAILED"

// lost is the result of a page that did not come; blame completes it.
func (v *browserVisit) lost(at, address, failure string) Result {
	v.ended = loadEnd{url: address, failure: failure, at: at}
	return Result{Outcome: Fail, Reason: ReasonProtocol}
}

// interrupted is the result of a visit that its context ended; blame completes
// it.
func (v *browserVisit) interrupted(ctx context.Context, at string) Result {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errPageKilled):
		return internal("the page's process was killed, as a system does that has too little memory; give this machine more, or fewer browsers")
	case errors.Is(cause, errPageCrashed):
		return Result{Outcome: Fail, Reason: ReasonAssertion, Summary: "the page crashed in the browser"}
	case !errors.Is(cause, context.DeadlineExceeded):
		return internal("the browser ended by itself; look at this machine's memory")
	}
	v.ended = loadEnd{url: cmp.Or(v.page.document().url, v.probe.address), at: at}
	return Result{Outcome: Fail, Reason: ReasonTimeout}
}

// blame completes a result for which the network is to blame, now that the
// gate is closed.
func (v *browserVisit) blame(r *Result) {
	if v.ended.url == "" {
		return
	}
	u, err := url.Parse(v.ended.url)
	if err != nil {
		u = v.probe.url
	}
	reach := v.gate.known(u)
	if r.Reason == ReasonTimeout {
		v.blameTime(r, reach)
		return
	}
	reason, summary := loadFailure(v.ended.failure)
	// What the browser knows better is said as it says it: an earlier request to
	// the same host may have failed otherwise.
	unseen := reason == ReasonReset || strings.HasPrefix(v.ended.failure, noTunnelText)
	if unseen && reach != nil && reach.err != nil {
		if guarded, ok := refused(reach.err); ok {
			*r = guarded
			return
		}
		failed := reach.tr.failed(context.Background(), reach.err)
		r.Outcome, r.Reason, r.Summary = failed.Outcome, failed.Reason, v.ended.at+failed.Summary
		return
	}
	r.Reason, r.Summary = reason, v.ended.at+summary
}

// blameTime says what a time-out ended.
func (v *browserVisit) blameTime(r *Result, reach *browserReach) {
	if v.started > v.probe.timeout/2 {
		*r = internal("the browser needed " + span(v.started) + " of the " + span(v.probe.timeout) + " to start, and the rest was too short; raise the time-out, or look at what else this machine does")
		return
	}
	r.Summary = "time-out after " + span(v.probe.timeout)
	switch {
	case v.doc.status == 0 && v.doc.failure == "": // the page itself has not come
		r.Summary += " while " + string(v.stage(reach))
		if v.ended.at != "" {
			r.Summary += " of " + quoted(v.ended.url) + " (" + v.ended.at + ")"
		}
	case v.ended.at != "":
		r.Summary += " at " + v.ended.at
	default:
		r.Summary += " while loading the page"
		if v.asking != "" {
			r.Summary += "; still waiting for " + quoted(v.asking)
		}
	}
}

// stage is how far the connection for a page had come.
func (v *browserVisit) stage(reach *browserReach) stage {
	switch {
	case reach == nil:
		return waiting
	case reach.tr.stage == waiting && strings.HasPrefix(v.ended.url, "https:") && !reach.heard.Load():
		return shaking
	}
	return reach.tr.stage
}

// loadFailures are the browser's words (net/base/net_error_list.h) for what a
// gate cannot see.
var loadFailures = []struct {
	begins  string
	reason  Reason
	summary string
}{
	{"CERT_DATE_INVALID", ReasonTLS, "the certificate has expired or is not valid yet"},
	{"CERT_COMMON_NAME_INVALID", ReasonTLS, "the certificate is for another name"},
	{"CERT_AUTHORITY_INVALID", ReasonTLS, "the certificate is signed by an unknown authority"},
	{"CERT_REVOKED", ReasonTLS, "the certificate was revoked"},
	{"CERT_", ReasonTLS, "the browser does not take the certificate"},
	{"SSL_CLIENT_AUTH_CERT_NEEDED", ReasonTLS, "the server asks for a client certificate"},
	{"BAD_SSL_CLIENT_AUTH_CERT", ReasonTLS, "the server asks for a client certificate"},
	{"SSL_", ReasonTLS, "the handshake failed"},
	{"EMPTY_RESPONSE", ReasonReset, "the peer closed the connection without an answer"},
	{"CONNECTION_RESET", ReasonReset, "the peer reset the connection"},
	{"CONNECTION_CLOSED", ReasonReset, "the peer closed the connection"},
	{"CONNECTION_ABORTED", ReasonReset, "the connection was lost"},
	{"CONTENT_LENGTH_MISMATCH", ReasonReset, "the peer closed the connection before the page was whole"},
	{"INCOMPLETE_CHUNKED_ENCODING", ReasonReset, "the peer closed the connection before the page was whole"},
	{"TOO_MANY_REDIRECTS", ReasonProtocol, "too many redirects"},
	{"ABORTED", ReasonProtocol, "the answer is no page"},
	{"BLOCKED_BY_", ReasonProtocol, "the browser blocks the page"},
	{"UNSAFE_REDIRECT", ReasonProtocol, "a redirect to what is no page"},
	{"UNSAFE_PORT", ReasonProtocol, "browsers do not connect to that port"},
}

// loadFailure says why a page did not load.
func loadFailure(word string) (Reason, string) {
	short := strings.TrimPrefix(word, "net::ERR_")
	for _, f := range loadFailures {
		if strings.HasPrefix(short, f.begins) {
			return f.reason, f.summary + " (" + short + ")"
		}
	}
	return ReasonProtocol, "the page does not load (" + short + ")"
}

// phases of a page itself.
func (v *browserVisit) phases(doc browserDocument) Phases {
	var p Phases
	u, err := url.Parse(cmp.Or(doc.url, v.probe.address))
	if err != nil {
		u = v.probe.url
	}
	if reach := v.gate.known(u); reach != nil {
		p.DNS, p.Connect = reach.tr.phases.DNS, reach.tr.phases.Connect
	}
	if t := doc.timing; t != nil {
		p.TLS = betweenMS(t.SslStart, t.SslEnd)
		p.FirstByte = betweenMS(t.SendEnd, t.ReceiveHeadersEnd)
		if u.Scheme == "http" { // the gate connects when it has the request
			p.FirstByte = max(0, p.FirstByte-p.DNS-p.Connect)
		}
		if doc.ended > 0 {
			p.Transfer = betweenMS(t.RequestTime*1000+t.ReceiveHeadersEnd, doc.ended*1000)
		}
	}
	return p
}

// betweenMS is the time between two instants in milliseconds; less than 0 is
// one that was not.
func betweenMS(from, to float64) time.Duration {
	if from < 0 || to <= from {
		return 0
	}
	return time.Duration((to - from) * float64(time.Millisecond))
}

// remote is the address that the page came from.
func (v *browserVisit) remote() string {
	u, err := url.Parse(cmp.Or(v.doc.url, v.probe.address))
	if err != nil {
		return ""
	}
	if reach := v.gate.known(u); reach != nil {
		return reach.tr.remote
	}
	return ""
}
