//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/adopt"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/config"
)

// awkward answers as servers do on bad days; the path says how.
func awkward(w http.ResponseWriter, r *http.Request) {
	raw := func(text string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
	switch r.URL.Path {
	case "/ok":
		w.Header().Set("X-Good", "yes")
		_, _ = io.WriteString(w, "status ok")
	case "/empty":
	case "/204", "/401", "/403", "/404", "/418", "/500", "/503":
		var code int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &code)
		w.WriteHeader(code)
	case "/moved":
		http.Redirect(w, r, "/ok", http.StatusMovedPermanently)
	case "/moved-to-404":
		http.Redirect(w, r, "/404", http.StatusFound)
	case "/moved-nowhere":
		w.WriteHeader(http.StatusFound)
	case "/moved-round":
		http.Redirect(w, r, "/moved-round", http.StatusTemporaryRedirect)
	case "/moved-to-nobody":
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
	case "/moved-to-ftp":
		http.Redirect(w, r, "ftp://127.0.0.1/", http.StatusFound)
	case "/not-modified":
		w.WriteHeader(http.StatusNotModified)
	case "/maintenance":
		_, _ = io.WriteString(w, "Maintenance until noon")
	case "/method":
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	case "/hang":
		<-r.Context().Done()
	case "/hang-in-body":
		_, _ = io.WriteString(w, "sta")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case "/closed":
		raw("")
	case "/garbage":
		raw("220 mail.example.com ESMTP\r\n")
	case "/cut":
		raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstatus ok")
	case "/bad-chunk":
		raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	case "/http-1.0":
		raw("HTTP/1.0 200 OK\r\n\r\nstatus ok")
	case "/not-packed":
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "status ok")
	}
}

// judged are the modules by which each path is looked at.
const judged = `modules:
  http_2xx: {prober: http, timeout: 20s}
  no_redirects: {prober: http, timeout: 20s, http: {follow_redirects: false}}
  moved: {prober: http, timeout: 20s, http: {follow_redirects: false, valid_status_codes: [301, 302]}}
  codes: {prober: http, timeout: 20s, http: {valid_status_codes: [200, 401, 404, 503]}}
  body: {prober: http, timeout: 20s, http: {fail_if_body_not_matches_regexp: ["^status +ok$"]}}
  not_body: {prober: http, timeout: 20s, http: {fail_if_body_matches_regexp: ["[Mm]aintenance"]}}
  header: {prober: http, timeout: 20s, http: {fail_if_header_not_matches: [{header: X-Good, regexp: "^y"}]}}
  header_if_there: {prober: http, timeout: 20s, http: {fail_if_header_not_matches: [{header: X-Good, regexp: "^n", allow_missing: true}]}}
  not_header: {prober: http, timeout: 20s, http: {fail_if_header_matches: [{header: X-Good, regexp: "yes"}]}}
  post: {prober: http, timeout: 20s, http: {method: POST, body: x}}
  encrypted: {prober: http, timeout: 20s, http: {fail_if_not_ssl: true, tls_config: {insecure_skip_verify: true}}}
  plain: {prober: http, timeout: 20s, http: {fail_if_ssl: true, tls_config: {insecure_skip_verify: true}}}
  http_1_1: {prober: http, timeout: 20s, http: {valid_http_versions: ["HTTP/1.1"]}}
  http_1_0: {prober: http, timeout: 20s, http: {valid_http_versions: ["HTTP/1.0"]}}
  any_version: {prober: http, timeout: 20s, http: {tls_config: {insecure_skip_verify: true}}}
  only_1_1: {prober: http, timeout: 20s, http: {valid_http_versions: ["HTTP/1.1"], tls_config: {insecure_skip_verify: true}}}
  only_1_1_asked: {prober: http, timeout: 20s, http: {enable_http2: false, valid_http_versions: ["HTTP/1.1"], tls_config: {insecure_skip_verify: true}}}
  only_2: {prober: http, timeout: 20s, http: {valid_http_versions: ["HTTP/2.0"], tls_config: {insecure_skip_verify: true}}}
  both_versions: {prober: http, timeout: 20s, http: {valid_http_versions: ["HTTP/1.1", "HTTP/2.0"], tls_config: {insecure_skip_verify: true}}}
  misspelt_2: {prober: http, timeout: 20s, http: {valid_http_versions: ["HTTP/1.1", "HTTP/2"], tls_config: {insecure_skip_verify: true}}}
  trusted: {prober: http, timeout: 20s, http: {tls_config: {ca_file: CAFILE}}}
  trusted_named: {prober: http, timeout: 20s, http: {tls_config: {ca_file: CAFILE, server_name: shop.example.com}}}
  tcp_trusted: {prober: tcp, timeout: 20s, tcp: {tls: true, tls_config: {ca_file: CAFILE}}}
  quick: {prober: http, timeout: 1s}
  tcp: {prober: tcp, timeout: 20s}
  tcp_tls: {prober: tcp, timeout: 20s, tcp: {tls: true}}
  tcp_tls_any: {prober: tcp, timeout: 20s, tcp: {tls: true, tls_config: {insecure_skip_verify: true}}}
  banner: {prober: tcp, timeout: 20s, tcp: {query_response: [{expect: "^220 "}]}}
  other_banner: {prober: tcp, timeout: 20s, tcp: {query_response: [{expect: "^SSH-"}]}}
`

