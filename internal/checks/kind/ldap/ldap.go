// Package ldap is the kind of check that binds to a directory and searches it.
package ldap

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind ldap.
type Options struct {
	Address             string `mapstructure:"address"`  // "host:port"
	StartTLS            bool   `mapstructure:"starttls"` // go over to TLS, and fail without; not looked at with TLS from the beginning
	probe.SecureOptions `mapstructure:",squash"`

	BindDN       string `mapstructure:"bind_dn"` // who binds; empty for nobody, which servers call anonymous
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe

	// There is a search if Base or Scope is given.
	Base       string   `mapstructure:"base"`       // where it begins; empty for the server's own entry
	Scope      string   `mapstructure:"scope"`      // "base", "one" or "sub", the default
	Filter     string   `mapstructure:"filter"`     // RFC 4515
	Attributes []string `mapstructure:"attributes"` // to ask for; empty for all

	ExpectEntriesMin int `mapstructure:"expect_entries_min"` // fewer are a failure; 0 for not looking

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

const allEntries = "(objectClass=*)"

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "ldap",
	Summary: "A directory speaks TLS with a certificate for its name, lets a user bind and, if asked, finds entries.",
	Options: func() any { return &Options{StartTLS: true, Filter: allEntries} },
	Build:   build,
	Example: `{address: "ldap.example.com:636", tls: true, bind_dn: "cn=probe,dc=example,dc=com", password: "${PAY_PROBE_PASSWORD}", base: "dc=example,dc=com", filter: "(uid=probe)", expect_entries_min: 1}`,
	Proven:  "OpenLDAP 2.5",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"entries": claim.Int,
	"first":   claim.Map(claim.String, claim.List(claim.String)),
	"latency": claim.Duration,
	"tls":     claim.String,

	probe.CertificateFact: claim.Any,
})

// entriesMax is how many entries a search asks for, if the check does not
// expect more: what there is beyond says nothing new.
const entriesMax = 100

