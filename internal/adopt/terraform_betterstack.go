package adopt

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

func (p *Plan) betterStack(v terraformChecked) {
	name, url := cmp.Or(v.text("pronounceable_name"), hostOf(v.text("url"))), v.text("url")
	product := v.text(groupName)
	kind := map[string]string{"status": "http", "expected_status_code": "http", "keyword": "http", "keyword_absence": "http", "ping": "icmp", "tcp": "tcp", "dns": "dns", "smtp": "tcp", "pop": "tcp", "imap": "tcp"}[v.text("monitor_type")]
	if kind == "" {
		p.refuse(name, "there is no kind of check for Better Stack's "+v.text("monitor_type")+" that could be written from this")
		return
	}
	c := p.begin(p.product(cmp.Or(product, name), ""), name, kind)
	c.Every = time.Duration(cmp.Or(v.number("check_frequency"), 180)) * time.Second
	c.Timeout = time.Duration(cmp.Or(v.number("request_timeout"), 30)) * time.Second
	c.Disabled = v["paused"] == true
	var differs []string
	switch kind {
	case "http":
		differs = p.betterStackWeb(&c, v, url)
	case "icmp":
		c.Options["host"] = literal(url)
	case "tcp":
		differs = betterStackTCP(&c, v, url)
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

// betterStackWeb writes what is asked for, and what must be answered.
func (p *Plan) betterStackWeb(c *Check, v terraformChecked, url string) (differs []string) {
	headers := map[string]any{}
	list, _ := v["request_headers"].([]any)
	for _, item := range list {
		if h, ok := item.(map[string]any); ok {
			headers[terraformChecked(h).text("name")] = terraformChecked(h).text("value")
		}
	}
	p.request(c, url, headers, plain)
	if method := strings.ToUpper(v.text("http_method")); method != "" && method != "GET" {
		c.Options["method"] = method
	}
	p.body(c, v.text("request_body"), plain)
	if user := v.text("auth_username"); user != "" {
		p.basicAuth(c, user)
	}
	follows := v["follow_redirects"] != false
	c.Options["redirects"] = map[bool]int{true: 10}[follows]
	if listed, ok := readCodes(v.texts("expected_status_codes")); ok && len(listed) > 0 {
		differs = append(differs, p.statuses(c, listed, follows))
	} else if v.text("monitor_type") == "status" { // a redirect that is not followed is none of them
		differs = append(differs, p.statuses(c, codesWhere(func(code int) bool { return code/100 == 2 }), follows))
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
	return v.unwritten(differs, "remember_cookies", "environment_variables", "proxy_host")
}

// betterStackTCP writes a port, and the greeting of a mail server.
func betterStackTCP(c *Check, v terraformChecked, host string) (differs []string) {
	c.Options["address"] = withPort(literal(host), cmp.Or(v.text("port"), "443"))
	if greeting := map[string]string{"smtp": "220", "pop": "+OK", "imap": "* OK"}[v.text("monitor_type")]; greeting != "" {
		c.Options["address"] = withPort(literal(host), cmp.Or(v.text("port"), map[string]string{"smtp": "25", "pop": "110", "imap": "143"}[v.text("monitor_type")]))
		c.Options["expect"] = greeting
		differs = append(differs, "that the server greets is looked at; kinds smtp and imap look at more")
	}
	return differs
}
