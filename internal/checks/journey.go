package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// JourneyOptions are the own part of a check of kind journey: what a client
// does in several requests, as one try.
//
// What a step saves is carried to the steps after it as {{name}}, in urls,
// values of headers and bodies. Cookies are carried by themselves.
type JourneyOptions struct {
	Steps []JourneyStep `mapstructure:"steps"`

	DegradedOver time.Duration `mapstructure:"degraded_over"` // a slower journey is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit

	// What all steps share; as in HTTPOptions.
	Cookies         map[string]string `mapstructure:"cookies"`
	BasicAuth       BasicAuth         `mapstructure:"basic_auth"`
	BearerToken     string            `mapstructure:"bearer_token"`
	BearerTokenFile string            `mapstructure:"bearer_token_file"`
	OAuth2          OAuth2            `mapstructure:"oauth2"`
	Version         string            `mapstructure:"version"`
	Compression     bool              `mapstructure:"compression"`
	Proxy           string            `mapstructure:"proxy"`
	TLSMin          string            `mapstructure:"tls_min"`
	TLSMax          string            `mapstructure:"tls_max"`
	CAFile          string            `mapstructure:"ca_file"`
	ClientCertFile  string            `mapstructure:"client_cert_file"`
	ClientKeyFile   string            `mapstructure:"client_key_file"`
	InsecureTLS     bool              `mapstructure:"insecure_tls"`
	Dir             string            `mapstructure:"dir"`
}

// JourneyStep is one request of a journey; as in HTTPOptions.
type JourneyStep struct {
	Name        string            `mapstructure:"name"` // for people
	Method      string            `mapstructure:"method"`
	URL         string            `mapstructure:"url"`
	Headers     map[string]string `mapstructure:"headers"`
	Body        string            `mapstructure:"body"`
	Redirects   *int              `mapstructure:"redirects"` // 5 unless given
	Status      []any             `mapstructure:"status"`
	Contains    []string          `mapstructure:"contains"`
	NotContains []string          `mapstructure:"not_contains"`
	JSON        []JSONAssertion   `mapstructure:"json"`

	DegradedOver time.Duration `mapstructure:"degraded_over"`
	FailOver     time.Duration `mapstructure:"fail_over"`

	Expect     []string `mapstructure:"expect"`
	FailIf     []string `mapstructure:"fail_if"`
	DegradedIf []string `mapstructure:"degraded_if"`

	// Save says what later steps are given: :: name -> where it is, as of
	// newSaver.
	Save map[string]string `mapstructure:"save"`
}

var journeyKind = Kind{
	Name:    "journey",
	Summary: "A client gets through several requests, such as to sign in, to search and to pay.",
	Options: func() any { return &JourneyOptions{Version: version11} },
	Build:   buildJourney,
	Example: `{steps: [{name: sign in, method: POST, url: "https://shop.example.com/login", body: '{"user": "probe"}', save: {token: $.token}}, {name: pay, url: "https://shop.example.com/pay", headers: {Authorization: "Bearer {{token}}"}}]}`,
	Proven:  "a shop on Go's net/http server",
}

// stepsMax bounds a journey: what takes more belongs into a script.
const stepsMax = 20

type journeyProbe struct {
	steps   []journeyStep
	limits  limits
	timeout time.Duration
}

type journeyStep struct {
	name  string
	probe *httpProbe
	// If something is filled in, the request is made anew in each run.
	options *HTTPOptions
	saves   []saver
}

func buildJourney(c Check) (Probe, error) {
	o, err := optionsOf[JourneyOptions](c)
	if err != nil {
		return nil, err
	}
	switch {
	case len(o.Steps) == 0:
		return nil, &OptionError{Key: "steps", Problem: "is empty", Instead: "write a list of requests, each with a name and a url"}
	case len(o.Steps) > stepsMax:
		return nil, &OptionError{Key: "steps", Problem: "has more than 20 steps", Instead: "write a script and a check of kind exec"}
	}
	p := &journeyProbe{timeout: c.Timeout}
	known := map[string]bool{} // :: name of what was saved so far
	for i := range o.Steps {
		key := fmt.Sprintf("steps[%d]", i)
		step, err := newJourneyStep(c, o, &o.Steps[i], known)
		if err != nil {
			return nil, within(key, err)
		}
		if step.name == "" {
			step.name = itoa(i + 1)
		}
		for _, s := range step.saves {
			known[s.name] = true
		}
		p.steps = append(p.steps, step)
	}
	p.limits, err = newLimits(c, o.DegradedOver, o.FailOver)
	return p.run, err
}

