package checks

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"cel.dev/cel-go/cel"
)

// GRPCOptions are the own part of a check of kind grpc.
type GRPCOptions struct {
	Address       string `mapstructure:"address"`   // "host:port"
	Authority     string `mapstructure:"authority"` // whom the call is for, if not the address
	CallerOptions `mapstructure:",squash"`

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

	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit

	// Expressions of grpcVocabulary.
	Expect     []string `mapstructure:"expect"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded
}

var grpcKind = Kind{
	Name:    "grpc",
	Summary: "A gRPC server says that a service is serving or, if asked, answers a call as expected.",
	Options: func() any { return &GRPCOptions{} },
	Build:   buildGRPC,
	Example: `{address: "orders.example.com:443", tls: true, reuse: true, degraded_over: 300ms}`,
	Proven:  "etcd 3.4 (gRPC for Go), gRPC 1.51 for Python (its C core), nginx 1.22",
}

var grpcVocabulary = newVocabulary(
	cel.Variable("code", cel.StringType),
	cel.Variable("headers", cel.MapType(cel.StringType, cel.StringType)),
	cel.Variable("health", cel.StringType),
	cel.Variable("json", cel.DynType),
	cel.Variable("latency", cel.DurationType),
	cel.Variable("message", cel.StringType),
	cel.Variable("reused", cel.BoolType),
	cel.Variable("size", cel.IntType),
)("code", "headers", "health", "json", "latency", "message", "reused", "size")

// grpcProbe is a check of kind grpc, compiled.
type grpcProbe struct {
	target    target
	tls       *tls.Config // nil for plain text
	authority string
	health    bool   // health is asked for
	service   string // whose
	method    grpcMethod
	message   []byte // framed
	metadata  map[string]string
	token     password
	status    grpcStatusSet
	reuse     bool
	claims    *claims
	limits    limits
	timeout   time.Duration
	idle      atomic.Pointer[grpcLine] // the kept connection, if reuse is on and it is not in use
}

func buildGRPC(c Check) (Probe, error) {
	o, err := optionsOf[GRPCOptions](c)
	if err != nil {
		return nil, err
	}
	p := &grpcProbe{health: o.Method == "", service: o.Service, authority: o.Authority, reuse: o.Reuse, timeout: c.Timeout}
	if p.target, err = tcpTarget("address", o.Address); err != nil {
		return nil, err
	}
	if p.authority == "" {
		p.authority = o.Address
	}
	switch {
	case strings.ContainsFunc(p.authority, notInAddress) || strings.ContainsAny(p.authority, "/@?#"):
		return nil, &OptionError{Key: "authority", Problem: "is not the name of a host", Instead: "write one such as orders.example.com"}
	case !p.health && o.Service != "":
		return nil, &OptionError{Key: "service", Problem: "is given beside method", Instead: "write one of them"}
	case p.health && o.Request != "":
		return nil, &OptionError{Key: "request", Problem: "is given without method"}
	case p.health && o.DescriptorFile != "":
		return nil, &OptionError{Key: "descriptor_file", Problem: "is given without method"}
	}
	if p.tls, err = o.CallerOptions.config(c, p.target); err != nil {
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
	if p.token, err = newBearer(c, o.BearerToken, o.Dir, o.BearerTokenFile, p.metadata["authorization"] != ""); err != nil {
		return nil, err
	}
	if p.status, err = newGRPCStatus(o.Status); err != nil {
		return nil, err
	}
	if p.limits, err = newLimits(c, o.DegradedOver, o.FailOver); err != nil {
		return nil, err
	}
	if p.claims, err = grpcVocabulary.claimsOf(o.Expect, o.FailIf, o.DegradedIf); err != nil {
		return nil, err
	}
	if p.claims.use("json") && p.method.answer == nil {
		return nil, &OptionError{Key: "descriptor_file", Problem: "is empty", Instead: "write the file that says what the fields of the answer are, with method"}
	}
	return p.run, nil
}

// readCall prepares what is called.
func (p *grpcProbe) readCall(c Check, o *GRPCOptions) (err error) {
	if p.health {
		p.method.path, p.message = healthPath, framed(healthRequest(o.Service))
		return nil
	}
	var request []byte
	p.method, request, err = newGRPCMethod(c, o)
	p.message = framed(request)
	return err
}

// newMetadata returns what is sent beside the message, names in lower case.
func newMetadata(given map[string]string) (map[string]string, error) {
	metadata := map[string]string{}
	for _, name := range sortedNames(given) {
		lower := strings.ToLower(name)
		key := "metadata." + name
		switch {
		case !isToken(lower):
			return nil, &OptionError{Key: key, Problem: "is not a name"}
		case !isFieldValue(given[name]):
			return nil, &OptionError{Key: key, Problem: "has a value with a control character", Instead: "write it in base64, under a name that ends in -bin"}
		case strings.HasPrefix(lower, "grpc-"), lower == "content-type", lower == "te", lower == "content-length", lower == "connection", lower == "transfer-encoding", lower == "upgrade":
			return nil, &OptionError{Key: key, Problem: "is set by the probe itself"}
		case lower == "host":
			return nil, &OptionError{Key: key, Problem: "is not metadata", Instead: "write it as authority"}
		}
		metadata[lower] = given[name]
	}
	return metadata, nil
}

func (p *grpcProbe) run(ctx context.Context) Result {
	start := time.Now()
	tr := &trail{timeout: p.timeout}
	token, refused := p.token.revealToken()
	if refused != nil {
		return *refused
	}
	got, err := p.exchange(ctx, tr, token)
	took := time.Since(start)
	var r Result
	if err != nil {
		r = p.failed(ctx, tr, got, err)
	} else {
		r = p.judge(ctx, tr, got, took)
	}
	r.Duration = took
	hideToken(&r, token)
	return r
}

// judge makes the result of a call that came to its end.
func (p *grpcProbe) judge(ctx context.Context, tr *trail, got grpcAnswer, took time.Duration) Result {
	bad := func(reason Reason, summary string) Result {
		return Result{Outcome: Fail, Reason: reason, Summary: summary, Phases: tr.phases, Evidence: &Evidence{Remote: tr.remote, Status: got.code, Output: got.text, RequestID: requestID(got.headers)}}
	}
	if !p.status.has(got.code) {
		return bad(ReasonStatus, p.refusal(got))
	}
	seen := factsSeen{
		"code": grpcCode(got.code), "message": got.text, "headers": firstValues(got.headers), "size": len(got.message), "reused": got.reused,
		"health": "", "json": nil,
	}
	what, output := grpcCode(got.code), got.text
	switch {
	case got.code != grpcOK:
	case p.health:
		state, ok := readHealth(got.message)
		if !ok {
			return bad(ReasonProtocol, "the answer is not one of grpc.health.v1")
		}
		if seen["health"], what, output = state, state, state; state != serving {
			return bad(ReasonStatus, "the server says that "+p.whose()+" is "+state)
		}
	case p.method.answer != nil:
		text, value, err := p.method.decode(got.message)
		if errors.Is(err, errManyFields) {
			return Result{Outcome: Unknown, Reason: ReasonInternal, Summary: err.Error(), Phases: tr.phases, Evidence: &Evidence{Remote: tr.remote}}
		}
		if err != nil {
			return bad(ReasonProtocol, err.Error())
		}
		seen["json"], output = value, text
	}
	if got.reused {
		what += " on a kept connection"
	}
	r := p.claims.concluded(ctx, p.limits, what, took, tr, seen, output)
	if r.Evidence != nil {
		r.Evidence.Status, r.Evidence.RequestID = got.code, requestID(got.headers)
	}
	return r
}

// whose names what health was asked for.
func (p *grpcProbe) whose() string {
	if p.service == "" {
		return "it"
	}
	return p.service
}

// refusal says what is wrong with a status that is not expected.
func (p *grpcProbe) refusal(got grpcAnswer) string {
	named := grpcCode(got.code) + " (" + itoa(got.code) + ")"
	switch {
	case p.health && got.code == grpcNotFound && p.service != "":
		return "the server does not know the service " + quoted(p.service) + ": " + named
	case p.health && got.code == grpcUnimplemented:
		return "the server does not tell its health by grpc.health.v1: " + named
	}
	said := named
	if got.text != "" {
		said += " " + quoted(got.text)
	}
	return said + ", expected " + p.status.String()
}

// failed makes the result of a call that did not come to its end.
func (p *grpcProbe) failed(ctx context.Context, tr *trail, got grpcAnswer, err error) Result {
	if own, ok := errors.AsType[*ownCertificateError](err); ok {
		return internal(own.Error())
	}
	r := tr.failed(ctx, err)
	if r.Outcome != Fail || r.Reason == ReasonTimeout {
		return r
	}
	if r.Evidence == nil {
		r.Evidence = &Evidence{Remote: tr.remote}
	}
	r.Evidence.Status, r.Evidence.Output, r.Evidence.RequestID = got.http, head(got.message), requestID(got.headers)
	reset, _ := errors.AsType[*peerReset](err)
	wrong, _ := errors.AsType[*misspoke](err)
	switch {
	case reset != nil:
		r.Reason, r.Summary = ReasonReset, reset.Error()+" while "+string(tr.stage)
	case wrong != nil && p.tls == nil && opensTLS(wrong.text):
		r.Reason, r.Summary = ReasonProtocol, "the server wants TLS, and the check does not say so"
	case wrong != nil:
		r.Reason, r.Summary = ReasonProtocol, "the server does not speak HTTP/2, it says "+quoted(wrong.text)
	case errors.Is(err, errNotHTTP2), errors.Is(err, errBrokenHTTP2), errors.Is(err, errNoStatus), errors.Is(err, errNoMessage), errors.Is(err, errCutMessage):
		r.Reason, r.Summary = ReasonProtocol, err.Error()
	case errors.Is(err, errLongMessage) && !p.health:
		r.Outcome, r.Reason, r.Summary = Unknown, ReasonInternal, err.Error()
	case errors.Is(err, errBadGzip):
		r.Reason, r.Summary = ReasonProtocol, "the message is malformed: "+errBadGzip.Error()
	case isFraming(err):
		r.Reason, r.Summary = ReasonProtocol, err.Error()
	case errors.Is(err, errNotGRPC) && got.http != http.StatusOK:
		r.Reason, r.Summary = ReasonStatus, statusText(got.http)+", not an answer of gRPC"
	case errors.Is(err, errNotGRPC):
		r.Reason, r.Summary = ReasonProtocol, errNotGRPC.Error()
	}
	return r
}
