// Package tls is the kind of check that looks at a server's certificate.
package tls

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind tls.
type Options struct {
	Address    string `mapstructure:"address"`     // "host:port"
	ServerName string `mapstructure:"server_name"` // name to ask for and to be certified; default the address's host

	// WarnDays and FailDays are how many days the chain must still be valid:
	// with fewer the probe is degraded, or fails. 0 for no such limit.
	WarnDays int `mapstructure:"warn_days"`
	FailDays int `mapstructure:"fail_days"`

	MinVersion string   `mapstructure:"min_version"` // "1.0" to "1.3": the lowest that is offered
	ALPN       []string `mapstructure:"alpn"`        // protocols to offer; the peer must agree to one

	CAFile         string `mapstructure:"ca_file"`          // PEM; roots that count beside the system's
	ClientCertFile string `mapstructure:"client_cert_file"` // PEM, or PKCS#12; read anew when the peer asks for it, so it may be renewed
	ClientKeyFile  string `mapstructure:"client_key_file"`  // PEM; may be empty where client_cert_file holds the key

	probe.KeyOptions `mapstructure:",squash"`

	Dir string `mapstructure:"dir"` // where the files are found from; default the folder of the file that defines the check

	StartTLS string `mapstructure:"starttls"` // protocol in which the server is asked for TLS first, see upgrades; empty: TLS from the beginning

	InsecureChain bool `mapstructure:"insecure_chain"` // judge neither issuer nor name, only the dates of the peer's own certificate

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "tls",
	Summary: "A TLS handshake succeeds, and the certificate is for that name, trusted and valid for long enough.",
	// Issuers of certificates for 90 days have them renewed 30 days before
	// the end: with 21 left a renewal has failed for more than a week.
	Options: func() any { return &Options{WarnDays: 21, FailDays: 3, MinVersion: "1.2"} },
	Build:   build,
	Example: `{address: pay.example.com:443, alpn: [h2], warn_days: 14}`,
	Proven:  "nginx 1.22",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"latency":  claim.Duration,
	"protocol": claim.String, // of alpn
	"version":  claim.String, // "TLS 1.3"

	probe.CertificateFact: claim.Any,
})

type prober struct {
	target   probe.Target
	ask      upgrade // nil: TLS from the beginning
	claims   *claim.Set
	config   *tls.Config
	roots    *x509.CertPool // nil for the system's
	name     string
	warn     time.Duration
	fail     time.Duration
	insecure bool
	dialer   probe.Dialer
}

