//go:build linux

package checks

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
)

// nginxPorts are where startWeb's nginx answers.
type nginxPorts struct{ plain, h2c, tls, tls13, mutual string }

// startWeb runs a real nginx with HTTP/2, client certificates, passwords and
// compression, and returns its ports and the authority of its certificates.
func startWeb(t *testing.T) (at nginxPorts, ca *tlsAuthority) {
	t.Helper()
	needPackage(t, "/usr/sbin/nginx", "nginx-light")
	ca = newTLSAuthority(t, "Test authority", 365*day)
	cert, key := ca.issue("127.0.0.1", 90*day)
	dir := t.TempDir()
	// nginx reads {PLAIN} passwords.
	check(t, os.WriteFile(filepath.Join(dir, "users"), []byte("probe:{PLAIN}correct horse\n"), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "page.html"), []byte(strings.Repeat("all is well. ", 500)), 0o600))
	ports := unusedPorts(t, 5)
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
`, dir, cert, key, ports[0], ports[1], ports[2], ports[3], ports[4], ca.file)
	file := filepath.Join(dir, "nginx.conf")
	check(t, os.WriteFile(file, []byte(conf), 0o600))
	startListening(t, ports[0], "/usr/sbin/nginx", "-c", file, "-p", dir)
	return nginxPorts{local(ports[0]), local(ports[1]), local(ports[2]), local(ports[3]), local(ports[4])}, ca
}

func TestHTTPAgainstNginx(t *testing.T) {
	at, ca := startWeb(t)
	other := newTLSAuthority(t, "Other authority", 365*day)
	ours, ourKey := ca.issue("client.example.com", 90*day)
	theirs, theirKey := other.issue("client.example.com", 90*day)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	body := file("body.json", strings.Repeat("x", 70_000))
	secret := file("secret", "correct horse\n")
	for _, tt := range []struct {
		name    string
		url     string
		change  func(*HTTPOptions)
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"1.1", "http://" + at.plain + "/protocol", func(o *HTTPOptions) { o.Expect = []string{"body == 'HTTP/1.1' && version == '1.1' && !reused"} }, Pass, "", "HTTP 200"},
		{"h2 over TLS", "https://" + at.tls + "/protocol", func(o *HTTPOptions) {
			o.CAFile, o.Version, o.Contains, o.Expect = ca.file, "2", []string{"HTTP/2.0"}, []string{"version == '2'"}
		}, Pass, "", "HTTP/2 200"},
		{"h2 with prior knowledge", "http://" + at.h2c + "/protocol", func(o *HTTPOptions) { o.Version, o.Contains = "2", []string{"HTTP/2.0"} }, Pass, "", "HTTP/2 200"},
		{"what the server prefers", "https://" + at.tls + "/protocol", func(o *HTTPOptions) { o.CAFile, o.Version, o.Contains = ca.file, "auto", []string{"HTTP/2.0"} }, Pass, "", "HTTP/2 200"},
		{"1.1 where both are", "https://" + at.tls + "/protocol", func(o *HTTPOptions) { o.CAFile, o.Contains = ca.file, []string{"HTTP/1.1"} }, Pass, "", "HTTP 200"},
		{"auto without h2", "https://" + at.tls13 + "/", func(o *HTTPOptions) { o.CAFile, o.Version = ca.file, "auto" }, Pass, "", "HTTP 200"},
		{"no h2", "https://" + at.tls13 + "/", func(o *HTTPOptions) { o.CAFile, o.Version = ca.file, "2" }, Fail, ReasonTLS, "no application protocol"},
		{"h2 post", "https://" + at.tls + "/size", func(o *HTTPOptions) {
			o.CAFile, o.Version, o.Method, o.BodyFile, o.Contains = ca.file, "2", "POST", body, []string{"70000"}
		}, Pass, "", "HTTP/2 200"},
		{"h2 redirect", "https://" + at.tls + "/login", func(o *HTTPOptions) { o.CAFile, o.Version, o.Contains = ca.file, "2", []string{"sid=opensesame"} }, Pass, "", "HTTP/2 200"},
		{"h2 status", "https://" + at.tls + "/nothing", func(o *HTTPOptions) { o.CAFile, o.Version = ca.file, "2" }, Fail, ReasonStatus, "HTTP 404"},
		{"body from a file", "http://" + at.plain + "/size", func(o *HTTPOptions) { o.Method, o.BodyFile, o.Contains = "POST", body, []string{"70000"} }, Pass, "", "HTTP 200"},

		{"TLS 1.3 alone", "https://" + at.tls13 + "/", func(o *HTTPOptions) { o.CAFile, o.TLSMin, o.Contains = ca.file, "1.3", []string{"TLSv1.3"} }, Pass, "", ""},
		{"too old for the server", "https://" + at.tls13 + "/", func(o *HTTPOptions) { o.CAFile, o.TLSMax = ca.file, "1.2" }, Fail, ReasonTLS, "protocol version"},
		{"unknown authority", "https://" + at.tls + "/", func(*HTTPOptions) {}, Fail, ReasonTLS, "unknown authority"},
		{"another name", "https://" + at.tls + "/", func(o *HTTPOptions) { o.CAFile, o.ServerName = ca.file, "pay.example.com" }, Fail, ReasonTLS, "not \"pay.example.com\""},
		{"client certificate", "https://" + at.mutual + "/", func(o *HTTPOptions) {
			o.CAFile, o.ClientCertFile, o.ClientKeyFile, o.Contains = ca.file, ours, ourKey, []string{"CN=client.example.com"}
		}, Pass, "", ""},
		{"no client certificate", "https://" + at.mutual + "/", func(o *HTTPOptions) { o.CAFile = ca.file }, Fail, ReasonStatus, "HTTP 400"},
		{"a stranger's certificate", "https://" + at.mutual + "/", func(o *HTTPOptions) { o.CAFile, o.ClientCertFile, o.ClientKeyFile = ca.file, theirs, theirKey }, Fail, ReasonStatus, "HTTP 400"},

		{"password", "http://" + at.plain + "/private", func(o *HTTPOptions) { o.BasicAuth = BasicAuth{User: "probe", Password: "correct horse"} }, Pass, "", ""},
		{"password file", "http://" + at.plain + "/private", func(o *HTTPOptions) { o.BasicAuth = BasicAuth{User: "probe", PasswordFile: secret} }, Pass, "", ""},
		{"password file over h2", "https://" + at.tls + "/private", func(o *HTTPOptions) {
			o.CAFile, o.Version, o.BasicAuth = ca.file, "2", BasicAuth{User: "probe", PasswordFile: secret}
		}, Pass, "", ""},
		{"wrong password", "http://" + at.plain + "/private", func(o *HTTPOptions) { o.BasicAuth = BasicAuth{User: "probe", Password: "hunter2"} }, Fail, ReasonStatus, "HTTP 401"},
		{"no password", "http://" + at.plain + "/private", func(*HTTPOptions) {}, Fail, ReasonStatus, "HTTP 401"},

		{"cookie of a redirect", "http://" + at.plain + "/login", func(o *HTTPOptions) { o.Contains = []string{"sid=opensesame"} }, Pass, "", ""},
		{"cookies", "http://" + at.plain + "/inside", func(o *HTTPOptions) {
			o.Cookies, o.Contains = map[string]string{"sid": "opensesame", "theme": "dark"}, []string{"sid=opensesame; theme=dark"}
		}, Pass, "", ""},
		{"cookies and a redirect's", "http://" + at.plain + "/login", func(o *HTTPOptions) {
			o.Cookies, o.Contains = map[string]string{"sid": "old", "theme": "dark"}, []string{"theme=dark; sid=opensesame"}
		}, Pass, "", ""},
		{"wrong cookie", "http://" + at.plain + "/inside", func(o *HTTPOptions) { o.Cookies = map[string]string{"sid": "closed"} }, Fail, ReasonStatus, "HTTP 403"},
		{"to another host", "http://" + at.plain + "/away", func(*HTTPOptions) {}, Pass, "", ""},
		{"not to another host", "http://" + at.plain + "/away", func(o *HTTPOptions) { o.RedirectsTo = "same-host" }, Fail, ReasonStatus, "HTTP 302"},

		{"compressed", "http://" + at.plain + "/page.html", func(o *HTTPOptions) {
			o.Compression, o.Contains = true, []string{"all is well."}
			o.Expect = []string{"headers['content-encoding'] == 'gzip' && size == 6500"}
		}, Pass, "", ""},
		{"compressed over h2", "https://" + at.tls + "/page.html", func(o *HTTPOptions) {
			o.CAFile, o.Version, o.Compression, o.Expect = ca.file, "2", true, []string{"headers['content-encoding'] == 'gzip' && size == 6500"}
		}, Pass, "", ""},
		{"not compressed", "http://" + at.plain + "/page.html", func(o *HTTPOptions) { o.Expect = []string{"!('content-encoding' in headers)"} }, Pass, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "http", httpOptions(tt.url, tt.change), 5*time.Second)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, "correct horse")
			noSecret(t, r, "hunter2")
		})
	}
	t.Run("phases of h2", func(t *testing.T) {
		r := probing(t, "http", httpOptions("https://"+at.tls+"/page.html", func(o *HTTPOptions) { o.CAFile, o.Version = ca.file, "2" }), 5*time.Second)
		if p := r.Phases; p.Connect <= 0 || p.TLS <= 0 || p.FirstByte <= 0 || p.Transfer <= 0 {
			t.Errorf("phases: %+v", p)
		}
	})
	t.Run("client certificate that goes away", func(t *testing.T) {
		cert, key := ca.issue("gone.example.com", 10*day)
		o := httpOptions("https://"+at.mutual+"/", func(o *HTTPOptions) { o.CAFile, o.ClientCertFile, o.ClientKeyFile = ca.file, cert, key })
		compiled, err := Compile(Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: 5 * time.Second, Options: o})
		check(t, err)
		check(t, os.Remove(key))
		r, _ := compiled.Run(t.Context())
		wantResult(t, r, Unknown, ReasonInternal, "the client certificate cannot be read")
	})
}

// startProxy runs a real Tinyproxy; with a user it wants that user's password.
func startProxy(t *testing.T, user string) string {
	t.Helper()
	needPackage(t, "/usr/bin/tinyproxy", "tinyproxy-bin")
	port := unusedPorts(t, 1)[0]
	conf := fmt.Sprintf("Port %d\nListen 127.0.0.1\nTimeout 10\nMaxClients 20\nLogLevel Error\nViaProxyName \"tiny\"\n", port)
	if user != "" {
		conf += "BasicAuth " + user + " sesame1\n"
	}
	file := filepath.Join(t.TempDir(), "tinyproxy.conf")
	check(t, os.WriteFile(file, []byte(conf), 0o644))
	startListening(t, port, "/usr/bin/tinyproxy", "-d", "-c", file)
	return local(port)
}

func TestHTTPProxy(t *testing.T) {
	at, ca := startWeb(t)
	open, closed := startProxy(t, ""), startProxy(t, "probe")
	nobody := "127.0.0.1:" + freePort(t)
	for _, tt := range []struct {
		name, url, proxy string
		change           func(*HTTPOptions)
		outcome          Outcome
		reason           Reason
		summary          string
	}{
		{"plain", "http://" + at.plain + "/protocol", open, func(o *HTTPOptions) { o.Expect = []string{"headers['via'].contains('tiny')"} }, Pass, "", ""},
		{"TLS", "https://" + at.tls + "/protocol", open, func(*HTTPOptions) {}, Pass, "", "HTTP 200"},
		{"h2", "https://" + at.tls + "/protocol", open, func(o *HTTPOptions) { o.Version = "2" }, Pass, "", "HTTP/2 200"},
		{"user", "https://" + at.tls + "/protocol", "probe:sesame1@" + closed, func(*HTTPOptions) {}, Pass, "", ""},
		{"user, plain", "http://" + at.plain + "/protocol", "probe:sesame1@" + closed, func(*HTTPOptions) {}, Pass, "", ""},
		{"wrong password", "https://" + at.tls + "/protocol", "probe:sesame2@" + closed, func(*HTTPOptions) {}, Fail, ReasonConnect, "the proxy refuses with HTTP 40"},
		{"no proxy", "https://" + at.tls + "/protocol", nobody, func(*HTTPOptions) {}, Fail, ReasonConnect, "the proxy: no connection: connection refused"},
		{"target down", "https://" + nobody + "/", open, func(*HTTPOptions) {}, Fail, ReasonConnect, "the proxy refuses with HTTP 50"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "http", httpOptions(tt.url, func(o *HTTPOptions) { o.CAFile, o.Proxy = ca.file, "http://"+tt.proxy }, tt.change), 5*time.Second)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, "sesame")
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
	options := func(change ...func(*HTTPOptions)) *HTTPOptions {
		return httpOptions(s.URL+"/resource", append([]func(*HTTPOptions){func(o *HTTPOptions) {
			o.Contains = []string{"welcome"}
			o.OAuth2 = OAuth2{TokenURL: s.URL + "/token", ClientID: "probe", ClientSecret: "s:cret", Scopes: []string{"read", "pay"}, Audience: "shop"}
		}}, change...)...)
	}
	compiled, err := Compile(Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: 5 * time.Second, Options: options()})
	check(t, err)
	run := func() Result {
		r, _ := compiled.Run(t.Context())
		noSecret(t, r, "opaque-token")
		noSecret(t, r, "s:cret")
		return r
	}
	wantResult(t, run(), Pass, "", "HTTP 200")
	wantResult(t, run(), Pass, "", "HTTP 200")
	if n := s.given.Load(); n != 1 {
		t.Errorf("%d tokens for two probes, want one", n)
	}
	s.given.Add(1) // the token that we have is good no longer
	wantResult(t, run(), Pass, "", "HTTP 200")
	if n := s.given.Load(); n != 3 {
		t.Errorf("%d tokens, want a fresh one after the 401", n)
	}
	wantResult(t, probing(t, "http", options(func(o *HTTPOptions) { o.OAuth2.ClientSecret = "wrong" }), 5*time.Second), Unknown, ReasonInternal, "the token endpoint refuses this check: invalid_client")
	wantResult(t, probing(t, "http", options(func(o *HTTPOptions) { o.OAuth2.TokenURL = "http://127.0.0.1:" + freePort(t) }), 5*time.Second), Fail, ReasonConnect, "the token endpoint: no connection")
	for want, answer := range map[string]func(http.ResponseWriter){
		"the token endpoint answers HTTP 503":                 func(w http.ResponseWriter) { w.WriteHeader(503) },
		"the token endpoint answers HTTP 200 without a token": func(w http.ResponseWriter) { io.WriteString(w, "<html>sign in</html>") },
	} {
		s.fault.Store(&answer)
		if r := probing(t, "http", options(), 5*time.Second); r.Outcome != Fail || r.Summary != want {
			t.Errorf("got %+v, want %q", r, want)
		}
	}
	s.fault.Store(nil)
	// A resource that refuses every token is asked twice, not for ever.
	s.given.Store(0)
	wantResult(t, probing(t, "http", options(func(o *HTTPOptions) { o.URL = s.URL + "/resource?who"; o.OAuth2.TokenURL = s.URL + "/token" }), 5*time.Second), Pass, "", "")
}

func TestHTTPBearer(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	check(t, os.WriteFile(token, []byte("first-token\n"), 0o600))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "you said "+r.Header.Get("Authorization"), http.StatusForbidden)
	}))
	defer server.Close()
	o := httpOptions(server.URL, func(o *HTTPOptions) { o.BearerTokenFile = token })
	compiled, err := Compile(Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: 5 * time.Second, Options: o})
	check(t, err)
	for _, secret := range []string{"first-token", "second-token"} {
		check(t, os.WriteFile(token, []byte(secret), 0o600))
		r, _ := compiled.Run(t.Context())
		wantResult(t, r, Fail, ReasonStatus, "HTTP 403")
		noSecret(t, r, secret)
		if !strings.Contains(r.Evidence.Output, redacted) {
			t.Errorf("the answer is not shown as it was: %q", r.Evidence.Output)
		}
	}
	check(t, os.Remove(token))
	r, _ := compiled.Run(t.Context())
	wantResult(t, r, Unknown, ReasonInternal, "the token's file cannot be read")
}

// A hostile server costs its time-out and 64 KiB; more of them are in
// TestHostileServers.
func TestHTTPHostileServers(t *testing.T) {
	var page bytes.Buffer
	z := gzip.NewWriter(&page)
	_, err := z.Write(make([]byte, 1<<20))
	check(t, err)
	check(t, z.Close())
	say := func(header string, body []byte) string {
		return serve(t, func(c *net.TCPConn) {
			readRequest(c)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n", header, len(body))
			c.Write(body)
			untilClosed(c)
		})
	}
	gz := func(o *HTTPOptions) { o.Compression = true }
	two := func(o *HTTPOptions) { o.Version = "2" }
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	h2 := func(frame string) string { // says settings and then one frame for ever
		return serve(t, func(c *net.TCPConn) {
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
	const long, short = 5 * time.Second, 300 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		change        func(*HTTPOptions)
		timeout       time.Duration
		outcome       Outcome
		reason        Reason
		summary       string
	}{
		{"no gzip", say("Content-Encoding: gzip\r\n", []byte("<html>what is this</html>")), gz, long, Fail, ReasonProtocol, "what it calls gzip is none"},
		{"half a gzip", say("Content-Encoding: gzip\r\n", page.Bytes()[:30]), gz, long, Fail, ReasonReset, ""},
		{"no h2", say("", []byte("hello")), two, short, Fail, "", ""},
		{"silent h2", serve(t, untilClosed), two, short, Fail, ReasonTimeout, "while waiting for the answer"},
		{"h2 settings for ever", h2(settings), two, short, Fail, "", ""},
		{"h2 pings for ever", h2("\x00\x00\x08\x06\x00\x00\x00\x00\x00abcdefgh"), two, short, Fail, "", ""},
		{"h2 continuation for ever", h2("\x00\x00\x05\x01\x00\x00\x00\x00\x01\x00\x01a\x01b" + strings.Repeat("\x00\x00\x05\x09\x00\x00\x00\x00\x01\x00\x01a\x01b", 50)), two, short, Fail, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "http", httpOptions("http://"+tt.address+"/", tt.change), tt.timeout)
			if tt.reason == "" && tt.outcome == Fail {
				tt.reason = r.Reason // a time-out or a protocol error, whichever the client finds first
			}
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Duration > 2*time.Second {
				t.Errorf("it took %v", r.Duration)
			}
		})
	}
}

func TestHTTPMoreOptionErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	for key, change := range map[string]func(*HTTPOptions){
		"version":           func(o *HTTPOptions) { o.Version = "3" },
		"reuse":             func(o *HTTPOptions) { o.Version, o.Reuse = "2", true },
		"redirects_to":      func(o *HTTPOptions) { o.RedirectsTo = "home" },
		"tls_min":           func(o *HTTPOptions) { o.TLSMin = "1.0" },
		"tls_max":           func(o *HTTPOptions) { o.TLSMin, o.TLSMax = "1.3", "1.2" },
		"ca_file":           func(o *HTTPOptions) { o.CAFile = missing },
		"client_key_file":   func(o *HTTPOptions) { o.ClientCertFile = missing },
		"body_file":         func(o *HTTPOptions) { o.BodyFile = missing },
		"proxy":             func(o *HTTPOptions) { o.Proxy = "socks5://proxy:1080" },
		"cookies.a b":       func(o *HTTPOptions) { o.Cookies = map[string]string{"a b": "c"} },
		"basic_auth.user":   func(o *HTTPOptions) { o.BasicAuth.Password = "x" },
		"bearer_token":      func(o *HTTPOptions) { o.BasicAuth.User, o.BearerToken = "a", "b" },
		"bearer_token_file": func(o *HTTPOptions) { o.BearerTokenFile = missing },
		"oauth2.client_id":  func(o *HTTPOptions) { o.OAuth2.TokenURL = "https://id.example.com/token" },
		"oauth2.token_url":  func(o *HTTPOptions) { o.OAuth2.ClientID, o.OAuth2.TokenURL = "probe", "id.example.com" },
		"basic_auth.password_file": func(o *HTTPOptions) {
			o.BasicAuth = BasicAuth{User: "probe", PasswordFile: missing}
		},
	} {
		wantOptionError(t, "http", httpOptions("https://pay.example.com/", change), key)
	}
}
