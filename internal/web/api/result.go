package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/serve"
)

// Result is what one probe saw.
type Result struct {
	Check    string    `json:"check" doc:"id"`
	Product  string    `json:"product" doc:"id"`
	Vantage  string    `json:"vantage" doc:"place that it ran from; empty: where statusbot runs"`
	Started  time.Time `json:"started"`
	Duration float64   `json:"duration_s"`
	Outcome  string    `json:"outcome" enum:"pass degraded fail unknown" doc:"unknown: statusbot could not observe; neither pass nor fail"`
	Reason   string    `json:"reason" doc:"a small closed set, such as timeout; empty for a pass"`
	Summary  string    `json:"summary" outside:"true"`
	Phases   Phases    `json:"phases"`
	Evidence *Evidence `json:"evidence" doc:"null for most that passed"`
}

// Phases are the parts of a probe, in seconds; null: it did not happen, or is not known.
type Phases struct {
	DNS       *float64 `json:"dns_s"`
	Connect   *float64 `json:"connect_s"`
	TLS       *float64 `json:"tls_s"`
	FirstByte *float64 `json:"first_byte_s"`
	Transfer  *float64 `json:"transfer_s"`
}

// Evidence is what a person wants to see who doubts a result.
type Evidence struct {
	Remote    string `json:"remote,omitempty" doc:"address that answered"`
	Status    int    `json:"status,omitempty" doc:"HTTP's, or a script's exit code"`
	Output    string `json:"output,omitempty" outside:"true" doc:"first 1 KiB of the body or output, secrets taken out"`
	Perf      []Perf `json:"perf,omitempty" doc:"performance data of a plugin"`
	RequestID string `json:"request_id,omitempty" outside:"true" doc:"by which it is found in the server's logs"`
	Script    string `json:"script,omitempty"`
	SHA256    string `json:"script_sha256,omitempty"`
	Picture   bool   `json:"screenshot,omitempty" doc:"statusbot keeps a picture of it"`
}

// Perf is one value of a plugin's performance data.
type Perf struct {
	Label string  `json:"label" outside:"true"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit" outside:"true"`
}

// Results is a page of a check's results.
type Results struct {
	Check   string    `json:"check" doc:"id"`
	From    time.Time `json:"from"`
	Results []Result  `json:"results" doc:"oldest first, in the order in which they were stored"`
	Next    *string   `json:"next" doc:"the cursor of the next page; null: there is none now"`
}

func resultOf(r checks.Result) Result {
	out := Result{Check: r.Check, Product: r.Product, Vantage: r.Vantage, Started: r.Started.UTC(), Duration: r.Duration.Seconds(), Outcome: string(r.Outcome), Reason: string(r.Reason), Summary: r.Summary,
		Phases: Phases{seconds(r.Phases.DNS), seconds(r.Phases.Connect), seconds(r.Phases.TLS), seconds(r.Phases.FirstByte), seconds(r.Phases.Transfer)}}
	if e := r.Evidence; e != nil {
		out.Evidence = &Evidence{Remote: e.Remote, Status: e.Status, Output: e.Output, RequestID: e.RequestID, Script: e.Script, SHA256: e.ScriptSHA256, Picture: e.Screenshot != ""}
		for _, p := range e.Perf {
			out.Evidence.Perf = append(out.Evidence.Perf, Perf{p.Label, p.Value, p.Unit})
		}
	}
	return out
}

const (
	// scanMost is how many bytes of stored results one question may have looked through, some 600,000 results.
	scanMost = 64 << 20
	// exportMost is how long a page of the export is, in bytes, but for one batch.
	exportMost = 4 << 20
	// resultsUsual is from when on results are given where nobody says.
	resultsUsual = time.Hour
	// storedWithin is how long after its time-out a result is stored at the latest, but for those of agents that were cut off.
	storedWithin = time.Minute
	// readWithin is how long one question reads; an answer of internal/web may take 20 s.
	readWithin = 10 * time.Second
)

// errPast ends a look through the batches: what comes behind is later than was asked for.
var errPast = errors.New("later than was asked for")

// full ends one, too: the page is full, and it goes on there.
type full place

func (f full) Error() string { return "the page is full" }

// through gives each the stored batches from a place on; rest is where it goes on, nil
// where there is no more. What takes too long goes on there, too.
func (a *API) through(q *query, from place, since time.Time, each func(Batch) error) (rest *place, err error) {
	ctx, cancel := context.WithTimeout(q.Context(), readWithin)
	defer cancel()
	var last uint64
	err = a.source.Batches(ctx, from.seq, since, func(b Batch) error {
		if err := each(b); err != nil {
			return err
		}
		last = b.Seq
		return nil
	})
	if f, is := errors.AsType[full](err); is {
		return (*place)(&f), nil
	}
	switch {
	case errors.Is(err, errPast):
		return nil, nil
	case err != nil && last > 0 && ctx.Err() != nil && q.Context().Err() == nil:
		return &place{last + 1, 0}, nil
	}
	return nil, err
}

