package checks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// TLSOptions are the own part of a check of kind tls.
type TLSOptions struct {
	Address    string `mapstructure:"address"`     // "host:port"
	ServerName string `mapstructure:"server_name"` // name to ask for and to be certified; default the address's host

	// WarnDays and FailDays are how many days the chain must still be valid:
	// with fewer the probe is degraded, or fails. 0 for no such limit.
	WarnDays int `mapstructure:"warn_days"`
	FailDays int `mapstructure:"fail_days"`

	MinVersion string   `mapstructure:"min_version"` // "1.2" or "1.3": the lowest that is offered
	ALPN       []string `mapstructure:"alpn"`        // protocols to offer; the peer must agree to one

	CAFile         string `mapstructure:"ca_file"`          // PEM; roots that count beside the system's
	ClientCertFile string `mapstructure:"client_cert_file"` // PEM; read anew when the peer asks for it, so it may be renewed
	ClientKeyFile  string `mapstructure:"client_key_file"`
	Dir            string `mapstructure:"dir"` // where the files are found from; default the folder of the file that defines the check

	InsecureChain bool `mapstructure:"insecure_chain"` // judge neither issuer nor name, only the dates of the peer's own certificate
}

var tlsKind = Kind{
	Name:    "tls",
	Summary: "A TLS handshake succeeds, and the certificate is for that name, trusted and valid for long enough.",
	// Issuers of certificates for 90 days have them renewed 30 days before
	// the end: with 21 left a renewal has failed for more than a week.
	Options: func() any { return &TLSOptions{WarnDays: 21, FailDays: 3, MinVersion: "1.2"} },
	Build:   buildTLS,
	Example: `{address: pay.example.com:443, alpn: [h2], warn_days: 14}`,
	Proven:  "nginx 1.22",
}

type tlsProbe struct {
	target   target
	config   *tls.Config
	roots    *x509.CertPool // nil for the system's
	name     string
	warn     time.Duration
	fail     time.Duration
	cert     string // path of the client certificate, empty for none
	key      string
	insecure bool
	timeout  time.Duration
}

