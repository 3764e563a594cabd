// Package journey is the kind of check that makes several HTTP requests in a
// row, and carries over what an answer said.
package journey

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// Options are the own part of a check of kind journey: what a client
// does in several requests, as one try.
//
// What a step saves is carried to the steps after it as {{name}}, in urls,
// values of headers and bodies. Cookies are carried by themselves.
type Options struct {
	Steps []Step `mapstructure:"steps"`

	probe.LimitOptions `mapstructure:",squash"` // of the journey as a whole

	// What all steps share; as in httpkind.Options.
	Cookies          map[string]string  `mapstructure:"cookies"`
	BasicAuth        httpkind.BasicAuth `mapstructure:"basic_auth"`
	BearerToken      string             `mapstructure:"bearer_token"`
	BearerTokenFile  string             `mapstructure:"bearer_token_file"`
	OAuth2           httpkind.OAuth2    `mapstructure:"oauth2"`
	Version          string             `mapstructure:"version"`
	Compression      bool               `mapstructure:"compression"`
	Proxy            string             `mapstructure:"proxy"`
	NoProxy          []string           `mapstructure:"no_proxy"`
	TLSMin           string             `mapstructure:"tls_min"`
	TLSMax           string             `mapstructure:"tls_max"`
	CAFile           string             `mapstructure:"ca_file"`
	ClientCertFile   string             `mapstructure:"client_cert_file"`
	ClientKeyFile    string             `mapstructure:"client_key_file"`
	probe.KeyOptions `mapstructure:",squash"`
	InsecureTLS      bool   `mapstructure:"insecure_tls"`
	Dir              string `mapstructure:"dir"`

	probe.WayOptions `mapstructure:",squash"`
}

