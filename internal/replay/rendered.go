package replay

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// renderer shows the updates that would have been posted: incidents are
// detected, planned and ended by the code that the bot uses, on the clock of
// the results.
type renderer struct {
	board *status.Board
	out   io.Writer
	every time.Duration
	rules incident.Rules
	seq   uint64
}

// replayChannel stands for the channel of the updates.
const replayChannel = "C0REPLAY"

func (r *renderer) write(e incident.Event) {
	r.seq++
	e.Seq = r.seq
	r.board.ApplyEvent(e)
}

// step decides everything once.
func (r *renderer) step(snap status.Snapshot) error {
	log := r.board.Log()
	last, _ := log.Last(replayChannel)
	if !last.Open() {
		for _, p := range snap.Trouble(last.EndedAt) {
			told, known := last.Figure(p.ID)
			if known && !p.Onset.After(last.EndedAt) && p.Level.Severity() <= impact.Level(told.Level).Severity() {
				continue // the update that ended it told this
			}
			if e, ok := log.Detect(snap.At, replayChannel, p.Name+": "+p.Why, r.every); ok {
				r.write(e)
			}
			break
		}
	}
	for _, inc := range r.board.Log().Incidents {
		if !inc.Open() && !inc.LastUpdate.At.Before(inc.EndedAt) {
			if err := r.proven(snap, inc); err != nil {
				return err
			}
			continue
		}
		if err := r.follow(snap, inc); err != nil {
			return err
		}
	}
	return nil
}

func (r *renderer) follow(snap status.Snapshot, inc incident.Incident) error {
	for {
		e, ok := status.Recovery(snap, inc)
		if !ok {
			break
		}
		if e.Kind == incident.Proven {
			e.Why = format.ProofTold(snap, inc)
		}
		r.write(e)
		inc = r.incident(inc.ID)
	}
	change := status.Delivery(status.Changes(inc.LastUpdate.Figures, snap))
	change.Ended = !inc.Open()
	plan := incident.Plan(inc, change, r.rules, snap.At)
	if plan.Due.IsZero() {
		return nil
	}
	n, post := inc.LastUpdate.N+1, inc.LastPost.N
	if plan.New {
		post = n
	}
	r.write(incident.Event{Incident: inc.ID, At: snap.At, Kind: incident.Update, N: n, Post: post, Due: plan.Due, Why: plan.Reason, Figures: snap.Figures()})
	inc = r.incident(inc.ID)
	facts := format.UpdateFacts{N: n, Snapshot: snap, Next: inc.NextDue(), Ended: !inc.Open(), First: n == 1, Incident: inc}
	if facts.Ended {
		facts.Next = time.Time{}
	}
	facts.Incident.LastUpdate = inc.ComparedWith(snap.Window)
	how := "new message"
	if !plan.New {
		how = fmt.Sprintf("edits update %d", post)
	}
	_, err := fmt.Fprintf(r.out, "--- %s  %s update %d, %s: %s\n%s\n", snap.At.UTC().Format("2006-01-02 15:04:05"), inc.ID, n, how, plan.Reason, plainText(format.Update(facts)))
	return err
}

// proven tells the second step of a recovery that was reached after the end.
func (r *renderer) proven(snap status.Snapshot, inc incident.Incident) error {
	if !snap.Proven(inc) {
		return nil
	}
	_, err := fmt.Fprintf(r.out, "--- %s  %s reply to update %d\n%s\n", snap.At.UTC().Format("2006-01-02 15:04:05"), inc.ID, inc.LastUpdate.N, plainText(format.RecoveryProven(snap, inc)))
	r.write(incident.Event{Incident: inc.ID, At: snap.At, Kind: incident.Proven, Products: inc.Unproven, Why: format.ProofTold(snap, inc)})
	return err
}

func (r *renderer) incident(id string) incident.Incident {
	for _, inc := range r.board.Log().Incidents {
		if inc.ID == id {
			return inc
		}
	}
	return incident.Incident{}
}

var (
	markedUp = regexp.MustCompile(`<[^<>|]*\|([^<>]*)>`) // a time or a link, with what is shown without Slack
	bare     = regexp.MustCompile(`<([^<>]*)>`)
	bold     = regexp.MustCompile(`\*([^*\n]+)\*`)
	unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// plainText is a message for a terminal: its sections and contexts without
// their marks, and without buttons.
func plainText(m format.Message) string {
	var b strings.Builder
	for _, block := range m.Blocks {
		text := block.Section + block.Context
		if text == "" {
			continue
		}
		text = bold.ReplaceAllString(bare.ReplaceAllString(markedUp.ReplaceAllString(text, "$1"), "$1"), "$1")
		for line := range strings.Lines(unescape.Replace(text)) {
			b.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
	}
	return b.String()
}