// problem is what is wrong with options that can be told without a file; nil for
// nothing.
func problem(c checks.Check, o *Options) error {
	_, ok := probe.TLSVersions[o.MinVersion]
	switch {
	case c.Strict && o.CAFile+o.ClientCertFile+o.ClientKeyFile != "":
		return &probe.OptionError{Key: "ca_file", Problem: "and the client's files are not for a strict check", Instead: "write the check in a configuration file"}
	case !ok:
		return &probe.OptionError{Key: "min_version", Problem: "is not a version", Instead: `write "1.0", "1.1", "1.2" or "1.3"`}
	case o.StartTLS != "" && upgrades[o.StartTLS] == nil:
		return &probe.OptionError{Key: "starttls", Problem: "is not a protocol that is known here", Instead: "write one of " + strings.Join(slices.Sorted(maps.Keys(upgrades)), ", ")}
	case o.WarnDays < 0:
		return &probe.OptionError{Key: "warn_days", Problem: "is less than 0", Instead: "write 0 for no limit"}
	case o.FailDays < 0:
		return &probe.OptionError{Key: "fail_days", Problem: "is less than 0", Instead: "write 0 for no limit"}
	case o.WarnDays > 0 && o.FailDays >= o.WarnDays:
		return &probe.OptionError{Key: "fail_days", Problem: "is not less than warn_days", Instead: "degraded comes before failed; without a value it is 3"}
	}
	for i, protocol := range o.ALPN {
		if protocol == "" || len(protocol) > 255 { // RFC 7301, 3.1
			return &probe.OptionError{Key: fmt.Sprintf("alpn[%d]", i), Problem: "is not the name of a protocol", Instead: "write for example h2"}
		}
	}
	return nil
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	t, err := probe.ReadTarget("address", o.Address)
	if err != nil {
		return nil, err
	}
	if err := problem(c, o); err != nil {
		return nil, err
	}
	if err := probe.GoodServerName(o.ServerName); err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(o.Address) // probe.ReadTarget has read it
	p := &prober{
		target: t, name: o.ServerName, insecure: o.InsecureChain, dialer: probe.NewDialer(c),
		ask:  upgrades[o.StartTLS],
		warn: time.Duration(o.WarnDays) * probe.Day, fail: time.Duration(o.FailDays) * probe.Day,
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	if p.name == "" {
		p.name = host
	}
	p.name = probe.ASCIIName(p.name)
	if p.roots, err = probe.RootsOf(c, "ca_file", o.Dir, o.CAFile); err != nil {
		return nil, err
	}
	pair, err := probe.NewClientPair(c, o.Dir, o.ClientCertFile, o.ClientKeyFile, o.KeyOptions)
	if err != nil {
		return nil, err
	}
	p.config = &tls.Config{
		ServerName: p.name,
		MinVersion: probe.TLSVersions[o.MinVersion],
		NextProtos: o.ALPN,
		// The probe judges the chain itself, after the handshake: so it can
		// tell of a certificate that is wrong what is in it.
		InsecureSkipVerify: true,
	}
	probe.OfferOld(p.config)
	if pair != nil {
		p.config.GetClientCertificate = pair.Give
	}
	return p.run, nil
}

// run is one probe of kind tls.
type run struct {
	*prober
	tr probe.Trail
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	run := &run{prober: p, tr: p.dialer.Trail()}
	r := run.handshake(ctx)
	r.Duration = time.Since(start) - run.tr.Lingered
	return r
}

func (run *run) handshake(ctx context.Context) checks.Result {
	tr := &run.tr
	conn, err := tr.Dial(ctx, run.target)
	if err != nil {
		return tr.Failed(ctx, err)
	}
	defer conn.Close()
	defer probe.Bind(ctx, conn)()

	if run.ask != nil {
		tr.Stage = upgrading
		if err := startTLS(conn, run.ask); err != nil {
			return run.notAgreed(ctx, err)
		}
	}
	secured, err := tr.Secure(conn, run.config)
	if err == nil && tr.Wanted() {
		err = tr.AwaitVerdict(secured)
	}
	if err != nil {
		return run.refused(ctx, err)
	}
	state := secured.(*tls.Conn).ConnectionState()
	r := run.verdict(state.PeerCertificates, state.NegotiatedProtocol, time.Now())
	r.Phases = tr.Phases
	if r.Outcome == checks.Pass {
		r.Summary = tls.VersionName(state.Version) + ", " + r.Summary
	}
	if run.claims != nil {
		took := tr.Phases.DNS + tr.Phases.Connect + tr.Phases.TLS
		r = run.claims.Judged(ctx, r, claim.Facts{"latency": took, "protocol": state.NegotiatedProtocol, "version": tls.VersionName(state.Version), probe.CertificateFact: tr.Certificate()})
	}
	if r.Outcome == checks.Pass {
		return r
	}
	r.Evidence = &checks.Evidence{Remote: tr.Remote, Output: probe.DescribeTLS(&state)}
	return r
}

// notAgreed is the result of a conversation that did not come to TLS.
func (run *run) notAgreed(ctx context.Context, err error) checks.Result {
	r := run.tr.Failed(ctx, err)
	no, said := errors.AsType[*probe.SaidNo](err)
	switch {
	case r.Outcome != checks.Fail || r.Reason == checks.ReasonTimeout:
	case said:
		r.Reason, r.Summary = checks.ReasonStatus, no.Error()
	case errors.Is(err, probe.ErrEarlyWords):
		r.Reason, r.Summary = checks.ReasonProtocol, err.Error()
	}
	return r
}

// refused is the result of a handshake that the peer or crypto/tls ended.
func (run *run) refused(ctx context.Context, err error) checks.Result {
	r := run.tr.Failed(ctx, err)
	switch {
	case r.Reason != checks.ReasonTLS:
	case strings.Contains(err.Error(), "protocol version"): // alert 70; its type is not exported
		r.Summary = "the peer does not speak " + tls.VersionName(run.config.MinVersion) + " or later"
	case strings.Contains(err.Error(), "no application protocol"): // alert 120
		r.Summary = "the peer agrees to none of the protocols " + strings.Join(run.config.NextProtos, ", ")
	}
	return r
}

// verdict judges a handshake that succeeded.
func (p *prober) verdict(certs []*x509.Certificate, protocol string, now time.Time) checks.Result {
	bad := func(summary string) checks.Result {
		return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonTLS, Summary: summary}
	}
	leaf := certs[0] // there is one: a handshake without is an error
	switch {
	case now.After(leaf.NotAfter):
		return bad(fmt.Sprintf("the certificate expired on %s, %s ago", probe.Stamp(leaf.NotAfter), probe.InDays(now.Sub(leaf.NotAfter))))
	case now.Before(leaf.NotBefore):
		return bad("the certificate is not valid before " + probe.Stamp(leaf.NotBefore))
	}
	first, whose := leaf, "the certificate"
	if !p.insecure {
		if err := leaf.VerifyHostname(p.name); err != nil {
			return bad(probe.TLSProblem(err))
		}
		chains, err := leaf.Verify(x509.VerifyOptions{Roots: p.roots, Intermediates: poolOf(certs[1:]), CurrentTime: now})
		if err != nil {
			return bad(probe.TLSProblem(&tls.CertificateVerificationError{UnverifiedCertificates: certs, Err: err}))
		}
		first = firstToExpire(chains)
		if first != leaf {
			whose = "the issuer's certificate " + probe.Quoted(probe.NameOf(first))
		}
	}
	if len(p.config.NextProtos) > 0 && protocol == "" {
		return bad("the peer agrees to none of the protocols " + strings.Join(p.config.NextProtos, ", "))
	}
	left := first.NotAfter.Sub(now)
	ending := fmt.Sprintf("%s expires in %s, on %s", whose, probe.InDays(left), probe.Stamp(first.NotAfter))
	switch {
	case left < p.fail:
		return bad(ending)
	case left < p.warn:
		return checks.Result{Outcome: checks.Degraded, Reason: checks.ReasonTLS, Summary: ending}
	}
	return checks.Result{Outcome: checks.Pass, Summary: ending}
}

func poolOf(certs []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool
}

// firstToExpire returns the certificate that ends the validity of the chain
// that is valid for longest: a client takes any chain that it finds.
func firstToExpire(chains [][]*x509.Certificate) *x509.Certificate {
	var best *x509.Certificate
	for _, chain := range chains {
		ends := slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
		if best == nil || ends.NotAfter.After(best.NotAfter) {
			best = ends
		}
	}
	return best
}
