package config

import (
	"strings"
	"testing"
)

// TestMetrics: what keeps Prometheus out, or lets everybody in, is said.
func TestMetrics(t *testing.T) {
	const minimal = "products: [{id: shop, name: Shop}]\nchecks: [{id: c, product: shop, kind: tcp, tcp: {address: \"127.0.0.1:1\"}}]\n"
	for web, want := range map[string]string{
		`{listen: "127.0.0.1:8080", metrics: true}`:                 "",
		`{listen: "localhost:8080", metrics: true}`:                 "",
		`{listen: ":8080", metrics: true, metrics_token: "5f2b9c"}`: "",
		`{listen: ":8080"}`:                                   "",
		`{listen: ":8080", metrics: true}`:                    "web.metrics: whoever reaches web.listen",
		`{listen: "10.0.0.7:8080", metrics: true}`:            "web.metrics: whoever reaches web.listen",
		`{metrics: true}`:                                     "web.metrics: is on, and web.listen is not set",
		`{listen: "127.0.0.1:8080", metrics_token: "5f2b9c"}`: "web.metrics_token: is given, and web.metrics is not on",
	} {
		cfg := mustLoad(t, write(t, minimal+"web: "+web+"\n"), nil)
		var got string
		for _, w := range cfg.Warnings {
			got += w.String()
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) || strings.Contains(got, "5f2b9c") {
			t.Errorf("%s: %s, want %q", web, got, want)
		}
	}
	cfg := mustLoad(t, write(t, minimal), map[string]string{"STATUSBOT_WEB_METRICS": "true", "STATUSBOT_WEB_LISTEN": "[::1]:0", "STATUSBOT_WEB_METRICS_TOKEN": "5f2b9c"})
	if !cfg.Web.Metrics || cfg.Web.MetricsToken.Reveal() != "5f2b9c" {
		t.Errorf("%+v", cfg.Web)
	}
}
