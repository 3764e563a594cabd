package house

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/journal"
)

// clusterOf is the cluster of our own that a configuration names, with what this
// member is let in with; nil without one.
func clusterOf(cfg config.Cluster) (*journal.Cluster, error) {
	if cfg.Name == "" {
		return nil, nil //nolint:nilnil // there is none, and that is no mistake
	}
	c := &journal.Cluster{Name: cfg.Name, Members: cfg.Members, Listen: cfg.Listen}
	if err := journal.ReadMember(cfg.Folder, c); err != nil {
		return nil, fmt.Errorf("journal.cluster: %w", err)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("journal.cluster: %w", err)
	}
	return c, nil
}

// examineCluster looks whether this machine can be a member: it starts none. Who
// runs there says how the cluster is.
func examineCluster(ctx context.Context, cfg *config.Config) bot.Finding {
	f := bot.Finding{About: "journal", Grade: bot.Bad}
	c, err := clusterOf(cfg.Journal.Cluster)
	if err != nil {
		f.Says, f.Cure = err.Error(), "write the members' folders with statusbot cluster init"
		return f
	}
	if s, err := ClusterBeside(ctx, cfg.DataDir); err == nil {
		f.Grade, f.Says = bot.Good, fmt.Sprintf("a running statusbot is %s of the cluster %s, and reaches %d of %d others", s.Self, s.Name, len(s.Reached), len(c.Members)-1)
		if len(s.Reached) < len(c.Members)-1 {
			f.Grade, f.Cure = bot.Odd, "start the other members, or open their ports; `statusbot status --cluster` names them"
		}
		for _, odd := range append(slices.Clone(s.Doubts), s.Anew) {
			if odd != "" {
				f.Grade, f.Says = bot.Odd, f.Says+"; "+odd
			}
		}
		if s.Hangs != "" {
			f.Grade, f.Says, f.Cure = bot.Bad, f.Says+"; "+s.Hangs, "the members start their servers anew one after the other; if it goes on for minutes, look at their disks, and restart those that `statusbot status --cluster` says it of"
		}
		if s.Cut != "" {
			f.Grade, f.Says, f.Cure = bot.Bad, f.Says+"; "+s.Cut, "look at the network between the members"
		}
		return f
	}
	var away []string
	for _, m := range c.Members {
		if m != c.Self && !listens(ctx, m) {
			away = append(away, m)
		}
	}
	if f.Grade, f.Says = bot.Good, fmt.Sprintf("this is %s of the cluster %s, and all others listen", c.Self, c.Name); len(away) > 0 {
		f.Grade, f.Says = bot.Odd, fmt.Sprintf("this is %s of the cluster %s, and nobody listens at %s", c.Self, c.Name, strings.Join(away, ", "))
		f.Cure = "start the other members, or open their ports"
	}
	return f
}

// listens reports whether a member can be connected to.
func listens(ctx context.Context, address string) bool {
	d := net.Dialer{Timeout: clusterWithin}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close() // nothing was sent
	return true
}

// ClusterState is how a cluster of statusbots is, as one of them sees it.
type ClusterState struct {
	journal.MemberState
	Leader string   // node that leads: schedules, decides and posts; empty: none is known
	Node   string   // of the one that says so
	Cut    string   // why it is cut off from the others; empty: it is not
	Doubts []string `json:",omitempty"` // what is wrong with the members' copies of the events and their clocks, a sentence each
	Hangs  string   `json:",omitempty"` // that no writes are acknowledged; empty: they are
	Anew   string   `json:",omitempty"` // that the server inside was started anew lately
}

// clusterState is ClusterState of this process; false when it is in none.
func clusterState(ctx context.Context, j *journal.Journal) (s ClusterState, is bool) {
	ctx, cancel := context.WithTimeout(ctx, clusterWithin)
	defer cancel()
	var err error
	s.MemberState, is, err = j.Cluster(ctx)
	switch {
	case err != nil:
		s.Cut = fmt.Sprintf("it reaches %d of %d other members, and the cluster does not answer", len(s.Reached), j.Others())
	case is && 2*(1+len(s.Reached)) <= len(s.Members): // it answers from its own copies
		s.Cut = fmt.Sprintf("it reaches %d of %d other members, which is too few", len(s.Reached), j.Others())
	}
	s.Leader, _, _ = j.Leader(lease)
	s.Node = j.Node()
	s.Doubts = doubted(j.Doubts())
	for _, says := range []string{j.Strangers(), j.StorageOff()} {
		if says != "" {
			s.Doubts = append(s.Doubts, says)
		}
	}
	if hang := j.Hangs(); hang != nil {
		s.Hangs = hang.String()
	}
	if at := j.StartedAnew(); !at.IsZero() && time.Since(at) < anewSaid {
		s.Anew = startedAnew(at)
	}
	return s, is
}

// startedAnew says that the server inside was.
func startedAnew(at time.Time) string {
	return "at " + at.UTC().Format(time.DateTime) + " UTC the server inside was started anew, since the cluster acknowledged no writes; see the log of that time"
}

