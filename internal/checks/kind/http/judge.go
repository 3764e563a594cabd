package http

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ohler55/ojg/jp"
	"github.com/ohler55/ojg/oj"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// JSONAssertion is one claim about a JSON body.
type JSONAssertion struct {
	Path   string `mapstructure:"path"`   // JSONPath (RFC 9535), "$.status"
	Equals any    `mapstructure:"equals"` // every value at the path, and at least one, is this
	Exists *bool  `mapstructure:"exists"` // there is (true) or is not (false) a value at the path; true if neither is given
}

// bodyJudge holds what must be true of a body.
type bodyJudge struct {
	contains    [][]byte
	notContains [][]byte
	json        []jsonClaim
}

type jsonClaim struct {
	text   string
	path   jp.Expr
	equals any
	exists bool
	secret bool // the path names what is not shown
}

// newBodyJudge returns nil when nothing is asked of a body, as of most.
func newBodyJudge(o *Options) (*bodyJudge, error) {
	if len(o.Contains)+len(o.NotContains)+len(o.JSON) == 0 {
		return nil, nil
	}
	j := &bodyJudge{}
	for i, s := range o.Contains {
		if s == "" {
			return j, &probe.OptionError{Key: fmt.Sprintf("contains[%d]", i), Problem: "is empty"}
		}
		j.contains = append(j.contains, []byte(s))
	}
	for i, s := range o.NotContains {
		if s == "" {
			return j, &probe.OptionError{Key: fmt.Sprintf("not_contains[%d]", i), Problem: "is empty"}
		}
		if i := slices.IndexFunc(o.Contains, func(there string) bool { return strings.Contains(there, s) }); i >= 0 {
			return j, &probe.OptionError{Key: fmt.Sprintf("contains[%d]", i), Problem: "has a text that not_contains forbids", Instead: "remove one of them"}
		}
		j.notContains = append(j.notContains, []byte(s))
	}
	for i, a := range o.JSON {
		key := fmt.Sprintf("json[%d]", i)
		if a.Path == "" {
			return j, &probe.OptionError{Key: key + ".path", Problem: "is empty", Instead: "write a JSONPath such as $.status"}
		}
		path, err := jp.ParseString(a.Path)
		if err != nil {
			return j, &probe.OptionError{Key: key + ".path", Problem: "is not a JSONPath", Instead: "write one such as $.status"}
		}
		if a.Equals != nil && a.Exists != nil {
			return j, &probe.OptionError{Key: key, Problem: "has both equals and exists", Instead: "write one of them"}
		}
		j.json = append(j.json, jsonClaim{
			text: a.Path, path: path, equals: a.Equals,
			exists: a.Exists == nil || *a.Exists, secret: NamesSecret(path),
		})
	}
	return j, nil
}

// fault says which claim does not hold, if one does not.
func (j *bodyJudge) fault(got answer) (checks.Reason, string) {
	if j == nil {
		return checks.ReasonNone, ""
	}
	if got.packed != "" {
		return checks.ReasonAssertion, "the body is packed with " + probe.Quoted(got.packed) + ", which was not asked for, so what is in it cannot be judged"
	}
	where := "the body"
	if got.truncated {
		where = fmt.Sprintf("the first %d KiB of the body", got.most>>10)
	}
	for _, s := range j.contains {
		if !bytes.Contains(got.body, s) {
			return checks.ReasonAssertion, probe.Quoted(string(s)) + " is not in " + where + got.unread()
		}
	}
	for _, s := range j.notContains {
		if bytes.Contains(got.body, s) {
			return checks.ReasonAssertion, probe.Quoted(string(s)) + " is in " + where
		}
		if got.charset != "" && !isASCII(s) {
			return checks.ReasonAssertion, "whether " + probe.Quoted(string(s)) + " is in " + where + " cannot be told" + got.unread()
		}
	}
	if len(j.json) == 0 {
		return checks.ReasonNone, ""
	}
	if got.truncated {
		return checks.ReasonInternal, got.tooLong()
	}
	doc, err := Document(got.body)
	if err != nil {
		return checks.ReasonAssertion, "the body is not JSON"
	}
	for _, claim := range j.json {
		if problem := claim.fault(doc); problem != "" {
			return checks.ReasonAssertion, problem
		}
	}
	return checks.ReasonNone, ""
}