// Step is one request of a journey; as in httpkind.Options.
type Step struct {
	Name        string                   `mapstructure:"name"` // for people
	Method      string                   `mapstructure:"method"`
	URL         string                   `mapstructure:"url"`
	Headers     map[string]string        `mapstructure:"headers"`
	Body        string                   `mapstructure:"body"`
	Redirects   *int                     `mapstructure:"redirects"` // 5 unless given
	Status      []any                    `mapstructure:"status"`
	Contains    []string                 `mapstructure:"contains"`
	NotContains []string                 `mapstructure:"not_contains"`
	JSON        []httpkind.JSONAssertion `mapstructure:"json"`

	probe.LimitOptions `mapstructure:",squash"`

	claim.Options `mapstructure:",squash"`

	// Save says what later steps are given: :: name -> where it is, as of
	// newSaver.
	Save map[string]string `mapstructure:"save"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "journey",
	Summary: "A client gets through several requests, such as to sign in, to search and to pay.",
	Options: func() any { return &Options{Version: httpkind.Version11} },
	Build:   build,
	Traced:  true,
	Example: `{steps: [{name: sign in, method: POST, url: "https://shop.example.com/login", body: '{"user": "probe"}', save: {token: $.token}}, {name: pay, url: "https://shop.example.com/pay", headers: {Authorization: "Bearer {{token}}"}}]}`,
	Proven:  "a shop on Go's net/http server",
}

type prober struct {
	steps  []step
	limits probe.Limits
	dialer probe.Dialer
}

type step struct {
	name  string
	probe *httpkind.Prober
	// If something is filled in, the request is made anew in each run.
	options *httpkind.Options
	saves   []saver
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	switch {
	case len(o.Steps) == 0:
		return nil, &probe.OptionError{Key: "steps", Problem: "is empty", Instead: "write a list of requests, each with a name and a url"}
	case len(o.Steps) > probe.StepsMax:
		return nil, &probe.OptionError{Key: "steps", Problem: "has more than 20 steps", Instead: "write a script and a check of kind exec"}
	}
	p := &prober{dialer: probe.NewDialer(c)}
	known := map[string]bool{} // :: name of what was saved so far
	for i := range o.Steps {
		key := fmt.Sprintf("steps[%d]", i)
		step, err := newStep(c, o, &o.Steps[i], known)
		if err != nil {
			return nil, within(key, err)
		}
		if step.name == "" {
			step.name = strconv.Itoa(i + 1)
		}
		for _, s := range step.saves {
			known[s.name] = true
		}
		p.steps = append(p.steps, step)
	}
	p.limits, err = o.Limits(c)
	return p.run, err
}

func newStep(c checks.Check, o *Options, s *Step, known map[string]bool) (step, error) {
	whole := &httpkind.Options{
		Method: s.Method, URL: s.URL, Headers: s.Headers, Body: s.Body, Redirects: 5, RedirectsTo: httpkind.RedirectsToAny, Status: s.Status,
		Contains: s.Contains, NotContains: s.NotContains, JSON: s.JSON, LimitOptions: s.LimitOptions, Options: s.Options,
		Cookies: o.Cookies, BasicAuth: o.BasicAuth, BearerToken: o.BearerToken, BearerTokenFile: o.BearerTokenFile, OAuth2: o.OAuth2,
		Version: o.Version, Compression: o.Compression, Proxy: o.Proxy, NoProxy: o.NoProxy, TLSMin: o.TLSMin, TLSMax: o.TLSMax, CAFile: o.CAFile,
		ClientCertFile: o.ClientCertFile, ClientKeyFile: o.ClientKeyFile, KeyOptions: o.KeyOptions, InsecureTLS: o.InsecureTLS, Dir: o.Dir,
	}
	if whole.Method == "" {
		whole.Method = http.MethodGet
	}
	if s.Redirects != nil {
		whole.Redirects = *s.Redirects
	}
	step := step{name: probe.OneLine(s.Name)}
	filled, used, err := fillIn(whole, func(name string) (string, bool) {
		if name == "" || !known[name] {
			return "", false
		}
		return "1", true // as good as any, to see whether the rest is right
	})
	if err != nil {
		return step, err
	}
	if used {
		step.options = whole
	}
	if strings.HasPrefix(s.URL, "{{") {
		filled.URL = "http://saved.invalid/"
	}
	if step.probe, err = httpkind.NewProber(c, filled); err != nil {
		return step, err
	}
	for _, name := range slices.Sorted(maps.Keys(s.Save)) {
		one, err := newSaver(name, s.Save[name])
		if err != nil {
			return step, probe.WithinAt("save", err)
		}
		if one.ofBody() && strings.EqualFold(s.Method, http.MethodHead) {
			return step, &probe.OptionError{Key: "save." + name, Problem: "is of a body, which an answer to HEAD has not", Instead: "write method: GET"}
		}
		step.saves = append(step.saves, one)
	}
	if len(step.saves) > 0 {
		step.probe.ReadWhole()
	}
	return step, nil
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	v := &httpkind.Session{Keep: true}
	saved := map[string]string{}
	tr := new(p.dialer.Trail())
	var slow checks.Result // the first step that was degraded
	var took []checks.Perf
	for i, step := range p.steps {
		r, err := step.run(ctx, v, saved)
		tr.Phases = tr.Phases.Plus(r.Phases)
		took = append(took, checks.Perf{Label: step.name, Value: r.Duration.Seconds(), Unit: "s"})
		if r.Evidence != nil && r.Evidence.Remote != "" {
			tr.Remote = r.Evidence.Remote
		}
		if err != nil {
			r = checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: err.Error(), Evidence: &checks.Evidence{Status: v.Code, Output: probe.Head(v.Body)}}
		}
		if r.Outcome == checks.Pass {
			continue
		}
		r.Summary = fmt.Sprintf("step %d of %d, %s: %s", i+1, len(p.steps), step.name, r.Summary)
		if r.Outcome == checks.Degraded && slow.Outcome == "" {
			slow = r
		}
		if r.Outcome != checks.Degraded {
			return p.ended(r, v, tr, took, time.Since(start))
		}
	}
	whole := time.Since(start)
	if slow.Outcome != "" {
		if p.limits.Fail == 0 || whole <= p.limits.Fail {
			return p.ended(slow, v, tr, took, whole)
		}
	}
	return p.ended(p.limits.Judge(stepsText(took), whole, tr), v, tr, took, whole)
}

// ended completes the result of a journey.
func (p *prober) ended(r checks.Result, v *httpkind.Session, tr *probe.Trail, took []checks.Perf, whole time.Duration) checks.Result {
	r.Phases, r.Duration = tr.Phases, whole
	if r.Outcome != checks.Pass {
		if r.Evidence == nil {
			r.Evidence = &checks.Evidence{Remote: tr.Remote}
		}
		r.Evidence.Perf = took
	}
	v.Hide(&r)
	return r
}

func stepsText(took []checks.Perf) string {
	parts := make([]string, len(took))
	for i, s := range took {
		parts[i] = s.Label + " " + probe.Span(time.Duration(s.Value*float64(time.Second)))
	}
	return strings.Join(parts, ", ")
}

// run makes a step's request, and saves of its answer what is wanted. The
// error says what could not be saved.
func (s step) run(ctx context.Context, v *httpkind.Session, saved map[string]string) (checks.Result, error) {
	v.First = nil
	if s.options != nil {
		filled, _, err := fillIn(s.options, func(name string) (string, bool) { return saved[name], true })
		if err == nil {
			v.First, err = s.probe.NewRequest(filled, filled.Body)
		}
		if err != nil {
			wrong, ok := errors.AsType[*probe.OptionError](err)
			if !ok {
				return probe.Internal("the request cannot be written"), nil
			}
			return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: "with what was saved, " + wrong.Key + " " + wrong.Problem}, nil
		}
	}
	r := s.probe.Visit(ctx, v)
	if r.Outcome != checks.Pass && r.Outcome != checks.Degraded {
		return r, nil
	}
	for _, one := range s.saves {
		value, ok := one.from(v)
		if !ok {
			return r, errors.New(one.name + " is not in the answer: no " + one.where)
		}
		saved[one.name] = value
		if one.secret {
			found := map[string]bool{}
			for _, s := range append(v.Secrets, value) {
				redact.Add(s, found)
			}
			v.Secrets = redact.LongestFirst(found)
		}
	}
	return r, nil
}

// within says of an option of the step's own that it is there; what all steps
// share stands beside them.
func within(key string, err error) error {
	wrong, ok := errors.AsType[*probe.OptionError](err)
	if !ok {
		return err
	}
	name, _, _ := strings.Cut(strings.ReplaceAll(wrong.Key, "[", "."), ".")
	of := reflect.TypeFor[Options]()
	for i := range of.NumField() {
		f := of.Field(i)
		switch {
		case f.Type == reflect.TypeFor[probe.KeyOptions]() && strings.HasPrefix(name, "client_key_"):
			return err
		case f.Tag.Get("mapstructure") == name:
			return err
		}
	}
	return probe.WithinAt(key, err)
}
