package adopt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// readTerraform reads `terraform show -json`: the state, with the checks of Pingdom, StatusCake,
// Better Stack and Checkly as their providers hold them.
func readTerraform(p *Plan, sources []Source) error {
	for _, s := range sources {
		var state struct {
			Values struct {
				Root terraformModule `json:"root_module"`
			} `json:"values"`
		}
		if err := json.Unmarshal(s.Text, &state); err != nil {
			return fmt.Errorf("%s is not what `terraform show -json` prints: %w", s.Name, err)
		}
		p.terraformModule(state.Values.Root, 0)
	}
	return nil
}

type terraformModule struct {
	Resources []struct {
		Type    string           `json:"type"`
		Address string           `json:"address"`
		Values  terraformChecked `json:"values"`
	} `json:"resources"`
	Children []terraformModule `json:"child_modules"`
}

// terraformChecked are the values of a resource, by name.
type terraformChecked map[string]any

func (v terraformChecked) text(names ...string) string {
	for _, name := range names {
		switch x := v[name].(type) {
		case string:
			if x != "" {
				return x
			}
		case float64:
			return strconv.FormatFloat(x, 'f', -1, 64)
		}
	}
	return ""
}

func (v terraformChecked) number(name string) float64 {
	n, _ := strconv.ParseFloat(v.text(name), 64)
	return n
}

// block is a block, which a state holds as a list of one.
func (v terraformChecked) block(name string) terraformChecked {
	switch x := v[name].(type) {
	case []any:
		if len(x) > 0 {
			m, _ := x[0].(map[string]any)
			return m
		}
	case map[string]any:
		return x
	}
	return nil
}

func (v terraformChecked) texts(name string) (list []string) {
	items, _ := v[name].([]any)
	for _, item := range items {
		list = append(list, fmt.Sprint(item))
	}
	return list
}

func (p *Plan) terraformModule(m terraformModule, depth int) {
	for _, r := range m.Resources {
		v := r.Values
		switch r.Type {
		case "pingdom_check":
			p.pingdom(v)
		case "statuscake_uptime_check":
			p.statusCake(v)
		case "betteruptime_monitor":
			p.betterStack(v)
		case "betteruptime_heartbeat", "checkly_heartbeat_monitor", "statuscake_heartbeat_check":
			p.terraformHeartbeat(v)
		case "checkly_check", "checkly_url_monitor":
			p.checkly(v, r.Type)
		case "checkly_tcp_check", "checkly_tcp_monitor":
			p.checklyTCP(v)
		case "uptimerobot_monitor":
			p.uptimeRobot(map[string]string{"friendly name": v.text("friendly_name", "name"), "url/ip": v.text("url"), "type": v.text("type"), "interval": v.text("interval"), "port": v.text("port"),
				"keyword type": v.text("keyword_type"), "keyword value": v.text("keyword_value"), "keyword case type": v.text("keyword_case_type"), "http method": v.text("http_method_type", "http_method")})
		default:
			if watches(r.Type) {
				p.refuse(r.Address, "there is no kind of check for "+r.Type+" that could be written from this")
			}
		}
	}
	if depth < 50 {
		for _, child := range m.Children {
			p.terraformModule(child, depth+1)
		}
	}
}

// watches reports whether a resource of a type that is not read looks at something, as far as
// is known of providers.
func watches(kind string) bool {
	provider, _, _ := strings.Cut(kind, "_")
	if slices.Contains([]string{"pingdom", "statuscake", "betteruptime", "checkly", "uptimerobot"}, provider) {
		return !strings.Contains(kind, "contact")
	}
	return slices.ContainsFunc([]string{"datadog_synthetics_test", "newrelic_synthetics_", "grafana_synthetic_monitoring_check", "google_monitoring_uptime_check", "aws_route53_health_check",
		"azurerm_application_insights_", "site24x7_", "freshping_", "updown_", "hyperping_", "oneuptime_monitor"}, func(prefix string) bool { return strings.HasPrefix(kind, prefix) })
}

// tagged adds the tags of a resource, a list or a text with commas.
func (c *Check) tagged(v terraformChecked) {
	list, text := v.texts("tags"), v.text("tags")
	for _, tag := range append(list, strings.Split(text, ",")...) {
		c.tag(tag, "")
	}
}

func (p *Plan) terraformHeartbeat(v terraformChecked) {
	c := p.begin(p.product(v.text("name"), ""), v.text("name"), "heartbeat")
	c.Every = time.Duration(cmp.Or(v.number("period"), 86400)) * time.Second
	if grace := v.number("grace"); grace > 0 {
		c.Options["grace"] = span(time.Duration(grace) * time.Second)
	}
	c.Options["token"] = p.secret(&c, "token", "")
	p.add(c, "whoever reports must send to statusbot, with a new token (docs/kinds/heartbeat.md)")
}

