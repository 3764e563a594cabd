package checks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// storedResult is a Result as it is kept: one line of JSON.
//
// Promise: a key keeps its meaning, unit and type for good; a new key may be
// added and is left out when it is empty; a reader ignores keys it does not
// know. testdata/results.golden holds the bytes.
//
// It is written by appendResult below, by hand: that is several times
// quicker than by reflection, and every probe pays it.
type storedResult struct {
	Check    string          `json:"c"`
	Product  string          `json:"p"`
	Vantage  string          `json:"v"`
	Started  int64           `json:"t"` // nanoseconds since the Unix epoch, UTC
	Duration int64           `json:"d"` // nanoseconds
	Outcome  Outcome         `json:"o"` // always written: its absence must not read as a pass
	Reason   Reason          `json:"r"`
	Summary  string          `json:"s"`
	Phases   []int64         `json:"h"` // nanoseconds: DNS, connect, TLS, first byte, transfer; zeros at the end left out
	Evidence *storedEvidence `json:"e"`
}

// storedEvidence is an Evidence as it is kept, under the same promise.
type storedEvidence struct {
	Remote string       `json:"a"`
	Status int          `json:"n"`
	Output string       `json:"o"`
	Perf   []storedPerf `json:"f"`
	Script string       `json:"x"`

	RequestID    string `json:"i"`
	ScriptSHA256 string `json:"y"` // hex
	Screenshot   string `json:"g"` // path, from the data directory
}

type storedPerf struct {
	Label string  `json:"l"`
	Value float64 `json:"v"`
	Unit  string  `json:"u"`
}

// EncodeResults returns the stored form of a batch: one line for each
// result, in order. It refuses a result without a check or an outcome, and a
// performance value that is not finite, since those could not be read again.
func EncodeResults(results []Result) ([]byte, error) {
	buf := make([]byte, 0, 160*len(results))
	for i := range results {
		r := &results[i]
		if err := storable(r); err != nil {
			return nil, fmt.Errorf("encode result of check %q: %w", r.Check, err)
		}
		buf = appendResult(buf, r)
	}
	return buf, nil
}

var (
	errNoCheck   = errors.New("it names no check")
	errNoOutcome = errors.New("its outcome is not pass, degraded, fail or unknown")
	errNotFinite = errors.New("a performance value is not a finite number")
)

// storable says why a result cannot be kept.
func storable(r *Result) error {
	switch r.Outcome {
	case Pass, Degraded, Fail, Unknown:
	default:
		return errNoOutcome
	}
	if r.Check == "" {
		return errNoCheck
	}
	if r.Evidence != nil {
		for _, p := range r.Evidence.Perf {
			if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
				return errNotFinite
			}
		}
	}
	return nil
}

// DecodeResults reads the stored form of a batch, also that of a later version:
// while members are upgraded one by one, each reads what the others write. What is
// not known here is passed over; an outcome that is not is [Unknown], since nothing
// may be concluded from it. Times are in UTC. The error names the line; with an
// error there are no results.
func DecodeResults(data []byte) ([]Result, error) {
	results := make([]Result, 0, bytes.Count(data, []byte{'\n'}))
	quick := quickReader{}
	for n := 1; len(data) > 0; n++ {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		data = rest
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if r, ok := quick.read(line); ok {
			results = append(results, r)
			continue
		}
		var s storedResult
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("decode results: line %d: %w", n, err)
		}
		r, err := s.result()
		if err != nil {
			return nil, fmt.Errorf("decode results: line %d: %w", n, err)
		}
		results = append(results, r)
	}
	return results, nil
}

