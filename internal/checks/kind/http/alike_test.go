package http

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// differing is a check that differs from another in one thing, an option or what all
// checks have.
type differing struct {
	what   string // the option's key
	beside func(*Options)
	change func(*Options)
	check  func(*checks.Check)
	holds  bool // what is compiled of it holds a func, which equals none: it is not shared
}

// allDiffering has one for each option.
func allDiffering(t *testing.T) []differing {
	dir, other := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{filepath.Join(dir, "body"): "one", filepath.Join(other, "body"): "two", filepath.Join(dir, "secret"): "s3cret-word", filepath.Join(other, "secret"): "s3cret-other"} {
		probetest.OK(t, os.WriteFile(name, []byte(text), 0o600))
	}
	ca, cert, key := probetest.Authority(t, dir, "a.example")
	in := func(o *Options) { o.Dir = dir }
	pair := func(o *Options) { o.Dir, o.ClientCertFile, o.ClientKeyFile = dir, cert, key }
	user := func(o *Options) { o.Dir, o.BasicAuth.User = dir, "ana" }
	token := func(o *Options) {
		o.Dir, o.OAuth2 = dir, OAuth2{TokenURL: "https://login.example/token", ClientID: "statusbot", ClientSecret: "s3cret-word"}
	}
	via := func(o *Options) { o.Proxy = "http://proxy.example:3128" }
	return []differing{
		{what: "method", change: func(o *Options) { o.Method = "HEAD" }},
		{what: "url", change: func(o *Options) { o.URL = "http://a.example/other" }},
		{what: "url", change: func(o *Options) { o.URL = "https://a.example/health" }},
		{what: "url", change: func(o *Options) { o.URL = "http://b.example/health" }},
		{what: "url", change: func(o *Options) { o.URL = "http://a.example:81/health" }},
		{what: "url", change: func(o *Options) { o.URL = "http://ana:s3cret@a.example/health" }},
		{what: "host", change: func(o *Options) { o.Host = "c.example" }},
		{what: "headers", change: func(o *Options) { o.Headers = map[string]string{"X-Any": "1"} }},
		{what: "body", change: func(o *Options) { o.Body = "three" }},
		{what: "body_file", beside: in, change: func(o *Options) { o.BodyFile = "body" }},
		{what: "dir", beside: func(o *Options) { o.Dir, o.BodyFile = dir, "body" }, change: func(o *Options) { o.Dir = other }},
		{what: "cookies", change: func(o *Options) { o.Cookies = map[string]string{"a": "b"} }},
		{what: "basic_auth.user", change: func(o *Options) { o.BasicAuth.User = "bea" }},
		{what: "basic_auth.password", beside: user, change: func(o *Options) { o.BasicAuth.Password = "s3cret-two" }},
		{what: "basic_auth.password_file", beside: user, change: func(o *Options) { o.BasicAuth.PasswordFile = "secret" }},
		{what: "bearer_token", change: func(o *Options) { o.BearerToken = "s3cret-three" }},
		{what: "bearer_token_file", beside: in, change: func(o *Options) { o.BearerTokenFile = "secret" }},
		{what: "oauth2.token_url", beside: token, change: func(o *Options) { o.OAuth2.TokenURL = "https://login.example/other" }},
		{what: "oauth2.client_id", beside: token, change: func(o *Options) { o.OAuth2.ClientID = "other" }},
		{what: "oauth2.client_secret", beside: token, change: func(o *Options) { o.OAuth2.ClientSecret = "s3cret-four" }},
		{what: "oauth2.client_secret_file", beside: token, change: func(o *Options) { o.OAuth2.ClientSecret, o.OAuth2.ClientSecretFile = "", "secret" }},
		{what: "oauth2.scopes", beside: token, change: func(o *Options) { o.OAuth2.Scopes = []string{"read"} }},
		{what: "oauth2.audience", beside: token, change: func(o *Options) { o.OAuth2.Audience = "all" }},
		{what: "version", change: func(o *Options) { o.Version = "2" }},
		{what: "compression", change: func(o *Options) { o.Compression = true }},
		{what: "proxy", change: via},
		{what: "no_proxy", holds: true, beside: via, change: func(o *Options) { o.NoProxy = []string{".example"} }},
		{what: "redirects", change: func(o *Options) { o.Redirects = 4 }},
		{what: "redirects_to", change: func(o *Options) { o.RedirectsTo = "same-host" }},
		{what: "status", change: func(o *Options) { o.Status = []any{204} }},
		{what: "status", change: func(o *Options) { o.Status = []any{"2xx"} }}, // by which redirects to none are judged otherwise
		{what: "read_kib", change: func(o *Options) { o.ReadKiB = 128 }},
		{what: "contains", change: func(o *Options) { o.Contains = []string{"ok"} }},
		{what: "not_contains", change: func(o *Options) { o.NotContains = []string{"ok"} }},
		{what: "json", change: func(o *Options) { o.JSON = []JSONAssertion{{Path: "$.status"}} }},
		{what: "degraded_over", change: func(o *Options) { o.DegradedOver = time.Second }},
		{what: "fail_over", change: func(o *Options) { o.FailOver = time.Second }},
		{what: "expect", holds: true, change: func(o *Options) { o.Expect = []string{"status == 200"} }},
		{what: "fail_if", holds: true, change: func(o *Options) { o.FailIf = []string{"status == 500"} }},
		{what: "degraded_if", holds: true, change: func(o *Options) { o.DegradedIf = []string{"size > 9"} }},
		{what: "tls_min", change: func(o *Options) { o.TLSMin = "1.3" }},
		{what: "tls_max", change: func(o *Options) { o.TLSMax = "1.2" }},
		{what: "server_name", change: func(o *Options) { o.ServerName = "d.example" }},
		{what: "ca_file", holds: true, beside: in, change: func(o *Options) { o.CAFile = ca }},
		{what: "client_cert_file", holds: true, change: pair},
		{what: "client_key_file", holds: true, change: pair},
		{what: "client_key_password", holds: true, beside: pair, change: func(o *Options) { o.ClientKeyPassword = "s3cret-five" }},
		{what: "client_key_password_file", holds: true, beside: pair, change: func(o *Options) { o.ClientKeyPasswordFile = "secret" }},
		{what: "insecure_tls", change: func(o *Options) { o.InsecureTLS = true }},
		{what: "expect", holds: true, change: func(o *Options) { o.Expect = []string{`headers["x-any"] == "1"`} }},
		{what: "reuse", change: func(o *Options) { o.Reuse = true }},
		{what: "family", change: func(o *Options) { o.Family = "ipv6" }},
		{what: "resolver", holds: true, change: func(o *Options) { o.Resolver = probe.Resolvers{"192.0.2.1"} }},
		{what: "(timeout)", check: func(c *checks.Check) { c.Timeout = 4 * time.Second }},
		{what: "(strict)", check: func(c *checks.Check) { c.Strict = true }},
		{what: "(trace)", check: func(c *checks.Check) { c.Trace = true }},
	}
}

