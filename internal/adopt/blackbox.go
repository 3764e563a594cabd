package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/lazy"
)

// The blackbox exporter knows how to probe, its modules; what is probed stands in
// Prometheus's scrape configuration. Both are read together
// (https://github.com/prometheus/blackbox_exporter/blob/master/CONFIGURATION.md).
type blackboxFile struct {
	Modules map[string]blackboxModule `yaml:"modules"`
	Scrapes []scrapeConfig            `yaml:"scrape_configs"`
	Files   []string                  `yaml:"scrape_config_files"`
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
		blackboxNet `yaml:",inline"`
		Rest        map[string]any `yaml:",inline"`
		Query       []blackboxLine `yaml:"query_response"`
		TLS         bool           `yaml:"tls"`
		TLSConfig   blackboxTLS    `yaml:"tls_config"`
	} `yaml:"tcp"`
	ICMP struct {
		blackboxNet `yaml:",inline"`
		Rest        map[string]any `yaml:",inline"`
		Size        int            `yaml:"payload_size"`
	} `yaml:"icmp"`
	DNS struct {
		blackboxNet `yaml:",inline"`
		Rest        map[string]any `yaml:",inline"`
		TLS         bool           `yaml:"dns_over_tls"`
		TLSConfig   blackboxTLS    `yaml:"tls_config"`
		Name        string         `yaml:"query_name"`
		Type        string         `yaml:"query_type"`
		Transport   string         `yaml:"transport_protocol"`
		Rcodes      []string       `yaml:"valid_rcodes"`
		Answers     map[string]any `yaml:"validate_answer_rrs"`
	} `yaml:"dns"`
	GRPC struct {
		blackboxNet `yaml:",inline"`
		Rest        map[string]any `yaml:",inline"`
		Service     string         `yaml:"service"`
		TLS         bool           `yaml:"tls"`
		TLSConfig   blackboxTLS    `yaml:"tls_config"`
	} `yaml:"grpc"`
	WebSocket struct {
		blackboxNet `yaml:",inline"`
		Rest        map[string]any `yaml:",inline"`
		Headers     map[string]any `yaml:"headers"`
	} `yaml:"websocket"`
}

// blackboxNet is what probers share.
type blackboxNet struct {
	Protocol string `yaml:"preferred_ip_protocol"`
	Fallback *bool  `yaml:"ip_protocol_fallback"`
}

// blackboxLine is one step of a conversation.
type blackboxLine struct {
	Expect   string         `yaml:"expect"`
	Send     string         `yaml:"send"`
	StartTLS bool           `yaml:"starttls"`
	Rest     map[string]any `yaml:",inline"`
}

type blackboxHTTP struct {
	Codes       []int             `yaml:"valid_status_codes"`
	Versions    []string          `yaml:"valid_http_versions"`
	Method      string            `yaml:"method"`
	Headers     map[string]string `yaml:"headers"`
	Body        string            `yaml:"body"`
	Follow      *bool             `yaml:"follow_redirects"`
	NoFollow    bool              `yaml:"no_follow_redirects"`
	Two         *bool             `yaml:"enable_http2"`
	FailTLS     bool              `yaml:"fail_if_ssl"`
	FailPlain   bool              `yaml:"fail_if_not_ssl"`
	BodyIs      []string          `yaml:"fail_if_body_matches_regexp"`
	BodyIsNot   []string          `yaml:"fail_if_body_not_matches_regexp"`
	HeaderIs    []blackboxHeader  `yaml:"fail_if_header_matches"`
	HeaderIsNot []blackboxHeader  `yaml:"fail_if_header_not_matches"`
	CEL         map[string]any    `yaml:"fail_if_body_json_matches_cel"`
	Basic       struct {
		User     string         `yaml:"username"`
		Password string         `yaml:"password"`
		File     string         `yaml:"password_file"`
		Rest     map[string]any `yaml:",inline"`
	} `yaml:"basic_auth"`
	Bearer     string      `yaml:"bearer_token"`
	BearerFile string      `yaml:"bearer_token_file"`
	TLS        blackboxTLS `yaml:"tls_config"`
	Proxy      string      `yaml:"proxy_url"`
	NoProxy    string      `yaml:"no_proxy"`
	BodyFile   string      `yaml:"body_file"`
	Packed     string      `yaml:"compression"`
	OAuth2     struct {
		ID     string         `yaml:"client_id"`
		Secret string         `yaml:"client_secret"`
		File   string         `yaml:"client_secret_file"`
		URL    string         `yaml:"token_url"`
		Scopes []string       `yaml:"scopes"`
		Rest   map[string]any `yaml:",inline"`
	} `yaml:"oauth2"`
	Named map[string]struct {
		Values  []string       `yaml:"values"`
		Secrets []string       `yaml:"secrets"`
		Rest    map[string]any `yaml:",inline"`
	} `yaml:"http_headers"`
	blackboxNet `yaml:",inline"`
	Rest        map[string]any `yaml:",inline"`
	Authorize   struct {
		Type        string         `yaml:"type"`
		Credentials string         `yaml:"credentials"`
		File        string         `yaml:"credentials_file"`
		Rest        map[string]any `yaml:",inline"`
	} `yaml:"authorization"`
}

