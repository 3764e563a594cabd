//go:build linux

package tls

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// server is one server block of the test's nginx.
type server struct {
	cert, key string
	protocols string // of ssl_protocols
	listen    string // words after the address
	clientCA  string // clients must have a certificate of it: a stream, since http says so in its answer only
	port      int
}

// startServers runs one nginx with all of them.
func startServers(t *testing.T, servers map[string]*server) {
	t.Helper()
	const program, stream = "/usr/sbin/nginx", "/usr/lib/nginx/modules/ngx_stream_module.so"
	probetest.NeedPackage(t, program, "nginx-light")
	probetest.NeedPackage(t, stream, "libnginx-mod-stream")
	dir := t.TempDir()
	ports := probetest.UnusedPorts(t, len(servers))
	var web, streams bytes.Buffer
	for _, s := range servers {
		s.port, ports = ports[0], ports[1:]
		if s.protocols == "" {
			s.protocols = "TLSv1.2 TLSv1.3"
		}
		common := fmt.Sprintf("server { listen 127.0.0.1:%d ssl %s; ssl_certificate \"%s\"; ssl_certificate_key \"%s\"; ssl_protocols %s;",
			s.port, s.listen, s.cert, s.key, s.protocols)
		if s.clientCA == "" {
			fmt.Fprintf(&web, "%s }\n", common)
		} else {
			fmt.Fprintf(&streams, "%s ssl_verify_client on; ssl_client_certificate \"%s\"; proxy_pass 127.0.0.1:%d; }\n", common, s.clientCA, s.port)
		}
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // its folder belongs to the user of the test
	}
	conf := filepath.Join(dir, "nginx.conf")
	probetest.OK(t, os.WriteFile(conf, fmt.Appendf(nil, `daemon off; %[2]s worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log;
load_module %[3]s;
events { worker_connections 256; }
http {
access_log off;
client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
%[4]s}
stream {
%[5]s}
`, dir, user, stream, web.String(), streams.String()), 0o600))
	var any *server
	for _, any = range servers {
		break
	}
	probetest.StartListening(t, any.port, program, "-p", dir, "-c", conf, "-e", filepath.Join(dir, "error.log"))
}

