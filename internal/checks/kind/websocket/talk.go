package websocket

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// wireMax is how much of a connection a probe reads, in bytes: a feed
// may say much before it says what is waited for.
const wireMax = 1 << 20

// messagesMax is how many messages a probe takes, which bounds the work that
// short ones make.
const messagesMax = 1000

// errEndless is a server that goes on and on.
var errEndless = errors.New("the server says more than 1 MiB or 1,000 messages, and not what is waited for")

// Stages of a conversation over a WebSocket.
const (
	upgrading     probe.Stage = "opening the socket"
	awaitingPong  probe.Stage = "waiting for the pong"
	awaitingWords probe.Stage = "waiting for a message"
)

// seen is what a probe learnt.
type seen struct {
	status      int         // of HTTP
	header      http.Header // of the answer to the request
	subprotocol string
	secure      string // version of TLS, empty for none
	rtt         time.Duration
	message     []byte // the last that came, or the body of an answer that is no socket
}

// brokenSocket is an answer that is not as the protocol, or the check, has it.
type brokenSocket struct {
	reason  checks.Reason
	problem string
}

func (e *brokenSocket) Error() string { return e.problem }

// converse opens the socket, does what the check asks for, and closes it.
func (p *prober) converse(ctx context.Context, tr *probe.Trail, token string) (got seen, err error) {
	conn, err := tr.Connect(ctx, p.target, p.tls)
	if err != nil {
		return got, err
	}
	defer conn.Close()
	bare := conn
	if secured, ok := conn.(*tls.Conn); ok {
		got.secure = tls.VersionName(secured.ConnectionState().Version)
		bare = secured.NetConn() // which closes without a word that may not get away
	}
	// The library sets deadlines of its own, which would undo one of bind's: so
	// the end of the probe closes the connection.
	defer context.AfterFunc(ctx, func() { bare.Close() })()
	bounded := probe.NewBoundedConn(conn)
	bounded.Allow(wireMax)
	ws, err := p.open(ctx, tr, bounded, token, &got)
	if err != nil {
		return got, wordsFor(err, bounded, tr.Stage)
	}
	hear := listen(ws)
	defer hear.wait() // the connection is closed by then, which ends it
	defer conn.Close()
	if err := p.exchange(ctx, tr, ws, hear, &got); err != nil {
		return got, wordsFor(err, bounded, tr.Stage)
	}
	bounded.Note(tr)
	left := time.Now()
	leaveSocket(ws, hear)
	tr.Lingered = time.Since(left)
	return got, nil
}

// open asks for the socket on a connection, which is encrypted already if it
// is to be.
func (p *prober) open(ctx context.Context, tr *probe.Trail, conn net.Conn, token string, got *seen) (*websocket.Conn, error) {
	tr.Stage = upgrading
	header := p.header.Clone()
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	conn = newFinal(conn)
	give := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	d := websocket.Dialer{NetDialContext: give, NetDialTLSContext: give, Subprotocols: p.offer, ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10}
	ws, resp, err := d.DialContext(ctx, p.url, header) //nolint:bodyclose // it is a copy of what came
	if resp != nil {
		if other := probe.OneOnly(resp); other != nil {
			if ws != nil {
				ws.Close()
			}
			return nil, other
		}
		got.status, got.header = resp.StatusCode, resp.Header
	}
	if errors.Is(err, websocket.ErrBadHandshake) {
		got.message, _ = io.ReadAll(resp.Body)
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, &brokenSocket{checks.ReasonProtocol, "the server's agreement to the socket is not one"}
		}
		return nil, &brokenSocket{checks.ReasonStatus, probe.StatusText(resp.StatusCode) + leadsTo(resp) + ", expected 101 and a WebSocket"}
	}
	if err != nil {
		return nil, err
	}
	got.subprotocol = strings.Join(resp.Header.Values("Sec-WebSocket-Protocol"), ", ")
	if got.subprotocol != "" && len(p.offer) == 0 { // with which clients do not go on (RFC 6455, 4.1)
		return nil, &brokenSocket{checks.ReasonAssertion, "the server chose the subprotocol " + probe.Quoted(got.subprotocol) + ", and none was offered; write it in subprotocols"}
	}
	if len(p.offer) > 0 && !slices.Contains(p.offer, got.subprotocol) {
		problem := "the server agrees to none of the subprotocols " + strings.Join(p.offer, ", ")
		if got.subprotocol != "" {
			problem = "the server chose the subprotocol " + probe.Quoted(got.subprotocol) + ", offered: " + strings.Join(p.offer, ", ")
		}
		return nil, &brokenSocket{checks.ReasonAssertion, problem}
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = ws.SetWriteDeadline(deadline) // its error is always nil
	}
	return ws, nil
}

