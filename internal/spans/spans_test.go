package spans

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/checks"
	grpckind "github.com/statusbot/statusbot/internal/checks/kind/grpc"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/kind/journey"
	"github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// collector is a real server that takes spans as OTLP's specification has them, or
// answers as it is told.
type collector struct {
	*httptest.Server
	posts chan *http.Request // each that came, its body read into got
	got   chan []span
}

// answering takes no more than a test reads: what a post is answered is decided by answer.
func answering(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, n int)) *collector {
	t.Helper()
	c := &collector{posts: make(chan *http.Request, 100), got: make(chan []span, 100)}
	var mu sync.Mutex
	n := 0
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // cut off
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s", r.Method, r.Header.Get("Content-Type"))
		}
		c.posts <- r
		c.got <- strictly(t, body)
		mu.Lock()
		n++
		now := n
		mu.Unlock()
		answer(w, r, now)
	}))
	t.Cleanup(c.Close)
	return c
}

func taking(t *testing.T) *collector {
	t.Helper()
	return answering(t, func(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = io.WriteString(w, "{}") })
}

var traceID, spanID = regexp.MustCompile(`^[0-9a-f]{32}$`), regexp.MustCompile(`^[0-9a-f]{16}$`)

// strictly decodes what was posted, and minds what the specification says of its form
// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): no other names, ids
// in hex, times as texts of whole numbers.
func strictly(t *testing.T, body []byte) []span {
	t.Helper()
	var r request
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Errorf("%v: %s", err, body)
		return nil
	}
	for _, name := range []string{"startTimeUnixNano", "endTimeUnixNano"} {
		if !regexp.MustCompile(`"` + name + `":"[0-9]{19}"`).Match(body) {
			t.Errorf("%s is not a text: %s", name, body)
		}
	}
	if strings.Contains(string(body), `"intValue":`) && !regexp.MustCompile(`"intValue":"[0-9]+"`).Match(body) {
		t.Errorf("a whole number is not a text: %s", body)
	}
	if len(r.Resources) != 1 || len(r.Resources[0].Scopes) != 1 || said(r.Resources[0].Resource.Attributes)["service.name"] != "statusbot" {
		t.Errorf("got %s", body)
		return nil
	}
	list := r.Resources[0].Scopes[0].Spans
	for _, s := range list {
		if !traceID.MatchString(s.Trace) || !spanID.MatchString(s.ID) || strings.Trim(s.Trace, "0") == "" || strings.Trim(s.ID, "0") == "" || s.End < s.Start {
			t.Errorf("got %+v", s)
		}
		last := s.Start
		for _, e := range s.Events {
			if e.Time < last || e.Time > s.End {
				t.Errorf("%s: the event %s at %d is not between %d and %d", s.Name, e.Name, e.Time, last, s.End)
			}
			last = e.Time
		}
	}
	return list
}

// said is what attributes say :: key -> value as text.
func said(list []attribute) map[string]string {
	all := map[string]string{}
	for _, a := range list {
		switch v := a.Value; {
		case v.Text != nil:
			all[a.Key] = *v.Text
		case v.Number != nil:
			all[a.Key] = strconv.FormatFloat(*v.Number, 'g', -1, 64)
		default:
			all[a.Key] = v.Whole
		}
	}
	return all
}

// service is a real server that remembers under which spans it was asked.
type service struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // guarded by mu; what traceparent said, "trace span"
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if parts := strings.Split(r.Header.Get("Traceparent"), "-"); len(parts) == 4 {
			s.asked = append(s.asked, parts[1]+" "+parts[2])
		}
		s.mu.Unlock()
		switch {
		case r.URL.Path == "/away":
			http.Redirect(w, r, "/here?ticket=gotten", http.StatusFound)
		case r.Header.Get("Content-Type") == "application/grpc":
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", "14")
		case r.URL.Path == "/broken":
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

func (s *service) since() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.asked
	s.asked = nil
	return got
}

