package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestWhoseRequestsCarryATrace: those of the kinds that can, unless the check or all
// say otherwise.
func TestWhoseRequestsCarryATrace(t *testing.T) {
	for settings, want := range map[string]string{"": "true false true", "probes: {trace: false}\n": "false false true"} {
		cfg := mustLoad(t, write(t, settings+`products: [{id: p}]
checks:
  - {id: a, product: p, kind: http, http: {url: "http://127.0.0.1/"}}
  - {id: b, product: p, kind: grpc, trace: false, grpc: {address: "127.0.0.1:1"}}
  - {id: c, product: p, kind: http, trace: true, http: {url: "http://127.0.0.1/"}}
  - {id: d, product: p, kind: tcp, trace: false, tcp: {address: "127.0.0.1:1"}}
`), nil)
		if got := fmt.Sprint(cfg.Checks[0].Trace, cfg.Checks[1].Trace, cfg.Checks[2].Trace); got != want || cfg.Checks[3].Trace {
			t.Errorf("%q: got %s %v", settings, got, cfg.Checks[3].Trace)
		}
	}
	_, err := Load(write(t, "products: [{id: p}]\nchecks: [{id: a, product: p, kind: tcp, trace: true, tcp: {address: \"127.0.0.1:1\"}}]\n"), nil)
	if err == nil || !strings.Contains(err.Error(), "checks[0].trace: does not go with kind tcp, whose requests carry no trace") {
		t.Errorf("got %v", err)
	}
}
