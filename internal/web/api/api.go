package api

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/serve"
	"github.com/statusbot/statusbot/internal/status"
)

// Source is what is read. Its funcs may be called from any goroutine, once Ready is
// closed.
type Source struct {
	Board  *status.Board
	Now    func() time.Time
	Ready  <-chan struct{}                                                      // until then everybody is told to come again
	Events func(ctx context.Context, incident string) ([]incident.Event, error) // the whole log; an error where there is none
	// Batches gives each the stored batches of results, in the order of their sequence, until there is no more or each
	// returns an error, which it returns: from the sequence on, or if that is 0, those stored at or after an instant.
	Batches func(ctx context.Context, from uint64, since time.Time, each func(Batch) error) error
	Public  func(product string) bool // whether it stands on the public page
	// Days are the last that are known of a product, so many at most, oldest first.
	Days func(ctx context.Context, product string, most int) ([]status.Day, error)
}

// Batch is some results as they are stored (checks.DecodeResults).
type Batch struct {
	Seq    uint64
	Stored time.Time
	Data   []byte
}

// Reader is what somebody may read.
type Reader int

const (
	Nobody Reader = iota // nothing
	Public               // what products allow
	Inside               // all
)

// Access says what who sent a request may read.
type Access func(*http.Request) Reader

// API answers.
type API struct {
	source Source
	log    *zap.Logger

	mu    sync.Mutex
	slots map[string]*slot // :: question and who may read -> its newest answer; guarded by mu
	makes atomic.Int64     // answers that were made
}

// New makes an API of a source.
func New(source Source, log *zap.Logger) *API {
	return &API{source: source, log: log, slots: map[string]*slot{}}
}

// Prefix is what every path begins with.
const Prefix = "/api/v1/"

// Segment is an id within a path. One of dots alone would be the path of something else, and one of nothing that of a list.
func Segment(id string) string {
	id = url.PathEscape(cmp.Or(id, " "))
	if strings.Trim(id, ".") == "" {
		id = strings.ReplaceAll(id, ".", "%2E")
	}
	return id
}

// Routes adds the paths of the API to a table of contents, for those whom access lets in.
func (a *API) Routes(mux *http.ServeMux, access Access) {
	for _, o := range operations {
		mux.HandleFunc(o.pattern(), func(w http.ResponseWriter, r *http.Request) { a.answer(w, r, o, access) })
	}
	mux.HandleFunc(Prefix+"openapi.json", func(w http.ResponseWriter, r *http.Request) {
		if reads(w, r) {
			serve.BodyOf(document(), document(), gzip.BestSpeed).Send(w, r, "application/json")
		}
	})
	mux.HandleFunc(Prefix, func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &Problem{http.StatusNotFound, "There is nothing at this path.", Prefix + "openapi.json lists the paths that there are."})
	})
}

// Behind lets those in who may read all, to what reads the API for them.
func Behind(access Access, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if access(r) != Inside {
			w.Header().Set("WWW-Authenticate", `Bearer realm="statusbot"`)
			refuse(w, forbidden())
			return
		}
		next.ServeHTTP(w, r)
	})
}

func forbidden() *Problem {
	return &Problem{http.StatusUnauthorized, "This is not for everybody.", "Send the page's token: Authorization: Bearer TOKEN; or come through the address that your company gives it."}
}

// Handler is the API alone, for a reader who may read all.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	a.Routes(mux, func(*http.Request) Reader { return Inside })
	return mux
}

// Problem is why there is no answer, for a program and for who runs it (RFC 9457).
type Problem struct {
	Status int    `json:"status" doc:"of HTTP"`
	Detail string `json:"detail" doc:"what is wrong, in a sentence"`
	Next   string `json:"next" doc:"what to do"`
}

func (p *Problem) Error() string { return p.Detail + " " + p.Next }

func refuse(w http.ResponseWriter, p *Problem) { serve.Problem(w, p.Status, p.Detail, p.Next) }

// reads refuses what would be more than reading.
func reads(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	refuse(w, &Problem{http.StatusMethodNotAllowed, "This path is only read.", "Send GET."})
	return false
}

// query is one question.
type query struct {
	*http.Request
	who   Reader
	now   time.Time
	limit int
	after string // what the cursor says; empty without one
}

// answer answers one question.
func (a *API) answer(w http.ResponseWriter, r *http.Request, o operation, access Access) {
	if !reads(w, r) {
		return
	}
	w.Header().Set("Vary", "Cookie, Authorization")
	q := &query{Request: r, who: access(r)}
	if err := a.admits(w, o, q.who); err != nil {
		refuse(w, err)
		return
	}
	q.now = a.source.Now().UTC().Truncate(time.Millisecond)
	if err := q.read(o); err != nil {
		refuse(w, err)
		return
	}
	if o.stream != nil {
		a.stream(w, q, o)
		return
	}
	by := a.make
	if o.shared {
		by = a.shared
	}
	answer, err := by(q, o)
	if problem, known := errors.AsType[*Problem](err); known {
		refuse(w, problem)
		return
	}
	if err != nil {
		a.failed(w, r, err)
		return
	}
	answer.Send(w, r, "application/json")
}

// admits says why a question is not answered now, or not to this reader.
func (a *API) admits(w http.ResponseWriter, o operation, who Reader) *Problem {
	switch {
	case who == Nobody:
		w.Header().Set("WWW-Authenticate", `Bearer realm="statusbot"`)
		return forbidden()
	case who == Public && !o.public:
		w.Header().Set("WWW-Authenticate", `Bearer realm="statusbot"`)
		return &Problem{http.StatusForbidden, "This is not public.", "Send the page's token: Authorization: Bearer TOKEN; " + Prefix + "board is public."}
	}
	select {
	case <-a.source.Ready:
	default:
		w.Header().Set("Retry-After", "5")
		return &Problem{http.StatusServiceUnavailable, "statusbot is starting, and reads what it knew.", "Ask again in a few seconds."}
	}
	if who == Public { // what everybody may read, every site's script may, too
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}
	return nil
}

// failed answers where our own part failed.
func (a *API) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		a.log.Warn("a question is not answered", zap.String("path", r.URL.Path), zap.Error(err))
	}
	w.Header().Set("Retry-After", "5")
	refuse(w, &Problem{http.StatusServiceUnavailable, "The journal does not answer.", "Ask again in a few seconds; /healthz and the log say why."})
}
