//go:build unix

package main

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// securedOfBlackbox starts servers that speak several versions of HTTP, and some whose certificates
// are right, over, or of somebody else, and returns what is asked of them.
func securedOfBlackbox(t *testing.T, authority *probetest.TlsAuthority) (asked []askedOf) {
	t.Helper()
	const year = 365 * 24 * time.Hour
	serve := func(host string, valid time.Duration, two bool) (url string) {
		s := httptest.NewUnstartedServer(http.HandlerFunc(awkward))
		certFile, keyFile := authority.Issue(host, valid)
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		need(t, err)
		s.TLS, s.EnableHTTP2 = &tls.Config{Certificates: []tls.Certificate{pair}}, two
		s.Config.ErrorLog = log.New(io.Discard, "", 0) // who does not trust it says so
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL
	}
	one, two := serve("127.0.0.1", year, false), serve("127.0.0.1", year, true)
	for module := range strings.FieldsSeq("any_version only_1_1 only_1_1_asked only_2 both_versions misspelt_2") {
		asked = append(asked, askedOf{module, one + "/ok", one}, askedOf{module, two + "/ok", two + "/2"})
	}
	over, elsewhere := serve("127.0.0.1", -24*time.Hour, false), serve("shop.example.com", year, false)
	for module := range strings.FieldsSeq("trusted trusted_named http_2xx") {
		for _, server := range []string{one, over, elsewhere} {
			asked = append(asked, askedOf{module, server + "/ok", server})
		}
	}
	for _, server := range []string{one, over, elsewhere} {
		address := strings.TrimPrefix(server, "https://")
		asked = append(asked, askedOf{"tcp_trusted", address, ""})
	}
	return asked
}
