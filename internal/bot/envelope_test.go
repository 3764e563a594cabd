package bot_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
)

// TestAnEnvelopeThatCannotBeReadIsAcked: else Slack sends it again and again.
// The sandbox sends nothing of the kind, so this Slack says just that.
func TestAnEnvelopeThatCannotBeReadIsAcked(t *testing.T) {
	t.Parallel()
	ctx := limit(t)
	acked := make(chan string, 16)
	mux := http.NewServeMux()
	mux.HandleFunc("/api/apps.connections.open", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(map[string]any{"ok": true, "url": "ws://" + r.Host + "/link"})
	})
	mux.HandleFunc("/link", func(rw http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		for _, frame := range []string{
			`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A1"}}`,
			`{"envelope_id":"unreadable","type":"slash_commands","payload":"not an object"}`,
			`{"envelope_id":"unknown","type":"something_new","payload":{}}`,
			`{"envelope_id":"a shortcut","type":"interactive","payload":{"type":"shortcut","callback_id":"c"}}`,
			`{"envelope_id":"no action","type":"interactive","payload":{"type":"block_actions","actions":[]}}`,
			`{"envelope_id":"readable","type":"slash_commands","payload":{"command":"/status","trigger_id":"1.2"}}`,
		} {
			if ws.WriteMessage(websocket.TextMessage, []byte(frame)) != nil {
				return
			}
		}
		for {
			var ack struct {
				EnvelopeID string `json:"envelope_id"`
			}
			if ws.ReadJSON(&ack) != nil {
				return
			}
			select {
			case acked <- ack.EnvelopeID:
			default:
			}
		}
	})
	srv := httptest.NewServer(mux)
	delivered := make(chan string, 16)
	s := &bot.Socket{Config: bot.Config{APIURL: srv.URL + "/api/", BotToken: "xoxb-1", AppToken: "xapp-1"}, Log: zap.NewNop(),
		Deliver: func(_ context.Context, e bot.Envelope) { delivered <- e.Command }}
	stop := goes(t, "socket", s.Run)
	for range 2 { // one on each connection
		select {
		case got := <-delivered:
			if got != "/status" {
				t.Errorf("delivered %q, want the command alone", got)
			}
		case <-ctx.Done():
			t.Fatal("the readable one was not delivered")
		}
	}
	want := map[string]bool{"unreadable": true, "a shortcut": true, "no action": true}
	for len(want) > 0 {
		select {
		case id := <-acked:
			if id == "readable" {
				t.Error("the command was acked before it was answered")
			}
			delete(want, id)
		case <-ctx.Done():
			t.Fatalf("not acked: %v", want)
		}
	}
	stop()
	srv.Close()
}
