package adopt

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// How Gatus reads bodies (config/endpoint/condition.go, placeholder.go and jsonpath of
// its sources): a body is trimmed; what is in it is compared as it is printed, numbers
// that are whole ones by their value; < and > compare whole numbers, what is behind the
// point falls away, and durations; a path that leads nowhere, or to null, is a text that
// equals nothing; len is in bytes, and of a list in items.

var (
	pattern  = lazy.Compile(`^pat\((.*)\)$`)
	jsonPath = lazy.Compile(`^(\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\])*$`)
	jsonStep = lazy.Compile(`^(?:\.([^.\[\]]+)|\[([0-9]+)\])`)
	aName    = lazy.Compile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	aNumber  = lazy.Compile(`^-?[0-9]+(\.[0-9]+)?$`)
)

// part is a part of an answer as an expression.
type part struct {
	name    string // "body", "json.a[0]"
	missing string // expression: it is not there; empty for a whole text, which is
}

func (p part) isJSON() bool { return p.missing != "" }

// text is the part as it is printed.
func (p part) text() string {
	if p.isJSON() {
		return "string(" + p.name + ")"
	}
	return p.name
}

// bodyPart is the part that [BODY].a[0].b names.
func (g *gatusCheck) bodyPart(said string) (p part, ok bool) {
	path := strings.TrimPrefix(said, "[BODY]")
	whole := map[string]string{"http": "body", "websocket": "text", "udp": "received"}[g.c.Kind]
	switch {
	case path == "":
		return part{name: whole}, whole != ""
	case g.c.Kind != "http" && g.c.Kind != "websocket":
		return part{}, false
	}
	p.name = "json"
	missing := []string{"json == null"}
	for path != "" {
		m := jsonStep.FindStringSubmatch(path)
		if m == nil {
			return part{}, false
		}
		before := p.name
		switch {
		case m[2] != "":
			p.name += m[0]
			missing = append(missing, fmt.Sprintf("size(%s) <= %s", before, m[2]))
		case aName.MatchString(m[1]):
			p.name += m[0]
			missing = append(missing, "!has("+p.name+")")
		default:
			p.name = "dyn(" + p.name + "[" + quoted(m[1]) + "])" // without dyn, CEL takes what is indexed for a text
			missing = append(missing, "!("+quoted(m[1])+" in "+before+")")
		}
		missing = append(missing, p.name+" == null")
		path = path[len(m[0]):]
	}
	p.missing = strings.Join(missing, " || ")
	return p, true
}

// bodyIs writes a claim about the body.
func (g *gatusCheck) bodyIs(left, op, right string) (why string) {
	wrapped, inner := "", left
	for _, f := range []string{"len", "has"} {
		if in, ok := strings.CutPrefix(left, f+"("); ok && strings.HasSuffix(in, ")") {
			wrapped, inner = f, strings.TrimSuffix(in, ")")
		}
	}
	p, ok := g.bodyPart(inner)
	if !ok {
		return "this path has no counterpart in an expression"
	}
	switch {
	case wrapped == "has" && (right == "true" || right == "false") && (op == "==" || op == "!="):
		missing := p.missing
		if missing == "" {
			missing = p.name + ".matches(" + quoted(`^\s*$`) + ")"
		}
		if (op == "==") == (right == "true") {
			missing = "!(" + missing + ")"
		}
		g.expect = append(g.expect, missing)
		return ""
	case wrapped == "has":
		return "it asks for neither true nor false"
	case wrapped == "len" && aNumber.MatchString(right):
		list := p.name
		if !p.isJSON() && g.c.Kind == "http" {
			list = "json"
		}
		length := "size(bytes(" + p.text() + "))"
		if p.isJSON() || g.c.Kind == "http" {
			length = fmt.Sprintf("(type(%s) == list ? size(%[1]s) : %s)", list, length)
		}
		g.expect = append(g.expect, length+" "+op+" "+right)
		return ""
	case wrapped == "len":
		return "it compares a length with no number"
	case op != "==" && op != "!=":
		return g.order(p, op, right)
	}
	return g.compare(p, op, right)
}