// How it is noticed that this process is cut off: who leads gives a sign of life
// every few seconds; without one the journal is asked, which needs more than half
// of its members. A cluster that elects answers nothing for some seconds.
const (
	apartLook  = time.Second
	apartAsk   = 2 * time.Second
	apartAfter = 3 // times in a row that it does not answer
)

// watchApart notes whether this process is cut off from the other members, until
// ctx ends.
func (h *house) watchApart(ctx context.Context) {
	silent, absent := 0, absences{}
	regularly(ctx, apartLook, func() {
		gone, back := absent.look(h.journal.Away())
		for _, member := range gone {
			h.log.Warn("another member does not answer", zap.String("member", member), zap.Int("answer", len(h.journal.Reached())), zap.Int("of", h.journal.Others()))
		}
		for _, member := range back {
			h.log.Info("another member answers again", zap.String("member", member))
		}
		sign, alive := h.journal.LastSign(lease)
		if h.journal.Alone() || alive || h.journal.Hangs() == nil && h.answers(ctx) {
			silent = 0
			if was := h.apart.Swap(nil); was != nil {
				h.log.Info("this member is no longer cut off", zap.Duration("after", time.Since(was.Since)))
			}
			return
		}
		if silent++; silent < apartAfter {
			return
		}
		if sign.IsZero() {
			sign = h.started
		}
		a := format.Apart{Since: sign, Reached: len(h.journal.Reached()), Others: h.journal.Others()}
		if h.apart.Swap(&a) == nil {
			h.log.Error("this member is cut off: it measures and posts nothing until it is not", zap.String("why", a.Why()), zap.Time("since", sign))
		}
	})
}

// absences are for how many looks in a row each other member was not reached.
type absences map[string]int // :: member ->

// absentAfter is how many they are until it is said: one that is restarted is back by then.
const absentAfter = 10

// look takes in who is not reached now, and returns of whom that is to be said, and who is back of those of whom it was.
func (a absences) look(away []string) (gone, back []string) {
	for member, n := range a {
		if !slices.Contains(away, member) {
			delete(a, member)
			if n >= absentAfter {
				back = append(back, member)
			}
		}
	}
	for _, member := range away {
		if a[member]++; a[member] == absentAfter {
			gone = append(gone, member)
		}
	}
	return gone, back
}

// answers reports whether the journal answers.
func (h *house) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, apartAsk)
	defer cancel()
	_, err := h.journal.Receipt(ctx, "health", "none") // that it is not there is an answer as well
	return err == nil || errors.Is(err, journal.ErrNotFound)
}

// isApart is whether this process is cut off from the other members.
func (h *house) isApart() format.Apart {
	if a := h.apart.Load(); a != nil {
		return *a
	}
	return format.Apart{}
}

// compareEvery is how often the members' copies of the events are compared.
const compareEvery = time.Minute

// compareMembers notes what is wrong with the members' copies of the events, until
// ctx ends; each sentence is logged once while it is so.
func (h *house) compareMembers(ctx context.Context) {
	var was []string
	regularly(ctx, compareEvery, func() {
		said := doubted(h.journal.Agree(ctx))
		for _, text := range said {
			if !slices.Contains(was, text) {
				h.log.Error("the members are not as one", zap.String("what", text))
			}
		}
		if len(said) == 0 && len(was) > 0 {
			h.log.Info("all members are as one again")
		}
		was = said
	})
}

// doubted are what is wrong with the members' copies and clocks, a sentence each, and what to do.
func doubted(doubts []journal.Doubt) (said []string) {
	const anew = "stop it, move its cluster folder away and start it: it takes all from the others"
	for _, d := range doubts {
		switch {
		case d.Ahead != 0:
			said = append(said, d.Member+"'s clock is "+apartBy(d.Ahead)+" the others'; set it right by NTP, what it measures and tells carries its times")
		case d.Damaged:
			said = append(said, d.Member+" has a damaged file of events; "+anew)
		case d.Differs:
			said = append(said, d.Member+" has other events than the others; back up each of them before anything else is done")
		default:
			said = append(said, d.Member+" lacks events that the others have; if it does for minutes, "+anew)
		}
	}
	return said
}

// apartBy says by how much a clock is off.
func apartBy(ahead time.Duration) string {
	size := text.Span(ahead.Abs())
	if ahead < 0 {
		return size + " behind"
	}
	return size + " ahead of"
}

// clusterWithin is how long a cluster may take to say how it is.
const clusterWithin = 5 * time.Second

func serveCluster(w http.ResponseWriter, r *http.Request, j *journal.Journal) {
	s, is := clusterState(r.Context(), j)
	if !is {
		http.Error(w, "this statusbot is in no cluster of its own: journal.cluster is not set", http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(s) // the reader is gone
}

// ClusterBeside asks the statusbot that holds a data directory how its cluster is;
// ErrNoDoor (wrapped) when nobody answers.
func ClusterBeside(ctx context.Context, dir string) (s ClusterState, err error) {
	body, err := askDoor(ctx, dir, "/cluster")
	if err != nil {
		return s, err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return s, fmt.Errorf("read how the cluster is: %w", err)
	}
	return s, nil
}
