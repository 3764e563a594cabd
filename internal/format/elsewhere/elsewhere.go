// Package elsewhere is how what was written for Slack reads outside it: as plain
// text, as a part of a page and as Markdown. It decides nothing and writes no
// figure of its own: it reads the stored form of the very message that Slack
// gets, so that both say the same.
package elsewhere

import (
	"cmp"
	"encoding/json"
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/lazy"
)

// Message is one as it is told outside Slack: what stands in its sections and
// in its small print, line by line, without what can be pressed. Nothing in it is
// written as Slack writes.
type Message struct {
	Lines []Line
}

// Line is one line.
type Line struct {
	Spans []Span
	Small bool // small print
}

// Span is a part of a line.
type Span struct {
	Text string
	Bold bool
	Code bool
	Link string // http address; empty: none
}

// mostText bounds a message whose blocks cannot be read, in UTF-16 units: Slack's own
// bound of a text.
const mostText = 4000

// token is what Slack's mrkdwn writes between angle brackets.
var token = lazy.Compile(`<([^<>|]*)(?:\|([^<>]*))?>`)

// sign is the emoji that a line of ours begins with; the words after it say the same.
var sign = lazy.Compile(`^:[a-z][a-z0-9_]*: `)

// Read reads a message in its stored form: its blocks, or, where these cannot
// be read, its text. Times are written in a zone, nil for UTC.
func Read(plain string, blocks json.RawMessage, zone *time.Location) Message {
	if zone == nil {
		zone = time.UTC
	}
	var list []struct {
		Type string `json:"type"`
		Text struct {
			Text string `json:"text"`
		} `json:"text"`
		Elements []struct {
			Type string `json:"type"`
			Text any    `json:"text"`
		} `json:"elements"`
	}
	var out Message
	if json.Unmarshal(blocks, &list) == nil {
		for _, b := range list {
			if b.Type == "section" {
				out.add(b.Text.Text, face{zone: zone}, false)
			}
			for _, e := range b.Elements {
				if words, ok := e.Text.(string); ok && b.Type == "context" && e.Type == "mrkdwn" {
					out.add(words, face{zone: zone}, true)
				}
			}
		}
	}
	if len(out.Lines) == 0 {
		out.Lines = []Line{{Spans: []Span{{Text: text.OneLine(plain, mostText)}}}}
	}
	return out
}

// Of reads one text of ours that stands on a page of ours. Times are written in a
// zone, nil for UTC, without its name: the page says it once.
func Of(mrkdwn string, zone *time.Location) Message {
	var out Message
	out.add(mrkdwn, face{zone: cmp.Or(zone, time.UTC), bare: true}, false)
	return out
}

// add reads mrkdwn of ours.
func (m *Message) add(words string, zone face, small bool) {
	pre := false
	for line := range strings.SplitSeq(words, "\n") {
		if line == "```" {
			pre = !pre
			continue
		}
		l := Line{Small: small}
		if pre {
			l.Spans = []Span{{Text: visible(line), Code: true}}
		} else {
			zone.said = new("") // of this line
			l.Spans = spans(sign.ReplaceAllString(line, ""), zone)
		}
		if len(l.Spans) > 0 {
			m.Lines = append(m.Lines, l)
		}
	}
}

// spans reads a line. External text in it has no asterisk and no backtick.
func spans(line string, zone face) (out []Span) {
	bold := false
	for i, part := range strings.Split(line, "`") {
		if i%2 == 1 {
			out = append(out, Span{Text: visible(part), Code: true, Bold: bold})
			continue
		}
		for j, words := range strings.Split(part, "*") {
			if j > 0 {
				bold = !bold
			}
			out = append(out, tokens(words, zone, bold)...)
		}
	}
	return out
}

// tokens reads what stands between angle brackets, and what stands around it.
func tokens(words string, zone face, bold bool) (out []Span) {
	add := func(s, link string) {
		if s != "" {
			out = append(out, Span{Text: s, Bold: bold, Link: link})
		}
	}
	from := 0
	for _, at := range token.FindAllStringSubmatchIndex(words, -1) {
		add(visible(words[from:at[0]]), "")
		from = at[1]
		what, label := words[at[2]:at[3]], ""
		if at[4] >= 0 {
			label = words[at[4]:at[5]]
		}
		add(meant(what, label, zone))
	}
	add(visible(words[from:]), "")
	return out
}

// meant is what a token shows, and the address behind it.
func meant(what, label string, zone face) (shown, link string) {
	switch {
	case strings.HasPrefix(what, "!date^"):
		return dated(what, label, zone), ""
	case strings.HasPrefix(what, "http://"), strings.HasPrefix(what, "https://"):
		link = html.UnescapeString(what)
		if label == "" {
			return link, link
		}
		return visible(label), link
	case strings.HasPrefix(what, "@"):
		return "somebody", ""
	case strings.HasPrefix(what, "#"):
		return "the channel", ""
	}
	return visible(label), ""
}

