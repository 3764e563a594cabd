package heartbeat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"golang.org/x/time/rate"
)

// Bounds of what is pushed.
const (
	PushMax     = 64 << 10 // bytes of a body
	pushResults = 100      // results of one push
	pushIDMax   = 128      // bytes of an id

	// pushRate is how many results a second a check takes, pushBurst how many
	// at once: one list. A second is finer than any figure that is told.
	pushRate  = 10
	pushBurst = pushResults

	pushSkew = time.Minute // how far a pusher's clock may be ahead
	pushOld  = time.Hour   // age of results that still count, unless the check's interval is longer
)

// PushError says in a sentence why a push is not taken.
type PushError struct {
	Problem string
	Wait    time.Duration // more than 0: too much came; it may be tried again after that
}

func (e *PushError) Error() string { return e.Problem }

// pushed is one result in a push: what a script may say, and two keys more.
type pushed struct {
	probe.ScriptAnswer
	ID      string   `json:"id"`         // the second result with it is no result
	Started *instant `json:"started_at"` // RFC 3339; so is the second with this one and the same outcome, if there is no id
}

// instant is a time of RFC 3339, also as date +%FT%T%z and date --rfc-3339 write
// it.
type instant time.Time

// UnmarshalJSON reads one; the error is a sentence.
func (i *instant) UnmarshalJSON(text []byte) error {
	var word string
	if json.Unmarshal(text, &word) == nil {
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00"} {
			if at, err := time.Parse(layout, word); err == nil {
				*i = instant(at)
				return nil
			}
		}
	}
	return errNoInstant
}

var errNoInstant = errors.New("started_at is no time of RFC 3339, such as 2026-11-30T19:32:00Z")

// readPush reads the body of a push: nothing at all (a pass), an object or a
// list of objects.
func readPush(body []byte) ([]pushed, error) {
	body = bytes.TrimSpace(probe.UTF8(body))
	if !utf8.Valid(body) {
		body = latin1(body)
	}
	switch {
	case len(body) == 0:
		return []pushed{{ScriptAnswer: probe.ScriptAnswer{Outcome: checks.Pass}}}, nil
	case len(body) > PushMax:
		return nil, &PushError{Problem: "the body is longer than 64 KiB"}
	case body[0] == '{':
		var one pushed
		if err := json.Unmarshal(body, &one); err != nil {
			return nil, notJSON(err)
		}
		if err := saidTwice(body); err != nil {
			return nil, err
		}
		return []pushed{one}, nil
	case body[0] != '[':
		return nil, &PushError{Problem: "the body is neither empty nor a JSON object nor a list of them"}
	}
	var list []pushed
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, notJSON(err)
	}
	if len(list) == 0 || len(list) > pushResults {
		return nil, &PushError{Problem: fmt.Sprintf("the list has %d results; send 1 to %d", len(list), pushResults)}
	}
	if err := saidTwice(body); err != nil {
		return nil, err
	}
	return list, nil
}

// saidTwice refuses a result that has a key twice: which of the two is meant is not known.
func saidTwice(body []byte) error {
	if key := probe.Twice(body, pushed{}); key != "" {
		return &PushError{Problem: probe.Quoted(key) + " stands twice in one result; send it once"}
	}
	return nil
}

// latin1 returns a text of ISO 8859-1 in UTF-8: so PowerShell 5 sends what is not ASCII, and says nothing of it.
func latin1(text []byte) []byte {
	out := make([]byte, 0, 2*len(text))
	for _, c := range text {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

// notJSON says what is wrong with JSON in the words of who wrote it, not of the
// program that reads it.
func notJSON(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		want := "a text"
		if wrong.Type.Kind() == reflect.Float64 {
			want = "a number that a program can hold"
		}
		return &PushError{Problem: fmt.Sprintf("%s is to be %s, not a JSON %s", wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:], want, wrong.Value)}
	}
	if errors.Is(err, errNoInstant) {
		return &PushError{Problem: errNoInstant.Error()}
	}
	const told = "the body is not JSON: "
	switch wrong, ok := errors.AsType[*json.SyntaxError](err); {
	case ok && strings.Contains(wrong.Error(), "unexpected end"):
		return &PushError{Problem: told + "it ends too early"}
	case ok && strings.Contains(wrong.Error(), "after top-level value"):
		return &PushError{Problem: told + "something follows what is whole; send several results as a list, [{...}, {...}]"}
	case ok:
		return &PushError{Problem: fmt.Sprintf("%sits byte %d does not belong there", told, wrong.Offset)}
	}
	return &PushError{Problem: probe.OneLine("the body is not the JSON that is expected: " + strings.TrimPrefix(err.Error(), "json: "))}
}

// result makes the result of one that was pushed at an instant; without the
// check's own part. The error is a sentence without its subject.
func (p *pushed) result(remote string, every time.Duration, now time.Time) (checks.Result, error) {
	r, err := p.ScriptAnswer.Result()
	if err != nil {
		return checks.Result{}, fmt.Errorf("cannot count: its %w", err)
	}
	r.Started = now.Add(-r.Duration)
	if p.Started != nil {
		r.Started = time.Time(*p.Started)
	}
	switch ended := r.Ended(); {
	case ended.After(now.Add(pushSkew)):
		return checks.Result{}, fmt.Errorf("ends %s in the future; look at the clock, started_at and duration_ms", periodText(ended.Sub(now)))
	case now.Sub(ended) > max(pushOld, every):
		return checks.Result{}, fmt.Errorf("is older than %s, too old to count", periodText(max(pushOld, every)))
	case len(p.ID) > pushIDMax || strings.ContainsFunc(p.ID, unicode.IsControl):
		return checks.Result{}, fmt.Errorf("has an id of more than %d bytes or with control characters", pushIDMax)
	}
	if r.Evidence == nil {
		r.Evidence = &checks.Evidence{}
	}
	r.Evidence.Remote = remote
	if p.ID != "" {
		r.Evidence.RequestID = "id=" + p.ID
	}
	return r, nil
}

// reported says whether a result was pushed: each says by whom.
func reported(r *checks.Result) bool { return r.Evidence != nil && r.Evidence.Remote != "" }

// repeatable reports whether a second one like it may be the same one, sent
// again. What has neither id nor time counts each time.
func (p *pushed) repeatable() bool { return p.ID != "" || p.Started != nil }

// pushKey is what tells a result from those pushed before: its id, or else
// when it began and how it ended.
func pushKey(r *checks.Result) uint64 {
	h := fnv.New64a()
	if id := r.Evidence.RequestID; id != "" {
		h.Write([]byte(id))
	} else {
		h.Write(strconv.AppendInt(nil, r.Started.UnixNano(), 10))
		h.Write([]byte(r.Outcome))
	}
	return h.Sum64()
}

// newLimit bounds what is pushed for one check.
func newLimit() *rate.Limiter { return rate.NewLimiter(pushRate, pushBurst) }

// take counts n results, at most pushBurst, or says how long to wait first.
func take(limit *rate.Limiter, n int, now time.Time) (wait time.Duration) {
	if limit.AllowN(now, n) {
		return 0
	}
	return time.Duration((float64(n) - limit.TokensAt(now)) / pushRate * float64(time.Second))
}

// periodText writes a long duration for people, to the second: "26h30m".
func periodText(d time.Duration) string {
	if d < time.Second {
		return probe.Span(d)
	}
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
