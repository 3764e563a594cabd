package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The blackbox exporter knows how to probe, its modules; what is probed stands in
// Prometheus's scrape configuration. Both are read together
// (https://github.com/prometheus/blackbox_exporter/blob/master/CONFIGURATION.md).
type blackboxFile struct {
	Modules map[string]blackboxModule `yaml:"modules"`
	Scrapes []scrapeConfig            `yaml:"scrape_configs"`
	Global  struct {
		Interval string `yaml:"scrape_interval"`
		Timeout  string `yaml:"scrape_timeout"`
	} `yaml:"global"`
	// A file of targets is a list.
}

type blackboxModule struct {
	Prober  string       `yaml:"prober"`
	Timeout string       `yaml:"timeout"`
	HTTP    blackboxHTTP `yaml:"http"`
	TCP     struct {
		Query     []blackboxLine `yaml:"query_response"`
		TLS       bool           `yaml:"tls"`
		TLSConfig blackboxTLS    `yaml:"tls_config"`
	} `yaml:"tcp"`
	DNS struct {
		Name      string         `yaml:"query_name"`
		Type      string         `yaml:"query_type"`
		Transport string         `yaml:"transport_protocol"`
		Rcodes    []string       `yaml:"valid_rcodes"`
		Answers   map[string]any `yaml:"validate_answer_rrs"`
	} `yaml:"dns"`
	GRPC struct {
		Service   string      `yaml:"service"`
		TLS       bool        `yaml:"tls"`
		TLSConfig blackboxTLS `yaml:"tls_config"`
	} `yaml:"grpc"`
}

// blackboxLine is one step of a conversation.
type blackboxLine struct {
	Expect   string `yaml:"expect"`
	Send     string `yaml:"send"`
	StartTLS bool   `yaml:"starttls"`
}

type blackboxHTTP struct {
	Codes       []int             `yaml:"valid_status_codes"`
	Versions    []string          `yaml:"valid_http_versions"`
	Method      string            `yaml:"method"`
	Headers     map[string]string `yaml:"headers"`
	Body        string            `yaml:"body"`
	Follow      *bool             `yaml:"follow_redirects"`
	NoFollow    bool              `yaml:"no_follow_redirects"`
	FailTLS     bool              `yaml:"fail_if_ssl"`
	FailPlain   bool              `yaml:"fail_if_not_ssl"`
	BodyIs      []string          `yaml:"fail_if_body_matches_regexp"`
	BodyIsNot   []string          `yaml:"fail_if_body_not_matches_regexp"`
	HeaderIs    []blackboxHeader  `yaml:"fail_if_header_matches"`
	HeaderIsNot []blackboxHeader  `yaml:"fail_if_header_not_matches"`
	CEL         map[string]any    `yaml:"fail_if_body_json_matches_cel"`
	Basic       struct {
		User     string `yaml:"username"`
		Password string `yaml:"password"`
		File     string `yaml:"password_file"`
	} `yaml:"basic_auth"`
	Bearer     string      `yaml:"bearer_token"`
	BearerFile string      `yaml:"bearer_token_file"`
	TLS        blackboxTLS `yaml:"tls_config"`
	Proxy      string      `yaml:"proxy_url"`
	Protocol   string      `yaml:"preferred_ip_protocol"`
	Fallback   *bool       `yaml:"ip_protocol_fallback"`
	Authorize  struct {
		Type        string `yaml:"type"`
		Credentials string `yaml:"credentials"`
		File        string `yaml:"credentials_file"`
	} `yaml:"authorization"`
}

type blackboxHeader struct {
	Header string `yaml:"header"`
	Regexp string `yaml:"regexp"`
	Absent bool   `yaml:"allow_missing"`
}

type blackboxTLS struct {
	Insecure bool   `yaml:"insecure_skip_verify"`
	CA       string `yaml:"ca_file"`
	Name     string `yaml:"server_name"`
	Cert     string `yaml:"cert_file"`
	Key      string `yaml:"key_file"`
}

type scrapeConfig struct {
	Job      string              `yaml:"job_name"`
	Path     string              `yaml:"metrics_path"`
	Interval string              `yaml:"scrape_interval"`
	Timeout  string              `yaml:"scrape_timeout"`
	Params   map[string][]string `yaml:"params"`
	Static   []targetGroup       `yaml:"static_configs"`
	File     []struct {
		Files []string `yaml:"files"`
	} `yaml:"file_sd_configs"`
	Relabel []relabelling  `yaml:"relabel_configs"`
	Rest    map[string]any `yaml:",inline"`
}

type targetGroup struct {
	Targets []string          `yaml:"targets"`
	Labels  map[string]string `yaml:"labels"`
}