// differently are the pairs of module and path of which the two may think otherwise, as
// the report of an import or docs/import.md says.
var differently = map[string]string{
	"body /not-packed":     "the exporter does not unpack what was packed unasked; a check unpacks, and what does not unpack is not known",
	"not_body /not-packed": "the same",
}

// TestBlackboxJudgesItsImport asks the real blackbox exporter of one awkward server, and
// the checks that are carried from its configuration: the two say the same.
func TestBlackboxJudgesItsImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	modules := filepath.Join(dir, "blackbox.yml")
	authority := probetest.NewTLSAuthority(t, "Authority of the test", 100*24*time.Hour)
	text := strings.ReplaceAll(judged, "CAFILE", authority.File)
	need(t, os.WriteFile(modules, []byte(text), 0o600))
	port := probetest.FreePort(t)
	exporter := "http://127.0.0.1:" + port
	ended := judge(t, "prometheus-blackbox-exporter", "/usr/bin/prometheus-blackbox-exporter", "--config.file="+modules, "--web.listen-address=127.0.0.1:"+port)
	asked := append(askedOfBlackbox(t), securedOfBlackbox(t, authority)...)
	list := carriedFromBlackbox(t, dir, text, asked)
	if len(list) != len(asked) {
		t.Fatalf("%d of %d were carried", len(list), len(asked))
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(exporter + "/-/healthy"); err == nil {
			_ = resp.Body.Close()
			break
		}
		select {
		case <-ended:
			t.Fatal("the exporter has ended")
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the exporter does not answer")
		}
	}
	theirs := make([]string, len(asked))
	var group errgroup.Group
	group.SetLimit(8)
	for i, a := range asked {
		group.Go(func() error {
			resp, err := http.Get(exporter + "/probe?" + url.Values{"module": {a.module}, "target": {a.target}}.Encode())
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			_, after, _ := strings.Cut(string(body), "\nprobe_success ")
			theirs[i], _, _ = strings.Cut(after, "\n")
			return err
		})
	}
	need(t, group.Wait())
	ours, err := probeAll(t.Context(), list)
	need(t, err)
	ups := 0
	for i, a := range asked {
		up := ours[i].Outcome == checks.Pass || ours[i].Outcome == checks.Degraded
		if up {
			ups++
		}
		name := a.module + " " + strings.NewReplacer(a.server, "").Replace(a.target)
		if same := (theirs[i] == "1") == up; same != (differently[name] == "") {
			t.Errorf("%s: the exporter says %s, the check %s (%s): %s; known to differ: %q", name, theirs[i], ours[i].Outcome, ours[i].Reason, ours[i].Summary, differently[name])
		}
	}
	if ups < len(asked)/10 || ups > len(asked)*9/10 {
		t.Errorf("%d of %d are up: too many of one kind to judge by", ups, len(asked))
	}
}

