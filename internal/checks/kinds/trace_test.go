package kinds

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	grpckind "github.com/statusbot/statusbot/internal/checks/kind/grpc"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// parent is a traceparent of version 00, as https://www.w3.org/TR/trace-context/ has it.
var parent = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-01$`)

// sampled is a real server that remembers under which traces it was asked. It refuses
// what it is asked for but /on and /away, which leads there.
type sampled struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // guarded by mu: what the header said, or "none"
	body string   // guarded by mu
}

func traced(t *testing.T) *sampled {
	s := &sampled{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		said := strings.Join(r.Header.Values("Traceparent"), "+")
		if said == "" {
			said = "none"
		}
		s.mu.Lock()
		s.seen, s.body = append(s.seen, said), string(body)
		s.mu.Unlock()
		switch {
		case r.URL.Path == "/away":
			http.Redirect(w, r, "/here", http.StatusFound)
		case r.Header.Get("Content-Type") == "application/grpc":
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", "14")
		case r.URL.Path != "/well":
			w.Header().Set("X-Request-Id", "7f3a")
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// since is what the server has seen since it was last asked.
func (s *sampled) since() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.seen
	s.seen = nil
	return got
}

func compiled(t *testing.T, kind *probe.Kind, trace bool, options any) *probe.Compiled {
	t.Helper()
	p, err := probetest.Compiled(kind, checks.Check{ID: "a", Product: "p", Kind: kind.Name, Every: time.Minute, Timeout: time.Minute, Options: options, Trace: trace})
	probetest.OK(t, err)
	return p
}

func asking(url string, change func(*httpkind.Options)) *httpkind.Options {
	o := httpkind.Kind.Options().(*httpkind.Options)
	o.URL = url
	if change != nil {
		change(o)
	}
	return o
}

// TestAProbeCarriesItsTrace: what failed is found at who answered it by the id in its
// evidence; a redirect is of the same trace, and another request of it; without Trace, or
// where the options name the header, nothing is put there.
func TestAProbeCarriesItsTrace(t *testing.T) {
	t.Parallel()
	s := traced(t)
	for name, c := range map[string]struct {
		trace   bool
		path    string
		change  func(*httpkind.Options)
		asked   int
		outcome checks.Outcome
	}{
		"HTTP/1.1":         {true, "/", nil, 1, checks.Fail},
		"HTTP/2":           {true, "/", func(o *httpkind.Options) { o.Version = "2" }, 1, checks.Fail},
		"a redirect":       {true, "/away", nil, 2, checks.Fail},
		"a kept one":       {true, "/", func(o *httpkind.Options) { o.Reuse = true }, 1, checks.Fail},
		"a pass":           {true, "/well", nil, 1, checks.Pass},
		"with a body":      {true, "/", func(o *httpkind.Options) { o.Method, o.Body = "POST", "\r\ntraceparent: mine" }, 1, checks.Fail},
		"none":             {false, "/", nil, 1, checks.Fail},
		"of the options":   {true, "/", func(o *httpkind.Options) { o.Headers = map[string]string{"TraceParent": "mine"} }, 1, checks.Fail},
		"of HTTP/2's, too": {true, "/", func(o *httpkind.Options) { o.Version, o.Headers = "2", map[string]string{"traceparent": "mine"} }, 1, checks.Fail},
	} {
		p := compiled(t, &httpkind.Kind, c.trace, asking(s.URL+c.path, c.change))
		ids := map[string]bool{}
		for range 3 {
			r, ok := p.Run(t.Context())
			seen := s.since()
			if !ok || r.Outcome != c.outcome || len(seen) != c.asked {
				t.Fatalf("%s: %v %+v, asked %q", name, ok, r, seen)
			}
			switch want := map[string]string{"none": "none", "of the options": "mine", "of HTTP/2's, too": "mine"}[name]; {
			case want != "":
				if seen[0] != want || r.Evidence.RequestID != "x-request-id=7f3a" {
					t.Errorf("%s: the server got %q, and the evidence has %q", name, seen, r.Evidence.RequestID)
				}
				continue
			case c.outcome == checks.Pass && r.Evidence != nil:
				t.Errorf("%s: evidence %+v", name, r.Evidence)
			}
			trace, spans := "", []string{}
			for _, said := range seen {
				m := parent.FindStringSubmatch(said)
				if m == nil || strings.Trim(m[1], "0") == "" || strings.Trim(m[2], "0") == "" || trace != "" && trace != m[1] || slices.Contains(spans, m[2]) {
					t.Fatalf("%s: the server got %q", name, seen)
				}
				trace, spans = m[1], append(spans, m[2])
			}
			ids[trace] = true
			if want := "trace=" + trace + ", x-request-id=7f3a"; r.Evidence != nil && r.Evidence.RequestID != want {
				t.Errorf("%s: the evidence has %q, want %q", name, r.Evidence.RequestID, want)
			}
		}
		if len(ids) != 3 && len(ids) != 0 {
			t.Errorf("%s: three probes have the traces %v", name, ids)
		}
		if name == "with a body" && s.body != "\r\ntraceparent: mine" {
			t.Errorf("the body came as %q", s.body)
		}
	}
}

// TestProbesAtOnceHaveTracesOfTheirOwn: the probes of a burst send the same request, each
// under its own id.
func TestProbesAtOnceHaveTracesOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := traced(t)
	p := compiled(t, &httpkind.Kind, true, asking(s.URL, nil))
	const n = 50
	var group sync.WaitGroup
	told := make([]string, n)
	for i := range n {
		group.Go(func() {
			r, _ := p.Run(context.Background())
			told[i] = r.Evidence.RequestID
		})
	}
	group.Wait()
	seen := s.since()
	for _, said := range seen {
		if want := fmt.Sprintf("trace=%s, x-request-id=7f3a", parent.FindStringSubmatch(said)[1]); !slices.Contains(told, want) {
			t.Errorf("no evidence has %s", want)
		}
	}
	slices.Sort(told)
	if len(slices.Compact(told)) != n || len(seen) != n {
		t.Errorf("of %d probes there are %d traces", n, len(slices.Compact(told)))
	}
}

// TestACallOfGRPCCarriesItsTrace: likewise, and metadata that the options name stay.
func TestACallOfGRPCCarriesItsTrace(t *testing.T) {
	t.Parallel()
	s := traced(t)
	for name, o := range map[string]*grpckind.Options{"own": {}, "of the options": {Metadata: map[string]string{"traceparent": "mine"}}} {
		o.Address = strings.TrimPrefix(s.URL, "http://")
		r, ok := compiled(t, &grpckind.Kind, true, o).Run(t.Context())
		seen := s.since()
		if !ok || r.Outcome != checks.Fail || r.Reason != checks.ReasonStatus || len(seen) != 1 {
			t.Fatalf("%s: %+v, asked %q", name, r, seen)
		}
		m := parent.FindStringSubmatch(seen[0])
		switch {
		case name == "own" && (m == nil || r.Evidence.RequestID != "trace="+m[1]):
			t.Errorf("the server got %q, and the evidence has %q", seen, r.Evidence.RequestID)
		case name != "own" && (seen[0] != "mine" || r.Evidence.RequestID != ""):
			t.Errorf("the server got %q, and the evidence has %q", seen, r.Evidence.RequestID)
		}
	}
}

// TestWhatWasNotSentHasNoTrace: where nobody listens there is nothing to be found.
func TestWhatWasNotSentHasNoTrace(t *testing.T) {
	t.Parallel()
	s := traced(t)
	s.Close()
	r, _ := compiled(t, &httpkind.Kind, true, asking(s.URL, nil)).Run(t.Context())
	if r.Outcome != checks.Fail || r.Evidence != nil && r.Evidence.RequestID != "" {
		t.Errorf("got %+v %+v", r, r.Evidence)
	}
}

// BenchmarkTraceRatio makes probes with and without a trace take turns.
func BenchmarkTraceRatio(b *testing.B) {
	url := probetest.StartTarget(b, "http") + "/health"
	once := func(trace bool) func() {
		c := benchCheck(url)
		c.Trace = trace
		p, err := probetest.Compiled(&httpkind.Kind, c)
		probetest.OK(b, err)
		return func() {
			if r, ok := p.Run(context.Background()); !ok || r.Outcome != checks.Pass {
				b.Fatalf("got %v %+v, want a pass", ok, r)
			}
		}
	}
	with, without := once(true), once(false)
	with()
	without()
	const turn = 50
	benchRatio(b, turn, func() {
		for range turn {
			with()
		}
	}, func() {
		for range turn {
			without()
		}
	})
}
