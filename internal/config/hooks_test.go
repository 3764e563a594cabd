package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const hookProducts = "products: [{id: p}]\nweb: {listen: \"127.0.0.1:0\"}\n"

// TestHooksAreRead: each kind, with secrets of the environment and of files.
func TestHooksAreRead(t *testing.T) {
	file := write(t, hookProducts+`components: [{id: edge}]
hooks:
  - {name: gh, github: {secret: "${S}"}, products: [p], components: [edge], environments: [eu]}
  - {name: gl, gitlab: {token_file: token}}
  - {name: argo, argocd: {token: "${S}"}}
  - {name: am, alertmanager: {token: "${S}"}}
  - {name: signed, grafana: {secret: "${S}"}}
  - {name: plain, grafana: {token: "${S}"}}
  - {name: ci, marks: {token: "${S}"}}
`)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "token"), []byte("sesame of the file, long\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := mustLoad(t, file, map[string]string{"S": "sesame, open the door"})
	var got []string
	for _, h := range cfg.Hooks {
		how := "token"
		if h.Signed {
			how = "signed"
		}
		got = append(got, h.Name+" "+h.Kind+" "+how)
	}
	if want := "gh github signed, gl gitlab token, argo argocd token, am alertmanager token, signed grafana signed, plain grafana token, ci marks token"; strings.Join(got, ", ") != want {
		t.Errorf("got %q", got)
	}
	if h := cfg.Hooks[0]; h.Secret.Reveal() != "sesame, open the door" || h.Products[0] != "p" || h.Components[0] != "edge" || h.Environments[0] != "eu" {
		t.Errorf("got %+v", h)
	}
	if h := cfg.Hooks[1]; h.Secret.Reveal() != "sesame of the file, long" {
		t.Errorf("got %+v", h)
	}
}

// TestWrongHooks: each with the sentence that names the place, and never the secret.
func TestWrongHooks(t *testing.T) {
	for hook, want := range map[string]string{
		`{name: a}`:                             "hooks[0].name: does not say whose hook it is; write one of alertmanager, argocd",
		`{github: {secret: "${S}"}}`:            "hooks[0].name: is missing",
		`{name: A/b, github: {secret: "${S}"}}`: `"A/b" is not a name of a hook`,
		`{name: a, github: {secret: "${S}"}, marks: {token: "${S}"}}`: "hooks[0].marks: is a second kind",
		`{name: a, github: {}}`:                                                         "hooks[0].github: has no secret; write secret: ${NAME}, or secret_file: PATH",
		`{name: a, github: {secret: short-sesame}}`:                                     "hooks[0].github: has a secret of fewer than 16 characters",
		`{name: a, github: {token: "${S}"}}`:                                            "token",
		`{name: a, grafana: {token: "${S}", secret: "${S}"}}`:                           "hooks[0].grafana: has both a secret and a token",
		`{name: a, marks: {token: "${S}"}, products: [q]}`:                              `hooks[0].products[0]: no product "q" is declared`,
		`{name: a, marks: {token: "${S}"}, components: [q]}`:                            `hooks[0].components[0]: no component "q" is declared`,
		`{name: a, marks: {token: "${S}"}, environments: [q]}`:                          "hooks[0].environments: goes with github and gitlab alone",
		"{name: a, marks: {token: \"${S}\"}}\n  - {name: a, argocd: {token: \"${S}\"}}": `hooks[1].name: "a" is taken`,
		"{name: a, marks: {token: \"${S}\"}}\n  - {name: b, marks: {token: \"${S}\"}}":  `hooks[1].marks: has the token of "a"`,
		`{name: a, gitlab: {token_file: none}}`:                                         "there is no such file",
	} {
		_, err := Load(write(t, hookProducts+"hooks:\n  - "+hook+"\n"), func(name string) (string, bool) { return "sesame, open the door", name == "S" })
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: got %v, want %s", hook, err, want)
		}
	}
	cfg := mustLoad(t, write(t, "products: [{id: p}]\nhooks: [{name: a, marks: {token: \"${S}\"}}]\n"), map[string]string{"S": "sesame, open the door"})
	if len(cfg.Warnings) == 0 || !strings.Contains(cfg.Warnings[len(cfg.Warnings)-1].String()+cfg.Warnings[0].String(), "hooks come by HTTP, and web.listen is not set") {
		t.Errorf("warnings: %v", cfg.Warnings)
	}
}
