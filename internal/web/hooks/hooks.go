// Package hooks takes in what other systems tell by webhook: deploys of GitHub,
// GitLab and Argo CD, alerts of Alertmanager and Grafana, and marks of anybody's
// scripts. It knows how each signs and what its bodies look like; what becomes of
// what is told is the business of who takes it.
//
// A body is looked at only once its sender is known: by a signature over it, or by a
// token; both are compared in constant time. What is told again, by the same
// delivery or by another of the same content, has the same key and is told once.
package hooks

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/serve"
)

// Kinds of senders.
const (
	GitHub       = "github"
	GitLab       = "gitlab"
	ArgoCD       = "argocd"
	Alertmanager = "alertmanager"
	Grafana      = "grafana"
	Marks        = "marks" // anybody's scripts
)

const (
	// bodyMax is how long a body may be, in bytes: those of GitHub about a deploy have
	// some 30 KiB, with all labels of a large repository more.
	bodyMax = 1 << 20
	// bodiesMost are held at once, so that who sends large ones takes no more than
	// these; others are told to come again.
	bodiesMost = 8
	// takeWithin is how long what was told may take to be written down.
	takeWithin = 5 * time.Second
)

// Source is one sender that the configuration names.
type Source struct {
	Name    string // stands in the address, and as who did it
	Kind    string
	Secrets []string // what it signs with, or its token: any of them is taken
	Signed  bool     // it signs; otherwise it sends its secret as a token

	Products     []string // ids of what it is about, unless it says itself
	Components   []string // likewise: the products whose checks use them
	Environments []string // of deploys that count; none: those of production; "*": all
}

// Config is what hooks need.
type Config struct {
	Sources func() []Source  // as they are configured now
	Ready   <-chan struct{}  // closed once something can be taken
	Now     func() time.Time // the wall clock
	Log     *zap.Logger

	// Known reports whether there is a product of an id.
	Known func(product string) bool
	// Using returns the products with checks that use a component; none where there is
	// no such component.
	Using func(component string) []string
	// Take writes down what is told. incident.ErrTold when it was before,
	// incident.ErrTooMany, an *incident.Refusal; after any other error it may be sent
	// again.
	Take func(ctx context.Context, t incident.Telling) error
}

// Hooks serves what other systems send.
type Hooks struct {
	cfg    Config
	bodies chan struct{} // one for each that is held
}

// New returns hooks that are not served yet.
func New(cfg Config) *Hooks {
	return &Hooks{cfg: cfg, bodies: make(chan struct{}, bodiesMost)}
}

// Routes adds what is served.
func (h *Hooks) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /hooks/{name}", h.named)
	mux.HandleFunc("POST /api/v1/marks", h.marks)
	for _, path := range []string{"/hooks/{name}", "/api/v1/marks"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", "POST")
			refuse(w, http.StatusMethodNotAllowed, "what is told here is a POST")
		})
	}
}

// named is a delivery to the address of a source.
func (h *Hooks) named(w http.ResponseWriter, r *http.Request) {
	for _, s := range h.cfg.Sources() {
		switch {
		case s.Name != r.PathValue("name"):
		case s.Kind == Marks:
			refuse(w, http.StatusNotFound, "a hook of kind marks has no address of its own; send to /api/v1/marks")
			return
		default:
			h.deliver(w, r, s)
			return
		}
	}
	refuse(w, http.StatusNotFound, "there is no such hook; they are named under hooks in the configuration")
}

// marks is a delivery to the address that all scripts share: the token says who
// sends it.
func (h *Hooks) marks(w http.ResponseWriter, r *http.Request) {
	var by Source
	found := false
	for _, s := range h.cfg.Sources() {
		if s.Kind == Marks && s.admits(bearer(r)) {
			by, found = s, true
		}
	}
	if !found {
		h.unknown(w, "this token lets nobody mark; send Authorization: Bearer TOKEN with that of a hook of kind marks")
		return
	}
	h.deliver(w, r, by)
}

