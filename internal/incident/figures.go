package incident

import (
	"bytes"
	"strconv"
)

// An update's figures are most of the bytes of a log: thousands in each, where all
// else of an event is some three hundred. A start that reads all events reads
// gigabytes of them, so they have a reader of their own, which takes a tenth of the
// time that encoding/json does (BenchmarkDecodeUpdate).

// figuresKey begins the figures of a stored event. In a text its quotes are escaped.
var figuresKey = []byte(`"figures":[`)

// cutFigures reads the figures of a stored event that are written as Encode does:
// keys in its order, plain ASCII. It returns them, and the event with none in their
// place. Every other event it leaves as it is, for encoding/json to read.
func cutFigures(data []byte) (figures []Figure, rest []byte) {
	key := bytes.Index(data, figuresKey)
	if key < 0 || !topLevel(data[:key]) {
		return nil, data
	}
	begin := key + len(figuresKey)
	l := figureLine{rest: data[begin:]}
	figures = make([]Figure, 0, bytes.Count(l.rest, []byte("{")))
	for more := true; more; more = l.has(`,`) {
		if figures = append(figures, l.figure()); l.bad {
			return nil, data
		}
	}
	if !l.has(`]`) || bytes.Contains(l.rest, figuresKey) {
		return nil, data
	}
	rest = append(make([]byte, 0, begin+1+len(l.rest)), data[:begin]...)
	return figures, append(append(rest, ']'), l.rest...)
}

// topLevel reports whether what follows the beginning of an object is a key of its own,
// and not of what is in it.
func topLevel(begin []byte) bool {
	depth, text := 0, false
	for i := 0; i < len(begin); i++ {
		switch c := begin[i]; {
		case c == '"':
			text = !text
		case text && c == '\\':
			i++
		case text:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return depth == 1 && !text
}

// figureLine is what is left of the figures that are being read; bad once they are not
// written as Encode does.
type figureLine struct {
	rest  []byte
	level string // of the figure before: one text for all that have the same
	bad   bool
}

func (l *figureLine) figure() (f Figure) {
	l.expect(`{"product":`)
	f.Product = string(l.text())
	l.expect(`,"level":`)
	if level := l.text(); string(level) != l.level {
		l.level = string(level)
	}
	f.Level = l.level
	l.expect(`,"tries":`)
	f.Tries = l.number()
	l.expect(`,"failures":`)
	f.Failures = l.number()
	l.expect(`,"share":`)
	f.Share = l.share()
	if l.has(`,"slow":`) {
		f.Slow = l.number()
	}
	if l.has(`,"p95_ms":`) {
		f.P95 = l.number()
	}
	if l.has(`,"usual_p95_ms":`) {
		f.Usual = l.number()
	}
	if l.has(`,"new_tries":`) {
		f.NewTries = l.number()
	}
	if l.has(`,"new_failures":`) {
		f.NewFailures = l.number()
	}
	if l.has(`,"new_slow":`) {
		f.NewSlow = l.number()
	}
	l.expect(`}`)
	return f
}

func (l *figureLine) has(prefix string) bool {
	if len(l.rest) < len(prefix) || string(l.rest[:len(prefix)]) != prefix {
		return false
	}
	l.rest = l.rest[len(prefix):]
	return true
}

func (l *figureLine) expect(prefix string) {
	l.bad = !l.has(prefix) || l.bad
}

// text reads a string of printable ASCII without escapes.
func (l *figureLine) text() []byte {
	end := 0
	if l.has(`"`) {
		for end < len(l.rest) && l.rest[end] >= ' ' && l.rest[end] <= '~' && l.rest[end] != '\\' && l.rest[end] != '"' {
			end++
		}
	}
	if end == len(l.rest) || l.rest[end] != '"' {
		l.bad = true
		return nil
	}
	read := l.rest[:end]
	l.rest = l.rest[end+1:]
	return read
}

// number reads an integer that is not negative.
func (l *figureLine) number() int {
	n, i := 0, 0
	for i < len(l.rest) && i < 18 && l.rest[i] >= '0' && l.rest[i] <= '9' {
		n = n*10 + int(l.rest[i]-'0')
		i++
	}
	if i == 0 || i > 1 && l.rest[0] == '0' {
		l.bad = true
		return 0
	}
	l.rest = l.rest[i:]
	return n
}

// share reads a share as Encode writes all but those below a millionth: 0, 1 or 0.04.
func (l *figureLine) share() float64 {
	if len(l.rest) > 1 && l.rest[1] != '.' {
		return float64(l.number())
	}
	end := min(2, len(l.rest))
	for end < len(l.rest) && l.rest[end] >= '0' && l.rest[end] <= '9' {
		end++
	}
	v, err := strconv.ParseFloat(string(l.rest[:end]), 64)
	if err != nil || end < 3 || l.rest[0] != '0' {
		l.bad = true
		return 0
	}
	l.rest = l.rest[end:]
	return v
}
