package exec

import (
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

// breaks is how an interpreter ends a script that it cannot go on with, with an exit
// code that the convention takes for degraded or fail: the line that says why, and
// for some what else must be there.
var breaks = []struct {
	line lazy.Regexp
	sign string
}{
	{lazy.Compile(`(?m)^\S+: (?:line )?\d+: .*(?:[Ss]yntax error|unbound variable|parameter not set|bad substitution|Bad substitution).*$`), ""}, // bash, dash
	{lazy.Compile(`(?m)^\S+:\d+:in .*\([A-Z][\w:]*\)\r?$`), ""},                                                                                  // Ruby
	{lazy.Compile(`(?m)^(?:Uncaught )?\w*(?:Error|Exception)(?: \[\w+\])?: .*$`), "\nNode.js v"},
	{lazy.Compile(`(?m)^Exception in thread "[^"]*" .*$`), ""}, // Java
	{lazy.Compile(`(?m)^panic: .*$`), "\ngoroutine "},          // Go
	{lazy.Compile(`(?m)^.*$`), "\nBEGIN failed--compilation aborted"},
	{lazy.Compile(`(?m)^.*$`), "aborted due to compilation errors."}, // Perl
	{lazy.Compile(`(?m)^.*$`), "FullyQualifiedErrorId"},              // PowerShell
}

// brokeOff returns what an interpreter says of an error that a script did not catch;
// empty if it says nothing of the kind.
func brokeOff(stderr string) string {
	for _, b := range breaks {
		if !strings.Contains(stderr, b.sign) {
			continue
		}
		if line := strings.TrimSpace(b.line.FindString(stderr)); line != "" {
			return line
		}
	}
	return ""
}
