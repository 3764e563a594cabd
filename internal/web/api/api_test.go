package api

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/serve"
	"github.com/statusbot/statusbot/internal/status"
)

var t0 = time.Date(2026, 3, 2, 19, 30, 0, 0, time.UTC)

const minutes = 20

// hostile is a text from outside that means harm.
const hostile = `<script>"&'` + "\u202e"

// acme is a company of which shop fails and books is well; ledger was never measured, and
// payroll not for an hour. Its results are stored in batches of 6.
type acme struct {
	board   *status.Board
	now     time.Time
	batches []Batch
	log     []incident.Event
	ready   chan struct{}
}

func newAcme(tb testing.TB) *acme {
	tb.Helper()
	a := &acme{now: t0.Add(minutes * time.Minute), ready: make(chan struct{})}
	def := status.Definition{Company: "Acme", Components: []status.Component{{ID: "edge-lb-2", Name: "edge-lb-2"}}}
	for _, id := range []string{"shop", "books", "ledger", "payroll"} {
		def.Products = append(def.Products, status.Product{ID: id, Name: id + " " + hostile, Owner: "team-" + id, SaysDegraded: "Some orders cannot be placed.", SaysOutage: "Nobody can order."})
	}
	for _, id := range []string{"shop/pay", "shop/page", "books/read", "payroll/run"} {
		product, _, _ := strings.Cut(id, "/")
		def.Checks = append(def.Checks, checks.Check{ID: id, Product: product, Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Uses: []string{"edge-lb-2"}, Source: checks.Source{File: "checks.d/a.yaml", Line: 7}})
	}
	a.board = status.NewBoard(def)
	for i := range minutes * 6 {
		var list []checks.Result
		for n, c := range def.Checks {
			r := checks.Result{Check: c.ID, Product: c.Product, Started: t0.Add(time.Duration(i) * 10 * time.Second), Duration: 20 * time.Millisecond, Outcome: checks.Pass, Phases: checks.Phases{Connect: time.Millisecond}}
			switch {
			case c.Product == "payroll":
				r.Started = r.Started.Add(-time.Hour)
			case c.Product == "shop" && i >= minutes*3 && (i+n)%5 == 0:
				r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonTimeout, "dial tcp 10.0.0.1:443: i/o timeout"
				r.Evidence = &checks.Evidence{Remote: "10.0.0.1:443", Status: 502, Output: hostile, RequestID: "x-request-id=7f3a", Perf: []checks.Perf{{Label: "load", Value: 0.5}}}
			case c.ID == "shop/page" && i%50 == 0:
				r.Outcome, r.Reason = checks.Unknown, checks.ReasonInternal
			}
			list = append(list, r)
		}
		data, err := checks.EncodeResults(list)
		if err != nil {
			tb.Fatal(err)
		}
		a.batches = append(a.batches, Batch{uint64(i + 1), list[0].Ended(), data})
		a.board.Apply(uint64(i+1), list)
	}
	return a
}

// opened is an incident with all that the log of one may have.
func (a *acme) opened() {
	for _, e := range []incident.Event{
		{Kind: incident.Opened, Number: 1, Title: "payments " + hostile, Channel: "C1", Every: 5 * time.Minute, By: "U1", Name: "Ana"},
		{Kind: incident.Level, Product: "shop", From: "ok", To: "degraded", Onset: a.now.Add(-9 * time.Minute)},
		{Kind: incident.Update, N: 1, Post: 1, Due: a.now.Add(-4 * time.Minute), Why: "first update", Cause: "Most likely shared cause: edge-lb-2.", Figures: []incident.Figure{{Product: "shop", Level: "degraded", Tries: 60, Failures: 12}, {Product: "books", Level: "ok", Tries: 60}, {Product: "ledger", Level: "unknown"}}},
		{Kind: incident.Mark, Mark: 1, Text: "restarted edge-lb-2", By: "U1", Name: "Ana", Products: []string{"shop"}, Done: a.now.Add(-4 * time.Minute)},
		{Kind: incident.Note, Text: "vendor is on the call", By: "U2"},
		{Kind: incident.Linked, Text: "call", URL: "https://meet.example.com/1", By: "U1"},
		{Kind: incident.Effect, Mark: 1, Verdicts: []incident.Verdict{{Verdict: "no discernible effect", Before: incident.Counts{Failures: 5, Tries: 60}, After: incident.Counts{Failures: 6, Tries: 60}, Margin: .01}, {Product: "shop"}}},
	} {
		a.add(e)
	}
}