// request writes a URL with what goes with it.
func (p *Plan) request(c *Check, url string, headers map[string]any, as text) {
	c.Options["url"] = p.address(c, url, as)
	named := map[string]string{}
	for name, value := range headers {
		named[name] = fmt.Sprint(value)
	}
	p.headers(c, named, as)
}

func (p *Plan) pingdom(v terraformChecked) {
	kind := map[string]string{"http": "http", "tcp": "tcp", "ping": "icmp", "dns": "dns"}[v.text("type")]
	if kind == "" {
		p.refuse(v.text("name"), "there is no kind of check for Pingdom's "+v.text("type"))
		return
	}
	c := p.begin(p.product(v.text("name"), ""), v.text("name"), kind)
	c.Every = time.Duration(cmp.Or(v.number("resolution"), 5)) * time.Minute
	c.Timeout = 30 * time.Second
	c.Disabled = v["paused"] == true
	host := v.text("host")
	switch kind {
	case "http":
		scheme := "http://"
		if v["encryption"] == true {
			scheme = "https://"
		}
		if port := v.text("port"); port != "" && port != "0" && port != "80" && port != "443" {
			host = net.JoinHostPort(host, port)
		}
		headers, _ := v["requestheaders"].(map[string]any)
		p.request(&c, scheme+host+v.text("url"), headers, plain)
		if user := v.text("username"); user != "" {
			c.Options["basic_auth"] = map[string]any{"user": literal(user), "password": p.secret(&c, "password", "")}
		}
		p.body(&c, v.text("postdata"), plain)
		if v.text("postdata") != "" {
			c.Options["method"] = "POST"
		}
		if text := v.text("shouldcontain"); text != "" {
			c.Options["contains"] = []any{literal(text)}
		}
		if text := v.text("shouldnotcontain"); text != "" {
			c.Options["not_contains"] = []any{literal(text)}
		}
		if v["verify_certificate"] == false {
			c.Options["insecure_tls"] = true
		}
		if days := v.number("ssl_down_days_before"); days > 0 && scheme == "https://" {
			c.Options["expect"] = fmt.Sprintf("certificate.days_left >= %.0f", days)
		}
		if ms := v.number("responsetime_threshold"); ms > 0 && ms < 30_000 {
			c.Options["degraded_over"] = span(time.Duration(ms) * time.Millisecond)
		}
	case "tcp":
		c.Options["address"] = net.JoinHostPort(literal(host), cmp.Or(v.text("port"), "80"))
		if send := v.text("stringtosend"); send != "" {
			c.Options["send"] = literal(send)
		}
		if expect := v.text("stringtoexpect"); expect != "" {
			c.Options["expect"] = literal(expect)
		}
	case "icmp":
		c.Options["host"] = literal(host)
	case "dns":
		c.Options["name"] = literal(host)
		c.Options["resolver"] = withPort(literal(v.text("nameserver")), "53")
		c.Options["expect"] = []any{literal(v.text("expectedip"))}
	}
	c.tagged(v)
	p.places(v, "probefilters")
	if v.number("sendnotificationwhendown") > 0 {
		p.differ("sendnotificationwhendown and its like", thresholds)
	}
	p.add(c)
}

