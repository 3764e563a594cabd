package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate for 127.0.0.1, signed by another one or, if by is empty, by itself.
func issue(t *testing.T, name string, by issued, authority bool) issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-Day), NotAfter: time.Now().Add(Day),
		BasicConstraintsValid: true, IsCA: authority, IPAddresses: []net.IP{{127, 0, 0, 1}},
	}
	if by.cert == nil {
		by = issued{of, key}
	}
	raw, err := x509.CreateCertificate(rand.Reader, of, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return issued{cert, key}
}

func TestUnknownAuthoritiesAreNamed(t *testing.T) {
	root := issue(t, "Root", issued{}, true)
	middle := issue(t, "Middle", root, true)
	other := issue(t, "Middle", issue(t, "Root", issued{}, true), true)
	plain := issue(t, "Plain", root, false)
	known := x509.NewCertPool()
	known.AddCert(root.cert)
	strange := issue(t, "Strange", issued{}, true)
	const told = "the certificate is signed by an unknown authority: "
	for name, tt := range map[string]struct {
		leaf issued
		sent []issued
		want string
	}{
		"incomplete":     {issue(t, "leaf", middle, false), nil, told + `"Middle" is no root of this machine, and the server does not send its certificate`},
		"root in place":  {issue(t, "leaf", middle, false), []issued{root}, told + `"Middle" is no root of this machine, and the server does not send its certificate`},
		"strange":        {issue(t, "leaf", strange, false), []issued{strange}, told + `"Strange" is no root of this machine`},
		"self-signed":    {issue(t, "leaf", issued{}, false), nil, "the certificate is self-signed, and no root of this machine"},
		"no authority":   {issue(t, "leaf", plain, false), []issued{plain}, told + `"Plain" may not sign others`},
		"renewed issuer": {issue(t, "leaf", middle, false), []issued{other}, told + `it is not the "Middle" that the server sends`},
	} {
		t.Run(name, func(t *testing.T) {
			cert := tls.Certificate{PrivateKey: tt.leaf.key, Certificate: [][]byte{tt.leaf.cert.Raw}}
			for _, c := range tt.sent {
				cert.Certificate = append(cert.Certificate, c.cert.Raw)
			}
			r, _ := shake(t, &tls.Config{Certificates: []tls.Certificate{cert}}, &tls.Config{RootCAs: known, ServerName: "127.0.0.1"})
			if r.Outcome != checks.Fail || r.Reason != checks.ReasonTLS || r.Summary != tt.want {
				t.Errorf("got %s/%s %q, want %q", r.Outcome, r.Reason, r.Summary, tt.want)
			}
		})
	}
}

// shake is the result of a handshake and a read on it, and how its trail ended.
func shake(t *testing.T, server, client *tls.Config) (checks.Result, *Trail) {
	t.Helper()
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	defer func() { at.Close(); <-done }()
	go func() {
		defer close(done)
		conn, err := at.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		peer := tls.Server(conn, server)
		if peer.Handshake() == nil {
			_ = peer.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, conn)
	}()
	tr := NewDialer(checks.Check{Timeout: 10 * time.Second}).Trail()
	conn, err := tr.Connect(context.Background(), NewTarget("127.0.0.1", at.Addr().(*net.TCPAddr).String()[len("127.0.0.1:"):]), client)
	if err == nil {
		tr.Stage = Waiting
		_, err = conn.Read(make([]byte, 1))
		conn.Close()
	}
	return tr.Failed(context.Background(), err), &tr
}