func (a *acme) add(e incident.Event) {
	e.Incident, e.Seq = "inc-1", uint64(len(a.log)+10)
	e.At = a.now.Add(time.Duration(len(a.log)-20) * 10 * time.Second)
	a.log = append(a.log, e)
	a.board.ApplyEvent(e)
}

func (a *acme) api() *API {
	select {
	case <-a.ready:
	default:
		close(a.ready)
	}
	return New(a.source(), zap.NewNop())
}

func (a *acme) source() Source {
	return Source{Board: a.board, Now: func() time.Time { return a.now }, Ready: a.ready,
		Public: func(id string) bool { return id == "shop" || id == "ledger" },
		Days: func(_ context.Context, product string, most int) ([]status.Day, error) {
			list := []status.Day{{Date: "2026-03-01", Tries: 1000, Failures: 10, Measured: 1440, Hurt: 600}, {Date: "2026-03-02"}}
			return list[max(0, len(list)-most):], nil
		},
		Events: func(_ context.Context, id string) ([]incident.Event, error) {
			if id != "inc-1" {
				return nil, io.ErrUnexpectedEOF
			}
			return slices.Clone(a.log), nil
		},
		Batches: func(_ context.Context, from uint64, since time.Time, each func(Batch) error) error {
			for _, b := range a.batches {
				if from > 0 && b.Seq >= from || from == 0 && !b.Stored.Before(since) {
					if err := each(b); err != nil {
						return err
					}
				}
			}
			return nil
		}}
}

