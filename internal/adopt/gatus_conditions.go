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
		g.connected = true
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
	case left == "[DNS_RCODE]":
		return g.rcodeIs(op, right)
	case left == "[DOMAIN_EXPIRATION]":
		return g.registered(op, right)
	case left == "[IP]":
		return "addresses are not compared; ask for them by kind dns"
	case left == "[BODY]" && g.c.Kind == "dns":
		return g.answerIs(op, right)
	case strings.Contains(left, "[BODY]") && g.c.Kind == "dns":
		return g.answers(left, op, right)
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
		g.narrow(func(code int) bool { return like.MatchString(strconv.Itoa(code)) == (op == "==") })
		return ""
	}
	var wanted []int
	for _, item := range anyOf(right) {
		n, err := strconv.Atoi(item)
		if err != nil && strings.Contains(item, "$") {
			return inTheEnvironment
		}
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
	g.narrow(is)
	return ""
}

// narrow leaves those of the statuses that are allowed as well.
func (g *gatusCheck) narrow(is func(code int) bool) {
	allowed := codesWhere(is)
	g.silent = g.silent && is(0)
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

// Why a claim is left out whose other side stands in the environment.
const (
	inTheEnvironment = "what it compares with stands in the environment"
	inThePattern     = "what stands in the environment has no place in a pattern"
)

// amount is what Gatus reads a side of < or > as: a duration, or a number of milliseconds, of
// which it drops what is behind the point. What is neither, such as 30d, is 0 there. It says
// why that is no amount here.
func (g *gatusCheck) amount(right string) (d time.Duration, why string) {
	if d, err := time.ParseDuration(right); err == nil {
		return d, ""
	}
	if n, err := strconv.ParseInt(right, 0, 64); err == nil {
		return time.Duration(n) * time.Millisecond, ""
	}
	if f, err := strconv.ParseFloat(right, 64); err == nil {
		return time.Duration(f) * time.Millisecond, ""
	}
	if strings.Contains(right, "$") {
		return 0, inTheEnvironment
	}
	return 0, ""
}

// days is how much a claim wants left, in whole days.
func (g *gatusCheck) days(what, op, right string) (days int, why string) {
	left, why := g.amount(right)
	switch {
	case why != "":
		return 0, why
	case op != ">" && op != ">=":
		return 0, "only a lower bound has a counterpart"
	}
	days = int(math.Ceil(left.Hours() / 24))
	switch {
	case left == 0 && strings.Trim(right, "0hms") != "":
		g.differs = append(g.differs, fmt.Sprintf("%s must have time left: %s is no duration to Gatus, which takes it for 0; hours are", what, right))
	case float64(days)*24 != left.Hours():
		g.differs = append(g.differs, fmt.Sprintf("%s must have %d whole days left, it was %s", what, days, right))
	}
	return days, ""
}

func (g *gatusCheck) latency(op, right string) (why string) {
	limit, why := g.amount(right)
	switch {
	case why != "":
		return why
	case op != "<" && op != "<=" || limit <= 0:
		return "only an upper bound has a counterpart"
	case g.c.Timeout > 0 && limit >= g.c.Timeout:
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
	days, why := g.days("the certificate", op, right)
	switch {
	case why != "":
		return why
	case g.c.Kind == "tls":
		g.set("fail_days", days)
		g.set("warn_days", days+1)
	default:
		g.expect = append(g.expect, fmt.Sprintf("certificate.days_left >= %d", days))
	}
	return ""
}

// ofAnswers is why a claim about what a name server answers is left out.
const ofAnswers = "of answers only one that must be there has a counterpart: write expect, exactly or matches"

// beforeAnswer is what stands before what Gatus looks at in a record as a zone file has it, as
// a regular expression. Records of other types are written otherwise there.
var beforeAnswer = map[string]string{"A": "", "AAAA": "", "CNAME": "", "NS": "", "PTR": "", "TXT": "", "MX": "[0-9]+ "}

// answerIs writes what a name server must answer: with several records the last is the
// body there, of texts all, a line each.
func (g *gatusCheck) answerIs(op, right string) (why string) {
	kind := strings.ToUpper(fmt.Sprint(g.c.Options["type"]))
	before, known := beforeAnswer[kind]
	flags := "(?i)" // of names
	if kind == "TXT" {
		flags = "(?s)"
	}
	glob, items := pattern.FindStringSubmatch(right), anyOf(right)
	isPattern := glob != nil || items[0] != right || before != ""
	switch {
	case !known:
		return "its record is written otherwise here: write expect, as a zone file has it"
	case op != "==" || speaks(right):
		return ofAnswers
	case isPattern && strings.Contains(right, "$"):
		return inThePattern
	case glob == nil && isPattern && strings.Contains(right, "pat("):
		return "it compares with a pattern among others"
	case glob != nil:
		g.also("matches", literal(flags+"^"+before+likeGlob(glob[1])+"$"))
	case isPattern:
		for i, item := range items {
			items[i] = regexp.QuoteMeta(strings.TrimSuffix(item, "."))
		}
		g.also("matches", literal(flags+"^"+before+"("+strings.Join(items, "|")+`)\.?$`))
	default:
		g.also("expect", g.p.expanded(g.c, right))
	}
	if more := "the answer must be one of several; Gatus looks at the last"; !slices.Contains(g.differs, more) {
		g.differs = append(g.differs, more)
	}
	return ""
}

// also adds to an option that is a list.
func (g *gatusCheck) also(key, text string) {
	list, _ := g.c.Options[key].([]any)
	g.set(key, append(list, text))
}

// answers takes what asks for any answer of a name server.
func (g *gatusCheck) answers(left, op, right string) (why string) {
	if !slices.Contains([]string{"has([BODY]) == true", "has([BODY]) != false", "len([BODY]) > 0", "len([BODY]) != 0"}, left+" "+op+" "+right) {
		return ofAnswers
	}
	g.set("min_answers", 1)
	return ""
}

// rcodeIs takes the response codes that are right.
func (g *gatusCheck) rcodeIs(op, right string) (why string) {
	switch {
	case op != "==":
		return "only response codes that are right have a counterpart"
	case strings.Contains(right, "$"):
		return inTheEnvironment
	case strings.Contains(right, "pat("):
		return "it compares with a pattern"
	}
	g.rcode = anyOf(right)
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
	days, why := g.days("the domain", op, right)
	if why != "" {
		return why
	}
	u, err := url.Parse(g.e.URL)
	if err != nil || u.Hostname() == "" {
		return "the address names no domain"
	}
	name, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(u.Hostname()))
	if err != nil {
		return "the address names no domain that is registered"
	}
	g.domain, g.domainDays = name, days
	return ""
}
