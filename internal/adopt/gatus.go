package adopt

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// What of Gatus is read (https://github.com/TwiN/gatus, README).
type gatusFile struct {
	Endpoints []gatusEndpoint `yaml:"endpoints"`
	Services  []gatusEndpoint `yaml:"services"` // as they were called
	External  []gatusEndpoint `yaml:"external-endpoints"`
	Suites    []struct {
		Name string `yaml:"name"`
	} `yaml:"suites"`
	Maintenance map[string]any `yaml:"maintenance"`
	Alerting    map[string]any `yaml:"alerting"`
	Remote      map[string]any `yaml:"remote"`
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
	} `yaml:"ssh"`
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
	} `yaml:"client"`
}

func readGatus(p *Plan, sources []Source) error {
	for _, s := range sources {
		var f gatusFile
		if err := yaml.Unmarshal(s.Text, &f); err != nil {
			return fmt.Errorf("%s is not a configuration of Gatus: %w", s.Name, err)
		}
		for _, e := range append(f.Endpoints, f.Services...) {
			p.gatusEndpoint(e)
		}
		for _, e := range f.External {
			p.gatusExternal(e)
		}
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
	}
	return nil
}

func (p *Plan) gatusExternal(e gatusEndpoint) {
	c := p.begin(p.product(cmp.Or(e.Group, e.Name), ""), e.Name, "heartbeat")
	c.Every, _ = time.ParseDuration(e.Heartbeat.Interval)
	differs := "those who report go on sending to /api/v1/endpoints/KEY/external, with the token; KEY may be anything"
	if c.Every == 0 {
		c.Every = 24 * time.Hour
		differs += "; without a heartbeat nothing was missed there: here a report is expected every 24h"
	}
	c.Options["token"] = p.expanded(&c, e.Token)
	if !strings.Contains(e.Token, "$") {
		c.Options["token"] = p.secret(&c, "token", e.Token)
	}
	c.Disabled = e.Enabled != nil && !*e.Enabled
	p.add(c, differs)
}

func (p *Plan) gatusEndpoint(e gatusEndpoint) {
	scheme, rest, _ := strings.Cut(e.URL, "://")
	kind := map[string]string{"http": "http", "https": "http", "tcp": "tcp", "udp": "udp", "icmp": "icmp", "ssh": "ssh", "tls": "tls", "starttls": "tls",
		"ws": "websocket", "wss": "websocket", "grpc": "grpc", "grpcs": "grpc"}[strings.ToLower(scheme)]
	if e.DNS.Name != "" {
		kind, rest = "dns", e.URL
	}
	name := strings.Trim(e.Group+"/"+e.Name, "/")
	if kind == "" {
		p.refuse(name, "there is no kind of check for "+scheme+"://; a script can do it (kind exec)")
		return
	}
	c := p.begin(p.product(cmp.Or(e.Group, e.Name), ""), e.Name, kind)
	c.name = name
	g := &gatusCheck{p: p, c: &c, e: &e, follows: kind == "http" && !e.Client.IgnoreRedirect}
	c.Every, _ = time.ParseDuration(cmp.Or(e.Interval, "60s"))
	c.Timeout, _ = time.ParseDuration(cmp.Or(e.Client.Timeout, "10s"))
	c.Disabled = e.Enabled != nil && !*e.Enabled
	g.target(rest)
	for _, condition := range e.Conditions {
		if why := g.condition(condition); why != "" {
			g.differs = append(g.differs, fmt.Sprintf("the condition %q is left out: %s", condition, why))
		}
	}
	g.finish()
	if len(e.Alerts) > 0 {
		p.differ("alerts with failure-threshold, success-threshold and send-on-resolved", thresholds)
	}
	if len(e.Windows) > 0 {
		g.differs = append(g.differs, "its maintenance windows are not written: plan them under maintenance")
	}
	if g.domain != "" {
		g.differs = append(g.differs, "[DOMAIN_EXPIRATION] is a check of its own")
	}
	p.add(c, g.differs...)
	if g.domain != "" {
		p.add(g.ofDomain(), fmt.Sprintf("the registry is asked by RDAP, once an hour; %d whole days must be left", g.domainDays))
	}
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
	p       *Plan
	c       *Check
	e       *gatusEndpoint
	follows bool  // redirects are followed
	status  codes // that the conditions allow; nil while none speaks of it
	expect  []string
	json    []any
	rcode   string
	differs []string

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
		if e.Body != "" {
			g.set("send", p.expanded(c, e.Body))
		}
	case "icmp":
		g.set("host", p.expanded(c, rest))
		g.set("count", 1)
	case "dns":
		g.set("name", p.expanded(c, e.DNS.Name))
		g.set("type", cmp.Or(e.DNS.Type, "A"))
		g.set("resolver", withPort(p.expanded(c, rest), "53"))
		g.set("min_answers", 0) // a response code is no claim about answers
	case "ssh":
		g.set("address", withPort(p.expanded(c, rest), "22"))
		if e.SSH.User != "" {
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
		if e.Client.Insecure {
			g.set("insecure_chain", true)
		}
	default:
		g.set("address", p.expanded(c, rest))
		if e.Body != "" {
			g.set("send", p.expanded(c, e.Body))
		}
	}
	if c.Kind == "udp" && e.Body == "" {
		g.set("send", "\n")
		g.differs = append(g.differs, "Gatus calls a UDP address connected without an answer; here a datagram is sent, and answered: write one that the server answers to")
	}
}