func ask(h http.Handler, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// told reads an answer.
func told[T any](t *testing.T, h http.Handler, path string) (answer T) {
	t.Helper()
	w := ask(h, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return answer
}

// TestUnknownIsNeitherZeroNorWell: what is not measured has no share, at all places.
func TestUnknownIsNeitherZeroNorWell(t *testing.T) {
	a := newAcme(t)
	h := a.api().Handler()
	for _, p := range told[Board](t, h, "/api/v1/board").Products {
		got := p.Measured.Figures
		switch p.ID {
		case "ledger", "payroll":
			if p.Level != "unknown" || got.Failed.Share != nil || got.Failed.Low != nil || got.Slow.Share != nil {
				t.Errorf("%s is not measured, and told as %s, %+v", p.ID, p.Level, got)
			}
		case "shop":
			if p.Level != "degraded" || got.Tries == 0 || got.Failed.Share == nil || !(*got.Failed.Low < *got.Failed.Share && *got.Failed.Share < *got.Failed.High) || got.AsOf == nil || p.Since == nil {
				t.Errorf("shop fails, and is told as %s, %+v", p.Level, got)
			}
		case "books":
			if p.Level != "ok" || got.Failed.Share == nil || *got.Failed.Share != 0 || *got.Failed.High <= 0 {
				t.Errorf("books is well, and told as %s, %+v", p.Level, got)
			}
		}
	}
	if c := told[OneCheck](t, h, "/api/v1/checks/payroll/run"); c.Outcome != "unknown" || !c.Stale || c.Figures.Failed.Share != nil {
		t.Errorf("a check without a result for an hour is told as %s, %+v", c.Outcome, c.Figures)
	}
}

// TestCursorsAreStable: all of a list comes once, though new items come between.
func TestCursorsAreStable(t *testing.T) {
	a := newAcme(t)
	a.opened()
	h := a.api().Handler()
	var got []string
	next := ""
	for pages := 0; pages == 0 || next != ""; pages++ {
		page := told[Results](t, h, "/api/v1/results?check=shop/pay&from="+t0.Format(time.RFC3339)+"&limit=50"+next)
		for _, r := range page.Results {
			got = append(got, r.Started.Format(time.RFC3339))
		}
		if next = ""; page.Next != nil {
			next = "&cursor=" + *page.Next
		}
	}
	var want []string
	for i := range minutes * 6 {
		want = append(want, t0.Add(time.Duration(i)*10*time.Second).Format(time.RFC3339))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d results, want %d: %v", len(got), len(want), got)
	}
	first := told[Events](t, h, "/api/v1/incidents/1/events?limit=3")
	a.add(incident.Event{Kind: incident.Note, Text: "new", By: "U1"})
	rest := told[Events](t, h, "/api/v1/incidents/1/events?cursor="+*first.Next)
	if len(first.Events) != 3 || len(rest.Events) != len(a.log)-3 || rest.Next != nil || rest.Events[0].Seq != first.Events[2].Seq+1 {
		t.Errorf("events: %d and %d of %d", len(first.Events), len(rest.Events), len(a.log))
	}
	products := told[Products](t, h, "/api/v1/products?limit=3")
	if rest := told[Products](t, h, "/api/v1/products?cursor="+*products.Next); len(rest.Products) != 1 || rest.Products[0].ID != "shop" {
		t.Errorf("products behind the third: %+v", rest.Products)
	}
	list := told[Checks](t, h, "/api/v1/checks?limit=3")
	if rest := told[Checks](t, h, "/api/v1/checks?cursor="+*list.Next); len(rest.Checks) != 1 || rest.Checks[0].ID != "shop/pay" {
		t.Errorf("checks behind the third: %+v", rest.Checks)
	}
}

// TestCursorOfAnotherQuestion: it would leave something out without a word.
func TestCursorOfAnotherQuestion(t *testing.T) {
	a := newAcme(t)
	a.opened()
	h := a.api().Handler()
	results := "&cursor=" + *told[Results](t, h, "/api/v1/results?check=shop/pay&from=2026-03-02T19:00:00Z&limit=2").Next
	events := "&cursor=" + *told[Events](t, h, "/api/v1/incidents/1/events?limit=1").Next
	for path, want := range map[string]int{
		"/api/v1/results?check=shop/pay&from=2026-03-02T19:00:00Z" + results:         http.StatusOK,
		"/api/v1/results?from=2026-03-02T19:00:00Z&limit=7&check=shop/pay" + results: http.StatusOK, // of any size, in any order
		"/api/v1/results?check=books/read&from=2026-03-02T19:00:00Z" + results:       http.StatusBadRequest,
		"/api/v1/results?check=shop/pay&from=2026-03-02T19:00:01Z" + results:         http.StatusBadRequest,
		"/api/v1/incidents/1/events?limit=2" + events:                                http.StatusOK,
		"/api/v1/incidents/1/events?kind=mark" + events:                              http.StatusBadRequest,
	} {
		if w := ask(h, path); w.Code != want {
			t.Errorf("%s: %d, want %d: %s", path, w.Code, want, w.Body)
		}
	}
}

// TestResultsOfASpan: only those that began in it.
func TestResultsOfASpan(t *testing.T) {
	h := newAcme(t).api().Handler()
	page := told[Results](t, h, "/api/v1/results?check=books/read&from=2026-03-02T19:35:00Z&to=2026-03-02T19:36:00Z")
	if n := len(page.Results); n != 6 || !page.Results[0].Started.Equal(t0.Add(5*time.Minute)) || page.Next != nil {
		t.Errorf("%d results, the first of %v", n, page.Results[0].Started)
	}
}

// TestExportIsWhole: its pages, one after the other, are all that is stored.
func TestExportIsWhole(t *testing.T) {
	a := newAcme(t)
	long := strings.Repeat("x", 1<<20)
	for i := range 10 {
		data, err := checks.EncodeResults([]checks.Result{{Check: "shop/pay", Started: t0, Outcome: checks.Fail, Reason: checks.ReasonScript, Evidence: &checks.Evidence{Output: long}}})
		if err != nil {
			t.Fatal(err)
		}
		a.batches = append(a.batches, Batch{uint64(1000 + i), a.now, data})
	}
	h := a.api().Handler()
	lines, pages := 0, 0
	for path := "/api/v1/export?from=2026-03-02T19:00:00Z"; path != ""; pages++ {
		w := ask(h, path)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		lines += strings.Count(w.Body.String(), "\n")
		if w.Body.Len() > exportMost+2<<20 {
			t.Errorf("a page has %d bytes", w.Body.Len())
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(w.Header().Get("Link"), "<"), ">")
	}
	if want := minutes*6*4 + 10; lines != want || pages < 3 {
		t.Errorf("%d lines on %d pages, want %d on three at least", lines, pages, want)
	}
}

// TestNotModified: who has an answer that still holds gets none, also when time went on.
func TestNotModified(t *testing.T) {
	a := newAcme(t)
	a.opened()
	h := a.api().Handler()
	const path = "/api/v1/incidents/1/events"
	first := ask(h, path)
	tag := first.Header().Get("ETag")
	with := func(r *http.Request) { r.Header.Set("If-None-Match", `"other", `+tag) }
	a.now = a.now.Add(time.Minute)
	if w := ask(h, path, with); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("nothing changed, and the answer is %d with %d bytes", w.Code, w.Body.Len())
	}
	a.add(incident.Event{Kind: incident.Note, Text: "new", By: "U1"})
	if w := ask(h, path, with); w.Code != http.StatusOK {
		t.Errorf("a note was written, and the answer is %d", w.Code)
	}
	packed := ask(h, path, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(z); err != nil || !json.Valid(data) {
		t.Errorf("packed: %v", err)
	}
	if w := ask(h, path, func(r *http.Request) { r.Method = http.MethodHead }); w.Code != http.StatusOK {
		t.Errorf("HEAD: %d", w.Code)
	}
}

// TestPublicReadsNoMore: who reads the public page learns nothing else here.
func TestPublicReadsNoMore(t *testing.T) {
	a := newAcme(t)
	a.opened()
	mux := http.NewServeMux()
	a.api().Routes(mux, func(*http.Request) Reader { return Public })
	for _, o := range operations {
		path := Prefix + strings.ReplaceAll(o.path, "{id}", "shop") + "?"
		if o.takes("check") {
			path += "check=shop/pay"
		}
		w := ask(mux, path)
		if o.public != (w.Code == http.StatusOK) {
			t.Errorf("%s: %d", path, w.Code)
		}
		for _, secret := range []string{"books", "payroll", "team-", "shop/pay", "edge-lb", "restarted", "payments", "Ana", `"tries"`, "i/o timeout", "inc-1"} {
			if o.public && strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s tells the public %q:\n%s", path, secret, w.Body)
			}
		}
	}
	if w := ask(mux, "/api/v1/products/books"); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "mean") {
		t.Errorf("a product that is not public: %d %s", w.Code, w.Body)
	}
}

