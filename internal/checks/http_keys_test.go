package checks

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// What a request keeps secret is kept from a later quantum computer as well;
// one that has no secret saves the CPU for that.
func TestHTTPKeyExchange(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.TLS.CurveID.String()) }))
	defer server.Close()
	strong, classic := tls.X25519MLKEM768.String(), tls.X25519.String()
	for name, tt := range map[string]struct {
		url    string
		change func(*HTTPOptions)
		want   string
	}{
		"nothing":  {server.URL + "/health", func(*HTTPOptions) {}, classic},
		"header":   {server.URL, func(o *HTTPOptions) { o.Headers = map[string]string{"X-Any": "one"} }, strong},
		"cookie":   {server.URL, func(o *HTTPOptions) { o.Cookies = map[string]string{"a": "b"} }, strong},
		"body":     {server.URL, func(o *HTTPOptions) { o.Method, o.Body = "POST", "{}" }, strong},
		"query":    {server.URL + "/?key=1", func(*HTTPOptions) {}, strong},
		"bearer":   {server.URL, func(o *HTTPOptions) { o.BearerToken = "s3cret-token" }, strong},
		"password": {server.URL, func(o *HTTPOptions) { o.BasicAuth = BasicAuth{User: "a", Password: "s3cret-word"} }, strong},
	} {
		t.Run(name, func(t *testing.T) {
			r := probing(t, "http", httpOptions(tt.url, tt.change, func(o *HTTPOptions) {
				o.InsecureTLS, o.Contains = true, []string{tt.want}
				if tt.want == classic {
					o.NotContains = []string{strong} // whose name begins like the other
				}
			}), 5*time.Second)
			wantResult(t, r, Pass, "", "HTTP 200")
		})
	}
	o := journeyKind.Options().(*JourneyOptions)
	o.InsecureTLS = true
	o.Steps = []JourneyStep{{Name: "visit", URL: server.URL, Contains: []string{strong}}}
	wantResult(t, probing(t, "journey", o, 5*time.Second), Pass, "", "")
}
