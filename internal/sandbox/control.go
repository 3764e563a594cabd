package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The control API: what tests and the page use to be a person in the
// workspace, and to look behind it. No token is needed; see guard for who
// may call it.

func controlFail(rw http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, errNoChannel) || errors.Is(err, errNoUser) || errors.Is(err, errNoMessage) || errors.Is(err, errNoFile) || errors.Is(err, errNoView) {
		status = http.StatusNotFound
	}
	writeReply(rw, reply{status, 0, answer{"ok": false, "error": err.Error()}})
}

func controlOK(rw http.ResponseWriter, v any) { writeReply(rw, reply{http.StatusOK, 0, v}) }

// place finds the channel and the user; ana, the first, if none is named. A
// person's name as the channel is that person's conversation with the bot.
func (w *Workspace) place(channelRef, userRef string) (channel, User, error) {
	u, err := w.state.user(cmp.Or(userRef, w.cfg.Users[0].ID))
	if err != nil {
		return channel{}, u, err
	}
	ch, err := w.state.channel(channelRef)
	if err != nil && (channelRef == "@statusbot" || channelRef == BotUserID) {
		ch, _, err = w.state.openIM(u.ID)
	}
	if err != nil {
		return channel{}, u, err
	}
	if ch.IM && ch.User != u.ID {
		return channel{}, u, fmt.Errorf("%w: %q is another person's", errNoChannel, channelRef)
	}
	return ch, u, nil
}

func readControl(rw http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	return nil
}

// acts makes a handler of something that is done: the request's JSON in, the
// answer's JSON out.
func acts[In any](do func(*http.Request, In) (any, error)) http.HandlerFunc {
	return control(func(rw http.ResponseWriter, r *http.Request) {
		var in In
		err := readControl(rw, r, &in)
		if err != nil {
			controlFail(rw, err)
			return
		}
		out, err := do(r, in)
		if err != nil {
			controlFail(rw, err)
			return
		}
		controlOK(rw, out)
	})
}

type typedLine struct {
	Channel, User, Text string
	ThreadTS            string `json:"thread_ts"`
	Broadcast           bool   `json:"reply_broadcast"`
}

func (w *Workspace) controlCommand(r *http.Request, in typedLine) (any, error) {
	ch, u, err := w.place(in.Channel, in.User)
	if err != nil {
		return nil, err
	}
	return w.command(r.Context(), base(r), ch, u, line{in.Text, in.ThreadTS, in.Broadcast})
}

func (w *Workspace) controlAction(r *http.Request, in act) (any, error) {
	if in.View != "" {
		u, err := w.state.user(cmp.Or(in.User, w.cfg.Users[0].ID))
		if err != nil {
			return nil, err
		}
		return w.viewAction(r.Context(), u, in)
	}
	ch, u, err := w.place(in.Channel, in.User)
	if err != nil {
		return nil, err
	}
	return w.action(r.Context(), base(r), ch, u, in)
}

func (w *Workspace) controlMessages(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	ch, u, err := w.place(q.Get("channel"), q.Get("user"))
	if err != nil {
		controlFail(rw, err)
		return
	}
	limit := maxMessages
	if s := q.Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 {
			controlFail(rw, fmt.Errorf("limit must be a number from 1 on"))
			return
		}
	}
	list, err := w.state.seen(ch.ID, u.ID, limit)
	if err != nil {
		controlFail(rw, err)
		return
	}
	controlOK(rw, answer{"ok": true, "channel": ch, "messages": list})
}

func (w *Workspace) controlLog(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, err := strconv.ParseInt(cmp.Or(q.Get("since"), "0"), 10, 64)
	if err != nil {
		controlFail(rw, fmt.Errorf("since must be the number n of an entry"))
		return
	}
	controlOK(rw, answer{"ok": true, "entries": w.calls.since(since, q.Get("method"))})
}

func (w *Workspace) controlFault(_ *http.Request, in Fault) (any, error) {
	f, span, err := in.check()
	if err != nil {
		return nil, err
	}
	if f.Mode == "disconnect" { // happens once, and is over
		w.faults.set(Fault{Mode: "ok"}, 0)
	} else {
		w.faults.set(f, span)
	}
	w.hub.strike(f)
	if f.Mode == "deaf" && span > 0 {
		w.wg.Go(func() { w.hearAgain(span) })
	}
	w.feed.workspace()
	return answer{"ok": true, "fault": w.faults.get()}, nil
}

