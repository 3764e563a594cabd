package format

import (
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// Rows of an answer that tells one by one.
const (
	fullRows    = 6
	compactRows = 12
)

// oldAfter is the age of a product's newest result from which it is told.
const oldAfter = 2 * time.Minute

// unusual reports whether a product's latency is not what it is as a rule, or
// what that is is not known.
func unusual(p impact.Impact) bool {
	return p.UsualP95 == 0 || p.P95 > p.UsualP95*5/4 || p.P95 < p.UsualP95*3/4
}

// progress says how far a product is on the way to a proven recovery, once it
// is worth saying: a quarter of the way, and ten results.
func progress(p impact.Impact) string {
	if !p.Level.Hurt() || p.Needed == 0 || p.Clean < 10 || 4*p.Clean < p.Needed {
		return ""
	}
	what := "no failure"
	if p.Slow {
		what = "no slow answer"
	}
	return what + " for " + text.Count(min(p.Clean, p.Needed)) + " of about " + text.Plural(p.Needed, "result") + " needed"
}

// partly says which part of a product is not observed.
func partly(p status.ProductStatus) string {
	if p.Stale == 0 || p.Measured == 0 {
		return ""
	}
	return text.Count(p.Stale) + " of " + text.Plural(p.Stale+p.Measured, "check") + " not measured"
}

func (v view) age(p status.ProductStatus) string {
	if p.AsOf.IsZero() || v.Now.Sub(p.AsOf) < oldAfter {
		return ""
	}
	return "newest result " + v.When(p.AsOf)
}