func (p *Plan) statusCake(v terraformChecked) {
	name := v.text("name")
	every := time.Duration(cmp.Or(v.number("check_interval"), 300)) * time.Second
	address := v.block("monitored_resource").text("address")
	dns := v.block("dns_check")
	switch web, tcp := v.block("http_check"), v.block("tcp_check"); {
	case web != nil:
		c := p.begin(p.product(name, ""), name, "http")
		c.Every, c.Timeout, c.Disabled = every, time.Duration(web.number("timeout"))*time.Second, v["paused"] == true
		headers, _ := web["request_headers"].(map[string]any)
		p.request(&c, address, headers, plain)
		if auth := web.block("basic_authentication"); auth != nil {
			c.Options["basic_auth"] = map[string]any{"user": literal(auth.text("username")), "password": p.secret(&c, "password", "")}
		}
		if method := strings.ToUpper(web.text("request_method")); method == "HEAD" {
			c.Options["method"] = method
		} else if body := web.text("request_payload_raw"); body != "" {
			c.Options["method"] = "POST"
			p.body(&c, body, plain)
		}
		if web["validate_ssl"] == false && strings.HasPrefix(address, "https:") {
			c.Options["insecure_tls"] = true
		}
		follows := web["follow_redirects"] == true
		c.Options["redirects"] = map[bool]int{true: 10}[follows]
		var differs []string
		differs = web.unwritten(differs, "enable_cookies", "final_endpoint")
		if form, _ := web["request_payload"].(map[string]any); len(form) > 0 {
			differs = append(differs, "its request_payload is left out: write method and body")
		}
		if agent := web.text("user_agent"); agent != "" {
			p.headers(&c, with(headers, "User-Agent", agent), plain)
		}
		c.tagged(v)
		if listed, ok := readCodes(web.texts("status_codes")); ok && len(listed) > 0 {
			differs = append(differs, statuses(&c, codesWhere(func(code int) bool { return !listed[code] }), follows), "status_codes are those that are wrong there; here all others are right")
		}
		if m := web.block("content_matchers"); m != nil {
			key := "contains"
			if strings.HasPrefix(m.text("matcher"), "NOT") {
				key = "not_contains"
			}
			c.Options[key] = []any{literal(m.text("content"))}
		}
		p.add(c, differs...)
	case tcp != nil:
		c := p.begin(p.product(name, ""), name, "tcp")
		c.Every, c.Timeout, c.Disabled = every, time.Duration(tcp.number("timeout"))*time.Second, v["paused"] == true
		c.Options["address"] = net.JoinHostPort(literal(address), tcp.text("port"))
		c.tagged(v)
		p.add(c)
	case dns != nil:
		c := p.begin(p.product(name, ""), name, "dns")
		c.Every, c.Disabled = every, v["paused"] == true
		c.Options["name"] = literal(address)
		if server := dns.text("dns_server"); server != "" {
			c.Options["resolver"] = withPort(literal(server), "53")
		}
		var differs []string
		if right := dns.texts("dns_ips"); len(right) > 0 {
			c.Options["expect"] = right
			if len(right) > 1 {
				differs = append(differs, "all of dns_ips must be among the answers")
			}
		}
		c.tagged(v)
		p.add(c, differs...)
	case v.block("icmp_check") != nil:
		c := p.begin(p.product(name, ""), name, "icmp")
		c.Every, c.Options["host"], c.Disabled = every, literal(address), v["paused"] == true
		c.tagged(v)
		p.add(c)
	default:
		p.refuse(name, "there is no kind of check for this one of StatusCake: write ssh or smtp anew")
	}
	p.places(v, "regions")
	if v.number("confirmation") > 0 {
		p.differ("confirmation by other servers", thresholds)
	}
}

func (p *Plan) betterStack(v terraformChecked) {
	name, url := cmp.Or(v.text("pronounceable_name"), hostOf(v.text("url"))), v.text("url")
	kind := map[string]string{"status": "http", "expected_status_code": "http", "keyword": "http", "keyword_absence": "http", "ping": "icmp", "tcp": "tcp", "dns": "dns", "smtp": "tcp", "pop": "tcp", "imap": "tcp"}[v.text("monitor_type")]
	if kind == "" {
		p.refuse(name, "there is no kind of check for Better Stack's "+v.text("monitor_type")+" that could be written from this")
		return
	}
	c := p.begin(p.product(name, ""), name, kind)
	c.Every = time.Duration(cmp.Or(v.number("check_frequency"), 180)) * time.Second
	c.Timeout = time.Duration(cmp.Or(v.number("request_timeout"), 30)) * time.Second
	c.Disabled = v["paused"] == true
	var differs []string
	switch kind {
	case "http":
		headers := map[string]any{}
		list, _ := v["request_headers"].([]any)
		for _, item := range list {
			if h, ok := item.(map[string]any); ok {
				headers[terraformChecked(h).text("name")] = terraformChecked(h).text("value")
			}
		}
		p.request(&c, url, headers, plain)
		if method := strings.ToUpper(v.text("http_method")); method != "" && method != "GET" {
			c.Options["method"] = method
		}
		p.body(&c, v.text("request_body"), plain)
		if user := v.text("auth_username"); user != "" {
			c.Options["basic_auth"] = map[string]any{"user": literal(user), "password": p.secret(&c, "password", "")}
		}
		follows := v["follow_redirects"] != false
		c.Options["redirects"] = map[bool]int{true: 10}[follows]
		if listed, ok := readCodes(v.texts("expected_status_codes")); ok && len(listed) > 0 {
			differs = append(differs, statuses(&c, listed, follows))
		}
		if days := v.number("ssl_expiration"); days > 0 && strings.HasPrefix(url, "https:") {
			c.Options["degraded_if"] = fmt.Sprintf("certificate.days_left < %.0f", days)
			differs = append(differs, fmt.Sprintf("a certificate that ends within %.0f days makes it degraded, in place of a notification", days))
		}
		if v.number("domain_expiration") > 0 {
			differs = append(differs, "its domain_expiration is not written: a check of kind domain looks at that")
		}
		if word := v.text("required_keyword"); word != "" {
			c.Options[map[bool]string{true: "not_contains", false: "contains"}[v.text("monitor_type") == "keyword_absence"]] = []any{literal(word)}
		}
		if v["verify_ssl"] == false {
			c.Options["insecure_tls"] = true
		}
		differs = v.unwritten(differs, "remember_cookies", "environment_variables", "proxy_host")
	case "icmp":
		c.Options["host"] = literal(url)
	case "tcp":
		c.Options["address"] = withPort(literal(url), cmp.Or(v.text("port"), "443"))
		if greeting := map[string]string{"smtp": "220", "pop": "+OK", "imap": "* OK"}[v.text("monitor_type")]; greeting != "" {
			c.Options["address"] = withPort(literal(url), cmp.Or(v.text("port"), map[string]string{"smtp": "25", "pop": "110", "imap": "143"}[v.text("monitor_type")]))
			c.Options["expect"] = greeting
			differs = append(differs, "that the server greets is looked at; kinds smtp and imap look at more")
		}
	case "dns":
		c.Options["resolver"], c.Options["name"] = withPort(literal(url), "53"), literal(v.text("request_body"))
	}
	if family := v.text("ip_version"); family == "ipv4" || family == "ipv6" {
		c.Options["family"] = family
	}
	p.places(v, "regions")
	if v.text("maintenance_from") != "" {
		differs = append(differs, "its maintenance is not written: plan it under maintenance")
	}
	if v.number("confirmation_period") > 0 || v.number("recovery_period") > 0 {
		p.differ("confirmation_period and recovery_period", thresholds)
	}
	p.add(c, differs...)
}