func newJourneyStep(c Check, o *JourneyOptions, s *JourneyStep, known map[string]bool) (journeyStep, error) {
	whole := &HTTPOptions{
		Method: s.Method, URL: s.URL, Headers: s.Headers, Body: s.Body, Redirects: 5, RedirectsTo: redirectsToAny, Status: s.Status,
		Contains: s.Contains, NotContains: s.NotContains, JSON: s.JSON, DegradedOver: s.DegradedOver, FailOver: s.FailOver,
		Expect: s.Expect, FailIf: s.FailIf, DegradedIf: s.DegradedIf,
		Cookies: o.Cookies, BasicAuth: o.BasicAuth, BearerToken: o.BearerToken, BearerTokenFile: o.BearerTokenFile, OAuth2: o.OAuth2,
		Version: o.Version, Compression: o.Compression, Proxy: o.Proxy, TLSMin: o.TLSMin, TLSMax: o.TLSMax, CAFile: o.CAFile,
		ClientCertFile: o.ClientCertFile, ClientKeyFile: o.ClientKeyFile, InsecureTLS: o.InsecureTLS, Dir: o.Dir,
	}
	if whole.Method == "" {
		whole.Method = http.MethodGet
	}
	if s.Redirects != nil {
		whole.Redirects = *s.Redirects
	}
	step := journeyStep{name: oneLine(s.Name)}
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
	if step.probe, err = newHTTPProbe(c, filled); err != nil {
		return step, err
	}
	for _, name := range sortedNames(s.Save) {
		one, err := newSaver(name, s.Save[name])
		if err != nil {
			return step, within("save", err)
		}
		step.saves = append(step.saves, one)
	}
	return step, nil
}

func (p *journeyProbe) run(ctx context.Context) Result {
	start := time.Now()
	v := &httpSession{keep: true}
	saved := map[string]string{}
	tr := &trail{timeout: p.timeout}
	var slow Result // the first step that was degraded
	var took []Perf
	for i, step := range p.steps {
		r, err := step.run(ctx, v, saved)
		tr.phases = tr.phases.plus(r.Phases)
		took = append(took, Perf{Label: step.name, Value: r.Duration.Seconds(), Unit: "s"})
		if r.Evidence != nil && r.Evidence.Remote != "" {
			tr.remote = r.Evidence.Remote
		}
		if err != nil {
			r = Result{Outcome: Fail, Reason: ReasonAssertion, Summary: err.Error(), Evidence: &Evidence{Status: v.code, Output: head(v.body)}}
		}
		if r.Outcome == Pass {
			continue
		}
		r.Summary = fmt.Sprintf("step %d of %d, %s: %s", i+1, len(p.steps), step.name, r.Summary)
		if r.Outcome == Degraded && slow.Outcome == "" {
			slow = r
		}
		if r.Outcome != Degraded {
			return p.ended(r, v, tr, took, time.Since(start))
		}
	}
	whole := time.Since(start)
	if slow.Outcome != "" {
		if p.limits.fail == 0 || whole <= p.limits.fail {
			return p.ended(slow, v, tr, took, whole)
		}
	}
	return p.ended(p.limits.judge(stepsText(took), whole, tr), v, tr, took, whole)
}

// ended completes the result of a journey.
func (p *journeyProbe) ended(r Result, v *httpSession, tr *trail, took []Perf, whole time.Duration) Result {
	r.Phases, r.Duration = tr.phases, whole
	if r.Outcome != Pass {
		if r.Evidence == nil {
			r.Evidence = &Evidence{Remote: tr.remote}
		}
		r.Evidence.Perf = took
	}
	v.hide(&r)
	return r
}

func stepsText(took []Perf) string {
	parts := make([]string, len(took))
	for i, s := range took {
		parts[i] = s.Label + " " + span(time.Duration(s.Value*float64(time.Second)))
	}
	return strings.Join(parts, ", ")
}

func (p Phases) plus(q Phases) Phases {
	return Phases{DNS: p.DNS + q.DNS, Connect: p.Connect + q.Connect, TLS: p.TLS + q.TLS, FirstByte: p.FirstByte + q.FirstByte, Transfer: p.Transfer + q.Transfer}
}

// run makes a step's request, and saves of its answer what is wanted. The
// error says what could not be saved.
func (s journeyStep) run(ctx context.Context, v *httpSession, saved map[string]string) (Result, error) {
	v.first = nil
	if s.options != nil {
		filled, _, err := fillIn(s.options, func(name string) (string, bool) { return saved[name], true })
		if err == nil {
			v.first, err = s.probe.firstHop(filled, filled.Body)
		}
		if err != nil {
			wrong, ok := errors.AsType[*OptionError](err)
			if !ok {
				return internal("the request cannot be written"), nil
			}
			return Result{Outcome: Fail, Reason: ReasonAssertion, Summary: "with what was saved, " + wrong.Key + " " + wrong.Problem}, nil
		}
	}
	r := s.probe.visit(ctx, v)
	if r.Outcome != Pass && r.Outcome != Degraded {
		return r, nil
	}
	for _, one := range s.saves {
		value, ok := one.from(v)
		if !ok {
			return r, errors.New(one.name + " is not in the answer: no " + one.where)
		}
		saved[one.name] = value
		if secretWord.MatchString(one.name) {
			found := map[string]bool{}
			for _, s := range append(v.secrets, value) {
				addForms(s, found)
			}
			v.secrets = longestFirst(found)
		}
	}
	return r, nil
}
