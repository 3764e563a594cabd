package adopt

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/lazy"
)

// What of Gatus is read (https://github.com/TwiN/gatus, README).
type gatusFile struct {
	Endpoints []yaml.Node `yaml:"endpoints"` // each a gatusEndpoint, as the next two
	Services  []yaml.Node `yaml:"services"`  // as they were called
	External  []yaml.Node `yaml:"external-endpoints"`
	Suites    []struct {
		Name string `yaml:"name"`
	} `yaml:"suites"`
	Maintenance map[string]any `yaml:"maintenance"`
	Alerting    map[string]any `yaml:"alerting"`
	Remote      map[string]any `yaml:"remote"`
	Rest        map[string]any `yaml:",inline"`
}

type gatusEndpoint struct {
	Enabled    *bool             `yaml:"enabled"`
	Name       string            `yaml:"name"`
	Group      string            `yaml:"group"`
	URL        string            `yaml:"url"`
	Method     string            `yaml:"method"`
	Conditions []string          `yaml:"conditions"`
	Interval   string            `yaml:"interval"`
	GraphQL    bool              `yaml:"graphql"`
	Body       string            `yaml:"body"`
	Headers    map[string]string `yaml:"headers"`
	Labels     map[string]string `yaml:"extra-labels"`
	Alerts     []map[string]any  `yaml:"alerts"`
	Windows    []map[string]any  `yaml:"maintenance-windows"`
	Token      string            `yaml:"token"`
	Heartbeat  struct {
		Interval string `yaml:"interval"`
	} `yaml:"heartbeat"`
	DNS struct {
		Name string `yaml:"query-name"`
		Type string `yaml:"query-type"`
	} `yaml:"dns"`
	SSH struct {
		User     string `yaml:"username"`
		Password string `yaml:"password"`
		Key      string `yaml:"private-key"`
	} `yaml:"ssh"`
	unread string         // what of its keys cannot be read; empty: nothing
	UI     map[string]any `yaml:"ui"`
	Rest   map[string]any `yaml:",inline"` // what is younger than this
	Client struct {
		Insecure       bool   `yaml:"insecure"`
		IgnoreRedirect bool   `yaml:"ignore-redirect"`
		Timeout        string `yaml:"timeout"`
		Resolver       string `yaml:"dns-resolver"`
		Proxy          string `yaml:"proxy-url"`
		Network        string `yaml:"network"`
		OAuth2         struct {
			URL    string   `yaml:"token-url"`
			ID     string   `yaml:"client-id"`
			Secret string   `yaml:"client-secret"`
			Scopes []string `yaml:"scopes"`
		} `yaml:"oauth2"`
		TLS struct {
			Cert string `yaml:"certificate-file"`
			Key  string `yaml:"private-key-file"`
		} `yaml:"tls"`
		Tunnel string         `yaml:"tunnel"`
		IAP    map[string]any `yaml:"identity-aware-proxy"`
		Ticket map[string]any `yaml:"kerberos"`
		Rest   map[string]any `yaml:",inline"`
	} `yaml:"client"`
}

// gatusOwn are keys of Gatus itself; others it does not look at, such as those that hold
// anchors.
var gatusOwn = []string{"announcements", "concurrency", "connectivity", "debug", "disable-monitoring-lock", "metrics", "security", "skip-invalid-config-update", "storage",
	"tunneling", "ui", "web"}