// pingsMax is how many pings of a server are answered. One in 20 seconds is
// usual; each costs a write.
const pingsMax = 100

// hearing is what comes over a socket. A goroutine reads, since a pong is only
// seen by who waits for a message; it ends when the connection does.
type hearing struct {
	question string // what is to come back in the pong
	pong     chan struct{}
	messages chan []byte
	stop     chan struct{} // closed when nobody listens any more, but for the goodbye
	over     chan struct{}
	err      error // why it ended; good once over is closed
}

func listen(ws *websocket.Conn) *hearing {
	h := &hearing{question: rand.Text(), pong: make(chan struct{}, 1), messages: make(chan []byte), stop: make(chan struct{}), over: make(chan struct{})}
	ws.SetReadLimit(probe.ReadMax)
	ws.SetPongHandler(func(data string) error {
		if data == h.question { // one that nobody asked for is allowed (RFC 6455, 5.5.3)
			select {
			case h.pong <- struct{}{}:
			default: // it came twice
			}
		}
		return nil
	})
	pings := 0
	ws.SetPingHandler(func(data string) error {
		if pings++; pings > pingsMax {
			return &brokenSocket{checks.ReasonProtocol, "the server pings more than " + strconv.Itoa(pingsMax) + " times"}
		}
		_ = ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(probe.LeaveMax)) // a socket that is gone is seen by who reads
		return nil
	})
	go func() {
		defer close(h.over)
		for n := 0; ; n++ {
			kind, r, err := ws.NextReader()
			if err == nil && n == messagesMax {
				err = errEndless
			}
			if err != nil {
				h.err = err
				return
			}
			// The library bounds what is on the wire, and unpacks what a server
			// has compressed without being asked.
			message, err := io.ReadAll(io.LimitReader(r, probe.ReadMax+1))
			switch {
			case err == nil && len(message) > probe.ReadMax:
				err = websocket.ErrReadLimit
			case err == nil && kind == websocket.TextMessage && !utf8.Valid(message):
				err = &brokenSocket{checks.ReasonProtocol, "the server breaks the rules of the protocol: a text is not in UTF-8"}
			}
			if err != nil {
				h.err = err
				return
			}
			select {
			case h.messages <- message:
			case <-h.stop:
			}
		}
	}()
	return h
}

// wait returns when the reading is over.
func (h *hearing) wait() { <-h.over }

// exchange asks for a pong, sends, and waits for a message.
func (p *prober) exchange(ctx context.Context, tr *probe.Trail, ws *websocket.Conn, hear *hearing, got *seen) error {
	defer close(hear.stop)
	var early [][]byte // messages before the pong
	if p.ping {
		tr.Stage = awaitingPong
		deadline, _ := ctx.Deadline()
		asked := time.Now()
		if err := ws.WriteControl(websocket.PingMessage, []byte(hear.question), deadline); err != nil {
			return hear.cause(err)
		}
		for answered := false; !answered; {
			select {
			case <-hear.pong:
				answered = true
			case message := <-hear.messages:
				got.message = message
				early = append(early, message)
			case <-hear.over:
				return hear.err
			}
		}
		got.rtt = time.Since(asked)
	}
	tr.Stage = awaitingWords
	if p.send != "" {
		early = nil // what came before is no answer
		if err := ws.WriteMessage(websocket.TextMessage, []byte(p.send)); err != nil {
			return hear.cause(err)
		}
	}
	if !p.listens {
		return nil
	}
	for {
		var message []byte
		if len(early) > 0 {
			message, early = early[0], early[1:]
		} else {
			select {
			case message = <-hear.messages:
			case <-hear.over:
				return hear.err
			}
		}
		got.message = message
		if p.wanted(message) {
			return nil
		}
	}
}