type relabelling struct {
	Sources     []string `yaml:"source_labels"`
	Separator   *string  `yaml:"separator"`
	Regex       string   `yaml:"regex"`
	Target      string   `yaml:"target_label"`
	Replacement *string  `yaml:"replacement"`
	Action      string   `yaml:"action"`
}

func readBlackbox(p *Plan, sources []Source) error {
	modules := map[string]blackboxModule{}
	var scrapes []scrapeConfig
	found := map[string][]targetGroup{} // :: name of a file of targets -> them
	for _, s := range sources {
		var groups []targetGroup
		if yaml.Unmarshal(s.Text, &groups) == nil {
			found[s.Name] = groups
			continue
		}
		var f blackboxFile
		if err := yaml.Unmarshal(s.Text, &f); err != nil {
			return fmt.Errorf("%s is neither a configuration of the blackbox exporter nor of Prometheus: %w", s.Name, err)
		}
		maps.Copy(modules, f.Modules)
		for _, sc := range f.Scrapes {
			sc.Interval, sc.Timeout = cmp.Or(sc.Interval, f.Global.Interval, "1m"), cmp.Or(sc.Timeout, f.Global.Timeout, "10s")
			scrapes = append(scrapes, sc)
		}
	}
	switch {
	case len(modules) == 0:
		return fmt.Errorf("no modules are in %s; name blackbox.yml as well", sources[0].Name)
	case len(scrapes) == 0:
		return fmt.Errorf("what is probed stands in Prometheus's scrape_configs; name prometheus.yml as well")
	}
	for _, sc := range scrapes {
		if strings.HasSuffix(sc.Path, "/probe") {
			p.scrape(sc, modules, found)
		}
	}
	p.differ("alert rules on probe_success", "statusbot judges by itself; rules go on working with its /metrics/blackbox (docs/metrics.md)")
	return nil
}

// scrape takes the targets of a scrape configuration.
func (p *Plan) scrape(sc scrapeConfig, modules map[string]blackboxModule, found map[string][]targetGroup) {
	groups := sc.Static
	for _, file := range sc.File {
		for _, name := range file.Files {
			var groupsOf []targetGroup
			for given, list := range found {
				if given == name || strings.HasSuffix(given, "/"+name[strings.LastIndex(name, "/")+1:]) {
					groupsOf = append(groupsOf, list...)
				}
			}
			if groupsOf == nil {
				p.refuse("targets of "+name+" of job "+sc.Job, "name that file as well")
			}
			groups = append(groups, groupsOf...)
		}
	}
	for _, key := range sorted(sc.Rest) {
		if strings.HasSuffix(key, "_sd_configs") {
			p.refuse(key+" of job "+sc.Job, "targets that are looked for change by themselves, and checks are written down: list those that clients use")
		}
	}
	for _, g := range groups {
		for _, target := range g.Targets {
			labels := map[string]string{"__address__": target, "job": sc.Job}
			maps.Copy(labels, g.Labels)
			if len(sc.Params["module"]) > 0 {
				labels["__param_module"] = sc.Params["module"][0]
			}
			if len(sc.Params["target"]) > 0 {
				labels["__param_target"] = sc.Params["target"][0]
			}
			if why := relabel(labels, sc.Relabel); why != "" {
				p.refuse(shown(target)+" of job "+sc.Job, why)
				continue
			}
			p.blackboxTarget(sc, labels, modules)
		}
	}
}

// relabel changes labels as Prometheus does, as far as what is probed depends on it.
func relabel(labels map[string]string, rules []relabelling) (why string) {
	for _, r := range rules {
		var values []string
		for _, name := range r.Sources {
			values = append(values, labels[name])
		}
		separator := ";"
		if r.Separator != nil {
			separator = *r.Separator
		}
		re, err := regexp.Compile("^(?s:" + cmp.Or(r.Regex, "(.*)") + ")$")
		if err != nil {
			return "a regular expression of its relabelling cannot be read"
		}
		value := strings.Join(values, separator)
		m := re.FindStringSubmatchIndex(value)
		switch cmp.Or(r.Action, "replace") {
		case "replace":
			if m == nil {
				continue
			}
			with := "$1"
			if r.Replacement != nil {
				with = *r.Replacement
			}
			labels[r.Target] = string(re.ExpandString(nil, with, value, m))
		case "keep", "drop":
			if (m != nil) == (r.Action == "drop") {
				return "its relabelling drops it"
			}
		case "labeldrop", "labelkeep", "labelmap": // what is probed is in none of them
		default:
			return "its relabelling uses " + r.Action
		}
	}
	return ""
}

