// Package browser is the kind of check that loads a page in a real browser and
// goes through what a person would do there.
package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// Options are the own part of a check of kind browser.
type Options struct {
	URL      string   `mapstructure:"url"`      // of the page; http or https; user and password become basic authentication
	Steps    []Step   `mapstructure:"steps"`    // what a person does then, in order
	Status   []any    `mapstructure:"status"`   // of pages that are right, as in httpkind.Options
	Viewport Viewport `mapstructure:"viewport"` // 1280 x 800 unless given
	Path     string   `mapstructure:"path"`     // of the browser's program; empty to look for one in PATH

	InsecureTLS bool   `mapstructure:"insecure_tls"` // accept any certificate
	Dir         string `mapstructure:"dir"`          // folder that files are found from; default the folder of the file that defines the check

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary, judged when all steps are done.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Viewport is how much of a page is seen, in CSS pixels.
type Viewport struct {
	Width  int `mapstructure:"width"`
	Height int `mapstructure:"height"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "browser",
	Summary: "A page loads in a real browser, and a person gets through what the steps say.",
	Options: func() any { return &Options{Viewport: Viewport{Width: 1280, Height: 800}} },
	Build:   build,
	Cost:    probe.BrowserCost,
	// It runs a stranger\'s pages, and without a sandbox where we are root.
	NotStrict: "starts no browser",
	Example:   `{url: "https://shop.example.com/login", steps: [{fill: "#user", value: probe}, {fill: "#password", secret: "${PAY_PROBE_PASSWORD}"}, {click: "#sign-in"}, {text: Welcome}]}`,
	Proven:    "Chromium 156",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"console_errors":  claim.Int,
	"failed_requests": claim.Int,
	"latency":         claim.Duration,
	"status":          claim.Int,
	"text":            claim.String,
	"title":           claim.String,
	"url":             claim.String,

	probe.CertificateFact: claim.Any,
})

const (
	viewportMin, viewportMax = 100, 4000 // pixels: what phones have, and what a picture of 100 KiB can show

	// pageEvery is the time between two looks at a page: less than a person
	// notices, and each costs about 1 ms of CPU.
	pageEvery = 50 * time.Millisecond
)

type prober struct {
	url      *url.URL
	address  string // what the browser is told
	steps    []preparedStep
	status   probe.StatusSet
	viewport Viewport
	program  string
	insecure bool
	limits   probe.Limits
	claims   *claim.Set
	dialer   probe.Dialer
	grace    time.Duration // for a picture
	known    []string      // secrets in the options
}

func build(c checks.Check) (probe.Probe, error) {
	p, err := newProber(c)
	if err != nil {
		return nil, err
	}
	return p.run, nil
}

func newProber(c checks.Check) (*prober, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	const instead = "write the whole of it, such as https://shop.example.com/login"
	p := &prober{address: o.URL, program: o.Path, insecure: o.InsecureTLS, viewport: o.Viewport, dialer: probe.NewDialer(c), grace: pictureWithin}
	u, err := url.Parse(o.URL)
	switch {
	case o.URL == "":
		return nil, &probe.OptionError{Key: "url", Problem: "is empty", Instead: instead}
	case err != nil:
		return nil, &probe.OptionError{Key: "url", Problem: "cannot be read", Instead: instead}
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, &probe.OptionError{Key: "url", Problem: "does not begin with http:// or https:// and a host", Instead: instead}
	case !probe.GoodName(u.Hostname()) || !probe.GoodPort(u):
		return nil, probe.BadName("url", u.Hostname(), "has a host or a port that cannot be one", instead)
	}
	p.url = u
	if p.viewport == (Viewport{}) {
		p.viewport = Viewport{Width: 1280, Height: 800}
	}
	for _, side := range []struct {
		key    string
		pixels int
	}{{"viewport.width", p.viewport.Width}, {"viewport.height", p.viewport.Height}} {
		if side.pixels < viewportMin || side.pixels > viewportMax {
			return nil, &probe.OptionError{Key: side.key, Problem: fmt.Sprintf("is not between %d and %d pixels", viewportMin, viewportMax)}
		}
	}
	if p.status, err = probe.ParseStatus(o.Status, false); err != nil {
		return nil, err
	}
	if len(o.Steps) > probe.StepsMax {
		return nil, &probe.OptionError{Key: "steps", Problem: fmt.Sprintf("has more than %d steps", probe.StepsMax), Instead: "write two checks, or a script and a check of kind exec"}
	}
	for i := range o.Steps {
		key := fmt.Sprintf("steps[%d]", i)
		step, err := newStep(c, o, &o.Steps[i])
		if err != nil {
			return nil, probe.WithinAt(key, err)
		}
		if step.look.Do == "" {
			return nil, &probe.OptionError{Key: key, Problem: "says not exactly one thing to do", Instead: "write one of visible, click, fill, press, text and url"}
		}
		p.steps = append(p.steps, step)
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	p.known = redact.Of(o)
	p.claims, err = vocabulary.Compile(o.Options)
	return p, err
}

// visit is one probe under way.
type visit struct {
	probe *prober
	gate  *gate
	page  *pageView
	tr    probe.Trail

	hide    redact.Redactor // what was learnt in secret
	secrets []string        // that a picture must not show
	took    []checks.Perf   // what each step took
	begun   time.Time       // when the page was asked for
	last    pageSight       // what was seen last
	started time.Duration   // how long the browser needed
	ended   loadEnd         // how the network let the visit down, if it did
	doc     document        // the newest page's, when the visit was over
	asking  string          // what was still under way then
}

func (p *prober) run(ctx context.Context) checks.Result {
	v := &visit{probe: p, tr: p.dialer.Trail()}
	return v.run(ctx)
}

func (v *visit) run(ctx context.Context) checks.Result {
	typed, err := v.probe.reveal(v)
	if err != nil {
		return probe.Internal("the secret's file " + err.Error())
	}
	r := v.inBrowser(ctx, typed)
	if !v.hide.KnowsNone() {
		probe.HideIn(&r, v.hide)
	}
	return r
}

// reveal returns what the steps type, and notes what of it is secret.
func (p *prober) reveal(v *visit) ([]string, error) {
	typed := make([]string, len(p.steps))
	found := map[string]bool{}
	for i, step := range p.steps {
		if typed[i] = step.value; !step.hidden {
			continue
		}
		secret, err := step.secret.Reveal()
		if err != nil {
			return nil, err
		}
		typed[i] = secret
		redact.Add(secret, found)
		if secret != "" {
			v.secrets = append(v.secrets, secret)
		}
	}
	v.secrets = append(v.secrets, p.known...)
	v.hide = redact.For(redact.LongestFirst(found))
	return typed, nil
}

// inBrowser starts a browser, makes the visit and ends the browser.
func (v *visit) inBrowser(ctx context.Context, typed []string) checks.Result {
	p := v.probe
	program, err := Find(p.program)
	if err != nil {
		return probe.Internal(err.Error())
	}
	start := time.Now()
	b, err := startBrowser(ctx, p, program)
	if err != nil {
		return p.notStarted(ctx, program, err)
	}
	v.gate, v.page, v.started = b.gate, b.page, time.Since(start)
	v.begun = time.Now()
	r := v.visit(b.ctx, typed)
	r.Duration = time.Since(v.begun)
	if errors.Is(ctx.Err(), context.Canceled) {
		b.end()
		return r // nobody wants it
	}
	return v.concluded(r, b, b.end)
}

// concluded completes a result. End closes the gate: the end of the visit makes
// the page say things that are not to be taken for what it met.
func (v *visit) concluded(r checks.Result, b *process, end func()) checks.Result {
	v.doc, v.asking = b.page.document(), b.page.asking()
	var picture []byte
	if r.Outcome != checks.Pass {
		picture = v.examine(b)
	}
	end()
	if r.Outcome != checks.Pass {
		v.blame(&r)
		v.testify(&r, picture)
	}
	r.Phases = v.phases(v.doc)
	return r
}

// visit asks for the page and does what the steps say. Where the network is to
// blame it leaves the reason to blamed.
func (v *visit) visit(ctx context.Context, typed []string) checks.Result {
	if r, ok := v.open(ctx); !ok {
		return r
	}
	v.took = append(v.took, checks.Perf{Label: "load", Value: time.Since(v.begun).Seconds(), Unit: "s"})
	for i, step := range v.probe.steps {
		begun := time.Now()
		if r, ok := v.step(ctx, i, step, typed[i]); !ok {
			return r
		}
		v.took = append(v.took, checks.Perf{Label: strconv.Itoa(i+1) + " " + step.does, Value: time.Since(begun).Seconds(), Unit: "s"})
	}
	took := time.Since(v.begun)
	sight, err := v.look(ctx, pageLook{Do: "read"})
	if err != nil {
		return v.interrupted(ctx, "reading the page")
	}
	doc := v.page.document()
	certificate, err := v.certificate(ctx, doc)
	if err != nil {
		return v.interrupted(ctx, "reading the certificate")
	}
	consoleErrors, failedRequests := v.page.counts()
	v.tr.Phases = v.phases(doc)
	return v.probe.claims.Concluded(ctx, v.probe.limits.Judge(v.passed(took), took, &v.tr), v.tr.Remote, claim.Facts{
		"title": sight.Title, "url": sight.URL, "text": sight.Text, "status": doc.status,
		"console_errors": consoleErrors, "failed_requests": failedRequests,
		probe.CertificateFact: certificate,
	}, "")
}

// passed is the summary of a pass.
func (v *visit) passed(took time.Duration) string {
	return probe.StatusText(v.page.document().status) + ", " + v.did() + " in " + probe.Span(took)
}

func (v *visit) did() string {
	switch n := len(v.probe.steps); n {
	case 0:
		return "loaded"
	case 1:
		return "1 step"
	default:
		return strconv.Itoa(n) + " steps"
	}
}

// testify adds to a result that is no pass what a person wants to see.
func (v *visit) testify(r *checks.Result, picture []byte) {
	if r.Evidence == nil {
		r.Evidence = &checks.Evidence{}
	}
	e := r.Evidence
	e.Remote = v.remote()
	e.Status, e.RequestID = v.doc.status, probe.RequestID(v.doc.header)
	e.Output = v.page.testimony(v.last)
	e.Perf = append([]checks.Perf{{Label: "browser start", Value: v.started.Seconds(), Unit: "s"}}, v.took...)
	e.Picture = picture
}

// notStarted is the result of a browser that did not come up.
func (p *prober) notStarted(ctx context.Context, program string, err error) checks.Result {
	if ctx.Err() != nil {
		return probe.Internal("the browser " + program + " did not start within " + probe.Span(p.dialer.Timeout) + "; raise the time-out, or look at what else this machine does")
	}
	said := strings.TrimPrefix(err.Error(), "chrome failed to start:\n") // the library's word
	problem := "; run it by hand to see why"
	switch {
	case strings.Contains(said, "No usable sandbox"), strings.Contains(said, "SUID sandbox"):
		problem = ": its sandbox needs user namespaces, which this machine does not give; allow them (sysctl kernel.unprivileged_userns_clone, or the container's profile)"
	case strings.Contains(said, "permission denied"):
		problem = ": it may not be executed"
	case strings.Contains(said, "cannot open shared object file"):
		problem = ": a library is missing; install the browser from the system's packages"
	case strings.Contains(said, "temporary folder"), strings.Contains(said, "No space left"):
		problem = ": its temporary folder cannot be made; look at TMPDIR and the space there"
	}
	r := probe.Internal("the browser " + program + " did not start" + problem)
	r.Evidence = &checks.Evidence{Output: said}
	return r
}
