package http

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

const generous = time.Minute

func TestInternationalNames(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) }))
	defer server.Close()
	probetest.ResolveWith(t, map[string][]string{"xn--bcher-kva.example.": {"127.0.0.1"}})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	r := probetest.Probing(t, &Kind, &Options{URL: "http://bücher.example:" + port + "/", Contains: []string{"xn--bcher-kva.example"}}, generous)
	probetest.WantResult(t, r, checks.Pass, checks.ReasonNone, "HTTP 200")

	names := make(chan string, 8)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure.TLS = &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) { names <- h.ServerName; return nil, nil }}
	secure.StartTLS()
	defer secure.Close()
	for _, o := range []*Options{{Host: "bücher.example"}, {ServerName: "bücher.example"}} {
		o.URL, o.InsecureTLS = secure.URL, true
		probetest.WantResult(t, probetest.Probing(t, &Kind, o, generous), checks.Pass, checks.ReasonNone, "HTTP 200")
		if got := <-names; got != "xn--bcher-kva.example" {
			t.Errorf("asked for %q", got)
		}
	}
}

func TestAKeptConnectionThatTimedOutIsNoFailure(t *testing.T) {
	address := probetest.Serve(t, func(c *net.TCPConn) {
		probetest.ReadRequest(c)
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		fmt.Fprint(c, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	})
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Every: generous, Timeout: generous, Options: &Options{URL: "http://" + address, Reuse: true}})
	probetest.OK(t, err)
	for range 4 {
		r, _ := c.Run(t.Context())
		probetest.WantResult(t, r, checks.Pass, checks.ReasonNone, "HTTP 200")
	}
}

func packed(kind, text string) []byte {
	var b bytes.Buffer
	if kind == "deflate" {
		w := zlib.NewWriter(&b)
		fmt.Fprint(w, text)
		w.Close()
		return b.Bytes()
	}
	w := gzip.NewWriter(&b)
	fmt.Fprint(w, text)
	w.Close()
	return b.Bytes()
}

func TestBodiesAreJudgedAsTheyRead(t *testing.T) {
	var encoding, kind string
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if encoding != "" {
			w.Header().Set("Content-Encoding", encoding)
		}
		w.Header().Set("Content-Type", kind)
		w.Write(body)
	}))
	defer server.Close()
	for _, tt := range []struct {
		name, encoding, kind string
		body                 []byte
		options              Options
		outcome              checks.Outcome
		summary              string
	}{
		{"gzip unasked", "gzip", "text/plain", packed("gzip", "all good here"), Options{NotContains: []string{"all good"}}, checks.Fail, `"all good" is in the body`},
		{"its other name", "x-gzip", "text/plain", packed("gzip", "all good here"), Options{Contains: []string{"all good"}, Compression: true}, checks.Pass, ""},
		{"deflate", "deflate", "text/plain", packed("deflate", "all good here"), Options{Contains: []string{"all good"}}, checks.Pass, ""},
		{"called gzip and plain", "gzip", "text/plain", []byte("all good here"), Options{}, checks.Pass, ""},
		{"called gzip, plain, judged", "gzip", "text/plain", []byte("all good here"), Options{NotContains: []string{"bad"}}, checks.Fail, `packed with "gzip"`},
		{"unknown", "zz", "text/plain", []byte("\x01\x02"), Options{NotContains: []string{"all good"}}, checks.Fail, `the body is packed with "zz"`},
		{"unknown, by an expression", "zz", "text/plain", []byte("\x01\x02"), Options{Options: claim.Options{Expect: []string{"!body.contains('bad')"}}}, checks.Unknown, `packed with "zz"`},
		{"GBK", "", "text/html; charset=GBK", []byte("\xd6\xd0\xce\xc4"), Options{Contains: []string{"中文"}}, checks.Pass, ""},
		{"UTF-32", "", "text/plain; charset=utf-32", []byte("\x00\x00\x00o\x00\x00\x00k"), Options{NotContains: []string{"ok"}}, checks.Fail, `"ok" is in the body`},
		{"UTF-32, of the other order", "", "text/plain; charset=UTF-32LE", []byte("o\x00\x00\x00k\x00\x00\x00"), Options{Contains: []string{"ok"}}, checks.Pass, ""},
		{"escaped in two halves", "", "application/json", []byte(`{"a":"\ud83d\uDE00 \\ud83d\\ude00 \ud83d."}`), Options{JSON: []JSONAssertion{{Path: "$.a", Equals: `😀 \ud83d\ude00 ` + "\ufffd."}}}, checks.Pass, ""},
		{"nothing is no JSON", "", "application/json", []byte(" \n"), Options{JSON: []JSONAssertion{{Path: "$.error", Exists: new(bool)}}}, checks.Fail, "the body is not JSON"},
		{"Latin 1", "", "text/html; charset=ISO-8859-1", []byte("f\xfcr"), Options{Options: claim.Options{Expect: []string{"body == 'für'"}}}, checks.Pass, ""},
		{"its size, as it came", "", "text/html; charset=GBK", []byte("\xd6\xd0\xce\xc4"), Options{Options: claim.Options{Expect: []string{"size == 4", "body == '中文'"}}}, checks.Pass, ""},
		{"shown where nothing is asked of it", "", "text/html; charset=GBK", []byte("\xd6\xd0\xce\xc4"), Options{Status: []any{500}}, checks.Fail, "HTTP 200"},
		{"byte order mark", "", "application/json", []byte("\xef\xbb\xbf{\"ok\":true}"), Options{JSON: []JSONAssertion{{Path: "$.ok", Equals: true}}, Options: claim.Options{Expect: []string{"json.ok == true"}}}, checks.Pass, ""},
		{"large numbers", "", "application/json", []byte(`{"id":9007199254740993}`), Options{JSON: []JSONAssertion{{Path: "$.id", Equals: 9007199254740992}}}, checks.Fail, "$.id is 9007199254740993"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			encoding, kind, body = tt.encoding, tt.kind, tt.body
			tt.options.URL = server.URL
			r := probetest.Probing(t, &Kind, &tt.options, generous)
			if r.Outcome != tt.outcome || !strings.Contains(r.Summary, tt.summary) {
				t.Errorf("got %s %q", r.Outcome, r.Summary)
			}
			if e := r.Evidence; e != nil && strings.Contains(kind, "GBK") && e.Output != "中文" {
				t.Errorf("shows %q", e.Output)
			}
		})
	}
}

