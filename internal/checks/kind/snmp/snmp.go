// Package snmp is the kind of check that asks an SNMP agent, such as a switch, a
// printer or an uninterruptible power supply.
package snmp

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/lazy"
)

// Options are the own part of a check of kind snmp.
type Options struct {
	Address       string `mapstructure:"address"`        // "host:port" of the agent; without a port 161
	Version       string `mapstructure:"version"`        // "1", "2c" or "3"
	Community     string `mapstructure:"community"`      // of versions 1 and 2c; "public" if there is neither it nor its file
	CommunityFile string `mapstructure:"community_file"` // holds the community alone, read at each probe

	User                string `mapstructure:"user"`             // of version 3
	Auth                string `mapstructure:"auth"`             // how the password proves who asks: "sha256"
	Password            string `mapstructure:"password"`         // none: nobody proves anything
	PasswordFile        string `mapstructure:"password_file"`    // holds the password alone, read at each probe
	Privacy             string `mapstructure:"privacy"`          // how messages are encrypted: "aes"
	PrivacyPassword     string `mapstructure:"privacy_password"` // none: they are not
	PrivacyPasswordFile string `mapstructure:"privacy_password_file"`
	Context             string `mapstructure:"context"` // part of the agent; empty for the default
	Dir                 string `mapstructure:"dir"`     // folder that the files are found from; default the folder of the file that defines the check

	Get     map[string]string `mapstructure:"get"`     // :: name for expressions -> number of the object: "1.3.6.1.2.1.1.3.0"
	Walk    map[string]string `mapstructure:"walk"`    // :: name for expressions -> number of a table's column
	Retries int               `mapstructure:"retries"` // how often what is not answered is sent again within the time-out

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "snmp",
	Summary: "An SNMP agent knows the community or user, and its values are as expected.",
	Options: func() any { return &Options{Version: "2c", Retries: 2} },
	Build:   build,
	Example: `{address: switch.example.com, community: "${PAY_PROBE_PASSWORD}", get: {uplink: 1.3.6.1.2.1.2.2.1.8.24}, walk: {errors: 1.3.6.1.2.1.2.2.1.14}, expect: "get.uplink == 1 && walk.errors.all(port, walk.errors[port] < 1000)"}`,
	Proven:  "Net-SNMP 5.9",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"get":     claim.Map(claim.String, claim.Any),
	"walk":    claim.Map(claim.String, claim.Map(claim.String, claim.Any)),
	"latency": claim.Duration,
})

const (
	objectsMax   = 50       // asked for by one check, columns as well: what takes more belongs into a script
	rowsMax      = 2000     // read of all columns together: a chassis of 500 ports has four of each
	upTime       = "uptime" // what is asked for if the options name nothing
	upTimeOID    = "1.3.6.1.2.1.1.3.0"
	allowed      = "public" // the community that agents are delivered with
	passwordMin  = 8        // characters of a password (RFC 3414, 11.2)
	communityMax = 127      // bytes of a community: the library writes its length in one
	retriesMax   = 10
)

var name = lazy.Compile(`^[A-Za-z_][A-Za-z0-9_]{0,40}$`)

// goodOID reports whether s is the number of an object, of at most 101 parts of at most
// ten digits each. A regular expression of that took 600 KB, in every command.
func goodOID(s string) bool {
	parts := strings.Split(strings.TrimPrefix(s, "."), ".")
	for i, part := range parts {
		switch {
		case part == "" || len(part) > 10 || len(part) > 1 && part[0] == '0' || strings.Trim(part, "0123456789") != "":
			return false
		case i == 0 && (len(part) > 1 || part > "2"):
			return false
		}
	}
	return len(parts) > 1 && len(parts) <= 101
}

type object struct{ name, oid string }

type prober struct {
	target    probe.Target
	version   gosnmp.SnmpVersion
	community probe.Password
	user      user
	context   string
	get, walk []object // sorted by name
	tries     int
	claims    *claim.Set
	limits    probe.Limits
	dialer    probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{context: o.Context, tries: o.Retries + 1, dialer: probe.NewDialer(c)}
	if p.target, err = probe.ReadTarget("address", probe.WithPort(o.Address, "161")); err != nil {
		return nil, err
	}
	if o.Retries < 0 || o.Retries > retriesMax {
		return nil, &probe.OptionError{Key: "retries", Problem: "is not between 0 and 10"}
	}
	if err := p.login(c, o); err != nil {
		return nil, err
	}
	if p.get, err = objects("get", o.Get); err != nil {
		return nil, err
	}
	if p.walk, err = objects("walk", o.Walk); err != nil {
		return nil, err
	}
	if len(p.get)+len(p.walk) == 0 {
		p.get = []object{{upTime, "." + upTimeOID}}
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	p.claims, err = vocabulary.Compile(o.Options)
	return p.run, err
}

// objects reads an option that gives objects names.
func objects(key string, of map[string]string) ([]object, error) {
	if len(of) > objectsMax {
		return nil, &probe.OptionError{Key: key, Problem: "names more than 50 objects", Instead: "write a second check"}
	}
	list := make([]object, 0, len(of))
	for _, n := range slices.Sorted(maps.Keys(of)) {
		switch {
		case !name.MatchString(n):
			return nil, &probe.OptionError{Key: key + "." + n, Problem: "is no name for expressions", Instead: "write letters, digits and _, such as uplink"}
		case !goodOID(of[n]):
			return nil, &probe.OptionError{Key: key + "." + n, Problem: "is not the number of an object", Instead: "write it as " + upTimeOID + "; snmptranslate -On prints the number of a name"}
		}
		list = append(list, object{n, "." + strings.TrimPrefix(of[n], ".")})
	}
	return list, nil
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	agent, err := p.connect(ctx, tr)
	if err != nil {
		return p.failed(ctx, tr, nil, err, time.Since(start))
	}
	defer agent.close()
	got, err := p.ask(agent)
	took := time.Since(start)
	tr.Phases.FirstByte = agent.first
	if err != nil {
		return p.failed(ctx, tr, agent, err, took)
	}
	return p.claims.Concluded(ctx, p.limits.Judge(got.summary(p), took, tr), tr.Remote, claim.Facts{"get": got.get, "walk": got.walk}, got.text(p))
}