// order writes which of two is more.
func (g *gatusCheck) order(p part, op, right string) (why string) {
	if aNumber.MatchString(right) {
		whole, _, _ := strings.Cut(right, ".")
		g.expect = append(g.expect, fmt.Sprintf("int(double(%s)) %s %s", p.name, op, whole))
		return ""
	}
	if d, err := time.ParseDuration(right); err == nil && d != 0 {
		g.expect = append(g.expect, fmt.Sprintf("duration(%s) %s duration(%s)", p.text(), op, quoted(right)))
		return ""
	}
	return "it orders what is no number"
}

// compare writes whether a part is what is said, or is not.
func (g *gatusCheck) compare(p part, op, right string) (why string) {
	said := ""
	switch m := pattern.FindStringSubmatch(right); {
	case m != nil:
		text := strings.Trim(m[1], "*")
		if key := map[string]string{"==": "contains", "!=": "not_contains"}[op]; p.name == "body" && g.c.Kind == "http" && m[1] == "*"+text+"*" && !strings.ContainsAny(text, `*?[\/`) {
			list, _ := g.c.Options[key].([]any)
			g.set(key, append(list, g.p.expanded(g.c, text)))
			return ""
		}
		said = p.matches(likeGlob(m[1]))
	case strings.HasPrefix(right, "[BODY]"):
		other, ok := g.bodyPart(right)
		if !ok {
			return "this path has no counterpart in an expression"
		}
		said = p.text() + " == " + other.text()
	case strings.HasPrefix(right, "["):
		return "it compares with another value of the answer"
	default:
		items := anyOf(right)
		for _, item := range items {
			if strings.Contains(item, "pat(") {
				return "it compares with a pattern among others"
			}
		}
		said = g.oneOf(p, items)
	}
	if op == "==" {
		g.expect = append(g.expect, said)
		return ""
	}
	if strings.HasPrefix(said, p.text()+" == ") {
		said = strings.Replace(said, " == ", " != ", 1)
	} else {
		said = "!(" + said + ")"
	}
	if p.isJSON() {
		said = p.missing + " || " + said
	}
	g.expect = append(g.expect, said)
	return ""
}

// oneOf writes that a part is one of some texts.
func (g *gatusCheck) oneOf(p part, items []string) string {
	var texts, likes []string
	plain := true
	for _, item := range items {
		plain = plain && !strings.Contains(item, "$") // ${NAME} stands for what is not known here
		texts, likes = append(texts, g.p.expanded(g.c, quoted(item))), append(likes, regexp.QuoteMeta(item))
		if n, err := strconv.ParseInt(item, 0, 64); err == nil && strconv.FormatInt(n, 10) != item {
			texts, likes = append(texts, quoted(strconv.FormatInt(n, 10))), append(likes, strconv.FormatInt(n, 10))
		}
	}
	switch {
	case !p.isJSON() && plain:
		return p.matches("(" + strings.Join(likes, "|") + ")")
	case len(texts) == 1:
		return p.text() + " == " + texts[0]
	}
	return p.text() + " in [" + strings.Join(texts, ", ") + "]"
}

// matches writes that a part is like an expression. Around a whole text blanks do not
// count.
func (p part) matches(like string) string {
	if p.isJSON() {
		return p.text() + ".matches(" + quoted("(?s)^"+like+"$") + ")"
	}
	return p.text() + ".matches(" + quoted(`(?s)^\s*`+like+`\s*$`) + ")"
}

// likeGlob is the regular expression of a pattern: * for any text, ? for one character,
// [a-z] for one of some, \ before what is meant itself; slashes are looked over there.
func likeGlob(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case '/':
			b.WriteString("/*")
		case '[':
			if end := strings.IndexByte(glob[i:], ']'); end > 1 {
				b.WriteString(glob[i : i+end+1])
				i += end
				continue
			}
			b.WriteString(`\[`)
		case '\\':
			if i++; i < len(glob) {
				b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
			}
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}
