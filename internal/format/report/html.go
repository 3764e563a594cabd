package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/text"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"count": text.Count,
	"whole": whole,
	"row":   func(r *Report, p *product) productRow { return productRow{r, p} },
	"next":  func(i int) int { return i + 1 },
	"shade": func(row picture.Row, i int) string {
		if row.Tries[i] == 0 {
			return "none"
		}
		return fmt.Sprintf("s%d", picture.ShadeOf(text.Share(row.Failures[i], row.Tries[i])))
	},
}).Parse(page))

// whole is plain text as HTML of which no line breaks within "8.3 %" or "edge-lb-2".
func whole(s string) template.HTML {
	return template.HTML(text.UnbrokenHTML(s, `class="w"`)) //nolint:gosec // it is escaped there
}

// productRow is a product with the report that it is a row of.
type productRow struct {
	R *Report
	P *product
}

// Spans is for the page: when a product was hurt.
func (r *Report) Spans(p *product) string { return r.spans(p) }

// Told is for the page: a line as one text.
func (l entry) Told() string { return l.told() }

// HTML writes the report as one page that needs nothing else: no script, no
// file beside it. It can be read in light and dark, on a phone and on paper.
func (r *Report) HTML() ([]byte, error) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, r); err != nil {
		return nil, fmt.Errorf("write report: %w", err)
	}
	return b.Bytes(), nil
}
