// Package prometheus is the kind of check that judges the values of a query.
package prometheus

import (
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"

	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind prometheus.
type Options struct {
	URL   string `mapstructure:"url"`   // base of the server, http or https: "http://prometheus.example.com:9090"
	Query string `mapstructure:"query"` // PromQL; its value is a number or an instant vector

	DegradedAbove *float64       `mapstructure:"degraded_above"`
	DegradedBelow *float64       `mapstructure:"degraded_below"`
	FailAbove     *float64       `mapstructure:"fail_above"`
	FailBelow     *float64       `mapstructure:"fail_below"`
	NoData        checks.Outcome `mapstructure:"no_data"` // what an empty answer is

	Headers         map[string]string  `mapstructure:"headers"`
	BasicAuth       httpkind.BasicAuth `mapstructure:"basic_auth"`
	BearerToken     string             `mapstructure:"bearer_token"`
	BearerTokenFile string             `mapstructure:"bearer_token_file"`
	CAFile          string             `mapstructure:"ca_file"`
	InsecureTLS     bool               `mapstructure:"insecure_tls"`
	Dir             string             `mapstructure:"dir"` // folder that the files are found from; default the folder of the file that defines the check

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "prometheus",
	Summary: "The value of a PromQL query is within its limits.",
	Options: func() any { return &Options{NoData: checks.Unknown} },
	Build:   build,
	Example: `{url: "http://prometheus.example.com:9090", query: "histogram_quantile(0.99, sum by (le) (rate(pay_seconds_bucket[5m])))", degraded_above: 0.8, fail_above: 3}`,
	Proven:  "Prometheus 2.42",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"value":   claim.Any,
	"values":  claim.List(claim.Double),
	"series":  claim.Int,
	"latency": claim.Duration,

	probe.CertificateFact: claim.Any,
})

type prober struct {
	http     *httpkind.Prober
	limits   valueLimits
	noData   checks.Outcome
	claims   *claim.Set
	measures bool // the values are a component's own metrics
}

// valueLimits are bounds of a value; nil for none.
type valueLimits struct{ degradedAbove, degradedBelow, failAbove, failBelow *float64 }

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(o.Query) == "" {
		return nil, &probe.OptionError{Key: "query", Problem: "is empty", Instead: "write PromQL such as up == 0"}
	}
	p := &prober{noData: o.NoData, measures: c.Measures != "", limits: valueLimits{o.DegradedAbove, o.DegradedBelow, o.FailAbove, o.FailBelow}}
	switch o.NoData {
	case checks.Pass, checks.Fail, checks.Unknown, checks.Degraded:
	case "":
		p.noData = checks.Unknown
	default:
		return nil, &probe.OptionError{Key: "no_data", Problem: "is not an outcome", Instead: "write pass, degraded, fail or unknown"}
	}
	if err := p.limits.check(); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	base, err := probe.ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if base.RawQuery != "" || base.Fragment != "" {
		return nil, &probe.OptionError{Key: "url", Problem: "is more than the base of the server", Instead: "write it without a question mark, such as http://prometheus.example.com:9090"}
	}
	base.Path = strings.TrimSuffix(base.Path, "/") + "/api/v1/query"
	headers := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
	for name := range o.Headers {
		delete(headers, textproto.CanonicalMIMEHeaderKey(name)) // however it is written there
	}
	maps.Copy(headers, o.Headers)
	p.http, err = httpkind.NewProber(c, &httpkind.Options{Method: http.MethodPost, URL: base.String(), Headers: headers, Status: []any{"100-599"},
		Body: url.Values{"query": {o.Query}, "timeout": {c.Timeout.String()}}.Encode(), BasicAuth: o.BasicAuth,
		BearerToken: o.BearerToken, BearerTokenFile: o.BearerTokenFile, CAFile: o.CAFile, InsecureTLS: o.InsecureTLS, Dir: o.Dir})
	return p.run, err
}

