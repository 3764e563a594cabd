package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	maxLinks = 10 // "up to 10 open WebSocket connections", Slack's Socket Mode page
	// pingEvery is well under slack-go's 30 s, after which it gives a link up.
	pingEvery = 5 * time.Second
	// ackTimeout is Slack's bound on an acknowledgement.
	ackTimeout = 3 * time.Second
	// maxAck is the frame that Slack ignores, in bytes: from 20 KiB on.
	maxAck = 20 << 10
	// ticketLife is how long a URL of apps.connections.open may be dialled.
	ticketLife = 30 * time.Second
	writeWait  = 2 * time.Second
)

// link is one Socket Mode connection. Its writer goroutine owns all writes;
// its reader runs in the HTTP handler. The hub waits for both.
type link struct {
	n       int
	ws      *websocket.Conn
	out     chan []byte
	leave   chan Fault    // a disconnect to say; 1 deep
	gone    chan struct{} // closed when the reader has ended
	deaf    atomic.Bool   // nothing is delivered, sent or read
	leaving atomic.Bool   // no longer in the rotation
}

// hub holds the links and the envelopes that wait for an answer.
type hub struct {
	w       *Workspace
	mu      sync.Mutex
	links   []*link
	next    int
	opened  int
	closed  bool
	tickets map[string]time.Time // :: ticket -> expiry
	waiting map[string]chan ack  // :: envelope id -> who waits
	wg      sync.WaitGroup
}

// ack is what came back for an envelope.
type ack struct {
	payload json.RawMessage
	at      time.Time
}

func connectionsOpen(c *call) (answer, error) {
	h := c.w.hub
	t := secret()
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for old, expires := range h.tickets {
		if now.After(expires) {
			delete(h.tickets, old)
		}
	}
	h.tickets[t] = now.Add(ticketLife)
	u := "ws://" + c.r.Host + "/link?ticket=" + t + "&app_id=" + AppID
	return answer{"url": u}, nil
}

func (h *hub) useTicket(t string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	expires, ok := h.tickets[t]
	delete(h.tickets, t)
	return ok && time.Now().Before(expires)
}

// upgrader takes any origin: the single-use ticket is the permission, and
// Slack's own clients send Slack's origin.
var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, HandshakeTimeout: 5 * time.Second}

// serveLink is the WebSocket endpoint; it returns when the link has ended.
func (h *hub) serveLink(rw http.ResponseWriter, r *http.Request) {
	if f := h.w.faults.get(); f.Mode == "down" && len(f.Methods) == 0 {
		cut(rw, false)
		return
	}
	if !h.useTicket(r.URL.Query().Get("ticket")) {
		http.Error(rw, "the ticket is unknown, used or expired: call apps.connections.open", http.StatusForbidden)
		return
	}
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		http.Error(rw, "shutting down", http.StatusServiceUnavailable)
		return
	}
	h.wg.Add(1)
	h.mu.Unlock()
	defer h.wg.Done()
	ws, err := upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	ws.SetReadLimit(4 << 20)
	l := &link{ws: ws, out: make(chan []byte, 64), leave: make(chan Fault, 1), gone: make(chan struct{})}
	count, fits := h.enter(l)
	h.note(l, "connected", nil)
	hello := mustJSON(answer{
		"type": "hello", "num_connections": count, "connection_info": answer{"app_id": AppID},
		"debug_info": answer{"host": "sandbox", "approximate_connection_time": 18060, "build_number": 1, "started": time.Now().UTC().Format(time.RFC3339)},
	})
	if !fits {
		l.leave <- Fault{Reason: "too_many_websockets"}
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		l.write(h, hello)
	}()
	h.w.feed.workspace()
	l.read(h)
	h.exit(l)
	close(l.gone)
	ws.Close()
	<-written
	h.note(l, "disconnected", nil)
	h.w.feed.workspace()
}

// enter adds a link to the rotation if there is room, and says how many there
// are with it.
func (h *hub) enter(l *link) (count int, fits bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.opened++
	l.n = h.opened
	h.links = append(h.links, l)
	fits = len(h.links) <= maxLinks
	if !fits {
		l.leaving.Store(true)
	}
	if h.closed {
		l.ws.Close()
	}
	return len(h.links), fits
}

