package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhoIsToldOfProbes: nobody unless it is written; headers as services show them.
func TestWhoIsToldOfProbes(t *testing.T) {
	t.Parallel()
	const products = "products: [{id: p}]\n"
	if got := mustLoad(t, write(t, products), nil).Probes.Spans; got != (Spans{}) {
		t.Errorf("unless told: %+v", got)
	}
	got := mustLoad(t, write(t, products+`probes: {spans: {endpoint: "https://otlp.example.com/otlp", headers: "Authorization=Basic%20${KEY}, X-Scope.Org=a%2Cb==", of: failed}}`+"\n"),
		map[string]string{"KEY": "q27hidden"}).Probes.Spans
	if h := got.HeaderFields(); got.Endpoint != "https://otlp.example.com/otlp" || !got.Failed || len(h) != 2 || h["Authorization"] != "Basic q27hidden" || h["X-Scope.Org"] != "a,b==" {
		t.Errorf("got %+v, headers %q", got, h)
	}
	if shown := fmt.Sprintf("%+v", got); strings.Contains(shown, "hidden") {
		t.Errorf("a header is shown: %s", shown)
	}
	file := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(file, []byte("api-key=q27hidden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = mustLoad(t, write(t, products), map[string]string{"STATUSBOT_PROBES_SPANS_ENDPOINT": "http://127.0.0.1:4318", "STATUSBOT_PROBES_SPANS_HEADERS_FILE": file}).Probes.Spans
	if h := got.HeaderFields(); h["api-key"] != "q27hidden" || got.Failed {
		t.Errorf("from a file: %+v %q", got, h)
	}
	for settings, want := range map[string]string{
		`{endpoint: "ftp://a"}`:                                   "probes.spans.endpoint: is not an address that can be posted to",
		`{endpoint: "http://me:q27hidden@a"}`:                     "probes.spans.endpoint: holds a user and a password",
		`{endpoint: "http://a/?key=q27hidden"}`:                   "probes.spans.endpoint: has a query",
		`{endpoint: "http://a/v1/traces"}`:                        "probes.spans.endpoint: ends in /v1/traces",
		`{endpoint: "http://a", headers: q27hidden}`:              "probes.spans.headers: has a part that is not name=value",
		`{endpoint: "http://a", headers: "a=%0Aq27hidden"}`:       "probes.spans.headers: has a value that none can be",
		`{endpoint: "http://a", headers: "Host=q27hidden"}`:       "probes.spans.headers: has a header that is set by itself",
		`{headers: "a=q27hidden"}`:                                "probes.spans.headers: is given without an endpoint",
		`{endpoint: "http://a", of: fail}`:                        "is not one of all, failed",
		`{endpoint: "http://a", ca_file: none.pem}`:               "none.pem: there is no such file",
		`{endpoint: "http://a", headers: "a=b", headers_file: x}`: "probes.spans.headers_file: is given together with",
	} {
		_, err := Load(write(t, products+"probes: {spans: "+settings+"}\n"), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "q27hidden") {
			t.Errorf("%s: got %v", settings, err)
		}
	}
}
