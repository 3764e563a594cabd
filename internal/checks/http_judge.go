package checks

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/ohler55/ojg/jp"
	"github.com/ohler55/ojg/oj"
)

// JSONAssertion is one claim about a JSON body.
type JSONAssertion struct {
	Path   string `mapstructure:"path"`   // JSONPath (RFC 9535), "$.status"
	Equals any    `mapstructure:"equals"` // every value at the path, and at least one, is this
	Exists *bool  `mapstructure:"exists"` // there is (true) or is not (false) a value at the path; true if neither is given
}

func itoa(n int) string { return strconv.Itoa(n) }

// statusText is "HTTP 503". The common one costs nothing.
func statusText(code int) string {
	if code == http.StatusOK {
		return "HTTP 200"
	}
	return "HTTP " + itoa(code)
}

// statusSet is the set of statuses that are right.
type statusSet struct {
	spans []statusSpan
	text  string
	given bool // named by the options, not the default
}

type statusSpan struct{ from, to int }

func (s statusSet) has(code int) bool {
	for _, span := range s.spans {
		if code >= span.from && code <= span.to {
			return true
		}
	}
	return false
}

// names reports whether the options list the code.
func (s statusSet) names(code int) bool { return s.given && s.has(code) }

func (s statusSet) String() string { return s.text }

func parseStatus(list []any, noRedirects bool) (statusSet, error) {
	if len(list) == 0 {
		if noRedirects {
			return statusSet{spans: []statusSpan{{200, 399}}, text: "2xx or 3xx"}, nil
		}
		return statusSet{spans: []statusSpan{{200, 299}}, text: "2xx"}, nil
	}
	s := statusSet{given: true}
	var words []string
	for i, entry := range list {
		word := strings.TrimSpace(fmt.Sprint(entry))
		span, ok := parseStatusSpan(word)
		if !ok {
			return s, &OptionError{Key: fmt.Sprintf("status[%d]", i), Problem: "is not a status", Instead: `write 200, "2xx" or "200-299"`}
		}
		s.spans = append(s.spans, span)
		words = append(words, word)
	}
	s.text = strings.Join(words, ", ")
	return s, nil
}

func parseStatusSpan(word string) (statusSpan, bool) {
	if class, ok := strings.CutSuffix(strings.ToLower(word), "xx"); ok {
		n, err := strconv.Atoi(class)
		return statusSpan{n * 100, n*100 + 99}, err == nil && n >= 1 && n <= 5
	}
	low, high, isSpan := strings.Cut(word, "-")
	if !isSpan {
		high = low
	}
	from, err1 := strconv.Atoi(strings.TrimSpace(low))
	to, err2 := strconv.Atoi(strings.TrimSpace(high))
	return statusSpan{from, to}, err1 == nil && err2 == nil && from >= 100 && to <= 599 && from <= to
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
}

func newBodyJudge(o *HTTPOptions) (bodyJudge, error) {
	var j bodyJudge
	for i, s := range o.Contains {
		if s == "" {
			return j, &OptionError{Key: fmt.Sprintf("contains[%d]", i), Problem: "is empty"}
		}
		j.contains = append(j.contains, []byte(s))
	}
	for i, s := range o.NotContains {
		if s == "" {
			return j, &OptionError{Key: fmt.Sprintf("not_contains[%d]", i), Problem: "is empty"}
		}
		j.notContains = append(j.notContains, []byte(s))
	}
	for i, a := range o.JSON {
		key := fmt.Sprintf("json[%d]", i)
		if a.Path == "" {
			return j, &OptionError{Key: key + ".path", Problem: "is empty", Instead: "write a JSONPath such as $.status"}
		}
		path, err := jp.ParseString(a.Path)
		if err != nil {
			return j, &OptionError{Key: key + ".path", Problem: "is not a JSONPath", Instead: "write one such as $.status"}
		}
		if a.Equals != nil && a.Exists != nil {
			return j, &OptionError{Key: key, Problem: "has both equals and exists", Instead: "write one of them"}
		}
		j.json = append(j.json, jsonClaim{
			text: a.Path, path: path, equals: a.Equals,
			exists: a.Exists == nil || *a.Exists,
		})
	}
	return j, nil
}

// fault says which claim does not hold, if one does not.
func (j bodyJudge) fault(got answer) (Reason, string) {
	where := "the body"
	if got.truncated {
		where = "the first 64 KiB of the body"
	}
	for _, s := range j.contains {
		if !bytes.Contains(got.body, s) {
			return ReasonAssertion, quoted(string(s)) + " is not in " + where
		}
	}
	for _, s := range j.notContains {
		if bytes.Contains(got.body, s) {
			return ReasonAssertion, quoted(string(s)) + " is in " + where
		}
	}
	if len(j.json) == 0 {
		return ReasonNone, ""
	}
	if got.truncated {
		return ReasonInternal, "the body is longer than the 64 KiB of JSON that a check reads"
	}
	doc, err := oj.Parse(got.body)
	if err != nil {
		return ReasonAssertion, "the body is not JSON"
	}
	for _, claim := range j.json {
		if problem := claim.fault(doc); problem != "" {
			return ReasonAssertion, problem
		}
	}
	return ReasonNone, ""
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
			return c.text + " is " + shortJSON(v) + ", expected " + shortJSON(c.equals)
		}
	}
	return ""
}

func shortJSON(v any) string {
	s := oj.JSON(v)
	if len(s) > 60 {
		s = clipRunes(s, 57) + "..."
	}
	return s
}

// sameValue compares a value read from JSON with one read from the
// configuration: numbers by value, whatever types they were read as.
func sameValue(got, want any) bool {
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

func number(v any) (float64, bool) {
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