// seconds reads a bound that was written.
func seconds(bound any) float64 {
	text, _ := bound.(string)
	d, _ := time.ParseDuration(text)
	return d.Seconds()
}

// with is a copy of headers with one more.
func with(headers map[string]any, name, value string) map[string]string {
	all := map[string]string{name: value}
	for name, value := range headers {
		all[name] = fmt.Sprint(value)
	}
	return all
}

func (p *Plan) checklyTCP(v terraformChecked) {
	request := v.block("request")
	c := p.begin(p.product(v.text("name"), ""), v.text("name"), "tcp")
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
	c := p.begin(p.product(name, ""), name, "http")
	c.Every = time.Duration(cmp.Or(v.number("frequency"), 5)) * time.Minute
	c.Timeout = 30 * time.Second
	c.Disabled, c.MustFail = v["activated"] == false, v["should_fail"] == true
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
		c.Options["basic_auth"] = map[string]any{"user": literal(auth.text("username")), "password": p.secret(&c, "password", "")}
	}
	follows := request["follow_redirects"] != false
	c.Options["redirects"] = map[bool]int{true: 10}[follows]
	for key, option := range map[string]string{"degraded_response_time": "degraded_over", "max_response_time": "fail_over"} {
		if ms := v.number(key); ms > 0 && ms < 30_000 {
			c.Options[option] = span(time.Duration(ms) * time.Millisecond)
		}
	}
	differs := p.checklyAssertions(&c, request, follows)
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
	differs = v.unwritten(differs, "environment_variable", "environment_variables", "local_setup_script", "local_teardown_script", "setup_snippet_id", "teardown_snippet_id")
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

// unwritten adds which of some keys say something, and are not written.
func (v terraformChecked) unwritten(differs []string, keys ...string) []string {
	keys = slices.DeleteFunc(keys, func(key string) bool { return !v.says(key) })
	if len(keys) == 0 {
		return differs
	}
	return append(differs, "not written: "+strings.Join(keys, ", "))
}

// says reports whether a key has a value that is not that of none.
func (v terraformChecked) says(key string) bool {
	switch x := v[key].(type) {
	case []any:
		return len(x) > 0
	case map[string]any:
		return len(x) > 0
	case bool:
		return x
	}
	return v.text(key) != "" && v.text(key) != "0"
}

// places tells of the places that a check is made from there.
func (p *Plan) places(v terraformChecked, keys ...string) {
	for _, key := range keys {
		if v.says(key) {
			p.differ(key, "not written: checks are made from where statusbot runs, and from its vantages (docs/vantages.md)")
		}
	}
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
func (p *Plan) checklyAssertions(c *Check, request terraformChecked, follows bool) (differs []string) {
	right := codesWhere(func(code int) bool { return code < 400 })
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
	return append(differs, statuses(c, right, follows))
}
