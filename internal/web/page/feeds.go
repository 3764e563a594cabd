package page

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
)

// feedRoutes are what other programs follow: Atom and RSS of incidents, their steps
// and maintenance; maintenance as a calendar; badges.
func (p *Pages) feedRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /feed.atom", p.for_(p.answered("application/atom+xml; charset=utf-8", atom)))
	mux.HandleFunc("GET /feed.rss", p.for_(p.answered("application/rss+xml; charset=utf-8", rss)))
	mux.HandleFunc("GET /maintenance.ics", p.for_(p.answered("text/calendar; charset=utf-8", calendar)))
	mux.HandleFunc("GET /badge.svg", p.for_(p.answered("image/svg+xml", func(t *told, _ string) []byte { return badge("status", boardWord(t), t.board.Level) })))
	mux.HandleFunc("GET /badges/{id...}", p.for_(p.productBadge))
}

// item is one entry of a feed.
type item struct {
	id, title, words, link string
	at                     time.Time
}

// itemsMost bounds the entries of a feed.
const itemsMost = 100

// items are what is told, newest first.
func items(t *told, site string) (out []item) {
	zone, page := t.snapshot.Timezone, hashed("page", t.snapshot.Company)
	for _, m := range t.maintenances {
		name, words := format.MaintenanceWords(m, t.snapshot, t.public)
		when := m.From.In(zone).Format("Mon 2 Jan 15:04") + " to " + m.Until.In(zone).Format("Mon 2 Jan 15:04 MST")
		out = append(out, item{"m-" + hashed(m.Product, m.Check, stamp(m.From)), plainOf(name, zone) + ", " + when, plainOf(words, zone), site + "/", t.toldAt(m.From)})
	}
	for _, s := range t.stories {
		for i := len(s.Entries) - 1; i >= 0; i-- {
			e := s.Entries[i]
			link := site + "/incidents/" + s.ID
			if t.public {
				link = site + "/"
			}
			out = append(out, item{fmt.Sprintf("%s-%d", s.ID, e.Seq), plainOf(s.Name, zone) + ": " + string(e.State), plainOf(e.Words, zone), link, e.At})
		}
	}
	for i := range out {
		out[i].id = "tag:statusbot.invalid,2026:" + page + "/" + out[i].id
	}
	slices.SortStableFunc(out, func(x, y item) int { return y.at.Compare(x.at) })
	return out[:min(len(out), itemsMost)]
}

// toldAt is as of when something is told that begins then: what is to come, as of today.
func (t *told) toldAt(begins time.Time) time.Time {
	if begins.After(t.snapshot.At) {
		return t.snapshot.At.Truncate(24 * time.Hour)
	}
	return begins
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
	Content string   `xml:"content"`
}

func atom(t *told, site string) []byte {
	feed := struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Author  string      `xml:"author>name"`
		Links   []atomLink  `xml:"link"`
		Entries []atomEntry `xml:"entry"`
	}{ID: site + "/feed.atom", Title: feedTitle(t), Author: t.snapshot.Company, Links: []atomLink{{Rel: "self", Href: site + "/feed.atom"}, {Href: site + "/"}}}
	newest := time.Unix(0, 0)
	for _, i := range items(t, site) {
		newest = later(newest, i.at)
		feed.Entries = append(feed.Entries, atomEntry{i.id, i.title, i.at.UTC().Format(time.RFC3339), atomLink{Href: i.link}, i.words})
	}
	feed.Updated = newest.UTC().Format(time.RFC3339)
	return asXML(feed)
}

func feedTitle(t *told) string { return strings.TrimSpace(t.snapshot.Company + " status") }

type rssItem struct {
	Title       string `xml:"title"`
	Link        string `xml:"link"`
	Description string `xml:"description"` // HTML, as readers take it
	PubDate     string `xml:"pubDate"`
	GUID        struct {
		Permalink bool   `xml:"isPermaLink,attr"`
		ID        string `xml:",chardata"`
	} `xml:"guid"`
}

func rss(t *told, site string) []byte {
	type channel struct {
		Title       string    `xml:"title"`
		Link        string    `xml:"link"`
		Description string    `xml:"description"`
		Items       []rssItem `xml:"item"`
	}
	feed := struct {
		XMLName xml.Name `xml:"rss"`
		Version string   `xml:"version,attr"`
		Channel channel  `xml:"channel"`
	}{Version: "2.0", Channel: channel{Title: feedTitle(t), Link: site + "/", Description: "Incidents and maintenance"}}
	for _, i := range items(t, site) {
		one := rssItem{Title: i.title, Link: i.link, Description: html.EscapeString(i.words), PubDate: i.at.UTC().Format(time.RFC1123Z)}
		one.GUID.ID = i.id
		feed.Channel.Items = append(feed.Channel.Items, one)
	}
	return asXML(feed)
}

