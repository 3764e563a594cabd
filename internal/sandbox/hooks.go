package sandbox

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"time"
)

// hook is a response_url: the right to answer in one place.
type hook struct {
	channel  string
	user     string
	original string // ts of the message whose element was used, else ""
	thread   string
	uses     int
	expires  time.Time
}

// "up to 5 times within 30 minutes",
// https://docs.slack.dev/interactivity/handling-user-interaction
const (
	hookUses = 5
	hookLife = 30 * time.Minute
)

func (w *Workspace) newHook(base string, h hook) string {
	key := secret()
	now := time.Now()
	h.expires = now.Add(w.cfg.ResponseURLLife)
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	if len(w.state.hooks)%256 == 0 { // not each time: there may be thousands
		maps.DeleteFunc(w.state.hooks, func(_ string, h *hook) bool { return now.After(h.expires) })
	}
	w.state.hooks[key] = &h
	return base + "/response/" + TeamID + "/" + key
}

// use counts one use, or says in Slack's words why there is none left.
func (w *Workspace) useHook(key string) (hook, string) {
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	h := w.state.hooks[key]
	switch {
	case h == nil || time.Now().After(h.expires):
		return hook{}, "expired_url"
	case h.uses >= hookUses:
		return hook{}, "used_url"
	}
	h.uses++
	return *h, ""
}

// serveHook is /response/TEAM/KEY.
func (w *Workspace) serveHook(rw http.ResponseWriter, r *http.Request) {
	entry := LogEntry{At: time.Now().UTC(), Method: "response_url"}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	args := map[string]string{}
	if err == nil {
		err = takeJSON(args, body)
	}
	entry.Args = logArgs(args)
	w.underFault(rw, r, "response_url", entry, func() reply {
		if err != nil {
			return reply{http.StatusBadRequest, 0, answer{"ok": false, "error": "invalid_payload"}}
		}
		h, code := w.useHook(r.PathValue("key"))
		if code != "" {
			return reply{http.StatusNotFound, 0, answer{"ok": false, "error": code}}
		}
		if err := w.respond(h, args); err != nil {
			return errorReply(err)
		}
		return reply{http.StatusOK, 0, answer{"ok": true}}
	})
}

// respond posts, replaces or deletes, as the body asks.
func (w *Workspace) respond(h hook, args map[string]string) error {
	if args["delete_original"] == "true" {
		_, err := w.state.change(h.channel, h.original, "deleted", func(m *Message) error {
			m.Deleted = true
			return nil
		})
		return messageError(err)
	}
	delete(args, "metadata") // a response_url carries none
	next, _, err := w.readBody(args, maxText)
	if err != nil {
		return err
	}
	if args["replace_original"] == "true" && h.original != "" {
		_, err := w.state.change(h.channel, h.original, "edited", func(m *Message) error {
			m.Text, m.Blocks, m.Attachments = next.Text, next.Blocks, next.Attachments
			return nil
		})
		return messageError(err)
	}
	next.asBot("")
	next.ThreadTS = cmp.Or(args["thread_ts"], h.thread)
	if args["response_type"] != "in_channel" {
		next.Ephemeral, next.To = true, h.user
	}
	_, err = w.state.post(h.channel, next)
	return messageError(err)
}
