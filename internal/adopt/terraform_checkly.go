package adopt

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// seconds reads a bound that was written.
func seconds(bound any) float64 {
	text, _ := bound.(string)
	d, _ := time.ParseDuration(text)
	return d.Seconds()
}

func (p *Plan) checklyTCP(v terraformChecked) {
	request := v.block("request")
	c := p.begin(p.product(v.text(groupName, "name"), ""), v.text("name"), "tcp")
	c.Every, c.Timeout = time.Duration(cmp.Or(v.number("frequency"), 5))*time.Minute, 30*time.Second
	c.Disabled, c.MustFail = v["activated"] == false, v["should_fail"] == true
	c.Options["address"] = net.JoinHostPort(literal(request.text("hostname")), request.text("port"))
	if data := request.text("data"); data != "" {
		c.Options["send"] = literal(data)
	}
	c.tagged(v)
	var differs []string
	if request.block("assertion") != nil {
		differs = append(differs, "its assertions are left out: write expect or matches")
	}
	p.add(c, differs...)
}

// checkly takes a check of an API, or of a URL alone.
func (p *Plan) checkly(v terraformChecked, kind string) {
	name := v.text("name")
	if kind == "checkly_check" && v.text("type") != "API" {
		p.refuse(name, "what it does is a program in JavaScript: write a journey, kind browser, or a script (kind exec)")
		return
	}
	request := v.block("request")
	c := p.begin(p.product(v.text(groupName, "name"), ""), name, "http")
	c.Every = time.Duration(cmp.Or(v.number("frequency"), 5)) * time.Minute
	c.Timeout = 30 * time.Second
	c.Disabled = v["activated"] == false
	headers, _ := request["headers"].(map[string]any)
	p.request(&c, withParameters(request.text("url"), request["query_parameters"]), headers, p.handlebars)
	if request["skip_ssl"] == true {
		c.Options["insecure_tls"] = true
	}
	if request.text("body") != "" && slices.Contains([]string{"", "JSON", "GRAPHQL"}, strings.ToUpper(request.text("body_type"))) {
		c.contentType("")
	}
	c.tagged(v)
	if method := strings.ToUpper(request.text("method")); method != "" && method != "GET" {
		c.Options["method"] = method
	}
	p.body(&c, request.text("body"), p.handlebars)
	if auth := request.block("basic_auth"); auth != nil {
		p.basicAuth(&c, auth.text("username"))
	}
	follows := request["follow_redirects"] != false
	c.Options["redirects"] = map[bool]int{true: 10}[follows]
	for key, option := range map[string]string{"degraded_response_time": "degraded_over", "max_response_time": "fail_over"} {
		if ms := v.number(key); ms > 0 && ms < 30_000 {
			c.Options[option] = span(time.Duration(ms) * time.Millisecond)
		}
	}
	right := codesWhere(func(code int) bool { return code < 400 })
	if v["should_fail"] == true { // a status of failure is right then, and assertions hold as ever
		right = codesWhere(func(code int) bool { return code >= 400 })
	}
	differs := p.checklyAssertions(&c, request, right, follows)
	differs = append(differs, p.checklyBeside(&c, v, request)...)
	degraded, fail := seconds(c.Options["degraded_over"]), seconds(c.Options["fail_over"])
	if fail > 0 && degraded >= fail {
		delete(c.Options, "degraded_over") // it would never be told
	}
	p.add(c, differs...)
}

// checklyBeside tells what stands beside a request.
func (p *Plan) checklyBeside(c *Check, v, request terraformChecked) (differs []string) {
	if family := strings.ToLower(request.text("ip_family")); family == "ipv6" {
		c.Options["family"] = family
	}
	differs = v.unwritten(differs, "environment_variable", "environment_variables", "ssl_check", "local_setup_script", "local_teardown_script", "setup_snippet_id", "teardown_snippet_id")
	if v.number("group_id") > 0 {
		differs = append(differs, "what its group adds (address, headers, assertions) is not written")
	}
	if strings.Contains(fmt.Sprint(c.Options["url"], c.Options["headers"], c.Options["body"]), "{{") {
		differs = append(differs, "a placeholder {{...}} that is more than a name is sent as it stands")
	}
	p.places(v, "locations", "private_locations")
	if v.block("retry_strategy") != nil || v["double_check"] == true {
		p.differ("retry_strategy and double_check", thresholds)
	}
	return differs
}

