package config

import (
	"path/filepath"
	"strings"
	"testing"
)

const onCallProducts = "products: [{id: p, owner: payments}, {id: q, owner: search}, {id: r, owner: payments}]\n"

// TestOnCallIsRead: each way to learn who is on call, with the paths of the file
// that names them.
func TestOnCallIsRead(t *testing.T) {
	file := write(t, onCallProducts+"on_call:\n  - {owner: payments, exec: {argv: [./who.sh]}, timeout: 2s}\n  - {owner: search, file: rota/search}\n")
	cfg := mustLoad(t, file, nil)
	dir := filepath.Dir(file)
	if n := len(cfg.OnCall); n != 2 {
		t.Fatalf("%d on call, want 2", n)
	}
	if c := cfg.OnCall[0].Exec; c == nil || c.Kind != "exec" || c.Timeout.Seconds() != 2 || c.Timeout > c.Every {
		t.Errorf("command %+v", c)
	}
	if f := cfg.OnCall[1].File; f != filepath.Join(dir, "rota/search") {
		t.Errorf("file %s", f)
	}
	cfg = mustLoad(t, write(t, onCallProducts+"on_call: [{owner: payments, name: \" Kim Doe \"}, {owner: search, group: \"@search-oncall\"}]\n"), nil)
	if cfg.OnCall[0].Name != "Kim Doe" || cfg.OnCall[1].Group != "@search-oncall" {
		t.Errorf("%+v", cfg.OnCall)
	}
}

// TestBadOnCall: what names nobody is refused, with what to write.
func TestBadOnCall(t *testing.T) {
	for item, want := range map[string]string{
		`{name: Kim}`:                                                "owner: is missing",
		`{owner: paymens, name: Kim}`:                                `did you mean "payments"?`,
		`{owner: payments}`:                                          "needs one way",
		`{owner: payments, name: Kim, file: x}`:                      "needs one way",
		`{owner: payments, name: ""}`:                                "has not 1 to 80 characters",
		`{owner: payments, file: ""}`:                                "is empty",
		`{owner: payments, group: oncall}`:                           `"oncall" is no user group`,
		`{owner: payments, exec: {argv: []}}`:                        "argv",
		`{owner: payments, exec: {}}`:                                "argv",
		`{owner: payments, exec: {argv: [x], no: 1}}`:                "unknown key",
		`{owner: payments, exec: {argv: [x]}, timeout: 1m}`:          "is not between 100ms and 30s",
		`{owner: payments, name: Kim, timeout: 1s}`:                  "goes with exec alone",
		`{owner: payments, nam: Kim}`:                                "unknown key",
		`{owner: payments, name: Kim}, {owner: payments, name: Ana}`: "is named twice",
	} {
		_, err := Load(write(t, onCallProducts+"on_call: ["+item+"]\n"), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", item, err, want)
		}
	}
}