// shown is a target without what may be secret: user, query and fragment.
func shown(target string) string {
	target, _, _ = strings.Cut(target, "?")
	target, _, _ = strings.Cut(target, "#")
	scheme, rest, isURL := strings.Cut(target, "://")
	if !isURL {
		scheme, rest = "", target
	}
	host, path, _ := strings.Cut(rest, "/")
	if _, after, ok := cutLast(host, "@"); ok {
		host = after
	}
	out := strings.TrimSuffix(host+"/"+path, "/")
	if isURL {
		out = scheme + "://" + out
	}
	return out
}

func (p *Plan) blackboxTarget(sc scrapeConfig, labels map[string]string, modules map[string]blackboxModule) {
	target, name := labels["__param_target"], cmp.Or(labels["__param_module"], "http_2xx")
	what := shown(target) + " by module " + name
	m, ok := modules[name]
	kind := map[string]string{"http": "http", "tcp": "tcp", "icmp": "icmp", "dns": "dns", "grpc": "grpc"}[m.Prober]
	switch {
	case target == "":
		p.refuse("a target of job "+sc.Job, "its relabelling gives no target")
		return
	case !ok:
		p.refuse(what, "there is no such module in the files that were named")
		return
	case kind == "":
		p.refuse(what, "there is no kind of check for prober "+m.Prober+" that could be written from this")
		return
	}
	if kind == "tcp" && slices.ContainsFunc(m.TCP.Query, func(q blackboxLine) bool { return q.StartTLS }) {
		p.refuse(what, "a conversation that goes over to TLS: write kind smtp, imap or tls with starttls")
		return
	}
	c := p.begin(p.product(sc.Job, ""), strings.TrimPrefix(strings.TrimPrefix(shown(target), "https://"), "http://"), kind)
	c.name = what
	c.Every = prometheusSpan(sc.Interval)
	c.Timeout = prometheusSpan(cmp.Or(m.Timeout, sc.Timeout))
	b := blackboxCheck{p: p, c: &c, m: &m}
	b.write(target)
	p.add(c, b.differs...)
}

var dayOrWeek = regexp.MustCompile(`^([0-9]+)([dwy])(.*)$`)

// prometheusSpan reads 1m30s, and days.
func prometheusSpan(s string) time.Duration {
	if m := dayOrWeek.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1])
		return time.Duration(n)*map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour}[m[2]] + prometheusSpan(m[3])
	}
	d, _ := time.ParseDuration(s)
	return d
}

type blackboxCheck struct {
	p       *Plan
	c       *Check
	m       *blackboxModule
	differs []string
}

func (b *blackboxCheck) set(key string, value any) { b.c.Options[key] = value }
func (b *blackboxCheck) differ(why string)         { b.differs = append(b.differs, why) }

func (b *blackboxCheck) write(target string) {
	p, c, m := b.p, b.c, b.m
	switch c.Kind {
	case "http":
		if !strings.Contains(target, "://") {
			target = "http://" + target
		}
		b.set("url", p.address(c, target, plain))
		b.web()
	case "tcp":
		b.set("address", literal(target))
		var steps []any
		for _, q := range m.TCP.Query {
			step := map[string]any{}
			if q.Expect != "" {
				step["matches"] = literal(q.Expect)
			}
			if q.Send != "" {
				step["send"] = literal(q.Send + "\n")
			}
			if strings.Contains(q.Send, "${") {
				b.differ("what it sends with ${1} of the line before has no counterpart")
			}
			if len(step) > 0 {
				steps = append(steps, step)
			}
		}
		if len(steps) > 0 {
			b.set("steps", steps)
		}
		if m.TCP.TLS {
			b.set("tls", true)
			b.tls(m.TCP.TLSConfig, "insecure_tls")
		}
	case "icmp":
		b.set("host", literal(target))
		b.set("count", 1)
	case "dns":
		b.dns(target)
	case "grpc":
		b.set("address", literal(target))
		if m.GRPC.Service != "" {
			b.set("service", literal(m.GRPC.Service))
		}
		if m.GRPC.TLS {
			b.set("tls", true)
			b.tls(m.GRPC.TLSConfig, "insecure_tls")
		}
	}
}

func (b *blackboxCheck) dns(target string) {
	d := b.m.DNS
	b.set("name", literal(d.Name))
	b.set("type", cmp.Or(d.Type, "A"))
	if d.Type == "" || d.Type == "ANY" {
		b.set("type", "A")
		b.differ("it asks for ANY, which name servers refuse by now: A is asked for")
	}
	b.set("resolver", withPort(literal(target), "53"))
	b.set("min_answers", 0)
	if d.Transport == "tcp" {
		b.set("transport", "tcp")
	}
	if len(d.Rcodes) > 0 {
		b.set("rcode", d.Rcodes[0])
	}
	if len(d.Rcodes) > 1 {
		b.differ("of several response codes the first is right")
	}
	if len(d.Answers) > 0 {
		b.differ("regular expressions on records are left out: write expect or exactly")
	}
}

