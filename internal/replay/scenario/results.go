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

// Metric is one value of a component's own metric.
type Metric struct {
	T         float64 `json:"t"` // seconds since the start
	Component string  `json:"component"`
	Metric    string  `json:"metric"`
	Value     float64 `json:"value"`
}

// Metric returns the value of one line.
func (q *Reader) Metric(line []byte) (Metric, error) {
	if m, ok := q.quickMetric(line); ok {
		return m, nil
	}
	var m Metric
	err := json.Unmarshal(line, &m)
	return m, err
}

// quickMetric is quick of a metric.
func (q *Reader) quickMetric(line []byte) (m Metric, ok bool) {
	c := q.cursor(line)
	m.T = c.number(`{"t":`)
	m.Component = c.text(`,"component":`)
	m.Metric = c.text(`,"metric":`)
	m.Value = c.number(`,"value":`)
	return m, c.skip("}") && len(c.rest) == 0
}

// cursor begins at a line.
func (q *Reader) cursor(line []byte) cursor {
	if q.texts == nil {
		q.texts = map[string]string{}
	}
	return cursor{rest: line, good: true, texts: q.texts}
}

var yes, no = true, false

// quick reads a line of the exact shape that the generator writes. Where it
// takes a line it agrees with encoding/json.
func (q *Reader) quick(line []byte) (r recorded, ok bool) {
	c := q.cursor(line)
	r.T = c.number(`{"t":`)
	r.Check = c.text(`,"check":`)
	r.Product = c.text(`,"product":`)
	r.Probe = c.text(`,"probe":`)
	switch {
	case c.skip(`,"ok":true`):
		r.OK = &yes
	case c.skip(`,"ok":false`):
		r.OK = &no
	default:
		return r, false
	}
	r.LatencyMS = c.number(`,"latency_ms":`)
	if !c.skip("}") {
		r.Error = c.text(`,"error":`)
		c.good = c.skip("}")
	}
	return r, c.good && len(c.rest) == 0
}

// cursor goes through a line; good is false from where it is not as expected.
type cursor struct {
	rest  []byte
	good  bool
	texts map[string]string // read before, shared between results
}

// skip goes over s if that comes next.
func (c *cursor) skip(s string) bool {
	if !c.good || len(c.rest) < len(s) || string(c.rest[:len(s)]) != s {
		return false
	}
	c.rest = c.rest[len(s):]
	return true
}

// number reads a number that is not negative, behind a key.
func (c *cursor) number(key string) float64 {
	if c.good = c.skip(key); !c.good {
		return 0
	}
	n := bytes.IndexAny(c.rest, ",}")
	if n <= 0 {
		c.good = false
		return 0
	}
	digits := c.rest[:n]
	for _, d := range digits {
		c.good = c.good && (d >= '0' && d <= '9' || d == '.')
	}
	v, err := strconv.ParseFloat(string(digits), 64)
	// What Go takes for a number and JSON does not: 01, .5 and 5.
	c.good = c.good && err == nil && digits[0] != '.' && digits[n-1] != '.' && (n == 1 || digits[0] != '0' || digits[1] == '.')
	c.rest = c.rest[n:]
	return v
}

// text reads a string of plain characters, behind a key.
func (c *cursor) text(key string) string {
	if c.good = c.skip(key) && c.skip(`"`); !c.good {
		return ""
	}
	n := bytes.IndexByte(c.rest, '"')
	if n < 0 {
		c.good = false
		return ""
	}
	for _, b := range c.rest[:n] {
		c.good = c.good && b >= ' ' && b <= '~' && b != '\\'
	}
	s, known := c.texts[string(c.rest[:n])]
	if !known {
		s = string(c.rest[:n])
		c.texts[s] = s
	}
	c.rest = c.rest[n+1:]
	return s
}
