package prometheus

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// startPrometheus runs a real server with a rule that makes the series which a
// scrape would: targets are looked for only five seconds after a start.
func startPrometheus(t *testing.T) (url string, stop func()) {
	t.Helper()
	program := probetest.NeedProgram(t, "prometheus", "/usr/bin/prometheus")
	dir := probetest.HumbleDir(t)
	port := probetest.FreePort(t)
	conf, rules := filepath.Join(dir, "prometheus.yml"), filepath.Join(dir, "rules.yml")
	probetest.OK(t, os.WriteFile(conf, fmt.Appendf(nil, "global: {evaluation_interval: 200ms}\nrule_files: ['%s']\n", rules), 0o644))
	probetest.OK(t, os.WriteFile(rules, fmt.Appendf(nil, "groups: [{name: self, rules: [{record: up, expr: vector(1), labels: {job: self, instance: '127.0.0.1:%s'}}]}]\n", port), 0o644))
	server, _ := probetest.StartDatabase(t, dir, syscall.SIGTERM, program, "--config.file="+conf, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:"+port, "--log.level=error")
	return "http://127.0.0.1:" + port, func() {
		probetest.OK(t, server.Process.Kill())
		_ = server.Wait()
	}
}

func options(url, query string, change ...func(*Options)) *Options {
	o := Kind.Options().(*Options)
	o.URL, o.Query = url, query
	for _, f := range change {
		f(o)
	}
	return o
}

func TestPrometheus(t *testing.T) {
	at, stop := startPrometheus(t)
	n := func(v float64) *float64 { return &v }
	probetest.UntilPass(t, &Kind, options(at, "up{job='self'}", func(o *Options) { o.FailBelow = n(1) }))
	const long = time.Minute
	const three = "label_replace(vector(1), 'a', 'x', '', '') or label_replace(vector(5), 'a', 'y', '', '') or label_replace(vector(9), 'a', 'z', '', '')"
	for _, tt := range []struct {
		name    string
		query   string
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"no limits", "vector(5)", func(*Options) {}, checks.Pass, "", "the value is 5"},
		{"number", "1 + 0.5", func(o *Options) { o.FailAbove = n(2) }, checks.Pass, "", "the value is 1.5"},
		{"a series", "up", func(o *Options) { o.FailBelow = n(1) }, checks.Pass, "", "up{"},
		{"below", "up - 1", func(o *Options) { o.FailBelow = n(1) }, checks.Fail, checks.ReasonAssertion, "is 0, at least 1"},
		{"above", "vector(5)", func(o *Options) { o.DegradedAbove, o.FailAbove = n(2), n(4) }, checks.Fail, checks.ReasonAssertion, "the value is 5, limit 4"},
		{"degraded", "vector(3)", func(o *Options) { o.DegradedAbove, o.FailAbove = n(2), n(4) }, checks.Degraded, checks.ReasonAssertion, "the value is 3, limit 2"},
		{"degraded below", "vector(3)", func(o *Options) { o.DegradedBelow = n(4) }, checks.Degraded, checks.ReasonAssertion, "at least 4"},
		{"worst of three", three, func(o *Options) { o.DegradedAbove, o.FailAbove = n(2), n(8) }, checks.Fail, checks.ReasonAssertion, `{a="z"} is 9, limit 8, one of 2 of 3 series`},
		{"three", three, func(o *Options) { o.FailAbove = n(10) }, checks.Pass, "", "3 series within their limits"},
		{"no data", "nothing_of_that_name", func(*Options) {}, checks.Unknown, checks.ReasonInternal, "the query finds no series"},
		{"no data is right", "up == 0", func(o *Options) { o.NoData = checks.Pass }, checks.Pass, "", "the query finds no series"},
		{"no data is wrong", "nothing_of_that_name", func(o *Options) { o.NoData = checks.Fail }, checks.Fail, checks.ReasonAssertion, "the query finds no series"},
		{"not a number", "vector(0) / 0", func(o *Options) { o.FailAbove = n(1) }, checks.Unknown, checks.ReasonInternal, "NaN: no number"},
		{"infinite", "vector(1) / 0", func(o *Options) { o.FailAbove = n(1) }, checks.Fail, checks.ReasonAssertion, "+Inf, limit 1"},
		{"range", "up[1m]", func(*Options) {}, checks.Unknown, checks.ReasonInternal, `is a "matrix"`},
		{"bad query", "sum(", func(*Options) {}, checks.Unknown, checks.ReasonInternal, "Prometheus refuses the query (bad_data): "},
		{"claims", three, func(o *Options) { o.Expect = []string{"series == 3 && values.exists(v, v == 9.0)"} }, checks.Pass, "", ""},
		{"false claim", "vector(5)", func(o *Options) { o.DegradedIf = []string{"value > 4.0"} }, checks.Degraded, checks.ReasonAssertion, "value is 5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			probetest.WantResult(t, probetest.Probing(t, &Kind, options(at, tt.query, tt.change), long), tt.outcome, tt.reason, tt.summary)
		})
	}
	t.Run("measures", func(t *testing.T) {
		for query, want := range map[string][]checks.Perf{
			"vector(5)": {{Label: "value", Value: 5}},
			three:       {{Label: `{a="x"}`, Value: 1}, {Label: `{a="y"}`, Value: 5}, {Label: `{a="z"}`, Value: 9}},
			"vector(0) / 0 or label_replace(vector(1), 'a', 'x', '', '')": {{Label: `{a="x"}`, Value: 1}},
			"nothing_of_that_name": nil,
		} {
			probe, err := Kind.Build(checks.Check{ID: "m", Kind: "prometheus", Every: long, Timeout: long, Measures: "auth", Options: options(at, query)})
			probetest.OK(t, err)
			r := probe(t.Context())
			var got []checks.Perf
			if r.Evidence != nil {
				got = r.Evidence.Perf
			}
			slices.SortFunc(got, func(x, y checks.Perf) int { return strings.Compare(x.Label, y.Label) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: values (-want +got):\n%s", query, diff)
			}
		}
	})
	t.Run("stopped", func(t *testing.T) {
		stop()
		probetest.WantResult(t, probetest.Probing(t, &Kind, options(at, "up"), long), checks.Unknown, checks.ReasonConnect, "Prometheus could not be asked: no connection: connection refused")
	})
}

