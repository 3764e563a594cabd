package format

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/status"
)

// Bounds of a table: Slack takes 20 columns, and the text of the cells counts
// with that of the message.
const (
	maxTableRows = 100
	tablePage    = 10 // rows shown at once; the reader turns the page
	maxCell      = 60
)

// Table is a table that its reader can sort and leaf through (data_table). Not
// every workspace takes such blocks yet: a Block with one says what stands in
// its place.
type Table struct {
	Caption string // what it holds, for screen readers too
	Head    []string
	Rows    [][]Cell // each as long as Head
}

// Cell is one cell: a number by which its column is sorted, or text alone.
type Cell struct {
	Text   string
	Number *float64
}

func wordCell(s string) Cell { return Cell{Text: text.Plain(s, maxCell, "-")} }

func numberCell(v float64, text string) Cell { return Cell{Text: text, Number: &v} }

// MarshalJSON writes the cell as Slack wants it.
func (c Cell) MarshalJSON() ([]byte, error) {
	if c.Number == nil {
		return json.Marshal(struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}{"raw_text", c.Text})
	}
	return json.Marshal(struct {
		Type  string  `json:"type"`
		Value float64 `json:"value"`
		Text  string  `json:"text"`
	}{"raw_number", *c.Number, c.Text})
}

// MarshalJSON writes the block as Slack wants it.
func (t Table) MarshalJSON() ([]byte, error) {
	head := make([]Cell, len(t.Head))
	for i, s := range t.Head {
		head[i] = Cell{Text: s}
	}
	return json.Marshal(struct {
		Type    string   `json:"type"`
		Caption string   `json:"caption"`
		Rows    [][]Cell `json:"rows"`
		Page    int      `json:"page_size"`
		Row     int      `json:"row_header_column_index"`
	}{"data_table", t.Caption, append([][]Cell{head}, t.Rows...), tablePage, 0})
}

// size counts its text.
func (t Table) size() int {
	n := text.Units(t.Caption)
	for _, s := range t.Head {
		n += text.Units(s)
	}
	for _, r := range t.Rows {
		n += rowSize(r)
	}
	return n
}

func rowSize(row []Cell) int {
	n := 0
	for _, c := range row {
		n += text.Units(c.Text)
	}
	return n
}

// HasTable reports whether a message has a table: then not every workspace
// takes it.
func (m Message) HasTable() bool {
	return slices.ContainsFunc(m.Blocks, func(b Block) bool { return b.Table != nil })
}

// Plain is the message for a workspace that takes no tables.
func (m Message) Plain() Message {
	if !m.HasTable() {
		return m
	}
	out := Message{Text: m.Text}
	for _, b := range m.Blocks {
		if b.Table != nil {
			out.Blocks = append(out.Blocks, b.Instead...)
			continue
		}
		out.Blocks = append(out.Blocks, b)
	}
	return limited(out)
}

// checkTable holds the checks of a product in their order, as many as there is
// room for.
func checkTable(product string, list []status.CheckStatus, room int) *Table {
	t := &Table{Head: []string{"Check", "Failed", "p95", "Mostly"}}
	room -= 200 // caption and head
	for _, cs := range list {
		row := []Cell{wordCell(cs.Check.ID), failedCell(cs), latencyCell(cs.P95), wordCell(mostOf(cs))}
		if room -= rowSize(row); room < 0 || len(t.Rows) == maxTableRows {
			break
		}
		t.Rows = append(t.Rows, row)
	}
	t.Caption = "The " + text.Plural(len(list), "check") + " of " + text.Plain(product, maxCell, "(no name)") + ", the worst first"
	if n := len(t.Rows); n < len(list) {
		t.Caption = "The worst " + text.Count(n) + " of the " + text.Plural(len(list), "check") + " of " + text.Plain(product, maxCell, "(no name)")
	}
	return t
}

// failedCell is a check's failure share with its counts; what is not measured
// is below all.
func failedCell(cs status.CheckStatus) Cell {
	c := cs.CheckImpact.Counts
	if c.Tries == 0 {
		return numberCell(-1, "not measured")
	}
	figure := text.Percent(text.Share(c.Failures, c.Tries), c.Tries) + " (" + text.Count(c.Failures) + "/" + text.Count(c.Tries) + ")"
	if c.Failures == 0 {
		figure = "0/" + text.Count(c.Tries)
	}
	if cs.Stale {
		figure += ", old"
	}
	return numberCell(rounded(text.Share(c.Failures, c.Tries)), figure)
}

func latencyCell(d time.Duration) Cell {
	if d == 0 {
		return numberCell(0, "-")
	}
	return numberCell(float64(d.Milliseconds()), text.Latency(d))
}

// mostOf is the most frequent reason of a check's last failures, when it fails
// or is slow now.
func mostOf(cs status.CheckStatus) string {
	if len(cs.Reasons) == 0 || cs.CheckImpact.Counts.Failures+slower(cs.CheckImpact.Counts) == 0 {
		return ""
	}
	return strings.ReplaceAll(reasonWord(cs.Reasons[0].Reason), "&amp;", "&")
}
