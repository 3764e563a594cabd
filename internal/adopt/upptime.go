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

// What of .upptimerc.yml is read (https://upptime.js.org/docs/configuration).
type upptimeFile struct {
	Schedule struct {
		Uptime string `yaml:"uptime"`
	} `yaml:"workflowSchedule"`
	Sites []upptimeSite `yaml:"sites"`
}

type upptimeSite struct {
	Name     string   `yaml:"name"`
	URL      string   `yaml:"url"`
	Method   string   `yaml:"method"`
	Body     string   `yaml:"body"`
	Headers  []string `yaml:"headers"`
	Expected []int    `yaml:"expectedStatusCodes"`
	MaxTime  int      `yaml:"maxResponseTime"`
	MaxJumps *int     `yaml:"maxRedirects"`
	Check    string   `yaml:"check"`
	Port     int      `yaml:"port"`
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

// everyMinutes is the one form of a schedule that is an interval.
var everyMinutes = lazy.Compile(`^\*/([0-9]+) \* \* \* \*$`)

func readUpptime(p *Plan, sources []Source) error {
	for _, s := range sources {
		var f upptimeFile
		if err := yaml.Unmarshal(s.Text, &f); err != nil {
			return fmt.Errorf("%s is not a configuration of upptime: %w", s.Name, err)
		}
		every := 5 * time.Minute // upptime's own
		if m := everyMinutes.FindStringSubmatch(f.Schedule.Uptime); m != nil {
			n, _ := strconv.Atoi(m[1])
			every = time.Duration(max(n, 1)) * time.Minute
		} else if f.Schedule.Uptime != "" {
			p.differ("workflowSchedule.uptime", "every: 5m is written, since it is no interval")
		}
		for _, site := range f.Sites {
			p.upptime(site, every)
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
	c := p.begin(p.product(site.Name, ""), site.Name, kind)
	c.Every, c.Timeout = every, time.Duration(cmp.Or(max(site.Wait, 0), 30))*time.Second
	var differs []string
	if unread := slices.DeleteFunc(sorted(site.Rest), func(key string) bool { return slices.Contains(upptimePage, key) }); len(unread) > 0 {
		differs = append(differs, "not written: "+strings.Join(unread, ", "))
	}
	if kind == "tcp" || kind == "tls" {
		address := site.URL
		if _, host, is := strings.Cut(address, "://"); is {
			address = strings.TrimSuffix(host, "/")
		}
		c.Options["address"] = withPort(p.expanded(&c, address), strconv.Itoa(cmp.Or(site.Port, map[string]int{"tcp": 80, "tls": 443}[kind])))
		if site.IPv6 {
			c.Options["family"] = "ipv6"
		}
		if kind == "tls" { // a certificate that is valid is enough there
			c.Options["warn_days"], c.Options["fail_days"] = 0, 0
		}
		p.add(c, differs...)
		return
	}
	c.Options["url"] = p.address(&c, site.URL, p.expanded)
	headers := map[string]string{}
	for _, h := range site.Headers {
		name, value, _ := strings.Cut(h, ":")
		headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	p.headers(&c, headers, p.expanded)
	if kind == "websocket" {
		p.add(c, differs...)
		return
	}
	p.add(c, append(differs, p.upptimeWeb(&c, site))...)
}

// upptimeWeb writes a request and what is expected of its answer.
func (p *Plan) upptimeWeb(c *Check, site upptimeSite) (differs string) {
	if method := strings.ToUpper(site.Method); method != "" && method != "GET" {
		c.Options["method"] = method
	}
	p.body(c, site.Body, p.expanded)
	c.Options["redirects"] = 3
	if site.MaxJumps != nil {
		c.Options["redirects"] = min(*site.MaxJumps, 20)
	}
	set := codesWhere(func(code int) bool { return code >= 200 && code < 400 })
	if len(site.Expected) > 0 {
		set = codesWhere(func(code int) bool { return slices.Contains(site.Expected, code) })
	}
	differs = statuses(c, set, c.Options["redirects"] != 0)
	if site.MaxTime > 0 && site.MaxTime < 30_000 {
		c.Options["degraded_over"] = span(time.Duration(site.MaxTime) * time.Millisecond)
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
