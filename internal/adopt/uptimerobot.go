package adopt

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readUptimeRobot reads the export of the dashboard: ID, Type, Status, Friendly Name, URL/IP,
// Keyword Type, Keyword Value, Port. Further columns are taken where they say what they are.
func readUptimeRobot(p *Plan, sources []Source) error {
	for _, s := range sources {
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(s.Text, []byte("\xef\xbb\xbf"))))
		r.Comma = separator(s.Text)
		r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = -1, true, true
		rows, err := r.ReadAll()
		if err != nil {
			return fmt.Errorf("%s is no CSV: %w", s.Name, err)
		}
		if len(rows) == 0 || !strings.Contains(strings.ToLower(strings.Join(rows[0], ",")), "friendly name") {
			return fmt.Errorf("%s has no column Friendly Name in its first line; export the monitors of UptimeRobot as CSV", s.Name)
		}
		if unread := unreadColumns(rows); len(unread) > 0 {
			p.differ("columns "+strings.Join(unread, ", "), "not written")
		}
		for _, row := range rows[1:] {
			if strings.TrimSpace(strings.Join(row, "")) == "" {
				continue // as spreadsheets leave them
			}
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

// robotColumns are those that are read, or say nothing of what is asked.
var robotColumns = []string{"id", "type", "status", "friendly name", "url/ip", "keyword type", "keyword value", "keyword case type", "port", "interval", "http method", "created", "created at",
	"creation date", "uptime ratio", "date"}

// unreadColumns are the others in which something stands.
func unreadColumns(rows [][]string) (names []string) {
	for i, name := range rows[0] {
		if slices.Contains(robotColumns, strings.ToLower(strings.TrimSpace(name))) {
			continue
		}
		if slices.ContainsFunc(rows[1:], func(row []string) bool { return i < len(row) && strings.TrimSpace(row[i]) != "" }) {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// separator is what stands between the columns of the first line.
func separator(text []byte) rune {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	for _, sign := range []rune{';', '\t'} {
		if bytes.ContainsRune(first, sign) && !bytes.ContainsRune(first, ',') {
			return sign
		}
	}
	return ','
}

func (p *Plan) uptimeRobot(m map[string]string, differs ...string) {
	target := m["url/ip"]
	name := cmp.Or(m["friendly name"], hostOf(target), "monitor "+m["id"])
	kind := map[string]string{"http(s)": "http", "http": "http", "https": "http", "keyword": "http", "ping": "icmp", "port": "tcp", "heartbeat": "heartbeat"}[strings.ToLower(m["type"])]
	if kind == "" {
		p.refuse(name, "of type "+m["type"]+" the export does not tell what is asked and what is right: write it anew (docs/checks.md)")
		return
	}
	c := p.begin(p.product(name, ""), name, kind)
	c.Every = 5 * time.Minute
	if n, err := strconv.Atoi(m["interval"]); err == nil && n > 0 {
		c.Every = time.Duration(n) * time.Second
	} else {
		p.differ("intervals", "5m is written: the export does not tell them")
	}
	c.Timeout = 30 * time.Second // UptimeRobot's own
	if n, err := strconv.Atoi(m["timeout"]); err == nil && n > 0 {
		c.Timeout = time.Duration(n) * time.Second
	}
	c.Disabled = strings.EqualFold(m["status"], "paused")
	switch kind {
	case "http":
		c.Options["url"] = p.address(&c, target, plain)
		if method := strings.ToUpper(m["http method"]); method != "" && method != "GET" {
			c.Options["method"] = method
		}
		if strings.EqualFold(m["type"], "keyword") && m["keyword value"] == "" {
			differs = append(differs, "its keyword is not told: no text is looked for")
		}
		if word := m["keyword value"]; strings.EqualFold(m["type"], "keyword") && word != "" {
			key := "contains"
			if kind := strings.ToLower(m["keyword type"]); kind == "1" || kind == "exists" || kind == "alert exists" {
				key = "not_contains" // it alerts when the word is there
			}
			if insensitive := strings.ToLower(m["keyword case type"]); strings.Contains(insensitive, "insensitive") || insensitive == "1" {
				c.Options[map[string]string{"contains": "expect", "not_contains": "fail_if"}[key]] = literal("body.matches(" + quoted("(?i)"+regexp.QuoteMeta(word)) + ")")
			} else {
				c.Options[key] = []any{literal(word)}
			}
			p.differ("keywords", "of type exists the word must not occur, since UptimeRobot alarms when it is there; of type not exists it must")
		}
	case "icmp":
		c.Options["host"] = literal(target)
	case "tcp":
		if _, _, err := net.SplitHostPort(target); m["port"] == "" && err != nil {
			differs = append(differs, "its port is not told: 443 is written")
		}
		c.Options["address"] = withPort(literal(target), cmp.Or(m["port"], "443"))
	case "heartbeat":
		c.Options["token"] = p.secret(&c, "token", "")
		differs = append(differs, "whoever reports must send to statusbot, with a new token (docs/kinds/heartbeat.md)")
	}
	p.add(c, differs...)
}
