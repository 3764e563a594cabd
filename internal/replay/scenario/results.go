package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// Reader reads lines of results. Those that are as the generator writes them are
// read by hand, every other one by encoding/json. By that alone a replay of quiet
// days takes twice the time: 210,000 results a second and core, where 350,000 are
// promised.
type Reader struct {
	Start time.Time         // that times count from
	texts map[string]string // shared between results
}

// Result returns the result of one line.
func (q *Reader) Result(line []byte) (checks.Result, error) {
	r, ok := q.quick(line)
	if !ok {
		r = recorded{}
		if err := json.Unmarshal(line, &r); err != nil {
			return checks.Result{}, err
		}
	}
	return r.result(q.Start)
}

// recorded is one line of a scenario's results.
type recorded struct {
	T         float64 `json:"t"` // seconds since the start; when the result was there
	Check     string  `json:"check"`
	Product   string  `json:"product"`
	Probe     string  `json:"probe"`
	OK        *bool   `json:"ok"`
	LatencyMS float64 `json:"latency_ms"`
	Error     string  `json:"error"`
}

var errRecorded = errors.New(`a result needs "t", "check" and "ok"`)

func (r recorded) result(start time.Time) (checks.Result, error) {
	if r.Check == "" || r.OK == nil {
		return checks.Result{}, errRecorded
	}
	took := Seconds(r.LatencyMS / 1000)
	out := checks.Result{Check: r.Check, Product: r.Product, Vantage: r.Probe, Started: start.Add(Seconds(r.T) - took), Duration: took, Outcome: checks.Pass}
	if !*r.OK {
		out.Outcome, out.Reason, out.Summary = checks.Fail, reasonOf(r.Error), r.Error
	}
	return out, nil
}

func reasonOf(s string) checks.Reason {
	switch s {
	case "timeout":
		return checks.ReasonTimeout
	case "connect":
		return checks.ReasonConnect
	case "http_5xx":
		return checks.ReasonStatus
	default:
		return checks.ReasonAssertion
	}
}

var yes, no = true, false

// quick reads a line of the exact shape that the generator writes. Where it
// takes a line it agrees with encoding/json.
func (q *Reader) quick(line []byte) (r recorded, ok bool) {
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
		r.OK = &yes
	case good && expect(`,"ok":false`):
		r.OK = &no
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
