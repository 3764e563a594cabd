package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
)

// maxBody bounds a Web API request: text of 40,000 characters and 50 blocks
// of 3,000 fit several times.
const maxBody = 2 << 20

// method is one row of the Web API.
type method struct {
	run   func(*call) (answer, error)
	limit allowance
	app   bool // wants the app token, not the bot's
	scope scopeRule
}

// answer is the body of a reply without "ok".
type answer map[string]any

// call is one request to the Web API.
type call struct {
	w    *Workspace
	r    *http.Request
	args map[string]string // JSON values that are not strings stay JSON text
	warn []string
}

// apiError is an answer with ok false.
type apiError struct {
	code     string
	messages []string // response_metadata.messages
	more     answer
}

func (e *apiError) Error() string { return e.code }

func fail(code string, messages ...string) error { return &apiError{code: code, messages: messages} }

func problemsError(code string, problems []blockkit.Problem) error {
	e := &apiError{code: code}
	for _, p := range problems {
		e.messages = append(e.messages, p.String())
	}
	return e
}

// base is the URL by which this client reached us, for the links that we
// hand out: a client refuses an upload to another host than it knows.
func base(r *http.Request) string { return "http://" + r.Host }

// serveAPI is /api/METHOD.
func (w *Workspace) serveAPI(rw http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/api/")
	args, token, err := decodeArgs(rw, r)
	c := &call{w: w, r: r, args: args}
	entry := LogEntry{At: time.Now().UTC(), Method: name, Args: logArgs(args)}
	if m, ok := methods[name]; ok && m.app {
		rw.Header().Set("X-OAuth-Scopes", "connections:write")
	} else {
		rw.Header().Set("X-OAuth-Scopes", w.settings.provided())
		rw.Header().Set("X-Accepted-OAuth-Scopes", c.accepted(m))
	}
	w.underFault(rw, r, name, entry, func() reply {
		if err != nil {
			return errorReply(err)
		}
		return c.answer(name, token)
	})
}

// reply is an HTTP answer before it is written.
type reply struct {
	status int
	retry  int // Retry-After, seconds
	body   any
}

func errorReply(err error) reply {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		return reply{http.StatusOK, 0, answer{"ok": false, "error": "internal_error"}}
	}
	body := answer{}
	maps.Copy(body, e.more)
	body["ok"], body["error"] = false, e.code
	if len(e.messages) > 0 {
		body["response_metadata"] = answer{"messages": e.messages}
		if e.code == "invalid_blocks" {
			body["errors"] = e.messages
		}
	}
	return reply{http.StatusOK, 0, body}
}

func rateReply(seconds int) reply {
	return reply{http.StatusTooManyRequests, seconds, answer{"ok": false, "error": "ratelimited"}}
}

func (c *call) answer(name, token string) reply {
	m, ok := methods[name]
	if !ok {
		return errorReply(&apiError{code: "unknown_method", more: answer{"req_method": name}})
	}
	want, other := c.w.cfg.BotToken, c.w.cfg.AppToken
	if m.app {
		want, other = other, want
	}
	switch token {
	case want:
	case "":
		return errorReply(fail("not_authed"))
	case other:
		return errorReply(fail("not_allowed_token_type"))
	default:
		return errorReply(fail("invalid_auth"))
	}
	if err := c.missingScope(m); err != nil {
		return errorReply(err)
	}
	if c.w.settings.rateLimits() {
		key := name
		if m.limit.perChannel {
			ch, _ := c.w.state.channel(c.args["channel"]) // an unknown one is refused below
			key += " " + ch.ID
		}
		if wait := c.w.limits.take(key, m.limit, time.Now()); wait > 0 {
			return rateReply(wait)
		}
	}
	out, err := m.run(c)
	if err != nil {
		if _, ok := errors.AsType[*apiError](err); !ok {
			c.w.cfg.Log.Sugar().Errorf("%s: %v", name, err)
		}
		return errorReply(err)
	}
	if out == nil {
		out = answer{}
	}
	out["ok"] = true
	if len(c.warn) > 0 {
		out["warning"] = strings.Join(c.warn, ",")
		meta, _ := out["response_metadata"].(answer)
		if meta == nil {
			meta = answer{}
		}
		meta["warnings"] = c.warn
		out["response_metadata"] = meta
	}
	return reply{http.StatusOK, 0, out}
}

