package replay

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/replay/scenario"
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
	l := &resultLines{lines: bufio.NewScanner(in), reader: recordedReader{scenario.Reader{Start: start}}, progress: show}
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

// recordedReader reads lines of results: the journal's form, in which the first
// key is "c", and the scenarios' form.
type recordedReader struct{ scenario.Reader }

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
	return q.Result(line)
}
