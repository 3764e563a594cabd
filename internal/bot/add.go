package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
)

// Bounds of what is kept of checks that are added in Slack.
const (
	mostAdded    = 200 // accepted and proposed; each is at most 5 kB
	proposalLife = 24 * time.Hour
	mostAsked    = 5 // people who are asked one by one where there is no channel for it
)

// Proposed is the stored form of a check that was proposed in Slack: who did, and
// what became of it. Fields may be added, never renamed.
type Proposed struct {
	Key string `json:"key"`
	checks.Proposal

	By             string    `json:"by"`                // Slack id
	ByName         string    `json:"by_name,omitempty"` // what they were called then
	At             time.Time `json:"at"`
	AcceptedBy     string    `json:"accepted_by,omitempty"`
	AcceptedByName string    `json:"accepted_by_name,omitempty"`
	AcceptedAt     time.Time `json:"accepted_at,omitzero"`
	Asked          []string  `json:"asked,omitempty"` // where the approvers were asked
	Outcome        string    `json:"outcome,omitempty"`
	Reason         string    `json:"reason,omitempty"`
	Summary        string    `json:"summary,omitempty"`
	Took           int64     `json:"took,omitempty"` // of the dry run, nanoseconds
	TriedAt        time.Time `json:"tried_at,omitzero"`
}

// Proposals are all that is kept: one value, so that two deciders see each other.
type Proposals struct {
	Open     []Proposed `json:"open,omitempty"`     // not decided
	Accepted []Proposed `json:"accepted,omitempty"` // running
}

// Adding is what the Commands need to have checks added.
type Adding struct {
	// Read reads a proposal beside everything that is defined, or says what is
	// wrong, by its field.
	Read func(p checks.Proposal) (checks.Check, map[string]string)
	// Change changes what is kept, and has run what is accepted before it
	// returns. change may be called more than once; its error is returned and
	// nothing changed.
	Change func(ctx context.Context, change func(*Proposals) error) error
	Kept   func(ctx context.Context) (Proposals, error)
	Kinds  []format.CheckKind // that can be proposed
	// Try probes a check once, within its time-out; false if ctx ended
	// before it did. The error says that it does not compile.
	Try func(ctx context.Context, c checks.Check) (checks.Result, bool, error)
	// YAML writes accepted checks as a configuration file.
	YAML func([]checks.Proposal) (string, error)
}

// names are the kinds that can be proposed.
func (a *Adding) names() []string {
	var out []string
	for _, k := range a.Kinds {
		out = append(out, k.Name)
	}
	return out
}

// errSaid is the end of a change that was answered instead.
var errSaid = errors.New("answered")

// tell brings a message to a person in the channel where they asked, for their
// eyes alone, or else into the direct conversation.
func (c *Commands) tell(ctx context.Context, e Envelope, m format.Message) error {
	if e.Channel != "" && !strings.HasPrefix(e.Channel, "D") {
		if c.API.whisper(ctx, e.Channel, e.User, "", m) == nil {
			return nil
		} // not a member there
	}
	return c.API.tell(ctx, e.User, m)
}

// told is a proposal as messages tell it.
func (c *Commands) told(p Proposed, check checks.Check) format.ProposalFacts {
	product, _ := c.Board.Definition().FindProduct(p.Product)
	if check.ID == "" { // it does not fit any more
		check = checks.Check{ID: p.ID, Product: p.Product, Kind: p.Kind}
	}
	return format.ProposalFacts{Key: p.Key, Check: check, Product: cmp.Or(product.Name, p.Product), Options: p.Options, By: p.By, ByName: p.ByName, At: p.At,
		Seen: checks.Result{Check: p.ID, Product: p.Product, Started: p.TriedAt, Duration: time.Duration(p.Took), Outcome: checks.Outcome(p.Outcome),
			Reason: checks.Reason(p.Reason), Summary: p.Summary}}
}

// forget drops proposals that nobody decided.
func (a *Proposals) forget(now time.Time) {
	a.Open = slices.DeleteFunc(a.Open, func(p Proposed) bool { return now.Sub(p.At) > proposalLife })
}

