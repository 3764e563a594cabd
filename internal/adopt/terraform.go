package adopt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readTerraform reads `terraform show -json`: the state, with the checks of Pingdom, StatusCake,
// Better Stack and Checkly as their providers hold them.
func readTerraform(p *Plan, sources []Source) error {
	for _, s := range sources {
		var state struct {
			Values struct {
				Root terraformModule `json:"root_module"`
			} `json:"values"`
			Planned json.RawMessage `json:"planned_values"`
		}
		if err := json.Unmarshal(s.Text, &state); err != nil {
			return fmt.Errorf("%s is not what `terraform show -json` prints: %w", s.Name, err)
		}
		if state.Planned != nil {
			return fmt.Errorf("%s is a plan, of which not all values are known; once it is applied, print the state: terraform show -json > FILE", s.Name)
		}
		groups := terraformGroups{}
		groups.collect(state.Values.Root, 0)
		p.terraformModule(state.Values.Root, groups, 0)
	}
	return nil
}

type terraformModule struct {
	Resources []struct {
		Type    string           `json:"type"`
		Mode    string           `json:"mode"` // "managed", or "data"
		Address string           `json:"address"`
		Values  terraformChecked `json:"values"`
	} `json:"resources"`
	Children []terraformModule `json:"child_modules"`
}

// terraformGroups are what checks stand in.
type terraformGroups map[string]terraformChecked // :: "betteruptime 7", by provider and id

const terraformDepth = 50 // modules within modules

func (g terraformGroups) collect(m terraformModule, depth int) {
	for _, r := range m.Resources {
		if provider, kind, _ := strings.Cut(r.Type, "_"); kind == "monitor_group" || kind == "heartbeat_group" || strings.HasPrefix(kind, "check_group") {
			g[provider+" "+r.Values.text("id")] = r.Values
		}
	}
	for _, child := range m.Children {
		if depth < terraformDepth {
			g.collect(child, depth+1)
		}
	}
}

// in gives a check the group it stands in, whose name is that of its product, and which may be switched off.
func (g terraformGroups) in(v terraformChecked, provider string) {
	if group := g[provider+" "+v.text("monitor_group_id", "heartbeat_group_id", "group_id")]; group != nil {
		v[groupName] = group.text("name")
		if group["paused"] == true || group["activated"] == false {
			v["paused"], v["activated"] = true, false
		}
	}
}

// groupName is where the name of its group stands among the values of a check.
const groupName = "name of its group"

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

func (p *Plan) terraformModule(m terraformModule, groups terraformGroups, depth int) {
	for _, r := range m.Resources {
		v := r.Values
		provider, _, _ := strings.Cut(r.Type, "_")
		if r.Mode == "data" {
			if watches(r.Type) && looks(r.Type) {
				p.refuse(r.Address, "it is only looked up there: what defines it is read")
			}
			continue
		}
		groups.in(v, provider)
		if watches(r.Type) && looks(r.Type) {
			p.alarmed(v)
		}
		switch r.Type {
		case "pingdom_check":
			p.pingdom(v)
		case "statuscake_uptime_check":
			p.statusCake(v)
		case "statuscake_ssl_check":
			p.statusCakeTLS(v)
		case "betteruptime_monitor":
			p.betterStack(v)
		case "betteruptime_heartbeat", "checkly_heartbeat_monitor", "statuscake_heartbeat_check":
			p.terraformHeartbeat(v)
		case "checkly_check", "checkly_url_monitor":
			p.checkly(v, r.Type)
		case "checkly_tcp_check", "checkly_tcp_monitor":
			p.checklyTCP(v)
		case "uptimerobot_monitor":
			p.terraformRobot(v)
		case "betteruptime_monitor_group", "betteruptime_heartbeat_group", "checkly_check_group", "checkly_check_group_v2": // the names of products
		default:
			switch {
			case !watches(r.Type):
			case looks(r.Type):
				p.refuse(r.Address, "a "+r.Type+" is not read: write it anew (docs/checks.md)")
			default:
				p.refuse(r.Address, "it is no check, and "+r.Type+" is not read")
			}
		}
	}
	if depth < terraformDepth {
		for _, child := range m.Children {
			p.terraformModule(child, groups, depth+1)
		}
	}
}

// robotPorts are those that a sub_type of UptimeRobot means.
var robotPorts = map[string]string{"http": "80", "https": "443", "ftp": "21", "smtp": "25", "pop3": "110", "imap": "143"}

// terraformRobot is UptimeRobot's own form, of a resource.
func (p *Plan) terraformRobot(v terraformChecked) {
	p.uptimeRobot(map[string]string{"friendly name": v.text("friendly_name", "name"), "url/ip": v.text("url"), "type": v.text("type"), "interval": v.text("interval"), "timeout": v.text("timeout"),
		"port": cmp.Or(strings.TrimLeft(v.text("port"), "0"), robotPorts[v.text("sub_type")]), "status": v.text("status"),
		"keyword type": v.text("keyword_type"), "keyword value": v.text("keyword_value"), "keyword case type": v.text("keyword_case_type"), "http method": v.text("http_method_type", "http_method")},
		v.unwritten(nil, "auth_type", "check_ssl_errors", "config", "custom_http_headers", "custom_http_statuses", "domain_expiration_reminder", "http_auth_type", "http_password", "http_username", "ignore_ssl_errors",
			"maintenance_window_ids", "post_content_type", "post_type", "post_value", "post_value_data", "regional_data", "response_time_threshold", "ssl_expiration_reminder", "success_http_response_codes", "tags")...)
}

// looks reports whether a resource of a provider of checks is one.
func looks(kind string) bool {
	_, kind, _ = strings.Cut(kind, "_") // "checkly" is no sign of one
	return slices.ContainsFunc([]string{"check", "monitor", "heartbeat", "test", "synthetic", "step", "availability"}, func(part string) bool { return strings.Contains(kind, part) }) && !strings.Contains(kind, "status_page")
}

// watches reports whether a resource of a type that is not read is of a provider of checks, as far as is known of them.
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
	c := p.begin(p.product(v.text(groupName, "name"), ""), v.text("name"), "heartbeat")
	c.Disabled = v["paused"] == true
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

// alarming are keys that say who is told, and how.
var alarming = []string{"alert_channel_subscription", "alert_settings", "call", "contact_groups", "contactids", "critical_alert", "email", "integrationids", "policy_id", "push", "sms", "teamids", "userids"}

// alarmed tells that nobody is told as there.
func (p *Plan) alarmed(v terraformChecked) {
	if slices.ContainsFunc(alarming, v.says) {
		p.differ("who is told, and how (contact_groups, integrationids, policy_id and their like)", "not written: statusbot tells in Slack, and elsewhere by ways (docs/ways.md)")
	}
}

// basicAuth writes a user whose password stays out.
func (p *Plan) basicAuth(c *Check, user string) {
	c.Options["basic_auth"] = map[string]any{"user": literal(user), "password": p.secret(c, "password", "")}
}

// places tells of the places that a check is made from there.
func (p *Plan) places(v terraformChecked, keys ...string) {
	for _, key := range keys {
		if v.says(key) {
			p.differ(key, "not written: checks are made from where statusbot runs, and from its vantages (docs/vantages.md)")
		}
	}
}
