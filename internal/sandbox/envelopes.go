package sandbox

import (
	"context"
	"encoding/json"
	"time"
)

// How Slack words a delivery that failed; the person reads these.
const (
	errTimeout  = "operation_timeout" // no acknowledgement within 3 s
	errDispatch = "dispatch_failed"   // no open connection, or no status 2xx
	// errUnreachable is a request URL that cannot be reached, HTTP mode only.
	errUnreachable = "dispatch_unknown_error"
)

// delivery is what became of one envelope.
type delivery struct {
	Acked   bool
	AckMS   float64
	Payload json.RawMessage
	Err     string
	// Reason is the failure as retry_reason tells it.
	Reason string
	// NoRetry says that the app asked for no other try.
	NoRetry bool
}

// envelope is what is to be delivered.
type envelope struct {
	kind    string // slash_commands, interactive, events_api
	payload any
	attempt int
	reason  string
	options bool // asks for the options of a menu: the app's third request URL
}

// deliver takes an envelope to the app, by the way that the workspace uses,
// and waits for the acknowledgement.
func (w *Workspace) deliver(ctx context.Context, e envelope) delivery {
	if w.requests.now().on() {
		return w.request(ctx, e)
	}
	return w.hub.deliver(ctx, e)
}

// deliver sends an envelope to one of the open links, in turn, and waits for
// its acknowledgement, which may come over any link.
func (h *hub) deliver(ctx context.Context, e envelope) delivery {
	id := secret()
	frame := answer{
		"envelope_id": id, "type": e.kind, "payload": e.payload, "accepts_response_payload": e.kind != "events_api",
	}
	if e.kind == "events_api" {
		frame["retry_attempt"], frame["retry_reason"] = e.attempt, e.reason
	}
	got := make(chan ack, 1)
	start := time.Now()
	l := h.sendTo(id, got, mustJSON(frame))
	if l == nil {
		h.note(nil, "undelivered", map[string]any{"type": e.kind})
		return delivery{Err: errDispatch, Reason: "connection_failed"}
	}
	h.note(l, "envelope", map[string]any{"envelope_id": id, "type": e.kind, "retry_attempt": e.attempt})
	d := delivery{Err: errTimeout, Reason: "timeout"}
	if a, ok := awaitAck(ctx, got, l.gone, h.w.cfg.AckWithin); ok {
		d = delivery{Acked: true, AckMS: milliseconds(a.at.Sub(start)), Payload: a.payload}
		h.w.calls.add(LogEntry{Method: "socket.ack", Args: map[string]any{"envelope_id": id, "type": e.kind}, Answer: a.payload, TookMS: d.AckMS})
	}
	h.mu.Lock()
	delete(h.waiting, id)
	h.mu.Unlock()
	if !d.Acked {
		h.note(l, "ack_missing", map[string]any{"envelope_id": id, "type": e.kind})
	}
	return d
}

// awaitAck waits for an acknowledgement for as long as within says. Once the
// link that took the envelope is gone, the app has a tenth of it left to answer
// over another one, and Slack's own bound at least: an app that was killed
// answers no more, and whoever is patient with a busy machine need not wait
// that long for it.
func awaitAck(ctx context.Context, got <-chan ack, gone <-chan struct{}, within time.Duration) (ack, bool) {
	start := time.Now()
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		select {
		case a := <-got:
			return a, true
		case <-gone:
			gone = nil
			timer.Reset(min(max(ackTimeout, within/10), within-time.Since(start)))
		case <-timer.C:
			return ack{}, false
		case <-ctx.Done():
			return ack{}, false
		}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// sendTo picks the next link and queues the frame; nil if there is none.
func (h *hub) sendTo(id string, got chan ack, data []byte) *link {
	h.mu.Lock()
	defer h.mu.Unlock()
	for range h.links {
		h.next++
		l := h.links[h.next%len(h.links)]
		if l.leaving.Load() {
			continue
		}
		select {
		case l.out <- data:
			h.waiting[id] = got
			return l
		default: // its queue is full: it reads nothing
		}
	}
	return nil
}

func (h *hub) acked(l *link, id string, payload json.RawMessage, size int) {
	if size >= maxAck {
		h.note(l, "ack_dropped", map[string]any{"envelope_id": id, "bytes": size, "limit": maxAck})
		return
	}
	h.mu.Lock()
	got := h.waiting[id]
	delete(h.waiting, id)
	h.mu.Unlock()
	if got == nil {
		h.note(l, "ack_late", map[string]any{"envelope_id": id})
		return
	}
	got <- ack{payload, time.Now()}
}

// retryAfter are the pauses before an event is sent again: at once, 1 min,
// 5 min. https://docs.slack.dev/apis/events-api
var retryAfter = []time.Duration{0, time.Minute, 5 * time.Minute}

// maxRetrying bounds the goroutines that send events again.
const maxRetrying = 100

// event delivers an event, and goes on trying in the background if nobody
// acknowledged it.
func (w *Workspace) event(ctx context.Context, payload answer) delivery {
	d := w.deliver(ctx, envelope{kind: "events_api", payload: payload})
	if d.Acked || d.NoRetry || w.life.Err() != nil {
		return d
	}
	select {
	case w.retrying <- struct{}{}:
	default:
		return d
	}
	w.wg.Go(func() {
		defer func() { <-w.retrying }()
		last := d
		for i, pause := range w.cfg.EventRetries {
			t := time.NewTimer(pause)
			select {
			case <-t.C:
			case <-w.life.Done():
				t.Stop()
				return
			}
			last = w.deliver(w.life, envelope{kind: "events_api", payload: payload, attempt: i + 1, reason: last.Reason})
			if last.Acked || last.NoRetry {
				return
			}
		}
	})
	return d
}