func TestWhatBecameOfTheClientCertificateIsSaid(t *testing.T) {
	root := issue(t, "Root", issued{}, true)
	leaf := issue(t, "leaf", root, false)
	known := x509.NewCertPool()
	known.AddCert(root.cert)
	server := &tls.Config{Certificates: []tls.Certificate{{PrivateKey: leaf.key, Certificate: [][]byte{leaf.cert.Raw}}}, MaxVersion: tls.VersionTLS12}
	client := &tls.Config{RootCAs: known, ServerName: "127.0.0.1"}
	proving := client.Clone()
	proving.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &server.Certificates[0], nil }
	alert := func(number uint8) error { return &net.OpError{Op: "remote error", Err: tls.AlertError(number)} }
	const (
		missing = "the peer asks for a client certificate, and none was given"
		given   = "it asks for a client certificate, that of client_cert_file was given"
		silent  = "it asks for a client certificate, and none was given"
	)
	for name, tt := range map[string]struct {
		ask    tls.ClientAuthType
		client *tls.Config
		stage  Stage // at which the connection ends
		err    error // by which; nil for that of the peer itself
		reason checks.Reason
		want   string
	}{
		"refused by an alert of no meaning": {tls.RequireAnyClientCert, client, "", nil, checks.ReasonTLS, missing},
		"handshake failure":                 {tls.RequestClientCert, client, Shaking, alert(40), checks.ReasonTLS, missing},
		"closed without an alert":           {tls.RequestClientCert, client, Shaking, io.EOF, checks.ReasonTLS, "the peer closed the connection while negotiating TLS; " + silent},
		"closed after the handshake":        {tls.RequestClientCert, client, Waiting, io.EOF, checks.ReasonReset, "the peer closed the connection while waiting for the answer; " + silent},
		"for servers alone":                 {tls.RequestClientCert, proving, Waiting, alert(43), checks.ReasonTLS, "the peer does not take the client's certificate: it is of another sort, or not for clients"},
		"unknown certificate":               {tls.RequestClientCert, proving, Waiting, alert(46), checks.ReasonTLS, "the peer does not take the client's certificate, and does not say why"},
		"given and closed":                  {tls.RequestClientCert, proving, Shaking, io.EOF, checks.ReasonTLS, "the peer closed the connection while negotiating TLS; " + given},
		"given and refused":                 {tls.RequestClientCert, proving, Shaking, alert(40), checks.ReasonTLS, "the peer refused the handshake; " + given},
		"taken, and closed later":           {tls.RequestClientCert, proving, Waiting, io.EOF, checks.ReasonReset, "the peer closed the connection while waiting for the answer"},
		"not asked for":                     {tls.NoClientCert, client, Waiting, io.EOF, checks.ReasonReset, "the peer closed the connection while waiting for the answer"},
		"no reason that is known":           {tls.NoClientCert, client, Shaking, alert(80), checks.ReasonTLS, "the peer refused the handshake: internal error"},
	} {
		t.Run(name, func(t *testing.T) {
			of := server.Clone()
			of.ClientAuth = tt.ask
			r, tr := shake(t, of, tt.client)
			if tt.err != nil {
				tr.Stage, tr.nameless = tt.stage, false
				r = tr.Failed(context.Background(), tt.err)
			}
			if r.Outcome != checks.Fail || r.Reason != tt.reason || r.Summary != tt.want {
				t.Errorf("got %s/%s %q, want fail/%s %q", r.Outcome, r.Reason, r.Summary, tt.reason, tt.want)
			}
		})
	}
}

// A name of /etc/hosts is found whatever family is asked for, and what is found may be of the other one: on most
// machines localhost has one, and where it has both neither is said to be lacking.
func TestANameOfAFileLacksAFamily(t *testing.T) {
	t.Parallel()
	for _, family := range []string{"4", "6"} {
		has, _ := net.DefaultResolver.LookupNetIP(t.Context(), "ip"+family, "localhost")
		d := NewDialer(checks.Check{Timeout: 10 * time.Second})
		d.family = family
		tr := d.Trail()
		conn, err := tr.Dial(t.Context(), NewTarget("localhost", "1"))
		if err == nil {
			conn.Close() // somebody listens there
			continue
		}
		r := tr.Failed(t.Context(), err)
		lacks := "the name has no IPv" + family + " address"
		if is := r.Reason == checks.ReasonDNS && r.Summary == lacks; is != (len(has) == 0) {
			t.Errorf("got %s %q of a name with %d addresses of IPv%s", r.Reason, r.Summary, len(has), family)
		}
	}
}
