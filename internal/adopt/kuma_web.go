package adopt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// What is asked by HTTP, with who asks and what of the answer is right.

// kumaWaits is the longest that is written of what Kuma's own rule comes to.
const kumaWaits = time.Minute

// wait is for monitors that say nothing of it: Kuma waits four fifths of the interval.
func (k *kumaCheck) wait() {
	if k.c.Timeout = k.c.Every * 4 / 5; k.c.Timeout > kumaWaits {
		k.differ(fmt.Sprintf("its time-out is %s, it was %s, four fifths of the interval: nobody waits that long for a page", span(kumaWaits), span(k.c.Timeout)))
		k.c.Timeout = kumaWaits
	}
}

func (k *kumaCheck) web() {
	p, c, m := k.p, k.c, k.m
	k.set("url", p.address(c, m.text("url"), plain))
	if method := strings.ToUpper(cmp.Or(m.text("method"), "GET")); method != "GET" {
		k.set("method", method)
	}
	k.headers()
	if p.body(c, m.text("body"), plain); m.text("body") != "" { // what it is, Kuma says by itself
		c.contentType(map[string]string{"form": "application/x-www-form-urlencoded", "xml": "text/xml; charset=utf-8"}[m.text("httpBodyEncoding")])
	}
	follows := m.value("maxredirects") == nil || m.number("maxredirects") > 0
	k.set("redirects", min(int(m.number("maxredirects")), 20))
	if m.value("maxredirects") == nil {
		k.set("redirects", 10)
	}
	if m.is("ignoreTls") {
		k.set("insecure_tls", true)
	}
	accepted := k.list("accepted_statuscodes")
	if len(accepted) == 0 {
		accepted = []string{"200-299"}
	}
	if set, ok := readCodes(accepted); ok {
		k.differ(k.p.statuses(c, set, follows))
	} else {
		k.differ("its statuses " + strings.Join(accepted, ", ") + " cannot be read: 2xx is right")
	}
	k.login()
	k.content()
	if m.is("cacheBust") {
		k.differ("no parameter that goes round caches is added")
	}
	if family := m.text("ipFamily"); family == "ipv4" || family == "ipv6" {
		k.set("family", family)
	}
	if m.is("expiryNotification") && strings.HasPrefix(strings.ToLower(m.text("url")), "https:") { // it is set for all there
		k.set("degraded_if", "certificate.days_left < 21")
		k.differ("a certificate that ends within 21 days makes it degraded, in place of a notification")
	}
}

func (k *kumaCheck) headers() {
	headers := map[string]string{}
	if text := k.m.text("headers"); text != "" && json.Unmarshal([]byte(text), &headers) != nil {
		k.differ("its headers are no JSON object of texts and are left out")
		headers = nil
	}
	k.p.headers(k.c, headers, plain)
}

func (k *kumaCheck) content() {
	m := k.m
	if keyword := m.text("keyword"); m.text("type") == "keyword" && keyword != "" {
		key := "contains"
		if m.is("invertKeyword") {
			key = "not_contains"
		}
		k.set(key, []any{literal(keyword)})
	}
	if m.text("type") != "json-query" {
		return
	}
	path := strings.TrimPrefix(strings.TrimPrefix(m.text("jsonPath"), "$"), ".")
	name := strings.TrimSuffix("json."+path, ".")
	if path != "" && !jsonPath.MatchString("."+path) && !jsonPath.MatchString(path) {
		k.differ("its JSON query is a program of JSONata and is left out: write an expression")
		return
	}
	if strings.HasPrefix(path, "[") {
		name = "json" + path
	}
	k.compare(name)
}

// compare writes what a value must be.
func (k *kumaCheck) compare(name string) {
	op, expected := cmp.Or(k.m.text("jsonPathOperator"), "=="), k.m.text("expectedValue")
	switch {
	case op == "==" || op == "!=":
		k.set("expect", literal(fmt.Sprintf("string(%s) %s %s", name, op, quoted(expected))))
	case op == "contains":
		k.set("expect", literal(fmt.Sprintf("string(%s).contains(%s)", name, quoted(expected))))
	case aNumber.MatchString(expected):
		k.set("expect", fmt.Sprintf("double(%s) %s double(%s)", name, op, expected))
	default:
		k.differ("its JSON query is left out: it orders what is no number")
	}
}

func (k *kumaCheck) socket() {
	k.set("url", k.p.address(k.c, k.m.text("url"), plain))
	k.set("ping", false)
	k.headers()
	k.socketLogin()
	if k.m.is("wsIgnoreSecWebsocketAcceptHeader") {
		k.differ("the server must answer with Sec-WebSocket-Accept, as the protocol says")
	}
	if offered := strings.FieldsFunc(k.m.text("wsSubprotocol"), func(r rune) bool { return r == ',' || r == ' ' }); len(offered) > 0 {
		k.set("subprotocols", offered)
	}
}