var tlsVersions = map[string]uint16{"": tls.VersionTLS12, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

const day = 24 * time.Hour

func buildTLS(c Check) (Probe, error) {
	o, err := optionsOf[TLSOptions](c)
	if err != nil {
		return nil, err
	}
	t, err := tcpTarget("address", o.Address)
	if err != nil {
		return nil, err
	}
	version, ok := tlsVersions[o.MinVersion]
	switch {
	case c.Strict && o.CAFile+o.ClientCertFile+o.ClientKeyFile != "":
		return nil, &OptionError{Key: "ca_file", Problem: "and the client's files are not for a strict check", Instead: "write the check in a configuration file"}
	case !ok:
		return nil, &OptionError{Key: "min_version", Problem: "is not a version", Instead: `write "1.2" or "1.3"`}
	case o.WarnDays < 0:
		return nil, &OptionError{Key: "warn_days", Problem: "is less than 0", Instead: "write 0 for no limit"}
	case o.FailDays < 0:
		return nil, &OptionError{Key: "fail_days", Problem: "is less than 0", Instead: "write 0 for no limit"}
	case o.WarnDays > 0 && o.FailDays >= o.WarnDays:
		return nil, &OptionError{Key: "fail_days", Problem: "is not less than warn_days", Instead: "degraded comes before failed; without a value it is 3"}
	case o.ClientCertFile == "" && o.ClientKeyFile != "":
		return nil, &OptionError{Key: "client_cert_file", Problem: "is empty", Instead: "write the certificate that belongs to client_key_file"}
	case o.ClientKeyFile == "" && o.ClientCertFile != "":
		return nil, &OptionError{Key: "client_key_file", Problem: "is empty", Instead: "write the key that belongs to client_cert_file"}
	}
	for i, protocol := range o.ALPN {
		if protocol == "" || len(protocol) > 255 { // RFC 7301, 3.1
			return nil, &OptionError{Key: fmt.Sprintf("alpn[%d]", i), Problem: "is not the name of a protocol", Instead: "write for example h2"}
		}
	}
	host, _, _ := net.SplitHostPort(o.Address) // tcpTarget has read it
	p := &tlsProbe{
		target: t, name: o.ServerName, insecure: o.InsecureChain, timeout: c.Timeout,
		warn: time.Duration(o.WarnDays) * day, fail: time.Duration(o.FailDays) * day,
	}
	if p.name == "" {
		p.name = host
	}
	if p.roots, err = rootsOf(c, "ca_file", o.Dir, o.CAFile); err != nil {
		return nil, err
	}
	if o.ClientCertFile != "" {
		p.cert, p.key = besides(c, o.Dir, o.ClientCertFile), besides(c, o.Dir, o.ClientKeyFile)
		if _, err := tls.LoadX509KeyPair(p.cert, p.key); err != nil {
			return nil, &OptionError{Key: "client_cert_file", Problem: "and client_key_file cannot be read: " + fileProblem(err), Instead: "write the paths of a certificate and its key in PEM"}
		}
	}
	p.config = &tls.Config{
		ServerName: p.name,
		MinVersion: version,
		NextProtos: o.ALPN,
		// The probe judges the chain itself, after the handshake: so it can
		// tell of a certificate that is wrong what is in it.
		InsecureSkipVerify: true,
	}
	return p.run, nil
}

// besides returns the path of a file that the options name.
func besides(c Check, dir, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	if dir == "" {
		dir = filepath.Dir(c.Source.File)
	}
	return filepath.Join(dir, file)
}

// rootsOf returns the system's roots and those of a file, or nil, which is
// the system's alone, if no file is named.
func rootsOf(c Check, key, dir, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(besides(c, dir, file))
	if err != nil {
		return nil, &OptionError{Key: key, Problem: "cannot be read: " + fileProblem(err), Instead: "write the path of a file of certificates in PEM"}
	}
	roots, err := x509.SystemCertPool()
	if err != nil { // a system without roots of its own
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, &OptionError{Key: key, Problem: "has no certificate in it", Instead: "write the path of a file of certificates in PEM"}
	}
	return roots, nil
}

// tlsRun is one probe of kind tls.
type tlsRun struct {
	*tlsProbe
	tr    trail
	asked bool  // the peer asked for a client certificate
	own   error // why we have none to give, though one is configured
}

func (p *tlsProbe) run(ctx context.Context) Result {
	start := time.Now()
	run := &tlsRun{tlsProbe: p, tr: trail{timeout: p.timeout}}
	r := run.handshake(ctx)
	r.Duration = time.Since(start) - run.tr.lingered
	return r
}

func (run *tlsRun) handshake(ctx context.Context) Result {
	tr := &run.tr
	conn, err := tr.dial(ctx, run.target)
	if err != nil {
		return tr.failed(ctx, err)
	}
	defer conn.Close()
	defer bind(ctx, conn)()

	cfg := run.config.Clone()
	cfg.GetClientCertificate = run.clientCertificate
	secured, err := tr.secure(conn, cfg)
	if err == nil && run.asked {
		err = tr.awaitVerdict(secured)
	}
	if run.own != nil {
		r := internal("the client certificate cannot be read: " + fileProblem(run.own))
		r.Phases = tr.phases
		return r
	}
	if err != nil {
		return run.refused(ctx, err)
	}
	state := secured.(*tls.Conn).ConnectionState()
	r := run.verdict(state.PeerCertificates, state.NegotiatedProtocol, time.Now())
	r.Phases = tr.phases
	if r.Outcome == Pass {
		r.Summary = tls.VersionName(state.Version) + ", " + r.Summary
		return r
	}
	r.Evidence = &Evidence{Remote: tr.remote, Output: describeTLS(&state)}
	return r
}

func (run *tlsRun) clientCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	run.asked = true
	if run.cert == "" {
		return &tls.Certificate{}, nil
	}
	var cert tls.Certificate
	cert, run.own = tls.LoadX509KeyPair(run.cert, run.key)
	return &cert, run.own
}

