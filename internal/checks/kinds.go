package checks

import (
	"context"
	"sort"
)

// Probe executes a check once. It returns within the context's deadline plus
// a short grace. The caller fills Check, Product, Started and Duration; a
// probe fills the rest. After the context was cancelled (not timed out) the
// result is not to be used.
type Probe func(ctx context.Context) Result

// Kind is one way to observe.
type Kind struct {
	Name    string
	Summary string                     // what a pass proves, one sentence
	Options func() any                 // a new options struct (pointer) with its defaults, tagged `mapstructure`
	Build   func(Check) (Probe, error) // compiles a check once; the error is an OptionError where a key is to blame

	Budget  Budget // what its probes cost most of
	Passive bool   // its results come from outside: a runner does not probe it; Check.Every says how often they are expected

	Example string // its options in YAML on one line, for the pages: "{address: mail.example.com:25}"
	Proven  string // the real server or tool, with its version, that it is tested against: "nginx 1.22"
}

// OptionError says which option of a kind's own part is wrong.
type OptionError struct {
	Key     string // path below the kind's part: "url", "json[0].path"
	Problem string // what is wrong, without the key: "is empty"
	Instead string // what to write instead; may be empty
}

func (e *OptionError) Error() string {
	s := e.Key + " " + e.Problem
	if e.Instead != "" {
		s += "; " + e.Instead
	}
	return s
}

// kinds is the table of every kind.
var kinds = byName( // :: name -> kind
	httpKind,
	journeyKind,
	browserKind,
	tcpKind,
	tlsKind,
	dnsKind,
	execKind,
	grpcKind,
	heartbeatKind,
	imapKind,
	ldapKind,
	mysqlKind,
	postgresKind,
	redisKind,
	smtpKind,
	sshKind,
	icmpKind,
	natsKind,
	ntpKind,
	prometheusKind,
	webSocketKind,
)

func byName(list ...Kind) map[string]Kind {
	table := make(map[string]Kind, len(list))
	for _, k := range list {
		table[k.Name] = k
	}
	return table
}

// LookupKind returns the kind of that name.
func LookupKind(name string) (Kind, bool) {
	k, ok := kinds[name]
	return k, ok
}

// KindNames returns the names of all kinds, sorted.
func KindNames() []string {
	names := make([]string, 0, len(kinds))
	for n := range kinds {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
