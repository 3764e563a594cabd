package adopt

import (
	"cmp"
	"fmt"
	"net"
	"time"
)

func (p *Plan) pingdom(v terraformChecked) {
	kind := map[string]string{"http": "http", "tcp": "tcp", "ping": "icmp", "dns": "dns"}[v.text("type")]
	if kind == "" {
		p.refuse(v.text("name"), "there is no kind of check for Pingdom's "+v.text("type")+" that could be written from this; see docs/checks.md, or use a script (kind exec)")
		return
	}
	c := p.begin(p.product(v.text("name"), ""), v.text("name"), kind)
	c.Every = time.Duration(cmp.Or(v.number("resolution"), 5)) * time.Minute
	c.Timeout = 30 * time.Second
	c.Disabled = v["paused"] == true
	host := v.text("host")
	switch kind {
	case "http":
		p.pingdomWeb(&c, v, host)
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

// pingdomWeb writes what is asked for on host, and what must be answered.
func (p *Plan) pingdomWeb(c *Check, v terraformChecked, host string) {
	scheme := "http://"
	if v["encryption"] == true {
		scheme = "https://"
	}
	if port := v.text("port"); port != "" && port != "0" && port != "80" && port != "443" {
		host = net.JoinHostPort(host, port)
	}
	headers, _ := v["requestheaders"].(map[string]any)
	p.request(c, scheme+host+v.text("url"), headers, plain)
	if user := v.text("username"); user != "" {
		p.basicAuth(c, user)
	}
	p.body(c, v.text("postdata"), plain)
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
}
