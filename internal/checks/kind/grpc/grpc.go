// Package grpc is the kind of check that asks a gRPC server's health, or calls a
// method.
package grpc

import (
	"maps"
	"slices"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"

	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind grpc.
type Options struct {
	Address             string `mapstructure:"address"`   // "host:port"
	Authority           string `mapstructure:"authority"` // whom the call is for, if not the address
	probe.SecureOptions `mapstructure:",squash"`

	Service string `mapstructure:"service"` // whose health is asked for; empty for the server's as a whole

	// Method is a unary one to call in place of asking for health:
	// "shop.v1.Orders/Get".
	Method         string `mapstructure:"method"`
	Request        string `mapstructure:"request"`         // its message in JSON; empty for one without fields
	DescriptorFile string `mapstructure:"descriptor_file"` // a FileDescriptorSet, as protoc writes it

	Metadata        map[string]string `mapstructure:"metadata"` // :: name -> value
	BearerToken     string            `mapstructure:"bearer_token"`
	BearerTokenFile string            `mapstructure:"bearer_token_file"` // holds the token alone, read at each probe

	Status []any `mapstructure:"status"` // names or numbers that are right; empty for OK
	Reuse  bool  `mapstructure:"reuse"`  // keep the connection for the next probe; by default each makes its own

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "grpc",
	Summary: "A gRPC server says that a service is serving or, if asked, answers a call as expected.",
	Options: func() any { return &Options{} },
	Build:   build,
	Traced:  true,
	Example: `{address: "orders.example.com:443", tls: true, reuse: true, degraded_over: 300ms}`,
	Proven:  "etcd 3.4 (gRPC for Go), gRPC 1.51 for Python (its C core), nginx 1.22",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"code":    claim.String,
	"headers": claim.Map(claim.String, claim.String),
	"health":  claim.String,
	"json":    claim.Any,
	"latency": claim.Duration,
	"message": claim.String,
	"reused":  claim.Bool,
	"size":    claim.Int,

	probe.CertificateFact: claim.Any,
})