// underFault runs a call as the fault in force says, logs it, and writes the
// answer: who has the answer, or sees what the call did, finds it in the log.
func (w *Workspace) underFault(rw http.ResponseWriter, r *http.Request, name string, entry LogEntry, run func() reply) {
	f := w.faults.take(name)
	log := func() {
		entry.TookMS = milliseconds(time.Since(entry.At))
		w.calls.add(entry)
	}
	if instead, said := w.without(f); instead != nil {
		entry.Status, entry.Answer = f.Status, mustJSON(said)
		log()
		instead(rw, r)
		return
	}
	done := w.calls.begin()
	defer done()
	var out reply
	switch f.Mode {
	case "ratelimit":
		out = rateReply(f.RetryAfter)
	case "error":
		out = errorReply(fail(f.Error))
		if code, ok := strings.CutPrefix(f.Error, "http_"); ok {
			n, _ := strconv.Atoi(code)
			out = reply{n, 0, answer{"ok": false, "error": "internal_error"}}
		}
	default:
		out = run()
	}
	entry.Status, entry.Answer = out.status, mustJSON(out.body)
	switch f.Mode {
	case "lost_answer", "torn":
		entry.Status = 0
		log()
		done()
		if f.Mode == "torn" {
			tear(rw, out)
		}
		cut(rw, false)
		return
	case "slow":
		done() // readers of the log do not wait for it
		t := time.NewTimer(time.Duration(f.DelayMS) * time.Millisecond)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			entry.Status = 0
			log()
			return
		}
	}
	log()
	done()
	writeReply(rw, out)
}

func writeReply(rw http.ResponseWriter, out reply) {
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	if out.retry > 0 {
		rw.Header().Set("Retry-After", strconv.Itoa(out.retry))
	}
	rw.WriteHeader(out.status)
	rw.Write(append(mustJSON(out.body), '\n')) // the client has gone if this fails
}

// decodeArgs reads the arguments from wherever Slack accepts them. The token
// is taken out of them.
func decodeArgs(rw http.ResponseWriter, r *http.Request) (map[string]string, string, error) {
	args := map[string]string{}
	take := func(v url.Values) {
		for k := range v {
			args[k] = v.Get(k)
		}
	}
	take(r.URL.Query())
	r.Body = http.MaxBytesReader(rw, r.Body, maxBody)
	var bad error
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost && r.Method != http.MethodGet:
		bad = fail("invalid_post_type")
	case kind == "application/json":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			bad = fail("invalid_json")
		} else if len(body) > 0 {
			bad = takeJSON(args, body)
		}
	case kind == "multipart/form-data":
		if err := r.ParseMultipartForm(maxBody); err != nil {
			bad = fail("invalid_form_data")
		} else {
			take(r.MultipartForm.Value)
		}
	default:
		if err := r.ParseForm(); err != nil {
			bad = fail("invalid_form_data")
		}
		take(r.PostForm)
	}
	token := args["token"]
	delete(args, "token")
	if h, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = strings.TrimSpace(h)
	}
	return args, token, bad
}

func takeJSON(args map[string]string, body []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return fail("invalid_json")
	}
	for k, v := range m {
		var s string
		switch {
		case string(v) == "null":
		case json.Unmarshal(v, &s) == nil:
			args[k] = s
		default:
			args[k] = string(v)
		}
	}
	return nil
}

// logArgs shows arguments that are JSON as JSON.
func logArgs(args map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range args {
		if (strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[")) && json.Valid([]byte(v)) {
			out[k] = json.RawMessage(v)
		} else {
			out[k] = v
		}
	}
	return out
}

// number reads an integer argument within bounds.
func (c *call) number(key string, otherwise, low, high int) (int, error) {
	s := c.args[key]
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return 0, fail("invalid_arguments", fmt.Sprintf("[ERROR] %s must be from %d to %d", key, low, high))
	}
	return n, nil
}

func (c *call) flag(key string) bool {
	return c.args[key] == "1" || c.args[key] == "true"
}
