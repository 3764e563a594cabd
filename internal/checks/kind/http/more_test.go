//go:build linux

package http

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// nginxPorts are where startWeb's nginx answers.
type nginxPorts struct{ plain, h2c, tls, tls13, mutual string }

// startWeb runs a real nginx with HTTP/2, client certificates, passwords and
// compression, and returns its ports and the authority of its certificates.
func startWeb(t *testing.T) (at nginxPorts, ca *probetest.TlsAuthority) {
	t.Helper()
	probetest.NeedPackage(t, "/usr/sbin/nginx", "nginx-light")
	ca = probetest.NewTLSAuthority(t, "Test authority", 365*probe.Day)
	cert, key := ca.Issue("127.0.0.1", 90*probe.Day)
	dir := t.TempDir()
	// nginx reads {PLAIN} passwords.
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "users"), []byte("probe:{PLAIN}correct horse\n"), 0o600))
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "page.html"), []byte(strings.Repeat("all is well. ", 500)), 0o600))
	ports := probetest.UnusedPorts(t, 5)
	conf := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr error;
events { worker_connections 64; }
http {
  access_log off; types { text/html html; } gzip on; gzip_min_length 10; gzip_types *; gzip_http_version 1.0;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  ssl_certificate "%[2]s"; ssl_certificate_key "%[3]s";
  map $server_protocol $said { default $server_protocol; }
  server {
    listen 127.0.0.1:%[4]d; listen 127.0.0.1:%[5]d http2; listen 127.0.0.1:%[6]d ssl http2; root %[1]s;
    location /page.html { }
    location /protocol { return 200 $server_protocol; }
    location /private { auth_basic "probe"; auth_basic_user_file %[1]s/users; try_files /page.html =404; }
    location /login { add_header Set-Cookie "sid=opensesame; Path=/"; return 302 /inside; }
    location /inside { if ($cookie_sid = opensesame) { return 200 "$http_cookie"; } return 403 "no cookie"; }
    location /away { return 302 http://localhost:%[4]d/protocol; }
    location /size { client_max_body_size 10m; return 200 $content_length; }
  }
  server { listen 127.0.0.1:%[7]d ssl; ssl_protocols TLSv1.3; location / { return 200 $ssl_protocol; } }
  server { listen 127.0.0.1:%[8]d ssl; ssl_client_certificate "%[9]s"; ssl_verify_client on; location / { return 200 $ssl_client_s_dn; } }
}
`, dir, cert, key, ports[0], ports[1], ports[2], ports[3], ports[4], ca.File)
	file := filepath.Join(dir, "nginx.conf")
	probetest.OK(t, os.WriteFile(file, []byte(conf), 0o600))
	probetest.StartListening(t, ports[0], "/usr/sbin/nginx", "-c", file, "-p", dir)
	return nginxPorts{probetest.Local(ports[0]), probetest.Local(ports[1]), probetest.Local(ports[2]), probetest.Local(ports[3]), probetest.Local(ports[4])}, ca
}

func TestHTTPAgainstNginx(t *testing.T) {
	at, ca := startWeb(t)
	other := probetest.NewTLSAuthority(t, "Other authority", 365*probe.Day)
	ours, ourKey := ca.Issue("client.example.com", 90*probe.Day)
	theirs, theirKey := other.Issue("client.example.com", 90*probe.Day)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		probetest.OK(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	body := file("body.json", strings.Repeat("x", 70_000))
	secret := file("secret", "correct horse\n")
	for _, tt := range []struct {
		name    string
		url     string
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"1.1", "http://" + at.plain + "/protocol", func(o *Options) { o.Expect = []string{"body == 'HTTP/1.1' && version == '1.1' && !reused"} }, checks.Pass, "", "HTTP 200"},
		{"h2 over TLS", "https://" + at.tls + "/protocol", func(o *Options) {
			o.CAFile, o.Version, o.Contains, o.Expect = ca.File, "2", []string{"HTTP/2.0"}, []string{"version == '2'"}
		}, checks.Pass, "", "HTTP/2 200"},
		{"h2 with prior knowledge", "http://" + at.h2c + "/protocol", func(o *Options) { o.Version, o.Contains = "2", []string{"HTTP/2.0"} }, checks.Pass, "", "HTTP/2 200"},
		{"what the server prefers", "https://" + at.tls + "/protocol", func(o *Options) { o.CAFile, o.Version, o.Contains = ca.File, "auto", []string{"HTTP/2.0"} }, checks.Pass, "", "HTTP/2 200"},
		{"1.1 where both are", "https://" + at.tls + "/protocol", func(o *Options) { o.CAFile, o.Contains = ca.File, []string{"HTTP/1.1"} }, checks.Pass, "", "HTTP 200"},
		{"auto without h2", "https://" + at.tls13 + "/", func(o *Options) { o.CAFile, o.Version = ca.File, "auto" }, checks.Pass, "", "HTTP 200"},
		{"no h2", "https://" + at.tls13 + "/", func(o *Options) { o.CAFile, o.Version = ca.File, "2" }, checks.Fail, checks.ReasonTLS, "the peer speaks none of the protocols that were offered"},
		{"h2 post", "https://" + at.tls + "/size", func(o *Options) {
			o.CAFile, o.Version, o.Method, o.BodyFile, o.Contains = ca.File, "2", "POST", body, []string{"70000"}
		}, checks.Pass, "", "HTTP/2 200"},
		{"h2 redirect", "https://" + at.tls + "/login", func(o *Options) { o.CAFile, o.Version, o.Contains = ca.File, "2", []string{"sid=opensesame"} }, checks.Pass, "", "HTTP/2 200"},
		{"h2 status", "https://" + at.tls + "/nothing", func(o *Options) { o.CAFile, o.Version = ca.File, "2" }, checks.Fail, checks.ReasonStatus, "HTTP 404"},
		{"body from a file", "http://" + at.plain + "/size", func(o *Options) { o.Method, o.BodyFile, o.Contains = "POST", body, []string{"70000"} }, checks.Pass, "", "HTTP 200"},

		{"TLS 1.3 alone", "https://" + at.tls13 + "/", func(o *Options) { o.CAFile, o.TLSMin, o.Contains = ca.File, "1.3", []string{"TLSv1.3"} }, checks.Pass, "", ""},
		{"too old for the server", "https://" + at.tls13 + "/", func(o *Options) { o.CAFile, o.TLSMax = ca.File, "1.2" }, checks.Fail, checks.ReasonTLS, "protocol version"},
		{"unknown authority", "https://" + at.tls + "/", func(*Options) {}, checks.Fail, checks.ReasonTLS, "unknown authority"},
		{"another name", "https://" + at.tls + "/", func(o *Options) { o.CAFile, o.ServerName = ca.File, "pay.example.com" }, checks.Fail, checks.ReasonTLS, "not \"pay.example.com\""},
		{"client certificate", "https://" + at.mutual + "/", func(o *Options) {
			o.CAFile, o.ClientCertFile, o.ClientKeyFile, o.Contains = ca.File, ours, ourKey, []string{"CN=client.example.com"}
		}, checks.Pass, "", ""},
		{"no client certificate", "https://" + at.mutual + "/", func(o *Options) { o.CAFile = ca.File }, checks.Fail, checks.ReasonStatus, "HTTP 400"},
		{"a stranger's certificate", "https://" + at.mutual + "/", func(o *Options) { o.CAFile, o.ClientCertFile, o.ClientKeyFile = ca.File, theirs, theirKey }, checks.Fail, checks.ReasonStatus, "HTTP 400"},

		{"password", "http://" + at.plain + "/private", func(o *Options) { o.BasicAuth = BasicAuth{User: "probe", Password: "correct horse"} }, checks.Pass, "", ""},
		{"password file", "http://" + at.plain + "/private", func(o *Options) { o.BasicAuth = BasicAuth{User: "probe", PasswordFile: secret} }, checks.Pass, "", ""},
		{"password file over h2", "https://" + at.tls + "/private", func(o *Options) {
			o.CAFile, o.Version, o.BasicAuth = ca.File, "2", BasicAuth{User: "probe", PasswordFile: secret}
		}, checks.Pass, "", ""},
		{"wrong password", "http://" + at.plain + "/private", func(o *Options) { o.BasicAuth = BasicAuth{User: "probe", Password: "hunter2"} }, checks.Fail, checks.ReasonStatus, "HTTP 401"},
		{"no password", "http://" + at.plain + "/private", func(*Options) {}, checks.Fail, checks.ReasonStatus, "HTTP 401"},

		{"cookie of a redirect", "http://" + at.plain + "/login", func(o *Options) { o.Contains = []string{"sid=opensesame"} }, checks.Pass, "", ""},
		{"cookies", "http://" + at.plain + "/inside", func(o *Options) {
			o.Cookies, o.Contains = map[string]string{"sid": "opensesame", "theme": "dark"}, []string{"sid=opensesame; theme=dark"}
		}, checks.Pass, "", ""},
		{"cookies and a redirect's", "http://" + at.plain + "/login", func(o *Options) {
			o.Cookies, o.Contains = map[string]string{"sid": "old", "theme": "dark"}, []string{"theme=dark; sid=opensesame"}
		}, checks.Pass, "", ""},
		{"wrong cookie", "http://" + at.plain + "/inside", func(o *Options) { o.Cookies = map[string]string{"sid": "closed"} }, checks.Fail, checks.ReasonStatus, "HTTP 403"},
		{"to another host", "http://" + at.plain + "/away", func(*Options) {}, checks.Pass, "", ""},
		{"not to another host", "http://" + at.plain + "/away", func(o *Options) { o.RedirectsTo = "same-host" }, checks.Fail, checks.ReasonStatus, "HTTP 302"},

		{"compressed", "http://" + at.plain + "/page.html", func(o *Options) {
			o.Compression, o.Contains = true, []string{"all is well."}
			o.Expect = []string{"headers['content-encoding'] == 'gzip' && size == 6500"}
		}, checks.Pass, "", ""},
		{"compressed over h2", "https://" + at.tls + "/page.html", func(o *Options) {
			o.CAFile, o.Version, o.Compression, o.Expect = ca.File, "2", true, []string{"headers['content-encoding'] == 'gzip' && size == 6500"}
		}, checks.Pass, "", ""},
		{"not compressed", "http://" + at.plain + "/page.html", func(o *Options) { o.Expect = []string{"!('content-encoding' in headers)"} }, checks.Pass, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Probing(t, &Kind, optionsFor(tt.url, tt.change), 5*time.Second)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, "correct horse")
			probetest.NoSecret(t, r, "hunter2")
		})
	}
	t.Run("phases of h2", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, optionsFor("https://"+at.tls+"/page.html", func(o *Options) { o.CAFile, o.Version = ca.File, "2" }), 5*time.Second)
		if p := r.Phases; p.Connect <= 0 || p.TLS <= 0 || p.FirstByte <= 0 || p.Transfer <= 0 {
			t.Errorf("phases: %+v", p)
		}
	})
	t.Run("client certificate that goes away", func(t *testing.T) {
		cert, key := ca.Issue("gone.example.com", 10*probe.Day)
		o := optionsFor("https://"+at.mutual+"/", func(o *Options) { o.CAFile, o.ClientCertFile, o.ClientKeyFile = ca.File, cert, key })
		compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: 5 * time.Second, Options: o})
		probetest.OK(t, err)
		probetest.OK(t, os.Remove(key))
		r, _ := compiled.Run(t.Context())
		probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the client certificate cannot be read")
	})
}

// startProxy runs a real Tinyproxy; with a user it wants that user's password.
func startProxy(t *testing.T, user string) string {
	t.Helper()
	probetest.NeedPackage(t, "/usr/bin/tinyproxy", "tinyproxy-bin")
	port := probetest.UnusedPorts(t, 1)[0]
	conf := fmt.Sprintf("Port %d\nListen 127.0.0.1\nTimeout 10\nMaxClients 20\nLogLevel Error\nViaProxyName \"tiny\"\n", port)
	if user != "" {
		conf += "BasicAuth " + user + " sesame1\n"
	}
	file := filepath.Join(t.TempDir(), "tinyproxy.conf")
	probetest.OK(t, os.WriteFile(file, []byte(conf), 0o644))
	probetest.StartListening(t, port, "/usr/bin/tinyproxy", "-d", "-c", file)
	return probetest.Local(port)
}

func TestHTTPProxy(t *testing.T) {
	at, ca := startWeb(t)
	open, closed := startProxy(t, ""), startProxy(t, "probe")
	nobody := "127.0.0.1:" + probetest.FreePort(t)
	for _, tt := range []struct {
		name, url, proxy string
		change           func(*Options)
		outcome          checks.Outcome
		reason           checks.Reason
		summary          string
	}{
		{"plain", "http://" + at.plain + "/protocol", open, func(o *Options) { o.Expect = []string{"headers['via'].contains('tiny')"} }, checks.Pass, "", ""},
		{"TLS", "https://" + at.tls + "/protocol", open, func(*Options) {}, checks.Pass, "", "HTTP 200"},
		{"h2", "https://" + at.tls + "/protocol", open, func(o *Options) { o.Version = "2" }, checks.Pass, "", "HTTP/2 200"},
		{"user", "https://" + at.tls + "/protocol", "probe:sesame1@" + closed, func(*Options) {}, checks.Pass, "", ""},
		{"user, plain", "http://" + at.plain + "/protocol", "probe:sesame1@" + closed, func(*Options) {}, checks.Pass, "", ""},
		{"wrong password", "https://" + at.tls + "/protocol", "probe:sesame2@" + closed, func(*Options) {}, checks.Fail, checks.ReasonConnect, "the proxy refuses with HTTP 40"},
		{"no proxy", "https://" + at.tls + "/protocol", nobody, func(*Options) {}, checks.Fail, checks.ReasonConnect, "the proxy: no connection: connection refused"},
		{"target down", "https://" + nobody + "/", open, func(*Options) {}, checks.Fail, checks.ReasonConnect, "the proxy refuses with HTTP 50"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Probing(t, &Kind, optionsFor(tt.url, func(o *Options) { o.CAFile, o.Proxy = ca.File, "http://"+tt.proxy }, tt.change), 5*time.Second)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, "sesame")
		})
	}
}

// tokenServer gives tokens by client credentials as RFC 6749 has it, and
// serves a resource that wants the newest of them.
type tokenServer struct {
	*httptest.Server
	given atomic.Int64 // tokens so far
	fault atomic.Pointer[func(http.ResponseWriter)]
}

func startTokens(t *testing.T) *tokenServer {
	t.Helper()
	s := &tokenServer{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if f := s.fault.Load(); f != nil {
			(*f)(w)
			return
		}
		id, secret, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		if id != "probe" || secret != "s%3Acret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "read pay" || r.FormValue("audience") != "shop" {
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprintf("opaque-token-%d", s.given.Add(1)), "token_type": "Bearer", "expires_in": 3600})
	})
	mux.HandleFunc("/resource", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != fmt.Sprintf("Bearer opaque-token-%d", s.given.Load()) {
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, "who is "+r.Header.Get("Authorization"))
			return
		}
		io.WriteString(w, "welcome")
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestHTTPOAuth2(t *testing.T) {
	s := startTokens(t)
	options := func(change ...func(*Options)) *Options {
		return optionsFor(s.URL+"/resource", append([]func(*Options){func(o *Options) {
			o.Contains = []string{"welcome"}
			o.OAuth2 = OAuth2{TokenURL: s.URL + "/token", ClientID: "probe", ClientSecret: "s:cret", Scopes: []string{"read", "pay"}, Audience: "shop"}
		}}, change...)...)
	}
	compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: 5 * time.Second, Options: options()})
	probetest.OK(t, err)
	run := func() checks.Result {
		r, _ := compiled.Run(t.Context())
		probetest.NoSecret(t, r, "opaque-token")
		probetest.NoSecret(t, r, "s:cret")
		return r
	}
	probetest.WantResult(t, run(), checks.Pass, "", "HTTP 200")
	probetest.WantResult(t, run(), checks.Pass, "", "HTTP 200")
	if n := s.given.Load(); n != 1 {
		t.Errorf("%d tokens for two probes, want one", n)
	}
	s.given.Add(1) // the token that we have is good no longer
	probetest.WantResult(t, run(), checks.Pass, "", "HTTP 200")
	if n := s.given.Load(); n != 3 {
		t.Errorf("%d tokens, want a fresh one after the 401", n)
	}
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(func(o *Options) { o.OAuth2.ClientSecret = "wrong" }), 5*time.Second), checks.Unknown, checks.ReasonInternal, "the token endpoint refuses this check: invalid_client")
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(func(o *Options) { o.OAuth2.TokenURL = "http://127.0.0.1:" + probetest.FreePort(t) }), 5*time.Second), checks.Fail, checks.ReasonConnect, "the token endpoint: no connection")
	for want, answer := range map[string]func(http.ResponseWriter){
		"the token endpoint answers HTTP 503":                 func(w http.ResponseWriter) { w.WriteHeader(503) },
		"the token endpoint answers HTTP 200 without a token": func(w http.ResponseWriter) { io.WriteString(w, "<html>sign in</html>") },
	} {
		s.fault.Store(&answer)
		if r := probetest.Probing(t, &Kind, options(), 5*time.Second); r.Outcome != checks.Fail || r.Summary != want {
			t.Errorf("got %+v, want %q", r, want)
		}
	}
	s.fault.Store(nil)
	// A resource that refuses every token is asked twice, not for ever.
	s.given.Store(0)
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(func(o *Options) { o.URL = s.URL + "/resource?who"; o.OAuth2.TokenURL = s.URL + "/token" }), 5*time.Second), checks.Pass, "", "")
}

func TestHTTPBearer(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	probetest.OK(t, os.WriteFile(token, []byte("first-token\n"), 0o600))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "you said "+r.Header.Get("Authorization"), http.StatusForbidden)
	}))
	defer server.Close()
	o := optionsFor(server.URL, func(o *Options) { o.BearerTokenFile = token })
	compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: 5 * time.Second, Options: o})
	probetest.OK(t, err)
	for _, secret := range []string{"first-token", "second-token"} {
		probetest.OK(t, os.WriteFile(token, []byte(secret), 0o600))
		r, _ := compiled.Run(t.Context())
		probetest.WantResult(t, r, checks.Fail, checks.ReasonStatus, "HTTP 403")
		probetest.NoSecret(t, r, secret)
		if !strings.Contains(r.Evidence.Output, redact.Mark) {
			t.Errorf("the answer is not shown as it was: %q", r.Evidence.Output)
		}
	}
	probetest.OK(t, os.Remove(token))
	r, _ := compiled.Run(t.Context())
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the token's file cannot be read")
}

// A hostile server costs its time-out and 64 KiB; more of them are in
// kinds.TestHostileServers.
func TestHTTPHostileServers(t *testing.T) {
	var page bytes.Buffer
	z := gzip.NewWriter(&page)
	_, err := z.Write(make([]byte, 1<<20))
	probetest.OK(t, err)
	probetest.OK(t, z.Close())
	say := func(header string, body []byte) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n", header, len(body))
			c.Write(body)
			probetest.UntilClosed(c)
		})
	}
	gz := func(o *Options) { o.Compression = true }
	two := func(o *Options) { o.Version = "2" }
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	h2 := func(frame string) string { // says settings and then one frame for ever
		return probetest.Serve(t, func(c *net.TCPConn) {
			go io.Copy(io.Discard, c)
			if _, err := io.WriteString(c, settings); err != nil {
				return
			}
			for many := strings.Repeat(frame, 100); ; {
				if _, err := io.WriteString(c, many); err != nil {
					return
				}
			}
		})
	}
	const long, short = time.Minute, 300 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		change        func(*Options)
		timeout       time.Duration
		outcome       checks.Outcome
		reason        checks.Reason
		summary       string
	}{
		{"no gzip", say("Content-Encoding: gzip\r\n", []byte("<html>what is this</html>")), gz, long, checks.Fail, checks.ReasonProtocol, "what it calls gzip is none"},
		{"half a gzip", say("Content-Encoding: gzip\r\n", page.Bytes()[:30]), gz, long, checks.Fail, checks.ReasonProtocol, "its packed body ends too soon"},
		{"no h2", say("", []byte("hello")), two, short, checks.Fail, "", ""},
		{"silent h2", probetest.Serve(t, probetest.UntilClosed), two, short, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
		{"h2 settings for ever", h2(settings), two, short, checks.Fail, "", ""},
		{"h2 pings for ever", h2("\x00\x00\x08\x06\x00\x00\x00\x00\x00abcdefgh"), two, short, checks.Fail, "", ""},
		{"h2 continuation for ever", h2("\x00\x00\x05\x01\x00\x00\x00\x00\x01\x00\x01a\x01b" + strings.Repeat("\x00\x00\x05\x09\x00\x00\x00\x00\x01\x00\x01a\x01b", 50)), two, short, checks.Fail, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Probing(t, &Kind, optionsFor("http://"+tt.address+"/", tt.change), tt.timeout)
			if tt.reason == "" && tt.outcome == checks.Fail {
				tt.reason = r.Reason // a time-out or a protocol error, whichever the client finds first
			}
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
		})
	}
}

func TestHTTPMoreOptionErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	for key, change := range map[string]func(*Options){
		"version":           func(o *Options) { o.Version = "3" },
		"reuse":             func(o *Options) { o.Version, o.Reuse = "2", true },
		"redirects_to":      func(o *Options) { o.RedirectsTo = "home" },
		"tls_min":           func(o *Options) { o.TLSMin = "1.4" },
		"tls_max":           func(o *Options) { o.TLSMin, o.TLSMax = "1.3", "1.2" },
		"ca_file":           func(o *Options) { o.CAFile = missing },
		"client_cert_file":  func(o *Options) { o.ClientCertFile = missing },
		"body_file":         func(o *Options) { o.BodyFile = missing },
		"proxy":             func(o *Options) { o.Proxy = "socks4://proxy:1080" },
		"no_proxy":          func(o *Options) { o.NoProxy = []string{"example.com"} },
		"cookies.a b":       func(o *Options) { o.Cookies = map[string]string{"a b": "c"} },
		"basic_auth.user":   func(o *Options) { o.BasicAuth.Password = "x" },
		"bearer_token":      func(o *Options) { o.BasicAuth.User, o.BearerToken = "a", "b" },
		"bearer_token_file": func(o *Options) { o.BearerTokenFile = missing },
		"oauth2.client_id":  func(o *Options) { o.OAuth2.TokenURL = "https://id.example.com/token" },
		"oauth2.token_url":  func(o *Options) { o.OAuth2.ClientID, o.OAuth2.TokenURL = "probe", "id.example.com" },
		"basic_auth.password_file": func(o *Options) {
			o.BasicAuth = BasicAuth{User: "probe", PasswordFile: missing}
		},
	} {
		probetest.WantOptionError(t, &Kind, optionsFor("https://pay.example.com/", change), key)
	}
}