// prober is a check of kind grpc, compiled.
type prober struct {
	target    probe.Target
	tls       *tls.Config // nil for plain text
	authority string
	health    bool   // health is asked for
	service   string // whose
	method    method
	message   []byte // framed
	metadata  map[string]string
	token     probe.Password
	status    statusSet
	reuse     bool
	trace     bool // its requests carry the id of a trace
	claims    *claim.Set
	limits    probe.Limits
	dialer    probe.Dialer
	idle      atomic.Pointer[line] // the kept connection, if reuse is on and it is not in use
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{health: o.Method == "", service: o.Service, authority: o.Authority, reuse: o.Reuse, trace: c.Trace, dialer: probe.NewDialer(c)}
	if p.target, err = probe.ReadTarget("address", o.Address); err != nil {
		return nil, err
	}
	if p.authority == "" {
		p.authority = p.target.Address
	}
	switch {
	case !probe.GoodAuthority(p.authority):
		return nil, &probe.OptionError{Key: "authority", Problem: "is not the name of a host", Instead: "write one such as orders.example.com"}
	case !p.health && o.Service != "":
		return nil, &probe.OptionError{Key: "service", Problem: "is given beside method", Instead: "write one of them"}
	case p.health && o.Request != "":
		return nil, &probe.OptionError{Key: "request", Problem: "is given without method"}
	case p.health && o.DescriptorFile != "":
		return nil, &probe.OptionError{Key: "descriptor_file", Problem: "is given without method"}
	}
	if p.tls, err = o.SecureOptions.Config(c, p.target); err != nil {
		return nil, err
	}
	if p.tls != nil {
		p.tls.NextProtos = []string{"h2"}
	}
	if err = p.readCall(c, o); err != nil {
		return nil, err
	}
	if p.metadata, err = newMetadata(o.Metadata); err != nil {
		return nil, err
	}
	if p.token, err = probe.NewBearer(c, o.BearerToken, o.Dir, o.BearerTokenFile, p.metadata["authorization"] != ""); err != nil {
		return nil, err
	}
	if p.status, err = newStatus(o.Status); err != nil {
		return nil, err
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	if p.claims.Uses("json") && p.method.answer == nil {
		return nil, &probe.OptionError{Key: "descriptor_file", Problem: "is empty", Instead: "write the file that says what the fields of the answer are, with method"}
	}
	return p.run, nil
}

// readCall prepares what is called.
func (p *prober) readCall(c checks.Check, o *Options) (err error) {
	if p.health {
		p.method.path, p.message = healthPath, framed(healthRequest(o.Service))
		return nil
	}
	var request []byte
	p.method, request, err = newMethod(c, o)
	p.message = framed(request)
	return err
}

// newMetadata returns what is sent beside the message, names in lower case.
func newMetadata(given map[string]string) (map[string]string, error) {
	metadata := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		lower := strings.ToLower(name)
		key := "metadata." + name
		switch {
		case !probe.IsToken(lower):
			return nil, &probe.OptionError{Key: key, Problem: "is not a name"}
		case !probe.IsFieldValue(given[name]):
			return nil, &probe.OptionError{Key: key, Problem: "has a value with a control character", Instead: "write it in base64, under a name that ends in -bin"}
		case strings.HasPrefix(lower, "grpc-"), lower == "content-type", lower == "te", lower == "content-length", lower == "connection", lower == "transfer-encoding", lower == "upgrade":
			return nil, &probe.OptionError{Key: key, Problem: "is set by the probe itself"}
		case lower == "host":
			return nil, &probe.OptionError{Key: key, Problem: "is not metadata", Instead: "write it as authority"}
		case metadata[lower] != "":
			return nil, &probe.OptionError{Key: key, Problem: "is there twice: capital and small letters are alike in names of metadata"}
		}
		metadata[lower] = given[name]
	}
	return metadata, nil
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	if p.trace {
		tr.Trace = probe.NewTrace()
	}
	token, refused := p.token.RevealToken()
	if refused != nil {
		return *refused
	}
	sent := probe.SentOf(ctx)
	sent.Begin(tr, probe.Request{Method: strings.TrimPrefix(p.method.path, "/"), Address: p.target.Address})
	got, err := p.exchange(ctx, tr, token)
	said := ""
	if err == nil {
		said = codeOf(got.code)
	}
	sent.End(tr, got.http, said)
	took := time.Since(start)
	var r checks.Result
	if err != nil {
		r = p.failed(ctx, tr, got, err)
	} else {
		r = p.judge(ctx, tr, got, took)
	}
	r.Duration = took
	probe.HideToken(&r, token)
	return r
}

// judge makes the result of a call that came to its end.
func (p *prober) judge(ctx context.Context, tr *probe.Trail, got answer, took time.Duration) checks.Result {
	bad := func(reason checks.Reason, summary string) checks.Result {
		return checks.Result{Outcome: checks.Fail, Reason: reason, Summary: summary, Phases: tr.Phases, Evidence: &checks.Evidence{Remote: tr.Remote, Status: got.code, Output: got.text, RequestID: tr.RequestID(got.headers)}}
	}
	if !p.status.has(got.code) {
		return bad(checks.ReasonStatus, p.refusal(got))
	}
	seen := claim.Facts{
		"code": codeOf(got.code), "message": got.text, "headers": probe.FirstValues(got.headers), "size": len(got.message), "reused": got.reused,
		"health": "", "json": nil, probe.CertificateFact: tr.Certificate(),
	}
	what, output := codeOf(got.code), got.text
	switch {
	case got.code != codeOK:
	case p.health:
		state, ok := readHealth(got.message)
		if !ok {
			return bad(checks.ReasonProtocol, "the answer is not one of grpc.health.v1")
		}
		if seen["health"], what, output = state, state, state; state != serving {
			return bad(checks.ReasonStatus, "the server says that "+p.whose()+" is "+state)
		}
	case p.method.answer != nil:
		text, value, err := p.method.decode(got.message)
		if errors.Is(err, errManyFields) {
			return checks.Result{Outcome: checks.Unknown, Reason: checks.ReasonInternal, Summary: err.Error(), Phases: tr.Phases, Evidence: &checks.Evidence{Remote: tr.Remote}}
		}
		if err != nil {
			return bad(checks.ReasonProtocol, err.Error())
		}
		seen["json"], output = value, text
	}
	if got.reused {
		what += " on a kept connection"
	}
	r := p.claims.Concluded(ctx, p.limits.Judge(what, took, tr), tr.Remote, seen, output)
	if r.Evidence != nil {
		r.Evidence.Status, r.Evidence.RequestID = got.code, tr.RequestID(got.headers)
	}
	return r
}

