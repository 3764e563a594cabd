package page

import (
	"bytes"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/serve"
)

// board is the page of all products, rendered once for all who read it.
type board struct {
	pages  *Pages
	public bool

	rendering sync.Mutex // held by who renders it

	mu      sync.Mutex
	newest  *shot         // nil before the first; guarded by mu
	asked   time.Time     // when somebody last asked for it; guarded by mu
	readers int           // that read on; guarded by mu
	changed chan struct{} // closed when there is a newer one; guarded by mu
}

// shot is the board at an instant.
type shot struct {
	at      time.Time
	version uint64
	page    serve.Body
	parts   parts
	event   []byte // what changed since the version before, as a server-sent event
}

// parts are what of the board is replaced by itself when it changes.
type parts struct {
	lead  string            // the sentence and the lines below it
	open  string            // the open incidents
	order []string          // ids of the products, as they stand
	rows  map[string]string // :: product id -> its row
}

// change is what a reader is told.
type change struct {
	Lead  string            `json:"lead,omitempty"`
	Open  *string           `json:"open,omitempty"`
	Order []string          `json:"order,omitempty"`
	Rows  map[string]string `json:"rows,omitempty"`
	AsOf  string            `json:"as_of"`
}

func (p *Pages) board(w http.ResponseWriter, r *http.Request, who Reader) {
	s, err := p.boardOf(who).get()
	if err != nil {
		p.broken(w, err)
		return
	}
	sendHTML(w, r, s.page)
}

func (p *Pages) boardOf(who Reader) *board {
	if who == Inside {
		return &p.boards[0]
	}
	return &p.boards[1]
}

// get is the board as it is, at most a moment old. Who asks while it is rendered anew
// gets the one before, unless that is old.
func (b *board) get() (*shot, error) {
	now := time.Now()
	b.mu.Lock()
	s := b.newest
	b.asked = now
	b.mu.Unlock()
	if s != nil && now.Sub(s.at) < 2*fresh {
		return s, nil
	}
	b.rendering.Lock()
	defer b.rendering.Unlock()
	if s := b.current(); s != nil && time.Since(s.at) < fresh {
		return s, nil // another one who asked has rendered it
	}
	return b.again(time.Now())
}

func (b *board) current() *shot {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.newest
}

// tick renders it anew while it is read; b.get does when nobody did for a while.
func (b *board) tick() {
	now := time.Now()
	b.mu.Lock()
	read := b.readers > 0 || now.Sub(b.asked) < time.Minute
	b.mu.Unlock()
	if !read {
		return
	}
	b.rendering.Lock()
	defer b.rendering.Unlock()
	if _, err := b.again(now); err != nil {
		b.pages.log.Error("board not rendered", zap.Error(err))
	}
}

// again renders it; with rendering held.
func (b *board) again(now time.Time) (*shot, error) {
	f := b.pages.frame("board", "", b.pages.source.Now())
	next, err := b.parts(&f)
	if err != nil {
		return nil, err
	}
	s := &shot{at: now, version: 1, parts: next}
	old := b.current()
	if old != nil {
		s.version = old.version
		if c, some := changeOf(old.parts, next); some {
			s.version++
			c.AsOf = f.AsOf
			s.event = eventOf(s.version, c)
		} else {
			s.event = old.event
		}
	} else {
		s.version = uint64(now.UnixNano() / int64(time.Millisecond)) // another one than before a restart
	}
	f.Version = s.version
	f.Body = struct {
		Lead, Open template.HTML
		Rows       []template.HTML
	}{template.HTML(next.lead), template.HTML(next.open), next.ordered()} //nolint:gosec // rendered by our own templates
	page, err := render("board", f)
	if err != nil {
		return nil, err
	}
	s.page = bodyOf(page)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.newest = s
	if old == nil || old.version != s.version {
		close(b.changed)
		b.changed = make(chan struct{})
	}
	return s, nil
}

func (p parts) ordered() []template.HTML {
	out := make([]template.HTML, 0, len(p.order))
	for _, id := range p.order {
		out = append(out, template.HTML(p.rows[id])) //nolint:gosec // rendered by our own templates
	}
	return out
}

