package spans

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// tell tells of n probes that ended so.
func tell(e *Exporter, outcome checks.Outcome, n int) {
	c := &checks.Check{ID: "a", Kind: "tcp"}
	for range n {
		e.Told(c, checks.Result{Check: "a", Product: "p", Started: time.Now(), Duration: time.Millisecond, Outcome: outcome}, &probe.Sent{})
	}
}

// came waits until the exporter has so many spans behind it.
func came(t *testing.T, e *Exporter, sent, dropped uint64) {
	t.Helper()
	for {
		c, _ := e.Counts()
		if c == (Counts{sent, dropped}) {
			return
		}
		if c.Sent > sent || c.Dropped > dropped || t.Context().Err() != nil {
			t.Fatalf("got %+v, want %d sent and %d dropped", c, sent, dropped)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestWhatAnAnswerMeans: what is tried again, when, and what is given up.
func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code            int
		retryAfter      string
		body            string
		rejected, after int // seconds
		wrong           bool
	}{
		"taken":                   {code: 200, body: `{}`},
		"taken without a word":    {code: 202},
		"taken with nonsense":     {code: 200, body: `<html>`},
		"a part":                  {code: 200, body: `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}}`, rejected: 3},
		"a part, as a number":     {code: 200, body: `{"partialSuccess":{"rejectedSpans":3}}`, rejected: 3},
		"a part of nonsense":      {code: 200, body: `{"partialSuccess":{"rejectedSpans":"-3"}}`},
		"limited":                 {code: 429, retryAfter: "7", after: 7, wrong: true},
		"limited for a year":      {code: 429, retryAfter: "31536000", after: 60, wrong: true},
		"limited until yesterday": {code: 503, retryAfter: "Mon, 02 Jan 2006 15:04:05 GMT", wrong: true},
		"limited by nonsense":     {code: 503, retryAfter: "soon", wrong: true},
		"gone for now":            {code: 502, wrong: true},
		"its own fault":           {code: 500, after: -1, wrong: true},
		"ours":                    {code: 400, after: -1, wrong: true},
		"elsewhere":               {code: 307, after: -1, wrong: true},
	} {
		resp := &http.Response{StatusCode: tt.code, Header: http.Header{"Retry-After": {tt.retryAfter}}}
		rejected, after, err := judged(resp, []byte(tt.body))
		want := time.Duration(tt.after) * time.Second
		if tt.after < 0 {
			want = -1
		}
		if int(rejected) != tt.rejected || after != want || (err != nil) != tt.wrong {
			t.Errorf("%s: %d rejected, again after %v, %v", name, rejected, after, err)
		}
	}
}

// TestACollectorThatRefuses: what it cannot take now is told again, under the same ids;
// what it will not have is counted and given up; what it says that cannot be harms nobody.
func TestACollectorThatRefuses(t *testing.T) {
	t.Parallel()
	c := answering(t, func(w http.ResponseWriter, r *http.Request, n int) {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case 3:
			w.WriteHeader(http.StatusBadRequest)
		case 4:
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case 5:
			_, _ = io.WriteString(w, `{"partialSuccess":{"rejectedSpans":"18446744073709551615","errorMessage":"no"}}`)
		}
	})
	e, lines, _ := running(t, Config{Endpoint: c.URL, Headers: map[string]string{"X-Key": "q27-hidden"}})
	tell(e, checks.Pass, 1)
	first, second := <-c.got, <-c.got
	if len(first) != 1 || len(second) != 1 || first[0].ID != second[0].ID {
		t.Errorf("got %+v, then %+v", first, second)
	}
	came(t, e, 1, 0)
	for i := range 3 {
		tell(e, checks.Pass, 1)
		<-c.got
		came(t, e, 1, uint64(i+1))
	}
	tell(e, checks.Pass, 1)
	<-c.got
	came(t, e, 2, 3)
	var all strings.Builder
	for _, line := range lines.All() {
		fmt.Fprintln(&all, line.Message, line.ContextMap())
	}
	for _, want := range []string{"will try again; look at probes.spans map[dropped_in_all:0 error:it answers HTTP 429]", "spans given up; look at probes.spans map[error:it answers HTTP 400", "HTTP 307", "spans dropped"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, all.String())
		}
	}
	if strings.Contains(all.String(), "hidden") || strings.Contains(all.String(), c.URL) {
		t.Errorf("the log has a header or the address:\n%s", all.String())
	}
	for post := range 6 {
		if r := <-c.posts; r.Header.Get("X-Key") != "q27-hidden" {
			t.Errorf("post %d has the headers %v", post, r.Header)
		}
	}
}