func TestTLSAgainstNginx(t *testing.T) {
	ca := probetest.NewTLSAuthority(t, "Acme Root", 1000*probe.Day)
	shortCA := probetest.NewTLSAuthority(t, "Acme Old Root", 10*probe.Day+time.Hour)
	servers := map[string]*server{}
	add := func(name, cert, key string) *server {
		servers[name] = &server{cert: cert, key: key}
		return servers[name]
	}
	cert, key := ca.Issue("shop.example", 90*probe.Day+time.Hour)
	add("valid", cert, key)
	add("1.2", cert, key).protocols = "TLSv1.2"
	add("1.3", cert, key).protocols = "TLSv1.3"
	add("http2", cert, key).listen = "http2"
	for _, version := range []string{"1.2", "1.3"} {
		s := add("client "+version, cert, key)
		s.protocols, s.clientCA = "TLSv"+version, ca.File
	}
	cert, key = ca.Issue("shop.example", 10*probe.Day+time.Hour)
	add("10 days", cert, key)
	cert, key = ca.Issue("shop.example", 30*time.Hour+time.Minute)
	add("30 hours", cert, key)
	cert, key = ca.Issue("shop.example", -5*probe.Day-time.Hour)
	add("expired", cert, key)
	cert, key = ca.Issue("a.example", 90*probe.Day)
	add("other name", cert, key)
	cert, key = ca.SelfSigned("shop.example")
	add("self-signed", cert, key)
	cert, key = shortCA.Issue("shop.example", 90*probe.Day)
	add("old root", cert, key)
	startServers(t, servers)

	clientCert, clientKey := ca.Issue("probe", 90*probe.Day)
	strangeCert, strangeKey := shortCA.Issue("probe", 90*probe.Day)
	trust := func(o *Options) { o.CAFile = ca.File }
	insecure := func(o *Options) { o.InsecureChain = true }
	offer := func(protocols ...string) func(*Options) { return func(o *Options) { o.ALPN = protocols } }
	least := func(version string) func(*Options) { return func(o *Options) { o.MinVersion = version } }
	client := func(cert, key string) func(*Options) {
		return func(o *Options) { o.ClientCertFile, o.ClientKeyFile = cert, key }
	}
	days := func(warn, fail int) func(*Options) {
		return func(o *Options) { o.WarnDays, o.FailDays = warn, fail }
	}
	type changes []func(*Options)
	for _, tt := range []struct {
		name, server string
		change       changes
		outcome      checks.Outcome
		summary      string
		evidence     string
	}{
		{"valid", "valid", changes{trust}, checks.Pass, "TLS 1.3, the certificate expires in 90 days, on 20", ""},
		{"file below dir", "valid", changes{func(o *Options) { o.Dir, o.CAFile = filepath.Split(ca.File) }}, checks.Pass, "90 days", ""},
		{"unknown authority", "valid", nil, checks.Fail, "signed by an unknown authority", "issuer: CN=Acme Root\n"},
		{"unknown authority, not judged", "valid", changes{insecure}, checks.Pass, "90 days", ""},
		{"10 days", "10 days", changes{trust}, checks.Degraded, "the certificate expires in 10 days, on 20", "subject: CN=shop.example,O=Acme\nnames: shop.example\nissuer: CN=Acme Root\nnot before: 20"},
		{"10 days are enough", "10 days", changes{trust, days(10, 3)}, checks.Pass, "in 10 days", ""},
		{"10 days are too few", "10 days", changes{trust, days(21, 11)}, checks.Fail, "in 10 days", "not after: 20"},
		{"no limits", "30 hours", changes{trust, days(0, 0)}, checks.Pass, "in 30 h", ""},
		{"30 hours", "30 hours", changes{trust}, checks.Fail, "the certificate expires in 30 h", "not after: 20"},
		{"expired", "expired", changes{trust}, checks.Fail, "Z, 5 days ago", "not after: 20"},
		{"expired, unknown", "expired", nil, checks.Fail, "the certificate expired on 20", "TLS 1.3, TLS_"},
		{"expired, chain not judged", "expired", changes{insecure}, checks.Fail, "the certificate expired on 20", "TLS 1.3, TLS_"},
		{"other name", "other name", changes{trust}, checks.Fail, `the certificate is for a.example, not "shop.example"`, "names: a.example"},
		{"other name is asked for", "other name", changes{trust, func(o *Options) { o.ServerName = "a.example" }}, checks.Pass, "days", ""},
		{"address as name", "valid", changes{trust, func(o *Options) { o.ServerName = "" }}, checks.Fail, `for shop.example, not "127.0.0.1"`, "names"},
		{"self-signed", "self-signed", changes{trust}, checks.Fail, "the certificate is self-signed", "issuer: CN=shop.example,O=Acme"},
		{"self-signed, trusted", "self-signed", changes{func(o *Options) { o.CAFile = servers["self-signed"].cert }}, checks.Pass, "89 days", ""},
		{"issuer ends first", "old root", changes{func(o *Options) { o.CAFile = shortCA.File }}, checks.Degraded, `the issuer's certificate "Acme Old Root" expires in 10 days`, "issuer: CN=Acme Old Root"},
		{"1.2 only", "1.2", changes{trust}, checks.Pass, "TLS 1.2, ", ""},
		{"1.2 only, 1.3 wanted", "1.2", changes{trust, least("1.3")}, checks.Fail, "the peer does not speak TLS 1.3 or later", ""},
		{"1.3 only", "1.3", changes{trust, least("1.3")}, checks.Pass, "TLS 1.3, ", ""},
		{"http/2", "http2", changes{trust, offer("h2")}, checks.Pass, "90 days", ""},
		{"no http/2", "valid", changes{trust, offer("h2")}, checks.Fail, "the peer agrees to none of the protocols h2", ""},
		{"http/2 after another", "http2", changes{trust, offer("acme/1", "h2"), days(100, 3)}, checks.Degraded, "90 days", "protocol: h2\n"},
		{"client certificate 1.2", "client 1.2", changes{trust, client(clientCert, clientKey)}, checks.Pass, "90 days", ""},
		{"client certificate 1.3", "client 1.3", changes{trust, client(clientCert, clientKey)}, checks.Pass, "90 days", ""},
		{"no client certificate 1.2", "client 1.2", changes{trust}, checks.Fail, "it asks for a client certificate, and none was given", ""},
		{"no client certificate 1.3", "client 1.3", changes{trust}, checks.Fail, "it asks for a client certificate, and none was given", ""},
		{"strange client certificate 1.2", "client 1.2", changes{trust, client(strangeCert, strangeKey)}, checks.Fail, "it asks for a client certificate, that of client_cert_file was given", ""},
		{"strange client certificate 1.3", "client 1.3", changes{trust, client(strangeCert, strangeKey)}, checks.Fail, "it asks for a client certificate, that of client_cert_file was given", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := probetest.Local(servers[tt.server].port)
			r := probetest.Probing(t, &Kind, options(address, tt.change...), time.Minute)
			reason := checks.ReasonTLS
			if tt.outcome == checks.Pass {
				reason = checks.ReasonNone
			}
			probetest.WantResult(t, r, tt.outcome, reason, tt.summary)
			if r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.Connect+r.Phases.TLS > r.Duration {
				t.Errorf("phases %+v in %v", r.Phases, r.Duration)
			}
			switch {
			case tt.outcome == checks.Pass:
				if r.Evidence != nil {
					t.Errorf("evidence of a pass: %+v", r.Evidence)
				}
			case r.Evidence == nil || r.Evidence.Remote != address || !strings.Contains(r.Evidence.Output, tt.evidence):
				t.Errorf("evidence %+v, want %q", r.Evidence, tt.evidence)
			}
		})
	}
}