// face is how times are written.
type face struct {
	zone *time.Location
	bare bool    // without the zone's name
	said *string // the zone's name as the line has it already: it says it once
}

// dated is a date token in words.
func dated(what, label string, zone face) string {
	parts := strings.SplitN(what, "^", 3)
	unix, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || len(parts) < 3 {
		return visible(label)
	}
	form := "15:04"
	if strings.Contains(parts[2], "{time_secs}") {
		form = "15:04:05"
	}
	if strings.Contains(parts[2], "{date") {
		form = "Mon 2 Jan " + form
	}
	at := time.Unix(unix, 0).In(zone.zone)
	if name, _ := at.Zone(); !zone.bare && *zone.said != name {
		*zone.said = name
		form += " MST"
	}
	return at.Format(form)
}

// visible is text of mrkdwn without its entities, and without what only keeps Slack
// from acting on it. What keeps words on one line there is a plain blank: programs read
// these texts, too, and look for "3 of 100".
func visible(s string) string {
	return plainly.Replace(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s))
}

var plainly = strings.NewReplacer(wordJoiner, "", "\u00a0", " ", "\u202f", " ")

// wordJoiner is what text.Inert puts into what Slack would make an emoji of.
const wordJoiner = "\u2060"

// Led is the message behind a line of its own, in plain words.
func (m Message) Led(line string) Message {
	if line == "" {
		return m
	}
	return Message{append([]Line{{Spans: []Span{{Text: line}}}}, m.Lines...)}
}

// Title is the first line of the message in plain words.
func (m Message) Title() string {
	if len(m.Lines) == 0 {
		return ""
	}
	return m.Lines[0].plain(false)
}

func (l Line) plain(links bool) string {
	var b strings.Builder
	for _, s := range l.Spans {
		b.WriteString(s.Text)
		if links && s.Link != "" && s.Link != s.Text {
			b.WriteString(" (" + s.Link + ")")
		}
	}
	return strings.TrimSpace(b.String())
}

// Plain is the message as plain text, a line each.
func (m Message) Plain() string {
	var lines []string
	for _, l := range m.Lines {
		lines = append(lines, l.plain(true))
	}
	return strings.Join(lines, "\n")
}

// Line is the message as plain text in one line, without the marks around names from
// right to left: machines compare it.
func (m Message) Line() string { return oneLine.Replace(m.Plain()) }

var oneLine = strings.NewReplacer("\n", " ", "\u200e", "")

// HTML is the message as a part of a page, a paragraph for each line; nothing in it
// is loaded from anywhere.
func (m Message) HTML() string {
	var b strings.Builder
	for _, l := range m.Lines {
		if l.Small {
			b.WriteString(`<p style="margin:4px 0;font-size:85%;opacity:.75">`)
		} else {
			b.WriteString(`<p style="margin:4px 0">`)
		}
		for _, s := range l.Spans {
			words := s.Unbroken(`style="display:inline-block"`)
			if s.Code {
				words = "<code>" + words + "</code>"
			}
			if s.Link != "" {
				words = `<a href="` + html.EscapeString(s.Link) + `">` + words + "</a>"
			}
			if s.Bold {
				words = "<strong>" + words + "</strong>"
			}
			b.WriteString(words)
		}
		b.WriteString("</p>\n")
	}
	return b.String()
}

// Unbroken is a span for HTML, in which no line breaks between a figure and its unit, or
// within a name with a hyphen, around which an element with that attribute stands; what
// stands in code is copied, and stays as it is.
func (s Span) Unbroken(attribute string) string {
	if s.Code {
		return html.EscapeString(s.Text)
	}
	if s.Link != "" { // the line under it would end at a piece within
		return html.EscapeString(text.Unbroken(s.Text))
	}
	return text.UnbrokenHTML(s.Text, attribute)
}

// marked is what Markdown would take as formatting.
var marked = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "#", `\#`, "~", `\~`, "|", `\|`)

// Markdown is a line as Markdown.
func (l Line) Markdown() string {
	var b, bold strings.Builder
	end := func() { // bold marks stand beside what they make bold, and none meets another
		words := bold.String()
		if trimmed := strings.TrimSpace(words); trimmed != "" {
			words = strings.Replace(words, trimmed, "**"+trimmed+"**", 1)
		}
		b.WriteString(words)
		bold.Reset()
	}
	for _, s := range l.Spans {
		words := marked.Replace(s.Text)
		if s.Link != "" {
			words = "[" + words + "](" + strings.NewReplacer("(", "%28", ")", "%29").Replace(s.Link) + ")"
		}
		if s.Bold {
			bold.WriteString(words)
			continue
		}
		end()
		b.WriteString(words)
	}
	end()
	return strings.TrimSpace(b.String())
}

// Markdown is the message as Markdown, a paragraph for each line.
func (m Message) Markdown() string {
	var lines []string
	for _, l := range m.Lines {
		lines = append(lines, l.Markdown())
	}
	return strings.Join(lines, "\n\n")
}
