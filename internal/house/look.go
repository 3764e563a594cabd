package house

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/spelling"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/web/api"
)

// Look is how all is, or one product or incident, in plain words: those of an
// update and of the page at the same instant.
type Look struct {
	At        time.Time      `json:"at"`
	Zone      string         `json:"zone"` // that the times within texts are of, of the IANA list
	Sentence  string         `json:"sentence"`
	Lines     []string       `json:"lines,omitempty"`
	Products  []ProductLook  `json:"products,omitempty"`  // what hurts most first
	Incidents []IncidentLook `json:"incidents,omitempty"` // those that go on; newest first where it is asked for all
	Checks    []CheckLook    `json:"checks,omitempty"`    // worst first
	Failures  []string       `json:"failures,omitempty"`  // newest first
	Marks     []string       `json:"marks,omitempty"`
	Timeline  []string       `json:"timeline,omitempty"` // oldest first
}

// ProductLook is a product in a line.
type ProductLook struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Level    string `json:"level"` // in a word
	Share    string `json:"share,omitempty"`
	Interval string `json:"interval,omitempty"`
	Counts   string `json:"counts,omitempty"`
	Since    string `json:"since,omitempty"`
	Note     string `json:"note,omitempty"`
}

// IncidentLook is an incident in a line.
type IncidentLook struct {
	ID       string   `json:"id"`
	Open     bool     `json:"open"`
	Sentence string   `json:"sentence"`
	Lines    []string `json:"lines,omitempty"`
}

// CheckLook is a check of a product, with where its figures come from.
type CheckLook struct {
	ID     string   `json:"id"`
	Word   string   `json:"word"`
	Figure string   `json:"figure"`
	Lines  []string `json:"lines,omitempty"`
	From   string   `json:"from"`
}

// justStarted is the answer until everything is read.
const justStarted = "it has just started, and reads what the journal holds; ask again in a moment"

// lookDoors are what the door shows of the board.
func (h *house) lookDoors(mux *http.ServeMux) {
	for path, of := range map[string]func(r *http.Request) (Look, error){
		"GET /look":               func(*http.Request) (Look, error) { return lookAt(h.board, h.now()), nil },
		"GET /look/products/{id}": func(r *http.Request) (Look, error) { return lookAtProduct(h.board, r.PathValue("id"), h.now()) },
		"GET /look/incidents":     func(*http.Request) (Look, error) { return lookAtIncidents(h.board, h.now()), nil },
		"GET /look/incidents/{id}": func(r *http.Request) (Look, error) {
			return lookAtIncident(h.board, r.PathValue("id"), h.now())
		},
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-h.starting.ready:
			default:
				http.Error(w, justStarted, http.StatusServiceUnavailable)
				return
			}
			look, err := of(r)
			switch {
			case errors.Is(err, publish.ErrNotFound):
				http.Error(w, strings.TrimSuffix(err.Error(), ": "+publish.ErrNotFound.Error()), http.StatusNotFound)
			case err != nil:
				http.Error(w, err.Error(), http.StatusInternalServerError)
			default:
				_ = json.NewEncoder(w).Encode(look) // the reader is gone
			}
		})
	}
}

// plainIn reads texts of Slack in plain words, with times of a zone.
type plainIn struct{ zone *time.Location }

// zoneOf is a zone's name; none is UTC.
func zoneOf(zone *time.Location) string { return cmp.Or(zone, time.UTC).String() }

// one is a text in one line; what a server said, which has lines of its own, is told apart.
func (p plainIn) one(s string) string {
	return elsewhere.Of(strings.ReplaceAll(s, "\n```\n", " · it said:\n```\n"), p.zone).Line()
}

func (p plainIn) all(list []string) (out []string) {
	for _, s := range list {
		out = append(out, p.one(s))
	}
	return out
}

func lookAt(board *status.Board, now time.Time) Look {
	log, snap := board.Log(), board.Snapshot(now)
	b := format.Board(format.BoardFacts{Snapshot: snap, Open: log.Open(), Last: log.LastOver(), Quiet: format.QuietNow(snap, log.Open(), board.Pooled)})
	p := plainIn{snap.Timezone}
	look := Look{At: now, Zone: zoneOf(p.zone), Sentence: p.one(b.Sentence), Lines: p.all(b.Lines)}
	for _, r := range b.Rows {
		look.Products = append(look.Products, ProductLook{ID: r.ID, Name: p.one(r.Name), Level: r.Word, Share: p.one(r.Share), Interval: p.one(r.Interval),
			Counts: p.one(r.Counts), Since: p.one(r.Since), Note: p.one(r.Note)})
	}
	for _, r := range b.Open {
		look.Incidents = append(look.Incidents, IncidentLook{ID: r.ID, Open: true, Sentence: p.one(r.Sentence), Lines: p.all(r.Lines)})
	}
	return look
}

