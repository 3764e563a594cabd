package browser

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
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
func (v *visit) open(ctx context.Context) (checks.Result, bool) {
	got, err := cdp.Call(ctx, v.page.session(), page.Navigate, page.NavigateParams{URL: v.probe.address})
	if err != nil {
		return v.interrupted(ctx, ""), false
	}
	if r, ok := v.trouble(""); !ok {
		return r, false
	}
	switch {
	case got.IsDownload:
		return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: "the answer is a download, not a page"}, false
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
func (v *visit) look(ctx context.Context, look pageLook) (pageSight, error) {
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
func (v *visit) trouble(at string) (checks.Result, bool) {
	doc := v.page.document()
	if at != "" {
		at += ": "
	}
	switch {
	case doc.status != 0 && !v.probe.status.Has(doc.status):
		where := ""
		if at != "" {
			where = " from " + probe.Quoted(doc.url)
		}
		return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonStatus, Summary: at + probe.StatusText(doc.status) + where + ", expected " + v.probe.status.String()}, false
	case doc.failure != "" && doc.failure != abortedText:
		return v.lost(at, doc.url, doc.failure), false
	}
	return checks.Result{}, true
}

// abortedText is what a page ends with that another one takes the place of,
// and a download.
const abortedText = "net::ERR_ABORTED"

// noTunnelText is what a page ends with whose host the gate did not reach.
const noTunnelText = "net::ERR_TUNNEL_CONNECTION_FAILED"

// lost is the result of a page that did not come; blame completes it.
func (v *visit) lost(at, address, failure string) checks.Result {
	v.ended = loadEnd{url: address, failure: failure, at: at}
	return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonProtocol}
}

// interrupted is the result of a visit that its context ended; blame completes
// it.
func (v *visit) interrupted(ctx context.Context, at string) checks.Result {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errPageKilled):
		return probe.Internal("the page's process was killed, as a system does that has too little memory; give this machine more, or fewer browsers")
	case errors.Is(cause, errPageCrashed):
		return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: "the page crashed in the browser"}
	case !errors.Is(cause, context.DeadlineExceeded):
		return probe.Internal("the browser ended by itself; look at this machine's memory")
	}
	v.ended = loadEnd{url: cmp.Or(v.page.document().url, v.probe.address), at: at}
	return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonTimeout}
}

// blame completes a result for which the network is to blame, now that the
// gate is closed.
func (v *visit) blame(r *checks.Result) {
	if v.ended.url == "" {
		return
	}
	u, err := url.Parse(v.ended.url)
	if err != nil {
		u = v.probe.url
	}
	reach := v.gate.known(u)
	if r.Reason == checks.ReasonTimeout {
		v.blameTime(r, reach)
		return
	}
	reason, summary := loadFailure(v.ended.failure)
	// What the browser knows better is said as it says it: an earlier request to
	// the same host may have failed otherwise.
	unseen := reason == checks.ReasonReset || strings.HasPrefix(v.ended.failure, noTunnelText)
	if unseen && reach != nil && reach.err != nil {
		if guarded, ok := probe.Refused(reach.err); ok {
			*r = guarded
			return
		}
		failed := reach.tr.Failed(context.Background(), reach.err)
		r.Outcome, r.Reason, r.Summary = failed.Outcome, failed.Reason, v.ended.at+failed.Summary
		return
	}
	r.Reason, r.Summary = reason, v.ended.at+summary
}

// blameTime says what a time-out ended.
func (v *visit) blameTime(r *checks.Result, reach *reach) {
	if v.started > v.probe.dialer.Timeout/2 {
		*r = probe.Internal("the browser needed " + probe.Span(v.started) + " of the " + probe.Span(v.probe.dialer.Timeout) + " to start, and the rest was too short; raise the time-out, or look at what else this machine does")
		return
	}
	r.Summary = "time-out after " + probe.Span(v.probe.dialer.Timeout)
	switch {
	case v.doc.status == 0 && v.doc.failure == "": // the page itself has not come
		r.Summary += " while " + string(v.stage(reach))
		if v.ended.at != "" {
			r.Summary += " of " + probe.Quoted(v.ended.url) + " (" + v.ended.at + ")"
		}
	case v.ended.at != "":
		r.Summary += " at " + v.ended.at
	default:
		r.Summary += " while loading the page"
		if v.asking != "" {
			r.Summary += "; still waiting for " + probe.Quoted(v.asking)
		}
	}
}