type prober struct {
	probe.Account
	search []byte // the operation, encoded; nil for none
	min    int
	claims *claim.Set
	limits probe.Limits
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{min: o.ExpectEntriesMin}
	if p.Account, err = probe.NewAccount(c, probe.Said{Address: o.Address, Secure: o.SecureOptions, StartTLS: o.StartTLS,
		User: o.BindDN, Password: o.Password, PasswordFile: o.PasswordFile}); err != nil {
		if wrong, ok := errors.AsType[*probe.OptionError](err); ok && wrong.Key == "user" {
			wrong.Key = "bind_dn"
		}
		return nil, err
	}
	if err = p.readSearch(o); err != nil {
		return nil, err
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	if p.search == nil && (p.claims.Uses("entries") || p.claims.Uses("first")) {
		return nil, &probe.OptionError{Key: "base", Problem: "is empty", Instead: "write where to search for what the expressions speak of"}
	}
	return p.run, nil
}

var scopes = map[string]int{"base": 0, "one": 1, "sub": 2, "": 2}

// goodBase reports whether a search can begin at text: a name (RFC 4514), or what Active
// Directory takes in its place (<GUID=...>, <SID=...>).
func goodBase(text string) bool {
	_, err := ldap.ParseDN(text)
	return err == nil || strings.HasPrefix(text, "<") && strings.Contains(text, "=") && strings.Contains(text, ">")
}

func (p *prober) readSearch(o *Options) error {
	scope, ok := scopes[o.Scope]
	filter := o.Filter
	if filter == "" {
		filter = allEntries
	}
	compiled, err := ldap.CompileFilter(filter)
	switch {
	case !ok:
		return &probe.OptionError{Key: "scope", Problem: "is not a scope", Instead: "write base, one or sub"}
	case err != nil:
		return &probe.OptionError{Key: "filter", Problem: "cannot be read", Instead: "write one such as (&(objectClass=person)(uid=probe))"}
	case o.ExpectEntriesMin < 0:
		return &probe.OptionError{Key: "expect_entries_min", Problem: "is less than 0"}
	case o.Base == "" && o.Scope == "" && (o.ExpectEntriesMin > 0 || filter != allEntries || len(o.Attributes) > 0):
		return &probe.OptionError{Key: "base", Problem: "is empty", Instead: "write where to search, such as dc=example,dc=com"}
	case o.Base == "" && o.Scope == "":
		return nil
	case !goodBase(o.Base):
		return &probe.OptionError{Key: "base", Problem: "is not a name in a directory", Instead: "write one such as dc=example,dc=com"}
	}
	p.search = searchRequest(o.Base, scope, max(entriesMax, o.ExpectEntriesMin), compiled.Bytes(), o.Attributes)
	return nil
}

var (
	errNotLDAP     = errors.New("the peer does not speak LDAP")
	errManyEntries = errors.New("the entries are more than the 64 KiB that a check reads; name fewer attributes")
)

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	conversation, secret, end, no := p.Begin(ctx)
	if no != nil {
		return *no
	}
	defer end()

	t := &talk{Talk: conversation}
	err := p.converse(t, secret)
	t.Done()
	took := time.Since(start)
	if err != nil {
		r := t.Failed(ctx, err, "LDAP")
		r.Duration = took
		switch {
		case r.Outcome != checks.Fail || r.Reason == checks.ReasonTimeout:
		case errors.Is(err, errNotLDAP):
			r.Reason, r.Summary = checks.ReasonProtocol, errNotLDAP.Error()
		case errors.Is(err, probe.ErrTooMuch) && t.entries > 0:
			r.Outcome, r.Reason, r.Summary = checks.Unknown, checks.ReasonInternal, errManyEntries.Error()
		}
		return r
	}
	if p.search != nil && t.entries < p.min {
		return checks.Result{
			Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: entryCount(t.entries) + ", expected at least " + strconv.Itoa(p.min), Phases: t.Tr.Phases, Duration: took,
			Evidence: &checks.Evidence{Remote: t.Tr.Remote, Output: t.Output()},
		}
	}
	seen := claim.Facts{"entries": t.entries, "first": t.first, "tls": t.Secure, probe.CertificateFact: t.Tr.Certificate()}
	r := p.claims.Concluded(ctx, p.limits.Judge(p.passed(t), took, t.Tr), t.Tr.Remote, seen, t.Output())
	r.Duration = took
	r.Summary = t.Hide.Known(r.Summary) // an attribute may hold the password
	return r
}

// passed is the summary of a pass.
func (p *prober) passed(t *talk) string {
	did := "bound"
	if p.User == "" {
		did = "bound as nobody"
	}
	if p.search != nil {
		did = entryCount(t.entries)
	}
	return did + probe.SecureText(t.Secure)
}

func entryCount(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return strconv.Itoa(n) + " entries"
}

// converse does all that the check asks for, and says goodbye.
func (p *prober) converse(t *talk, secret string) error {
	ask := func() error { return t.ask("STARTTLS", "", startTLSRequest) }
	if err := p.Upgrade(t.Talk, true, ask, func() error { return nil }); err != nil {
		return err
	}
	if err := t.ask("BIND", p.User, bindRequest(p.User, secret)); err != nil {
		return err
	}
	if p.search != nil {
		if err := t.ask("SEARCH", "", p.search); err != nil {
			return err
		}
	}
	_, _ = t.Conn.Write(message(t.sent+1, unbindRequest)) // to which nobody answers
	return nil
}

// resultText names a result code: "Invalid Credentials (49)".
func resultText(code int, said string) string {
	name := "Result"
	if code < 1<<16 && ldap.LDAPResultCodeMap[uint16(code)] != "" {
		name = ldap.LDAPResultCodeMap[uint16(code)]
	}
	text := name + " (" + strconv.Itoa(code) + ")"
	if said = strings.TrimSpace(said); said != "" {
		text += ": " + said
	}
	return text
}