// takeOpen takes a proposal out of those that are not decided.
func (a *Proposals) takeOpen(key string) (Proposed, bool) {
	i := slices.IndexFunc(a.Open, func(p Proposed) bool { return p.Key == key })
	if i < 0 {
		return Proposed{}, false
	}
	p := a.Open[i]
	a.Open = slices.Delete(slices.Clone(a.Open), i, i+1)
	return p, true
}

// propose asks the approvers.
func (c *Commands) propose(ctx context.Context, now time.Time, e Envelope) format.Message {
	if c.Adding == nil {
		return c.notUnderstood(e, "add")
	}
	where, can := c.approvers(e)
	if len(where) == 0 {
		return format.NoApprovers()
	}
	var p Proposed
	m := format.ProposalGone()
	err := c.Adding.Change(ctx, func(a *Proposals) error {
		a.forget(now)
		i := slices.IndexFunc(a.Open, func(p Proposed) bool {
			return p.Key == e.Value && p.By == e.User && p.Outcome != string(checks.Unknown)
		})
		if i < 0 {
			return errSaid
		}
		a.Open = slices.Clone(a.Open)
		a.Open[i].Asked = where
		p = a.Open[i]
		return nil
	})
	if err != nil {
		return c.saidOr(m, err)
	}
	check, _ := c.Adding.Read(p.Proposal)
	if err := c.ask(ctx, now, 1, p, check, false); err != nil {
		c.Log.Error("proposal not put into the outbox", zap.Error(err))
		return format.Failed()
	}
	return format.ProposedTo(where, can)
}

// approvers are where those who may accept are asked: the channel for
// detected incidents, else the one where it was proposed, else those who are
// named, one by one.
func (c *Commands) approvers(e Envelope) ([]string, format.Can) {
	can := format.Can{Members: true}
	var named []string
	if a := c.Access; a != nil {
		who := a.Policy().Respond
		can = format.Can{Everyone: who.Everyone, Members: who.Members, Groups: who.Groups, Users: who.Users}
		for _, u := range who.Users {
			if u != e.User && len(named) < mostAsked {
				named = append(named, u)
			}
		}
		if a.Home != nil && a.Home() != "" {
			can.Channel = a.Home()
			return []string{can.Channel}, can
		}
	}
	if e.Channel != "" && !strings.HasPrefix(e.Channel, "D") {
		return []string{e.Channel}, can
	}
	return named, can
}

// ask puts the question to the approvers into the outbox, or what became of
// it in its place.
func (c *Commands) ask(ctx context.Context, now time.Time, version int, p Proposed, check checks.Check, accepted bool) error {
	t := c.told(p, check)
	t.Decided, t.DecidedName = p.AcceptedBy, p.AcceptedByName
	data, err := json.Marshal(publish.NewBody(version, 1, time.Time{}, now, format.ForApproval(t, accepted, c.Board.Definition().Timezone, now)))
	for _, where := range p.Asked {
		if err == nil {
			err = c.Outbox.Put(ctx, where, "proposal/"+p.Key, data)
		}
	}
	return err
}

// decide accepts or declines a proposal.
func (c *Commands) decide(ctx context.Context, now time.Time, e Envelope, accept bool) format.Message {
	if c.Adding == nil {
		return c.notUnderstood(e, e.Action)
	}
	var p Proposed
	var check checks.Check
	m, name := format.ProposalGone(), c.called(ctx, e)
	err := c.Adding.Change(ctx, func(a *Proposals) error {
		a.forget(now)
		var ok bool
		if p, ok = a.takeOpen(e.Value); !ok {
			return errSaid
		}
		if accept && p.By == e.User {
			m = format.OwnProposal()
			return errSaid
		}
		p.AcceptedBy, p.AcceptedByName, p.AcceptedAt = e.User, name, now
		var wrong map[string]string
		if check, wrong = c.Adding.Read(p.Proposal); !accept {
			return nil
		}
		for _, why := range wrong {
			m = format.NoLongerFits(p.ID, why)
			return errSaid
		}
		a.Accepted = append(slices.Clone(a.Accepted), p)
		return nil
	})
	if err != nil {
		return c.saidOr(m, err)
	}
	c.Log.Info("proposed check decided", zap.String("check", p.ID), zap.String("by", p.By), zap.String("decided_by", e.User), zap.Bool("accepted", accept))
	kind := incident.Declined
	if accept {
		kind = incident.Accepted
	}
	c.record(ctx, incident.Event{At: now, Kind: kind, By: e.User, Name: name}, p)
	if err := c.ask(ctx, now, 2, p, check, accept); err != nil {
		c.Log.Error("decision not put into the outbox", zap.Error(err))
	}
	return format.Decision(p.ID, accept, e.Command)
}