func readGatus(p *Plan, sources []Source) error {
	for _, s := range sources {
		var f gatusFile
		if err := yaml.Unmarshal(s.Text, &f); err != nil {
			return s.unread("not a configuration of Gatus", err)
		}
		p.gatusEach(s.Name, append(f.Endpoints, f.Services...), p.gatusEndpoint)
		p.gatusEach(s.Name, f.External, p.gatusExternal)
		for _, suite := range f.Suites {
			p.refuse("suite "+suite.Name, "steps that hand on what they learnt are a check of kind journey here: write it anew")
		}
		if len(f.Alerting) > 0 {
			p.refuse("alerting: "+strings.Join(sorted(f.Alerting), ", "), "statusbot tells in Slack, and elsewhere by ways (docs/ways.md)")
		}
		if len(f.Maintenance) > 0 {
			p.refuse("maintenance", "write it under maintenance, for products or checks (docs/configuration.md)")
		}
		if len(f.Remote) > 0 {
			p.refuse("remote instances", "import the configuration of each")
		}
		own := slices.DeleteFunc(sorted(f.Rest), func(key string) bool { return !slices.Contains(gatusOwn, key) })
		if len(own) > 0 {
			p.refuse(strings.Join(own, ", "), "not of checks, but of Gatus itself")
		}
	}
	return nil
}

// gatusEach hands the endpoints of a list on. Keys that are not what they should be, such as a switch that
// stands in the environment, are passed over, and told.
func (p *Plan) gatusEach(file string, list []yaml.Node, take func(gatusEndpoint)) {
	for i := range list {
		var e gatusEndpoint
		if err := list[i].Decode(&e); err != nil {
			wrong := misread(err)
			if e.Name == "" || wrong == nil {
				p.refuse(fmt.Sprintf("%s, the endpoint in line %d", file, list[i].Line), "it cannot be read as one: "+unreadable(err).Error())
				continue
			}
			e.unread = "not read: " + strings.Join(wrong, ", ")
		}
		take(e)
	}
}

func (p *Plan) gatusExternal(e gatusEndpoint) {
	c := p.begin(p.product(cmp.Or(e.Group, e.Name), ""), e.Name, "heartbeat")
	c.name = strings.Trim(e.Group+"/"+e.Name, "/")
	c.Every, _ = time.ParseDuration(e.Heartbeat.Interval)
	differs := "those who report go on sending to /api/v1/endpoints/KEY/external, with the token; KEY may be anything"
	if e.Interval != "" {
		differs += "; its interval is not read there either, as heartbeat: {interval: } would be"
	}
	if c.Every == 0 {
		c.Every = 24 * time.Hour
		differs += "; without a heartbeat nothing was missed there: here a report is expected every 24h"
	}
	if c.Options["token"] = p.hidden(&c, "token", e.Token, p.expanded); e.Token == "" {
		c.Options["token"] = p.secret(&c, "token", "")
	}
	c.Disabled = e.Enabled != nil && !*e.Enabled
	for _, label := range sorted(e.Labels) {
		c.tag(label, e.Labels[label])
	}
	p.add(c, append([]string{differs}, p.gatusBeside(e)...)...)
}

func (p *Plan) gatusEndpoint(e gatusEndpoint) {
	scheme, rest, _ := strings.Cut(e.URL, "://")
	kind := map[string]string{"http": "http", "https": "http", "tcp": "tcp", "udp": "udp", "icmp": "icmp", "ssh": "ssh", "tls": "tls", "starttls": "tls",
		"ws": "websocket", "wss": "websocket", "grpc": "grpc", "grpcs": "grpc"}[strings.ToLower(scheme)]
	if e.DNS.Name != "" {
		kind, rest = "dns", e.URL
	}
	inEnvironment := kind == "" && strings.HasPrefix(e.URL, "$")
	if inEnvironment {
		kind = "http"
	}
	name := strings.Trim(e.Group+"/"+e.Name, "/")
	if kind == "" {
		why := "there is no kind of check for " + scheme + "://; a script can do it (kind exec)"
		if rest == "" {
			why = strings.TrimSuffix("it has no address with a scheme, as https://; "+e.unread, "; ")
		}
		p.refuse(name, why)
		return
	}
	if why := e.unreachable(kind); why != "" {
		p.refuse(name, why)
		return
	}
	c := p.begin(p.product(cmp.Or(e.Group, e.Name), ""), e.Name, kind)
	c.name = name
	g := &gatusCheck{p: p, c: &c, e: &e, silent: true, follows: kind == "http" && !e.Client.IgnoreRedirect}
	c.Every = g.spanOf("interval", e.Interval, time.Minute)
	c.Timeout = g.spanOf("time-out", e.Client.Timeout, 10*time.Second)
	c.Disabled = e.Enabled != nil && !*e.Enabled
	for _, label := range sorted(e.Labels) {
		c.tag(label, e.Labels[label])
	}
	if inEnvironment {
		g.differs = append(g.differs, "its address stands in the environment: it is taken for that of a web server")
	}
	g.target(rest)
	for _, condition := range e.Conditions {
		if why := g.condition(condition); why != "" {
			g.differs = append(g.differs, fmt.Sprintf("the condition %q is left out: %s", condition, why))
		}
	}
	if g.status != nil && len(g.status) == 0 {
		p.refuse(name, "no status of an answer fulfils its conditions: Gatus calls it down whatever comes")
		return
	}
	g.finish()
	g.differs = append(g.differs, p.gatusBeside(e)...)
	if g.domain != "" {
		g.differs = append(g.differs, "[DOMAIN_EXPIRATION] is a check of its own")
	}
	p.add(c, g.differs...)
	if g.domain != "" {
		p.add(g.ofDomain(), fmt.Sprintf("the registry is asked by RDAP, once an hour; %d whole days must be left", g.domainDays))
	}
}

