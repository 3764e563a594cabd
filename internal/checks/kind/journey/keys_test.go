package journey

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// A journey carries what one must not read, so it takes the strong exchange.
func TestJourneyKeyExchange(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.TLS.CurveID.String()) }))
	defer server.Close()
	strong := tls.X25519MLKEM768.String()
	o := Kind.Options().(*Options)
	o.InsecureTLS = true
	o.Steps = []Step{{Name: "visit", URL: server.URL, Contains: []string{strong}}}
	probetest.WantResult(t, probetest.Probing(t, &Kind, o, time.Minute), checks.Pass, "", "")
}

// TestACertificateInAJourney: each step knows that of its own answer.
func TestACertificateInAJourney(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer secure.Close()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	for expression, outcome := range map[string]checks.Outcome{"certificate.days_left > 14 && 'example.com' in certificate.names": checks.Pass, "certificate.days_left > 1000000": checks.Fail} {
		o := Kind.Options().(*Options)
		o.InsecureTLS = true
		o.Steps = []Step{{URL: plain.URL, Options: claim.Options{Expect: []string{"certificate == null"}}}, {URL: secure.URL, Options: claim.Options{Expect: []string{expression}}}}
		if r := probetest.Probing(t, &Kind, o, time.Minute); r.Outcome != outcome {
			t.Errorf("%s: %s %s", expression, r.Outcome, r.Summary)
		}
	}
}

// TestPlacesOfSecrets: a value is one by the name of its place, whatever it is called.
func TestPlacesOfSecrets(t *testing.T) {
	for where, want := range map[string]bool{
		"$.password": true, "$.user['api_key']": true, "$.tokens[0]": true, "header:X-Auth-Token": true, "cookie:sid": true, `regexp:"secret":"([^"]+)`: true,
		"$.id": false, "header:X-Trace": false, "regexp:id=([0-9]+)": false,
	} {
		s, err := newSaver("v", where)
		probetest.OK(t, err)
		if s.secret != want {
			t.Errorf("%s: secret is %v", where, s.secret)
		}
	}
}
