package domain

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// registration is what a registry tells of a domain.
type registration struct {
	asked       time.Time // zero: never
	missing     bool      // the registry knows no such domain
	expires     time.Time // zero: it does not tell
	registrar   string
	status      []string // in lower case
	nameservers []string
}

// text is it for evidence.
func (r *registration) text() string {
	if r.missing {
		return "no such domain\n"
	}
	var b strings.Builder
	if !r.expires.IsZero() {
		b.WriteString("expires: " + probe.Stamp(r.expires) + "\n")
	}
	for _, line := range []struct{ name, text string }{
		{"registrar", r.registrar}, {"status", strings.Join(r.status, ", ")}, {"nameservers", strings.Join(r.nameservers, ", ")},
	} {
		if line.text != "" {
			b.WriteString(line.name + ": " + probe.OneLine(line.text) + "\n")
		}
	}
	return b.String()
}

const errNoRDAP = probe.Malformed("it is not one of RDAP")

// readDomain reads the answer to a question for a domain (RFC 9083, 5.3).
func readDomain(body []byte, name string) (registration, error) {
	var said struct {
		Class  string   `json:"objectClassName"`
		Name   string   `json:"ldhName"`
		Status []string `json:"status"`
		Events []struct {
			Action string `json:"eventAction"`
			Date   string `json:"eventDate"`
		} `json:"events"`
		Nameservers []struct {
			Name string `json:"ldhName"`
		} `json:"nameservers"`
		Entities []struct {
			Roles []string          `json:"roles"`
			Card  []json.RawMessage `json:"vcardArray"`
		} `json:"entities"`
	}
	if json.Unmarshal(probe.UTF8(body), &said) != nil || said.Class != "domain" {
		return registration{}, errNoRDAP
	}
	if said.Name != "" && !strings.EqualFold(strings.TrimSuffix(said.Name, "."), name) {
		return registration{}, probe.Malformed("it is of another domain, " + probe.Quoted(probe.ClipRunes(said.Name, 60)))
	}
	var found registration
	for _, action := range []string{"registrar expiration", "expiration"} { // the registry's word counts
		for _, e := range said.Events {
			if !strings.EqualFold(e.Action, action) {
				continue
			}
			at, ok := readDate(e.Date)
			if !ok {
				return registration{}, probe.Malformed("the date of expiration is none")
			}
			found.expires = at
		}
	}
	for _, s := range said.Status {
		found.status = append(found.status, strings.ToLower(s))
	}
	for _, s := range said.Nameservers {
		found.nameservers = append(found.nameservers, strings.ToLower(s.Name))
	}
	for _, e := range said.Entities {
		if slices.Contains(e.Roles, "registrar") && len(e.Card) == 2 {
			found.registrar = cardName(e.Card[1])
		}
	}
	return found, nil
}

// readDate reads RFC 3339, and what registries write in its place.
func readDate(text string) (time.Time, bool) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z0700", time.DateOnly} {
		if at, err := time.Parse(form, strings.TrimSpace(text)); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// cardName returns the full name of a jCard (RFC 7095, 3.3): a list of
// [name, parameters, type, value].
func cardName(card json.RawMessage) string {
	var lines [][]any
	if json.Unmarshal(card, &lines) != nil {
		return ""
	}
	for _, line := range lines {
		if len(line) == 4 && line[0] == "fn" {
			name, _ := line[3].(string)
			return probe.ClipRunes(name, 100)
		}
	}
	return ""
}

// serverFor returns the base URL of the server that a list of RDAP servers names
// for a domain, of the longest part that fits (RFC 9224, 4); https if there is one.
func serverFor(list []byte, name string) (string, error) {
	var said struct {
		Services [][][]string `json:"services"`
	}
	if json.Unmarshal(probe.UTF8(list), &said) != nil || said.Services == nil {
		return "", probe.Malformed("it is no list of RDAP servers")
	}
	best, server := -1, ""
	for _, service := range said.Services {
		if len(service) < 2 || len(service[1]) == 0 {
			continue
		}
		for _, of := range service[0] {
			of = strings.ToLower(of)
			if len(of) > best && (of == "" || of == name || strings.HasSuffix(name, "."+of)) {
				best, server = len(of), service[1][0]
				if i := slices.IndexFunc(service[1], func(u string) bool { return strings.HasPrefix(u, "https:") }); i >= 0 {
					server = service[1][i]
				}
			}
		}
	}
	return server, nil
}
