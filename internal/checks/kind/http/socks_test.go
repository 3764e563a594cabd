package http

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// socksServer is a proxy of SOCKS 5 (RFC 1928) that wants a password if it is
// given one, answers with a code, and for code 0 connects everybody to one
// address. What it was asked for comes out of the channel.
func socksServer(t *testing.T, password string, code byte, to string) (address string, asked <-chan string) {
	t.Helper()
	names := make(chan string, 8)
	return probetest.Serve(t, func(c *net.TCPConn) {
		b := make([]byte, 512)
		read := func(n int) []byte { _, _ = io.ReadFull(c, b[:n]); return b[:n] }
		offered := read(int(read(2)[1]))
		switch {
		case password == "":
			_, _ = c.Write([]byte{5, 0})
		case !bytes.Contains(offered, []byte{2}):
			_, _ = c.Write([]byte{5, 0xff})
			return
		default:
			_, _ = c.Write([]byte{5, 2})
			user := string(read(int(read(2)[1])))
			said := user + ":" + string(read(int(read(1)[0])))
			if said != "probe:"+password {
				_, _ = c.Write([]byte{1, 1})
				return
			}
			_, _ = c.Write([]byte{1, 0})
		}
		name := ""
		switch kind := read(4)[3]; kind {
		case 1:
			name = net.IP(read(4)).String()
		case 3:
			name = string(read(int(read(1)[0])))
		}
		read(2)
		names <- name
		_, _ = c.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
		if code != 0 {
			return
		}
		up, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer up.Close()
		go func() { _, _ = io.Copy(up, c) }()
		_, _ = io.Copy(c, up)
	}), names
}

func TestSOCKS(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, r.RequestURI) })
	plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	defer plain.Close()
	defer secure.Close()
	at := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	for _, tt := range []struct {
		name, url, user, password string
		code                      byte
		to                        string
		outcome                   checks.Outcome
		reason                    checks.Reason
		summary                   string
	}{
		{"a name", "http://inside.test/path", "", "", 0, at(plain), checks.Pass, "", "HTTP 200"},
		{"TLS", "https://inside.test/path", "", "", 0, at(secure), checks.Pass, "", "HTTP 200"},
		{"a password", "http://inside.test/", "probe:sesame1@", "sesame1", 0, at(plain), checks.Pass, "", "HTTP 200"},
		{"another password", "http://inside.test/", "probe:sesame2@", "sesame1", 0, at(plain), checks.Fail, checks.ReasonConnect, "the proxy refuses: username/password authentication failed"},
		{"no password", "http://inside.test/", "", "sesame1", 0, at(plain), checks.Fail, checks.ReasonConnect, "the proxy refuses: no acceptable authentication methods"},
		{"not there", "http://inside.test/", "", "", 4, "", checks.Fail, checks.ReasonConnect, "the proxy refuses: host unreachable"},
		{"not allowed", "https://inside.test/", "", "", 2, "", checks.Fail, checks.ReasonConnect, "the proxy refuses: connection not allowed by ruleset"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address, asked := socksServer(t, tt.password, tt.code, tt.to)
			r := probetest.Probing(t, &Kind, &Options{URL: tt.url, Proxy: "socks5://" + tt.user + address, InsecureTLS: true}, generous)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, "sesame")
			if tt.outcome == checks.Pass {
				if got := <-asked; got != "inside.test" {
					t.Errorf("the proxy was asked for %q", got)
				}
			}
		})
	}
	t.Run("no proxy", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, &Options{URL: plain.URL, Proxy: "socks5://" + probetest.Refused(t)}, generous)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonConnect, "the proxy: no connection: connection refused")
	})
	t.Run("no SOCKS", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, &Options{URL: "http://inside.test/", Proxy: "socks5://" + probetest.Serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1))
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			probetest.UntilClosed(c)
		})}, generous)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonConnect, "the proxy refuses: it does not speak SOCKS 5")
	})
	t.Run("silence", func(t *testing.T) {
		address := probetest.Serve(t, probetest.UntilClosed)
		r := probetest.Until(t, &Kind, &Options{URL: plain.URL, Proxy: "socks5://" + address}, 200*time.Millisecond, "while asking the proxy")
		probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, "while asking the proxy")
	})
}

// TestNoProxy: also of where a redirect leads.
func TestNoProxy(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) }))
	defer plain.Close()
	_, port, _ := net.SplitHostPort(plain.Listener.Addr().String())
	probetest.ResolveWith(t, map[string][]string{"here.test.": {"127.0.0.1"}, "there.test.": {"127.0.0.1"}, "a.zone.test.": {"127.0.0.1"}})
	nobody := "http://" + probetest.Refused(t)
	moved := httptest.NewServer(http.RedirectHandler("http://there.test:"+port+"/", http.StatusFound))
	defer moved.Close()
	for url, direct := range map[string]bool{
		"http://here.test:" + port: true, "http://there.test:" + port: false, "http://a.zone.test:" + port: true, plain.URL: true, moved.URL: false,
	} {
		r := probetest.Probing(t, &Kind, &Options{URL: url, Proxy: nobody, NoProxy: []string{"here.test, .zone.test", "127.0.0.0/8"}, Redirects: 1}, generous)
		want, reason := checks.Pass, checks.ReasonNone
		if !direct {
			want, reason = checks.Fail, checks.ReasonConnect
		}
		probetest.WantResult(t, r, want, reason, "")
	}
}
