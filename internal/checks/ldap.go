package checks

import (
	"context"
	"errors"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"github.com/go-ldap/ldap/v3"
)

// LDAPOptions are the own part of a check of kind ldap.
type LDAPOptions struct {
	Address       string `mapstructure:"address"`  // "host:port"
	StartTLS      bool   `mapstructure:"starttls"` // go over to TLS, and fail without; not looked at with TLS from the beginning
	SecureOptions `mapstructure:",squash"`

	BindDN       string `mapstructure:"bind_dn"` // who binds; empty for nobody, which servers call anonymous
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe

	// There is a search if Base or Scope is given.
	Base       string   `mapstructure:"base"`       // where it begins; empty for the server's own entry
	Scope      string   `mapstructure:"scope"`      // "base", "one" or "sub", the default
	Filter     string   `mapstructure:"filter"`     // RFC 4515
	Attributes []string `mapstructure:"attributes"` // to ask for; empty for all

	ExpectEntriesMin int `mapstructure:"expect_entries_min"` // fewer are a failure; 0 for not looking

	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit

	// Expressions of ldapVocabulary.
	Expect     []string `mapstructure:"expect"`
	FailIf     []string `mapstructure:"fail_if"`
	DegradedIf []string `mapstructure:"degraded_if"`
}

const allEntries = "(objectClass=*)"

var ldapKind = Kind{
	Name:    "ldap",
	Summary: "A directory speaks TLS with a certificate for its name, lets a user bind and, if asked, finds entries.",
	Options: func() any { return &LDAPOptions{StartTLS: true, Filter: allEntries} },
	Build:   buildLDAP,
	Example: `{address: "ldap.example.com:636", tls: true, bind_dn: "cn=probe,dc=example,dc=com", password: "${PAY_PROBE_PASSWORD}", base: "dc=example,dc=com", filter: "(uid=probe)", expect_entries_min: 1}`,
	Proven:  "OpenLDAP 2.5",
}

var ldapVocabulary = newVocabulary(
	cel.Variable("entries", cel.IntType),
	cel.Variable("first", cel.MapType(cel.StringType, cel.ListType(cel.StringType))),
	cel.Variable("latency", cel.DurationType),
	cel.Variable("tls", cel.StringType),
)("entries", "first", "latency", "tls")

// entriesMax is how many entries a search asks for, if the check does not
// expect more: what there is beyond says nothing new.
const entriesMax = 100

type ldapProbe struct {
	account
	search []byte // the operation, encoded; nil for none
	min    int
	claims *claims
	limits limits
}

func buildLDAP(c Check) (Probe, error) {
	o, err := optionsOf[LDAPOptions](c)
	if err != nil {
		return nil, err
	}
	p := &ldapProbe{account: account{implicit: o.TLS, user: o.BindDN, timeout: c.Timeout}, min: o.ExpectEntriesMin}
	if p.target, err = tcpTarget("address", o.Address); err != nil {
		return nil, err
	}
	if p.tls, err = o.SecureOptions.orLater(o.StartTLS).config(c, p.target); err != nil {
		return nil, err
	}
	if p.password, err = loginOf(c, o.BindDN, o.Password, o.Dir, o.PasswordFile); err != nil {
		if wrong, ok := errors.AsType[*OptionError](err); ok && wrong.Key == "user" {
			wrong.Key = "bind_dn"
		}
		return nil, err
	}
	if err = p.readSearch(o); err != nil {
		return nil, err
	}
	if p.limits, err = newLimits(c, o.DegradedOver, o.FailOver); err != nil {
		return nil, err
	}
	if p.claims, err = ldapVocabulary.claimsOf(o.Expect, o.FailIf, o.DegradedIf); err != nil {
		return nil, err
	}
	if p.search == nil && (p.claims.use("entries") || p.claims.use("first")) {
		return nil, &OptionError{Key: "base", Problem: "is empty", Instead: "write where to search for what the expressions speak of"}
	}
	return p.run, nil
}

var ldapScopes = map[string]int{"base": 0, "one": 1, "sub": 2, "": 2}

