package http

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestHTTPBrokenServers(t *testing.T) {
	const long, short = time.Minute, 150 * time.Millisecond
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		answer  func(*net.TCPConn)
		reason  checks.Reason
		summary string
	}{
		{"closes without an answer", long, func(c *net.TCPConn) { probetest.ReadRequest(c) }, checks.ReasonReset, "the peer closed the connection while waiting for the answer"},
		{"resets in the body", long, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			_ = c.SetLinger(0)
		}, checks.ReasonReset, "while reading the answer"},
		{"closes in the body", long, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}, checks.ReasonReset, "the peer closed the connection while reading the answer"},
		{"closes in a chunk", long, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf")
		}, checks.ReasonReset, "closed"},
		{"closes in the header", long, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le")
		}, checks.ReasonReset, "closed"},
		{"garbage", long, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, "\x00\x01\x02 SSH-2.0-dropbear\r\n\r\n")
		}, checks.ReasonProtocol, "the answer is malformed"},
		{"bad chunk", long, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
			probetest.UntilClosed(c)
		}, checks.ReasonProtocol, "malformed"},
		{"endless header", long, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			line := "X-More: " + strings.Repeat("a", 1000) + "\r\n"
			for {
				if _, err := io.WriteString(c, line); err != nil {
					return
				}
			}
		}, checks.ReasonProtocol, "malformed"},
		{"endless line", long, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			for {
				if _, err := io.WriteString(c, strings.Repeat("a", 1000)); err != nil {
					return
				}
			}
		}, checks.ReasonProtocol, "malformed"},
		{"endless hints", long, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
					return
				}
			}
		}, checks.ReasonProtocol, "malformed"},
		{"silent", short, probetest.UntilClosed, checks.ReasonTimeout, "while waiting for the answer"},
		{"stops in the body", short, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			probetest.UntilClosed(c)
		}, checks.ReasonTimeout, "while reading the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := probetest.Serve(t, tt.answer)
			r := probetest.Until(t, &Kind, optionsFor("http://"+address), tt.timeout, tt.summary)
			probetest.WantResult(t, r, checks.Fail, tt.reason, tt.summary)
			if r.Evidence == nil || r.Evidence.Remote != address {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
}

func TestHTTPOverTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.TLS.ServerName) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	server.StartTLS()
	defer server.Close()
	plain := probetest.Serve(t, func(c *net.TCPConn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	silent := probetest.Serve(t, func(c *net.TCPConn) { probetest.UntilClosed(c) })
	closing := probetest.Serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1024)) })

	insecure := func(o *Options) { o.InsecureTLS = true }
	probetest.WantResult(t, probetest.Probing(t, &Kind, optionsFor(server.URL), 5*time.Second), checks.Fail, checks.ReasonTLS, "the certificate is self-signed, and no root of this machine")
	r := probetest.Probing(t, &Kind, optionsFor(server.URL, insecure, func(o *Options) {
		o.Host, o.Contains = "shop.example.com:8443", []string{"shop.example.com"}
	}), 5*time.Second)
	probetest.WantResult(t, r, checks.Pass, "", "HTTP 200")
	if r.Phases.TLS <= 0 {
		t.Errorf("phases: %+v", r.Phases)
	}
	probetest.WantResult(t, probetest.Probing(t, &Kind, optionsFor("https://"+plain), 5*time.Second), checks.Fail, checks.ReasonTLS, "the peer does not speak TLS")
	probetest.WantResult(t, probetest.Until(t, &Kind, optionsFor("https://"+silent), 150*time.Millisecond, "while negotiating TLS"), checks.Fail, checks.ReasonTimeout, "while negotiating TLS")
	probetest.WantResult(t, probetest.Probing(t, &Kind, optionsFor("https://"+closing), 5*time.Second), checks.Fail, checks.ReasonReset, "while negotiating TLS")

	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.Config.ErrorLog = server.Config.ErrorLog
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	defer old.Close()
	probetest.WantResult(t, probetest.Probing(t, &Kind, optionsFor(old.URL, insecure), 5*time.Second), checks.Fail, checks.ReasonTLS, "the peer speaks no protocol version that statusbot offers")
	for low, outcome := range map[string]checks.Outcome{"1.0": checks.Pass, "1": checks.Pass, "1.1": checks.Pass, "1.2": checks.Fail} {
		if r := probetest.Probing(t, &Kind, optionsFor(old.URL, insecure, func(o *Options) { o.TLSMin = low }), 5*time.Second); r.Outcome != outcome {
			t.Errorf("tls_min %s: %s %s", low, r.Outcome, r.Summary)
		}
	}
}