// record writes down what became of an added check: on the timeline of every
// open incident that is about its product, else on the desk. What was decided
// stands and runs already, so a failure costs the record alone and is logged.
func (c *Commands) record(ctx context.Context, e incident.Event, p Proposed) {
	e.Product, e.Check, e.Proposer, e.ProposerName = p.Product, p.ID, p.By, p.ByName
	ids := []string{}
	for _, inc := range c.Board.Log().Incidents {
		if inc.Open() && inc.About(p.Product) {
			ids = append(ids, inc.ID)
		}
	}
	if len(ids) == 0 {
		ids = append(ids, incident.DeskID)
	}
	for _, id := range ids {
		e.Incident = id
		_, err := c.Ledger.Write(ctx, func(incident.Log) (incident.Event, error) { return e, nil })
		if err != nil {
			c.Log.Error("what became of an added check is not written down", zap.String("check", p.ID), zap.String("kind", string(e.Kind)), zap.String("log", id), zap.Error(err))
		}
	}
}

// saidOr is the answer after a change that did not happen.
func (c *Commands) saidOr(m format.Message, err error) format.Message {
	if errors.Is(err, errSaid) {
		return m
	}
	c.Log.Error("added checks not changed", zap.Error(err))
	return format.Failed()
}

// remove ends an added check.
func (c *Commands) remove(ctx context.Context, e Envelope, said string) format.Message {
	if c.Adding == nil {
		return format.NotAdded(said, "", nil)
	}
	var gone Proposed
	var there []string
	err := c.Adding.Change(ctx, func(a *Proposals) error {
		there = nil
		for _, p := range a.Accepted {
			there = append(there, p.ID)
		}
		i := slices.IndexFunc(a.Accepted, func(p Proposed) bool { return strings.EqualFold(p.ID, said) })
		if i < 0 {
			return errSaid
		}
		gone = a.Accepted[i]
		a.Accepted = slices.Delete(slices.Clone(a.Accepted), i, i+1)
		return nil
	})
	if err != nil {
		return c.saidOr(format.NotAdded(said, fileOf(c.Board.Definition(), said), there), err)
	}
	c.Log.Info("added check removed", zap.String("check", gone.ID), zap.String("by", e.User))
	c.record(ctx, incident.Event{At: c.Now(), Kind: incident.Removed, By: e.User, Name: c.called(ctx, e)}, gone)
	return format.Removed(gone.ID)
}

// fileOf is the file that defines a check; empty if none does.
func fileOf(def status.Definition, id string) string {
	for _, ch := range def.Checks {
		if strings.EqualFold(ch.ID, id) && ch.Added == nil {
			return ch.Source.String()
		}
	}
	return ""
}

// typed are the checks as they were typed.
func typed(list []Proposed) []checks.Proposal {
	out := make([]checks.Proposal, len(list))
	for i, p := range list {
		out[i] = p.Proposal
	}
	return out
}

// export shows the added checks as a file.
func (c *Commands) export(ctx context.Context, e Envelope) format.Message {
	if c.Adding == nil {
		return format.Export("", 0, e.Command)
	}
	kept, err := c.Adding.Kept(ctx)
	text := ""
	if err == nil {
		text, err = c.Adding.YAML(typed(kept.Accepted))
	}
	if err != nil {
		return c.saidOr(format.Failed(), err)
	}
	return format.Export(text, len(kept.Accepted), e.Command)
}