func (l valueLimits) check() error {
	for _, pair := range []struct {
		key       string
		low, high *float64
	}{
		{"fail_above", l.degradedAbove, l.failAbove}, {"degraded_below", l.failBelow, l.degradedBelow},
		{"degraded_above", l.degradedBelow, l.degradedAbove}, {"fail_above", l.failBelow, l.failAbove},
	} {
		if pair.low != nil && pair.high != nil && *pair.low >= *pair.high {
			return &probe.OptionError{Key: pair.key, Problem: "leaves no room for a value that is right", Instead: "order them fail_below, degraded_below, degraded_above, fail_above"}
		}
	}
	return nil
}

// series is one value with the labels that tell it from others.
type series struct {
	labels map[string]string
	value  float64
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	v := &httpkind.Session{Keep: true}
	r := p.http.Visit(ctx, v)
	took := time.Since(start)
	v.Hide(&r)
	if r.Outcome != checks.Pass {
		// Nothing was learnt of the product, only of who should have told.
		if r.Outcome == checks.Fail {
			r.Outcome = checks.Unknown
		}
		r.Summary = "Prometheus could not be asked: " + r.Summary
		return r
	}
	list, warnings, err := readSeries(v.Code, v.Body)
	if err != nil {
		asked := probe.Internal(err.Error())
		asked.Phases, asked.Duration = r.Phases, took
		asked.Evidence = &checks.Evidence{Status: v.Code, Output: probe.Head(v.Body)}
		v.Hide(&asked)
		return asked
	}
	phases := r.Phases
	r = p.judge(list)
	r.Phases, r.Duration = phases, took
	if p.claims != nil && len(list) > 0 {
		values := make([]float64, len(list))
		for i, s := range list {
			values[i] = s.value
		}
		r = p.claims.Judged(ctx, r, claim.Facts{"value": values[0], "values": values, "series": len(list), "latency": took, probe.CertificateFact: v.Certificate()})
	}
	if r.Outcome != checks.Pass {
		r.Evidence = &checks.Evidence{Status: v.Code, Output: seriesText(list)}
		v.Hide(&r)
	}
	warn(&r, warnings, v)
	if perf := seriesPerf(list); p.measures && perf != nil {
		if r.Evidence == nil {
			r.Evidence = &checks.Evidence{Status: v.Code}
		}
		r.Evidence.Perf = perf
	}
	return r
}

// seriesPerf gives the values of the first series, for a component's metrics.
func seriesPerf(list []series) (perf []checks.Perf) {
	for _, s := range list {
		name := labelText(s.labels)
		if name == "" {
			name = "value"
		}
		if probe.GoodLabel(name) && !math.IsNaN(s.value) && !math.IsInf(s.value, 0) && len(perf) < probe.PerfMax {
			perf = append(perf, checks.Perf{Label: name, Value: s.value})
		}
	}
	return perf
}

