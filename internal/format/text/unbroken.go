package text

import (
	"html"
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

// nbsp is a space at which no line breaks.
const nbsp = "\u00a0"

// together are spaces at which a line must not break: between a number and its
// unit, and before an instant.
var together = lazy.Compile(`(\d) (%|ms\b|s\b|min\b|h\b|points?\b)|\b([Nn]ext|[Aa]s of|[Ss]ince|until|at) (<!date\^)|(±) (\d)`)

// Unbroken is mrkdwn of which no line breaks within "8.3 %", "4 min" or "next 19:45".
// What stands in code stays as it is: people copy it.
func Unbroken(s string) string {
	if !strings.Contains(s, " ") {
		return s
	}
	parts := strings.Split(s, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = together.ReplaceAllStringFunc(parts[i], func(m string) string {
			at := strings.LastIndexByte(m, ' ')
			return strings.ReplaceAll(m[:at], " ", nbsp) + nbsp + m[at+1:]
		})
	}
	return strings.Join(parts, "`")
}

// hyphened are words with a hyphen within: names of checks, components and files, and
// ranges. A browser breaks lines after it, and "edge-lb-" is read as another name.
var hyphened = lazy.Compile(`[^\s<>]*[\pL\pN_.]-[\pL\pN_][^\s<>]*`)

// UnbrokenHTML is plain text as HTML of which no line breaks within "8.3 %", "12-16 %" or
// "edge-lb-2"; attribute is that of the element around what has a hyphen, such as
// `class="w"`, and has it on one line.
func UnbrokenHTML(s, attribute string) string {
	return hyphened.ReplaceAllString(html.EscapeString(Unbroken(s)), "<span "+attribute+">$0</span>")
}

// Breaking takes Unbroken back.
func Breaking(s string) string { return strings.ReplaceAll(s, nbsp, " ") }