// TestRefusals: each is one form, with a sentence and the next step.
func TestRefusals(t *testing.T) {
	a := newAcme(t)
	h := a.api().Handler()
	closed := http.NewServeMux()
	a.api().Routes(closed, func(*http.Request) Reader { return Nobody })
	busy := newAcme(t)
	busy.opened()
	opened := busy.api().Handler()
	starting := newAcme(t)
	early := New(starting.source(), zap.NewNop()).Handler()
	cursor := told[Products](t, h, "/api/v1/products?limit=1").Next
	for _, c := range []struct {
		h      http.Handler
		path   string
		method string
		want   int
		says   string
	}{
		{h, "/api/v1/nothing", "GET", 404, "openapi.json"},
		{h, "/api/v1/products/shpo", "GET", 404, "Did you mean shop?"},
		{h, "/api/v1/checks/shop", "GET", 404, "checks lists"},
		{h, "/api/v1/checks?product=x", "GET", 404, "products lists"},
		{h, "/api/v1/incidents/7", "GET", 404, "There is no incident"},
		{h, "/api/v1/results", "GET", 400, "check is missing"},
		{h, "/api/v1/results?check=shop/pay&from=yesterday", "GET", 400, "2026-03-02T19:32:00Z"},
		{h, "/api/v1/results?check=shop/pay&from=2026-03-02T19:32:00Z&to=2026-03-02T19:31:00Z", "GET", 400, "to is not after from"},
		{opened, "/api/v1/incidents/1/events?kind=mark,marks", "GET", 400, "Did you mean mark?"},
		{h, "/api/v1/products?limit=501", "GET", 400, "1 to 500"},
		{h, "/api/v1/products?lmit=5", "GET", 400, "no parameter"},
		{h, "/api/v1/checks?cursor=" + *cursor, "GET", 400, "none of this list"},
		{h, "/api/v1/checks?cursor=" + (*cursor)[:len(*cursor)-1], "GET", 400, "none of this list"},
		{h, "/api/v1/products?cursor=" + (*cursor)[:len(*cursor)-2], "GET", 400, "none of this list"},
		{h, "/api/v1/checks?product=shop&product=mail", "GET", 400, "is said 2 times"},
		{h, "/api/v1/checks?product=shop;x", "GET", 400, "%3B"},
		{h, "/api/v1/checks?product=%zz", "GET", 400, "%25"},
		{h, "/api/v1/incidents?open=perhaps", "GET", 400, "neither"},
		{h, "/api/v1/board", "POST", 405, "only read"},
		{closed, "/api/v1/board", "GET", 401, "Authorization: Bearer"},
		{early, "/api/v1/board", "GET", 503, "a few seconds"},
	} {
		w := ask(c.h, c.path, func(r *http.Request) { r.Method = c.method })
		var p struct {
			Type, Title string
			Problem
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != serve.ProblemType || w.Code != c.want || p.Status != c.want ||
			!strings.Contains(p.Error(), c.says) || p.Next == "" || p.Title == "" {
			t.Errorf("%s %s: %d %s, want %d and %q", c.method, c.path, w.Code, w.Body, c.want, c.says)
		}
	}
	if w := ask(h, "/api/v1/board", func(r *http.Request) { r.Method = http.MethodDelete }); w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow: %q", w.Header().Get("Allow"))
	}
}