// stage is how far the connection for a page had come.
func (v *visit) stage(reach *reach) probe.Stage {
	switch {
	case reach == nil:
		return probe.Waiting
	case reach.tr.Stage == probe.Waiting && strings.HasPrefix(v.ended.url, "https:") && reach.heard.Load() == 0:
		return probe.Shaking
	}
	return reach.tr.Stage
}

// loadFailures are the browser's words (net/base/net_error_list.h) for what a
// gate cannot see.
var loadFailures = []struct {
	begins  string
	reason  checks.Reason
	summary string
}{
	{"CERT_DATE_INVALID", checks.ReasonTLS, "the certificate has expired or is not valid yet"},
	{"CERT_COMMON_NAME_INVALID", checks.ReasonTLS, "the certificate is for another name"},
	{"CERT_AUTHORITY_INVALID", checks.ReasonTLS, "the certificate is signed by an unknown authority"},
	{"CERT_REVOKED", checks.ReasonTLS, "the certificate was revoked"},
	{"CERT_", checks.ReasonTLS, "the browser does not take the certificate"},
	{"SSL_CLIENT_AUTH_CERT_NEEDED", checks.ReasonTLS, "the server asks for a client certificate"},
	{"BAD_SSL_CLIENT_AUTH_CERT", checks.ReasonTLS, "the server asks for a client certificate"},
	{"SSL_", checks.ReasonTLS, "the handshake failed"},
	{"EMPTY_RESPONSE", checks.ReasonReset, "the peer closed the connection without an answer"},
	{"CONNECTION_RESET", checks.ReasonReset, "the peer reset the connection"},
	{"CONNECTION_CLOSED", checks.ReasonReset, "the peer closed the connection"},
	{"CONNECTION_ABORTED", checks.ReasonReset, "the connection was lost"},
	{"CONTENT_LENGTH_MISMATCH", checks.ReasonReset, "the peer closed the connection before the page was whole"},
	{"INCOMPLETE_CHUNKED_ENCODING", checks.ReasonReset, "the peer closed the connection before the page was whole"},
	{"TOO_MANY_REDIRECTS", checks.ReasonProtocol, "too many redirects"},
	{"ABORTED", checks.ReasonProtocol, "the answer is no page"},
	{"BLOCKED_BY_", checks.ReasonProtocol, "the browser blocks the page"},
	{"UNSAFE_REDIRECT", checks.ReasonProtocol, "a redirect to what is no page"},
	{"UNSAFE_PORT", checks.ReasonProtocol, "browsers do not connect to that port"},
}

// loadFailure says why a page did not load.
func loadFailure(word string) (checks.Reason, string) {
	short := strings.TrimPrefix(word, "net::ERR_")
	for _, f := range loadFailures {
		if strings.HasPrefix(short, f.begins) {
			return f.reason, f.summary + " (" + short + ")"
		}
	}
	return checks.ReasonProtocol, "the page does not load (" + short + ")"
}

// phases of a page itself.
func (v *visit) phases(doc document) checks.Phases {
	var p checks.Phases
	u, err := url.Parse(cmp.Or(doc.url, v.probe.address))
	if err != nil {
		u = v.probe.url
	}
	if reach := v.gate.known(u); reach != nil {
		p.DNS, p.Connect = reach.tr.Phases.DNS, reach.tr.Phases.Connect
		if u.Scheme == "https" {
			p.TLS = reach.shook()
		}
	}
	if t := doc.timing; t != nil {
		if took := betweenMS(t.SslStart, t.SslEnd); took > 0 { // not known of a connection that was made ahead
			p.TLS = took
		}
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
func (v *visit) remote() string {
	u, err := url.Parse(cmp.Or(v.doc.url, v.probe.address))
	if err != nil {
		return ""
	}
	if reach := v.gate.known(u); reach != nil {
		return reach.tr.Remote
	}
	return ""
}