// awaitVerdict waits for the peer to refuse the client certificate, or the
// lack of one: in TLS 1.3, and with some peers in 1.2 too, it does so only
// after the handshake has succeeded for us. Silence is consent.
func (tr *trail) awaitVerdict(conn net.Conn) error {
	start := time.Now()
	defer func() { tr.lingered = time.Since(start) }()
	// A handshake takes at least as long as our last message and the peer's
	// word on it take on the way; the rest is for a peer that must think.
	grace := 100*time.Millisecond + 2*tr.phases.TLS
	if err := conn.SetReadDeadline(start.Add(grace)); err != nil {
		return err
	}
	var first [1]byte
	_, err := conn.Read(first[:])
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return nil
	}
	return err
}

// refused is the result of a handshake that the peer or crypto/tls ended.
func (run *tlsRun) refused(ctx context.Context, err error) Result {
	r := run.tr.failed(ctx, err)
	given := "none was given"
	if run.cert != "" {
		given = "the one of client_cert_file was given"
	}
	switch {
	case run.asked && (r.Reason == ReasonTLS || r.Reason == ReasonReset):
		r.Reason = ReasonTLS
		r.Summary = r.Summary + "; it asks for a client certificate, " + given
	case r.Reason != ReasonTLS:
	case strings.Contains(err.Error(), "protocol version"): // alert 70; its type is not exported
		r.Summary = "the peer does not speak " + tls.VersionName(run.config.MinVersion) + " or later"
	case strings.Contains(err.Error(), "no application protocol"): // alert 120
		r.Summary = "the peer agrees to none of the protocols " + strings.Join(run.config.NextProtos, ", ")
	}
	return r
}

// verdict judges a handshake that succeeded.
func (p *tlsProbe) verdict(certs []*x509.Certificate, protocol string, now time.Time) Result {
	bad := func(summary string) Result {
		return Result{Outcome: Fail, Reason: ReasonTLS, Summary: summary}
	}
	leaf := certs[0] // there is one: a handshake without is an error
	switch {
	case now.After(leaf.NotAfter):
		return bad(fmt.Sprintf("the certificate expired on %s, %s ago", stamp(leaf.NotAfter), inDays(now.Sub(leaf.NotAfter))))
	case now.Before(leaf.NotBefore):
		return bad("the certificate is not valid before " + stamp(leaf.NotBefore))
	}
	first, whose := leaf, "the certificate"
	if !p.insecure {
		if err := leaf.VerifyHostname(p.name); err != nil {
			return bad(tlsProblem(err))
		}
		chains, err := leaf.Verify(x509.VerifyOptions{Roots: p.roots, Intermediates: poolOf(certs[1:]), CurrentTime: now})
		if err != nil {
			if isSelfSigned(leaf) {
				return bad("the certificate is self-signed, and no root of this machine")
			}
			return bad(tlsProblem(err))
		}
		first = firstToExpire(chains)
		if first != leaf {
			whose = "the issuer's certificate " + quoted(nameOf(first))
		}
	}
	if len(p.config.NextProtos) > 0 && protocol == "" {
		return bad("the peer agrees to none of the protocols " + strings.Join(p.config.NextProtos, ", "))
	}
	left := first.NotAfter.Sub(now)
	ending := fmt.Sprintf("%s expires in %s, on %s", whose, inDays(left), stamp(first.NotAfter))
	switch {
	case left < p.fail:
		return bad(ending)
	case left < p.warn:
		return Result{Outcome: Degraded, Reason: ReasonTLS, Summary: ending}
	}
	return Result{Outcome: Pass, Summary: ending}
}

func poolOf(certs []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool
}

func isSelfSigned(c *x509.Certificate) bool {
	return slices.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
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
