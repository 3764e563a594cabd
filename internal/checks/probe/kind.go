// Package probe is the kit of which every kind of check is made: what a kind is
// and how a check of it is compiled, guarded connections, bounded reading, TLS,
// passwords, and the texts of results.
//
// A kind's Build judges the options once and returns a Probe; Compiled.Run
// executes it, turns a panic into a result, and takes the secrets out of what
// it saw.
package probe

import (
	"context"

	"github.com/statusbot/statusbot/internal/checks"
)

// Probe executes a check once. It returns within the context's deadline plus
// a short grace. The caller fills Check, Product, Started and Duration; a
// probe fills the rest. After the context was cancelled (not timed out) the
// result is not to be used.
type Probe func(ctx context.Context) checks.Result

// Kind is one way to observe.
type Kind struct {
	Name    string
	Summary string                            // what a pass proves, one sentence
	Options func() any                        // a new options struct (pointer) with its defaults, tagged `mapstructure`
	Build   func(checks.Check) (Probe, error) // compiles a check once; the error is an OptionError where a key is to blame

	Cost    Cost // what its probes cost most of
	Traced  bool // its requests can carry the id of a trace
	Passive bool // its results come from outside: a runner does not probe it; Check.Every says how often they are expected

	// NotStrict says what a strict check would do with it that it may not, as
	// in "a strict check runs no script"; empty for a kind that it may use.
	NotStrict string

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

// StepsMax is how many steps a check may have: what takes more belongs into a
// script.
const StepsMax = 20