// readSeries reads the answer of the query API
// (https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries).
func readSeries(code int, body []byte) (list []series, warnings []string, err error) {
	var said struct {
		Status string   `json:"status"`
		Type   string   `json:"errorType"`
		Error  string   `json:"error"`
		Warn   []string `json:"warnings"` // what the value may lack, as of a store that did not answer
		Data   struct {
			Type   string          `json:"resultType"`
			Result json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Status == "" {
		if code/100 != 2 {
			return nil, nil, errors.New("Prometheus answers " + probe.StatusText(code)) //nolint:staticcheck // a name begins with a capital
		}
		return nil, nil, errors.New("the answer is not one of Prometheus's, or longer than the 64 KiB that a check reads")
	}
	if said.Status != "success" {
		return nil, nil, fmt.Errorf("Prometheus refuses the query (%s): %s", said.Type, said.Error) //nolint:staticcheck // a name begins with a capital
	}
	switch said.Data.Type {
	case "scalar":
		s := series{}
		if err := readPoint(said.Data.Result, &s.value); err != nil {
			return nil, nil, err
		}
		list = append(list, s)
	case "vector":
		var found []struct {
			Labels map[string]string `json:"metric"`
			Point  json.RawMessage   `json:"value"`
		}
		if json.Unmarshal(said.Data.Result, &found) != nil {
			return nil, nil, errPoint
		}
		for _, f := range found {
			s := series{labels: f.Labels}
			if err := readPoint(f.Point, &s.value); err != nil {
				return nil, nil, err
			}
			list = append(list, s)
		}
	default:
		return nil, nil, errors.New("the query's value is a " + probe.Quoted(probe.ClipRunes(said.Data.Type, 20)) + "; write one whose value is a number or an instant vector")
	}
	return list, said.Warn, nil
}

// warn adds what Prometheus warns of, which makes its answer less than whole.
func warn(r *checks.Result, warnings []string, v *httpkind.Session) {
	if len(warnings) == 0 {
		return
	}
	r.Summary += "; Prometheus warns: " + probe.OneLine(warnings[0])
	if r.Evidence == nil {
		r.Evidence = &checks.Evidence{Status: v.Code}
	}
	r.Evidence.Output += "warnings:\n" + strings.Join(warnings, "\n") + "\n"
	v.Hide(r)
}

var errPoint = errors.New("the answer holds a value that is none")

// readPoint reads [time, "value"].
func readPoint(data json.RawMessage, into *float64) error {
	var point [2]any
	if json.Unmarshal(data, &point) != nil {
		return errPoint
	}
	text, ok := point[1].(string)
	value, err := strconv.ParseFloat(text, 64) // takes NaN and +Inf as Prometheus writes them
	if !ok || err != nil {
		return errPoint
	}
	*into = value
	return nil
}

// judge makes the result of the worst of all series.
func (p *prober) judge(list []series) checks.Result {
	if len(list) == 0 {
		r := checks.Result{Outcome: p.noData, Summary: "the query finds no series"}
		switch p.noData {
		case checks.Pass:
		case checks.Unknown:
			r.Reason = checks.ReasonInternal
		default:
			r.Reason = checks.ReasonAssertion
		}
		return r
	}
	var worst checks.Result
	first := true
	bad := 0
	for _, s := range list {
		r := p.limits.judge(s)
		if r.Outcome != checks.Pass {
			bad++
		}
		if first || hurt(r.Outcome) > hurt(worst.Outcome) {
			worst, first = r, false
		}
	}
	if len(list) > 1 {
		if worst.Outcome == checks.Pass {
			worst.Summary = strconv.Itoa(len(list)) + " series within their limits"
		} else {
			worst.Summary += ", one of " + strconv.Itoa(bad) + " of " + strconv.Itoa(len(list)) + " series"
		}
	}
	return worst
}

// hurt orders outcomes by how bad they are.
func hurt(o checks.Outcome) int {
	return slices.Index([]checks.Outcome{checks.Pass, checks.Unknown, checks.Degraded, checks.Fail}, o)
}

func (l valueLimits) judge(s series) checks.Result {
	text := number6(s.value)
	if name := labelText(s.labels); name != "" {
		text = name + " is " + text
	} else {
		text = "the value is " + text
	}
	limit := func(o checks.Outcome, word string, at *float64) checks.Result {
		return checks.Result{Outcome: o, Reason: checks.ReasonAssertion, Summary: text + ", " + word + " " + number6(*at)}
	}
	switch {
	case math.IsNaN(s.value): // no division by nothing is within limits, or outside
		return checks.Result{Outcome: checks.Unknown, Reason: checks.ReasonInternal, Summary: text + ": no number"}
	case l.failAbove != nil && s.value > *l.failAbove:
		return limit(checks.Fail, "limit", l.failAbove)
	case l.failBelow != nil && s.value < *l.failBelow:
		return limit(checks.Fail, "at least", l.failBelow)
	case l.degradedAbove != nil && s.value > *l.degradedAbove:
		return limit(checks.Degraded, "limit", l.degradedAbove)
	case l.degradedBelow != nil && s.value < *l.degradedBelow:
		return limit(checks.Degraded, "at least", l.degradedBelow)
	}
	return checks.Result{Outcome: checks.Pass, Summary: text}
}

func number6(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// labelText names a series: "up{instance=\"a:1\"}".
func labelText(labels map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if k != "__name__" {
			parts = append(parts, k+"="+probe.Quoted(labels[k]))
		}
	}
	text := labels["__name__"]
	if len(parts) > 0 {
		text += "{" + strings.Join(parts, ",") + "}"
	}
	return probe.ClipRunes(text, probe.SummaryMax/2)
}

func seriesText(list []series) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(labelText(s.labels) + " " + number6(s.value) + "\n")
		if b.Len() > 2*probe.OutputMax {
			break
		}
	}
	return b.String()
}