// spanOf reads how long something takes, and says so where it cannot: in its place stands what
// holds where nothing is said.
func (g *gatusCheck) spanOf(what, said string, usual time.Duration) time.Duration {
	d, err := time.ParseDuration(cmp.Or(said, span(usual)))
	if err != nil {
		g.differs = append(g.differs, fmt.Sprintf("its %s is %s, for want of one that can be read", what, span(usual)))
		return usual
	}
	return d
}

// gatusBeside tells what stands beside what is asked, and is not written.
func (p *Plan) gatusBeside(e gatusEndpoint) (differs []string) {
	if len(e.Alerts) > 0 {
		p.differ("alerts with failure-threshold, success-threshold and send-on-resolved", thresholds)
	}
	if len(e.UI) > 0 {
		p.differ("ui of endpoints", "not written: it is what Gatus's own page shows of them")
	}
	if e.unread != "" {
		differs = append(differs, e.unread)
	}
	if len(e.Windows) > 0 {
		differs = append(differs, "its maintenance windows are not written: plan them under maintenance")
	}
	if unread := append(sorted(e.Rest), sorted(e.Client.Rest)...); len(unread) > 0 {
		differs = append(differs, "not written: "+strings.Join(unread, ", "))
	}
	return differs
}

// unreachable says why an endpoint cannot be asked as Gatus asks it; empty: it can.
func (e *gatusEndpoint) unreachable(kind string) (why string) {
	switch {
	case e.Client.Tunnel != "":
		return "it is reached through the SSH tunnel " + e.Client.Tunnel + ", which is not built here: run an agent behind it (docs/vantages.md) and write the check for that"
	case len(e.Client.IAP) > 0:
		return "an identity-aware proxy would turn the probe away: statusbot does not log in there"
	case len(e.Client.Ticket) > 0:
		return "it logs in by Kerberos, which statusbot does not speak: a script can do it (kind exec)"
	case kind == "udp" && e.Body == "":
		return "nothing is sent, so that Gatus calls every UDP address connected: write a check of kind udp with something that the server answers"
	}
	return ""
}

// ofDomain is the check of a domain's registration.
func (g *gatusCheck) ofDomain() Check {
	c := g.p.begin(g.c.Product, g.e.Name+" domain", "domain")
	c.name = g.c.name + ", its domain"
	c.Every, c.Timeout, c.Disabled = 10*time.Minute, 20*time.Second, g.c.Disabled
	c.Options["name"], c.Options["warn_days"], c.Options["fail_days"] = g.domain, g.domainDays+1, g.domainDays
	return c
}

