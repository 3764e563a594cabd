package config

import (
	"fmt"
	"slices"
	"strings"
)

// Hook is one system that tells by webhook what it does or sees: exactly one of its
// kinds is given.
type Hook struct {
	Name         string // unique; stands in the address and as who did it
	Kind         string // its own part's name, such as "github"
	Secret       Secret // what it signs with, or its token
	Signed       bool   // it signs; otherwise the secret is a token that it sends
	Products     []string
	Components   []string
	Environments []string // of deploys that count; none: those of production
}

type rawSystem struct {
	Name         string   `mapstructure:"name"`
	Products     []string `mapstructure:"products"`
	Components   []string `mapstructure:"components"`
	GitHub       rawSigns `mapstructure:"github"`
	GitLab       rawToken `mapstructure:"gitlab"`
	ArgoCD       rawToken `mapstructure:"argocd"`
	Alertmanager rawToken `mapstructure:"alertmanager"`
	Grafana      rawBoth  `mapstructure:"grafana"`
	Marks        rawToken `mapstructure:"marks"`
	Environments []string `mapstructure:"environments"`
}

type rawSigns struct {
	Secret     string `mapstructure:"secret"`
	SecretFile string `mapstructure:"secret_file"`
}

type rawToken struct {
	Token     string `mapstructure:"token"`
	TokenFile string `mapstructure:"token_file"`
}

type rawBoth struct {
	Secret     string `mapstructure:"secret"`
	SecretFile string `mapstructure:"secret_file"`
	Token      string `mapstructure:"token"`
	TokenFile  string `mapstructure:"token_file"`
}

// hookKinds are the kinds of hooks: their own parts' names.
var hookKinds = []string{"alertmanager", "argocd", "github", "gitlab", "grafana", "marks"}

// allHooks checks the hooks of all files together.
func (l *loading) allHooks() []Hook {
	seen := map[string]*item{}
	tokens := map[string]string{} // :: token of a hook of kind marks -> its name
	products, components := map[string]*item{}, l.componentIDs()
	for _, d := range l.products {
		products[d.raw.ID] = d.item
	}
	var all []Hook
	for _, d := range l.hooks {
		before := len(l.problems)
		h := Hook{Name: d.raw.Name, Products: d.raw.Products, Components: d.raw.Components, Environments: d.raw.Environments}
		l.hookName(d.item, h.Name, seen)
		l.references(d.item, "products", h.Products, "product", products)
		l.references(d.item, "components", h.Components, "component", components)
		l.hookOwn(d, &h)
		if deploys := h.Kind == "github" || h.Kind == "gitlab"; d.item.wrote("environments") && !deploys && h.Kind != "" {
			l.note(d.item, "environments", "goes with github and gitlab alone", "remove it")
		}
		if h.Kind == "marks" && !h.Secret.IsZero() {
			if other := tokens[h.Secret.Reveal()]; other != "" {
				l.note(d.item, "marks", fmt.Sprintf("has the token of %q, and the token says who marks", other), "give each a token of its own")
			}
			tokens[h.Secret.Reveal()] = h.Name
		}
		if len(l.problems) == before {
			all = append(all, h)
		}
	}
	return all
}

// hookName checks what a hook is called: it stands in its address and in every timeline.
func (l *loading) hookName(it *item, name string, seen map[string]*item) {
	switch {
	case name == "":
		l.note(it, "name", "is missing", "write name: github; it stands in the address and as who did it")
	case !validID(name) || strings.Contains(name, "/"):
		l.note(it, "name", fmt.Sprintf("%q is not a name of a hook", clip(name)), fmt.Sprintf(`write up to %d of a-z, 0-9, "-", "_", ".", the first a letter or a digit`, maxID))
	case seen[name] != nil:
		l.note(it, "name", fmt.Sprintf("%q is taken: %s at %s:%d has it", name, seen[name].path, seen[name].doc.shown, seen[name].at("name").Line), "write another name")
	}
	seen[name] = it
}

// hookOwn reads the own part of a hook's kind.
func (l *loading) hookOwn(d declared[rawSystem], h *Hook) {
	var one bool
	if h.Kind, one = l.ownKind(d.item, hookKinds, "hook"); !one {
		return
	}
	raw := d.raw
	token := func(t rawToken) { h.Secret = l.secret(d.item, h.Kind+".token", t.Token, t.TokenFile) }
	switch h.Kind {
	case "github":
		h.Signed, h.Secret = true, l.secret(d.item, "github.secret", raw.GitHub.Secret, raw.GitHub.SecretFile)
	case "gitlab":
		token(raw.GitLab)
	case "argocd":
		token(raw.ArgoCD)
	case "alertmanager":
		token(raw.Alertmanager)
	case "marks":
		token(raw.Marks)
	case "grafana":
		g := raw.Grafana
		hasToken, hasSecret := g.Token+g.TokenFile != "", g.Secret+g.SecretFile != ""
		switch {
		case hasToken && hasSecret:
			l.note(d.item, "grafana", "has both a secret and a token", "keep secret where the contact point has an HMAC secret, token otherwise")
		case hasToken:
			token(rawToken{g.Token, g.TokenFile})
		default:
			h.Signed, h.Secret = true, l.secret(d.item, "grafana.secret", g.Secret, g.SecretFile)
		}
	default:
		l.note(d.item, "name", "does not say whose hook it is", "write one of "+strings.Join(hookKinds, ", "))
	}
	if s := h.Secret.Reveal(); s != "" && len(s) < leastPageToken {
		l.note(d.item, h.Kind, fmt.Sprintf("has a secret of fewer than %d characters, which can be guessed", leastPageToken), "make one with: openssl rand -hex 32")
	}
}

// warnOfUntold names the first hook that nobody can reach.
func (l *loading) warnOfUntold(cfg *Config) {
	if cfg.Web.Listen != "" || len(cfg.Hooks) == 0 {
		return
	}
	i := slices.IndexFunc(l.hooks, func(d declared[rawSystem]) bool { return d.raw.Name == cfg.Hooks[0].Name })
	d := l.hooks[i]
	l.warnings = append(l.warnings, d.doc.problem(d.item.at("name"), join(d.item.path, "name"),
		"hooks come by HTTP, and web.listen is not set, so none can come", `write web: {listen: "127.0.0.1:8080"} in the main file`))
}
