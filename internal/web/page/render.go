package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/serve"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS []byte
)

// templates are made when the first page is asked for: most commands show none.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"css":   func() template.CSS { return template.CSS(pageCSS) }, //nolint:gosec // our own, embedded
		"shape": func(l impact.Level) string { return shapes[l] },
		"shade": func(n int) string {
			if n < 0 {
				return "none"
			}
			return "s" + strconv.Itoa(n)
		},
	}).Parse(pageHTML))
})

// shapes are the ids of what is drawn beside a level's word.
var shapes = map[impact.Level]string{impact.OK: "ok", impact.Degraded: "degraded", impact.Outage: "outage", impact.Unknown: "unknown", impact.Maintenance: "maintenance"}

// policy lets a page load nothing but its own style, which stands in it, and our own
// script.
var policy = func() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

// frame is what stands around every page.
type frame struct {
	Title   string // of the window
	Company string
	Kind    string // "board", "product", "incident", "words": what the script keeps up to date
	Version uint64 // of the board
	Zone    string
	AsOf    string
	SignIn  bool // somebody may sign in to see more
	Public  bool
	Body    any
}

func (p *Pages) frame(kind, title string, now time.Time) frame {
	d := p.source.Board.Definition()
	return frame{Title: title, Company: d.Company, Kind: kind, Zone: d.Timezone.String(), AsOf: now.In(d.Timezone).Format("Mon 2 Jan 15:04:05")}
}

// render writes a template.
func render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := templates().ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("write the page %q: %w", name, err)
	}
	return b.Bytes(), nil
}

func bodyOf(plain []byte) serve.Body {
	b := serve.BodyOf(plain, plain, gzip.DefaultCompression)
	b.Pack() // who renders it waits, and not who reads it
	return b
}

const mimeHTML = "text/html; charset=utf-8"

// send gives a body to who does not have it yet.
func send(w http.ResponseWriter, r *http.Request, b serve.Body, mime string) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	b.Send(w, r, mime)
}

// sendHTML is send for a page of ours.
func sendHTML(w http.ResponseWriter, r *http.Request, b serve.Body) {
	w.Header().Set("Content-Security-Policy", policy)
	send(w, r, b, mimeHTML)
}

var scriptBody = sync.OnceValue(func() serve.Body { return bodyOf(pageJS) })

func script(w http.ResponseWriter, r *http.Request) {
	send(w, r, scriptBody(), "text/javascript; charset=utf-8")
}

// say is a page of a sentence or two.
func (p *Pages) say(w http.ResponseWriter, status int, sentence, next string) {
	p.plainly(w, status, "words", sentence, map[string]string{"Sentence": sentence, "Next": next})
}

// form is the page on which the token is typed.
func (p *Pages) form(w http.ResponseWriter, status int, wrong string) {
	p.plainly(w, status, "signin", "Sign in", map[string]string{"Wrong": wrong})
}

func (p *Pages) plainly(w http.ResponseWriter, status int, name, title string, data any) {
	f := p.frame("words", title, p.source.Now())
	if name == "signin" || status == http.StatusForbidden {
		f.Company, f.Title = "", strings.TrimSpace(title)
	}
	f.Body = data
	text, err := render(name, f)
	if err != nil {
		p.broken(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", mimeHTML)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the reader is gone
}

// broken answers where a page cannot be made.
func (p *Pages) broken(w http.ResponseWriter, err error) {
	p.log.Error("page not shown", zap.Error(err))
	http.Error(w, "This page cannot be shown now; the log says why.", http.StatusInternalServerError)
}

// words turns a text of internal/format into a part of a page.
func words(mrkdwn string, zone *time.Location) template.HTML {
	var b strings.Builder
	lines := elsewhere.Of(mrkdwn, zone).Lines
	pre := false
	for i, l := range lines {
		whole := len(l.Spans) == 1 && l.Spans[0].Code && len(lines) > 1
		switch {
		case whole && !pre:
			b.WriteString("<pre>")
		case !whole && pre:
			b.WriteString("</pre>")
		case i > 0 && !whole:
			b.WriteString("<br>")
		}
		if pre = whole; pre {
			b.WriteString(html.EscapeString(l.Spans[0].Text) + "\n")
			continue
		}
		for _, s := range l.Spans {
			span(&b, s)
		}
	}
	if pre {
		b.WriteString("</pre>")
	}
	return template.HTML(b.String()) //nolint:gosec // every text in it is escaped
}

func span(b *strings.Builder, s elsewhere.Span) {
	text := s.Unbroken(`class="w"`)
	if s.Code {
		text = "<code>" + text + "</code>"
	}
	if strings.HasPrefix(s.Link, "https://") || strings.HasPrefix(s.Link, "http://") {
		text = `<a href="` + html.EscapeString(s.Link) + `" rel="noopener noreferrer">` + text + "</a>"
	}
	if s.Bold {
		text = "<strong>" + text + "</strong>"
	}
	b.WriteString(text)
}

func allWords(list []string, zone *time.Location) []template.HTML {
	out := make([]template.HTML, 0, len(list))
	for _, s := range list {
		out = append(out, words(s, zone))
	}
	return out
}