// parts renders the parts, and gives the frame its title.
func (b *board) parts(f *frame) (parts, error) {
	facts := b.pages.facts()
	told := format.Board(facts)
	if b.public {
		told = format.PublicBoard(facts, b.pages.source.Public)
	}
	zone := facts.Snapshot.Timezone
	f.Public, f.SignIn = b.public, b.public && b.pages.access.Token != ""
	sentence := words(told.Sentence, zone)
	f.Title = plainOf(told.Sentence, zone)
	lead, err := render("lead", struct {
		Level    impact.Level
		Sentence template.HTML
		Lines    []template.HTML
		Said     string // what is read aloud when it changes: how many products are how, without figures that move
	}{told.Level, sentence, allWords(told.Lines, zone), said(told)})
	if err != nil {
		return parts{}, err
	}
	open, err := render("open", openView(told.Open, zone, b.public))
	if err != nil {
		return parts{}, err
	}
	out := parts{lead: string(lead), open: string(open), rows: make(map[string]string, len(told.Rows))}
	for _, r := range told.Rows {
		row, err := render("row", rowView{r.ID, r.Level, words(r.Name, zone), r.Word, r.Share, r.Counts, r.Interval, words(r.Since, zone), words(r.Note, zone), b.public})
		if err != nil {
			return parts{}, err
		}
		out.order = append(out.order, r.ID)
		out.rows[r.ID] = string(row)
	}
	return out, nil
}

// rowView is a row for its template.
type rowView struct {
	ID       string
	Level    impact.Level
	Name     template.HTML
	Word     string
	Share    string
	Counts   string
	Interval string
	Since    template.HTML
	Note     template.HTML
	Public   bool
}

type incidentView struct {
	ID       string
	Sentence template.HTML
	Lines    []template.HTML
	Public   bool
}

func openView(list []format.IncidentRow, zone *time.Location, public bool) (out []incidentView) {
	for _, i := range list {
		out = append(out, incidentView{i.ID, words(i.Sentence, zone), allWords(i.Lines, zone), public})
	}
	return out
}

// facts are what the board is made of, as of now.
func (p *Pages) facts() format.BoardFacts {
	log := p.source.Board.Log()
	snap := p.source.Board.Snapshot(p.source.Now())
	return format.BoardFacts{Snapshot: snap, Open: log.Open(), Last: log.LastOver(), Quiet: format.QuietNow(snap, log.Open(), p.source.Board.Pooled)}
}

// said counts the products by what is said of them: "2 slow, 57 as usual, 1 not measured".
func said(b format.BoardPage) string {
	n := map[string]int{}
	var order []string
	for _, r := range b.Rows {
		if n[r.Word] == 0 {
			order = append(order, r.Word)
		}
		n[r.Word]++
	}
	var out bytes.Buffer
	for i, w := range order {
		if i > 0 {
			out.WriteString(", ")
		}
		out.WriteString(count(n[w]) + " " + w)
	}
	return out.String()
}

// changeOf is what differs between two boards; false when nothing does.
func changeOf(old, next parts) (c change, some bool) {
	if old.lead != next.lead {
		c.Lead = next.lead
	}
	if old.open != next.open {
		c.Open = &next.open
	}
	if !slices.Equal(old.order, next.order) {
		c.Order = next.order
	}
	for _, id := range slices.Sorted(maps.Keys(next.rows)) {
		if old.rows[id] != next.rows[id] {
			if c.Rows == nil {
				c.Rows = map[string]string{}
			}
			c.Rows[id] = next.rows[id]
		}
	}
	return c, c.Lead != "" || c.Open != nil || c.Order != nil || c.Rows != nil
}

// eventOf is a server-sent event with its id.
func eventOf(version uint64, c change) []byte {
	data, err := json.Marshal(c)
	if err != nil {
		return nil // unreachable: it is plain text
	}
	return slices.Concat([]byte("id: "+count64(version)+"\ndata: "), data, []byte("\n\n"))
}
