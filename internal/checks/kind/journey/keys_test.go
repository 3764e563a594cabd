package journey

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
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
	probetest.WantResult(t, probetest.Probing(t, &Kind, o, 5*time.Second), checks.Pass, "", "")
}
