// Package planted puts a secret into every option of every kind of check, for
// tests that look for it in all that is kept and said. What it plants follows
// the table of kinds: a new kind, or a new option, is planted without a word,
// and a kind without a server that repeats what it hears fails the test.
package planted

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/statusbot/statusbot/internal/checks/kinds"
)

// here stands in a check's own part for the parrot's address.
const here = "127.0.0.1:7"

// Check is a check with one option that holds a secret.
type Check struct {
	ID       string // short, unique, and says nothing of the secret
	Kind     string
	Option   string // dotted path: "oauth2.client_secret"
	Variable string // of the environment, that holds the secret; empty if it is written out or stands in a file
	Secret   string // what nothing may repeat

	part map[string]any // the kind's own part as a configuration writes it; a value may hold ${Variable}
}

// YAML returns the check as a configuration writes it, of a product "p", asking
// the parrot at an address.
func (c *Check) YAML(t *testing.T, address string, every string) string {
	t.Helper()
	part, err := json.Marshal(c.part)
	if err != nil {
		t.Fatal(err)
	}
	timeout := "2s"
	if c.Kind == "browser" {
		timeout = every // starting one takes its time on a busy machine; its steps wait for 200 ms
	}
	return fmt.Sprintf("  - {id: %s, product: p, kind: %s, every: %s, timeout: %s, %[2]s: %[5]s}\n", c.ID, c.Kind, every, timeout, strings.ReplaceAll(string(part), here, address))
}

// shapes of secrets: what most options take, and what has to be written in
// another way on most ways.
var shapes = []string{"zq%04dkvx9w55433", "q%04d/Zx&55w \"+é=<k"}

// Checks returns every way to plant a secret in a kind's options: alone, and
// after what the option holds otherwise; as a file's content; and, where the
// option's name is that of a secret, written out. Some are refused when the
// configuration is read, which must not repeat the secret either.
func Checks(t *testing.T, kind string) []Check {
	t.Helper()
	k, ok := kinds.Lookup(kind)
	if !ok {
		t.Fatalf("there is no kind %q", kind)
	}
	p := &planter{t: t, kind: kind, dir: t.TempDir()}
	p.visit(reflect.TypeOf(k.Options()).Elem(), nil)
	return p.list
}

// instead are options that cannot stand beside another one.
var instead = map[string][]string{ // :: option -> what goes when it is planted
	"password_file": {"password"},
	"token":         {"user", "password"},
	"token_file":    {"user", "password", "token"},
	"key_file":      {"password"},
}

type planter struct {
	t    *testing.T
	kind string
	dir  string
	list []Check
}

// visit goes through the options by their names in a configuration.
func (p *planter) visit(options reflect.Type, path []any) {
	for i := range options.NumField() {
		f := options.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("mapstructure"), ",")
		of := f.Type
		for of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		at := append(slices.Clone(path), name)
		switch {
		case !f.IsExported() || name == "-":
		case rest == "squash":
			p.visit(of, path)
		case of.Kind() == reflect.Struct:
			p.visit(of, at)
		case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct:
			p.visit(of.Elem(), append(at, 0))
		case of.Kind() == reflect.Slice:
			p.plant(append(at, 0))
		case of.Kind() == reflect.Map:
			p.plant(append(slices.Clone(at), "X-Planted"))
			p.plant(append(slices.Clone(at), "token"))
		case of.Kind() == reflect.String, of.Kind() == reflect.Interface:
			p.plant(at)
		}
	}
}

// plant adds the ways to plant a secret in one option.
func (p *planter) plant(path []any) {
	name := fmt.Sprint(path[len(path)-1])
	for _, shape := range shapes {
		p.add(path, shape, func(c *Check, _ string) string { return c.variable() })
		if before, _ := get(p.part(path), path).(string); before != "" {
			p.add(path, shape, func(c *Check, _ string) string { return before + c.variable() })
			if strings.Contains(before, "://") {
				p.add(path, shape, func(c *Check, _ string) string { return before + "/" + c.variable() + "?x=" + c.variable() })
				p.add(path, shape, func(c *Check, _ string) string { return strings.Replace(before, "://", "://me:"+c.variable()+"@", 1) })
			}
		}
		if strings.HasSuffix(name, "_file") {
			p.add(path, shape, func(c *Check, secret string) string { return p.file(c.ID, secret) })
		}
		if slices.Contains([]string{"password", "privacy_password", "community", "token", "bearer_token", "client_secret", "secret"}, name) {
			p.add(path, shape, func(_ *Check, secret string) string { return secret })
		}
	}
}

func (p *planter) part(path []any) map[string]any {
	part, ok := others[p.kind+" "+option(path)]
	if !ok {
		part, ok = parts[p.kind]
	}
	if !ok {
		p.t.Fatalf("the kind %s has no options to plant secrets in; add them to parts, and a server that repeats what it hears to parrots", p.kind)
	}
	var anew map[string]any
	if err := json.Unmarshal([]byte(part), &anew); err != nil {
		p.t.Fatalf("%s: %v", p.kind, err)
	}
	return anew
}

// option is a path as people write it.
func option(path []any) string {
	names := make([]string, len(path))
	for i, step := range path {
		names[i] = fmt.Sprint(step)
	}
	return strings.Join(names, ".")
}

func (p *planter) add(path []any, shape string, value func(c *Check, secret string) string) {
	n := len(p.list)
	c := Check{ID: fmt.Sprintf("%s-%d", p.kind, n), Kind: p.kind, Option: option(path), Secret: fmt.Sprintf(shape, n)}
	text := value(&c, c.Secret)
	if strings.Contains(text, c.variable()) {
		c.Variable = c.name()
	}
	part := p.part(path)
	for _, other := range instead[fmt.Sprint(path[len(path)-1])] {
		if in, ok := get(part, path[:len(path)-1]).(map[string]any); ok {
			delete(in, other)
		}
	}
	if name := fmt.Sprint(path[len(path)-1]); strings.HasPrefix(name, "client_key_password") { // it opens something, or it is refused
		password := strings.ReplaceAll(text, c.variable(), c.Secret)
		if strings.HasSuffix(name, "_file") {
			password = c.Secret
		}
		part["client_cert_file"] = p.certificate(fmt.Sprintf("client%d.p12", n), password)
	}
	c.part, _ = set(part, path, text).(map[string]any)
	p.list = append(p.list, c)
}

func (c *Check) name() string     { return "PLANTED_" + strings.ReplaceAll(c.ID, "-", "_") }
func (c *Check) variable() string { return "${" + c.name() + "}" }

func (p *planter) file(name, content string) string {
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(content+"\n"), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// certificate writes a client's certificate that the password opens.
func (p *planter) certificate(name, password string) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "planted"}, NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		p.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	data, err := pkcs12.Modern.Encode(key, cert, nil, password)
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// get returns what stands at a path of a kind's own part.
func get(v any, path []any) any {
	for _, step := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[fmt.Sprint(step)]
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// set puts a value at a path, makes what is missing on the way, and returns
// the whole.
func set(in any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	if i, ok := path[0].(int); ok {
		list, _ := in.([]any)
		for len(list) <= i {
			list = append(list, nil)
		}
		list[i] = set(list[i], path[1:], value)
		return list
	}
	m, ok := in.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	name := fmt.Sprint(path[0])
	m[name] = set(m[name], path[1:], value)
	return m
}