func TestRequestTargetsAreEscaped(t *testing.T) {
	address := probetest.Serve(t, func(c *net.TCPConn) {
		b := make([]byte, 4096)
		n, _ := c.Read(b)
		line, _, _ := strings.Cut(string(b[:n]), "\r\n")
		if line == "GET /from HTTP/1.1" {
			fmt.Fprint(c, "HTTP/1.1 302 Found\r\nLocation: /ok?q=a b\r\nContent-Length: 0\r\n\r\n")
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(line), line)
	})
	for path, want := range map[string]string{"/from": "GET /ok?q=a%20b HTTP/1.1", "/?q=a b": "GET /?q=a%20b HTTP/1.1", "/?q=ü&r=%41": "GET /?q=%C3%BC&r=%41 HTTP/1.1"} {
		r := probetest.Probing(t, &Kind, &Options{URL: "http://" + address + path, Redirects: 5, Contains: []string{want}}, generous)
		probetest.WantResult(t, r, checks.Pass, checks.ReasonNone, "HTTP 200")
	}
}

// TestPackingsThatAreAskedFor: a server packs as it likes best.
func TestPackingsThatAreAskedFor(t *testing.T) {
	text := strings.Repeat("all good here. ", 200)
	for _, packing := range []string{"gzip", "deflate", "br"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get("Accept-Encoding"), packing) {
				return
			}
			w.Header().Set("Content-Encoding", packing)
			var to io.WriteCloser
			switch packing {
			case "gzip":
				to = gzip.NewWriter(w)
			case "deflate":
				to = zlib.NewWriter(w)
			case "br":
				to = brotli.NewWriter(w)
			}
			_, _ = io.WriteString(to, text)
			_ = to.Close()
		}))
		probetest.WantResult(t, probetest.Probing(t, &Kind, &Options{URL: server.URL, Compression: true, Contains: []string{"all good here"}}, generous), checks.Pass, checks.ReasonNone, "HTTP 200")
		server.Close()
	}
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = io.WriteString(w, "all good here, and not packed")
	}))
	defer broken.Close()
	r := probetest.Probing(t, &Kind, &Options{URL: broken.URL, Compression: true, Contains: []string{"all good"}}, generous)
	if r.Outcome == checks.Pass {
		t.Errorf("got %s %s", r.Outcome, r.Summary)
	}
	t.Log(r.Reason, r.Summary)
}

