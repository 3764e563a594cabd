package adopt

import (
	"cmp"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// other writes monitors of what is no web server: databases, brokers, agents, clocks, and
// pages in a real browser.
func (k *kumaCheck) other() {
	switch m := k.m; k.c.Kind {
	case "postgres", "mysql":
		k.database()
	case "mqtt":
		k.mqtt()
	case "snmp":
		k.set("address", withPort(literal(m.text("hostname")), cmp.Or(m.text("port"), "161")))
		k.set("version", cmp.Or(m.text("snmpVersion"), "2c"))
		if m.text("snmpVersion") == "3" {
			k.set("user", literal(m.text("snmp_v3_username")))
		} else if community := m.text("radiusPassword"); community != "" && community != "public" {
			k.set("community", k.p.secret(k.c, "community", ""))
		}
		k.set("get", map[string]any{"value": strings.TrimPrefix(m.text("snmpOid"), ".")})
		if path := m.text("jsonPath"); path != "" && path != "$" {
			k.differ("its JSON query looks into the value and is left out: write an expression")
			return
		}
		k.compare("get.value")
	case "ntp":
		k.set("address", withPort(literal(m.text("hostname")), cmp.Or(m.text("port"), "123")))
		k.set("stratum_max", int(max(1, min(cmp.Or(m.number("ntpStratumThreshold"), 5)-1, 15))))
		k.set("degraded_offset", 0)
		k.set("fail_offset", span(time.Duration(cmp.Or(m.number("ntpTimeOffsetThreshold"), 1000))*time.Millisecond))
		k.differ("the root dispersion is not looked at")
	case "browser":
		k.set("url", k.p.address(k.c, m.text("url"), plain))
		k.set("status", []any{"2xx"})
		k.differ("the browser is one on this machine, and 2xx is right: a redirect is followed")
	}
}

// database takes postgres://user:password@host:port/name apart; of MySQL the password may stand
// beside it.
func (k *kumaCheck) database() {
	u, err := url.Parse(k.m.text("databaseConnectionString"))
	if err != nil || u.Host == "" {
		k.differ("its connection string cannot be read")
		return
	}
	port := map[string]string{"postgres": "5432", "mysql": "3306"}[k.c.Kind]
	k.set("address", literal(withPort(u.Host, port)))
	k.set("user", literal(u.User.Username()))
	_, within := u.User.Password()
	if within || k.m.text("radiusPassword") != "" {
		k.set("password", k.p.secret(k.c, "password", ""))
	}
	if name := strings.Trim(u.Path, "/"); name != "" {
		k.set("database", literal(name))
	}
	mode := u.Query().Get("sslmode")
	if mode == "" && u.Query().Get("ssl") != "" && u.Query().Get("ssl") != "false" {
		mode = "require"
	}
	switch mode {
	case "verify-full", "verify-ca":
		k.set("sslmode", "verify-full")
	case "require", "no-verify", "prefer":
		k.set("sslmode", "require")
	default:
		k.set("sslmode", "disable")
		k.differ("the connection is without TLS, as there: sslmode: verify-full is better")
	}
	if query := k.m.text("databaseQuery"); query != "" {
		k.set("query", literal(query))
	}
}

// mqtt waits for a message of others.
func (k *kumaCheck) mqtt() {
	m := k.m
	scheme, host, is := strings.Cut(m.text("hostname"), "://")
	if !is {
		scheme, host = "mqtt", m.text("hostname")
	}
	k.c.Timeout = k.c.Every * 8 / 10 // that long a message is waited for there
	k.set("address", withPort(literal(host), cmp.Or(m.text("port"), "1883")))
	k.set("topic", literal(m.text("mqttTopic")))
	switch scheme {
	case "mqtts", "https":
		k.set("tls", true)
	case "ws", "wss":
		k.differ("MQTT over WebSockets is not spoken: name the port of MQTT itself")
	}
	if user := m.text("mqttUsername"); user != "" {
		k.set("user", literal(user))
	}
	if m.text("mqttPassword") != "" {
		k.set("password", k.p.secret(k.c, "password", ""))
	}
	switch {
	case m.text("mqttCheckType") == "json-query":
		k.differ("its JSON query is left out: write an expression of message")
	case m.text("mqttSuccessMessage") != "":
		k.set("contains", literal(m.text("mqttSuccessMessage")))
	}
}

// rabbit asks a node for the alarms of its cluster, as Kuma does.
func (k *kumaCheck) rabbit() {
	nodes := k.list("rabbitmqNodes")
	if len(nodes) == 0 {
		k.differ("it names no node")
		return
	}
	k.set("url", k.p.address(k.c, strings.TrimSuffix(nodes[0], "/")+"/api/health/checks/alarms/", plain))
	k.set("basic_auth", map[string]any{"user": literal(k.m.text("rabbitmqUsername")), "password": k.p.secret(k.c, "password", "")})
	k.set("status", []any{200})
	if len(nodes) > 1 {
		k.differ("the first of its nodes is asked, where one of all was enough: write a check for each")
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
