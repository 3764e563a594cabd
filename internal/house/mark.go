package house

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/spelling"
)

// ToMark is what somebody at the terminal beside a running statusbot says was done.
type ToMark struct {
	By       string   `json:"by"` // who, as the machine knows them
	Text     string   `json:"text,omitempty"`
	At       string   `json:"at,omitempty"`       // as people type a time: 20:44, 10m (ago), RFC 3339; empty: what the text says, or now
	Products []string `json:"products,omitempty"` // ids or names; none: it does not say
	Note     bool     `json:"note,omitempty"`     // nothing is measured of it
	Undo     bool     `json:"undo,omitempty"`     // what By said last is taken back, and nothing else
}

// NowMarked is what became of it.
type NowMarked struct {
	Sentence  string    `json:"sentence"`
	By        string    `json:"by"`
	Text      string    `json:"text"`
	At        time.Time `json:"at"`
	Products  []string  `json:"products,omitempty"`  // ids
	Incidents []string  `json:"incidents,omitempty"` // those that take it, or in which it is struck
}

const (
	markMost   = 64 << 10        // bytes of what is sent
	markWithin = 5 * time.Second // for it to be written down
)

// markDoor takes marks from the terminal. They go the way of what other systems tell:
// onto the desk, and from there into each incident that they are about.
func (h *house) markDoor(mux *http.ServeMux) {
	mux.HandleFunc("POST /marks", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-h.starting.ready:
		default:
			http.Error(w, justStarted, http.StatusServiceUnavailable)
			return
		}
		var m ToMark
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, markMost)).Decode(&m); err != nil || m.By == "" {
			http.Error(w, "that is no mark", http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), markWithin)
		defer cancel()
		done, err := h.markOrUndo(ctx, m)
		refusal, refused := errors.AsType[*incident.Refusal](err)
		switch {
		case refused:
			http.Error(w, refusal.Error(), http.StatusUnprocessableEntity)
		case errors.Is(err, incident.ErrTooMany):
			http.Error(w, err.Error(), http.StatusTooManyRequests)
		case err != nil:
			h.log.Error("what was marked at the terminal is not written down", zap.Error(err))
			http.Error(w, "it could not be written down; `statusbot doctor` says why", http.StatusInternalServerError)
		default:
			_ = json.NewEncoder(w).Encode(done) // the reader is gone
		}
	})
}

func (h *house) markOrUndo(ctx context.Context, m ToMark) (NowMarked, error) {
	if m.Undo {
		return h.undoMark(ctx, m.By)
	}
	now := h.now()
	t := incident.Telling{From: m.By, Text: m.Text, Change: !m.Note}
	if m.At == "" {
		t.At, t.Text = bot.WhenDone(m.Text, now, h.zone())
	} else {
		at, ok := bot.When(m.At, now, h.zone())
		if !ok {
			return NowMarked{}, &incident.Refusal{Sentence: fmt.Sprintf("%q is no time that was.", m.At), Next: "Write 20:44, 10m for ten minutes ago, or 2026-03-02T20:44:00Z."}
		}
		t.At = at
	}
	t.Text = redact.Text(redact.OneSpaced(t.Text))
	for _, said := range m.Products {
		id, err := h.productOf(said)
		if err != nil {
			return NowMarked{}, err
		}
		t.Products = append(t.Products, id)
	}
	e, err := h.ledger.Write(ctx, func(log incident.Log) (incident.Event, error) { return log.DoTell(now, t) })
	if err != nil {
		return NowMarked{}, err
	}
	out := NowMarked{By: m.By, Text: e.Text, At: e.Done, Products: e.Products}
	log := h.board.Log()
	for _, inc := range log.Open() {
		if slices.ContainsFunc(log.Untaken(inc), func(o incident.Event) bool { return o.Seq == e.Seq }) ||
			slices.ContainsFunc(inc.Marks, func(k incident.Marked) bool { return k.Taken == e.Seq }) {
			out.Incidents = append(out.Incidents, inc.ID)
		}
	}
	out.Sentence = h.markedSentence(out, len(log.Open()), m.Note)
	return out, nil
}

