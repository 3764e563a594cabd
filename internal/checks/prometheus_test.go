package checks

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
)

// startPrometheus runs a real server that scrapes itself.
func startPrometheus(t *testing.T) (url string, stop func()) {
	t.Helper()
	program := needProgram(t, "prometheus", "/usr/bin/prometheus")
	dir := humbleDir(t)
	port := freePort(t)
	conf := filepath.Join(dir, "prometheus.yml")
	check(t, os.WriteFile(conf, fmt.Appendf(nil, "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:%s']}]}]\n", port), 0o644))
	server, _ := startDatabase(t, dir, syscall.SIGTERM, program, "--config.file="+conf, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:"+port, "--log.level=error")
	return "http://127.0.0.1:" + port, func() {
		check(t, server.Process.Kill())
		_ = server.Wait()
	}
}

func prometheusOptions(url, query string, change ...func(*PrometheusOptions)) *PrometheusOptions {
	o := prometheusKind.Options().(*PrometheusOptions)
	o.URL, o.Query = url, query
	for _, f := range change {
		f(o)
	}
	return o
}

func TestPrometheus(t *testing.T) {
	at, stop := startPrometheus(t)
	n := func(v float64) *float64 { return &v }
	untilPass(t, "prometheus", prometheusOptions(at, "up{job='self'}", func(o *PrometheusOptions) { o.FailBelow = n(1) }))
	const long = 5 * time.Second
	const three = "label_replace(vector(1), 'a', 'x', '', '') or label_replace(vector(5), 'a', 'y', '', '') or label_replace(vector(9), 'a', 'z', '', '')"
	for _, tt := range []struct {
		name    string
		query   string
		change  func(*PrometheusOptions)
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"no limits", "vector(5)", func(*PrometheusOptions) {}, Pass, "", "the value is 5"},
		{"number", "1 + 0.5", func(o *PrometheusOptions) { o.FailAbove = n(2) }, Pass, "", "the value is 1.5"},
		{"scraped", "up", func(o *PrometheusOptions) { o.FailBelow = n(1) }, Pass, "", "up{"},
		{"below", "up - 1", func(o *PrometheusOptions) { o.FailBelow = n(1) }, Fail, ReasonAssertion, "is 0, at least 1"},
		{"above", "vector(5)", func(o *PrometheusOptions) { o.DegradedAbove, o.FailAbove = n(2), n(4) }, Fail, ReasonAssertion, "the value is 5, limit 4"},
		{"degraded", "vector(3)", func(o *PrometheusOptions) { o.DegradedAbove, o.FailAbove = n(2), n(4) }, Degraded, ReasonAssertion, "the value is 3, limit 2"},
		{"degraded below", "vector(3)", func(o *PrometheusOptions) { o.DegradedBelow = n(4) }, Degraded, ReasonAssertion, "at least 4"},
		{"worst of three", three, func(o *PrometheusOptions) { o.DegradedAbove, o.FailAbove = n(2), n(8) }, Fail, ReasonAssertion, `{a="z"} is 9, limit 8, one of 2 of 3 series`},
		{"three", three, func(o *PrometheusOptions) { o.FailAbove = n(10) }, Pass, "", "3 series within their limits"},
		{"no data", "nothing_of_that_name", func(*PrometheusOptions) {}, Unknown, ReasonInternal, "the query finds no series"},
		{"no data is right", "up == 0", func(o *PrometheusOptions) { o.NoData = Pass }, Pass, "", "the query finds no series"},
		{"no data is wrong", "nothing_of_that_name", func(o *PrometheusOptions) { o.NoData = Fail }, Fail, ReasonAssertion, "the query finds no series"},
		{"not a number", "vector(0) / 0", func(o *PrometheusOptions) { o.FailAbove = n(1) }, Unknown, ReasonInternal, "NaN: no number"},
		{"infinite", "vector(1) / 0", func(o *PrometheusOptions) { o.FailAbove = n(1) }, Fail, ReasonAssertion, "+Inf, limit 1"},
		{"range", "up[1m]", func(*PrometheusOptions) {}, Unknown, ReasonInternal, `is a "matrix"`},
		{"bad query", "sum(", func(*PrometheusOptions) {}, Unknown, ReasonInternal, "Prometheus refuses the query (bad_data): "},
		{"claims", three, func(o *PrometheusOptions) { o.Expect = []string{"series == 3 && values.exists(v, v == 9.0)"} }, Pass, "", ""},
		{"false claim", "vector(5)", func(o *PrometheusOptions) { o.DegradedIf = []string{"value > 4.0"} }, Degraded, ReasonAssertion, "value is 5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantResult(t, probing(t, "prometheus", prometheusOptions(at, tt.query, tt.change), long), tt.outcome, tt.reason, tt.summary)
		})
	}
	t.Run("measures", func(t *testing.T) {
		for query, want := range map[string][]Perf{
			"vector(5)": {{Label: "value", Value: 5}},
			three:       {{Label: `{a="x"}`, Value: 1}, {Label: `{a="y"}`, Value: 5}, {Label: `{a="z"}`, Value: 9}},
			"vector(0) / 0 or label_replace(vector(1), 'a', 'x', '', '')": {{Label: `{a="x"}`, Value: 1}},
			"nothing_of_that_name": nil,
		} {
			probe, err := prometheusKind.Build(Check{ID: "m", Kind: "prometheus", Every: long, Timeout: long, Measures: "auth", Options: prometheusOptions(at, query)})
			check(t, err)
			r := probe(t.Context())
			var got []Perf
			if r.Evidence != nil {
				got = r.Evidence.Perf
			}
			slices.SortFunc(got, func(x, y Perf) int { return strings.Compare(x.Label, y.Label) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: values (-want +got):\n%s", query, diff)
			}
		}
	})
	t.Run("stopped", func(t *testing.T) {
		stop()
		wantResult(t, probing(t, "prometheus", prometheusOptions(at, "up"), long), Unknown, ReasonConnect, "Prometheus could not be asked: no connection: connection refused")
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
		o := prometheusOptions(server.URL, "up", func(o *PrometheusOptions) { o.BasicAuth = BasicAuth{User: "probe", Password: "open sesame"} })
		wantResult(t, probing(t, "prometheus", o, 5*time.Second), Unknown, ReasonInternal, tt.want)
	}
	r := probing(t, "prometheus", prometheusOptions(server.URL, "up", func(o *PrometheusOptions) { o.BasicAuth = BasicAuth{User: "probe", Password: "sesame street"} }), 5*time.Second)
	wantResult(t, r, Unknown, ReasonInternal, "Prometheus answers HTTP 401")
	noSecret(t, r, "sesame street")
}

func TestPrometheusOptions(t *testing.T) {
	n := func(v float64) *float64 { return &v }
	for key, change := range map[string]func(*PrometheusOptions){
		"url":            func(o *PrometheusOptions) { o.URL = "prometheus:9090" },
		"query":          func(o *PrometheusOptions) { o.Query = " " },
		"no_data":        func(o *PrometheusOptions) { o.NoData = "maybe" },
		"fail_above":     func(o *PrometheusOptions) { o.DegradedAbove, o.FailAbove = n(2), n(2) },
		"degraded_below": func(o *PrometheusOptions) { o.DegradedBelow, o.FailBelow = n(2), n(3) },
		"degraded_above": func(o *PrometheusOptions) { o.DegradedBelow, o.DegradedAbove = n(3), n(2) },
		"expect":         func(o *PrometheusOptions) { o.Expect = []string{"value +"} },
	} {
		wantOptionError(t, "prometheus", prometheusOptions("http://prometheus.example.com:9090", "up", change), key)
	}
}

func FuzzSeries(f *testing.F) {
	f.Add(200, []byte(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"NaN"]}]}}`))
	f.Add(422, []byte(`{"status":"error","errorType":"bad_data","error":"no"}`))
	f.Fuzz(func(t *testing.T, code int, body []byte) {
		list, err := readSeries(code, body)
		if err != nil && list != nil {
			t.Error("values and an error")
		}
		_ = (&prometheusProbe{noData: Unknown}).judge(list)
		_ = seriesText(list)
	})
}
