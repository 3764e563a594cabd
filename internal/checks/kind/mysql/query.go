package mysql

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// columnsMax is how many columns a table may have.
const columnsMax = 4096

// limit makes the server give up a query after so long, so that nobody's
// query stays with a server that is slow already. A server that cannot is let
// be.
func (t *talk) limit(g greeting, d time.Duration) (holds bool, err error) {
	set := "SET max_execution_time=" + strconv.FormatInt(max(1, d.Milliseconds()), 10)
	if strings.Contains(g.version, "MariaDB") {
		set = "SET max_statement_time=" + strconv.FormatFloat(d.Seconds(), 'f', 6, 64)
	}
	if err := t.command(askQuery, set); err != nil {
		return false, err
	}
	_, err = t.read()
	if _, refused := errors.AsType[*saidNo](err); refused {
		return false, nil
	}
	return err == nil, err
}

// What a server says whose limit of a query is over: MariaDB's
// ER_STATEMENT_TIMEOUT and MySQL's ER_QUERY_TIMEOUT.
const (
	statementTimeout = 1969
	queryTimeout     = 3024
)

// ours returns a time-out for a query that the server gave up since we asked
// it to: the server's clock may be a moment ahead of the probe's.
func (t *talk) ours(err error) error {
	if no, said := errors.AsType[*saidNo](err); said && (no.number == statementTimeout || no.number == queryTimeout) {
		t.tr.Stage = probe.Waiting
		return os.ErrDeadlineExceeded
	}
	return err
}

// rows is what a query returned.
type rows struct {
	probe.Rowset
	first map[string]any // :: column -> the first row's value, text or nil
}

// ask sends a query and reads its answer to the end.
func (t *talk) ask(query string) (rows, error) {
	got := rows{Rowset: probe.Rowset{Null: true}, first: map[string]any{}}
	t.tr.Stage = probe.Waiting
	sent := time.Now()
	if err := t.command(askQuery, query); err != nil {
		return got, err
	}
	if _, err := t.in.Peek(1); err != nil {
		return got, err
	}
	t.tr.Phases.FirstByte = time.Since(sent)
	t.tr.Stage = probe.Reading
	err := t.answers(&got)
	t.tr.Phases.Transfer = time.Since(sent) - t.tr.Phases.FirstByte
	return got, err
}

// answers reads the results of one query. The first that has rows counts.
func (t *talk) answers(got *rows) error {
	const moreFollow = 1 << 3 // in a status
	for counted := false; ; {
		packet, err := t.read()
		if err != nil {
			return err
		}
		p := fields{rest: packet}
		var status uint64
		switch packet[0] {
		case ok:
			p.take(1)
			p.length() // rows that were changed
			p.length() // the last number that was given
			status = p.number(2)
		case file:
			return errAsksForFile
		default:
			into := got
			if counted {
				into = &rows{}
			}
			counted = true
			if status, err = t.table(p.length(), into); err != nil {
				return err
			}
		}
		if p.short {
			return errNotMySQL
		}
		if status&moreFollow == 0 {
			return nil
		}
	}
}

// table reads a result of so many columns, and returns the status after it.
func (t *talk) table(columns uint64, got *rows) (status uint64, err error) {
	if columns < 1 || columns > columnsMax {
		return 0, errNotMySQL
	}
	names, err := t.columns(columns)
	if err != nil {
		return 0, err
	}
	for {
		packet, err := t.read()
		if errors.Is(err, errLongMySQLReply) {
			return 0, probe.ErrLongRow
		}
		if err != nil {
			return 0, err
		}
		if status, ok := end(packet); ok {
			return status, nil
		}
		got.Rows++
		if got.Rows > 1 || got.first == nil {
			continue
		}
		p := fields{rest: packet}
		for i, name := range names {
			value, null := p.text()
			if i == 0 {
				got.Value, got.Null = value, null
			}
			got.first[name] = nil
			if !null {
				got.first[name] = strings.ToValidUTF8(value, "\uFFFD")
			}
		}
		if p.short {
			return 0, errNotMySQL
		}
	}
}

// columns reads the names of so many columns, and what ends them.
func (t *talk) columns(n uint64) (names []string, err error) {
	for range n {
		packet, err := t.read()
		if err != nil {
			return nil, err
		}
		p := fields{rest: packet}
		for range 4 { // catalogue, database, table, table again
			p.text()
		}
		name, _ := p.text()
		if p.short {
			return nil, errNotMySQL
		}
		names = append(names, strings.ToValidUTF8(name, "\uFFFD"))
	}
	packet, err := t.read()
	if err != nil {
		return nil, err
	}
	if _, ok := end(packet); !ok {
		return nil, errNotMySQL
	}
	return names, nil
}

// end reports whether a packet ends a list, and the status in it.
func end(packet []byte) (status uint64, ok bool) {
	if packet[0] != eof || len(packet) > 8 {
		return 0, false
	}
	p := fields{rest: packet[1:]}
	p.take(2) // warnings
	return p.number(2), !p.short
}