// askedOf is a target by a module.
type askedOf struct{ module, target, server string }

// askedOfBlackbox starts the servers and returns what is asked of them.
func askedOfBlackbox(t *testing.T) (asked []askedOf) {
	t.Helper()
	plain, encrypted := httptest.NewServer(http.HandlerFunc(awkward)), httptest.NewTLSServer(http.HandlerFunc(awkward))
	t.Cleanup(plain.Close)
	t.Cleanup(encrypted.Close)
	greeter, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, err)
	t.Cleanup(func() { _ = greeter.Close() })
	go func() {
		for {
			conn, err := greeter.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "220 mail.example.com ESMTP\r\n")
			_ = conn.Close()
		}
	}()
	paths := strings.Fields("/ok /empty /204 /401 /403 /404 /418 /500 /503 /moved /moved-to-404 /moved-nowhere /moved-round /moved-to-nobody /moved-to-ftp /not-modified /maintenance /method /closed /garbage /cut /bad-chunk /http-1.0 /not-packed")
	for module := range strings.FieldsSeq("http_2xx no_redirects moved codes body not_body header header_if_there not_header post plain http_1_1 http_1_0") {
		for _, path := range paths {
			asked = append(asked, askedOf{module, plain.URL + path, plain.URL})
		}
	}
	for _, path := range []string{"/ok", "/404", "/moved"} {
		for _, module := range []string{"http_2xx", "encrypted", "plain"} {
			asked = append(asked, askedOf{module, encrypted.URL + path, strings.TrimPrefix(encrypted.URL, "https://")})
		}
	}
	asked = append(asked, askedOf{"encrypted", plain.URL + "/ok", plain.URL})
	for _, target := range []string{plain.URL + "/hang", plain.URL + "/hang-in-body", "http://127.0.0.1:1/", "http://nobody.invalid/"} {
		asked = append(asked, askedOf{"quick", target, plain.URL})
	}
	for module := range strings.FieldsSeq("tcp tcp_tls tcp_tls_any banner other_banner") {
		for _, target := range []string{greeter.Addr().String(), encrypted.Listener.Addr().String(), "127.0.0.1:1"} {
			if strings.HasSuffix(module, "banner") && target == encrypted.Listener.Addr().String() {
				continue // it waits for us, and both for it until the time-out
			}
			asked = append(asked, askedOf{module, target, ""})
		}
	}
	return asked
}

// carriedFromBlackbox are the checks of what is asked, in that order.
func carriedFromBlackbox(t *testing.T, dir, modules string, asked []askedOf) []checks.Check {
	t.Helper()
	var scrapes strings.Builder
	scrapes.WriteString("scrape_configs:\n")
	for i, a := range asked {
		fmt.Fprintf(&scrapes, "  - {job_name: j%d, metrics_path: /probe, params: {module: [%s], target: [%q]}, static_configs: [{targets: ['127.0.0.1:9115']}]}\n", i, a.module, a.target)
	}
	plan, err := adopt.From("blackbox", []adopt.Source{{Name: "blackbox.yml", Text: []byte(modules)}, {Name: "prometheus.yml", Text: []byte(scrapes.String())}})
	need(t, err)
	in := initializing{w: world{env: os.LookupEnv}}
	need(t, in.settle(plan))
	for _, l := range plan.Not {
		t.Errorf("not carried: %s: %s", l.What, l.Why)
	}
	written, err := plan.YAML("carried")
	need(t, err)
	file := filepath.Join(dir, "statusbot.yaml")
	need(t, os.WriteFile(file, written, 0o600))
	cfg, err := config.Load(file, os.LookupEnv)
	need(t, err)
	return cfg.Checks
}