// TestACertificateInExpressions: of the connection that was answered on, kept or not.
func TestACertificateInExpressions(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	plain := httptest.NewServer(http.RedirectHandler(server.URL, http.StatusFound))
	defer plain.Close()
	open := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer open.Close()
	back := httptest.NewTLSServer(http.RedirectHandler(open.URL, http.StatusFound))
	defer back.Close()
	for _, tt := range []struct {
		url, version, said string
		redirects          int
		outcome            checks.Outcome
	}{
		{server.URL, "1.1", "certificate.days_left > 14 && 'example.com' in certificate.names", 5, checks.Pass},
		{server.URL, "1.1", "certificate.days_left > 1000000", 5, checks.Fail},
		{plain.URL, "1.1", "certificate.issuer.contains('Acme')", 5, checks.Pass},
		{plain.URL, "1.1", "certificate == null", 0, checks.Pass},
		{back.URL, "1.1", "certificate == null", 5, checks.Pass},
	} {
		o := &Options{URL: tt.url, InsecureTLS: true, Version: tt.version, Redirects: tt.redirects, Reuse: true, Options: claim.Options{Expect: probetest.Said(tt.said)}}
		c, err := probetest.Compiled(&Kind, checks.Check{ID: "c", Product: "p", Kind: "http", Every: 2 * generous, Timeout: generous, Options: o})
		probetest.OK(t, err)
		for range 2 { // the second time on a kept connection
			if r, _ := c.Run(t.Context()); r.Outcome != tt.outcome {
				t.Errorf("%s with %s: %s %s", tt.url, tt.said, r.Outcome, r.Summary)
			}
		}
	}
}

// TestClaimsThatCanNeverWork are refused when the configuration is read.
func TestClaimsThatCanNeverWork(t *testing.T) {
	const u = "http://shop.example/"
	for _, tt := range []struct {
		o   Options
		key string
	}{
		{Options{URL: u, Method: "HEAD", Contains: []string{"ok"}}, "method"},
		{Options{URL: u, Method: "head", NotContains: []string{"bad"}}, "method"},
		{Options{URL: u, Method: "HEAD", Options: claim.Options{Expect: []string{"json.ok == true"}}}, "method"},
		{Options{URL: u, Contains: []string{"a", "all good"}, NotContains: []string{"good"}}, "contains[1]"},
		{Options{URL: u, Headers: map[string]string{"Accept": "a", "accept": "b"}}, "headers.accept"},
		{Options{URL: u, Proxy: "http://proxy.example:3128", NoProxy: []string{"a.example", "10.0.0.0/33"}}, "no_proxy[1]"},
		{Options{URL: u, Proxy: "http://proxy.example:3128", NoProxy: []string{"a.example, 10.0.0.0/255.0.0.0"}}, "no_proxy[0]"},
		{Options{URL: u, Proxy: "http://proxy.example:3128", NoProxy: []string{"256.0.0.1"}}, "no_proxy[0]"},
		{Options{URL: u, Proxy: "http://proxy.example:3128", NoProxy: []string{"a.example:99999"}}, "no_proxy[0]"},
		{Options{URL: u, Proxy: "http://proxy.example:3128", NoProxy: []string{"10.1.2.3/33"}}, "no_proxy[0]"},
		{Options{URL: u, Host: "256.0.0.1"}, "host"},
		{Options{URL: u, Host: "h:99999"}, "host"},
	} {
		probetest.WantOptionError(t, &Kind, &tt.o, tt.key)
	}
	probetest.OK(t, compiles(&Options{URL: u, Method: "HEAD", Options: claim.Options{Expect: []string{"headers['x-state'] == 'ok'"}}}))
	probetest.OK(t, compiles(&Options{URL: u, Contains: []string{"good"}, NotContains: []string{"all good"}}))
	probetest.OK(t, compiles(&Options{URL: u, Proxy: "http://proxy.example:3128", NoProxy: []string{"10.0.0.0/8, ::1/128,[::1]:80,*.x.example,.y.example,*,::1, 192.0.2.1:80,"}}))
}

func compiles(o *Options) error {
	_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Every: generous, Timeout: generous, Options: o})
	return err
}

func TestURLsThatCanNeverWork(t *testing.T) {
	for _, u := range []string{"http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://a%20b.example/"} {
		probetest.WantOptionError(t, &Kind, &Options{URL: u}, "url")
	}
}

