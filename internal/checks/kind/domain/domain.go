// Package domain is the kind of check that asks a registry until when a domain
// is registered, by RDAP (RFC 9082, RFC 9083).
//
// Registries answer few questions from one address, and a date changes once a
// year: an answer stands for an hour before it is asked again, and for a day
// while nobody answers.
package domain

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind domain.
type Options struct {
	Name      string `mapstructure:"name"`      // as it was registered: "example.com"
	Server    string `mapstructure:"server"`    // base URL of the registry's RDAP server; empty: the one that bootstrap names
	Bootstrap string `mapstructure:"bootstrap"` // URL of a list of RDAP servers (RFC 9224)

	// WarnDays and FailDays are how many days the registration must still last:
	// with fewer the probe is degraded, or fails. 0 for no such limit.
	WarnDays int `mapstructure:"warn_days"`
	FailDays int `mapstructure:"fail_days"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "domain",
	Summary: "A domain is registered for long enough, and its registry has not taken it out of the DNS.",
	Options: func() any {
		// Registrars renew 30 days before the end or later; after it the
		// domain goes out of the DNS within hours.
		return &Options{Bootstrap: iana, WarnDays: 21, FailDays: 7}
	},
	Build:   build,
	Example: `{name: example.com, warn_days: 30}`,
	Proven:  "a registry on Go's net/http server",
}

// iana is the list of the registries' servers.
const iana = "https://data.iana.org/rdap/dns.json"

const (
	freshFor = time.Hour      // before it is asked again
	standFor = 24 * time.Hour // while nobody answers
)

var vocabulary = claim.NewVocabulary(claim.Variables{
	"days_left":   claim.Int, // whole ones; less than 0 when it has ended
	"expires":     claim.Any, // a time
	"registrar":   claim.String,
	"status":      claim.List(claim.String), // "client transfer prohibited"
	"nameservers": claim.List(claim.String),
})

type prober struct {
	name       string
	server     *url.URL // nil: the one that bootstrap names
	bootstrap  *url.URL
	warn, fail time.Duration
	claims     *claim.Set
	dialer     probe.Dialer
	now        func() time.Time

	turn  chan struct{} // full while one probe asks: two do not ask twice
	known registration  // what was answered last
	pause time.Time     // nothing is asked before, as the registry wishes
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p, err := newProber(c, o)
	if err != nil {
		return nil, err
	}
	return p.run, nil
}

func newProber(c checks.Check, o *Options) (*prober, error) {
	p := &prober{name: strings.ToLower(strings.TrimSuffix(probe.ASCIIName(o.Name), ".")), dialer: probe.NewDialer(c), now: time.Now, turn: make(chan struct{}, 1),
		warn: time.Duration(o.WarnDays) * probe.Day, fail: time.Duration(o.FailDays) * probe.Day}
	switch {
	case o.Name == "":
		return nil, &probe.OptionError{Key: "name", Problem: "is empty", Instead: "write a domain such as example.com"}
	case !probe.GoodName(o.Name) || strings.ContainsAny(o.Name, ":[]") || !strings.Contains(p.name, ".") || strings.Trim(p.name, "0123456789.") == "":
		return nil, &probe.OptionError{Key: "name", Problem: "is not a domain", Instead: "write it as it was registered, such as example.com, without https:// or a port"}
	case o.WarnDays < 0:
		return nil, &probe.OptionError{Key: "warn_days", Problem: "is less than 0", Instead: "write 0 for no limit"}
	case o.FailDays < 0:
		return nil, &probe.OptionError{Key: "fail_days", Problem: "is less than 0", Instead: "write 0 for no limit"}
	case o.WarnDays > 0 && o.FailDays >= o.WarnDays:
		return nil, &probe.OptionError{Key: "fail_days", Problem: "is not less than warn_days", Instead: "degraded comes before failed; without a value it is 7"}
	}
	var err error
	if o.Server != "" {
		if p.server, err = base("server", o.Server); err != nil {
			return nil, err
		}
	} else if p.bootstrap, err = base("bootstrap", o.Bootstrap); err != nil {
		return nil, err
	}
	p.claims, err = vocabulary.Compile(o.Options)
	return p, err
}

func base(key, text string) (*url.URL, error) {
	u, err := probe.ParseURL(text)
	if wrong, ok := err.(*probe.OptionError); ok { //nolint:errorlint // as it was made, a call before
		wrong.Key = key
		wrong.Instead = "write the whole of it, such as https://rdap.example.com/"
	}
	return u, err
}

func (p *prober) run(ctx context.Context) checks.Result {
	tr := new(p.dialer.Trail())
	tr.Stage = probe.Waiting
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return p.unanswered(ctx, tr, ctx.Err(), checks.Result{})
	}
	start, now := time.Now(), p.now()
	if !p.known.asked.IsZero() && now.Sub(p.known.asked) < freshFor {
		return p.concluded(ctx, now, checks.Result{Duration: time.Since(start)}, "")
	}
	found, err := p.ask(ctx, tr, now)
	took := checks.Result{Phases: tr.Phases, Duration: time.Since(start)}
	if err == nil {
		found.asked = now
		p.known = found
		return p.concluded(ctx, now, took, tr.Remote)
	}
	if !p.known.asked.IsZero() && now.Sub(p.known.asked) < standFor {
		return p.concluded(ctx, now, took, tr.Remote)
	}
	return p.unanswered(ctx, tr, err, took)
}

// concluded judges what is known.
func (p *prober) concluded(ctx context.Context, now time.Time, r checks.Result, remote string) checks.Result {
	verdict := p.judge(now)
	verdict.Phases, verdict.Duration = r.Phases, r.Duration
	k := &p.known
	if ago := now.Sub(k.asked); ago >= time.Minute {
		verdict.Summary += ", as the registry said " + inHours(ago) + " ago"
	}
	return p.claims.Concluded(ctx, verdict, remote, claim.Facts{"days_left": daysLeft(k.expires.Sub(now)), "expires": k.expires,
		"registrar": k.registrar, "status": k.status, "nameservers": k.nameservers}, k.text())
}

// inHours writes a duration in minutes, or in hours from two on.
func inHours(d time.Duration) string {
	if d < 2*time.Hour {
		return fmt.Sprintf("%d min", int(d/time.Minute))
	}
	return fmt.Sprintf("%d h", int(d/time.Hour))
}

// daysLeft counts whole days, less than 0 when it is over.
func daysLeft(left time.Duration) int64 {
	if left < 0 {
		return int64(left/probe.Day) - 1
	}
	return int64(left / probe.Day)
}

// lost are statuses with which a domain is, or will be, out of the DNS
// (https://icann.org/epp), and what they mean.
var lost = []struct{ status, means string }{
	{"pending delete", "the registry is about to delete the domain"},
	{"redemption period", "the domain was not renewed, and can only be redeemed by its registrar"},
	{"server hold", "the registry holds the domain: it is not in the DNS"},
	{"client hold", "the registrar holds the domain: it is not in the DNS"},
}

func (p *prober) judge(now time.Time) checks.Result {
	k := &p.known
	bad := func(o checks.Outcome, summary string) checks.Result {
		return checks.Result{Outcome: o, Reason: checks.ReasonAssertion, Summary: summary, Evidence: &checks.Evidence{Output: k.text()}}
	}
	if k.missing {
		return bad(checks.Fail, "the registry knows no domain "+p.name+": it is not registered, or was registered under another name")
	}
	for _, l := range lost {
		if slices.Contains(k.status, l.status) {
			return bad(checks.Fail, l.means)
		}
	}
	left := k.expires.Sub(now)
	ending := fmt.Sprintf("the registration ends in %s, on %s", probe.InDays(left), probe.Stamp(k.expires))
	switch {
	case k.expires.IsZero():
		return checks.Result{Outcome: checks.Unknown, Reason: checks.ReasonInternal, Summary: "the registry does not tell until when the domain is registered",
			Evidence: &checks.Evidence{Output: k.text()}}
	case left < 0:
		return bad(checks.Fail, fmt.Sprintf("the registration ended on %s, %s ago", probe.Stamp(k.expires), probe.InDays(-left)))
	case left < p.fail:
		return bad(checks.Fail, ending)
	case left < p.warn:
		return bad(checks.Degraded, ending)
	}
	return checks.Result{Outcome: checks.Pass, Summary: ending}
}
