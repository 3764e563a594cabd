package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// spanCollector is a real server that takes whatever is posted to it as spans, and what
// came until now.
func spanCollector(t *testing.T) (address string, told func() string) {
	t.Helper()
	var mu sync.Mutex
	var b strings.Builder
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		b.Write(body)
		b.WriteByte('\n')
	}))
	t.Cleanup(s.Close)
	return s.URL, func() string {
		mu.Lock()
		defer mu.Unlock()
		return b.String()
	}
}

// TestProbesAreToldAsSpans by a running bot, from a change of its configuration on: with
// the ids that the service was asked under.
func TestProbesAreToldAsSpans(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	asked := make(chan string, 1000)
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.Header.Get("Traceparent") }))
	defer service.Close()
	collector, told := spanCollector(t)
	_, env := workspace(t)
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	put := func(settings string) {
		t.Helper()
		text := "company: Acme\nweb: {listen: \"127.0.0.1:0\", metrics: true}\nproducts: [{id: shop}]\n" + settings +
			"checks: [{id: order, product: shop, kind: http, every: 500ms, timeout: 500ms, http: {url: \"" + service.URL + "\"}}]\n"
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{} // :: traceparent -> the service was asked under it
	probe := func() {
		t.Helper()
		select {
		case parent := <-asked:
			seen[parent] = true
		case <-ctx.Done():
			t.Fatal("no probe came")
		}
	}
	put("")
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", t.TempDir())
	probe()
	web := bot.webURL(ctx)
	if strings.Contains(get(t, web+"/metrics"), "statusbot_spans") {
		t.Error("spans are counted that nobody wants")
	}
	put("probes: {spans: {endpoint: \"" + collector + "\"}}\n")
	bot.awaitLine(ctx, "configuration read anew")
	for told() == "" {
		probe()
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d:\n%s", code, bot.out.String())
	}
	for len(asked) > 0 {
		probe()
	}
	first, _, _ := strings.Cut(told(), "\n")
	var posted struct {
		ResourceSpans []struct {
			ScopeSpans []struct {
				Spans []struct{ TraceID, SpanID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(first), &posted); err != nil || len(posted.ResourceSpans) != 1 || len(posted.ResourceSpans[0].ScopeSpans[0].Spans) == 0 {
		t.Fatalf("%v: %s", err, first)
	}
	for _, s := range posted.ResourceSpans[0].ScopeSpans[0].Spans {
		if !seen["00-"+s.TraceID+"-"+s.SpanID+"-01"] {
			t.Errorf("a span is told that the service was not asked under: %+v", s)
		}
	}
}
