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

	"github.com/statusbot/statusbot/internal/lazy"
)

var gatusOperators = []string{" == ", " != ", " <= ", " >= ", " < ", " > "}

// condition writes one, or says why it cannot.
func (g *gatusCheck) condition(condition string) (why string) {
	i := slices.IndexFunc(gatusOperators, func(op string) bool { return strings.Contains(condition, op) })
	if i < 0 {
		return "it has no operator"
	}
	left, right, _ := strings.Cut(condition, gatusOperators[i])
	left, right = placeholder(left), placeholder(right)
	op := strings.TrimSpace(gatusOperators[i])
	if !speaks(left) && speaks(right) {
		left, right, op = right, left, strings.NewReplacer("<", ">", ">", "<").Replace(op)
	}
	switch {
	case left == "[CONNECTED]" && (op == "==") == (right == "true"):
		return "" // what is not connected fails anyway
	case left == "[CONNECTED]":
		g.c.MustFail = true
		return ""
	case left == "[STATUS]" && g.c.Kind == "http":
		return g.statusIs(op, right)
	case left == "[STATUS]" && g.c.Kind == "ssh" && !g.e.logsIn() && op == "==" && right == "0":
		return "" // the server greets
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
	case left == "[BODY]" && g.c.Kind == "dns":
		return g.answerIs(op, right)
	case left == "[BODY].status" && g.c.Kind == "grpc":
		return g.healthIs(op, right)
	case strings.Contains(left, "[BODY]"):
		return g.bodyIs(left, op, right)
	}
	return "it has no counterpart"
}

var placeholders = lazy.Compile(`(?i)^((?:len\(|has\()?\[(?:status|ip|dns_rcode|response_time|body|connected|certificate_expiration|domain_expiration)\])`)

// speaks reports whether a side of a condition names something of the answer.
func speaks(side string) bool { return placeholders.MatchString(side) }

// placeholder is a side of a condition; what it names is found in any case there.
func placeholder(side string) string {
	side = strings.TrimSpace(side)
	at := placeholders.FindString(side)
	i := strings.IndexByte(at, '[') + 1
	return at[:i] + strings.ToUpper(at[i:]) + side[len(at):]
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
	if m := pattern.FindStringSubmatch(right); m != nil && (op == "==" || op == "!=") {
		like, err := regexp.Compile("^" + likeGlob(m[1]) + "$")
		if err != nil {
			return "its pattern cannot be read"
		}
		g.narrow(codesWhere(func(code int) bool { return like.MatchString(strconv.Itoa(code)) == (op == "==") }))
		return ""
	}
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
	g.narrow(codesWhere(is))
	return ""
}

// narrow leaves those of the statuses that are allowed as well.
func (g *gatusCheck) narrow(allowed codes) {
	if g.status == nil {
		g.status = allowed
		return
	}
	for code := range g.status {
		if !allowed[code] {
			delete(g.status, code)
		}
	}
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

// answerIs writes what a name server must answer: with several records the last is the
// body there.
func (g *gatusCheck) answerIs(op, right string) (why string) {
	switch {
	case !slices.Contains([]string{"A", "AAAA", "CNAME", "NS", "PTR", "TXT"}, strings.ToUpper(fmt.Sprint(g.c.Options["type"]))):
		return "its record is written otherwise here: write expect, as a zone file has it"
	case op != "==" || strings.HasPrefix(right, "any(") || strings.HasPrefix(right, "pat(") || speaks(right):
		return "of answers only one that must be there has a counterpart: write expect or exactly"
	}
	answers, _ := g.c.Options["expect"].([]any)
	g.set("expect", append(answers, g.p.expanded(g.c, right)))
	g.differs = append(g.differs, "the answer must be one of several; Gatus looks at the last")
	return ""
}

// healthIs takes what a gRPC server must say of its health, which is what kind grpc asks.
func (g *gatusCheck) healthIs(op, right string) (why string) {
	g.health = true
	if op != "==" || right != "SERVING" {
		return "only SERVING is right here"
	}
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
