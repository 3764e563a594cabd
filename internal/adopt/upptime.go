package adopt

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/lazy"
)

// What of .upptimerc.yml is read (https://upptime.js.org/docs/configuration; what that leaves open, by src/update.ts of
// upptime/uptime-monitor).
type upptimeFile struct {
	Schedule struct {
		Uptime string `yaml:"uptime"`
	} `yaml:"workflowSchedule"`
	Sites         []yaml.Node    `yaml:"sites"` // one that is odd is none of the others' fault
	Notifications []any          `yaml:"notifications"`
	Rest          map[string]any `yaml:",inline"`
}

type upptimeSite struct {
	Name     string   `yaml:"name"`
	URL      string   `yaml:"url"`
	Method   string   `yaml:"method"`
	Body     string   `yaml:"body"`
	Headers  []string `yaml:"headers"`
	Expected []string `yaml:"expectedStatusCodes"` // numbers, also as texts
	MaxTime  int      `yaml:"maxResponseTime"`
	MaxJumps *int     `yaml:"maxRedirects"`
	Check    string   `yaml:"check"`
	Port     string   `yaml:"port"` // a number, or a $SECRET
	Type     string   `yaml:"type"` // "globalping": by servers of others, else from where the workflow runs
	IPv6     bool     `yaml:"ipv6"`
	Down     string   `yaml:"__dangerous__body_down"`
	DownText string   `yaml:"__dangerous__body_down_if_text_missing"`
	SlowText string   `yaml:"__dangerous__body_degraded_if_text_missing"`
	Wait     int      `yaml:"requestTimeout"` // seconds
	Degraded string   `yaml:"__dangerous__body_degraded"`
	NoPeer   bool     `yaml:"__dangerous__disable_verify_peer"`
	NoHost   bool     `yaml:"__dangerous__disable_verify_host"`
	Insecure bool     `yaml:"__dangerous__insecure"`

	Rest map[string]any `yaml:",inline"`
}

// upptimePage are keys of a site that are of the page and of the issues alone.
var upptimePage = []string{"assignees", "icon", "slug", "tags"}

// upptimeWait is how long it waits for an answer, in seconds.
const upptimeWait = 60

// upptimeRandom are names for which it puts something in by chance.
var upptimeRandom = []string{"DYNAMIC_RANDOM_NUMBER", "DYNAMIC_ALPHANUMERIC_STRING"}

// everyMinutes is the one form of a schedule that is an interval.
var everyMinutes = lazy.Compile(`^\*/([0-9]+) \* \* \* \*$`)

func readUpptime(p *Plan, sources []Source) error {
	for _, s := range sources {
		var f upptimeFile
		if err := yaml.Unmarshal(s.Text, &f); err != nil {
			return s.unread("not a configuration of upptime", err)
		}
		every := 5 * time.Minute // upptime's own
		if m := everyMinutes.FindStringSubmatch(f.Schedule.Uptime); m != nil {
			n, _ := strconv.Atoi(m[1])
			every = time.Duration(max(n, 1)) * time.Minute
		} else if f.Schedule.Uptime != "" {
			p.differ("workflowSchedule.uptime", "every: 5m is written, since it is no interval")
		}
		for i := range f.Sites {
			var site upptimeSite
			if err := f.Sites[i].Decode(&site); err != nil {
				p.refuse(fmt.Sprintf("%s, the site in line %d", cmp.Or(site.Name, s.Name), f.Sites[i].Line), "it cannot be read as one: "+unreadable(err).Error())
				continue
			}
			p.upptime(site, every)
		}
		if len(f.Sites) == 0 {
			continue
		}
		if len(f.Notifications) > 0 {
			p.refuse("notifications: "+strconv.Itoa(len(f.Notifications)), "statusbot tells in Slack, and elsewhere by ways (docs/ways.md)")
		}
		if own := sorted(f.Rest); len(own) > 0 {
			p.refuse(strings.Join(own, ", "), "not of checks, but of upptime itself")
		}
	}
	return nil
}