// markedSentence says where a mark stands, and how to go on.
func (h *house) markedSentence(m NowMarked, open int, note bool) string {
	s := fmt.Sprintf("Written down: %s, by %s: “%s”. ", m.At.In(h.zone()).Format("15:04"), m.By, m.Text)
	switch {
	case len(m.Incidents) == 1 && !note:
		return s + fmt.Sprintf("It stands in %s in a moment, and what becomes of it as well: statusbot timeline %[1]s.", m.Incidents[0])
	case len(m.Incidents) > 0:
		return s + "It stands in " + strings.Join(m.Incidents, ", ") + " in a moment."
	case open > 0:
		return s + "No open incident is about it; one that is opened within the hour takes it."
	}
	return s + "No incident is open; one that is opened within the hour takes it."
}

// undoMark takes back what somebody said last: from the desk, and out of the incidents
// that took it.
func (h *house) undoMark(ctx context.Context, by string) (NowMarked, error) {
	now := h.now()
	untold, err := h.ledger.Write(ctx, func(log incident.Log) (incident.Event, error) { return log.DoUntell(now, by) })
	if err != nil {
		return NowMarked{}, err
	}
	out := NowMarked{By: by, Text: untold.Text, At: untold.At}
	for _, inc := range h.board.Log().Incidents {
		_, err := h.ledger.Write(ctx, func(log incident.Log) (incident.Event, error) {
			e, ok := log.DoStrike(now, inc.ID, untold)
			if !ok {
				return e, errNoneToStrike
			}
			return e, nil
		})
		if errors.Is(err, errNoneToStrike) {
			continue
		}
		if err != nil {
			return NowMarked{}, err
		}
		out.Incidents = append(out.Incidents, inc.ID)
	}
	out.Sentence = fmt.Sprintf("Taken back: “%s”.", out.Text)
	if len(out.Incidents) > 0 {
		out.Sentence += " It is struck through in " + strings.Join(out.Incidents, ", ") + "."
	}
	return out, nil
}

var errNoneToStrike = errors.New("no mark to strike")

// productOf is the id of a product by its id or name.
func (h *house) productOf(said string) (string, error) {
	var ids []string
	for _, p := range h.board.Definition().Products {
		if strings.EqualFold(p.ID, said) || strings.EqualFold(p.Name, said) {
			return p.ID, nil
		}
		ids = append(ids, p.ID)
	}
	next := "They are: " + strings.Join(ids[:min(len(ids), 12)], ", ") + "."
	if near, found := spelling.Nearest(said, ids); found {
		next = "Did you mean " + near + "?"
	}
	return "", &incident.Refusal{Sentence: fmt.Sprintf("There is no product %q.", said), Next: next}
}

func (h *house) zone() *time.Location {
	if zone := h.board.Definition().Timezone; zone != nil {
		return zone
	}
	return time.UTC
}

// MarkBeside has the statusbot that runs on a directory write down what was done, or
// take it back; ErrNoDoor (wrapped) when none answers, and a sentence where it is refused.
func MarkBeside(ctx context.Context, dir string, m ToMark) (done NowMarked, err error) {
	data, err := json.Marshal(m)
	if err != nil {
		return done, fmt.Errorf("mark: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://statusbot/marks", bytes.NewReader(data))
	if err != nil {
		return done, fmt.Errorf("mark: %w", err)
	}
	resp, err := atDoor(dir).Do(req)
	if err != nil {
		return done, fmt.Errorf("%w: %w", ErrNoDoor, err)
	}
	defer resp.Body.Close()
	says, err := io.ReadAll(io.LimitReader(resp.Body, markMost))
	switch {
	case err != nil:
		return done, fmt.Errorf("read what became of the mark: %w", err)
	case resp.StatusCode != http.StatusOK:
		return done, errors.New(strings.TrimSpace(string(says)))
	}
	if err := json.Unmarshal(says, &done); err != nil {
		return done, fmt.Errorf("read what became of the mark: %w", err)
	}
	return done, nil
}
