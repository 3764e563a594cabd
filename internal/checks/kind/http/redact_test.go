package http

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestHTTPEvidenceHasRequestIDsAndNoSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("CF-Ray", "8c1")
		w.Header().Set("X-Request-ID", "7f3a")
		w.Header().Set("X-Correlation-ID", "tok\u00e9 -12 3456") // what goes would leave a secret that nobody knows
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprintf(w, "you sent %s; token=other-token\n", r.Header)
		fmt.Fprint(w, strings.Repeat("tok-\x00123456 ", 200))
	}))
	defer server.Close()
	at, err := url.Parse(server.URL)
	probetest.OK(t, err)
	at.User = url.UserPassword("ana", "hunter22")
	r := probetest.Probing(t, &Kind, &Options{URL: at.String(), Headers: map[string]string{"X-Auth-Token": "tok-123456", "Cookie": "sid=cookie-value"}}, time.Minute)
	if r.Evidence == nil || r.Evidence.RequestID != "x-request-id=7f3a, cf-ray=8c1" {
		t.Fatalf("evidence %+v", r.Evidence)
	}
	for _, secret := range []string{"tok-", "cookie-value", "hunter22", "other-token", base64.StdEncoding.EncodeToString([]byte("ana:hunter22"))} {
		if strings.Contains(r.Evidence.Output, secret) {
			t.Errorf("%q is in the evidence: %s", secret, r.Evidence.Output)
		}
	}
	if !strings.Contains(r.Evidence.Output, "you sent") || len(r.Evidence.Output) > probe.OutputMax {
		t.Errorf("evidence of %d bytes: %s", len(r.Evidence.Output), r.Evidence.Output)
	}
}

func TestClaimsShowNoValueOfASecretsName(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"password":"hunter2-hunter2","list":[{"api_key":"k-99887766"}],"state":"bad"}`)
	}))
	defer server.Close()
	r := probetest.Probing(t, &Kind, &Options{URL: server.URL, Options: claim.Options{Expect: []string{"'ok' in json"}}}, time.Minute)
	if want := `'ok' in json is false: json is {"list":[{"api_key":(redacted)}],"password":(redacted),…`; r.Summary != want {
		t.Errorf("got %q, want %q", r.Summary, want)
	}
	for _, o := range []*Options{
		{URL: server.URL, Options: claim.Options{Expect: []string{"body == 'x'"}}},
		{URL: server.URL, JSON: []JSONAssertion{{Path: "$", Equals: "x"}}},
		{URL: server.URL, JSON: []JSONAssertion{{Path: "$.list", Equals: "x"}}},
		{URL: server.URL, Options: claim.Options{Expect: []string{"json.list.size() > 4"}}},
	} {
		r := probetest.Probing(t, &Kind, o, time.Minute)
		probetest.NoSecret(t, r, "hunter2")
		probetest.NoSecret(t, r, "k-9988")
	}
}
