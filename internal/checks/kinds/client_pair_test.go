package kinds

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// clientFiles are a client's certificate and key as OpenSSL writes them, by what
// it is told.
func clientFiles(t *testing.T, ca *probetest.TlsAuthority) (dir string) {
	t.Helper()
	openssl := probetest.NeedProgram(t, "openssl", "/usr/bin/openssl")
	cert, key := ca.Issue("probe", 90*probe.Day)
	dir = t.TempDir()
	both, err := os.ReadFile(cert)
	probetest.OK(t, err)
	open, err := os.ReadFile(key)
	probetest.OK(t, err)
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "both.pem"), append(both, open...), 0o600))
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "cert.pem"), both, 0o600))
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "store.jks"), []byte("\xfe\xed\xfe\xed\x00\x00\x00\x02"), 0o600))
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "password"), []byte("hunter2-hunter2\r\n"), 0o600))
	run := func(out string, args ...string) {
		cmd := exec.Command(openssl, append(args, "-out", filepath.Join(dir, out))...) //nolint:gosec // of a test
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v %s", args, err, said)
		}
	}
	export := []string{"pkcs12", "-export", "-in", cert, "-inkey", key, "-passout", "pass:hunter2-hunter2"}
	run("modern.p12", append(export, "-certfile", ca.File)...)
	run("legacy.pfx", append(export, "-legacy")...)
	run("three.p12", append(export, "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")...)
	run("bare.p12", "pkcs12", "-export", "-in", cert, "-inkey", key, "-passout", "pass:")
	lock := []string{"pkcs8", "-topk8", "-in", key, "-passout", "pass:hunter2-hunter2"}
	run("aes.key", lock...)
	run("sha512.key", append(lock, "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512")...)
	run("des3.key", append(lock, "-v2", "des3", "-v2prf", "hmacWithSHA1")...)
	run("scrypt.key", append(lock, "-scrypt", "-scrypt_N", "16")...)
	run("old.key", "ec", "-in", key, "-aes256", "-passout", "pass:hunter2-hunter2")
	return dir
}

// wantsClients is an HTTPS server that lets in who shows a certificate of the
// authority.
func wantsClients(t *testing.T, ca *probetest.TlsAuthority) (address string) {
	t.Helper()
	cert, key := ca.Issue("127.0.0.1", 90*probe.Day)
	pair, err := tls.LoadX509KeyPair(cert, key)
	probetest.OK(t, err)
	text, err := os.ReadFile(ca.File)
	probetest.OK(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots})
	probetest.OK(t, err)
	var upgrader websocket.Upgrader
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // of a test, which ends
		if websocket.IsWebSocketUpgrade(r) {
			if c, err := upgrader.Upgrade(w, r, nil); err == nil {
				defer c.Close()
				for err == nil {
					_, _, err = c.NextReader()
				}
			}
		}
	})}
	served := make(chan struct{})
	go func() { _ = server.Serve(l); close(served) }()
	t.Cleanup(func() { server.Close(); <-served })
	return l.Addr().String()
}

type clientPaths struct{ dir, cert, key string }

// clientCheck is a check of a kind with a client's certificate, from a file of
// its own folder.
func clientCheck(kind probe.Kind, address, ca string, files clientPaths, lock probe.KeyOptions) checks.Check {
	host, port, _ := net.SplitHostPort(address)
	c := goingItsWay(kind, host, port, probe.WayOptions{})
	v := reflect.ValueOf(c.Options).Elem()
	set := func(name string, to any) {
		if f := v.FieldByName(name); f.IsValid() {
			f.Set(reflect.ValueOf(to))
		}
	}
	secure := func(v reflect.Value) { v.SetString(strings.Replace(v.String(), "://", "s://", 1)) }
	switch kind.Name {
	case "journey":
		secure(v.FieldByName("Steps").Index(0).FieldByName("URL"))
	case "http", "websocket":
		secure(v.FieldByName("URL"))
	case "tcp":
		set("Expect", "")
		set("TLS", true)
	case "tls":
		v.FieldByName("Expect").SetZero()
	}
	for name, to := range map[string]any{"CAFile": ca, "Dir": files.dir, "ClientCertFile": files.cert, "ClientKeyFile": files.key, "KeyOptions": lock} {
		set(name, to)
	}
	return c
}