// hearAgain ends a deafness that was set for a while.
func (w *Workspace) hearAgain(span time.Duration) {
	t := time.NewTimer(span)
	defer t.Stop()
	select {
	case <-t.C:
		if w.faults.get().Mode != "deaf" {
			w.hub.strike(Fault{Mode: "ok"})
			w.feed.workspace()
		}
	case <-w.life.Done():
	}
}

func (w *Workspace) controlFaultNow(rw http.ResponseWriter, _ *http.Request) {
	controlOK(rw, answer{"ok": true, "fault": w.faults.get()})
}

type typedReaction struct {
	Channel, User, TS, Name string
	Remove                  bool
}

// controlReaction puts a person's emoji on a message, or takes it away.
func (w *Workspace) controlReaction(r *http.Request, in typedReaction) (any, error) {
	ch, u, err := w.place(in.Channel, in.User)
	if err != nil {
		return nil, err
	}
	d, err := w.reactAs(r.Context(), ch, u, in.TS, strings.Trim(in.Name, ":"), in.Remove)
	if err != nil {
		return nil, err
	}
	return Answer{OK: true, TS: in.TS, Acked: d.Acked, AckMS: d.AckMS, Error: d.Err}, nil
}

type channelChange struct {
	Name         string
	User         string // who does it
	Archived     *bool
	Private      *bool
	Bot          *bool `json:"bot_member"`
	Invite, Kick []string
}

// controlChannel makes a channel, or changes it: archived, private, with or
// without the bot and each person.
func (w *Workspace) controlChannel(_ *http.Request, in channelChange) (any, error) {
	ch, err := w.state.channel(in.Name)
	if err != nil {
		ch, err = w.newChannel(in.Name)
	}
	actor, noActor := w.state.user(cmp.Or(in.User, w.cfg.Users[0].ID))
	if err = errors.Join(err, noActor); err != nil {
		return nil, err
	}
	for from, to := range map[*bool]*bool{in.Archived: &ch.Archived, in.Private: &ch.Private, in.Bot: &ch.Bot} {
		if from != nil {
			*to = *from
		}
	}
	if err := w.move(&ch, in.Invite, in.Kick); err != nil {
		return nil, err
	}
	if err := w.setChannel(ch, actor.ID); err != nil {
		return nil, err
	}
	return answer{"ok": true, "channel": ch}, nil
}

// move lets people into a channel and puts others out of it.
func (w *Workspace) move(ch *channel, in, out []string) error {
	if ch.IM && len(in)+len(out) > 0 {
		return errors.New("a direct conversation has the two that it has")
	}
	ch.Out = slices.Clone(ch.Out)
	for i, ref := range append(slices.Clone(in), out...) {
		u, err := w.state.user(ref)
		if err != nil {
			return err
		}
		if u.ID == BotUserID {
			ch.Bot = i < len(in)
			continue
		}
		ch.Out = slices.DeleteFunc(ch.Out, func(id string) bool { return id == u.ID })
		if i >= len(in) {
			ch.Out = append(ch.Out, u.ID)
		}
	}
	return nil
}

func (w *Workspace) controlWorkspace(rw http.ResponseWriter, r *http.Request) {
	mounts := []string{}
	for pattern := range w.cfg.Mount {
		mounts = append(mounts, pattern)
	}
	slices.Sort(mounts)
	controlOK(rw, answer{
		"ok": true, "team": w.cfg.Team, "url": base(r) + "/", "api_url": base(r) + "/api/", "users": w.state.users, "channels": w.state.list(),
		"groups": w.cfg.Groups, "settings": w.settings.get(), "commands": w.cfg.Commands, "shortcuts": w.cfg.Shortcuts, "bot": answer{"user_id": BotUserID, "bot_id": BotID, "app_id": AppID, "name": "statusbot"},
		"mounts": mounts, "connections": w.hub.count(), "http": w.requests.now(), "fault": w.faults.get(),
	})
}