// BenchmarkBoard is the board of 200 products with 10,000 checks.
func BenchmarkBoard(b *testing.B) {
	def := status.Definition{Company: "Acme"}
	var list []checks.Result
	for p := range 200 {
		id := fmt.Sprintf("product-%d", p)
		def.Products = append(def.Products, status.Product{ID: id, Name: id})
		for c := range 50 {
			check := fmt.Sprintf("%s/%d", id, c)
			def.Checks = append(def.Checks, checks.Check{ID: check, Product: id, Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second})
			list = append(list, checks.Result{Check: check, Product: id, Started: t0, Duration: time.Millisecond, Outcome: checks.Pass})
		}
	}
	a := &acme{board: status.NewBoard(def), now: t0.Add(time.Second), ready: make(chan struct{})}
	a.board.Apply(1, list)
	h := a.api().Handler()
	for _, path := range []string{"/api/v1/board", "/api/v1/checks", "/api/v1/checks/product-7/3"} {
		b.Run("shared "+strings.TrimPrefix(path, Prefix), func(b *testing.B) {
			for b.Loop() {
				if w := ask(h, path); w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
		b.Run(strings.TrimPrefix(path, Prefix), func(b *testing.B) {
			for b.Loop() {
				a.now = a.now.Add(sharedFor) // each is made anew
				if w := ask(h, path); w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// TestDaysOfAProduct: each with its counts and interval, and their sum. A day of which
// nothing was tried has no share.
func TestDaysOfAProduct(t *testing.T) {
	h := newAcme(t).api().Handler()
	var got Days
	if w := ask(h, "/api/v1/days?product=shop"); json.Unmarshal(w.Body.Bytes(), &got) != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	first := got.Days[0]
	if len(got.Days) != 2 || first.Date != "2026-03-01" || first.Tries != 1000 || *first.Failed.Share != .01 || *first.Failed.Low >= .01 || *first.Failed.High <= .01 || first.Hurt != 600 || first.Measured != 86400 {
		t.Errorf("the first day is %+v", first)
	}
	if got.Days[1].Failed.Share != nil || got.Sum.Tries != 1000 || got.Sum.Date != "2026-03-01" || got.Timezone != "UTC" {
		t.Errorf("days %+v", got)
	}
	got = Days{}
	if w := ask(h, "/api/v1/days?product=shop&limit=1"); json.Unmarshal(w.Body.Bytes(), &got) != nil || len(got.Days) != 1 {
		t.Errorf("%s", w.Body)
	}
	for path, want := range map[string]int{"/api/v1/days": 400, "/api/v1/days?product=shpo": 404, "/api/v1/days?product=shop&limit=0": 400} {
		if w := ask(h, path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

// TestReadersShareAnAnswer: a thousand who ask within a second, each as they like it, cost
// one answer; the next second has its own, and who may read less never gets theirs.
func TestReadersShareAnAnswer(t *testing.T) {
	a := newAcme(t)
	api := a.api()
	var mu sync.Mutex
	who, now := Inside, a.now // guarded by mu
	api.source.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	mux := http.NewServeMux()
	api.Routes(mux, func(*http.Request) Reader { mu.Lock(); defer mu.Unlock(); return who })
	first := ask(mux, "/api/v1/board")
	var group sync.WaitGroup
	for n := range 1000 {
		group.Go(func() {
			w := ask(mux, "/api/v1/board", func(r *http.Request) {
				switch n % 3 {
				case 0:
					r.Header.Set("Accept-Encoding", "gzip")
				case 1:
					r.Header.Set("If-None-Match", first.Header().Get("ETag"))
				}
			})
			if want := []int{200, 304, 200}[n%3]; w.Code != want || w.Header().Get("ETag") != first.Header().Get("ETag") {
				t.Errorf("reader %d: %d", n, w.Code)
			}
		})
	}
	group.Wait()
	if n := api.makes.Load(); n != 1 {
		t.Errorf("%d answers were made for 1,001 readers, want 1", n)
	}
	mu.Lock()
	who = Public
	mu.Unlock()
	if w := ask(mux, "/api/v1/board"); strings.Contains(w.Body.String(), "books") || api.makes.Load() != 2 {
		t.Errorf("the public board: %s", w.Body)
	}
	mu.Lock()
	who, now = Inside, now.Add(sharedFor)
	mu.Unlock()
	if ask(mux, "/api/v1/board"); api.makes.Load() != 3 {
		t.Errorf("%d answers, want another one in the next second", api.makes.Load())
	}
	for n := range 2 * mostShared {
		ask(mux, fmt.Sprintf("/api/v1/products?limit=%d", 1+n%500))
	}
	if n := len(api.slots); n > mostShared {
		t.Errorf("%d answers are held", n)
	}
}

// TestFiguresBeginWithTheFirstTry: the beginning of what is counted is that of a try, whenever somebody asks.
func TestFiguresBeginWithTheFirstTry(t *testing.T) {
	t.Parallel()
	a := newAcme(t)
	h := a.api().Handler()
	var begins []time.Time
	for range 2 {
		var got OneCheck
		if err := json.Unmarshal(ask(h, "/api/v1/checks/shop/pay").Body.Bytes(), &got); err != nil || got.Figures.From == nil {
			t.Fatalf("%v %+v", err, got)
		}
		begins = append(begins, *got.Figures.From)
		a.now = a.now.Add(3 * time.Second)
	}
	// A try begins each 10 s, and takes 20 ms.
	if first := begins[0].Sub(t0) % (10 * time.Second); first != 20*time.Millisecond || !begins[1].Equal(begins[0]) {
		t.Errorf("they begin at %v, which is %v after a try", begins, first)
	}
}

// TestKindsOfEvents: each kind that the log of an incident may have can be asked for. Those of the desk are of none.
func TestKindsOfEvents(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join("..", "..", "incident", "event.go"))
	if err != nil {
		t.Fatal(err)
	}
	of, desk, _ := strings.Cut(string(source), "// On the desk (DeskID)")
	kinds := regexp.MustCompile(`Kind += "([a-z_]+)"`)
	var want []string
	for _, m := range kinds.FindAllStringSubmatch(of, -1) {
		want = append(want, m[1])
	}
	if !slices.Equal(want, kindsOfEvents) || !kinds.MatchString(desk) {
		t.Errorf("kinds %q, want %q", kindsOfEvents, want)
	}
}

// TestARecoverySaysWhenItWas: when a trouble began and ended by its whole course is in the event of its end.
func TestARecoverySaysWhenItWas(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 2, 19, 31, 0, 0, time.UTC)
	got, err := json.Marshal(eventOf(incident.Event{Kind: incident.Level, Product: "shop", From: "degraded", To: "ok", Began: began, Ended: began.Add(time.Hour)}, incident.Incident{}))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(got); !strings.Contains(text, `"began":"2026-03-02T19:31:00Z"`) || !strings.Contains(text, `"ended":"2026-03-02T20:31:00Z"`) {
		t.Errorf("%s", text)
	}
}
