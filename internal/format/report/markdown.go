package report

import (
	"cmp"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/lazy"
)

// Markdown writes the report for a page that takes Markdown with tables.
func (r *Report) Markdown() []byte {
	var b strings.Builder
	m := mdWriter{&b}
	r.firstPage(m)
	m.line("---")
	r.appendices(m)
	return []byte(strings.TrimSpace(b.String()) + "\n")
}

// firstPage is the whole story on one page.
func (r *Report) firstPage(m mdWriter) {
	m.line("# " + md(strings.Join(text.NonEmpty(r.Company, r.Title), " · ")))
	m.line("**" + md(r.When) + "**")
	for i, s := range append([]string{r.Sentence}, r.Summary...) {
		m.WriteString(text.Count(i+1) + ". " + md(s) + "\n")
	}
	m.WriteString("\n")
	for _, l := range r.Links {
		m.WriteString("- " + md(l.What) + " (" + md(l.Who) + "): `" + strings.ReplaceAll(l.At, "`", "'") + "`\n") // to be copied as it is
	}
	if len(r.Links) > 0 {
		m.WriteString("\n")
	}
	if len(r.Marks) > 0 {
		for _, x := range r.FirstMarks() {
			m.WriteString("- Action " + text.Count(x.No) + ", " + md(x.Told()) + "\n")
		}
		if more := r.MoreMarks(); more != "" {
			m.WriteString("- " + md(more) + "\n")
		}
		m.WriteString("\n")
	}
	r.rowsOf(m, r.First())
	if n := len(r.Others()); n > 0 {
		m.line(text.Count(n) + " more below, each with a smaller share or a shorter time.")
	}
	m.table([]string{"When", "What", "Lag"}, len(r.Times), func(i int) []string {
		t := r.Times[i]
		return []string{t.At, t.What, t.Lag}
	})
}

// rowsOf is the table by product.
func (r *Report) rowsOf(m mdWriter, list []*product) {
	if len(list) == 0 {
		return
	}
	m.table([]string{"Product", "Failed", "Of tries", "From", "To", "Worst 10 min"}, len(list), func(i int) []string {
		p := list[i]
		return []string{p.Called(), p.Share(), p.Fraction(), r.Began(p), r.Ended(p), p.Worst}
	})
}

// appendices are what the story is made of.
func (r *Report) appendices(m mdWriter) {
	if len(r.Others()) > 0 {
		m.head("The other " + text.Count(len(r.Others())) + " products")
		r.rowsOf(m, r.Others())
	}
	if len(r.Proofs) > 0 {
		m.head("How the recovery is known")
		m.list(r.Proofs)
	}
	r.productsIn(m)
	r.trendIn(m)
	if len(r.Marks) > 0 {
		m.head("What was tried, and whether it helped")
		m.table([]string{"No.", "When", "Who", "Action", "Effect"}, len(r.Marks), func(i int) []string {
			x := r.Marks[i]
			return []string{text.Count(x.No), x.At, x.Who, x.Text, cmp.Or(x.Effect, "not measured")}
		})
	}
	if len(r.Causes) > 0 {
		m.head("Likely causes, where they changed")
		m.list(r.Causes)
	}
	m.head("Timeline")
	m.list(r.Timeline)
	if len(r.Updates) > 0 {
		m.head("Every update")
		m.table([]string{"No.", "When", "How", "What it said"}, len(r.Updates), func(i int) []string {
			u := r.Updates[i]
			return []string{text.Count(u.N), u.At, u.How, u.Line}
		})
	}
	m.head("How we know: checks and counting")
	r.sourcesIn(m)
	for _, n := range r.Notes {
		m.line(md(n))
	}
}

func (r *Report) productsIn(m mdWriter) {
	if len(r.Products) == 0 {
		return
	}
	m.head("Every product over time")
	m.table([]string{"Product", "Owner", "Hurt for", "Of this down", "Failed client checks", "When"}, len(r.Products), func(i int) []string {
		p := r.Products[i]
		return []string{p.Name, cmp.Or(p.Owner, "nobody named"), p.ImpactTime(), p.DownTime(), p.FailedTries(), r.spans(p)}
	})
}

func (r *Report) trendIn(m mdWriter) {
	if len(r.Trend.Rows) == 0 {
		return
	}
	m.line("Failures over time, in %:")
	head := []string{"From"}
	for _, row := range r.Trend.Series() {
		head = append(head, row.Name)
	}
	m.table(head, len(r.Trend.Labels), func(i int) []string {
		out := []string{r.Trend.Labels[i]}
		for _, row := range r.Trend.Series() {
			out = append(out, row.Cell(i))
		}
		return out
	})
}

func (r *Report) sourcesIn(m mdWriter) {
	if len(r.Sources) == 0 {
		return
	}
	m.table([]string{"Product", "Owner", "Check", "Kind", "Every", "File"}, len(r.Sources), func(i int) []string {
		s := r.Sources[i]
		return []string{s.Product, s.Owner, s.Check, s.Kind, s.Every, s.File}
	})
}

type mdWriter struct{ *strings.Builder }

func (m mdWriter) line(s string) { m.WriteString(s + "\n\n") }
func (m mdWriter) head(s string) { m.line("## " + md(s)) }

func (m mdWriter) row(cells []string) {
	m.WriteString("|")
	for _, c := range cells {
		m.WriteString(" " + md(c) + " |")
	}
	m.WriteString("\n")
}

func (m mdWriter) table(head []string, n int, row func(int) []string) {
	m.row(head)
	m.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for i := range n {
		m.row(row(i))
	}
	m.WriteString("\n")
}

func (m mdWriter) list(lines []entry) {
	for _, l := range lines {
		m.WriteString("- " + md(l.told()) + "\n")
	}
	m.WriteString("\n")
}

// told is a line with its time and who did it.
func (l entry) told() string {
	s := strings.Join(text.NonEmpty(l.At, l.Who), ", ")
	if s == "" {
		return l.What
	}
	return s + ": " + strings.TrimPrefix(l.What, "; ")
}

var mdSpecial = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "#", `\#`, "~", `\~`,
	"!", `\!`, "<", "&lt;", "$", `\$`)

// anEntity is what Markdown would read as another character.
var anEntity = lazy.Compile(`&(#?[A-Za-z0-9]+;)`)

// bareLink is what Markdown readers make a link of by themselves.
var bareLink = strings.NewReplacer("://", ":\u200b//", "www.", "www\u200b.")

// mostLetters bounds what is read of a text: none that a person wrote is longer.
const mostLetters = 4000

// md makes text inert in Markdown, in a table too.
func md(s string) string {
	s = anEntity.ReplaceAllString(text.OneLine(s, mostLetters), "&amp;$1")
	return bareLink.Replace(mdSpecial.Replace(s))
}