func (p *Plan) upptime(site upptimeSite, every time.Duration) {
	site.Name = cmp.Or(site.Name, hostOf(site.URL))
	kind := map[string]string{"": "http", "http": "http", "tcp-ping": "tcp", "ws": "websocket", "ssl": "tls"}[site.Check]
	if kind == "" {
		p.refuse(site.Name, "there is no kind of check for check: "+site.Check)
		return
	}
	if kind == "tcp" && site.Type == "globalping" { // which measures by echoes in its place
		kind = "icmp"
	}
	c := p.begin(p.product(site.Name, ""), site.Name, kind)
	c.Every, c.Timeout = every, time.Duration(cmp.Or(max(site.Wait, 0), upptimeWait))*time.Second
	var differs []string
	if site.Type == "globalping" {
		differs = append(differs, "servers elsewhere look at it there; here the probe, or an agent, does (docs/vantages.md)")
	}
	for _, random := range upptimeRandom {
		if slices.ContainsFunc(append([]string{site.URL, site.Body}, site.Headers...), func(s string) bool { return strings.Contains(s, "$"+random) }) {
			differs = append(differs, "$"+random+" is another one in each try there; here it is one for all, from the environment")
		}
	}
	if unread := slices.DeleteFunc(sorted(site.Rest), func(key string) bool { return slices.Contains(upptimePage, key) }); len(unread) > 0 {
		differs = append(differs, "not written: "+strings.Join(unread, ", "))
	}
	if kind == "tcp" || kind == "tls" || kind == "icmp" {
		p.add(c, append(differs, p.upptimeHost(&c, site)...)...)
		return
	}
	c.Options["url"] = p.address(&c, site.URL, p.expanded)
	headers := map[string]string{}
	for _, h := range site.Headers {
		name, value, _ := strings.Cut(h, ":")
		headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	p.headers(&c, headers, p.expanded)
	p.certifiedAs(&c)
	if kind == "websocket" {
		if site.Body != "" {
			differs = append(differs, "its body is not sent: there, too, a connection is enough")
		}
		p.add(c, differs...)
		return
	}
	p.add(c, append(differs, p.upptimeWeb(&c, site))...)
}

// upptimeHost writes what is asked without HTTP.
func (p *Plan) upptimeHost(c *Check, site upptimeSite) (differs []string) {
	host := site.URL
	if _, rest, is := strings.Cut(host, "://"); is {
		host = strings.TrimSuffix(rest, "/")
	}
	host = p.expanded(c, host)
	if site.IPv6 {
		c.Options["family"] = "ipv6"
	}
	slow := time.Duration(site.MaxTime) * time.Millisecond
	if c.Kind == "icmp" {
		if c.Options["host"] = host; slow > 0 && slow < c.Timeout {
			c.Options["degraded_over"] = span(slow)
		}
		return nil
	}
	port := cmp.Or(site.Port, map[string]string{"tcp": "80", "tls": "443"}[c.Kind])
	if strings.HasPrefix(port, "$") {
		host, port = strings.Trim(host, "[]"), p.expanded(c, port)
		c.Options["address"] = host + ":" + port
	} else {
		c.Options["address"] = withPort(host, port)
	}
	if c.Kind == "tls" { // it looks at the dates of the certificate alone, and wants a week of them
		c.Options["warn_days"], c.Options["fail_days"], c.Options["insecure_chain"] = 0, 7, true
	}
	if slow > 0 && c.Kind == "tcp" {
		differs = append(differs, "maxResponseTime is not written: how slow is unusual is found by itself")
	}
	return differs
}

// upptimeWeb writes a request and what is expected of its answer.
func (p *Plan) upptimeWeb(c *Check, site upptimeSite) (differs string) {
	if method := strings.ToUpper(site.Method); method != "" && method != "GET" {
		c.Options["method"] = method
	}
	if p.body(c, site.Body, p.expanded); site.Body != "" {
		c.contentType("application/x-www-form-urlencoded") // as curl, by which it asks, calls a body unless a header does
	}
	if site.MaxTime > 0 || site.SlowText != "" {
		p.differ("maxResponseTime and __dangerous__body_degraded_if_text_missing", "what has a wrong status and is slow as well, or lacks the text, is degraded there; here it fails")
	}
	if site.Down+site.DownText+site.Degraded+site.SlowText != "" {
		p.differ("texts of __dangerous__body_...", "looked for in the body; there in the headers of the answer as well")
	}
	c.Options["redirects"] = 3
	if site.MaxJumps != nil {
		c.Options["redirects"] = min(*site.MaxJumps, 20)
	}
	set := codesWhere(func(code int) bool { return code >= 200 && code <= 308 })
	if len(site.Expected) > 0 {
		set = codesWhere(func(code int) bool { return slices.Contains(site.Expected, strconv.Itoa(code)) })
	}
	differs = p.statuses(c, set, c.Options["redirects"] != 0)
	if slow := time.Duration(site.MaxTime) * time.Millisecond; slow > 0 && slow < c.Timeout {
		c.Options["degraded_over"] = span(slow)
	}
	if site.NoPeer || site.NoHost || site.Insecure {
		c.Options["insecure_tls"] = true
	}
	if site.Down != "" {
		c.Options["not_contains"] = []any{p.expanded(c, site.Down)}
	}
	if site.DownText != "" {
		c.Options["contains"] = []any{p.expanded(c, site.DownText)}
	}
	var degraded []string
	if site.Degraded != "" {
		degraded = append(degraded, p.expanded(c, "body.contains("+quoted(site.Degraded)+")"))
	}
	if site.SlowText != "" {
		degraded = append(degraded, p.expanded(c, "!body.contains("+quoted(site.SlowText)+")"))
	}
	if len(degraded) > 0 {
		c.Options["degraded_if"] = degraded
	}
	return differs
}