// options returns options with defaults for shop.example at an address.
func options(address string, change ...func(*Options)) *Options {
	o := Kind.Options().(*Options)
	o.Address, o.ServerName = address, "shop.example"
	for _, f := range change {
		f(o)
	}
	return o
}

func TestTLSBrokenServers(t *testing.T) {
	const long, short = time.Minute, 150 * time.Millisecond
	silent := probetest.Serve(t, probetest.UntilClosed)
	plain := probetest.Serve(t, func(c *net.TCPConn) { io.WriteString(c, "220 mail.example ESMTP\r\n"); probetest.UntilClosed(c) })
	closing := probetest.Serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 4096)) })
	hello := probetest.Serve(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 4096))
		io.WriteString(c, "\x16\x03\x03\x00\x04\x02\x00\x00\x00")
		probetest.UntilClosed(c)
	})
	refused := probetest.Local(probetest.UnusedPorts(t, 1)[0])
	for _, tt := range []struct {
		name, address string
		timeout       time.Duration
		reason        checks.Reason
		summary       string
	}{
		{"refused", refused, long, checks.ReasonConnect, "no connection: connection refused"},
		{"plain text", plain, long, checks.ReasonTLS, "the peer does not speak TLS"},
		{"says hello in no words", hello, long, checks.ReasonTLS, "the peer breaks the rules of TLS: error decoding message"},
		{"closes", closing, long, checks.ReasonReset, "the peer closed the connection while negotiating TLS"},
		{"silent", silent, short, checks.ReasonTimeout, "while negotiating TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Until(t, &Kind, options(tt.address), tt.timeout, tt.summary)
			probetest.WantResult(t, r, checks.Fail, tt.reason, tt.summary)
			if r.Evidence == nil || r.Evidence.Remote != tt.address {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	probetest.NameServer(t, probetest.NoSuchName)
	probetest.WantResult(t, probetest.Probing(t, &Kind, options("shop.invalid:443"), long), checks.Fail, checks.ReasonDNS, "the name does not exist")
}

// A peer may refuse by an alert after our part of the handshake is over, or
// ask for a certificate that it can do without.
func TestTLSClientCertificate(t *testing.T) {
	ca := probetest.NewTLSAuthority(t, "Acme Root", 100*probe.Day)
	cert, key := ca.Issue("shop.example", 90*probe.Day)
	pair, err := tls.LoadX509KeyPair(cert, key)
	probetest.OK(t, err)
	roots, err := probe.RootsOf(checks.Check{}, "", "", ca.File)
	probetest.OK(t, err)
	trust := func(o *Options) { o.CAFile = ca.File }

	strict := probetest.ServeTLS(t, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots})
	r := probetest.Probing(t, &Kind, options(strict, trust), time.Minute)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonTLS, "the peer asks for a client certificate, and none was given")
	lenient := probetest.ServeTLS(t, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert})
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(lenient, trust), time.Minute), checks.Pass, "", "TLS 1.3")

	// The certificate is read when it is asked for: one that is gone since
	// the start is our fault, and no failure of the peer.
	clientCert, clientKey := ca.Issue("probe", 90*probe.Day)
	compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "tls", Every: time.Minute, Timeout: 5 * time.Second, Options: options(strict, trust, func(o *Options) {
		o.ClientCertFile, o.ClientKeyFile = clientCert, clientKey
	})})
	probetest.OK(t, err)
	r, _ = compiled.Run(t.Context())
	probetest.WantResult(t, r, checks.Pass, "", "TLS 1.3")
	probetest.OK(t, os.Remove(clientKey))
	r, _ = compiled.Run(t.Context())
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the client certificate cannot be read: no such file or directory")
}