// prober compiles a check of one URL that differs so; without the difference if plain.
func (d differing) prober(t *testing.T, plain bool) *Prober {
	t.Helper()
	o := optionsFor("http://a.example/health")
	c := checks.Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: 5 * time.Second, Options: o}
	if d.beside != nil {
		d.beside(o)
	}
	if d.change != nil && !plain {
		d.change(o)
	}
	if d.check != nil && !plain {
		d.check(&c)
	}
	p, err := NewProber(c, o)
	if err != nil {
		t.Fatalf("%s: %v", d.what, err)
	}
	return p
}

// Checks share what they are alike in, and no two that differ in anything are the same
// once they are compiled, whatever they share.
func TestChecksThatDifferDoNotShare(t *testing.T) {
	all := allDiffering(t)
	var plain, made []*Prober
	for _, d := range all {
		plain, made = append(plain, d.prober(t, true)), append(made, d.prober(t, false))
	}
	for i, d := range all {
		if d.beside == nil && !reflect.DeepEqual(plain[i], plain[0]) {
			t.Fatalf("%s: two checks without it differ", d.what)
		}
		if again := d.prober(t, false); !d.holds && !reflect.DeepEqual(again, made[i]) {
			t.Errorf("%s: two checks that are alike are not once they are compiled", d.what)
		} else if again.manner != made[i].manner && d.what != "resolver" || again.first.form != made[i].first.form {
			t.Errorf("%s: two checks that are alike share nothing", d.what)
		}
		if reflect.DeepEqual(plain[i], made[i]) {
			t.Errorf("%s: a check with it is the same as one without", d.what)
		}
		for k := range i {
			if all[k].what != d.what && reflect.DeepEqual(made[k], made[i]) {
				t.Errorf("a check with %s is the same as one with %s", all[k].what, d.what)
			}
		}
	}
	for i := range reflect.TypeFor[manner]().NumField() {
		differs(t, "manner", i, made, func(p *Prober) reflect.Value { return reflect.ValueOf(p.manner.Value()) })
	}
	for i := range reflect.TypeFor[form]().NumField() {
		differs(t, "form", i, made, func(p *Prober) reflect.Value { return reflect.ValueOf(p.first.form.Value()) })
	}
	named := map[string]bool{}
	for _, d := range all {
		named[d.what] = true
	}
	for _, key := range optionKeys(reflect.TypeFor[Options](), "") {
		if !named[key] {
			t.Errorf("nothing shows that checks which differ in %s do not share", key)
		}
	}
}

