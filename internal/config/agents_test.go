package config

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestVantages(t *testing.T) {
	t.Parallel()
	const company = "products: [{id: shop}]\n"
	cfg, err := Load(write(t, company+`
agents: {listen: ":4223", cert_file: cert.pem, key_file: key.pem}
checks:
  - {id: a, product: shop, kind: tcp, vantages: [here, eu-1, us_2], tcp: {address: "shop.example.com:443"}}
  - {id: b, product: shop, kind: tcp, vantages: here, tcp: {address: "shop.example.com:443"}}
  - {id: c, product: shop, kind: tcp, vantages: office, tcp: {address: "shop.example.com:443"}}
`), environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := [][]string{cfg.Checks[0].Vantages, cfg.Checks[1].Vantages, cfg.Checks[2].Vantages}; !reflect.DeepEqual(got, [][]string{{"here", "eu-1", "us_2"}, nil, {"office"}}) {
		t.Errorf("got %q", got)
	}
	if !cfg.Checks[0].FromHere() || !cfg.Checks[1].FromHere() || cfg.Checks[2].FromHere() {
		t.Error("where they are probed from is not what is written")
	}
	if cfg.Agents.Listen != ":4223" || filepath.Base(cfg.Agents.CertFile) != "cert.pem" || !filepath.IsAbs(cfg.Agents.KeyFile) || len(cfg.Warnings) > 0 {
		t.Errorf("got %+v with %v", cfg.Agents, cfg.Warnings)
	}
	for _, tt := range []struct{ text, says string }{
		{"agents: {listen: nonsense}\n", `agents.listen: "nonsense" is not an address`},
		{"agents: {cert_file: a}\n", "agents.cert_file: is given without agents.key_file"},
		{"agents: {key_file: a}\n", "agents.key_file: is given without agents.cert_file"},
		{`checks: [{id: a, product: shop, kind: tcp, vantages: [EU], tcp: {address: "x:1"}}]`, `"EU" is not the name of a vantage`},
		{`checks: [{id: a, product: shop, kind: tcp, vantages: [eu.west], tcp: {address: "x:1"}}]`, `"eu.west" is not the name of a vantage`},
		{`checks: [{id: a, product: shop, kind: tcp, vantages: [eu, eu], tcp: {address: "x:1"}}]`, `"eu" is listed twice`},
		{`checks: [{id: a, control: true, kind: tcp, vantages: [eu], tcp: {address: "x:1"}}]`, "does not go with control: true"},
		{`checks: [{id: a, product: shop, kind: http, vantages: [eu], http: {url: "https://x.example.com", basic_auth: {user: a, password_file: p}}}]`, "it has password_file, and agents read no files"},
		{`checks: [{id: a, product: shop, kind: heartbeat, vantages: [eu], heartbeat: {token: abcdefghijklmnopqrstuvwx}}]`, "is not probed"},
	} {
		if _, err := Load(write(t, company+tt.text), environment(nil)); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want %q", tt.text, err, tt.says)
		}
	}
	cfg, err = Load(write(t, company+`checks: [{id: a, product: shop, kind: tcp, vantages: [eu], tcp: {address: "x:1"}}]`), environment(nil))
	if err != nil || len(cfg.Warnings) != 1 || !strings.Contains(cfg.Warnings[0].String(), "agents.listen, which is not set") {
		t.Errorf("without a way in: %v, %v", err, cfg)
	}
}