func (h *hub) exit(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, m := range h.links {
		if m == l {
			h.links = append(h.links[:i:i], h.links[i+1:]...)
			return
		}
	}
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.links)
}

// write sends frames, pings and the farewell. It ends when the reader does,
// and ends the reader by closing the socket.
func (l *link) write(h *hub, hello []byte) {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	defer l.ws.Close()
	if l.send(hello) != nil {
		return
	}
	var leaveAt <-chan time.Time
	for {
		select {
		case <-l.gone:
			return
		case data := <-l.out:
			if l.deaf.Load() {
				continue
			}
			if l.send(data) != nil {
				return
			}
		case <-ping.C:
			if l.deaf.Load() {
				continue
			}
			if l.ws.WriteControl(websocket.PingMessage, []byte("Ping from the sandbox"), time.Now().Add(writeWait)) != nil {
				return
			}
		case f := <-l.leave:
			if l.send(mustJSON(answer{"type": "disconnect", "reason": f.Reason, "debug_info": answer{"host": "sandbox"}})) != nil {
				return
			}
			h.note(l, "disconnect_sent", map[string]any{"reason": f.Reason})
			if f.Reason == "warning" {
				t := time.NewTimer(time.Duration(f.DelayMS) * time.Millisecond)
				defer t.Stop()
				leaveAt = t.C
				continue
			}
			l.farewell()
		case <-leaveAt:
			leaveAt = nil
			l.leaving.Store(true)
			if l.send(mustJSON(answer{"type": "disconnect", "reason": "refresh_requested", "debug_info": answer{"host": "sandbox"}})) != nil {
				return
			}
			l.farewell()
		}
	}
}

func (l *link) send(data []byte) error {
	if err := l.ws.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	return l.ws.WriteMessage(websocket.TextMessage, data)
}

// farewell closes from our side and gives the peer a second to do the same.
func (l *link) farewell() {
	l.leaving.Store(true)
	// A peer that is gone gets no farewell, and the reader learns of it by itself.
	_ = l.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(writeWait))
	_ = l.ws.SetReadDeadline(time.Now().Add(time.Second))
}

// read takes acknowledgements until the socket ends.
func (l *link) read(h *hub) {
	l.ws.SetPingHandler(func(data string) error {
		if !l.deaf.Load() {
			_ = l.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeWait)) // a peer that is gone is noticed below
		}
		return nil
	})
	for {
		_, data, err := l.ws.ReadMessage()
		if err != nil {
			return
		}
		if l.deaf.Load() {
			continue
		}
		var frame struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if err := json.Unmarshal(data, &frame); err != nil || frame.ID == "" {
			h.note(l, "bad_frame", map[string]any{"bytes": len(data)})
			continue
		}
		h.acked(l, frame.ID, frame.Payload, len(data))
	}
}

// note writes a line about a link into the log.
func (h *hub) note(l *link, event string, more map[string]any) {
	args := map[string]any{}
	if l != nil {
		args["connection"] = l.n
	}
	maps.Copy(args, more)
	h.w.calls.add(LogEntry{Method: "socket." + event, Args: args})
}

// strike applies a fault to the links that are open now.
func (h *hub) strike(f Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, l := range h.links { // the oldest first
		l.deaf.Store(f.Mode == "deaf")
		switch f.Mode {
		case "down":
			if len(f.Methods) > 0 {
				continue // some methods are down, the sockets are not
			}
			l.leaving.Store(true)
			l.ws.Close()
		case "disconnect":
			if f.Count > 0 && i >= f.Count {
				continue
			}
			l.leaving.Store(f.Reason != "warning")
			select {
			case l.leave <- f:
			default: // it is leaving already
			}
		}
	}
}

// close ends every link and waits for their goroutines.
func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	for _, l := range h.links {
		l.ws.Close()
	}
	h.mu.Unlock()
	h.wg.Wait()
}
