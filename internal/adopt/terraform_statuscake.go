package adopt

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// statusCakeTLS is one that looks at a certificate.
func (p *Plan) statusCakeTLS(v terraformChecked) {
	address := v.block("monitored_resource").text("address")
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		p.refuse(shown(address)+", its certificate", "its address cannot be read")
		return
	}
	c := p.begin(p.product(u.Hostname(), ""), "certificate", "tls")
	c.name = u.Hostname() + ", its certificate"
	c.Every, c.Disabled = time.Duration(v.number("check_interval"))*time.Second, v["paused"] == true
	c.Options["address"] = withPort(literal(u.Host), "443")
	days := 0
	for _, day := range v.block("alert_config").texts("alert_at") {
		n, _ := strconv.Atoi(day)
		days = max(days, n)
	}
	c.Options["warn_days"], c.Options["fail_days"] = days, 0
	differs := "on_mixed, pages that load parts without TLS, is not looked at"
	if days > 0 {
		differs = "it is degraded from the first of the days of alert_at on, in place of a reminder at each; " + differs
	}
	p.add(c, differs)
}

// statusCakeWrong are the statuses that alarm where none are listed.
var statusCakeWrong = []string{"204-206", "303", "400-401", "403-406", "408", "410", "413", "429", "444", "494-496", "499-511", "520-524", "598-599"}

func (p *Plan) statusCake(v terraformChecked) {
	name := v.text("name")
	if kind, asked := statusCakeKind(v); kind == "" {
		p.refuse(name, "there is no kind of check for this one of StatusCake: write ssh or smtp anew")
	} else {
		c := p.begin(p.product(name, ""), name, kind)
		c.Every, c.Disabled = time.Duration(cmp.Or(v.number("check_interval"), 300))*time.Second, v["paused"] == true
		differs := p.statusCakeOptions(&c, asked, v.block("monitored_resource").text("address"))
		c.tagged(v)
		p.add(c, differs...)
	}
	p.places(v, "regions")
	if v.number("confirmation") > 0 {
		p.differ("confirmation by other servers", thresholds)
	}
}

// statusCakeKind is the kind of check that a resource comes to, with the block that says what it asks; "" for none.
func statusCakeKind(v terraformChecked) (kind string, asked terraformChecked) {
	for _, of := range []struct{ block, kind string }{{"http_check", "http"}, {"tcp_check", "tcp"}, {"dns_check", "dns"}, {"icmp_check", "icmp"}} {
		if asked := v.block(of.block); asked != nil {
			return of.kind, asked
		}
	}
	return "", nil
}

// statusCakeOptions writes what is asked at an address.
func (p *Plan) statusCakeOptions(c *Check, asked terraformChecked, address string) (differs []string) {
	switch c.Kind {
	case "http":
		return p.statusCakeWeb(c, asked, address)
	case "tcp":
		c.Timeout = time.Duration(asked.number("timeout")) * time.Second
		c.Options["address"] = net.JoinHostPort(literal(address), asked.text("port"))
	case "dns":
		c.Options["name"] = literal(address)
		if server := asked.text("dns_server"); server != "" {
			c.Options["resolver"] = withPort(literal(server), "53")
		}
		if right := asked.texts("dns_ips"); len(right) > 0 {
			c.Options["expect"] = right
			if len(right) > 1 {
				differs = append(differs, "all of dns_ips must be among the answers")
			}
		}
	case "icmp":
		c.Options["host"] = literal(address)
	}
	return differs
}

// statusCakeWeb writes what is asked for at an address, and what must be answered.
func (p *Plan) statusCakeWeb(c *Check, web terraformChecked, address string) (differs []string) {
	c.Timeout = time.Duration(web.number("timeout")) * time.Second
	headers, _ := web["request_headers"].(map[string]any)
	p.request(c, address, headers, plain)
	if auth := web.block("basic_authentication"); auth != nil {
		p.basicAuth(c, auth.text("username"))
	}
	if method := strings.ToUpper(web.text("request_method")); method == "HEAD" {
		c.Options["method"] = method
	} else if body := web.text("request_payload_raw"); body != "" {
		c.Options["method"] = "POST"
		p.body(c, body, plain)
	}
	if web["validate_ssl"] == false && strings.HasPrefix(address, "https:") {
		c.Options["insecure_tls"] = true
	}
	follows := web["follow_redirects"] == true
	c.Options["redirects"] = map[bool]int{true: 10}[follows]
	differs = web.unwritten(differs, "enable_cookies", "final_endpoint")
	if form, _ := web["request_payload"].(map[string]any); len(form) > 0 {
		differs = append(differs, "its request_payload is left out: write method and body")
	}
	if agent := web.text("user_agent"); agent != "" {
		p.headers(c, with(headers, "User-Agent", agent), plain)
	}
	wrong := web.texts("status_codes")
	if len(wrong) == 0 {
		wrong = statusCakeWrong
	}
	if listed, ok := readCodes(wrong); ok {
		differs = append(differs, p.statuses(c, codesWhere(func(code int) bool { return !listed[code] }), follows), "status_codes are those that are wrong there; here all others are right")
	}
	if m := web.block("content_matchers"); m != nil {
		key := "contains"
		if strings.HasPrefix(m.text("matcher"), "NOT") {
			key = "not_contains"
		}
		c.Options[key] = []any{literal(m.text("content"))}
	}
	return differs
}

// with is a copy of headers with one more.
func with(headers map[string]any, name, value string) map[string]string {
	all := map[string]string{name: value}
	for name, value := range headers {
		all[name] = fmt.Sprint(value)
	}
	return all
}