// deliver takes in one delivery of a source.
func (h *Hooks) deliver(w http.ResponseWriter, r *http.Request, s Source) {
	if !s.Signed && !s.admits(tokenOf(s, r)) {
		h.unknown(w, "the token is not that of this hook; "+s.howToSend())
		return
	}
	if !serve.Ready(r.Context(), h.cfg.Ready) {
		later(w, 5*time.Second, "statusbot is starting; send it again")
		return
	}
	select {
	case h.bodies <- struct{}{}:
		defer func() { <-h.bodies }()
	default:
		later(w, time.Second, "too many deliveries at once; send it again")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d KiB", bodyMax>>10))
		return
	} else if err != nil {
		refuse(w, http.StatusBadRequest, "the body did not arrive whole")
		return
	}
	if s.Signed && !s.signed(r, body, h.cfg.Now()) {
		h.unknown(w, "the signature is not that of this body by the secret of this hook; "+s.howToSend())
		return
	}
	told, err := read(s, r, body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	h.takeAll(w, r, s, told)
}

// takeAll writes down what a delivery tells, and answers.
func (h *Hooks) takeAll(w http.ResponseWriter, r *http.Request, s Source, told told) {
	out := taken{Ignored: told.why}
	masks := redact.For(longEnough(h.cfg.Sources()))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), takeWithin)
	defer cancel()
	for _, t := range told.list {
		products, wrong := h.about(s, t)
		if wrong != "" {
			refuse(w, http.StatusUnprocessableEntity, wrong)
			return
		}
		err := h.cfg.Take(ctx, incident.Telling{From: s.Name, Text: masks.Text(redact.OneSpaced(t.text)), Key: keyed(t.key), At: t.at, Change: t.change, Products: products})
		refusal, refused := errors.AsType[*incident.Refusal](err)
		switch {
		case err == nil:
			out.Taken++
		case errors.Is(err, incident.ErrTold):
			out.Known++
		case errors.Is(err, incident.ErrTooMany):
			w.Header().Set("Retry-After", "60")
			refuse(w, http.StatusTooManyRequests, err.Error())
			return
		case refused && t.lasting:
			out.Ignored = refusal.Sentence
		case refused:
			refuse(w, http.StatusUnprocessableEntity, masks.Text(refusal.Error()))
			return
		default:
			h.cfg.Log.Error("what another system told is not written down", zap.String("hook", s.Name), zap.Error(err))
			later(w, 5*time.Second, "it could not be written down; send it again")
			return
		}
	}
	serve.Answer(w, http.StatusOK, out)
}

// taken is the answer to a delivery.
type taken struct {
	Taken   int    `json:"taken"`             // of what it tells
	Known   int    `json:"known"`             // that was told before
	Ignored string `json:"ignored,omitempty"` // why the rest is not taken
}

// about is what products a telling is of; wrong says what there is not.
func (h *Hooks) about(s Source, t one) (products []string, wrong string) {
	components := t.components
	for _, p := range t.products {
		switch {
		case h.cfg.Known(p):
			products = append(products, p)
		case !t.loose:
			return nil, fmt.Sprintf("there is no product %q; their ids stand in the configuration", clip(p))
		}
	}
	if len(products) == 0 && len(components) == 0 {
		products, components = append(products, s.Products...), s.Components
	}
	for _, c := range components {
		using := h.cfg.Using(c)
		if len(using) == 0 {
			return nil, fmt.Sprintf("no check uses a component %q; their ids stand in the configuration", clip(c))
		}
		products = append(products, using...)
	}
	return sortedOnce(products), ""
}

func (h *Hooks) unknown(w http.ResponseWriter, problem string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="statusbot"`)
	refuse(w, http.StatusUnauthorized, problem)
}

// admits reports whether a token is one of the source's. How long it takes says
// nothing of which, or of how much of it is right.
func (s Source) admits(token string) bool {
	got, ok := sha256.Sum256([]byte(token)), 0
	for _, secret := range s.Secrets {
		want := sha256.Sum256([]byte(secret))
		ok |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return ok == 1 && token != ""
}

// keyed is a key of a bounded length.
func keyed(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("%x", sum[:12])
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 64)], "") }