// web writes a request.
func (g *gatusCheck) web() {
	p, c, e := g.p, g.c, g.e
	g.set("url", p.address(c, e.URL, p.expanded))
	if method := strings.ToUpper(cmp.Or(e.Method, "GET")); method != "GET" {
		g.set("method", method)
	}
	p.headers(c, e.Headers, p.expanded)
	body := e.Body
	if e.GraphQL {
		body = `{"query":` + strconv.Quote(strings.TrimSpace(e.Body)) + `}`
		headers, _ := c.Options["headers"].(map[string]any)
		if headers == nil {
			headers = map[string]any{}
		}
		headers["Content-Type"] = "application/json"
		g.set("headers", headers)
	}
	p.body(c, body, p.expanded)
	if e.Client.IgnoreRedirect {
		g.set("redirects", 0)
	} else {
		g.set("redirects", 10) // as Go's client, which Gatus uses
	}
	if e.Client.Insecure {
		g.set("insecure_tls", true)
	}
	if e.Client.Proxy != "" {
		g.set("proxy", p.address(c, e.Client.Proxy, p.expanded))
	}
	if e.Client.TLS.Cert != "" {
		g.set("client_cert_file", e.Client.TLS.Cert)
		g.set("client_key_file", e.Client.TLS.Key)
	}
	if o := e.Client.OAuth2; o.URL != "" {
		secret := p.expanded(c, o.Secret)
		if !strings.Contains(o.Secret, "$") {
			secret = p.secret(c, "client secret", o.Secret)
		}
		oauth := map[string]any{"token_url": p.expanded(c, o.URL), "client_id": p.expanded(c, o.ID), "client_secret": secret}
		if len(o.Scopes) > 0 {
			oauth["scopes"] = o.Scopes
		}
		g.set("oauth2", oauth)
	}
	if e.Client.Tunnel != "" || len(e.Client.IAP) > 0 {
		g.differs = append(g.differs, "its tunnel or identity-aware proxy is left out")
	}
}

// finish writes what the conditions came to.
func (g *gatusCheck) finish() {
	c := g.c
	if c.Kind == "http" {
		if g.status == nil { // without a condition every answer is right there
			g.status = codesWhere(func(int) bool { return true })
		}
		g.differs = append(g.differs, statuses(c, g.status, g.follows))
		if len(g.json) > 0 {
			g.set("json", g.json)
		}
	}
	if g.rcode != "" && c.Kind == "dns" {
		g.set("rcode", g.rcode)
	}
	if r := g.e.Client.Resolver; r != "" && c.Kind != "dns" {
		if u, err := url.Parse(r); err == nil && u.Scheme == "udp" {
			g.set("resolver", u.Host)
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

func withPort(address, port string) string {
	if _, _, err := net.SplitHostPort(address); err == nil || strings.HasSuffix(address, "}") {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), port)
}
