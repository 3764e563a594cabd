package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operation is one path that is read. The handlers, the OpenAPI document and the table
// in docs/api.md are all made of these.
type operation struct {
	path    string // below Prefix; {id} may hold slashes where it stands last
	summary string
	public  bool // answered, too, to who reads the public page
	shared  bool // who asks the same within a moment gets the same
	params  []parameter
	answer  any // of its type
	serve   func(*API, *query) (any, error)
	// stream gives lines of JSON instead, each a value of answer, and where it goes on.
	stream func(*API, *query) (lines []byte, next string, err error)
}

// parameter is one that a question may have in its URL.
type parameter struct {
	name, says string
	kind       string // "time", "bool", "kinds", or empty for a text
	required   bool
}

const (
	limitUsual = 100
	limitMost  = 500
)

// listParams are those of every list that may go on.
var listParams = []parameter{
	{name: "limit", says: "how many at most, 1 to 500; 100 unless said", kind: "limit"},
	{name: "cursor", says: "next of the answer before; the other parameters but limit stay the same"},
}

func list(more ...parameter) []parameter { return append(more, listParams...) }

var operations = []operation{
	{path: "board", summary: "how all is: a sentence, the likely cause, every product, the open incidents", public: true, shared: true, answer: Board{}, serve: (*API).board},
	{path: "products", summary: "every product, by id", public: true, shared: true, params: list(), answer: Products{}, serve: (*API).products},
	{path: "products/{id}", summary: "one product, with what is said of it and its last failures", public: true, shared: true, answer: OneProduct{}, serve: (*API).product},
	{path: "days", summary: "the days of a product that are kept, 400 of them: share of tries that failed, how long it was hurt", shared: true, params: []parameter{
		{name: "product", says: "id of the product", required: true},
		{name: "limit", says: "how many of the newest days at most, 1 to 500; 100 unless said", kind: "limit"}}, answer: Days{}, serve: (*API).days},
	{path: "checks", summary: "every check, by id, with its newest result", shared: true, params: list(parameter{name: "product", says: "only those of this product"}), answer: Checks{}, serve: (*API).checks},
	{path: "checks/{id}", summary: "one check, with its last results that are not a pass", answer: OneCheck{}, serve: (*API).check},
	{path: "results", summary: "results of a check, oldest first; a page may be short, even empty, while next is there", params: list(
		parameter{name: "check", says: "id of the check", required: true},
		parameter{name: "from", says: "only those that began then or later; an hour ago unless said", kind: "time"},
		parameter{name: "to", says: "only those that began before", kind: "time"}), answer: Results{}, serve: (*API).results},
	{path: "incidents", summary: "incidents, newest first", params: list(parameter{name: "open", says: "true: only those that go on; false: only those that are over", kind: "bool"}), answer: Incidents{}, serve: (*API).incidents},
	{path: "incidents/{id}", summary: "one incident, by its id (inc-3) or number", answer: OneIncident{}, serve: (*API).incident},
	{path: "incidents/{id}/events", summary: "its log, oldest first: updates, marks with what became of them, notes, levels", params: list(parameter{name: "kind", says: "only of these kinds, with commas between: mark,note"}), answer: Events{}, serve: (*API).events},
	{path: "incidents/{id}/timeline", summary: "the same in plain words, as the terminal and the page say it", answer: Timeline{}, serve: (*API).timeline},
	{path: "incidents/{id}/report", summary: "its report, also while it goes on; whole as Markdown", answer: Report{}, serve: (*API).report},
	{path: "export", summary: "all results as they are stored, one JSON object a line, as statusbot export writes them and statusbot replay reads them; the header Link says where it goes on", params: []parameter{
		{name: "from", says: "only what was stored then or later; all unless said", kind: "time"},
		{name: "cursor", says: "that of the link"}}, stream: (*API).export},
}

// pattern is the path in the words of net/http.
func (o operation) pattern() string {
	if strings.HasSuffix(o.path, "{id}") {
		return Prefix + strings.TrimSuffix(o.path, "}") + "...}"
	}
	return Prefix + o.path
}

func (o operation) takes(name string) bool {
	for _, p := range o.params {
		if p.name == name {
			return true
		}
	}
	return false
}

// read reads the parameters that all lists share, and looks that there are no others:
// one that is misspelt would be left out silently, and so would one that cannot be read or is said twice.
func (q *query) read(o operation) *Problem {
	said, err := url.ParseQuery(q.URL.RawQuery)
	if err != nil {
		return &Problem{http.StatusBadRequest, "What stands behind the ? cannot be read.", "Write a % as %25, and a ; as %3B."}
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if !o.takes(name) {
			return &Problem{http.StatusBadRequest, "There is no parameter " + strconv.Quote(clip(name, 60)) + " here.", Prefix + "openapi.json lists those that there are."}
		}
		if len(said[name]) > 1 {
			return &Problem{http.StatusBadRequest, "The parameter " + name + " is said " + strconv.Itoa(len(said[name])) + " times.", "Say it once; ask once for each value."}
		}
	}
	for _, p := range o.params {
		if p.required && said.Get(p.name) == "" {
			return &Problem{http.StatusBadRequest, "The parameter " + p.name + " is missing.", "Give it: " + p.says + "."}
		}
	}
	q.limit = limitUsual
	if text := said.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > limitMost {
			return &Problem{http.StatusBadRequest, "limit is no number from 1 to 500.", "Leave it out for 100."}
		}
		q.limit = n
	}
	if text := said.Get("cursor"); text != "" {
		after, ok := readCursor(q.URL, text)
		if !ok {
			return &Problem{http.StatusBadRequest, "The cursor is none of this list.", "Ask with the parameters of the answer that it came with, but for limit; leave it out to begin at the beginning."}
		}
		q.after = after
	}
	return nil
}

// instant reads a time that was asked for; without one it is as usual.
func (q *query) instant(name string, usual time.Time) (time.Time, error) {
	text := q.URL.Query().Get(name)
	if text == "" {
		return usual, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, &Problem{http.StatusBadRequest, name + " is no time.", "Write it as 2026-03-02T19:32:00Z; a + in it is %2B."}
	}
	return at, nil
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
