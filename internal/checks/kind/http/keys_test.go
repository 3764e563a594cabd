package http

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

// What a request keeps secret is kept from a later quantum computer as well;
// one that has no secret saves the CPU for that.
func TestHTTPKeyExchange(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.TLS.CurveID.String()) }))
	defer server.Close()
	strong, classic := tls.X25519MLKEM768.String(), tls.X25519.String()
	for name, tt := range map[string]struct {
		url    string
		change func(*Options)
		want   string
	}{
		"nothing":  {server.URL + "/health", func(*Options) {}, classic},
		"header":   {server.URL, func(o *Options) { o.Headers = map[string]string{"X-Any": "one"} }, strong},
		"cookie":   {server.URL, func(o *Options) { o.Cookies = map[string]string{"a": "b"} }, strong},
		"body":     {server.URL, func(o *Options) { o.Method, o.Body = "POST", "{}" }, strong},
		"query":    {server.URL + "/?key=1", func(*Options) {}, strong},
		"bearer":   {server.URL, func(o *Options) { o.BearerToken = "s3cret-token" }, strong},
		"password": {server.URL, func(o *Options) { o.BasicAuth = BasicAuth{User: "a", Password: "s3cret-word"} }, strong},
	} {
		t.Run(name, func(t *testing.T) {
			r := probetest.Probing(t, &Kind, optionsFor(tt.url, tt.change, func(o *Options) {
				o.InsecureTLS, o.Contains = true, []string{tt.want}
				if tt.want == classic {
					o.NotContains = []string{strong} // whose name begins like the other
				}
			}), 5*time.Second)
			probetest.WantResult(t, r, checks.Pass, "", "HTTP 200")
		})
	}
}
