package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

// storyKept bounds the steps that the page shows; the oldest go first.
const storyKept = 200

// maxRequest bounds the body of a request to the page, in bytes.
const maxRequest = 4 << 10

// Step is one line of the story that the page tells.
type Step struct {
	At   time.Time `json:"at"` // when it was told, or done
	Text string    `json:"text"`
	Done bool      `json:"done"` // false while it is announced
}

type story struct {
	mu    sync.Mutex
	steps []Step // oldest first
}

// Tell adds a step to the story. Told done with the text of an announced step,
// it ends that one instead of adding another.
func (c *Company) Tell(text string, done bool) {
	now := time.Now().UTC()
	s := &c.story
	s.mu.Lock()
	defer s.mu.Unlock()
	if done {
		for i := range s.steps {
			if !s.steps[i].Done && s.steps[i].Text == text {
				s.steps[i] = Step{At: now, Text: text, Done: true}
				return
			}
		}
	}
	s.steps = append(s.steps, Step{At: now, Text: text, Done: done})
	if len(s.steps) > storyKept {
		s.steps = s.steps[len(s.steps)-storyKept:]
	}
}

// Story returns the steps, oldest first.
func (c *Company) Story() []Step {
	c.story.mu.Lock()
	defer c.story.mu.Unlock()
	return append([]Step{}, c.story.steps...)
}

// Handler serves the page's controls, to be mounted at /demo/ with the path
// kept:
//
//	GET  /demo/state    the components and the story
//	POST /demo/break    {"component": ..., "kind": ..., "rate": ...}
//	POST /demo/restart  {"component": ...}; answers once it listens again
//
// POST wants JSON and refuses what another site's page makes a browser send.
// What was done through it is told in the story.
func (c *Company) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/state", c.serveState)
	mux.HandleFunc("POST /demo/break", c.serveBreak)
	mux.HandleFunc("POST /demo/restart", c.serveRestart)
	mux.HandleFunc("/demo/", func(w http.ResponseWriter, r *http.Request) {
		c.refuse(w, http.StatusNotFound, "there is no such page; use GET /demo/state, POST /demo/break or POST /demo/restart")
	})
	guard := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := guard.Check(r); err != nil {
			c.refuse(w, http.StatusForbidden, "this request comes from another site; use the page itself")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// order is the body of a POST.
type order struct {
	Component string  `json:"component"`
	Kind      string  `json:"kind"`
	Rate      float64 `json:"rate"`
}

func (c *Company) serveState(w http.ResponseWriter, _ *http.Request) {
	c.answer(w, http.StatusOK, struct {
		OK         bool             `json:"ok"`
		Components []ComponentState `json:"components"`
		Story      []Step           `json:"story"`
	}{true, c.Components(), c.Story()})
}

func (c *Company) serveBreak(w http.ResponseWriter, r *http.Request) {
	o, err := readOrder(w, r)
	if err == nil {
		err = c.Break(o.Component, o.Kind, o.Rate)
	}
	if err != nil {
		c.refuse(w, statusOf(err), err.Error())
		return
	}
	if o.Kind == kindDown {
		c.Tell(fmt.Sprintf("%s taken down from the page", o.Component), true)
	} else {
		c.Tell(fmt.Sprintf("%s broken from the page: %s, %.3g %% of requests", o.Component, o.Kind, 100*o.Rate), true)
	}
	c.serveState(w, r)
}

func (c *Company) serveRestart(w http.ResponseWriter, r *http.Request) {
	o, err := readOrder(w, r)
	if err == nil {
		err = c.Restart(o.Component)
	}
	if err != nil {
		c.refuse(w, statusOf(err), err.Error())
		return
	}
	c.Tell(o.Component+" restarted from the page", true)
	c.serveState(w, r)
}

func readOrder(w http.ResponseWriter, r *http.Request) (order, error) {
	var o order
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return o, errors.New("the request is not JSON; send Content-Type: application/json")
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&o); err != nil {
		return o, errors.New(`the body cannot be read; send such as {"component":"edge-lb","kind":"error","rate":0.08}`)
	}
	return o, nil
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, errUnknownComponent):
		return http.StatusNotFound
	case errors.Is(err, errClosed):
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func (c *Company) refuse(w http.ResponseWriter, code int, sentence string) {
	c.answer(w, code, struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}{false, sentence})
}

func (c *Company) answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		c.log.Debug("page went away", zap.Error(err))
	}
}
