package web

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/serve"
)

// Inbox takes what is pushed.
type Inbox interface {
	// Admit says whether a token lets its holder report for a check.
	Admit(check, token string) bool
	// Holder returns the one check that a token lets its holder report for, of
	// those of that slug if it is not empty; false when there is none, or more
	// than one.
	Holder(token, slug string) (check string, ok bool)
	// Push keeps the results in a body and returns how many are new and how
	// many were there before. The error is a *heartbeat.PushError if the body is
	// to blame; after any other one the same push may be sent again. It takes
	// no longer than 15 s.
	Push(check string, body []byte, remote string) (accepted, duplicates int, err error)
}

// pushAnswer is the answer to a push that is kept.
type pushAnswer struct {
	Accepted   int `json:"accepted"`   // results that count
	Duplicates int `json:"duplicates"` // results that were there before
}

func (s *Server) push(w http.ResponseWriter, r *http.Request) {
	check := strings.TrimSuffix(r.PathValue("check"), "/")
	if !serve.Ready(r.Context(), s.cfg.Ready) {
		later(w, http.StatusServiceUnavailable, 5*time.Second, "statusbot is starting; send it again")
		return
	}
	if !s.cfg.Inbox.Admit(check, tokenOf(r)) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="statusbot"`)
		refuse(w, http.StatusUnauthorized, "there is no such check, or the token is not its own; send Authorization: Bearer TOKEN")
		return
	}
	packed, err := bodyOf(r)
	if err != nil {
		refuse(w, http.StatusUnsupportedMediaType, err.Error())
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, io.NopCloser(packed), heartbeat.PushMax))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		refuse(w, http.StatusRequestEntityTooLarge, "the body is longer than 64 KiB")
		return
	} else if err != nil {
		refuse(w, http.StatusBadRequest, "the body did not arrive whole")
		return
	}
	remote, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		remote = r.RemoteAddr // unreachable: it is an address of TCP
	}
	accepted, duplicates, err := s.cfg.Inbox.Push(check, body, remote)
	if err != nil {
		s.notKept(w, check, err)
		return
	}
	serve.Answer(w, http.StatusOK, pushAnswer{accepted, duplicates})
}

func asPushError(err error) (*heartbeat.PushError, bool) {
	return errors.AsType[*heartbeat.PushError](err)
}

// tokenOf returns the token of a request: Authorization: Bearer, or the
// password of Basic, which curl --netrc-file and many webhooks can send. Not
// from the URL: proxies and servers keep those in their logs.
func tokenOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