// whose names what health was asked for.
func (p *prober) whose() string {
	if p.service == "" {
		return "it"
	}
	return p.service
}

// refusal says what is wrong with a status that is not expected.
func (p *prober) refusal(got answer) string {
	named := codeOf(got.code) + " (" + strconv.Itoa(got.code) + ")"
	switch {
	case p.health && got.code == codeNotFound && p.service != "":
		return "the server does not know the service " + probe.Quoted(p.service) + ": " + named
	case p.health && got.code == codeUnimplemented:
		return "the server does not tell its health by grpc.health.v1: " + named
	}
	said := named
	if got.text != "" {
		said += " " + probe.Quoted(got.text)
	}
	return said + ", expected " + p.status.String()
}

// failed makes the result of a call that did not come to its end.
func (p *prober) failed(ctx context.Context, tr *probe.Trail, got answer, err error) checks.Result {
	r := tr.Failed(ctx, err)
	if r.Outcome != checks.Fail || r.Reason == checks.ReasonTimeout {
		return r
	}
	if r.Evidence == nil {
		r.Evidence = &checks.Evidence{Remote: tr.Remote}
	}
	r.Evidence.Status, r.Evidence.Output, r.Evidence.RequestID = got.http, probe.Head(got.message), tr.RequestID(got.headers)
	reset, _ := errors.AsType[*peerReset](err)
	wrong, _ := errors.AsType[*probe.Misspoke](err)
	switch {
	case reset != nil:
		r.Reason, r.Summary = checks.ReasonReset, reset.Error()+" while "+string(tr.Stage)
	case wrong != nil && p.tls == nil && opensTLS(wrong.Text):
		r.Reason, r.Summary = checks.ReasonProtocol, "the server wants TLS, and the check does not say so"
	case wrong != nil:
		r.Reason, r.Summary = checks.ReasonProtocol, "the server does not speak HTTP/2, it says "+probe.Quoted(wrong.Text)
	case errors.Is(err, probe.ErrNotHTTP2), errors.Is(err, errBrokenHTTP2), errors.Is(err, errNoStatus), errors.Is(err, errNoMessage), errors.Is(err, errCutMessage):
		r.Reason, r.Summary = checks.ReasonProtocol, err.Error()
	case errors.Is(err, errLongMessage) && !p.health:
		r.Outcome, r.Reason, r.Summary = checks.Unknown, checks.ReasonInternal, err.Error()
	case errors.Is(err, probe.ErrBadGzip):
		r.Reason, r.Summary = checks.ReasonProtocol, "the message is malformed: "+probe.ErrBadGzip.Error()
	case isFraming(err):
		r.Reason, r.Summary = checks.ReasonProtocol, err.Error()
	case errors.Is(err, errNotGRPC) && got.http != http.StatusOK:
		r.Reason, r.Summary = checks.ReasonStatus, probe.StatusText(got.http)+", not an answer of gRPC"
	case errors.Is(err, errNotGRPC):
		r.Reason, r.Summary = checks.ReasonProtocol, errNotGRPC.Error()
	}
	return r
}
