package http

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// BasicAuth is a user with a password (RFC 7617).
type BasicAuth struct {
	User         string `mapstructure:"user"`
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
}

// OAuth2 gets a token by client credentials (RFC 6749, 4.4).
type OAuth2 struct {
	TokenURL         string   `mapstructure:"token_url"`
	ClientID         string   `mapstructure:"client_id"`
	ClientSecret     string   `mapstructure:"client_secret"`
	ClientSecretFile string   `mapstructure:"client_secret_file"` // holds the secret alone, read when a token is fetched
	Scopes           []string `mapstructure:"scopes"`
	Audience         string   `mapstructure:"audience"`
}

// authorizer returns the Authorization header of a request, with the secrets
// in it. Fresh asks for one that was not used before. A result that is not nil
// says why there is none.
type authorizer interface {
	authorize(ctx context.Context, fresh bool) (header string, secrets []string, refused *checks.Result)
	renews() bool // a fresh one may differ
}

// newAuthorizer returns nil if the check authenticates by its headers, or not
// at all.
func (p *Prober) newAuthorizer(c checks.Check, o *Options) (authorizer, error) {
	var given []string
	if o.BasicAuth != (BasicAuth{}) {
		given = append(given, "basic_auth")
	}
	if o.BearerToken+o.BearerTokenFile != "" {
		given = append(given, "bearer_token")
	}
	if o.OAuth2.TokenURL+o.OAuth2.ClientID != "" {
		given = append(given, "oauth2")
	}
	switch {
	case len(given) == 0:
		return nil, nil //nolint:nilnil // most checks have none
	case len(given) > 1:
		return nil, &probe.OptionError{Key: given[1], Problem: "is given beside " + given[0], Instead: "write one of them"}
	}
	for name := range o.Headers {
		if strings.EqualFold(name, "Authorization") {
			return nil, &probe.OptionError{Key: given[0], Problem: "is given beside the header Authorization", Instead: "write one of them"}
		}
	}
	switch given[0] {
	case "basic_auth":
		if o.BasicAuth.User == "" || strings.Contains(o.BasicAuth.User, ":") {
			return nil, &probe.OptionError{Key: "basic_auth.user", Problem: "is empty or has a colon", Instead: "write the name of a user"}
		}
		secret, err := probe.NewPassword(c, o.BasicAuth.Password, o.Dir, o.BasicAuth.PasswordFile)
		return &basicAuth{o.BasicAuth.User, secret}, probe.WithinAt("basic_auth", err)
	case "bearer_token":
		token, err := probe.NewPassword(c, o.BearerToken, o.Dir, o.BearerTokenFile)
		if wrong, ok := err.(*probe.OptionError); ok { //nolint:errorlint // newPassword wraps nothing
			wrong.Key = "bearer_token_file"
		}
		return &bearerAuth{token}, err
	}
	a, err := p.newOAuth(c, o)
	return a, probe.WithinAt("oauth2", err)
}

type basicAuth struct {
	user     string
	password probe.Password
}

func (a *basicAuth) renews() bool { return false }

func (a *basicAuth) authorize(context.Context, bool) (string, []string, *checks.Result) {
	secret, err := a.password.Reveal()
	if err != nil {
		r := probe.NoPassword(err)
		return "", nil, &r
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(a.user + ":" + secret))
	return "Basic " + encoded, []string{secret, encoded}, nil
}

type bearerAuth struct{ token probe.Password }

func (a *bearerAuth) renews() bool { return false }

func (a *bearerAuth) authorize(context.Context, bool) (string, []string, *checks.Result) {
	token, err := a.token.Reveal()
	if err != nil {
		r := probe.Internal("the token's file " + err.Error())
		return "", nil, &r
	}
	return "Bearer " + token, []string{token}, nil
}

// oauth gets a token, and keeps it until shortly before it ends.
type oauth struct {
	endpoint *Prober
	id       string
	secret   probe.Password

	mu    sync.Mutex
	token string    // guarded by mu; empty for none
	until time.Time // guarded by mu
}

// tokenMargin is how long before its end a token is fetched anew; tokenLife is
// the life of one of which that is not told (RFC 6749, 5.1 only recommends it).
const (
	tokenMargin = 30 * time.Second
	tokenLife   = 5 * time.Minute
)