func (s storedResult) result() (Result, error) {
	var h [5]int64
	copy(h[:], s.Phases) // and not those of a later version
	r := Result{
		Check: s.Check, Product: s.Product, Vantage: s.Vantage,
		Started: time.Unix(0, s.Started).UTC(), Duration: time.Duration(s.Duration),
		Outcome: s.Outcome, Reason: s.Reason, Summary: s.Summary,
		Phases: Phases{
			DNS: time.Duration(h[0]), Connect: time.Duration(h[1]), TLS: time.Duration(h[2]),
			FirstByte: time.Duration(h[3]), Transfer: time.Duration(h[4]),
		},
	}
	if e := s.Evidence; e != nil {
		r.Evidence = &Evidence{Remote: e.Remote, Status: e.Status, Output: e.Output, Script: e.Script, RequestID: e.RequestID, ScriptSHA256: e.ScriptSHA256, Screenshot: e.Screenshot}
		for _, p := range e.Perf {
			r.Evidence.Perf = append(r.Evidence.Perf, Perf(p))
		}
	}
	if err := storable(&r); r.Outcome != "" && errors.Is(err, errNoOutcome) {
		r.Outcome = Unknown
	}
	return r, storable(&r)
}

func appendResult(b []byte, r *Result) []byte {
	b = append(b, `{"c":`...)
	b = AppendString(b, r.Check)
	b = append(b, `,"p":`...)
	b = AppendString(b, r.Product)
	b = appendField(b, `,"v":`, r.Vantage)
	b = append(b, `,"t":`...)
	b = strconv.AppendInt(b, r.Started.UnixNano(), 10)
	b = append(b, `,"d":`...)
	b = strconv.AppendInt(b, int64(r.Duration), 10)
	b = append(b, `,"o":`...)
	b = AppendString(b, string(r.Outcome))
	b = appendField(b, `,"r":`, string(r.Reason))
	b = appendField(b, `,"s":`, r.Summary)
	b = appendPhases(b, r.Phases)
	if r.Evidence != nil {
		b = appendEvidence(b, r.Evidence)
	}
	return append(b, "}\n"...)
}

func appendPhases(b []byte, p Phases) []byte {
	all := [5]time.Duration{p.DNS, p.Connect, p.TLS, p.FirstByte, p.Transfer}
	n := len(all)
	for n > 0 && all[n-1] == 0 {
		n--
	}
	if n == 0 {
		return b
	}
	before := `,"h":[`
	for _, d := range all[:n] {
		b = append(b, before...)
		b = strconv.AppendInt(b, int64(d), 10)
		before = ","
	}
	return append(b, ']')
}

func appendEvidence(b []byte, e *Evidence) []byte {
	b = append(b, `,"e":{`...)
	start := len(b)
	b = appendField(b, `,"a":`, e.Remote)
	if e.Status != 0 {
		b = append(b, `,"n":`...)
		b = strconv.AppendInt(b, int64(e.Status), 10)
	}
	b = appendField(b, `,"o":`, e.Output)
	b = appendField(b, `,"x":`, e.Script)
	b = appendField(b, `,"i":`, e.RequestID)
	b = appendField(b, `,"y":`, e.ScriptSHA256)
	b = appendField(b, `,"g":`, e.Screenshot)
	for i, p := range e.Perf {
		if i == 0 {
			b = append(b, `,"f":[`...)
		} else {
			b = append(b, ',')
		}
		b = append(b, `{"l":`...)
		b = AppendString(b, p.Label)
		b = append(b, `,"v":`...)
		b = strconv.AppendFloat(b, p.Value, 'g', -1, 64)
		b = appendField(b, `,"u":`, p.Unit)
		b = append(b, '}')
	}
	if len(e.Perf) > 0 {
		b = append(b, ']')
	}
	if len(b) > start { // the first field brought a comma
		b = append(b[:start], b[start+1:]...)
	}
	return append(b, '}')
}

// appendField appends a key, written with its comma and colon, and its
// value, unless that is empty.
func appendField(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	return AppendString(append(b, key...), value)
}

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, as encoding/json has it.
func AppendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[from:i]...), "\uFFFD"...)
				from = i + size
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// BatchMax is how many results are stored at once: at 100 to 3,000 bytes each,
// encoded, that is below the 1 MiB of a NATS message. One with an output and 64
// values is 10 KiB, and a batch of such has to be divided.
const BatchMax = 256
