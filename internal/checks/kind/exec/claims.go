package exec

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
)

// What the expressions of each kind may speak of. See docs/checks.md, which
// says the same to those who write them.
var (
	vocabulary = claim.NewVocabulary(claim.Variables{
		"code":    claim.Int,
		"output":  claim.String,
		"perf":    claim.Map(claim.String, claim.Double),
		"latency": claim.Duration,
	})
)

// seen is what a script left as expressions see it.
type seen struct {
	out  finished
	perf []checks.Perf
	took time.Duration
}

// ResolveName returns a variable's value.
func (s *seen) ResolveName(name string) (any, bool) {
	switch name {
	case "code":
		return s.out.code, true
	case "output":
		return strings.ToValidUTF8(s.out.stdout, "\uFFFD"), true
	case "perf":
		m := make(map[string]float64, len(s.perf))
		for _, p := range s.perf {
			m[p.Label] = p.Value
		}
		return m, true
	case "latency":
		return s.took, true
	}
	return nil, false
}