func (p *ldapProbe) readSearch(o *LDAPOptions) error {
	scope, ok := ldapScopes[o.Scope]
	filter := o.Filter
	if filter == "" {
		filter = allEntries
	}
	compiled, err := ldap.CompileFilter(filter)
	switch {
	case !ok:
		return &OptionError{Key: "scope", Problem: "is not a scope", Instead: "write base, one or sub"}
	case err != nil:
		return &OptionError{Key: "filter", Problem: "cannot be read", Instead: "write one such as (&(objectClass=person)(uid=probe))"}
	case o.ExpectEntriesMin < 0:
		return &OptionError{Key: "expect_entries_min", Problem: "is less than 0"}
	case o.Base == "" && o.Scope == "" && (o.ExpectEntriesMin > 0 || filter != allEntries || len(o.Attributes) > 0):
		return &OptionError{Key: "base", Problem: "is empty", Instead: "write where to search, such as dc=example,dc=com"}
	case o.Base == "" && o.Scope == "":
		return nil
	}
	p.search = searchRequest(o.Base, scope, max(entriesMax, o.ExpectEntriesMin), compiled.Bytes(), o.Attributes)
	return nil
}

var (
	errNotLDAP     = errors.New("the peer does not speak LDAP")
	errManyEntries = errors.New("the entries are more than the 64 KiB that a check reads; name fewer attributes")
)

func (p *ldapProbe) run(ctx context.Context) Result {
	start := time.Now()
	conversation, secret, end, no := p.begin(ctx)
	if no != nil {
		return *no
	}
	defer end()

	t := &ldapTalk{talk: conversation}
	err := p.converse(t, secret)
	t.done()
	took := time.Since(start)
	if err != nil {
		r := t.failed(ctx, err, "LDAP")
		r.Duration = took
		switch {
		case r.Outcome != Fail || r.Reason == ReasonTimeout:
		case errors.Is(err, errNotLDAP):
			r.Reason, r.Summary = ReasonProtocol, errNotLDAP.Error()
		case errors.Is(err, errTooMuch) && t.entries > 0:
			r.Outcome, r.Reason, r.Summary = Unknown, ReasonInternal, errManyEntries.Error()
		}
		return r
	}
	if p.search != nil && t.entries < p.min {
		return Result{
			Outcome: Fail, Reason: ReasonAssertion, Summary: entryCount(t.entries) + ", expected at least " + itoa(p.min), Phases: t.tr.phases, Duration: took,
			Evidence: &Evidence{Remote: t.tr.remote, Output: t.output()},
		}
	}
	seen := factsSeen{"entries": t.entries, "first": t.first, "tls": t.secure}
	r := p.claims.concluded(ctx, p.limits, p.passed(t), took, t.tr, seen, t.output())
	r.Duration = took
	r.Summary = t.hide.known(r.Summary) // an attribute may hold the password
	return r
}

// passed is the summary of a pass.
func (p *ldapProbe) passed(t *ldapTalk) string {
	did := "bound"
	if p.user == "" {
		did = "bound as nobody"
	}
	if p.search != nil {
		did = entryCount(t.entries)
	}
	return did + secureText(t.secure)
}

func entryCount(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return itoa(n) + " entries"
}

// converse does all that the check asks for, and says goodbye.
func (p *ldapProbe) converse(t *ldapTalk, secret string) error {
	if p.tls != nil && !p.implicit {
		if err := t.ask("STARTTLS", "", startTLSRequest); err != nil {
			return err
		}
		if err := t.goOver(p.tls); err != nil {
			return err
		}
	}
	if err := t.ask("BIND", p.user, bindRequest(p.user, secret)); err != nil {
		return err
	}
	if p.search != nil {
		if err := t.ask("SEARCH", "", p.search); err != nil {
			return err
		}
	}
	_, _ = t.conn.Write(ldapMessage(t.sent+1, unbindRequest)) // to which nobody answers
	return nil
}

// resultText names a result code: "Invalid Credentials (49)".
func resultText(code int, said string) string {
	name := "Result"
	if code < 1<<16 && ldap.LDAPResultCodeMap[uint16(code)] != "" {
		name = ldap.LDAPResultCodeMap[uint16(code)]
	}
	text := name + " (" + itoa(code) + ")"
	if said = strings.TrimSpace(said); said != "" {
		text += ": " + said
	}
	return text
}
