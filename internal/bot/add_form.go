package bot

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
)

// form does what concerns forms and is answered in another way than by a
// message; false if the envelope is something else.
func (c *Commands) form(ctx context.Context, e Envelope) bool {
	if c.Adding == nil {
		return false
	}
	var err error
	switch {
	case e.Kind == formSubmitted:
		err = c.submitted(ctx, e)
	case e.Kind == blockAction && e.Action == format.ActionKind:
		err = c.API.changeForm(ctx, e.View.ID, e.View.Hash, c.emptyForm(e.View.Metadata, e.Value, e.View.Values["product"]))
	case e.Kind == blockAction && e.Action == format.ActionAdd:
		err = c.API.openForm(ctx, e.trigger, c.formAgain(ctx, e))
	case e.Kind == slashCommand && parse(e.Text).verb == "add":
		if c.unlike(e, parse(e.Text).words) != nil {
			return false // the answer says so
		}
		if err = c.API.openForm(ctx, e.trigger, c.suggestedForm(e.Channel, parse(e.Text).words)); err != nil {
			return false // the button of the answer is another chance
		}
		err = e.ack(ctx, nil)
	default:
		return false
	}
	if err != nil {
		c.Log.Warn("form not shown", zap.String("user", e.User), zap.String("action", e.Action), zap.Error(err))
	}
	return true
}

func (c *Commands) emptyForm(channel, kind, product string) format.Form {
	return format.ProposeCheck(c.Board.Definition().Products, c.Adding.Kinds, kind, product, channel)
}

// suggestedForm is the form as far as what follows "add" fills it in.
func (c *Commands) suggestedForm(channel string, words []string) format.Form {
	s, rest := suggestion(words, c.Adding.names())
	p, _ := productOf(c.Board.Definition(), strings.Join(rest, " "))
	s.id = c.freeID(s.id)
	f := c.emptyForm(channel, cmp.Or(s.kind, "http"), p.ID)
	if s.kind != "" {
		f.Fill(map[string]string{"id": s.id, "options": s.options})
	}
	return f
}

// freeID is an id, or the next one where there is a check of that id.
func (c *Commands) freeID(id string) string {
	def := c.Board.Definition()
	taken := func(id string) bool {
		return slices.ContainsFunc(def.Checks, func(ch checks.Check) bool { return ch.ID == id })
	}
	free := id
	for n := 2; taken(free); n++ {
		free = id + "-" + strconv.Itoa(n)
	}
	return free
}

// formAgain is the form with what was typed before, where that is known.
func (c *Commands) formAgain(ctx context.Context, e Envelope) format.Form {
	f := c.emptyForm(e.Channel, "http", "")
	if said, ok := strings.CutPrefix(e.Value, format.SaidToAdd); ok {
		return c.suggestedForm(e.Channel, strings.Fields(said))
	}
	if e.Value == "" {
		return f
	}
	kept, err := c.Adding.Kept(ctx)
	if err != nil {
		c.Log.Warn("proposals not read", zap.Error(err))
		return f
	}
	p, ok := kept.takeOpen(e.Value)
	if !ok || p.By != e.User {
		return f
	}
	f = c.emptyForm(e.Channel, p.Kind, p.Product)
	f.Fill(map[string]string{"id": p.ID, "every": p.Every, "timeout": p.Timeout, "options": p.Options})
	return f
}

// submitted reads a form, and tries the check if nothing is wrong.
func (c *Commands) submitted(ctx context.Context, e Envelope) error {
	v := e.View.Values
	p := Proposed{Key: rand.Text(), Proposal: checks.Proposal{ID: strings.TrimSpace(v["id"]), Product: strings.TrimSpace(v["product"]), Kind: v["kind"],
		Every: strings.TrimSpace(v["every"]), Timeout: strings.TrimSpace(v["timeout"]), Options: v["options"]}, By: e.User, ByName: c.called(ctx, e), At: c.Now()}
	check, wrong := c.Adding.Read(p.Proposal)
	if len(wrong) > 0 {
		return e.correct(ctx, wrong)
	}
	if err := e.ack(ctx, nil); err != nil {
		return err
	}
	if !e.later(func(ctx context.Context) { c.dryRun(ctx, e, p, check) }) {
		return c.tell(ctx, e, format.Busy())
	}
	return nil
}

// dryRun tries a check once, keeps the proposal and tells its proposer.
func (c *Commands) dryRun(ctx context.Context, e Envelope, p Proposed, check checks.Check) {
	m, ok := c.tried(ctx, &p, check)
	if !ok {
		return // the process ends
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := c.Adding.Change(ctx, func(a *Proposals) error {
		a.forget(p.At)
		if len(a.Open)+len(a.Accepted) >= mostAdded {
			m = format.TooManyAdded(mostAdded)
			return errSaid
		}
		a.Open = append(a.Open, p)
		return nil
	})
	if err != nil && !errors.Is(err, errSaid) {
		c.Log.Error("proposal not kept", zap.Error(err))
		m = format.Failed()
	}
	if err := c.tell(ctx, e, m); err != nil {
		c.Log.Warn("dry run not told", zap.String("user", e.User), zap.Error(err))
	}
}

// tried probes once, within the check's time-out.
func (c *Commands) tried(ctx context.Context, p *Proposed, check checks.Check) (format.Message, bool) {
	r, ok, err := c.Adding.Try(ctx, check)
	if err != nil {
		c.Log.Error("proposed check does not compile", zap.Error(err)) // unreachable: Read has compiled it
		return format.Failed(), true
	}
	if !ok {
		return format.Message{}, false
	}
	p.Outcome, p.Reason, p.Summary, p.Took, p.TriedAt = string(r.Outcome), string(r.Reason), r.Summary, int64(r.Duration), r.Started
	told := c.told(*p, check)
	told.Seen = r // with its evidence
	return format.DryRun(told, c.Board.Definition().Timezone, c.Now()), true
}