// TestACollectorThatHangs disturbs nobody: probes are told of without waiting, the oldest
// go, and the end is not held up.
func TestACollectorThatHangs(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	c := answering(t, func(http.ResponseWriter, *http.Request, int) { <-over })
	defer close(over)
	e, lines, end := running(t, Config{Endpoint: c.URL})
	tell(e, checks.Pass, batchMost)
	first := len(<-c.got) // it hangs with this batch: all of them, as a rule
	tell(e, checks.Pass, waitingMost+100)
	came(t, e, 0, uint64(batchMost-first+100))
	end()
	if got, _ := e.Counts(); got.Sent != 0 || got.Dropped != batchMost+waitingMost+100 {
		t.Errorf("%+v after the end", got)
	}
	if lines.FilterMessageSnippet("spans given up").Len() == 0 {
		t.Errorf("the log has %+v", lines.All())
	}
}

// TestAtTheEndWhatWaitsIsTold: within the second that there is.
func TestAtTheEndWhatWaitsIsTold(t *testing.T) {
	t.Parallel()
	c := taking(t)
	e := New(zap.NewNop())
	e.last = time.Hour // whatever else this machine does
	probetest.OK(t, e.Use(Config{Endpoint: c.URL}))
	tell(e, checks.Pass, batchMost+1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e.Run(ctx)
	if first, second := <-c.got, <-c.got; len(first) != batchMost || len(second) != 1 {
		t.Errorf("batches of %d and %d", len(first), len(second))
	}
	came(t, e, batchMost+1, 0)
}

// TestWhoIsToldChanges: another collector, of failures alone, and none.
func TestWhoIsToldChanges(t *testing.T) {
	t.Parallel()
	c, d := taking(t), taking(t)
	e, _, _ := running(t, Config{Endpoint: c.URL})
	tell(e, checks.Pass, 1)
	<-c.got
	came(t, e, 1, 0)
	probetest.OK(t, e.Use(Config{Endpoint: d.URL, Failed: true}))
	tell(e, checks.Pass, 1)
	tell(e, checks.Fail, 1)
	tell(e, checks.Degraded, 1)
	n := 0
	for n < 2 {
		n += len(<-d.got)
	}
	came(t, e, 3, 0)
	probetest.OK(t, e.Use(Config{}))
	tell(e, checks.Fail, 1)
	if _, told := e.Counts(); told {
		t.Error("somebody is told")
	}
	probetest.OK(t, e.Use(Config{Endpoint: c.URL}))
	tell(e, checks.Unknown, 1)
	if got := <-c.got; len(got) != 1 || said(got[0].Attributes)["statusbot.outcome"] != "unknown" || got[0].Status.Code != 0 {
		t.Errorf("got %+v", got)
	}
	if len(d.got)+len(c.got) != 0 {
		t.Error("more was told than was to be")
	}
}

// TestACollectorWithItsOwnAuthority is believed if the file names it, and not else.
func TestACollectorWithItsOwnAuthority(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	probetest.OK(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	if err := Examine(t.Context(), Config{Endpoint: s.URL, CAFile: file}); err != nil {
		t.Error(err)
	}
	if err := Examine(t.Context(), Config{Endpoint: s.URL}); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("got %v", err)
	}
}
