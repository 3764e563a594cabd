package http

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// endlessly is a server that says a text and never ends; over HTTP/2 as well.
func endlessly(t *testing.T, kind, charset, text string, packed bool) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind+charset)
		if packed {
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			_, _ = io.WriteString(zip, text)
			_ = zip.Flush()
		} else {
			for piece := range strings.SplitAfterSeq(text, " ") { // a text may come in pieces
				_, _ = io.WriteString(w, piece)
				_ = http.NewResponseController(w).Flush()
			}
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	server.Config.Protocols = &http.Protocols{}
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

const tight = 500 * time.Millisecond

// TestABodyThatNeverEnds is read until all is there that is asked of it.
func TestABodyThatNeverEnds(t *testing.T) {
	t.Parallel()
	const events, text, said = "text/event-stream", "text/plain", "data: all good here\n\n"
	for i, tt := range []struct {
		kind, charset string
		packed        bool
		options       Options
		within        time.Duration
		outcome       checks.Outcome
		summary       string
	}{
		{kind: events, options: Options{Contains: []string{"good here", "all"}}, within: generous, outcome: checks.Pass, summary: "HTTP 200, its body goes on"},
		{kind: events, charset: "; charset=UTF-16LE", options: Options{Contains: []string{"慤慴"}}, within: generous, outcome: checks.Pass, summary: "HTTP 200, its body goes on"},
		{kind: events, packed: true, options: Options{Contains: []string{"good here"}}, within: generous, outcome: checks.Pass, summary: "HTTP 200, its body goes on"},
		{kind: "Text/Event-Stream; x=y", within: generous, outcome: checks.Pass, summary: "HTTP 200, its body goes on"},
		{kind: events, options: Options{Version: version2, Contains: []string{"good here"}}, within: generous, outcome: checks.Pass, summary: "HTTP/2 200, its body goes on"},
		{kind: events, options: Options{Reuse: true, Contains: []string{"good here"}, LimitOptions: probe.LimitOptions{DegradedOver: generous / 2}}, within: generous, outcome: checks.Pass, summary: "HTTP 200, its body goes on"},
		{kind: events, options: Options{Status: []any{204}}, within: generous, outcome: checks.Fail, summary: "HTTP 200, expected 204"},
		{kind: text, options: Options{Contains: []string{"good here", "all"}}, within: generous, outcome: checks.Pass, summary: "HTTP 200, its body goes on"},
		{kind: text, options: Options{Version: version2, Contains: []string{"good here"}}, within: generous, outcome: checks.Pass, summary: "HTTP/2 200, its body goes on"},
		// What is not there may still come, and what must not be there as well.
		{kind: events, options: Options{Contains: []string{"better"}}, within: tight, outcome: checks.Fail, summary: "while reading the answer" + flowed},
		{kind: events, options: Options{Contains: []string{"good"}, NotContains: []string{"bad"}}, within: tight, outcome: checks.Fail, summary: "while reading the answer" + flowed},
		{kind: events, options: Options{Options: claim.Options{Expect: []string{"size > 0"}}}, within: tight, outcome: checks.Fail, summary: "while reading the answer" + flowed},
		// A page that does not come to its end in time is slow, or hangs.
		{kind: text, within: tight, outcome: checks.Fail, summary: "while reading the answer"},
		{kind: text, options: Options{Contains: []string{"good"}, LimitOptions: probe.LimitOptions{DegradedOver: tight / 2}}, within: tight, outcome: checks.Fail, summary: "while reading the answer"},
	} {
		t.Run(fmt.Sprint(i, " ", tt.kind), func(t *testing.T) {
			t.Parallel()
			o := tt.options
			o.URL = endlessly(t, tt.kind, tt.charset, said, tt.packed)
			reason := checks.ReasonNone
			var r checks.Result
			if tt.within == tight {
				r, reason = probetest.Until(t, &Kind, &o, tight, "reading the answer"), checks.ReasonTimeout
			} else {
				r = probetest.Probing(t, &Kind, &o, tt.within)
			}
			if tt.options.Status != nil {
				reason = checks.ReasonStatus
			}
			probetest.WantResult(t, r, tt.outcome, reason, tt.summary)
		})
	}
}
