//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/adopt"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/config"
)

// ofGatus answers what conditions on bodies are tried with, and everything else as awkward.
func ofGatus(w http.ResponseWriter, r *http.Request) {
	says := map[string]string{"/padded": " \n padded\n\n", "/umlaut": "Größe", "/lines": "first\nsecond/third\nlast", "/five": "5", "/slow": "slow",
		"/json": `{"status": "UP", "name": "john", "other": "john", "load": 5.5, "big": 10000000, "sum": 21, "ok": true, "none": null, "five": "5", "sixteen": 16, "age": "15m",
			"items": [{"id": 1}, {"id": 2}, {"id": 3}], "tags": ["a", "b", "c"], "nested": {"depth": 2}, "a-b": 1, "empty": "", "matrix": [[1, 2], [3, 4]]}`,
		"/array": `[{"id": 1}, {"id": 2}, {"id": 3}]`, "/500-json": `{"status": "UP"}`}[r.URL.Path]
	switch r.URL.Path {
	case "/500-json":
		w.WriteHeader(http.StatusInternalServerError)
	case "/slow":
		time.Sleep(300 * time.Millisecond) // it is what is measured
	case "/echo":
		body, _ := io.ReadAll(r.Body)
		says = fmt.Sprintf(`{"body": %q, "kind": %q, "type": %q}`, body, r.Header.Get("X-Kind"), r.Header.Get("Content-Type"))
	}
	if says == "" {
		awkward(w, r)
		return
	}
	_, _ = io.WriteString(w, says)
}

// otherThanGatus are the endpoints of which the two think otherwise, as the report of the
// import or docs/import.md says.
var otherThanGatus = map[string]string{
	"s7": "no answer there is status 0, which is less than 400", "s8": "the same", "s16": "the same",
	"h6": "an answer that breaks off is taken there as far as it came", "h7": "the same", "h8": "the same", "h9": "the same",
	"s18": "left out: a number is compared with a text",
	"t8":  "left out: nothing is read from an address there unless something is sent",
	"j19": "an object has no text in an expression", "j44": "the same",
	"j22": "what is no number is 0 there", "j37": "the same",
}

// TestGatusJudgesItsImport: what Gatus said of an awkward server's answers under some 110
// conditions is what the checks say that are carried from its configuration.
// STATUSBOT_TEST_GATUS names a Gatus to be asked anew; -update records what it says.
func TestGatusJudgesItsImport(t *testing.T) {
	t.Parallel()
	text := gatusEndpoints(t)
	theirs := map[string]string{} // :: endpoint -> up or down
	recorded := filepath.Join("testdata", "gatus", "verdicts.txt")
	if program := os.Getenv("STATUSBOT_TEST_GATUS"); program != "" {
		theirs = askGatus(t, program, text)
		if *update {
			var lines strings.Builder
			for _, name := range slices.Sorted(maps.Keys(theirs)) {
				fmt.Fprintf(&lines, "%s %s\n", name, theirs[name])
			}
			need(t, os.WriteFile(recorded, []byte(lines.String()), 0o644))
		}
	} else {
		data, err := os.ReadFile(recorded)
		need(t, err)
		for line := range strings.Lines(string(data)) {
			name, verdict, _ := strings.Cut(strings.TrimSpace(line), " ")
			theirs[name] = verdict
		}
	}
	list := carriedFromGatus(t, text)
	if len(list) != len(theirs) {
		t.Fatalf("%d checks of %d endpoints", len(list), len(theirs))
	}
	ours, err := probeAll(t.Context(), list)
	need(t, err)
	ups := 0
	for i, c := range list {
		name := c.Product // of an endpoint without a group
		verdict := "down"
		if o := ours[i].Outcome; o == checks.Pass || o == checks.Degraded {
			verdict = "up"
			ups++
		}
		if same := verdict == theirs[name]; same != (otherThanGatus[name] == "") {
			t.Errorf("%s: Gatus says %s, the check %s (%s): %s; known to differ: %q", name, theirs[name], ours[i].Outcome, ours[i].Reason, ours[i].Summary, otherThanGatus[name])
		}
	}
	if ups < len(list)/4 || ups > len(list)*3/4 {
		t.Errorf("%d of %d are up: too many of one kind to judge by", ups, len(list))
	}
}

// gatusEndpoints starts the servers and returns the configuration that asks them.
func gatusEndpoints(t *testing.T) string {
	t.Helper()
	plain, encrypted := httptest.NewServer(http.HandlerFunc(ofGatus)), httptest.NewUnstartedServer(http.HandlerFunc(ofGatus))
	encrypted.Config.ErrorLog = log.New(io.Discard, "", 0) // who does not trust it says so
	encrypted.StartTLS()
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
	data, err := os.ReadFile(filepath.Join("testdata", "gatus", "endpoints.yaml"))
	need(t, err)
	return strings.NewReplacer("TLSHOST", encrypted.Listener.Addr().String(), "GREETER", greeter.Addr().String(), "SERVER", plain.URL,
		"TLS/", encrypted.URL+"/", "HOST", plain.Listener.Addr().String()).Replace(string(data))
}

// carriedFromGatus are the checks of what Gatus is told.
func carriedFromGatus(t *testing.T, text string) []checks.Check {
	t.Helper()
	plan, err := adopt.From("gatus", []adopt.Source{{Name: "config.yaml", Text: []byte(text)}})
	need(t, err)
	in := initializing{w: world{env: os.LookupEnv}}
	need(t, in.settle(plan))
	for _, l := range plan.Not {
		t.Errorf("not carried: %s: %s", l.What, l.Why)
	}
	written, err := plan.YAML("carried")
	need(t, err)
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	need(t, os.WriteFile(file, written, 0o600))
	cfg, err := config.Load(file, os.LookupEnv)
	need(t, err)
	for i := range cfg.Checks {
		if c := &cfg.Checks[i]; c.Timeout >= 5*time.Second {
			c.Timeout, c.Every = patience, 2*patience // on a busy machine none of these is late
		}
	}
	return cfg.Checks
}

// askGatus runs a Gatus until it has asked each endpoint once.
func askGatus(t *testing.T, program, text string) map[string]string {
	t.Helper()
	port, file := probetest.FreePort(t), filepath.Join(t.TempDir(), "config.yaml")
	need(t, os.WriteFile(file, []byte("web: {address: 127.0.0.1, port: "+port+"}\nconcurrency: 8\n"+text), 0o600))
	probetest.StartServer(t, t.TempDir(), os.Interrupt, "env", "GATUS_CONFIG_PATH="+file, program)
	verdicts := map[string]string{}
	for end := time.Now().Add(patience); len(verdicts) < strings.Count(text, "\n  - {name:"); time.Sleep(100 * time.Millisecond) { // between two looks
		if time.Now().After(end) {
			t.Fatalf("Gatus has asked %d", len(verdicts))
		}
		resp, err := http.Get("http://127.0.0.1:" + port + "/api/v1/endpoints/statuses?pageSize=1")
		if err != nil {
			continue
		}
		var list []struct {
			Name    string
			Results []struct{ Success bool }
		}
		err = json.NewDecoder(resp.Body).Decode(&list)
		_ = resp.Body.Close()
		need(t, err)
		for _, e := range list {
			if len(e.Results) > 0 {
				verdicts[e.Name] = map[bool]string{true: "up", false: "down"}[e.Results[len(e.Results)-1].Success]
			}
		}
	}
	return verdicts
}
