package adopt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Uptime Kuma keeps monitors in a database. Version 1 exports them as JSON,
// {"version", "notificationList", "monitorList"}; of version 2, which exports nothing, the table
// comes by `sqlite3 -json kuma.db 'SELECT * FROM monitor'`, whose names are
// those of the columns.
type kumaFile struct {
	Monitors      []json.RawMessage `json:"monitorList"`
	Notifications []json.RawMessage `json:"notificationList"`
}

// kumaMonitor is a monitor by the names of either form.
type kumaMonitor map[string]any

// value is by the name in the export; in the table pushToken is push_token, and lists
// end in _json.
func (m kumaMonitor) value(name string) any {
	for _, n := range []string{name, capital.ReplaceAllStringFunc(name, func(c string) string { return "_" + strings.ToLower(c) }), name + "_json"} {
		if v := m[n]; v != nil {
			return v
		}
	}
	return nil
}

var capital = lazy.Compile("[A-Z]")

func (m kumaMonitor) text(name string) string {
	switch v := m.value(name).(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func (m kumaMonitor) number(name string) float64 {
	n, _ := strconv.ParseFloat(m.text(name), 64)
	return n
}

func (m kumaMonitor) is(name string) bool {
	v := m.value(name)
	return v == true || m.number(name) != 0
}

func readKuma(p *Plan, sources []Source) error {
	var monitors []kumaMonitor
	for _, s := range sources {
		var f kumaFile
		if err := json.Unmarshal(s.Text, &f.Monitors); err != nil {
			if bytes.HasPrefix(s.Text, []byte("SQLite format 3")) {
				return fmt.Errorf("%s is the database itself; print its table first: sqlite3 -json %[1]s 'SELECT * FROM monitor' > monitors.json", s.Name)
			}
			if err := json.Unmarshal(s.Text, &f); err != nil {
				return fmt.Errorf("%s is neither an export of Uptime Kuma 1 nor its table monitor as JSON: %w; of version 2: sqlite3 -json kuma.db 'SELECT * FROM monitor'", s.Name, err)
			}
		}
		for _, raw := range f.Monitors {
			m := kumaMonitor{}
			if err := json.Unmarshal(raw, &m); err != nil {
				p.refuse("an entry of "+s.Name, "it is no monitor")
				continue
			}
			monitors = append(monitors, m)
		}
		if len(f.Notifications) > 0 {
			p.refuse("notifications: "+strconv.Itoa(len(f.Notifications)), "statusbot tells in Slack, and elsewhere by ways (docs/ways.md)")
		}
	}
	if len(monitors) > 0 && !slices.ContainsFunc(monitors, func(m kumaMonitor) bool { _, told := m["tags"]; return told }) {
		p.differ("tags, notifications and maintenance", "they stand in other tables than that of the monitors, and are not read")
	}
	groups := map[string]kumaMonitor{} // :: id -> group
	for _, m := range monitors {
		if m.text("type") == "group" {
			groups[m.text("id")] = m
		}
	}
	for _, m := range monitors {
		if m.text("type") != "group" {
			p.kumaMonitor(m, groups)
		}
	}
	return nil
}

// kumaKinds are the kinds of the types that have one.
var kumaKinds = map[string]string{
	"http": "http", "keyword": "http", "json-query": "http", "port": "tcp", "ping": "icmp", "dns": "dns", "push": "heartbeat", "redis": "redis",
	"grpc-keyword": "grpc", "smtp": "smtp", "websocket-upgrade": "websocket", "postgres": "postgres", "mysql": "mysql", "mqtt": "mqtt", "snmp": "snmp", "ntp": "ntp",
	"rabbitmq": "http", "real-browser": "browser",
}

// paused reports whether a monitor, or a group around it, is switched off.
func (m kumaMonitor) paused(groups map[string]kumaMonitor) bool {
	for range 50 { // groups within groups
		if m.value("active") != nil && !m.is("active") {
			return true
		}
		if m = groups[m.text("parent")]; m == nil {
			break
		}
	}
	return false
}

func (p *Plan) kumaMonitor(m kumaMonitor, groups map[string]kumaMonitor) {
	kind, name := kumaKinds[m.text("type")], m.text("name")
	if kind == "" {
		p.refuse(name, "there is no kind of check for type "+m.text("type")+" that could be written from this; see docs/checks.md, or use a script (kind exec)")
		return
	}
	if m.text("authMethod") == "ntlm" {
		p.refuse(name, "it logs in by NTLM, which statusbot does not speak: a script can do it (kind exec)")
		return
	}
	c := p.begin(p.product(cmp.Or(groups[m.text("parent")].text("name"), name), ""), name, kind)
	c.Every = time.Duration(cmp.Or(m.number("interval"), 60)) * time.Second
	c.Timeout = time.Duration(m.number("timeout") * float64(time.Second))
	c.MustFail = m.is("upsideDown")
	c.Disabled = m.paused(groups)
	k := kumaCheck{p: p, c: &c, m: m}
	if c.Timeout <= 0 && slices.Contains([]string{"http", "keyword", "json-query"}, m.text("type")) {
		k.wait()
	}
	k.tags()
	k.write()
	if said := m.text("conditions"); said != "" && said != "[]" || len(k.list("conditions")) > 0 {
		k.differ("its conditions are left out: write expect")
	}
	if m.text("description") != "" {
		k.differ("not written: its description")
	}
	if m.number("maxretries") > 0 {
		p.differ("retries before a monitor counts as down", thresholds)
	}
	if c.MustFail && kind == "heartbeat" {
		c.MustFail = false
		k.differ("upside down has no counterpart for what reports by itself")
	}
	if m.value("proxyId") != nil && m.number("proxyId") > 0 {
		k.differ("its proxy is left out: write proxy")
	}
	if m.is("domainExpiryNotification") {
		p.differ("notices before the registration of a domain ends", "not written: a check of kind domain looks at that")
	}
	p.add(c, k.differs...)
}

type kumaCheck struct {
	p       *Plan
	c       *Check
	m       kumaMonitor
	differs []string
}

func (k *kumaCheck) differ(why string)         { k.differs = append(k.differs, why) }
func (k *kumaCheck) set(key string, value any) { k.c.Options[key] = value }

// kumaWaits is the longest that is written of what Kuma's own rule comes to.
const kumaWaits = time.Minute

// wait is for monitors that say nothing of it: Kuma waits four fifths of the interval.
func (k *kumaCheck) wait() {
	if k.c.Timeout = k.c.Every * 4 / 5; k.c.Timeout > kumaWaits {
		k.differ(fmt.Sprintf("its time-out is %s, it was %s, four fifths of the interval: nobody waits that long for a page", span(kumaWaits), span(k.c.Timeout)))
		k.c.Timeout = kumaWaits
	}
}

func (k *kumaCheck) address() string {
	return literal(net.JoinHostPort(strings.Trim(k.m.text("hostname"), "[]"), k.m.text("port")))
}

func (k *kumaCheck) write() {
	switch k.c.Kind {
	case "http":
		if k.m.text("type") == "rabbitmq" {
			k.rabbit()
			return
		}
		k.web()
	case "tcp":
		k.port()
	case "icmp":
		k.set("host", literal(k.m.text("hostname")))
		k.set("count", max(1, min(int(k.m.number("ping_count")), 100)))
		if size := int(k.m.number("packetSize")); size > 0 && size != 56 {
			k.set("size", max(8, min(size, 1400)))
		}
	case "dns":
		k.dns()
	case "heartbeat":
		k.set("token", k.p.secret(k.c, "token", k.m.text("pushToken")))
		k.differ("those who push go on using /api/push/TOKEN, with the token that the variable has")
	case "redis":
		k.redis()
	case "smtp":
		k.smtp()
	case "websocket":
		k.socket()
	case "grpc":
		k.set("address", literal(k.m.text("grpcUrl")))
		k.set("service", literal(k.m.text("grpcServiceName")))
		if k.m.is("grpcEnableTls") {
			k.set("tls", true)
		}
		k.differ("the server's health is asked for (grpc.health.v1) in place of a call, without its metadata, body and keyword: write method and descriptor_file for that")
	default:
		k.other()
	}
}

func (k *kumaCheck) dns() {
	k.set("name", literal(k.m.text("hostname")))
	k.set("type", cmp.Or(k.m.text("dns_resolve_type"), "A"))
	if server := k.m.text("dns_resolve_server"); server != "" {
		var list []any
		for one := range strings.SplitSeq(server, ",") {
			list = append(list, literal(net.JoinHostPort(strings.Trim(strings.TrimSpace(one), "[]"), cmp.Or(k.m.text("port"), "53"))))
		}
		if k.set("resolver", list); len(list) == 1 {
			k.set("resolver", list[0])
		}
	}
}

func (k *kumaCheck) smtp() {
	k.set("address", k.address())
	k.set("starttls", false)
	switch k.m.text("smtpSecurity") {
	case "secure":
		k.set("tls", true)
	case "starttls":
		k.set("starttls", true)
	case "":
		k.differ("it begins no TLS, where there it did if the server offered it: starttls: true asks for it")
	}
}

// port makes a connection. Where the certificate is looked at as well, that is a check of kind tls.
func (k *kumaCheck) port() {
	k.set("address", k.address())
	if alert := k.m.text("expectedTlsAlert"); alert != "" && alert != "none" {
		k.differ("a connection alone is made: the alert of TLS that it expects has no counterpart")
		return
	}
	security := k.m.text("smtpSecurity")
	if security != "secure" && security != "starttls" || !k.m.is("expiryNotification") {
		return // else nothing of TLS is asked there
	}
	protocol := map[string]string{"25": "smtp", "587": "smtp", "2525": "smtp", "143": "imap"}[k.m.text("port")]
	if security == "starttls" && protocol == "" {
		k.differ("a connection alone is made, and its certificate is not looked at: a check of kind tls does, with starttls")
		return
	}
	k.c.Kind = "tls"
	k.set("warn_days", 21)
	k.set("fail_days", 0)
	if security == "starttls" {
		k.set("starttls", protocol)
	}
	k.differ("a certificate that ends within 21 days makes it degraded, in place of a notification")
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

// socketLogin writes who asks for a socket.
func (k *kumaCheck) socketLogin() {
	switch m := k.m; m.text("authMethod") {
	case "basic":
		headers, _ := k.c.Options["headers"].(map[string]any)
		if headers == nil {
			headers = map[string]any{}
		}
		headers["Authorization"] = "Basic " + k.p.secret(k.c, "login", "")
		k.set("headers", headers)
		k.differ("its user and password are one variable: what printf %s USER:PASSWORD | base64 prints")
	case "oauth2-cc":
		k.differ("its token by OAuth 2 is left out: a socket takes one that stands in bearer_token_file")
	default:
		k.login()
		if m.text("authMethod") == "mtls" && m.is("ignoreTls") { // it counts with nothing else there
			k.set("insecure_tls", true)
		}
	}
	if codes := strings.Join(k.list("accepted_statuscodes"), ", "); codes != "" && codes != "1000" && codes != "200-299" { // that of web servers is left where nobody chose
		k.differ("the codes by which it may end, " + codes + ", are not looked at: a socket that opens passes")
	}
}

// tags are words with a value, in the export; the table of monitors has none.
func (k *kumaCheck) tags() {
	list, _ := k.m["tags"].([]any)
	for _, item := range list {
		if tag, ok := item.(map[string]any); ok {
			k.c.tag(kumaMonitor(tag).text("name"), kumaMonitor(tag).text("value"))
		}
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

// redis takes redis://user:password@host:port apart.
func (k *kumaCheck) redis() {
	rest := k.m.text("databaseConnectionString")
	scheme, rest, _ := strings.Cut(rest, "://")
	if login, host, ok := cutLast(rest, "@"); ok {
		user, password, both := strings.Cut(login, ":")
		if !both {
			user, password = "", login
		}
		if user != "" {
			k.set("user", literal(user))
		}
		k.set("password", k.p.secret(k.c, "password", password))
		rest = host
	}
	host, db, _ := strings.Cut(rest, "/")
	k.set("address", withPort(literal(host), "6379"))
	if n, err := strconv.Atoi(db); err == nil {
		k.set("db", n)
	}
	if scheme == "rediss" {
		k.set("tls", true)
		if k.m.is("ignoreTls") {
			k.set("insecure_tls", true)
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// list reads a list, which the table holds as text.
func (k *kumaCheck) list(name string) (items []string) {
	switch v := k.m.value(name).(type) {
	case []any:
		for _, item := range v {
			items = append(items, fmt.Sprint(item))
		}
	case string:
		_ = json.Unmarshal([]byte(v), &items) // what is no list names none
	}
	return items
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

func (k *kumaCheck) login() {
	m := k.m
	switch method := m.text("authMethod"); {
	case method == "basic" || method == "" && m.text("basic_auth_user") != "":
		if m.text("basic_auth_user")+m.text("basic_auth_pass") != "" {
			k.set("basic_auth", map[string]any{"user": literal(m.text("basic_auth_user")), "password": k.p.secret(k.c, "password", m.text("basic_auth_pass"))})
		}
	case method == "oauth2-cc":
		oauth := map[string]any{"token_url": literal(m.text("oauth_token_url")), "client_id": literal(m.text("oauth_client_id")),
			"client_secret": k.p.secret(k.c, "client secret", m.text("oauth_client_secret"))}
		if scopes := strings.Fields(m.text("oauth_scopes")); len(scopes) > 0 {
			oauth["scopes"] = scopes
		}
		if audience := m.text("oauth_audience"); audience != "" {
			oauth["audience"] = literal(audience)
		}
		k.set("oauth2", oauth)
		if sent := m.text("oauth_auth_method"); sent != "" && sent != "client_secret_basic" {
			k.differ("its client secret goes to the token endpoint in the header, by client_secret_basic, and there by " + sent)
		}
	case method == "mtls":
		k.certified()
	case method == "bearer":
		k.set("bearer_token", k.p.secret(k.c, "token", ""))
	}
}

// certified says where the certificates of a login are, which Kuma keeps as texts.
func (k *kumaCheck) certified() {
	beside := ""
	if k.c.Kind == "http" {
		beside = "; those of the system count as well, there they did not"
	}
	for _, file := range []struct{ key, says string }{
		{"tlsCert", "its client certificate (tlsCert) stands in the database: write it to a file, and client_cert_file"},
		{"tlsKey", "so does its key (tlsKey): client_key_file"},
		{"tlsCa", "the authorities that it trusts (tlsCa) stand in the database: write them to a file, and ca_file" + beside},
	} {
		if k.m.text(file.key) != "" {
			k.differ(file.says)
		}
	}
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
