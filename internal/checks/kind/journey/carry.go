package journey

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ohler55/ojg/jp"
	"github.com/ohler55/ojg/oj"

	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/lazy"
)

// placeholder is where a saved value is filled in.
var placeholder = lazy.Compile(`\{\{\s*([^{}\s]*)\s*\}\}`)

var savedName = lazy.Compile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// fillIn returns options with saved values in their places, each escaped for
// where it stands, and whether there were any. The error names a place for
// which there is no value.
func fillIn(o *httpkind.Options, value func(name string) (string, bool)) (filled *httpkind.Options, used bool, err error) {
	fill := func(key, text string, escape func(string) string) string {
		return placeholder.ReplaceAllStringFunc(text, func(found string) string {
			used = true
			name := placeholder.FindStringSubmatch(found)[1]
			v, ok := value(name)
			if !ok && err == nil {
				err = &probe.OptionError{Key: key, Problem: "speaks of {{" + name + "}}, which no earlier step saves", Instead: "write save: {" + name + ": $.path} at the step that has it"}
			}
			return escape(v)
		})
	}
	asIs := func(s string) string { return s }
	one := *o
	path, query, asked := strings.Cut(o.URL, "?")
	if strings.HasPrefix(o.URL, "{{") { // a link that was saved as a whole
		one.URL = fill("url", o.URL, asIs)
	} else {
		one.URL = fill("url", path, url.PathEscape)
		if asked {
			one.URL += "?" + fill("url", query, url.QueryEscape)
		}
	}
	one.Body = fill("body", o.Body, bodyEscape(o))
	if len(o.Headers) > 0 {
		one.Headers = make(map[string]string, len(o.Headers))
		for _, name := range slices.Sorted(maps.Keys(o.Headers)) { // so that of two errors the same one is told each time
			one.Headers[name] = fill("headers."+name, o.Headers[name], asIs)
		}
	}
	return &one, used, err
}

// bodyEscape returns how a value is written in a body of that kind.
func bodyEscape(o *httpkind.Options) func(string) string {
	kind := ""
	for name, value := range o.Headers {
		if http.CanonicalHeaderKey(name) == "Content-Type" {
			kind = strings.ToLower(value)
		}
	}
	begins := strings.TrimSpace(o.Body)
	switch {
	case strings.Contains(kind, "x-www-form-urlencoded"):
		return url.QueryEscape
	case strings.Contains(kind, "json"), kind == "" && (strings.HasPrefix(begins, "{") && !strings.HasPrefix(begins, "{{") || strings.HasPrefix(begins, "[")):
		return func(s string) string { // inside the quotes that the body has
			quoted := oj.JSON(s)
			return quoted[1 : len(quoted)-1]
		}
	}
	return func(s string) string { return s }
}

// saver takes a value out of an answer.
type saver struct {
	name   string
	where  string // for people: "$.token", "header X-Token"
	secret bool   // its name, or that of where it stands, is one of a secret
	from   func(*httpkind.Session) (string, bool)
}

// ofBody reports whether the value stands in a body.
func (s saver) ofBody() bool {
	return !strings.HasPrefix(s.where, "header ") && !strings.HasPrefix(s.where, "cookie ")
}

// newSaver reads where a value is: a JSONPath ("$.token"), "header:NAME",
// "cookie:NAME" or "regexp:EXPRESSION", of which the first group counts.
func newSaver(name, where string) (saver, error) {
	const instead = "write $.path of JSON, header:NAME, cookie:NAME or regexp:EXPRESSION"
	if !savedName.MatchString(name) {
		return saver{}, &probe.OptionError{Key: name, Problem: "is not a name", Instead: "write letters, digits and _"}
	}
	kind, rest, _ := strings.Cut(where, ":")
	secret := redact.Word.MatchString(name) || redact.Word.MatchString(rest)
	switch {
	case strings.HasPrefix(where, "$"):
		path, err := jp.ParseString(where)
		if err != nil {
			return saver{}, &probe.OptionError{Key: name, Problem: "is not a JSONPath", Instead: instead}
		}
		return saver{name, where, secret || httpkind.NamesSecret(path), inJSON(path)}, nil
	case kind == "header" && probe.IsToken(rest):
		return saver{name, "header " + rest, secret, inHeader(rest)}, nil
	case kind == "cookie" && probe.IsToken(rest):
		return saver{name, "cookie " + rest, true, inCookie(rest)}, nil
	case kind == "regexp":
		match, err := regexp.Compile(rest)
		if err != nil || match.NumSubexp() < 1 {
			return saver{}, &probe.OptionError{Key: name, Problem: "is not a regular expression with a group", Instead: `write one such as regexp:name="csrf" value="([^"]+)"`}
		}
		return saver{name, "match of " + rest, secret, inMatch(match)}, nil
	}
	return saver{}, &probe.OptionError{Key: name, Problem: "does not say where the value is", Instead: instead}
}

// inJSON takes the first value at a path of a JSON body.
func inJSON(path jp.Expr) func(*httpkind.Session) (string, bool) {
	return func(v *httpkind.Session) (string, bool) {
		doc, err := httpkind.Document(v.Body)
		if err != nil {
			return "", false
		}
		found := path.Get(doc)
		if len(found) == 0 || found[0] == nil {
			return "", false
		}
		if text, ok := found[0].(string); ok {
			return text, true
		}
		return oj.JSON(found[0]), true
	}
}

func inHeader(name string) func(*httpkind.Session) (string, bool) {
	return func(v *httpkind.Session) (string, bool) {
		value := v.Header.Get(name)
		return value, value != ""
	}
}

func inCookie(name string) func(*httpkind.Session) (string, bool) {
	return func(v *httpkind.Session) (string, bool) {
		for _, c := range v.Cookies {
			if c.Name == name {
				return c.Value, true
			}
		}
		return "", false
	}
}

// inMatch takes the first group of a match in the body.
func inMatch(match *regexp.Regexp) func(*httpkind.Session) (string, bool) {
	return func(v *httpkind.Session) (string, bool) {
		found := match.FindSubmatch(v.Body)
		if found == nil {
			return "", false
		}
		return string(found[1]), true
	}
}