func TestTLSOptions(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	probetest.OK(t, os.WriteFile(empty, nil, 0o600))
	for want, change := range map[string]func(*Options){
		"address is not an address with a port":     func(o *Options) { o.Address = "shop.example" },
		"min_version is not a version":              func(o *Options) { o.MinVersion = "0.9" },
		"warn_days is less than 0":                  func(o *Options) { o.WarnDays = -1 },
		"fail_days is less than 0":                  func(o *Options) { o.FailDays = -1 },
		"fail_days is not less than warn_days":      func(o *Options) { o.FailDays = 21 },
		"alpn[1] is not the name of a protocol":     func(o *Options) { o.ALPN = []string{"h2", ""} },
		"ca_file cannot be read: no such file":      func(o *Options) { o.CAFile = empty + "x" },
		"ca_file has no certificate in it":          func(o *Options) { o.CAFile = empty },
		"client_cert_file cannot be read: it is ne": func(o *Options) { o.ClientCertFile = empty },
		"client_cert_file is empty":                 func(o *Options) { o.ClientKeyFile = empty },
		"client_cert_file and client_key_file ca":   func(o *Options) { o.ClientCertFile, o.ClientKeyFile = empty, empty },
	} {
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "tls", Every: 1, Timeout: 1, Options: options("127.0.0.1:443", change)})
		option, ok := errors.AsType[*probe.OptionError](err)
		if !ok || !strings.HasPrefix(option.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	strict := checks.Check{ID: "it", Kind: "tls", Every: 1, Timeout: 1, Strict: true, Options: options("127.0.0.1:443", func(o *Options) { o.CAFile = empty })}
	if _, err := probetest.Compiled(&Kind, strict); err == nil || !strings.Contains(err.Error(), "not for a strict check") {
		t.Errorf("a strict check may read files: %v", err)
	}
}
