package adopt

import (
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	p, err := List([]string{"# what clients use", "", "https://pay.example.com/health", "www.example.com", "Billing https://ops:gehe1m@billing.example.com/?token=gehe1m",
		"Billing db.example.com:5432", "wss://echo.example.com/socket", "https://pay.example.com/health"})
	need(t, err)
	need(t, p.Settle(judge(t)))
	text, err := p.YAML("x")
	need(t, err)
	for _, want := range []string{"id: pay/health\n", "id: pay/health-2\n", "id: example/http\n", "url: https://www.example.com\n", "id: billing/5432\n", "kind: websocket",
		"url: https://ops:${BILLING_HTTP_PASSWORD}@billing.example.com/?token=${BILLING_HTTP_PARAMETER_TOKEN}\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if len(p.Checks) != 6 || len(p.Products) != 4 || strings.Contains(string(text), "gehe1m") {
		t.Errorf("%d checks, %d products:\n%s", len(p.Checks), len(p.Products), text)
	}
	for _, bad := range [][]string{nil, {"#"}, {"gopher://example.com"}, {"https://"}, {":"}} {
		if _, err := List(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// FuzzFrom: whatever the sources are, there is a plan that is accepted, or an error.
func FuzzFrom(f *testing.F) {
	for _, g := range golden {
		for _, s := range sourcesOf(&testing.T{}, g.files) {
			f.Add(g.tool, string(s.Text))
		}
	}
	f.Fuzz(func(t *testing.T, tool, text string) {
		sources := []Source{{Name: "x", Text: []byte(text)}}
		if tool == "blackbox" { // modules or targets alone are no source
			sources = append(sources, Source{Name: "y", Text: []byte("modules: {http_2xx: {prober: http}}\nscrape_configs: [{job_name: j, metrics_path: /probe, static_configs: [{targets: [a]}], relabel_configs: [{source_labels: [__address__], target_label: __param_target}]}]")})
		}
		p, err := From(tool, sources)
		if err != nil {
			return
		}
		if err := p.Settle(judge(t)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	})
}