// TestClientCertificatesAsTheyAreKept: in PKCS#12 of old and new tools, in one
// file of PEM, and with keys that a password opens, in each kind that shows one.
func TestClientCertificatesAsTheyAreKept(t *testing.T) {
	t.Parallel()
	ca := probetest.NewTLSAuthority(t, "Acme Root", 1000*probe.Day)
	dir, address := clientFiles(t, ca), wantsClients(t, ca)
	lock := probe.KeyOptions{ClientKeyPassword: "hunter2-hunter2"}
	inFile := probe.KeyOptions{ClientKeyPasswordFile: "password"}
	for i, tt := range []struct {
		cert, key string
		lock      probe.KeyOptions
		option    string // that is refused; empty for a pass
		problem   string
	}{
		{"modern.p12", "", lock, "", ""},
		{"modern.p12", "", inFile, "", ""},
		{"legacy.pfx", "", lock, "", ""},
		{"three.p12", "", lock, "", ""},
		{"bare.p12", "", probe.KeyOptions{}, "", ""},
		{"both.pem", "", probe.KeyOptions{}, "", ""},
		{"cert.pem", "aes.key", lock, "", ""},
		{"cert.pem", "sha512.key", inFile, "", ""},
		{"cert.pem", "des3.key", lock, "", ""},
		{"cert.pem", "old.key", lock, "", ""},
		{"modern.p12", "", probe.KeyOptions{}, "client_key_password", "is empty"},
		{"modern.p12", "", probe.KeyOptions{ClientKeyPassword: "another"}, "client_key_password", "does not open"},
		{"cert.pem", "aes.key", probe.KeyOptions{ClientKeyPassword: "another"}, "client_key_password", "does not open"},
		{"cert.pem", "old.key", probe.KeyOptions{}, "client_key_password", "is empty"},
		{"cert.pem", "scrypt.key", lock, "client_cert_file", "in a way that is not known here; openssl pkcs8"},
		{"cert.pem", "", probe.KeyOptions{}, "client_key_file", "is empty, and client_cert_file holds no key"},
		{"store.jks", "", lock, "client_cert_file", "it is a Java keystore; keytool"},
		{"password", "", lock, "client_cert_file", "it is neither PEM nor PKCS#12"},
		{"none.p12", "", lock, "client_cert_file", "no such file"},
		{"", "", lock, "client_cert_file", "is empty"},
		{"modern.p12", "", probe.KeyOptions{ClientKeyPassword: "x", ClientKeyPasswordFile: "password"}, "client_key_password_file", "is given beside"},
	} {
		for _, name := range []string{"http", "journey", "tcp", "tls", "websocket"} {
			if tt.option == "" && i > 0 && name != "http" {
				continue // all kinds open it by the same hand
			}
			kind, _ := Lookup(name)
			c, err := probetest.Compiled(&kind, clientCheck(kind, address, ca.File, clientPaths{dir, tt.cert, tt.key}, tt.lock))
			if tt.option != "" {
				probetest.WantOption(t, err, tt.option)
				if err != nil && !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("%s of %s %s: %v, want %q", name, tt.cert, tt.key, err, tt.problem)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s of %s %s: %v", name, tt.cert, tt.key, err)
				continue
			}
			if r, _ := c.Run(t.Context()); r.Outcome != checks.Pass {
				t.Errorf("%s of %s %s: %s %s", name, tt.cert, tt.key, r.Outcome, r.Summary)
			}
		}
	}
}

// TestAClientCertificateIsRenewed: a file is read at each handshake, and one that
// its password does not open any more is our own trouble.
func TestAClientCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	ca := probetest.NewTLSAuthority(t, "Acme Root", 1000*probe.Day)
	other := probetest.NewTLSAuthority(t, "Other Root", 1000*probe.Day)
	mine, theirs, address := clientFiles(t, ca), clientFiles(t, other), wantsClients(t, ca)
	kind, _ := Lookup("http")
	file := filepath.Join(t.TempDir(), "it.p12")
	put := func(dir, name string) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		probetest.OK(t, err)
		probetest.OK(t, os.WriteFile(file, data, 0o600))
	}
	put(theirs, "modern.p12")
	c, err := probetest.Compiled(&kind, clientCheck(kind, address, ca.File, clientPaths{cert: file}, probe.KeyOptions{ClientKeyPassword: "hunter2-hunter2"}))
	probetest.OK(t, err)
	for _, tt := range []struct {
		dir, file string
		outcome   checks.Outcome
		summary   string
	}{
		{theirs, "modern.p12", checks.Fail, "certificate"},
		{mine, "modern.p12", checks.Pass, "HTTP 200"},
		{mine, "bare.p12", checks.Unknown, "the client certificate cannot be read: client_key_password does not open it"},
		{mine, "legacy.pfx", checks.Pass, "HTTP 200"},
	} {
		put(tt.dir, tt.file)
		if r, _ := c.Run(t.Context()); r.Outcome != tt.outcome || !strings.Contains(r.Summary, tt.summary) {
			t.Errorf("%s: %s %q, want %s %q", tt.file, r.Outcome, r.Summary, tt.outcome, tt.summary)
		}
	}
}

// TestAKeyIsOpenedOnce: to open one takes a million hashes if its owner wants
// that, and a probe is made every ten seconds.
func TestAKeyIsOpenedOnce(t *testing.T) {
	t.Parallel()
	ca := probetest.NewTLSAuthority(t, "Acme Root", 1000*probe.Day)
	dir := clientFiles(t, ca)
	pair, err := probe.NewClientPair(checks.Check{Timeout: time.Second}, dir, "modern.p12", "", probe.KeyOptions{ClientKeyPassword: "hunter2-hunter2"})
	probetest.OK(t, err)
	one, err := pair.Read()
	probetest.OK(t, err)
	two, err := pair.Read()
	probetest.OK(t, err)
	if one.Leaf == nil || one.Leaf != two.Leaf {
		t.Error("the same file is opened twice")
	}
	if len(one.Certificate) != 2 {
		t.Errorf("%d certificates, want its own and its issuer's", len(one.Certificate))
	}
	block, _ := pem.Decode(must(os.ReadFile(ca.File)))
	if !bytes.Equal(one.Certificate[1], block.Bytes) {
		t.Error("the issuer's certificate is not sent along")
	}
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}