// place is a line of a batch.
type place struct {
	seq  uint64
	line int
}

func (p place) String() string { return fmt.Sprintf("%d.%d", p.seq, p.line) }

// placeOf reads it from a cursor; false when it is none.
func placeOf(text string) (p place, ok bool) {
	seq, line, ok := strings.Cut(text, ".")
	var err, err2 error
	p.seq, err = strconv.ParseUint(seq, 10, 64)
	p.line, err2 = strconv.Atoi(line)
	return p, ok && err == nil && err2 == nil
}

// begin is where a question's cursor says that it begins.
func (q *query) begin() (p place, err error) {
	if q.after == "" {
		return p, nil
	}
	p, ok := placeOf(q.after)
	if !ok {
		return p, &Problem{http.StatusBadRequest, "The cursor is none of this list.", "Leave it out to begin at the beginning."}
	}
	return p, nil
}

func (a *API) results(q *query) (any, error) {
	c, err := a.findCheck(q.URL.Query().Get("check"))
	if err != nil {
		return nil, err
	}
	from, err := q.instant("from", q.now.Add(-resultsUsual))
	if err != nil {
		return nil, err
	}
	to, err := q.instant("to", time.Time{})
	if err != nil {
		return nil, err
	}
	if !to.IsZero() && !to.After(from) {
		return nil, &Problem{http.StatusBadRequest, "to is not after from.", "Without from, the results of the last hour are given."}
	}
	at, err := q.begin()
	if err != nil {
		return nil, err
	}
	id, err := json.Marshal(c.ID)
	if err != nil {
		return nil, err // unreachable: it is a text
	}
	s := scan{id: slices.Concat([]byte(`{"c":`), id, []byte(`,`)), from: from, to: to, late: c.Timeout + storedWithin, limit: q.limit, at: at}
	rest, err := a.through(q, at, from, s.batch)
	if err != nil {
		return nil, err
	}
	out := Results{Check: c.ID, From: from.UTC(), Results: some(s.found)}
	if rest != nil {
		out.Next = q.cursor(rest.String())
	}
	return out, nil
}

// scan looks for the results of a check in stored batches.
type scan struct {
	id       []byte // what a line of the check begins with
	from, to time.Time
	late     time.Duration
	limit    int

	at     place // where it begins
	looked int   // bytes
	found  []Result
}

func (s *scan) batch(b Batch) error {
	if !s.to.IsZero() && b.Stored.After(s.to.Add(s.late)) {
		return errPast
	}
	if s.looked > scanMost {
		return full{b.Seq, 0}
	}
	s.looked += len(b.Data)
	if !bytes.Contains(b.Data, s.id) {
		return nil
	}
	skip := 0
	if b.Seq == s.at.seq {
		skip = s.at.line
	}
	n := 0
	for line := range bytes.Lines(b.Data) {
		if n++; n <= skip || !bytes.HasPrefix(line, s.id) {
			continue
		}
		list, err := checks.DecodeResults(line)
		if err != nil || len(list) != 1 {
			continue // of a later version
		}
		if r := list[0]; r.Started.Before(s.from) || !s.to.IsZero() && !r.Started.Before(s.to) {
			continue
		}
		if len(s.found) == s.limit {
			return full{b.Seq, n - 1}
		}
		s.found = append(s.found, resultOf(list[0]))
	}
	return nil
}

// export gives what is stored, batch by batch.
func (a *API) export(q *query) (lines []byte, next string, err error) {
	from, err := q.instant("from", time.Time{})
	if err != nil {
		return nil, "", err
	}
	at, err := q.begin()
	if err != nil {
		return nil, "", err
	}
	var out bytes.Buffer
	rest, err := a.through(q, at, from, func(b Batch) error {
		if out.Len() > exportMost {
			return full{b.Seq, 0}
		}
		list, err := checks.DecodeResults(b.Data)
		if err != nil {
			return fmt.Errorf("batch %d: %w", b.Seq, err)
		}
		data, err := checks.EncodeResults(list) // each line ends, whatever the batch did
		if err != nil {
			return fmt.Errorf("batch %d: %w", b.Seq, err)
		}
		out.Write(data)
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if rest != nil {
		next = *q.cursor(rest.String())
	}
	return out.Bytes(), next, nil
}

const linesMIME = "application/x-ndjson"

// stream answers with lines.
func (a *API) stream(w http.ResponseWriter, q *query, o operation) {
	lines, next, err := o.stream(a, q)
	if problem, known := errors.AsType[*Problem](err); known {
		refuse(w, problem)
		return
	}
	if err != nil {
		a.failed(w, q.Request, err)
		return
	}
	if next != "" {
		more := listOf(q.URL)
		more.Set("cursor", next)
		w.Header().Set("Link", "<"+q.URL.Path+"?"+more.Encode()+`>; rel="next"`)
	}
	serve.BodyOf(lines, lines, gzip.BestSpeed).Send(w, q.Request, linesMIME)
}
