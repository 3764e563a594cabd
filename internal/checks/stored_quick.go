package checks

import (
	"bytes"
	"math"
	"time"
)

// quickReader reads the lines that nearly all are, as appendResult writes
// them: keys in its order, no evidence, plain ASCII. It leaves every other
// line to encoding/json, and where it takes a line it must agree with that.
// A restart reads millions of lines, and this takes a fifth of the time.
//
// Its texts are shared between the results of one batch, :: text -> text.
type quickReader map[string]string

func (q quickReader) read(line []byte) (Result, bool) {
	l := quickLine{rest: line, texts: q}
	var r Result
	l.expect(`{"c":`)
	r.Check = l.text()
	l.expect(`,"p":`)
	r.Product = l.text()
	if l.has(`,"v":`) {
		r.Vantage = l.text()
	}
	l.expect(`,"t":`)
	r.Started = time.Unix(0, l.number()).UTC()
	l.expect(`,"d":`)
	r.Duration = time.Duration(l.number())
	l.expect(`,"o":`)
	r.Outcome = Outcome(l.text())
	if l.has(`,"r":`) {
		r.Reason = Reason(l.text())
	}
	if l.has(`,"s":`) {
		r.Summary = l.text()
	}
	if l.has(`,"h":[`) {
		h := &r.Phases
		for i, part := range [...]*time.Duration{&h.DNS, &h.Connect, &h.TLS, &h.FirstByte, &h.Transfer} {
			if i > 0 && !l.has(`,`) {
				break
			}
			*part = time.Duration(l.number())
		}
		l.expect(`]`)
	}
	l.expect(`}`)
	return r, !l.bad && len(l.rest) == 0 && storable(&r) == nil
}

// quickLine is a line being read; bad once it is not of the expected shape.
type quickLine struct {
	rest  []byte
	texts quickReader
	bad   bool
}

func (l *quickLine) has(prefix string) bool {
	if len(l.rest) < len(prefix) || string(l.rest[:len(prefix)]) != prefix {
		return false
	}
	l.rest = l.rest[len(prefix):]
	return true
}

func (l *quickLine) expect(prefix string) {
	l.bad = !l.has(prefix) || l.bad
}

// text reads a string of printable ASCII without escapes.
func (l *quickLine) text() string {
	if !l.has(`"`) {
		l.bad = true
		return ""
	}
	end := bytes.IndexByte(l.rest, '"')
	if end < 0 {
		l.bad = true
		return ""
	}
	raw := l.rest[:end]
	for _, c := range raw {
		if c < ' ' || c > '~' || c == '\\' {
			l.bad = true
			return ""
		}
	}
	l.rest = l.rest[end+1:]
	s, ok := l.texts[string(raw)]
	if !ok {
		s = string(raw)
		l.texts[s] = s
	}
	return s
}

// number reads an integer that is not negative.
func (l *quickLine) number() int64 {
	var n uint64
	i := 0
	for i < len(l.rest) && i < 19 && l.rest[i] >= '0' && l.rest[i] <= '9' {
		n = n*10 + uint64(l.rest[i]-'0')
		i++
	}
	if i == 0 || i > 1 && l.rest[0] == '0' || n > math.MaxInt64 {
		l.bad = true
		return 0
	}
	l.rest = l.rest[i:]
	return int64(n)
}