// differs has one field of what is shared differ among the probers.
func differs(t *testing.T, of string, field int, probers []*Prober, shared func(*Prober) reflect.Value) {
	t.Helper()
	for _, p := range probers {
		if !shared(p).Field(field).Equal(shared(probers[0]).Field(field)) {
			return
		}
	}
	t.Errorf("no option makes a difference in the field %s of a %s", shared(probers[0]).Type().Field(field).Name, of)
}

// optionKeys are those of all options, with those that they consist of.
func optionKeys(of reflect.Type, prefix string) (keys []string) {
	for f := range of.Fields() {
		name, squash, _ := strings.Cut(f.Tag.Get("mapstructure"), ",")
		switch {
		case squash == "squash":
			keys = append(keys, optionKeys(f.Type, prefix)...)
		case f.Type.Kind() == reflect.Struct:
			keys = append(keys, optionKeys(f.Type, prefix+name+".")...)
		default:
			keys = append(keys, prefix+name)
		}
	}
	return keys
}

// What many checks are alike in is kept once: what each has besides is where it asks.
func TestChecksShareWhatTheyAreAlikeIn(t *testing.T) {
	probers := make([]*Prober, 200)
	for i := range probers {
		o := optionsFor(fmt.Sprintf("https://host-%d.example/health/%d", i%20, i), func(o *Options) {
			o.Body, o.Method, o.Contains = strings.Repeat("x", 1000), "POST", []string{"ok"}
		})
		var err error
		probers[i], err = NewProber(checks.Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: 5 * time.Second, Options: o, Trace: true}, o)
		probetest.OK(t, err)
	}
	for i, p := range probers {
		if p.manner != probers[0].manner || p.first.form != probers[0].first.form {
			t.Fatal("checks that differ in their URL alone do not share")
		}
		tr := p.manner.Value().dialer.Trail()
		tr.Trace = probe.NewTrace()
		sent := string(p.first.written(&tr, nil))
		of := tr.Parent()
		of = of[:strings.LastIndexByte(of[:50], '-')] // without its span, which is each request's own
		begin := fmt.Sprintf("POST /health/%d HTTP/1.1\r\nHost: host-%d.example\r\nUser-Agent: statusbot\r\nConnection: close\r\nContent-Length: 1000\r\ntraceparent: %s-", i, i%20, of)
		end := "-01\r\n\r\n" + strings.Repeat("x", 1000)
		if !strings.HasPrefix(sent, begin) || !strings.HasSuffix(sent, end) || len(sent) != len(begin)+16+len(end) {
			t.Fatalf("sent:\n%.400s", sent)
		}
	}
}
