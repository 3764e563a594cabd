package house

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/web"
)

// deafAfter is how long no socket is open until statusbot counts as blind: commands are lost.
const deafAfter = 60 * time.Second

// hearing is whether what people do in Slack comes to us. The zero value has heard
// nothing yet.
type hearing struct {
	socket   atomic.Pointer[bot.Socket] // that is run; nil in http mode
	sockets  atomic.Int64               // that are open
	heard    atomic.Int64               // when one was open last, in Unix nanoseconds; 0: never
	requests atomic.Pointer[bot.HTTP]   // where Slack's requests come in; nil in socket mode
}

// watch notes when a socket was last open, until ctx ends.
func (h *hearing) watch(ctx context.Context, in transport) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		if n := in.Live(); n > 0 {
			h.heard.Store(time.Now().UnixNano())
		}
		h.sockets.Store(int64(in.Live()))
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// refused is why Slack opens no socket for us; empty while it does, or does not answer.
func (h *hearing) refused() string {
	if s := h.socket.Load(); s != nil {
		return s.Refused()
	}
	return ""
}

// health is how Slack is reached by a process that started then, and what there is
// to say of it if it is not.
func (h *hearing) health(now, started time.Time) (out web.SlackHealth, deaf string) {
	if in := h.requests.Load(); in != nil {
		// Nobody may have asked anything: silence is no sign of deafness here.
		out.Transport = config.ModeHTTP
		if heard := in.Heard(); !heard.IsZero() {
			age := seconds(now.Sub(heard))
			out.HeardS = &age
		}
		return out, ""
	}
	out.Transport, out.Sockets = config.ModeSocket, int(h.sockets.Load())
	if out.Sockets > 0 {
		return out, ""
	}
	since := started
	if heard := h.heard.Load(); heard != 0 {
		since = time.Unix(0, heard)
	}
	out.DeafS = seconds(now.Sub(since))
	if now.Sub(since) > deafAfter {
		deaf = fmt.Sprintf("no socket to Slack has been open for %.0f s, so commands are lost", now.Sub(since).Seconds())
	}
	return out, deaf
}