// gatusCheck is a check of an endpoint while it is made.
type gatusCheck struct {
	p         *Plan
	c         *Check
	e         *gatusEndpoint
	follows   bool  // redirects are followed
	status    codes // that the conditions allow; nil while none speaks of it
	silent    bool  // and 0 with them, which is that of no answer
	connected bool  // no answer is wrong, whatever the status
	expect    []string
	json      []any
	rcode     []string // response codes that are right; nil while no condition speaks of them
	health    bool     // the conditions speak of the health that a gRPC server tells
	differs   []string

	domain     string // whose registration the conditions speak of; empty: of none
	domainDays int    // that it must have left
}

func (g *gatusCheck) set(key string, value any) { g.c.Options[key] = value }

// target writes what is asked, by kind.
func (g *gatusCheck) target(rest string) {
	p, c, e := g.p, g.c, g.e
	rest = strings.TrimSuffix(rest, "/")
	switch c.Kind {
	case "http":
		g.web()
	case "websocket":
		g.set("url", p.address(c, e.URL, p.expanded))
		p.headers(c, e.Headers, p.expanded)
		g.send()
	case "icmp":
		g.set("host", p.expanded(c, rest))
		g.set("count", 1)
	case "dns":
		g.set("name", p.expanded(c, e.DNS.Name))
		g.set("type", cmp.Or(e.DNS.Type, "A"))
		if _, server, is := strings.Cut(rest, "://"); is {
			g.differs = append(g.differs, "what stands before :// is no part of the server's address: with it Gatus asks nobody")
			rest = server
		}
		g.set("resolver", withPort(p.expanded(c, rest), "53"))
		g.set("min_answers", 0) // a response code is no claim about answers
	case "ssh":
		g.set("address", withPort(p.expanded(c, rest), "22"))
		if e.logsIn() {
			g.differs = append(g.differs, "the login is left out: add host_key, user and password_file, which go to the right server only")
		}
	case "grpc":
		g.set("address", p.expanded(c, rest))
		if strings.HasPrefix(e.URL, "grpcs:") {
			g.set("tls", true)
		}
	case "tls":
		g.set("address", p.expanded(c, rest))
		g.set("warn_days", 0)
		g.set("fail_days", 0)
		if strings.HasPrefix(e.URL, "starttls:") {
			g.set("starttls", "smtp")
		}
		if e.Body != "" {
			g.differs = append(g.differs, "its body is not sent, and what the server says is not read: kind tcp with tls does that")
		}
	default:
		g.set("address", p.expanded(c, rest))
		g.send()
	}
}

// logsIn reports whether an SSH server is more than greeted.
func (e *gatusEndpoint) logsIn() bool { return e.SSH.User+e.SSH.Password+e.SSH.Key != "" }

func (g *gatusCheck) send() {
	if g.e.Body != "" {
		g.set("send", g.p.expanded(g.c, g.body()))
	}
}

var aRandomString = lazy.Compile(`\[RANDOM_STRING_[0-9]+\]`)

// body is what is sent, with what Gatus puts in for its placeholders.
func (g *gatusCheck) body() string {
	if aRandomString.MatchString(g.e.Body) {
		g.differs = append(g.differs, "[RANDOM_STRING_n] has no counterpart: the same text is sent each time")
	}
	return strings.NewReplacer("[ENDPOINT_NAME]", g.e.Name, "[ENDPOINT_GROUP]", g.e.Group, "[ENDPOINT_URL]", g.e.URL).Replace(g.e.Body)
}