type blackboxHeader struct {
	Header string `yaml:"header"`
	Regexp string `yaml:"regexp"`
	Absent bool   `yaml:"allow_missing"`
}

type blackboxTLS struct {
	Insecure bool           `yaml:"insecure_skip_verify"`
	CA       string         `yaml:"ca_file"`
	Name     string         `yaml:"server_name"`
	Cert     string         `yaml:"cert_file"`
	Key      string         `yaml:"key_file"`
	Min      string         `yaml:"min_version"`
	Max      string         `yaml:"max_version"`
	Rest     map[string]any `yaml:",inline"`
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
			return s.unread("neither a configuration of the blackbox exporter nor of Prometheus", err)
		}
		maps.Copy(modules, f.Modules)
		if len(f.Files) > 0 {
			p.refuse("scrape_config_files of "+s.Name, "name them as well: "+strings.Join(f.Files, ", "))
		}
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
				if alike, _ := path.Match(path.Base(name), path.Base(given)); given == name || alike { // a pattern that is none matches nothing
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
			for name, values := range sc.Params {
				if len(values) > 0 {
					labels["__param_"+name] = values[0]
				}
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
	kind := map[string]string{"http": "http", "tcp": "tcp", "icmp": "icmp", "dns": "dns", "grpc": "grpc", "websocket": "websocket"}[m.Prober]
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
	c := p.begin(p.product(sc.Job, ""), withoutScheme(shown(target)), kind)
	c.name = what
	c.There = labels["job"] + "/" + cmp.Or(labels["instance"], labels["__address__"])
	c.Every = prometheusSpan(sc.Interval)
	c.Timeout = min(prometheusSpan(sc.Timeout), c.Every) // Prometheus waits no longer, whatever the module says
	if own := prometheusSpan(m.Timeout); own > 0 {
		c.Timeout = min(c.Timeout, own)
	}
	for _, label := range sorted(labels) {
		if !strings.HasPrefix(label, "__") && label != "job" && label != "instance" && label != "module" && labels[label] != target {
			c.tag(label, labels[label])
		}
	}
	b := blackboxCheck{p: p, c: &c, m: &m}
	b.write(target)
	b.hostname(labels["__param_hostname"])
	b.net(map[string]blackboxNet{"http": m.HTTP.blackboxNet, "tcp": m.TCP.blackboxNet, "icmp": m.ICMP.blackboxNet, "dns": m.DNS.blackboxNet, "grpc": m.GRPC.blackboxNet,
		"websocket": m.WebSocket.blackboxNet}[kind])
	if unread := m.unread(kind); len(unread) > 0 {
		b.differ("not written: " + strings.Join(unread, ", "))
	}
	p.add(c, b.differs...)
}

// unread are the keys of a module that are not read, by their paths.
func (m *blackboxModule) unread(kind string) (keys []string) {
	h := &m.HTTP
	within := map[string]map[string]map[string]any{
		"http": {"": h.Rest, "basic_auth.": h.Basic.Rest, "oauth2.": h.OAuth2.Rest, "authorization.": h.Authorize.Rest, "tls_config.": h.TLS.Rest},
		"tcp":  {"": m.TCP.Rest, "tls_config.": m.TCP.TLSConfig.unread()},
		"icmp": {"": m.ICMP.Rest},
		"dns":  {"": m.DNS.Rest, "tls_config.": m.DNS.TLSConfig.unread()},
		"grpc": {"": m.GRPC.Rest, "tls_config.": m.GRPC.TLSConfig.unread()}, "websocket": {"": m.WebSocket.Rest},
	}[kind]
	if kind == "http" {
		for name, named := range h.Named {
			within["http_headers."+name+"."] = named.Rest
		}
	}
	if kind == "tcp" {
		for _, line := range m.TCP.Query {
			within["query_response."] = merged(within["query_response."], line.Rest)
		}
	}
	for _, path := range sorted(within) {
		for _, key := range sorted(within[path]) {
			keys = append(keys, path+key)
		}
	}
	return keys
}

// unread are the keys that no kind but http takes.
func (t *blackboxTLS) unread() map[string]any {
	rest := maps.Clone(t.Rest)
	for key, value := range map[string]string{"min_version": t.Min, "max_version": t.Max} {
		if value != "" {
			rest = merged(rest, map[string]any{key: value})
		}
	}
	return rest
}

func merged(x, y map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, x)
	maps.Copy(all, y)
	return all
}

func withoutScheme(address string) string {
	if _, rest, is := strings.Cut(address, "://"); is {
		return rest
	}
	return address
}

var dayOrWeek = lazy.Compile(`^([0-9]+)([dwy])(.*)$`)

// prometheusSpan reads 1m30s, and days.
func prometheusSpan(s string) time.Duration {
	if m := dayOrWeek.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1])
		return time.Duration(n)*map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour}[m[2]] + prometheusSpan(m[3])
	}
	d, _ := time.ParseDuration(s)
	return d
}
