package sandbox

import (
	"io"
	"net"
	"net/http"
	"strconv"
)

// without is what a fault does in place of a call, which then has no effect,
// and what the log says of it; nil if the call is made.
func (w *Workspace) without(f Fault) (instead http.HandlerFunc, said string) {
	switch f.Mode {
	case "down":
		return func(rw http.ResponseWriter, _ *http.Request) { cut(rw, false) }, "cut before the call"
	case "reset":
		return func(rw http.ResponseWriter, _ *http.Request) { cut(rw, true) }, "reset before the call"
	case "hang":
		return w.hang, "no answer"
	case "answer":
		return f.answer, f.Body
	}
	return nil, ""
}

// hang waits until the client has given up, or the workspace ends.
func (w *Workspace) hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // else a client that goes is not noticed
	select {
	case <-r.Context().Done():
	case <-w.life.Done():
	}
}

// answer answers as somebody on the way to Slack.
func (f Fault) answer(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	for k, v := range f.Headers {
		rw.Header().Set(k, v)
	}
	rw.WriteHeader(f.Status)
	_, _ = io.WriteString(rw, f.Body) // the client has gone if this fails
}

// tear begins an answer and does not end it.
func tear(rw http.ResponseWriter, out reply) {
	body := mustJSON(out.body)
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
	rw.WriteHeader(out.status)
	_, _ = rw.Write(body[:len(body)/2])
	_ = http.NewResponseController(rw).Flush()
}

// cut ends the connection without an answer, or without the rest of it; hard is
// with a reset.
func cut(rw http.ResponseWriter, hard bool) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && hard {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