func (b *blackboxCheck) tls(t blackboxTLS, insecure string) {
	if t.Insecure {
		b.set(insecure, true)
	}
	for key, value := range map[string]string{"ca_file": t.CA, "server_name": t.Name, "client_cert_file": t.Cert, "client_key_file": t.Key} {
		if value != "" {
			b.set(key, value)
		}
	}
}

func (b *blackboxCheck) web() {
	p, c, h := b.p, b.c, &b.m.HTTP
	if method := strings.ToUpper(cmp.Or(h.Method, "GET")); method != "GET" {
		b.set("method", method)
	}
	p.headers(c, h.Headers, plain)
	p.body(c, h.Body, plain)
	follows := !h.NoFollow && (h.Follow == nil || *h.Follow)
	b.set("redirects", map[bool]int{true: 10}[follows])
	right := codesWhere(func(code int) bool { return code/100 == 2 })
	if len(h.Codes) > 0 {
		right = codesWhere(func(code int) bool { return slices.Contains(h.Codes, code) })
	}
	b.differ(statuses(c, right, follows))
	b.login()
	b.tls(h.TLS, "insecure_tls")
	if h.Proxy != "" {
		b.set("proxy", p.address(c, h.Proxy, plain))
	}
	if h.Fallback != nil && !*h.Fallback {
		b.set("family", map[string]string{"ip4": "ipv4"}[h.Protocol])
		if h.Protocol != "ip4" {
			b.set("family", "ipv6")
		}
	}
	b.content()
}

func (b *blackboxCheck) login() {
	p, c, h := b.p, b.c, &b.m.HTTP
	if h.Basic.User != "" {
		auth := map[string]any{"user": literal(h.Basic.User)}
		if h.Basic.File != "" {
			auth["password_file"] = h.Basic.File
		} else {
			auth["password"] = p.secret(c, "password", h.Basic.Password)
		}
		b.set("basic_auth", auth)
	}
	token, file := cmp.Or(h.Bearer, h.Authorize.Credentials), cmp.Or(h.BearerFile, h.Authorize.File)
	switch bearer := h.Authorize.Type == "" || strings.EqualFold(h.Authorize.Type, "bearer"); {
	case token != "" && bearer:
		b.set("bearer_token", p.secret(c, "token", ""))
	case token != "":
		p.headers(c, map[string]string{"Authorization": h.Authorize.Type + " " + token}, plain)
	case file != "" && bearer:
		b.set("bearer_token_file", file)
	case file != "":
		b.differ("its authorization of type " + h.Authorize.Type + " by a file is left out")
	}
}

// content writes what the answer must or must not hold.
func (b *blackboxCheck) content() {
	c, h := b.c, &b.m.HTTP
	var expect, fail []string
	for _, re := range h.BodyIs {
		fail = append(fail, literal("body.matches("+quoted(re)+")"))
	}
	for _, re := range h.BodyIsNot {
		expect = append(expect, literal("body.matches("+quoted(re)+")"))
	}
	header := func(h blackboxHeader) (there, matches string) {
		name := quoted(strings.ToLower(h.Header))
		return name + " in headers", literal("headers[" + name + "].matches(" + quoted(h.Regexp) + ")")
	}
	for _, one := range h.HeaderIs {
		there, matches := header(one)
		said := there + " && " + matches
		if !one.Absent {
			said = "!(" + there + ") || " + matches
		}
		fail = append(fail, said)
	}
	for _, one := range h.HeaderIsNot {
		there, matches := header(one)
		said := "(" + there + ") && " + matches
		if one.Absent {
			said = "!(" + there + ") || " + matches
		}
		expect = append(expect, said)
	}
	if h.FailPlain {
		expect = append(expect, "certificate != null")
	}
	if h.FailTLS {
		expect = append(expect, "certificate == null")
	}
	if len(h.Versions) > 0 {
		versions := []string{}
		for _, v := range h.Versions {
			versions = append(versions, quoted(strings.TrimSuffix(strings.TrimPrefix(v, "HTTP/"), ".0")))
		}
		expect = append(expect, "version in ["+strings.Join(versions, ", ")+"]")
		if u, err := url.Parse(fmt.Sprint(c.Options["url"])); err == nil && u.Scheme == "https" && strings.Contains(strings.Join(h.Versions, ""), "HTTP/2") {
			b.set("version", "auto")
		}
	}
	if len(h.CEL) > 0 {
		b.differ("its CEL expressions are left out: write them as expect, of json in place of body")
	}
	if len(expect) > 0 {
		b.set("expect", expect)
	}
	if len(fail) > 0 {
		b.set("fail_if", fail)
	}
}
