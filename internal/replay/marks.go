package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/replay/scenario"
	"github.com/statusbot/statusbot/internal/status"
)

// acted is an action as the file of marks has it: one JSON object a line.
type acted struct {
	T    float64   `json:"t"`  // seconds since the start, as decisions tell it
	At   time.Time `json:"at"` // or when; zero: T
	Text string    `json:"text"`
}

// readMarks reads a file of actions, in the order in which they were done.
func readMarks(file string, start time.Time) ([]incident.Marked, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []incident.Marked
	n := 0
	for line := range bytes.Lines(data) {
		if n++; len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var a acted
		if err := json.Unmarshal(line, &a); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", file, n, err)
		}
		if a.Text == "" || a.At.IsZero() && !bytes.Contains(line, []byte(`"t"`)) {
			return nil, fmt.Errorf(`%s: line %d: a mark is {"t":1234.5,"text":"restarted lb-3"}, or has "at" with a time in place of "t"`, file, n)
		}
		if a.At.IsZero() {
			a.At = start.Add(scenario.Seconds(a.T))
		}
		list = append(list, incident.Marked{Event: incident.Event{Kind: incident.Mark, Incident: replayed, At: a.At, Text: a.Text}})
	}
	slices.SortStableFunc(list, func(a, b incident.Marked) int { return a.At.Compare(b.At) })
	for i := range list {
		list[i].Mark = i + 1
	}
	return list, nil
}

// replayed is the incident that marks are of.
const replayed = "replay"

// marker marks recorded actions on the clock of the results, as a person would
// have, and tells what became of them.
type marker struct {
	board  *status.Board
	start  time.Time
	out    *json.Encoder
	all    []incident.Marked
	done   int    // so many of all were done
	judged []bool // of all
}

// verdictLine is what became of an action.
type verdictLine struct {
	T        float64         `json:"t"` // when it was known
	Mark     int             `json:"mark"`
	Marked   float64         `json:"marked"` // when it was done
	Text     string          `json:"text"`
	Products []string        `json:"products"` // that were hurt then
	Verdict  string          `json:"verdict"`  // helped, better since, worse since, no discernible effect; empty: nothing can be said
	Before   incident.Counts `json:"before"`
	After    incident.Counts `json:"after"`
	Margin   float64         `json:"margin"`
}

// due marks what was done up to an instant, by what the board shows then.
func (m *marker) due(now time.Time) {
	for ; m != nil && m.done < len(m.all) && !m.all[m.done].At.After(now); m.done++ {
		mark := &m.all[m.done]
		mark.Products, mark.Onset = m.board.Snapshot(mark.At).HurtNow()
		mark.Seq = uint64(m.done + 1)
		m.board.ApplyEvent(mark.Event)
	}
}

// look tells the verdicts that are known as of now.
func (m *marker) look(now time.Time) error {
	if m == nil {
		return nil
	}
	inc := incident.Incident{ID: replayed, Marks: m.all[:m.done]}
	for i, mark := range inc.Marks {
		if m.judged[i] {
			continue
		}
		effect := status.Effect{Final: true}
		if len(mark.Products) > 0 {
			effect = m.board.Effect(inc, mark, now)
		}
		if !effect.Final {
			continue
		}
		m.judged[i] = true
		line := verdictLine{T: now.Sub(m.start).Seconds(), Mark: mark.Mark, Marked: mark.At.Sub(m.start).Seconds(), Text: mark.Text, Products: append([]string{}, mark.Products...)}
		if len(effect.Verdicts) > 0 {
			v := effect.Verdicts[0]
			line.Verdict, line.Before, line.After, line.Margin = v.Verdict, v.Before, v.After, v.Margin
		}
		if err := m.out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
