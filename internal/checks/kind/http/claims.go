package http

import (
	"cmp"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

var vocabulary = claim.NewVocabulary(claim.Variables{
	"status":  claim.Int,
	"latency": claim.Duration,
	"body":    claim.String,
	"json":    claim.Any,
	"headers": claim.Map(claim.String, claim.String),
	"size":    claim.Int,
	"version": claim.String,
	"reused":  claim.Bool,

	probe.CertificateFact: claim.Any,
})

// seen is an answer as expressions see it; what costs something is made
// when it is asked for.
type seen struct {
	got     answer
	took    time.Duration
	tr      *probe.Trail
	body    *string
	json    any
	parsed  bool
	headers map[string]string
}

// ResolveName returns a variable's value.
func (s *seen) ResolveName(name string) (any, bool) {
	switch name {
	case "status":
		return s.got.code, true
	case "latency":
		return s.took, true
	case "size":
		return s.got.size, true
	case "reused":
		return s.got.reused, true
	case "version":
		return cmp.Or(s.got.version, Version11), true
	case "body":
		if s.body == nil {
			// An expression on more would come to the bound of its work.
			text := strings.ToValidUTF8(string(s.got.body[:min(len(s.got.body), probe.ReadMax)]), "\uFFFD")
			s.body = &text
		}
		return *s.body, true
	case "json":
		if !s.parsed {
			s.parsed = true
			s.json, _ = probe.JSON(s.got.body)
		}
		return s.json, true
	case probe.CertificateFact:
		return s.tr.Certificate(), true
	case "headers":
		if s.headers == nil {
			s.headers = probe.FirstValues(s.got.header)
		}
		return s.headers, true
	}
	return nil, false
}

// Lacks says that JSON was cut.
func (s *seen) Lacks(uses func(string) bool) string {
	if s.got.packed != "" && (uses("json") || uses("body")) {
		return "the body is packed with " + probe.Quoted(s.got.packed) + ", which was not asked for"
	}
	if s.got.truncated && uses("json") {
		return s.got.tooLong()
	}
	return ""
}
