package web

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/serve"
)

// Pushes in the ways that jobs send them to others already, so that of a script
// only the address changes. The token finds the check.
//
//   - Uptime Kuma: /api/push/TOKEN?status=up&msg=OK&ping=12
//   - healthchecks.io: /ping/TOKEN, or /ping/TOKEN/SLUG where several checks have
//     the token, with /start, /fail, /log or an exit code behind it, ?rid= for
//     runs side by side, and what the job printed as body
//   - Gatus: POST /api/v1/endpoints/KEY/external?success=true&error=&duration=10s
//     with the token as Bearer
//
// As there, a token in the address is in the logs of proxies on the way.
func (s *Server) foreign(mux *http.ServeMux) {
	mux.HandleFunc("/api/push", s.kuma)
	mux.HandleFunc("/api/push/{token...}", s.kuma)
	mux.HandleFunc("POST /api/v1/endpoints/{key}/external", s.gatus)
	mux.HandleFunc("POST /api/v1/endpoints/{key}/external/{$}", s.gatus)
	mux.HandleFunc("/ping/{token}", s.ping)
	mux.HandleFunc("/ping/{token}/{$}", s.ping)
	mux.HandleFunc("/ping/{token}/{slug}", s.ping)
	mux.HandleFunc("/ping/{token}/{slug}/{$}", s.ping)
	mux.HandleFunc("/ping/{token}/{slug}/{signal}", s.ping)
	mux.HandleFunc("/ping/{token}/{slug}/{signal}/{$}", s.ping)
}

// said is what a foreign push says.
type said struct {
	Outcome checks.Outcome `json:"outcome"`
	Summary string         `json:"summary,omitempty"`
	Millis  float64        `json:"duration_ms,omitempty"`
	Output  string         `json:"evidence,omitempty"`
}

// holder finds the check that a token reports for; false when it has answered.
// A slug that is not empty tells the checks of one token apart.
// Of several tokens the first that some check has counts.
func (s *Server) holder(w http.ResponseWriter, r *http.Request, slug string, tokens ...string) (string, bool) {
	if !serve.Ready(r.Context(), s.cfg.Ready) {
		later(w, http.StatusServiceUnavailable, 5*time.Second, "statusbot is starting; send it again")
		return "", false
	}
	for _, token := range tokens {
		if check, ok := s.cfg.Inbox.Holder(token, slug); ok {
			return check, true
		}
	}
	if slug == "" {
		refuse(w, http.StatusNotFound, "no check, or more than one, has this token")
	} else {
		refuse(w, http.StatusNotFound, "no check, or more than one, has this token and this slug; behind them may stand start, fail, log or an exit code")
	}
	return "", false
}

// keep keeps what was said for a check, and answers; done is the answer of the
// one whom it was meant for.
func (s *Server) keep(w http.ResponseWriter, r *http.Request, check string, what said, done func()) {
	body, err := json.Marshal(what)
	if err != nil {
		refuse(w, http.StatusBadRequest, "the report cannot be read") // unreachable: a plain struct of finite numbers
		return
	}
	remote, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		remote = r.RemoteAddr // unreachable: it is an address of TCP
	}
	if _, _, err = s.cfg.Inbox.Push(check, body, remote); err != nil {
		s.notKept(w, check, err)
		return
	}
	done()
}

func (s *Server) kuma(w http.ResponseWriter, r *http.Request) {
	// Who adds a slash is understood there as well, and a token in base64 may have slashes within.
	token := r.PathValue("token")
	check, ok := s.holder(w, r, "", token, strings.Trim(token, "/"))
	if !ok {
		return
	}
	q := asked(r)
	for name, values := range askedInBody(r) {
		q[name] = append(values, q[name]...)
	}
	what := said{Outcome: checks.Pass, Summary: lastOf(q["msg"])}
	for _, status := range q["status"] {
		if status == "" || strings.EqualFold(status, "up") {
			continue
		}
		what.Outcome = checks.Fail // as there: whatever is not up is down
		if what.Summary == "" && !strings.EqualFold(status, "down") {
			what.Summary = "status " + probe.Quoted(status)
		}
	}
	if took := milliseconds(lastOf(q["ping"])); took > 0 && took <= longestRun {
		what.Millis = float64(took) / float64(time.Millisecond)
	}
	s.keep(w, r, check, what, func() {
		serve.Answer(w, http.StatusOK, struct {
			OK bool `json:"ok"`
		}{true})
	})
}

// milliseconds reads a time that is a number of milliseconds, or has a unit. As
// in Kuma, one that cannot be read is none, and the job was well all the same.
func milliseconds(text string) time.Duration {
	text = strings.ReplaceAll(strings.ReplaceAll(text, " ", ""), ",", ".")
	if ms, err := strconv.ParseFloat(text, 64); err == nil {
		if !(ms > 0 && ms <= float64(longestRun/time.Millisecond)) {
			return 0
		}
		return time.Duration(ms * float64(time.Millisecond))
	}
	took, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return took
}