func TestPrometheusStrangers(t *testing.T) {
	var say string
	code := 200
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "probe" || password != "open sesame" {
			http.Error(w, "who is "+r.Header.Get("Authorization"), http.StatusUnauthorized)
			return
		}
		w.WriteHeader(code)
		io.WriteString(w, say)
	}))
	defer server.Close()
	for _, tt := range []struct {
		code      int
		say, want string
	}{
		{200, "<html>", "the answer is not one of Prometheus's"},
		{200, strings.Repeat("x", 100_000), "the answer is not one of Prometheus's"},
		{502, "bad gateway", "Prometheus answers HTTP 502"},
		{200, `{"status":"success","data":{"resultType":"vector","result":[{"value":[1,2]}]}}`, errPoint.Error()},
		{200, `{"status":"success","data":{"resultType":"vector","result":7}}`, errPoint.Error()},
		{200, `{"status":"success","data":{"resultType":"scalar","result":[1,"x"]}}`, errPoint.Error()},
	} {
		say, code = tt.say, tt.code
		o := options(server.URL, "up", func(o *Options) { o.BasicAuth = httpkind.BasicAuth{User: "probe", Password: "open sesame"} })
		probetest.WantResult(t, probetest.Probing(t, &Kind, o, 5*time.Second), checks.Unknown, checks.ReasonInternal, tt.want)
	}
	r := probetest.Probing(t, &Kind, options(server.URL, "up", func(o *Options) { o.BasicAuth = httpkind.BasicAuth{User: "probe", Password: "sesame street"} }), 5*time.Second)
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "Prometheus answers HTTP 401")
	probetest.NoSecret(t, r, "sesame street")
}

func TestPrometheusOptions(t *testing.T) {
	n := func(v float64) *float64 { return &v }
	for key, change := range map[string]func(*Options){
		"url":            func(o *Options) { o.URL = "prometheus:9090" },
		"query":          func(o *Options) { o.Query = " " },
		"no_data":        func(o *Options) { o.NoData = "maybe" },
		"fail_above":     func(o *Options) { o.DegradedAbove, o.FailAbove = n(2), n(2) },
		"degraded_below": func(o *Options) { o.DegradedBelow, o.FailBelow = n(2), n(3) },
		"degraded_above": func(o *Options) { o.DegradedBelow, o.DegradedAbove = n(3), n(2) },
		"expect":         func(o *Options) { o.Expect = []string{"value +"} },
	} {
		probetest.WantOptionError(t, &Kind, options("http://prometheus.example.com:9090", "up", change), key)
	}
}

func FuzzSeries(f *testing.F) {
	f.Add(200, []byte(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"NaN"]}]}}`))
	f.Add(422, []byte(`{"status":"error","errorType":"bad_data","error":"no"}`))
	f.Fuzz(func(t *testing.T, code int, body []byte) {
		list, _, err := readSeries(code, body)
		if err != nil && list != nil {
			t.Error("values and an error")
		}
		_ = (&prober{noData: checks.Unknown}).judge(list)
		_ = seriesText(list)
	})
}

func TestWarningsAreTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"status":"success","warnings":["store eu-2 did not answer"],"data":{"resultType":"scalar","result":[1,"0.5"]}}`)
	}))
	defer server.Close()
	r := probetest.Probing(t, &Kind, options(server.URL, "x"), time.Minute)
	probetest.WantResult(t, r, checks.Pass, checks.ReasonNone, "the value is 0.5; Prometheus warns: store eu-2 did not answer")
}

// TestACertificateOfPrometheus: of who answers the query.
func TestACertificateOfPrometheus(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"7"]}}`)
	})
	secure, plain := httptest.NewTLSServer(answer), httptest.NewServer(answer)
	defer secure.Close()
	defer plain.Close()
	for _, tt := range []struct {
		url, expression string
		outcome         checks.Outcome
	}{
		{secure.URL, "value == 7 && certificate.days_left > 14 && 'example.com' in certificate.names", checks.Pass},
		{secure.URL, "certificate.days_left > 1000000", checks.Fail},
		{plain.URL, "certificate == null", checks.Pass},
	} {
		r := probetest.Probing(t, &Kind, options(tt.url, "up", func(o *Options) { o.InsecureTLS, o.Expect = true, []string{tt.expression} }), time.Minute)
		if r.Outcome != tt.outcome {
			t.Errorf("%s: %s %s", tt.expression, r.Outcome, r.Summary)
		}
	}
}
