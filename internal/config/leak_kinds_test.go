package config

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kind/browser"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/kinds/planted"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/longtest"
)

// TestEveryOptionOfEveryKindKeepsItsSecret plants a secret in every option of
// every kind, has a server repeat it in every way, and looks for it in what is
// kept of the results and in what is said of a bad configuration.
func TestEveryOptionOfEveryKindKeepsItsSecret(t *testing.T) {
	var mu sync.Mutex // of what follows
	count, options, refused := 0, 0, 0
	probetest.ResolveWith(t, nil)
	t.Run("kinds", func(t *testing.T) {
		for _, kind := range kinds.Names() {
			t.Run(kind, func(t *testing.T) {
				t.Parallel() // a browser takes its time
				if kind == "browser" {
					if _, err := browser.Find(""); err != nil {
						longtest.Lacks(t, "%v", err)
					}
				}
				n, o, r := keepsSecrets(t, kind)
				mu.Lock()
				defer mu.Unlock()
				count, options, refused = count+n, options+o, refused+r
			})
		}
	})
	if options < 5*len(kinds.Names()) {
		t.Errorf("only %d options of %d kinds took a secret, so nearly nothing was tried", options, len(kinds.Names()))
	}
	t.Logf("%d secrets in %d options of %d kinds; %d were refused when the configuration was read", count, options, len(kinds.Names()), refused)
}

// keepsSecrets counts the secrets, the options that took one, and the secrets that
// were refused.
func keepsSecrets(t *testing.T, kind string) (count, options, refused int) {
	took := map[string]bool{} // :: option
	parrot := planted.Listen(t, kind)
	last, browsers := "", 0      // option that a check was run for; how many browsers there were
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
			if where := planted.Shows(err.Error(), c.Secret); where != "" && c.Variable != "" {
				t.Errorf("%s: the error shows the secret: %q in %v", c.Option, where, err)
			}
			continue
		}
		took[c.Option] = true
		never[c.Option] = ""
		compiled, err := kinds.Compile(&cfg.Checks[0])
		if err != nil {
			t.Fatal(err)
		}
		if kind == "browser" {
			// It takes a second, so it starts once for each option, in the small form for the first alone.
			if c.Option == last || browsers == longtest.Of(1, 100) {
				continue
			}
			browsers++
		}
		if compiled.Check.Passive {
			continue
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
		if where := planted.Shows(all, c.Secret); where != "" {
			t.Errorf("%s (%s): the result shows the secret %q: %q in %s", c.ID, c.Option, c.Secret, where, r.Summary)
		}
	}
	return count, len(took), refused
}
