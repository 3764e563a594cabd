package adopt

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// readUptimeRobot reads the export of the dashboard: ID, Type, Status, Friendly Name, URL/IP,
// Keyword Type, Keyword Value, Port. Further columns are taken where they say what they are.
func readUptimeRobot(p *Plan, sources []Source) error {
	for _, s := range sources {
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(s.Text, []byte("\xef\xbb\xbf"))))
		r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = -1, true, true
		rows, err := r.ReadAll()
		if err != nil {
			return fmt.Errorf("%s is no CSV: %w", s.Name, err)
		}
		if len(rows) == 0 || !strings.Contains(strings.ToLower(strings.Join(rows[0], ",")), "friendly name") {
			return fmt.Errorf("%s has no column Friendly Name in its first line; export the monitors of UptimeRobot as CSV", s.Name)
		}
		for _, row := range rows[1:] {
			m := map[string]string{}
			for i, name := range rows[0] {
				if i < len(row) {
					m[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(row[i])
				}
			}
			p.uptimeRobot(m)
		}
	}
	return nil
}

func (p *Plan) uptimeRobot(m map[string]string) {
	name, target := m["friendly name"], m["url/ip"]
	kind := map[string]string{"http(s)": "http", "http": "http", "https": "http", "keyword": "http", "ping": "icmp", "port": "tcp", "heartbeat": "heartbeat"}[strings.ToLower(m["type"])]
	if kind == "" {
		p.refuse(name, "there is no kind of check for type "+m["type"])
		return
	}
	c := p.begin(p.product("UptimeRobot", ""), name, kind)
	c.Every = 5 * time.Minute
	if n, err := strconv.Atoi(m["interval"]); err == nil && n > 0 {
		c.Every = time.Duration(n) * time.Second
	} else {
		p.differ("intervals", "5m is written: the export does not tell them")
	}
	c.Timeout = 30 * time.Second // UptimeRobot's own
	c.Disabled = strings.EqualFold(m["status"], "paused")
	var differs []string
	switch kind {
	case "http":
		c.Options["url"] = p.address(&c, target, plain)
		if word := m["keyword value"]; strings.EqualFold(m["type"], "keyword") && word != "" {
			key := "contains"
			if kind := strings.ToLower(m["keyword type"]); kind == "1" || kind == "exists" || kind == "alert exists" {
				key = "not_contains" // it alerts when the word is there
			}
			c.Options[key] = []any{literal(word)}
			p.differ("keywords", "of type exists the word must not occur, since UptimeRobot alarms when it is there; of type not exists it must")
		}
	case "icmp":
		c.Options["host"] = literal(target)
	case "tcp":
		c.Options["address"] = withPort(literal(target), cmp.Or(m["port"], "443"))
	case "heartbeat":
		c.Options["token"] = p.secret(&c, "token", "")
		differs = append(differs, "whoever reports must send to statusbot, with a new token (docs/kinds/heartbeat.md)")
	}
	p.add(c, differs...)
}

// What of .upptimerc.yml is read (https://upptime.js.org/docs/configuration).
type upptimeFile struct {
	Owner string `yaml:"owner"`
	Repo  string `yaml:"repo"`
	Sites []struct {
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
		Degraded string   `yaml:"__dangerous__body_degraded"`
		Verify   *bool    `yaml:"__dangerous__insecure"`
		NoPeer   bool     `yaml:"__dangerous__disable_verify_peer"`
		NoHost   bool     `yaml:"__dangerous__disable_verify_host"`
	} `yaml:"sites"`
}

func readUpptime(p *Plan, sources []Source) error {
	for _, s := range sources {
		var f upptimeFile
		if err := yaml.Unmarshal(s.Text, &f); err != nil {
			return fmt.Errorf("%s is not a configuration of upptime: %w", s.Name, err)
		}
		for _, site := range f.Sites {
			kind := map[string]string{"": "http", "http": "http", "tcp-ping": "tcp", "ws": "websocket"}[site.Check]
			if kind == "" {
				p.refuse(site.Name, "there is no kind of check for check: "+site.Check)
				continue
			}
			c := p.begin(p.product(cmp.Or(f.Repo, "upptime"), ""), site.Name, kind)
			c.Every, c.Timeout = 5*time.Minute, 30*time.Second
			if kind == "tcp" {
				c.Options["address"] = withPort(p.expanded(&c, strings.TrimPrefix(strings.TrimPrefix(site.URL, "tcp://"), "https://")), strconv.Itoa(cmp.Or(site.Port, 80)))
				if site.IPv6 {
					c.Options["family"] = "ipv6"
				}
				p.add(c)
				continue
			}
			c.Options["url"] = p.address(&c, site.URL, p.expanded)
			headers := map[string]string{}
			for _, h := range site.Headers {
				name, value, _ := strings.Cut(h, ":")
				headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
			}
			p.headers(&c, headers, p.expanded)
			if kind == "websocket" {
				p.add(c)
				continue
			}
			if method := strings.ToUpper(site.Method); method != "" && method != "GET" {
				c.Options["method"] = method
			}
			p.body(&c, site.Body, p.expanded)
			c.Options["redirects"] = 3
			if site.MaxJumps != nil {
				c.Options["redirects"] = min(*site.MaxJumps, 20)
			}
			set := codesWhere(func(code int) bool { return code >= 200 && code < 400 })
			if len(site.Expected) > 0 {
				set = codes{}
				for _, code := range site.Expected {
					set[code] = true
				}
			}
			differs := []string{statuses(&c, set, c.Options["redirects"] != 0)}
			if site.MaxTime > 0 && site.MaxTime < 30_000 {
				c.Options["degraded_over"] = span(time.Duration(site.MaxTime) * time.Millisecond)
			}
			if site.NoPeer || site.NoHost {
				c.Options["insecure_tls"] = true
			}
			if site.Down != "" {
				c.Options["not_contains"] = []any{p.expanded(&c, site.Down)}
			}
			if site.DownText != "" {
				c.Options["contains"] = []any{p.expanded(&c, site.DownText)}
			}
			if site.Degraded != "" {
				c.Options["degraded_if"] = p.expanded(&c, "body.contains("+quoted(site.Degraded)+")")
			}
			p.add(c, differs...)
		}
	}
	return nil
}