// chain makes certificates by hand: a root, an intermediate that ends at until
// and a leaf for 127.0.0.1 with the serial number.
func chain(t *testing.T, until time.Time, serial int64) (leaf tls.Certificate, rootFile string) {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		probetest.OK(t, err)
		return k
	}
	long := time.Now().Add(364 * 24 * time.Hour)
	ca := func(name string, end time.Time) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: end,
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	}
	rootKey, middleKey, leafKey := key(), key(), key()
	root, middle := ca("Root3", long), ca("Inter3", until)
	own := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "leaf"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: long, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	probetest.OK(t, err)
	middleDER, err := x509.CreateCertificate(rand.Reader, middle, root, middleKey.Public(), rootKey)
	probetest.OK(t, err)
	ownDER, err := x509.CreateCertificate(rand.Reader, own, middle, leafKey.Public(), middleKey)
	probetest.OK(t, err)
	rootFile = filepath.Join(t.TempDir(), "root.pem")
	probetest.OK(t, os.WriteFile(rootFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), 0o600))
	return tls.Certificate{Certificate: [][]byte{ownDER, middleDER}, PrivateKey: leafKey}, rootFile
}

func TestAnExpiredIssuerIsBlamed(t *testing.T) {
	pair, root := chain(t, time.Now().Add(-24*time.Hour), 5)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	defer server.Close()
	r := probetest.Probing(t, &Kind, &Options{URL: server.URL, CAFile: root}, generous)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonTLS, `the issuer's certificate "Inter3" expired on `)
}

// TestServerNameIsOfTheFirstHost: another host, to which a redirect leads, is asked for by its own name and has to be
// certified as that; the first one keeps the name, also when it is come back to.
func TestServerNameIsOfTheFirstHost(t *testing.T) {
	ca := probetest.NewTLSAuthority(t, "ca", 90*probe.Day)
	serve := func(name string, answer http.HandlerFunc) (port string) {
		cert, key := ca.Issue(name, 90*probe.Day)
		pair, err := tls.LoadX509KeyPair(cert, key)
		probetest.OK(t, err)
		server := httptest.NewUnstartedServer(answer)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
		server.StartTLS()
		t.Cleanup(server.Close)
		_, port, err = net.SplitHostPort(server.Listener.Addr().String())
		probetest.OK(t, err)
		return port
	}
	back := ""
	elsewhere := serve("localhost", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/back" {
			http.Redirect(w, r, back, http.StatusFound)
		}
	})
	first := serve("shop.example", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/end" {
			http.Redirect(w, r, "https://localhost:"+elsewhere+r.URL.Path, http.StatusFound)
		}
	})
	back = "https://127.0.0.1:" + first + "/end"
	for _, path := range []string{"/end", "/away", "/back"} {
		o := optionsFor("https://127.0.0.1:"+first+path, func(o *Options) { o.CAFile, o.ServerName = ca.File, "shop.example" })
		probetest.WantResult(t, probetest.Probing(t, &Kind, o, generous), checks.Pass, "", "HTTP 200")
	}
}

func TestInsecureTLSAcceptsANegativeSerialNumber(t *testing.T) {
	pair, _ := chain(t, time.Now().Add(24*time.Hour), 4321)
	// x509 makes none, so it is written by hand: 02 02 10 E1 is 4321, 02 02 EF 1F is -4321.
	pair.Certificate[0] = bytes.Replace(pair.Certificate[0], []byte{2, 2, 0x10, 0xe1}, []byte{2, 2, 0xef, 0x1f}, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	defer server.Close()
	r := probetest.Probing(t, &Kind, &Options{URL: server.URL, InsecureTLS: true}, generous)
	probetest.WantResult(t, r, checks.Pass, checks.ReasonNone, "HTTP 200")
}

func TestVersionsThatDoNotMeet(t *testing.T) {
	old := probetest.Serve(t, func(c *net.TCPConn) {
		probetest.ReadRequest(c)
		fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		probetest.UntilClosed(c) // closed with something unread, the answer may be lost
	})
	r := probetest.Probing(t, &Kind, &Options{URL: "http://" + old, Version: "2"}, generous)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonProtocol, `the answer is malformed: it is of HTTP/1.1, and version: "2" wants HTTP/2; write version: auto`)
	two := probetest.Serve(t, func(c *net.TCPConn) {
		probetest.ReadRequest(c)
		_, _ = c.Write([]byte("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"))
	})
	r = probetest.Probing(t, &Kind, &Options{URL: "http://" + two}, generous)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonProtocol, `write version: "2"`)
}

func TestNoCommonWayToEncryptIsSaid(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}, MaxVersion: tls.VersionTLS12} //nolint:gosec // what some servers still do
	server.StartTLS()
	defer server.Close()
	r := probetest.Probing(t, &Kind, &Options{URL: server.URL, InsecureTLS: true}, generous)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonTLS, "no RSA key exchange")
}
