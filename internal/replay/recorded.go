package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// resultLines reads a file of results.
type resultLines struct {
	lines    *bufio.Scanner
	reader   recordedReader
	progress *progress // nil: it is not shown
	n        int       // lines read
	results  int       // of them, results
}

func newResultLines(in io.Reader, start time.Time, show *progress) *resultLines {
	l := &resultLines{lines: bufio.NewScanner(in), reader: recordedReader{start: start}, progress: show}
	l.lines.Buffer(make([]byte, 1<<16), 1<<20)
	return l
}

// next returns the next result; io.EOF at the end, and another error with the
// number of the line when it cannot be read. A file without results is an error.
func (l *resultLines) next(ctx context.Context) (checks.Result, error) {
	for l.lines.Scan() {
		l.n++
		l.progress.read(len(l.lines.Bytes()) + 1)
		if l.n%4096 == 0 && ctx.Err() != nil {
			return checks.Result{}, ctx.Err()
		}
		if len(bytes.TrimSpace(l.lines.Bytes())) == 0 {
			continue
		}
		r, err := l.reader.read(l.lines.Bytes())
		if err != nil {
			return r, fmt.Errorf("line %d: %w", l.n, err)
		}
		l.results++
		return r, nil
	}
	if err := l.lines.Err(); err != nil {
		return checks.Result{}, fmt.Errorf("line %d: %w", l.n+1, err)
	}
	if l.results == 0 {
		return checks.Result{}, errors.New("it holds no result")
	}
	return checks.Result{}, io.EOF
}

// recordedReader reads lines of results: the journal's form, in which the
// first key is "c", and the scenarios' form. Lines of the latter that are as
// the generator writes them are read by hand, which takes a quarter of the
// time; every other one is left to encoding/json.
type recordedReader struct {
	start time.Time
	texts map[string]string // shared between results
}

var journalLine = []byte(`{"c":`)

// read returns the result of one line.
func (q *recordedReader) read(line []byte) (checks.Result, error) {
	if bytes.HasPrefix(line, journalLine) {
		list, err := checks.DecodeResults(line)
		if err != nil {
			return checks.Result{}, err
		}
		return list[0], nil
	}
	r, ok := q.quick(line)
	if !ok {
		r = recorded{}
		if err := json.Unmarshal(line, &r); err != nil {
			return checks.Result{}, err
		}
	}
	return r.result(q.start)
}

var recordedYes, recordedNo = true, false

// quick reads a line of the exact shape that the generator writes. Where it
// takes a line it agrees with encoding/json.
func (q *recordedReader) quick(line []byte) (r recorded, ok bool) {
	if q.texts == nil {
		q.texts = map[string]string{}
	}
	rest, good := line, true
	expect := func(s string) bool {
		if !bytes.HasPrefix(rest, []byte(s)) {
			return false
		}
		rest = rest[len(s):]
		return true
	}
	number := func() float64 {
		n := bytes.IndexAny(rest, ",}")
		if n <= 0 || rest[0] != '-' && (rest[0] < '0' || rest[0] > '9') || bytes.IndexByte(rest[:n], '_') >= 0 {
			good = false
			return 0
		}
		v, err := strconv.ParseFloat(string(rest[:n]), 64)
		if err != nil || n > 1 && rest[0] == '0' && rest[1] != '.' || rest[n-1] == '.' || rest[n-1] == ' ' || rest[0] == '-' {
			good = false
		}
		for _, c := range rest[:n] {
			if (c < '0' || c > '9') && c != '.' {
				good = false
			}
		}
		rest = rest[n:]
		return v
	}
	text := func() string {
		if !expect(`"`) {
			good = false
			return ""
		}
		n := bytes.IndexByte(rest, '"')
		if n < 0 {
			good = false
			return ""
		}
		for _, c := range rest[:n] {
			if c < ' ' || c > '~' || c == '\\' {
				good = false
			}
		}
		s, known := q.texts[string(rest[:n])]
		if !known {
			s = string(rest[:n])
			q.texts[s] = s
		}
		rest = rest[n+1:]
		return s
	}
	good = expect(`{"t":`)
	if good {
		r.T = number()
	}
	if good = good && expect(`,"check":`); good {
		r.Check = text()
	}
	if good = good && expect(`,"product":`); good {
		r.Product = text()
	}
	if good = good && expect(`,"probe":`); good {
		r.Probe = text()
	}
	switch {
	case good && expect(`,"ok":true`):
		r.OK = &recordedYes
	case good && expect(`,"ok":false`):
		r.OK = &recordedNo
	default:
		return r, false
	}
	if good = good && expect(`,"latency_ms":`); good {
		r.LatencyMS = number()
	}
	if good && expect(`,"error":`) {
		r.Error = text()
	}
	return r, good && expect("}") && len(rest) == 0
}