func (s *Server) gatus(w http.ResponseWriter, r *http.Request) {
	check, ok := s.holder(w, r, "", tokenOf(r))
	if !ok {
		return
	}
	q := asked(r)
	what := said{Outcome: checks.Pass, Summary: lastOf(q["error"])}
	words := q["success"]
	if len(words) == 0 {
		words = []string{""}
	}
	for _, word := range words {
		success, err := strconv.ParseBool(word)
		if err != nil {
			refuse(w, http.StatusBadRequest, "success is neither true nor false")
			return
		}
		if !success {
			what.Outcome = checks.Fail
		}
	}
	if text := lastOf(q["duration"]); text != "" {
		took, err := time.ParseDuration(text)
		if err != nil || took < 0 || took > longestRun {
			refuse(w, http.StatusBadRequest, "duration is not a time such as 10s")
			return
		}
		what.Millis = float64(took) / float64(time.Millisecond)
	}
	s.keep(w, r, check, what, func() { w.WriteHeader(http.StatusOK) })
}

// mostOutput is how much of what a job printed is kept as evidence, in bytes:
// its end. More is taken and dropped: that it did its work counts all the same.
const mostOutput = 8 << 10

func (s *Server) ping(w http.ResponseWriter, r *http.Request) {
	slug, signal := r.PathValue("slug"), r.PathValue("signal")
	if signal == "" && s.isEnd(r.PathValue("token"), slug) {
		slug, signal = "", slug
	}
	check, ok := s.holder(w, r, slug, r.PathValue("token"))
	if !ok {
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, HEAD, POST")
		refuse(w, http.StatusMethodNotAllowed, "a ping is a GET, a HEAD or a POST")
		return
	}
	output, err := printedBy(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "the body did not arrive whole")
		return
	}
	well := func() {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "OK")
	}
	run, what := startOf(check, asked(r).Get("rid")), said{Outcome: checks.Fail, Output: tail(output)}
	if code, err := strconv.ParseInt(signal, 10, 64); err == nil && code == 0 {
		signal = "" // however many digits it has
	}
	switch signal {
	case "start":
		s.starts.begin(run, time.Now())
		well()
		return
	case "log":
		well()
		return
	case "":
		what.Outcome = checks.Pass
	case "fail":
		what.Summary = lastLine(output)
	default:
		if !isSignal(signal) && !isLongCode(signal) {
			refuse(w, http.StatusNotFound, "behind the token may stand start, fail, log or an exit code")
			return
		}
		what.Summary = strings.TrimSuffix(fmt.Sprintf("exit code %s: %s", signal, lastLine(output)), ": ")
	}
	took := s.starts.took(run, time.Now())
	what.Millis = float64(took) / float64(time.Millisecond)
	s.keep(w, r, check, what, func() { s.starts.end(run); well() })
}

// isSignal reports whether a word behind a token says what happened, and is no
// slug.
func isSignal(word string) bool {
	switch word {
	case "start", "fail", "log":
		return true
	}
	_, err := strconv.ParseUint(word, 10, 8)
	return err == nil
}

// isLongCode reports whether a word is an exit code as Windows has them, of 32 bits with a
// sign or without. That it is not 0 says enough.
func isLongCode(word string) bool {
	code, err := strconv.ParseInt(word, 10, 64)
	return err == nil && code >= math.MinInt32 && code <= math.MaxUint32
}

// isEnd reports whether what stands behind a token alone says what happened, and is no
// slug. A check may be called by a number that is larger than a byte.
func (s *Server) isEnd(token, word string) bool {
	if isSignal(word) || !isLongCode(word) {
		return isSignal(word)
	}
	_, named := s.cfg.Inbox.Holder(token, word)
	return !named
}

// tail is the end of what a job printed.
func tail(output []byte) string {
	text := strings.TrimSpace(string(output))
	if len(text) > mostOutput {
		text = text[len(text)-mostOutput:]
	}
	return strings.ToValidUTF8(text, string(utf8.RuneError))
}

func lastLine(output []byte) string {
	text := tail(output)
	return strings.TrimSpace(text[strings.LastIndexAny(text, "\r\n")+1:])
}

const (
	longestRun = 31 * 24 * time.Hour // of a job; a start before that is forgotten
	mostStarts = 4096                // that are remembered, of all checks: about 64 bytes each
)

// starts remembers when jobs began that said so. After a restart of statusbot a
// job that runs meanwhile has no run time.
type starts struct {
	mu sync.Mutex
	at map[[sha256.Size]byte]time.Time // :: run -> when it began
}

// startOf names a run of a check.
func startOf(check, rid string) [sha256.Size]byte { return sha256.Sum256([]byte(check + "\x00" + rid)) }

func (s *starts) begin(run [sha256.Size]byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[[sha256.Size]byte]time.Time{}
	}
	if _, again := s.at[run]; !again && len(s.at) >= mostStarts {
		oldest := run
		for k, at := range s.at {
			if oldest == run || at.Before(s.at[oldest]) {
				oldest = k
			}
		}
		delete(s.at, oldest)
	}
	s.at[run] = now
}

// took is for how long a run lasted; 0 when its beginning is not known.
func (s *starts) took(run [sha256.Size]byte, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.at[run]
	if took := now.Sub(at); ok && took > 0 && took <= longestRun {
		return took
	}
	return 0
}

func (s *starts) end(run [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.at, run)
}

// notKept answers a push that is not kept.
func (s *Server) notKept(w http.ResponseWriter, check string, err error) {
	wrong, blamed := asPushError(err)
	switch {
	case blamed && wrong.Wait > 0:
		later(w, http.StatusTooManyRequests, wrong.Wait, wrong.Problem)
	case blamed:
		refuse(w, http.StatusBadRequest, wrong.Problem)
	default:
		s.cfg.Log.Error("push not kept", zap.String("check", check), zap.Error(err))
		later(w, http.StatusServiceUnavailable, 5*time.Second, "the journal did not take it; send it again")
	}
}
