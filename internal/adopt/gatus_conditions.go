package adopt

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

var gatusOperators = []string{" == ", " != ", " <= ", " >= ", " < ", " > "}

// condition writes one, or says why it cannot.
func (g *gatusCheck) condition(condition string) (why string) {
	i := slices.IndexFunc(gatusOperators, func(op string) bool { return strings.Contains(condition, op) })
	if i < 0 {
		return "it has no operator"
	}
	left, right, _ := strings.Cut(condition, gatusOperators[i])
	left, right = strings.TrimSpace(left), strings.TrimSpace(right)
	op := strings.TrimSpace(gatusOperators[i])
	switch {
	case left == "[CONNECTED]" && (op == "==") == (right == "true"):
		return "" // what is not connected fails anyway
	case left == "[CONNECTED]":
		g.c.MustFail = true
		return ""
	case left == "[STATUS]" && g.c.Kind == "http":
		return g.statusIs(op, right)
	case left == "[STATUS]" && g.c.Kind == "ssh":
		return "its command is not run"
	case left == "[RESPONSE_TIME]":
		return g.latency(op, right)
	case left == "[CERTIFICATE_EXPIRATION]":
		return g.certificate(op, right)
	case left == "[DNS_RCODE]" && op == "==":
		g.rcode = right
		return ""
	case left == "[DNS_RCODE]":
		return "a response code can be one only"
	case left == "[DOMAIN_EXPIRATION]":
		return g.registered(op, right)
	case left == "[IP]":
		return "addresses are not compared; ask for them by kind dns"
	case strings.Contains(left, "[BODY]"):
		return g.bodyIs(left, op, right)
	}
	return "it has no counterpart"
}

// anyOf returns the items of any(a, b), or the text itself.
func anyOf(text string) []string {
	if inner, ok := strings.CutPrefix(text, "any("); ok && strings.HasSuffix(inner, ")") {
		var items []string
		for item := range strings.SplitSeq(strings.TrimSuffix(inner, ")"), ",") {
			items = append(items, strings.TrimSpace(item))
		}
		return items
	}
	return []string{text}
}

// statusIs narrows the statuses that are right.
func (g *gatusCheck) statusIs(op, right string) (why string) {
	var wanted []int
	for _, item := range anyOf(right) {
		n, err := strconv.Atoi(item)
		if err != nil {
			return "it compares with no number"
		}
		wanted = append(wanted, n)
	}
	n := wanted[0]
	is := map[string]func(int) bool{
		"==": func(code int) bool { return slices.Contains(wanted, code) },
		"!=": func(code int) bool { return !slices.Contains(wanted, code) },
		"<":  func(code int) bool { return code < n }, "<=": func(code int) bool { return code <= n },
		">": func(code int) bool { return code > n }, ">=": func(code int) bool { return code >= n },
	}[op]
	allowed := codesWhere(is)
	if g.status == nil {
		g.status = allowed
		return ""
	}
	for code := range g.status {
		if !allowed[code] {
			delete(g.status, code)
		}
	}
	return ""
}

func (g *gatusCheck) latency(op, right string) (why string) {
	ms, err := strconv.Atoi(strings.TrimSuffix(right, "ms"))
	if err != nil || op != "<" && op != "<=" {
		return "only an upper bound has a counterpart"
	}
	limit := time.Duration(ms) * time.Millisecond
	if timeout := g.c.Timeout; timeout > 0 && limit >= timeout {
		return "it is no less than the time-out, which comes first"
	}
	if !slices.Contains([]string{"http", "grpc", "icmp", "ssh", "udp", "websocket"}, g.c.Kind) {
		g.c.Timeout = limit
		g.differs = append(g.differs, fmt.Sprintf("the time-out is %s, the limit of [RESPONSE_TIME]", span(limit)))
		return ""
	}
	g.set("fail_over", span(limit))
	return ""
}

func (g *gatusCheck) certificate(op, right string) (why string) {
	left, err := time.ParseDuration(right)
	if err != nil || op != ">" && op != ">=" {
		return "only a lower bound has a counterpart"
	}
	days := int(math.Ceil(left.Hours() / 24))
	if float64(days)*24 != left.Hours() {
		g.differs = append(g.differs, fmt.Sprintf("the certificate must have %d whole days left, it was %s", days, right))
	}
	if g.c.Kind == "tls" {
		g.set("fail_days", days)
		g.set("warn_days", days+1)
		return ""
	}
	g.expect = append(g.expect, fmt.Sprintf("certificate.days_left >= %d", days))
	return ""
}