// web writes a request.
func (g *gatusCheck) web() {
	p, c, e := g.p, g.c, g.e
	g.set("url", p.address(c, e.URL, p.expanded))
	if method := strings.ToUpper(cmp.Or(e.Method, "GET")); method != "GET" {
		g.set("method", method)
	}
	p.headers(c, e.Headers, p.expanded)
	p.certifiedAs(c)
	body := g.body()
	if e.GraphQL {
		body = `{"query":` + asJSON(strings.TrimSpace(body)) + `}`
		c.contentType("")
	}
	p.body(c, body, p.expanded)
	if e.Client.IgnoreRedirect {
		g.set("redirects", 0)
	} else {
		g.set("redirects", 10) // as Go's client, which Gatus uses
	}
	if e.Client.Proxy != "" {
		g.set("proxy", p.address(c, e.Client.Proxy, p.expanded))
	}
	if o := e.Client.OAuth2; o.URL != "" {
		oauth := map[string]any{"token_url": p.expanded(c, o.URL), "client_id": p.expanded(c, o.ID), "client_secret": p.hidden(c, "client secret", o.Secret, p.expanded)}
		if len(o.Scopes) > 0 {
			oauth["scopes"] = o.Scopes
		}
		g.set("oauth2", oauth)
	}
}

// secured writes whom a client trusts, and who it says that it is.
func (g *gatusCheck) secured() {
	kind := g.c.Kind
	if kind != "http" && kind != "websocket" && kind != "tls" && g.c.Options["tls"] != true {
		return // Gatus looks at neither with these
	}
	if g.e.Client.Insecure {
		g.set(map[bool]string{true: "insecure_chain", false: "insecure_tls"}[kind == "tls"], true)
	}
	if t := g.e.Client.TLS; t.Cert != "" {
		g.set("client_cert_file", g.p.expanded(g.c, t.Cert))
		g.set("client_key_file", g.p.expanded(g.c, t.Key))
	}
}

// finish writes what the conditions came to.
func (g *gatusCheck) finish() {
	c := g.c
	g.secured()
	if c.Kind == "grpc" && !g.health {
		g.differs = append(g.differs, "the server must say that it is SERVING, where Gatus was content with any answer")
	}
	if c.Kind == "http" {
		if g.status != nil && g.silent && !g.connected {
			g.p.differ("conditions on [STATUS] that 0 fulfils, as < 400", "no answer at all fails here; to Gatus its status is 0")
		}
		g.p.differ("answers that break off in their body", "they fail here; Gatus looks at the status alone")
		if g.status == nil { // without a condition every answer is right there
			g.status = codesWhere(func(int) bool { return true })
		}
		g.differs = append(g.differs, g.p.statuses(c, g.status, g.follows))
		if len(g.json) > 0 {
			g.set("json", g.json)
		}
	}
	if c.Kind == "dns" {
		g.answered()
	}
	if r := g.e.Client.Resolver; r != "" && c.Kind != "dns" {
		if host, is := strings.CutPrefix(strings.TrimSuffix(g.p.expanded(c, r), "/"), "udp://"); is {
			g.set("resolver", host)
		} else {
			g.differs = append(g.differs, "its dns-resolver is left out: only udp:// has a counterpart")
		}
	}
	if n := g.e.Client.Network; n == "ip4" || n == "ip6" {
		g.set("family", map[string]string{"ip4": "ipv4", "ip6": "ipv6"}[n])
	}
	if len(g.expect) > 0 {
		key := "expect"
		if c.Kind == "tcp" || c.Kind == "udp" {
			key = "assert"
		}
		g.set(key, g.expect)
	}
}

// answered writes which response codes of a name server are right. Where an answer must be there, only
// NOERROR brings one.
func (g *gatusCheck) answered() {
	judged := g.c.Options["expect"] != nil || g.c.Options["matches"] != nil || g.c.Options["min_answers"] != 0
	switch {
	case judged && slices.Contains(g.rcode, "NOERROR"):
		g.set("rcode", "NOERROR")
	case len(g.rcode) == 1:
		g.set("rcode", g.rcode[0])
	case len(g.rcode) > 1:
		g.set("rcode", g.rcode)
	case !judged:
		g.differs = append(g.differs, "the response code must be NOERROR, where Gatus was content with any")
	}
}

func withPort(address, port string) string {
	if _, _, err := net.SplitHostPort(address); err == nil || strings.HasSuffix(address, "}") {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), port)
}
