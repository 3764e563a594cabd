package checks

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// socketWireMax is how much of a connection a probe reads, in bytes: a feed
// may say much before it says what is waited for.
const socketWireMax = 1 << 20

// messagesMax is how many messages a probe takes, which bounds the work that
// short ones make.
const messagesMax = 1000

// errEndless is a server that goes on and on.
var errEndless = errors.New("the server says more than 1 MiB or 1,000 messages, and not what is waited for")

// Stages of a conversation over a WebSocket.
const (
	upgrading     stage = "opening the socket"
	awaitingPong  stage = "waiting for the pong"
	awaitingWords stage = "waiting for a message"
)

// socketSeen is what a probe learnt.
type socketSeen struct {
	status      int         // of HTTP
	header      http.Header // of the answer to the request
	subprotocol string
	secure      string // version of TLS, empty for none
	rtt         time.Duration
	message     []byte // the last that came, or the body of an answer that is no socket
}

// brokenSocket is an answer that is not as the protocol, or the check, has it.
type brokenSocket struct {
	reason  Reason
	problem string
}

func (e *brokenSocket) Error() string { return e.problem }

// converse opens the socket, does what the check asks for, and closes it.
func (p *webSocketProbe) converse(ctx context.Context, tr *trail, token string) (got socketSeen, err error) {
	conn, err := tr.connect(ctx, p.target, p.tls)
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
	bounded := newBoundedConn(conn)
	bounded.allow(socketWireMax)
	ws, err := p.open(ctx, tr, bounded, token, &got)
	if err != nil {
		return got, wordsFor(err, bounded, tr.stage)
	}
	hear := listen(ws)
	defer hear.wait() // the connection is closed by then, which ends it
	defer conn.Close()
	if err := p.exchange(ctx, tr, ws, hear, &got); err != nil {
		return got, wordsFor(err, bounded, tr.stage)
	}
	bounded.note(tr)
	left := time.Now()
	leaveSocket(ws, hear)
	tr.lingered = time.Since(left)
	return got, nil
}

// open asks for the socket on a connection, which is encrypted already if it
// is to be.
func (p *webSocketProbe) open(ctx context.Context, tr *trail, conn net.Conn, token string, got *socketSeen) (*websocket.Conn, error) {
	tr.stage = upgrading
	header := p.header.Clone()
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	give := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	d := websocket.Dialer{NetDialContext: give, NetDialTLSContext: give, Subprotocols: p.offer, ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10}
	ws, resp, err := d.DialContext(ctx, p.url, header) //nolint:bodyclose // it is a copy of what came
	if resp != nil {
		got.status, got.header = resp.StatusCode, resp.Header
	}
	if errors.Is(err, websocket.ErrBadHandshake) {
		got.message, _ = io.ReadAll(resp.Body)
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, &brokenSocket{ReasonProtocol, "the server's agreement to the socket is not one"}
		}
		return nil, &brokenSocket{ReasonStatus, statusText(resp.StatusCode) + ", expected 101 and a WebSocket"}
	}
	if err != nil {
		return nil, err
	}
	got.subprotocol = ws.Subprotocol()
	if len(p.offer) > 0 && !slices.Contains(p.offer, got.subprotocol) {
		problem := "the server agrees to none of the subprotocols " + strings.Join(p.offer, ", ")
		if got.subprotocol != "" {
			problem = "the server chose the subprotocol " + quoted(got.subprotocol) + ", offered: " + strings.Join(p.offer, ", ")
		}
		return nil, &brokenSocket{ReasonAssertion, problem}
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
	ws.SetReadLimit(readMax)
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
			return &brokenSocket{ReasonProtocol, "the server pings more than " + itoa(pingsMax) + " times"}
		}
		_ = ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(leaveMax)) // a socket that is gone is seen by who reads
		return nil
	})
	go func() {
		defer close(h.over)
		for n := 0; ; n++ {
			_, r, err := ws.NextReader()
			if err == nil && n == messagesMax {
				err = errEndless
			}
			if err != nil {
				h.err = err
				return
			}
			// The library bounds what is on the wire, and unpacks what a server
			// has compressed without being asked.
			message, err := io.ReadAll(io.LimitReader(r, readMax+1))
			if err == nil && len(message) > readMax {
				err = websocket.ErrReadLimit
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
func (p *webSocketProbe) exchange(ctx context.Context, tr *trail, ws *websocket.Conn, hear *hearing, got *socketSeen) error {
	defer close(hear.stop)
	var early [][]byte // messages before the pong
	if p.ping {
		tr.stage = awaitingPong
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
	tr.stage = awaitingWords
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
func (p *webSocketProbe) wanted(message []byte) bool {
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
	end := time.Now().Add(leaveMax)
	if ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), end) != nil {
		return
	}
	timer := time.NewTimer(leaveMax)
	defer timer.Stop()
	select {
	case <-hear.over:
	case <-timer.C:
	}
}

// wordsFor tells the errors apart that the library has no types for.
func wordsFor(err error, conn *boundedConn, at stage) error {
	closed, _ := errors.AsType[*websocket.CloseError](err)
	_, told := errors.AsType[*brokenSocket](err)
	ended := conn.ending()
	switch {
	case told: // and the connection may have ended since
		return err
	case errors.Is(err, websocket.ErrReadLimit):
		return &brokenSocket{ReasonInternal, "a message is longer than the 64 KiB that a check reads"}
	case errors.Is(err, errEndless) || errors.Is(ended, errTooMuch):
		reason := ReasonProtocol
		if at == awaitingWords {
			reason = ReasonAssertion
		}
		return &brokenSocket{reason, errEndless.Error()}
	case closed != nil && closed.Code != websocket.CloseAbnormalClosure: // which stands for a connection that just ended
		return err
	case ended != nil:
		return ended
	}
	if text, ok := strings.CutPrefix(err.Error(), "websocket: "); ok && closed == nil {
		return &brokenSocket{ReasonProtocol, "the server breaks the rules of the protocol: " + text}
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
	text := itoa(e.Code)
	if name := names[e.Code]; name != "" {
		text += " (" + name + ")"
	}
	if e.Text != "" {
		text += " " + quoted(e.Text)
	}
	return text
}
