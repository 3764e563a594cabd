package config

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/kinds/planted"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

var inBase64 = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}`)

// shows returns where a text shows a secret, in any of the ways of the wire;
// empty if it does not.
func shows(text, secret string) string {
	quoted := strconv.Quote(secret)
	inJSON, _ := json.Marshal(secret)
	for _, form := range []string{secret, quoted[1 : len(quoted)-1], strings.Trim(string(inJSON), `"`), url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), secret[:8]} {
		if i := strings.Index(text, form); i >= 0 {
			return text[max(0, i-40):min(len(text), i+len(form)+40)]
		}
	}
	for _, word := range inBase64.FindAllString(text, -1) {
		for skip := range 4 {
			if plain, _ := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(word[min(skip, len(word)):])); strings.Contains(string(plain), secret[:8]) {
				return word
			}
		}
	}
	return ""
}

// TestEveryOptionOfEveryKindKeepsItsSecret plants a secret in every option of
// every kind, has a server repeat it in every way, and looks for it in what is
// kept of the results and in what is said of a bad configuration.
func TestEveryOptionOfEveryKindKeepsItsSecret(t *testing.T) {
	planted, options, refused := 0, map[string]bool{}, 0
	probetest.ResolveWith(t, nil)
	for _, kind := range kinds.Names() {
		t.Run(kind, func(t *testing.T) {
			if kind == "browser" {
				if _, err := exec.LookPath("chromium"); err != nil {
					t.Skip("no chromium")
				}
			}
			n, r := keepsSecrets(t, kind, options)
			planted, refused = planted+n, refused+r
		})
	}
	t.Logf("%d secrets in %d options of %d kinds; %d were refused when the configuration was read", planted, len(options), len(kinds.Names()), refused)
}

func keepsSecrets(t *testing.T, kind string, options map[string]bool) (count, refused int) {
	parrot := planted.Listen(t, kind)
	last := ""                   // option that a check was run for
	never := map[string]string{} // :: option -> why no way to plant a secret in it is taken
	defer func() {
		for option, why := range never {
			if why != "" {
				_, why, _ = strings.Cut(why, "checks[0].")
				t.Logf("takes no secret: %s %s", option, why)
			}
		}
	}()
	for _, c := range planted.Checks(t, kind) {
		count++
		parrot.Say(c.Secret)
		path := write(t, "products: [{id: p}]\nchecks:\n"+c.YAML(t, parrot.Address, "1m"))
		cfg, err := Load(path, environment(map[string]string{c.Variable: c.Secret}))
		if err != nil {
			refused++
			if _, known := never[c.Option]; !known {
				never[c.Option] = err.Error()
			}
			if where := shows(err.Error(), c.Secret); where != "" && c.Variable != "" {
				t.Errorf("%s: the error shows the secret: %q in %v", c.Option, where, err)
			}
			continue
		}
		options[kind+" "+c.Option] = true
		never[c.Option] = ""
		compiled, err := kinds.Compile(&cfg.Checks[0])
		if err != nil {
			t.Fatal(err)
		}
		if compiled.Check.Passive || kind == "browser" && c.Option == last {
			continue // a browser takes a second, so it starts once for each option
		}
		last = c.Option
		r, ok := compiled.Run(t.Context())
		if !ok {
			t.Fatalf("%s: no result", c.Option)
		}
		stored, err := checks.EncodeResults([]checks.Result{r})
		if err != nil {
			t.Fatal(err)
		}
		all := fmt.Sprintf("%s\n%s\n%+v\n", stored, r.Summary, r)
		if e := r.Evidence; e != nil {
			all += fmt.Sprintf("%+v\n%s\n", *e, e.Output)
		}
		if where := shows(all, c.Secret); where != "" {
			t.Errorf("%s (%s): the result shows the secret %q: %q in %s", c.ID, c.Option, c.Secret, where, r.Summary)
		}
	}
	return count, refused
}