// probed makes one probe of a check and tells the exporter.
func probed(t *testing.T, e *Exporter, kind *probe.Kind, options any) checks.Result {
	t.Helper()
	c := checks.Check{ID: "pay/page", Product: "pay", Kind: kind.Name, Every: time.Minute, Timeout: time.Minute, Options: options, Trace: kind.Traced}
	p, err := probetest.Compiled(kind, c)
	probetest.OK(t, err)
	r, sent, ok := p.RunSent(t.Context())
	if !ok {
		t.Fatal("no result")
	}
	e.Told(p.Check, r, sent)
	return r
}

func asking(url string, change func(*httpkind.Options)) *httpkind.Options {
	o := httpkind.Kind.Options().(*httpkind.Options)
	o.URL = url
	if change != nil {
		change(o)
	}
	return o
}

// running runs an exporter to a collector until the test ends, or until end is called.
func running(t *testing.T, to Config) (e *Exporter, log *observer.ObservedLogs, end func()) {
	t.Helper()
	core, log := observer.New(zap.InfoLevel)
	e = New(zap.New(core))
	e.every, e.pause = 20*time.Millisecond, 20*time.Millisecond
	probetest.OK(t, e.Use(to))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { e.Run(ctx); close(ended) }()
	end = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(end)
	return e, log, end
}

// TestASpanIsTheRequest: what a collector gets has the very ids that the service was asked
// under, and says what was asked and answered in OpenTelemetry's words.
func TestASpanIsTheRequest(t *testing.T) {
	t.Parallel()
	s, c := newService(t), taking(t)
	e, _, _ := running(t, Config{Endpoint: c.URL + "/", Company: "Acme", Version: "v1"})
	host, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	for name, tt := range map[string]struct {
		kind    *probe.Kind
		options any
		status  int
		want    map[string]string // attributes; empty: not there
	}{
		"a pass": {&httpkind.Kind, asking(s.URL+"/?a=b", nil), 0, map[string]string{
			"http.request.method": "GET", "http.response.status_code": "200", "url.full": s.URL + "/?a=b", "statusbot.outcome": "pass", "error.type": ""}},
		"HTTP/2": {&httpkind.Kind, asking(s.URL+"/broken", func(o *httpkind.Options) { o.Version = "2" }), statusError, map[string]string{
			"http.response.status_code": "500", "error.type": "status", "statusbot.outcome": "fail"}},
		"its own method": {&httpkind.Kind, asking(s.URL, func(o *httpkind.Options) { o.Method = "PURGE" }), 0, map[string]string{"http.request.method": "_OTHER"}},
		"gRPC": {&grpckind.Kind, &grpckind.Options{Address: host + ":" + port}, statusError, map[string]string{
			"rpc.system.name": "grpc", "rpc.method": "grpc.health.v1.Health/Check", "rpc.response.status_code": "UNAVAILABLE", "http.request.method": "", "url.full": ""}},
		"a journey of one": {&journey.Kind, &journey.Options{Steps: []journey.Step{{Name: "in", URL: s.URL + "/"}}}, 0, map[string]string{"http.response.status_code": "200"}},
	} {
		r := probed(t, e, tt.kind, tt.options)
		got := <-c.got
		post := <-c.posts
		asked := s.since()
		if len(got) != 1 || len(asked) != 1 || got[0].Trace+" "+got[0].ID != asked[0] || got[0].Kind != kindClient || got[0].Parent != "" {
			t.Fatalf("%s: got %+v, the service was asked under %q", name, got, asked)
		}
		one := got[0]
		if post.URL.Path != "/v1/traces" || one.Status.Code != tt.status || one.Start != at(r.Started) || one.End != at(r.Ended()) || tt.status != 0 && one.Status.Message != r.Summary {
			t.Errorf("%s: to %s, %+v of %+v", name, post.URL.Path, one, r)
		}
		tt.want["server.address"], tt.want["server.port"] = host, port
		tt.want["statusbot.check"], tt.want["statusbot.product"], tt.want["statusbot.vantage"] = "pay/page", "pay", "here"
		has := said(one.Attributes)
		for key, want := range tt.want {
			if has[key] != want {
				t.Errorf("%s: %s is %q, want %q", name, key, has[key], want)
			}
		}
		if n := len(one.Events); n < 2 || one.Events[0].Name != "connect" || one.Events[n-1].Name != "first_byte" {
			t.Errorf("%s: events %+v", name, one.Events)
		}
	}
}