// TestAServerThatWantsAName says nothing of it; the cure is told.
func TestAServerThatWantsAName(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		if h.ServerName == "" {
			return nil, errors.New("for whom?")
		}
		return nil, nil //nolint:nilnil // the server's own
	}}
	server.StartTLS()
	defer server.Close()
	insecure := func(o *Options) { o.InsecureTLS = true }
	probetest.WantResult(t, probetest.Probing(t, &Kind, optionsFor(server.URL, insecure), 5*time.Second), checks.Fail, checks.ReasonTLS,
		"the peer refused the handshake: internal error; it was asked for no name, since an address is none: write server_name")
	probetest.WantResult(t, probetest.Probing(t, &Kind, optionsFor(server.URL, insecure, func(o *Options) { o.ServerName = "shop.example" }), 5*time.Second), checks.Pass, "", "HTTP 200")
}

// TestOldServersOnRequest: one that has nothing but TLS 1.0 and RSA key exchange is
// talked to if the check says so.
func TestOldServersOnRequest(t *testing.T) {
	openssl := probetest.NeedProgram(t, "openssl", "/usr/bin/openssl")
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if said, err := exec.Command(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=old", "-keyout", key, "-out", cert).CombinedOutput(); err != nil {
		t.Fatalf("openssl req: %v %s", err, said)
	}
	for _, suite := range []string{"AES128-SHA", "ECDHE-RSA-AES128-SHA"} {
		port := probetest.FreePort(t)
		_, _ = probetest.StartServer(t, dir, syscall.SIGKILL, openssl, "s_server", "-accept", "127.0.0.1:"+port, "-cert", cert, "-key", key, "-tls1", "-cipher", suite+"@SECLEVEL=0", "-www")
		o := optionsFor("https://127.0.0.1:"+port+"/", func(o *Options) { o.InsecureTLS, o.TLSMin, o.Contains = true, "1.0", []string{suite} })
		probetest.UntilPass(t, &Kind, o)
		o.TLSMin = ""
		probetest.WantResult(t, probetest.Probing(t, &Kind, o, 5*time.Second), checks.Fail, checks.ReasonTLS, "the peer speaks no protocol version that statusbot offers")
	}
}

func TestHTTPNames(t *testing.T) {
	probetest.NameServer(t, probetest.NoSuchName)
	probetest.WantResult(t, probetest.Probing(t, &Kind, optionsFor("http://shop.invalid/"), 5*time.Second), checks.Fail, checks.ReasonDNS, "the name does not exist")
	probetest.WantResult(t, probetest.Probing(t, &tcpkind.Kind, &tcpkind.Options{Address: "shop.invalid:1"}, 5*time.Second), checks.Fail, checks.ReasonDNS, "the name does not exist")

	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	r := probetest.Probing(t, &Kind, optionsFor(strings.Replace(server.URL, "127.0.0.1", "localhost", 1)), 5*time.Second)
	probetest.WantResult(t, r, checks.Pass, "", "HTTP 200")
	if r.Phases.DNS <= 0 || r.Phases.Connect <= 0 {
		t.Errorf("phases: %+v", r.Phases)
	}
}

func TestHTTPNameServerIsSilent(t *testing.T) {
	// It is silent until the probe is over. Then it answers the queries for
	// both families, since the resolver waits longer for them than a probe.
	over := make(chan struct{})
	replied := probetest.NameServer(t, func(query []byte) []byte {
		<-over
		return probetest.NoSuchName(query)
	})
	r := probetest.Probing(t, &Kind, optionsFor("http://shop.invalid./"), 150*time.Millisecond)
	close(over)
	<-replied
	<-replied
	probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, "while resolving the name")
	if r.Phases.DNS <= 0 || r.Phases.Connect != 0 {
		t.Errorf("phases: %+v", r.Phases)
	}
}