// registered has the registry asked by a check of its own.
func (g *gatusCheck) registered(op, right string) (why string) {
	left, err := time.ParseDuration(right)
	if err != nil || op != ">" && op != ">=" {
		return "only a lower bound has a counterpart"
	}
	u, err := url.Parse(g.e.URL)
	if err != nil || u.Hostname() == "" {
		return "the address names no domain"
	}
	name, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(u.Hostname()))
	if err != nil {
		return "the address names no domain that is registered"
	}
	g.domain, g.domainDays = name, int(math.Ceil(left.Hours()/24))
	return ""
}

var (
	pattern  = regexp.MustCompile(`^pat\((.*)\)$`)
	jsonPath = regexp.MustCompile(`^(\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\])*$`)
	aNumber  = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
)

// bodyName is the expression of [BODY].a[0].b.
func (g *gatusCheck) bodyName(placeholder string) (name string, ok bool) {
	path := strings.TrimPrefix(placeholder, "[BODY]")
	switch {
	case path == "" && g.c.Kind == "http":
		return "body", true
	case path == "" && g.c.Kind == "websocket":
		return "text", true
	case path == "" && g.c.Kind == "udp":
		return "received", true
	case !jsonPath.MatchString(path) || g.c.Kind != "http" && g.c.Kind != "websocket":
		return "", false
	}
	return "json" + path, true
}

// bodyIs writes a claim about the body.
func (g *gatusCheck) bodyIs(left, op, right string) (why string) {
	wrapped, inner := "", left
	for _, f := range []string{"len", "has"} {
		if in, ok := strings.CutPrefix(left, f+"("); ok && strings.HasSuffix(in, ")") {
			wrapped, inner = f, strings.TrimSuffix(in, ")")
		}
	}
	name, ok := g.bodyName(inner)
	if !ok {
		return "this path has no counterpart in an expression"
	}
	switch {
	case wrapped == "has" && strings.HasPrefix(name, "json") && strings.Contains(name, ".") && (right == "true" || right == "false"):
		said := "has(" + name + ")"
		if (op == "==") != (right == "true") {
			said = "!" + said
		}
		g.expect = append(g.expect, said)
	case wrapped == "has":
		return "this path has no counterpart in an expression"
	case wrapped == "len" && aNumber.MatchString(right):
		g.expect = append(g.expect, fmt.Sprintf("size(%s) %s %s", name, op, right))
	case wrapped == "len":
		return "it compares a length with no number"
	default:
		return g.compare(name, op, right)
	}
	return ""
}

// compare writes a comparison of a value of the body.
func (g *gatusCheck) compare(name, op, right string) (why string) {
	value := name
	if strings.HasPrefix(name, "json") {
		value = "string(" + name + ")" // Gatus compares what is printed
	}
	if m := pattern.FindStringSubmatch(right); m != nil {
		if op != "==" && op != "!=" {
			return "a pattern is or is not"
		}
		text := strings.Trim(m[1], "*")
		if key := map[string]string{"==": "contains", "!=": "not_contains"}[op]; name == "body" && g.c.Kind == "http" && m[1] == "*"+text+"*" && !strings.Contains(text, "*") {
			list, _ := g.c.Options[key].([]any)
			g.set(key, append(list, g.p.expanded(g.c, text)))
			return ""
		}
		said := fmt.Sprintf("%s.matches(%s)", value, quoted("(?s)^"+strings.ReplaceAll(regexp.QuoteMeta(m[1]), `\*`, ".*")+"$"))
		if op == "!=" {
			said = "!" + said
		}
		g.expect = append(g.expect, said)
		return ""
	}
	if op != "==" && op != "!=" {
		if !aNumber.MatchString(right) || name == "body" {
			return "it orders what is no number"
		}
		g.expect = append(g.expect, fmt.Sprintf("double(%s) %s %s", name, op, right+map[bool]string{false: ".0"}[strings.Contains(right, ".")]))
		return ""
	}
	var either []string
	for _, item := range anyOf(right) {
		if strings.Contains(item, "pat(") || strings.HasPrefix(item, "[") {
			return "it compares with a pattern or another value of the answer"
		}
		either = append(either, g.p.expanded(g.c, quoted(item)))
	}
	switch said := value + " == " + either[0]; {
	case len(either) > 1 && op == "==":
		g.expect = append(g.expect, value+" in ["+strings.Join(either, ", ")+"]")
	case len(either) > 1:
		g.expect = append(g.expect, "!("+value+" in ["+strings.Join(either, ", ")+"])")
	case op == "!=":
		g.expect = append(g.expect, value+" != "+either[0])
	default:
		g.expect = append(g.expect, said)
	}
	return ""
}
