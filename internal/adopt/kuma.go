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

// tags are words with a value, in the export; the table of monitors has none.
func (k *kumaCheck) tags() {
	list, _ := k.m["tags"].([]any)
	for _, item := range list {
		if tag, ok := item.(map[string]any); ok {
			k.c.tag(kumaMonitor(tag).text("name"), kumaMonitor(tag).text("value"))
		}
	}
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