// lookAtProduct takes a product's id or name, in any case.
func lookAtProduct(board *status.Board, said string, now time.Time) (Look, error) {
	var ids []string
	for _, p := range board.Definition().Products {
		if strings.EqualFold(p.ID, said) || strings.EqualFold(p.Name, said) {
			said, ids = p.ID, nil
			break
		}
		ids = append(ids, p.ID)
	}
	d, ok := board.Drill(now, said)
	if !ok {
		problem := "there is no product " + strconv.Quote(said)
		if near, found := spelling.Nearest(said, ids); found {
			problem += "; did you mean " + near + "?"
		}
		return Look{}, fmt.Errorf("%s: %w", problem, publish.ErrNotFound)
	}
	told, p := format.OneProduct(d), plainIn{d.Timezone}
	look := Look{At: now, Zone: zoneOf(p.zone), Sentence: p.one(told.Sentence), Lines: p.all(told.Lines), Failures: p.all(told.Failures)}
	for _, c := range told.Checks {
		look.Checks = append(look.Checks, CheckLook{ID: c.ID, Word: c.Word, Figure: p.one(c.Figure), Lines: p.all(c.Lines), From: p.one(c.From)})
	}
	return look, nil
}

// incidentsShown is how many incidents are listed.
const incidentsShown = 20

func lookAtIncidents(board *status.Board, now time.Time) Look {
	log, snap := board.Log(), board.Snapshot(now)
	p := plainIn{snap.Timezone}
	look := Look{At: now, Zone: zoneOf(p.zone), Sentence: "There was no incident yet."}
	for n := log.Newest(); n > 0 && len(look.Incidents) < incidentsShown; n-- {
		inc, ok := log.Find(incident.ID(n))
		if !ok {
			continue
		}
		told := format.InAList(inc, snap)
		look.Incidents = append(look.Incidents, IncidentLook{ID: inc.ID, Open: inc.Open(), Sentence: p.one(told.Sentence), Lines: p.all(told.Lines)})
	}
	switch open := len(log.Open()); {
	case len(look.Incidents) == 0:
	case open == 0:
		look.Sentence = "No incident is open."
	case open == 1:
		look.Sentence = "1 incident is open."
	default:
		look.Sentence = strconv.Itoa(open) + " incidents are open."
	}
	return look
}

// NewestIncident stands for the number of the newest incident.
const NewestIncident = "newest"

// lookAtIncident takes an incident's number, with or without what stands before it, or NewestIncident.
func lookAtIncident(board *status.Board, said string, now time.Time) (Look, error) {
	log, id := board.Log(), said
	if n, err := strconv.Atoi(strings.TrimPrefix(said, "#")); err == nil {
		id = incident.ID(n)
	} else if said == NewestIncident {
		id = incident.ID(log.Newest())
	}
	inc, ok := log.Find(id)
	switch {
	case !ok && log.Newest() == 0:
		return Look{}, fmt.Errorf("there was no incident yet: %w", publish.ErrNotFound)
	case !ok:
		return Look{}, fmt.Errorf("there is no incident %s: %w", strconv.Quote(said), publish.ErrNotFound)
	}
	snap := board.Snapshot(now)
	told, p := format.OneIncident(format.TimelineFacts{Incident: inc, Snapshot: snap, Quiet: format.QuietNow(snap, []incident.Incident{inc}, board.Pooled)}), plainIn{snap.Timezone}
	return Look{At: now, Zone: zoneOf(p.zone), Sentence: p.one(told.Sentence), Lines: p.all(told.Lines), Marks: p.all(told.Marks), Timeline: p.all(told.Timeline)}, nil
}

// LookBeside asks the statusbot that runs on a directory how all is; LookAtProductBeside,
// IncidentsBeside and LookAtIncidentBeside ask for less, and for more of it.
// An error wraps ErrNoDoor when none answers, and publish.ErrNotFound when there is no such thing.
func LookBeside(ctx context.Context, dir string) (Look, error) { return lookBeside(ctx, dir, "/look") }

// LookAtProductBeside asks for one product, by its id or name.
func LookAtProductBeside(ctx context.Context, dir, product string) (Look, error) {
	return lookBeside(ctx, dir, "/look/products/"+api.Segment(product))
}

// IncidentsBeside asks for the newest incidents.
func IncidentsBeside(ctx context.Context, dir string) (Look, error) {
	return lookBeside(ctx, dir, "/look/incidents")
}

// LookAtIncidentBeside asks for one incident, by its number or NewestIncident.
func LookAtIncidentBeside(ctx context.Context, dir, number string) (Look, error) {
	return lookBeside(ctx, dir, "/look/incidents/"+api.Segment(number))
}

func lookBeside(ctx context.Context, dir, path string) (look Look, err error) {
	body, err := askDoor(ctx, dir, path)
	if err != nil {
		return look, err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err == nil {
		err = json.Unmarshal(data, &look)
	}
	if err != nil {
		return look, fmt.Errorf("read how it is: %w", err)
	}
	return look, nil
}