func asXML(v any) []byte {
	data, err := xml.Marshal(v)
	if err != nil {
		return nil // unreachable: it is plain text
	}
	return append([]byte(xml.Header), data...)
}

// calendar is maintenance as RFC 5545 has it.
func calendar(t *told, _ string) []byte {
	var b bytes.Buffer
	line := func(s string) { fold(&b, s) }
	line("BEGIN:VCALENDAR")
	line("VERSION:2.0")
	line("PRODID:-//statusbot//maintenance//EN")
	line("X-WR-CALNAME:" + quote(feedTitle(t)+", maintenance"))
	for _, m := range t.maintenances {
		name, words := format.MaintenanceWords(m, t.snapshot, t.public)
		line("BEGIN:VEVENT")
		line("UID:m-" + hashed(m.Product, m.Check, stamp(m.From)) + "@statusbot")
		line("DTSTAMP:" + t.toldAt(m.From).UTC().Format("20060102T150405Z"))
		line("DTSTART:" + m.From.UTC().Format("20060102T150405Z"))
		line("DTEND:" + m.Until.UTC().Format("20060102T150405Z"))
		line("SUMMARY:" + quote(plainOf(name, t.snapshot.Timezone)))
		line("DESCRIPTION:" + quote(plainOf(words, t.snapshot.Timezone)))
		line("END:VEVENT")
	}
	line("END:VCALENDAR")
	return b.Bytes()
}

// quote escapes what has a meaning in a calendar's text.
func quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`, "\r", "").Replace(s)
}

// fold writes a line in pieces of at most 75 bytes, none within a character.
func fold(b *bytes.Buffer, s string) {
	const most = 75
	room := most
	for len(s) > room {
		n := room
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		b.WriteString(s[:n] + "\r\n ")
		s, room = s[n:], most-1
	}
	b.WriteString(s + "\r\n")
}

func (p *Pages) productBadge(w http.ResponseWriter, r *http.Request, who Reader) {
	id, ok := strings.CutSuffix(r.PathValue("id"), ".svg")
	for _, row := range p.told(r.Context(), who).board.Rows {
		if ok && row.ID == id {
			p.answered("image/svg+xml", func(t *told, _ string) []byte {
				return badge(plainOf(row.Name, t.snapshot.Timezone), row.Word, row.Level)
			})(w, r, who)
			return
		}
	}
	http.Error(w, "there is no such badge", http.StatusNotFound)
}

// boardWord says in a word or three how all is.
func boardWord(t *told) string {
	bad, unknown := 0, 0
	for _, r := range t.board.Rows {
		switch r.Level {
		case impact.Degraded, impact.Outage:
			bad++
		case impact.Unknown:
			unknown++
		}
	}
	switch {
	case t.snapshot.Blind.On(): // what fails may be ours
		return "we cannot see"
	case bad == 1:
		return "1 in trouble"
	case bad > 0:
		return count(bad) + " in trouble"
	case unknown == len(t.board.Rows):
		return "not measured"
	case unknown > 0:
		return count(unknown) + " not measured"
	}
	return "as usual"
}

// badge is a small picture of a name and a word; the colour says nothing that the word
// does not.
func badge(name, word string, level impact.Level) []byte {
	wide := func(s string) int { return 7*utf8.RuneCountInString(s) + 12 }
	colour := map[impact.Level]string{impact.OK: "#2f7a52", impact.Degraded: "#8a5800", impact.Outage: "#b3261e", impact.Maintenance: "#1f5fae"}[level]
	if colour == "" {
		colour = "#586373"
	}
	left, right := wide(name), wide(word)
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s: %s"><rect width="%d" height="20" rx="3" fill="#3b4552"/><path fill="%s" d="M%d 0h%da3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-%dz"/>`+
		`<g fill="#fff" font-family="system-ui,sans-serif" font-size="11" text-anchor="middle"><text x="%d" y="14" textLength="%d">%s</text><text x="%d" y="14" textLength="%d">%s</text></g></svg>`,
		left+right, html.EscapeString(name), html.EscapeString(word), left+right, colour, left, right-3, right-3,
		left/2, left-12, html.EscapeString(name), left+right/2, right-12, html.EscapeString(word))
}