var aHandlebar = lazy.Compile(`\{\{\{?\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}?\}\}`)

// handlebars writes {{NAME}}, a variable of Checkly's environment, as one of ours.
func (p *Plan) handlebars(c *Check, s string) string {
	var b strings.Builder
	at := 0
	for _, m := range aHandlebar.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(literal(s[at:m[0]]))
		p.variable(&b, c, s[m[2]:m[3]])
		at = m[1]
	}
	b.WriteString(literal(s[at:]))
	return b.String()
}

// withParameters adds parameters that stand beside an address.
func withParameters(address string, parameters any) string {
	named, _ := parameters.(map[string]any)
	for _, name := range sorted(named) {
		sign := "?"
		if strings.Contains(address, "?") {
			sign = "&"
		}
		value := fmt.Sprint(named[name])
		if !aHandlebar.MatchString(value) {
			value = url.QueryEscape(value)
		}
		address += sign + url.QueryEscape(name) + "=" + value
	}
	return address
}

// checklyHeaders are claims about a header as expressions.
var checklyHeaders = map[string]string{
	"EQUALS": "NAME in headers && headers[NAME] == VALUE", "CONTAINS": "NAME in headers && headers[NAME].contains(VALUE)", "NOT_EMPTY": "NAME in headers && headers[NAME] != ''",
}

// checklyAssertions writes what Checkly expects of an answer.
func (p *Plan) checklyAssertions(c *Check, request terraformChecked, right codes, follows bool) (differs []string) {
	var expect []string
	list, _ := request["assertion"].([]any)
	for _, item := range list {
		m, _ := item.(map[string]any)
		a := terraformChecked(m)
		n, err := strconv.Atoi(a.text("target"))
		switch source, op := a.text("source"), a.text("comparison"); {
		case source == "STATUS_CODE" && err == nil:
			is := map[string]func(int) bool{"EQUALS": func(code int) bool { return code == n }, "NOT_EQUALS": func(code int) bool { return code != n },
				"LESS_THAN": func(code int) bool { return code < n }, "GREATER_THAN": func(code int) bool { return code > n }}[op]
			if is == nil {
				differs = append(differs, "an assertion on the status is left out: "+op)
				continue
			}
			was := right
			if op == "EQUALS" || op == "GREATER_THAN" {
				was = codesWhere(func(int) bool { return true })
			}
			right = codesWhere(func(code int) bool { return was[code] && is(code) })
		case source == "TEXT_BODY" && (op == "CONTAINS" || op == "NOT_CONTAINS"):
			key := strings.ToLower(op)
			old, _ := c.Options[key].([]any)
			c.Options[key] = append(old, literal(a.text("target")))
		case source == "RESPONSE_TIME" && op == "LESS_THAN" && err == nil && n > 0 && n < 30_000:
			if now := seconds(c.Options["fail_over"]); now == 0 || now > float64(n)/1000 {
				c.Options["fail_over"] = span(time.Duration(n) * time.Millisecond)
			}
		case source == "HEADERS" && checklyHeaders[op] != "":
			expect = append(expect, literal(strings.NewReplacer("NAME", quoted(strings.ToLower(a.text("property"))), "VALUE", quoted(a.text("target"))).Replace(checklyHeaders[op])))
		case source == "JSON_BODY" && (op == "EQUALS" || op == "NOT_EQUALS") && jsonPath.MatchString(strings.TrimPrefix(a.text("property"), "$")):
			expect = append(expect, literal(fmt.Sprintf("string(json%s) %s %s", strings.TrimPrefix(a.text("property"), "$"), map[string]string{"EQUALS": "==", "NOT_EQUALS": "!="}[op], quoted(a.text("target")))))
		default:
			differs = append(differs, fmt.Sprintf("the assertion %s %s %s is left out: write an expression", source, a.text("property"), op))
		}
	}
	if len(expect) > 0 {
		c.Options["expect"] = expect
	}
	return append(differs, p.statuses(c, right, follows))
}
