package page

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/serve"
	"github.com/statusbot/statusbot/internal/status"
)

const (
	// storiesMost is how many incidents feeds and programs are told, the newest.
	storiesMost = 50
	// storiesWithin is how long the journal may take for those that are not at hand.
	storiesWithin = 5 * time.Second
)

// told is what feeds and programs are told, for all who may read the same.
type told struct {
	at           time.Time
	snapshot     status.Snapshot
	board        format.BoardPage
	stories      []format.Story    // newest first
	maintenances []incident.Muting // as they begin, oldest first
	public       bool
	kept         map[string]serve.Body // :: what was made of it -> the answer; guarded by tellings.mu
}

// tellings are what is told at present: the whole, and for everybody.
type tellings struct {
	mu     sync.Mutex
	newest [2]*told                    // guarded by mu
	past   map[string][]incident.Event // :: id of an incident that is over -> its events; guarded by mu
}

// told is what is told who may read so much, at most a moment old.
func (p *Pages) told(ctx context.Context, who Reader) *told {
	i := 0
	if who != Inside {
		i = 1
	}
	p.tellings.mu.Lock()
	defer p.tellings.mu.Unlock()
	if t := p.tellings.newest[i]; t != nil && time.Since(t.at) < fresh {
		return t
	}
	f := p.facts()
	t := &told{at: time.Now(), snapshot: f.Snapshot, public: i == 1, kept: map[string]serve.Body{}}
	var shown func(string) bool
	if t.public {
		shown = p.source.Public
		t.board = format.PublicBoard(f, shown)
	} else {
		t.board = format.Board(f)
	}
	for _, events := range p.logs(ctx, f) {
		if s, ok := format.StoryOf(events, f.Snapshot, shown); ok {
			t.stories = append(t.stories, s)
		}
	}
	for _, m := range p.source.Maintenance(f.Snapshot.At) {
		if shown == nil || shown(m.Product) && m.Check == "" {
			t.maintenances = append(t.maintenances, m)
		}
	}
	slices.SortStableFunc(t.maintenances, func(x, y incident.Muting) int { return x.From.Compare(y.From) })
	p.tellings.newest[i] = t
	return t
}

// logs are the events of the newest incidents, newest first: of those at hand, and of
// those before from the journal, once; with tellings.mu held.
func (p *Pages) logs(ctx context.Context, f format.BoardFacts) (out [][]incident.Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storiesWithin)
	defer cancel()
	log := p.source.Board.Log()
	newest := f.Last.Number
	for _, i := range log.Incidents {
		newest = max(newest, i.Number)
	}
	past := map[string][]incident.Event{}
	for n := newest; n > 0 && len(out) < storiesMost && newest-n < 2*storiesMost; n-- {
		id := incident.ID(n)
		inc, ok := log.Find(id)
		if !ok {
			continue
		}
		if !inc.Folded && inc.Reaches(inc.OpenedAt) {
			out = append(out, inc.Timeline())
			continue
		}
		events, known := p.tellings.past[id]
		if !known || len(events) == 0 || events[len(events)-1].Seq != inc.LastSeq {
			var err error
			if events, err = p.source.Events(ctx, id); err != nil {
				continue // the journal does not answer, or has let go of it: it is asked again
			}
		}
		for k := range events {
			events[k].Figures = nil // thousands of bytes each, and nobody is told them here
		}
		past[id] = events
		out = append(out, events)
	}
	p.tellings.past = past
	return out
}

// answered gives what is made of what is told, once for all who ask.
func (p *Pages) answered(mime string, make func(t *told, site string) []byte) func(http.ResponseWriter, *http.Request, Reader) {
	return func(w http.ResponseWriter, r *http.Request, who Reader) {
		if who == Public { // what everybody may read, every site's script may, too
			w.Header().Set("Access-Control-Allow-Origin", "*")
		}
		t := p.told(r.Context(), who)
		site := p.site(r)
		p.tellings.mu.Lock()
		key := r.URL.Path + " " + site
		b, ok := t.kept[key]
		if !ok {
			b = bodyOf(make(t, site))
			if len(t.kept) < pagesMost {
				t.kept[key] = b
			}
		}
		p.tellings.mu.Unlock()
		send(w, r, b, mime)
	}
}

// site is the address of the pages, without a slash at its end.
func (p *Pages) site(r *http.Request) string {
	if p.access.URL != "" {
		return strings.TrimRight(p.access.URL, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