// cause returns why a socket cannot be written to: what the server said last
// tells more than the write.
func (h *hearing) cause(err error) error {
	if errors.Is(err, websocket.ErrCloseSent) {
		h.wait() // the server has closed, and reading it is what said so
		return h.err
	}
	return err
}

// wanted reports whether a message is the one to judge.
func (p *prober) wanted(message []byte) bool {
	for _, text := range p.contains {
		if !bytes.Contains(message, []byte(text)) {
			return false
		}
	}
	return true
}

// leaveSocket closes the socket as the protocol has it (RFC 6455, 7.1.1), so that the
// server's log has no lost connection.
func leaveSocket(ws *websocket.Conn, hear *hearing) {
	end := time.Now().Add(probe.LeaveMax)
	if ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), end) != nil {
		return
	}
	timer := time.NewTimer(probe.LeaveMax)
	defer timer.Stop()
	select {
	case <-hear.over:
	case <-timer.C:
	}
}

// wordsFor tells the errors apart that the library has no types for.
func wordsFor(err error, conn *probe.BoundedConn, at probe.Stage) error {
	closed, _ := errors.AsType[*websocket.CloseError](err)
	_, told := errors.AsType[*brokenSocket](err)
	ended := conn.Ending()
	switch {
	case told: // and the connection may have ended since
		return err
	case errors.Is(err, websocket.ErrReadLimit):
		return &brokenSocket{checks.ReasonInternal, "a message is longer than the 64 KiB that a check reads"}
	case errors.Is(err, errEndless) || errors.Is(ended, probe.ErrTooMuch):
		reason := checks.ReasonProtocol
		if at == awaitingWords {
			reason = checks.ReasonAssertion
		}
		return &brokenSocket{reason, errEndless.Error()}
	case closed != nil && closed.Code != websocket.CloseAbnormalClosure: // which stands for a connection that just ended
		return err
	case ended != nil:
		return ended
	}
	if text, ok := strings.CutPrefix(err.Error(), "websocket: "); ok && closed == nil {
		return &brokenSocket{checks.ReasonProtocol, "the server breaks the rules of the protocol: " + text}
	}
	return err
}

// closeText writes what a server closed with.
func closeText(e *websocket.CloseError) string {
	names := map[int]string{
		websocket.CloseNormalClosure: "normal closure", websocket.CloseGoingAway: "going away", websocket.CloseProtocolError: "protocol error",
		websocket.CloseUnsupportedData: "unsupported data", websocket.CloseNoStatusReceived: "no reason given", websocket.CloseInvalidFramePayloadData: "invalid data",
		websocket.ClosePolicyViolation: "policy violation", websocket.CloseMessageTooBig: "message too big", websocket.CloseMandatoryExtension: "mandatory extension",
		websocket.CloseInternalServerErr: "internal server error", websocket.CloseServiceRestart: "service restart", websocket.CloseTryAgainLater: "try again later",
	}
	text := strconv.Itoa(e.Code)
	if name := names[e.Code]; name != "" {
		text += " (" + name + ")"
	}
	if e.Text != "" {
		text += " " + probe.Quoted(e.Text)
	}
	return text
}

// leadsTo says where a redirect leads, which no client of a WebSocket follows, without
// its parameters, which may be secrets; empty when it is none.
func leadsTo(resp *http.Response) string {
	if resp.StatusCode < 300 || resp.StatusCode >= 400 {
		return ""
	}
	to, err := resp.Location()
	if err != nil {
		return ""
	}
	plain := url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}
	return " to " + probe.ClipRunes(probe.OneLine(plain.String()), 120)
}