// TestSeveralRequestsHangBelowTheirProbe: those of a redirect and of a journey, each under
// the ids that it carried. Of where an answer led there is the host alone.
func TestSeveralRequestsHangBelowTheirProbe(t *testing.T) {
	t.Parallel()
	s, c := newService(t), taking(t)
	e, _, _ := running(t, Config{Endpoint: c.URL})
	for name, tt := range map[string]struct {
		kind    *probe.Kind
		options any
		urls    []string
		failed  bool
	}{
		"a redirect": {&httpkind.Kind, asking(s.URL+"/away", nil), []string{s.URL + "/away", ""}, false},
		"a journey": {&journey.Kind, &journey.Options{Steps: []journey.Step{{Name: "in", URL: s.URL + "/in"}, {Name: "out", URL: s.URL + "/broken"}, {Name: "never", URL: s.URL}}},
			[]string{s.URL + "/in", s.URL + "/broken"}, true},
	} {
		probed(t, e, tt.kind, tt.options)
		got := <-c.got
		asked := s.since()
		if len(got) != 3 || len(asked) != 2 || got[0].Kind != kindInternal || got[0].Parent != "" || (got[0].Status.Code == statusError) != tt.failed {
			t.Fatalf("%s: got %+v, the service was asked under %q", name, got, asked)
		}
		for i, below := range got[1:] {
			if below.Trace+" "+below.ID != asked[i] || below.Trace != got[0].Trace || below.Parent != got[0].ID || below.Kind != kindClient ||
				below.Start < got[0].Start || below.End > got[0].End || said(below.Attributes)["url.full"] != tt.urls[i] ||
				(below.Status.Code == statusError) != (tt.failed && i == 1) {
				t.Errorf("%s: got %+v below %+v, the service was asked under %q", name, below, got[0], asked[i])
			}
		}
	}
}

// TestWhatSentNoTraceHasASpan: of other kinds, of a request that never left, and of one
// that carried the user's own header.
func TestWhatSentNoTraceHasASpan(t *testing.T) {
	t.Parallel()
	s, c := newService(t), taking(t)
	gone := newService(t)
	gone.Close()
	e, _, _ := running(t, Config{Endpoint: c.URL})
	ids := map[string]bool{}
	for name, tt := range map[string]struct {
		kind    *probe.Kind
		options any
		reason  string
	}{
		"another kind":       {&tcp.Kind, &tcp.Options{Address: strings.TrimPrefix(s.URL, "http://")}, ""},
		"nobody is there":    {&httpkind.Kind, asking(gone.URL, nil), "connect"},
		"a header of theirs": {&httpkind.Kind, asking(s.URL, func(o *httpkind.Options) { o.Headers = map[string]string{"traceparent": "mine"} }), ""},
	} {
		probed(t, e, tt.kind, tt.options)
		got := <-c.got
		if len(got) != 1 || ids[got[0].Trace] || said(got[0].Attributes)["error.type"] != tt.reason || said(got[0].Attributes)["server.address"] != "127.0.0.1" {
			t.Fatalf("%s: %+v", name, got)
		}
		ids[got[0].Trace] = true
	}
}

// TestSecretsAreNotInSpans: those that the configuration has, wherever they stand.
func TestSecretsAreNotInSpans(t *testing.T) {
	t.Parallel()
	s, c := newService(t), taking(t)
	e, _, _ := running(t, Config{Endpoint: c.URL})
	o := asking(strings.Replace(s.URL, "://", "://probe:Zx81-hidden@", 1)+"/broken?token=q27-hidden&a=1", nil)
	probed(t, e, &httpkind.Kind, o)
	got := <-c.got
	all, err := json.Marshal(got)
	probetest.OK(t, err)
	if url := said(got[0].Attributes)["url.full"]; strings.Contains(string(all), "hidden") || !strings.HasPrefix(url, s.URL+"/broken?token=") || !strings.HasSuffix(url, "&a=1") {
		t.Errorf("got %s", all)
	}
}
