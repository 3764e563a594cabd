package checks

import (
	"fmt"
	"slices"
	"time"
)

// Check is the definition of one scheduled observation. It is read from the
// configuration, complete and valid, and does not change while it runs.
type Check struct {
	ID      string        // unique in the whole configuration
	Product string        // id of the product whose clients do this; empty of a Control
	Kind    string        // a row of the table of kinds: "http", "tcp", "exec"
	Every   time.Duration // interval between starts, more than 0
	Timeout time.Duration // bound of one probe, more than 0 and at most Every
	Uses    []string      // ids of the shared components it goes through, as declared
	// Measures is the id of the component whose own metrics the values in its
	// results are (Evidence.Perf); empty when they are of none. If it is in Uses
	// as well, the check may count as made at the component (impact.Evidence).
	Measures string
	Region   string // part of the product that it asks, such as "eu"; empty when there is only one
	Owner    string // who answers for the product, empty if nobody is named
	Runbook  string // what to do when it fails, an http(s) address; empty if nobody wrote it
	Source   Source // where it is defined
	Options  any    // the kind's own part, a value made by its Options

	// Secrets are the values of the environment that were put into Options:
	// nothing that is kept or shown may repeat them. Nil for most.
	Secrets []string `json:"-"`

	// Passive is what its kind says: its results come from outside, and Every
	// is how often they are expected.
	Passive bool

	// Control is for what must always pass from where statusbot runs, and is of
	// no product: while most of these checks fail, it is us who cannot see.
	Control bool `json:",omitempty"`

	// MustFail turns what it says round: it is for what must not be there, such as a
	// port that a firewall is to close. Not for a Passive check.
	MustFail bool `json:",omitempty"`

	Tags []string `json:",omitempty"` // words by which people choose checks

	// Trace has its requests carry the id of a trace, where its kind is Traced, by which
	// they are found in the tracing of who answers.
	Trace bool `json:",omitempty"`

	// Vantages are the places that it is probed from, each by agents of that name but
	// for Here; empty for where statusbot runs alone.
	Vantages []string `json:",omitempty"`

	// Strict is for a check that did not come from a configuration file: it
	// connects to nothing but public addresses, and runs no script
	// and no browser.
	Strict bool
	Added  *Added // who added a strict check; nil for all others
}

// Here is the vantage of a check that is also probed from elsewhere, where statusbot
// itself runs.
const Here = "here"

// FromHere reports whether a check is probed where statusbot itself runs.
func (c *Check) FromHere() bool {
	return len(c.Vantages) == 0 || slices.Contains(c.Vantages, Here)
}

// Format is fmt's: whatever the verb, a check is its kind and its id alone. Options and
// Secrets may hold passwords, and what is printed ends in logs and errors.
func (c Check) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%s check %q", c.Kind, c.ID) }

// Added says who had a check added while statusbot ran, and who accepted it,
// as Slack's ids.
type Added struct {
	By, AcceptedBy string
	// What the two were called then; empty where that was not known.
	ByName, AcceptedByName string
	At                     time.Time // when it was accepted; zero when nobody did
}

// Source is the place of a definition in a configuration file.
type Source struct {
	File string // path as the reader wrote it, relative to the main file's folder
	Line int    // from 1
}

// String returns "file:line", or the file alone when the line is not known.
func (s Source) String() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}