func (p *Prober) newOAuth(c checks.Check, o *Options) (*oauth, error) {
	if o.OAuth2.ClientID == "" {
		return nil, &probe.OptionError{Key: "client_id", Problem: "is empty", Instead: "write the name that the token endpoint knows"}
	}
	a := &oauth{id: o.OAuth2.ClientID}
	var err error
	if a.secret, err = probe.NewPassword(c, o.OAuth2.ClientSecret, o.Dir, o.OAuth2.ClientSecretFile); err != nil {
		if wrong, ok := err.(*probe.OptionError); ok { //nolint:errorlint // newPassword wraps nothing
			wrong.Key = "client_secret_file"
		}
		return nil, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(o.OAuth2.Scopes) > 0 {
		form.Set("scope", strings.Join(o.OAuth2.Scopes, " "))
	}
	if o.OAuth2.Audience != "" {
		form.Set("audience", o.OAuth2.Audience)
	}
	a.endpoint, err = NewProber(c, &Options{
		Method: http.MethodPost, URL: o.OAuth2.TokenURL, Body: form.Encode(), Status: []any{"100-599"},
		Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
		TLSMin:  o.TLSMin, TLSMax: o.TLSMax, CAFile: o.CAFile, InsecureTLS: o.InsecureTLS, Dir: o.Dir, Proxy: o.Proxy,
	})
	if wrong, ok := err.(*probe.OptionError); ok && wrong.Key == "url" { //nolint:errorlint // as it was made
		wrong.Key = "token_url"
	}
	return a, err
}

func (a *oauth) renews() bool { return true }

func (a *oauth) authorize(ctx context.Context, fresh bool) (string, []string, *checks.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if fresh || a.token == "" || time.Now().After(a.until) {
		if refused := a.fetch(ctx); refused != nil {
			return "", nil, refused
		}
	}
	return "Bearer " + a.token, []string{a.token}, nil
}

// fetch asks the token endpoint. That it cannot be reached, or fails, is a
// failure that clients meet as well; that it refuses us is our own.
func (a *oauth) fetch(ctx context.Context) *checks.Result {
	a.token = ""
	secret, err := a.secret.Reveal()
	if err != nil {
		r := probe.Internal("the client secret's file " + err.Error())
		return &r
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(a.id) + ":" + url.QueryEscape(secret)))
	endpoint := a.endpoint.with(fixedAuth{"Basic " + encoded, []string{secret, encoded}})
	v := &Session{Keep: true}
	r := endpoint.Visit(ctx, v)
	v.Hide(&r)
	if r.Outcome != checks.Pass {
		r.Summary = "the token endpoint: " + r.Summary
		return &r
	}
	var said struct {
		Token   string      `json:"access_token"`
		Type    string      `json:"token_type"`
		Expires json.Number `json:"expires_in"`
		Error   string      `json:"error"`
	}
	bad := json.Unmarshal(v.Body, &said) != nil
	code := v.Code
	switch {
	case code >= 500:
		r = checks.Result{Outcome: checks.Fail, Reason: checks.ReasonStatus, Summary: "the token endpoint answers " + probe.StatusText(code), Phases: r.Phases}
	case code >= 400 && said.Error != "":
		r = probe.Internal("the token endpoint refuses this check: " + probe.ClipRunes(said.Error, 60))
	case code >= 400:
		r = probe.Internal("the token endpoint refuses this check: " + probe.StatusText(code))
	case code != http.StatusOK || bad || said.Token == "" || !probe.IsFieldValue(said.Token):
		r = checks.Result{Outcome: checks.Fail, Reason: checks.ReasonProtocol, Summary: "the token endpoint answers " + probe.StatusText(code) + " without a token", Phases: r.Phases}
	case said.Type != "" && !strings.EqualFold(said.Type, "bearer"):
		r = probe.Internal("the token endpoint gives a token of another type than bearer")
	default:
		life := tokenLife
		if n, err := said.Expires.Float64(); err == nil && n > 0 {
			life = time.Duration(min(n, 1e6)) * time.Second
		}
		a.token, a.until = said.Token, time.Now().Add(life-min(tokenMargin, life/2))
		return nil
	}
	v.Hide(&r)
	return &r
}

// fixedAuth is an Authorization header that is known.
type fixedAuth struct {
	header  string
	secrets []string
}

func (a fixedAuth) renews() bool { return false }

func (a fixedAuth) authorize(context.Context, bool) (string, []string, *checks.Result) {
	return a.header, a.secrets, nil
}

// with returns the probe with another authorizer. Its requests carry no trace: a result
// has the id of one, that of what it is about.
func (p *Prober) with(auth authorizer) *Prober {
	rare := rareParts{}
	if p.rare != nil {
		rare = *p.rare
	}
	rare.auth = auth
	other := &Prober{first: p.first, manner: p.manner, judge: p.judge, claims: p.claims, tls: p.tls, rare: &rare}
	other.change(func(m *manner) { m.trace = false })
	return other
}

// renews reports whether a refusal may be due to a token that is no longer
// good.
func (p *Prober) renews() bool { return p.rare != nil && p.rare.auth != nil && p.rare.auth.renews() }

// begin returns the first request, with what authenticates it and the cookies
// that are known. A result says why there is none.
func (p *Prober) begin(ctx context.Context, v *Session, fresh bool) (*Request, *checks.Result) {
	to := p.first
	if v.First != nil {
		to = v.First
	}
	header := to.header
	if v.jar != nil {
		header = v.withCookies(header, to.url())
	}
	if p.rare != nil && p.rare.auth != nil {
		value, secrets, refused := p.rare.auth.authorize(ctx, fresh)
		if refused != nil {
			return nil, refused
		}
		found := map[string]bool{}
		for _, s := range append(v.Secrets, secrets...) {
			redact.Add(s, found)
		}
		v.Secrets = redact.LongestFirst(found)
		header = cloned(header)
		header.Set("Authorization", value)
	} else if v.jar == nil {
		return to, nil
	}
	form := to.form.Value()
	next, err := p.newHop(form.method, to.url(), to.host, header, form.body, form.keep)
	if err != nil {
		r := probe.Internal("the request cannot be written: a header's value is not one")
		return nil, &r
	}
	return next, nil
}