// readMost is how many bytes of a body a check may have read at most.
const readMost = 1 << 20

// tooLong says of a body of JSON that its end was not read.
func (a answer) tooLong() string {
	s := fmt.Sprintf("the body is longer than the %d KiB of JSON that a check reads", a.most>>10)
	if a.most < readMost {
		s += "; read_kib makes it more"
	}
	return s
}

// isASCII reports whether a text is the same in nearly all character sets.
func isASCII(s []byte) bool {
	return !bytes.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// unread says of a body that its characters could not be read.
func (a answer) unread() string {
	if a.charset == "" {
		return ""
	}
	return ", whose character set " + probe.Quoted(a.charset) + " is not known here"
}

func (c jsonClaim) fault(doc any) string {
	values := c.path.Get(doc)
	switch {
	case !c.exists && len(values) > 0:
		return c.text + " exists"
	case c.exists && len(values) == 0:
		return c.text + " does not exist"
	case c.equals == nil:
		return ""
	}
	for _, v := range values {
		if !sameValue(v, c.equals) {
			if c.secret {
				return c.text + " is not what is expected; a secret is not shown"
			}
			return c.text + " is " + shortJSON(v) + ", expected " + shortJSON(c.equals)
		}
	}
	return ""
}

// NamesSecret reports whether one of a path's keys is the name of a secret.
func NamesSecret(path jp.Expr) bool {
	for _, step := range path {
		if key, ok := step.(jp.Child); ok && redact.Word.MatchString(string(key)) {
			return true
		}
	}
	return false
}

func shortJSON(v any) string {
	s := redact.Text(oj.JSON(v)) // before it is cut
	if len(s) > 60 {
		s = probe.ClipRunes(s, 57) + "..."
	}
	return s
}

// sameValue compares a value read from JSON with one read from the
// configuration: numbers by value, whatever types they were read as.
func sameValue(got, want any) bool {
	if g, w := whole(got), whole(want); g != nil && w != nil {
		return g.Cmp(w) == 0 // beyond 2^53 a float has not every number
	}
	if g, ok := number(got); ok {
		w, ok := number(want)
		return ok && (g == w || math.Abs(g-w) <= 1e-12*math.Abs(w))
	}
	switch g := got.(type) {
	case []any:
		w := reflect.ValueOf(want)
		if w.Kind() != reflect.Slice || w.Len() != len(g) {
			return false
		}
		for i := range g {
			if !sameValue(g[i], w.Index(i).Interface()) {
				return false
			}
		}
		return true
	case map[string]any:
		w, ok := want.(map[string]any)
		if !ok || len(w) != len(g) {
			return false
		}
		for k := range g {
			value, ok := w[k]
			if !ok || !sameValue(g[k], value) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(got, want)
}

// whole is a whole number that is no float, exactly; nil if a value is none.
func whole(v any) *big.Int {
	if long, ok := v.(stdjson.Number); ok {
		n, _ := new(big.Int).SetString(string(long), 10)
		return n
	}
	switch r := reflect.ValueOf(v); {
	case v == nil:
	case r.CanInt():
		return big.NewInt(r.Int())
	case r.CanUint():
		return new(big.Int).SetUint64(r.Uint())
	}
	return nil
}

func number(v any) (float64, bool) {
	if long, ok := v.(stdjson.Number); ok { // so long that it fits into no whole number
		f, err := long.Float64()
		return f, err == nil
	}
	switch r := reflect.ValueOf(v); {
	case v == nil:
		return 0, false
	case r.CanInt():
		return float64(r.Int()), true
	case r.CanUint():
		return float64(r.Uint()), true
	case r.CanFloat():
		return r.Float(), true
	}
	return 0, false
}
