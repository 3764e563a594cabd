package bot_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
)

// TestASocketWithoutAHelloIsNoSocket: somebody on the way opens sockets and answers
// on them, but nothing of Slack's comes. They do not count as open, and others
// are opened until Slack says hello.
func TestASocketWithoutAHelloIsNoSocket(t *testing.T) {
	t.Parallel()
	const mute = 3
	var tickets, countedMute atomic.Int32
	s := &bot.Socket{Log: zap.NewNop(), Deliver: func(context.Context, bot.Envelope) {}}
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	mux.HandleFunc("/api/apps.connections.open", func(w http.ResponseWriter, _ *http.Request) {
		n := tickets.Add(1)
		if n <= mute {
			countedMute.Add(int32(s.Live()))
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"ok":true,"url":"ws%s/socket?n=%d"}`, strings.TrimPrefix(srv.URL, "http"), n)
	})
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		c, err := (&websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		if n := r.URL.Query().Get("n"); n > fmt.Sprint(mute) {
			_ = c.WriteJSON(map[string]any{"type": "hello", "num_connections": 1})
		}
		for {
			if _, _, err := c.ReadMessage(); err != nil { // it answers pings meanwhile
				return
			}
		}
	})
	s.Config = bot.Config{APIURL: srv.URL + "/api/", BotToken: "xoxb-sandbox", AppToken: "xapp-sandbox"}
	s.SetHello(300 * time.Millisecond)
	goes(t, "socket", s.Run)
	until(t, "a socket that says hello is open", func() bool { return s.Live() > 0 })
	if tickets.Load() <= mute || countedMute.Load() > 0 {
		t.Errorf("%d tickets, and mute sockets counted as open %d times; want more than %d and never", tickets.Load(), countedMute.Load(), mute)
	}
}
