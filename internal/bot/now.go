package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/status"
)

// probeBound is how long somebody who asked for a probe is waiting: longer
// than most time-outs, shorter than response_url lives.
const probeBound = 2 * time.Minute

// asked is what a person wants to have probed.
type asked struct {
	product status.Product
	checks  []checks.Check // none when the product has none
}

// wanted returns what an envelope asks to have probed; false when it asks for
// something else, or names nothing that exists.
func (c *Commands) wanted(e Envelope) (asked, bool) {
	a, ok := c.meant(e)
	// What reports by itself cannot be asked.
	a.checks = slices.DeleteFunc(a.checks, func(ch checks.Check) bool { return ch.Passive })
	return a, ok
}

// meant is wanted with every check.
func (c *Commands) meant(e Envelope) (asked, bool) {
	def := c.Board.Definition()
	if e.Kind == blockAction {
		kind, id, _ := strings.Cut(e.Value, ":")
		switch {
		case e.Action != format.ActionNow:
		case kind == "product":
			return ofProduct(def, id)
		case kind == "check":
			return ofCheck(def, "", id)
		}
		return asked{}, false
	}
	r := parse(e.Text)
	if r.verb != verbNow {
		return asked{}, false
	}
	n, ok := find(def, r.words).one()
	switch {
	case !ok:
		return asked{}, false
	case n.check.ID != "":
		return asked{product: n.product, checks: []checks.Check{n.check}}, true
	}
	return ofProduct(def, n.product.ID)
}

func ofProduct(def status.Definition, said string) (asked, bool) {
	p, ok := def.FindProduct(said)
	a := asked{product: p}
	for _, ch := range def.Checks {
		if ok && ch.Product == p.ID {
			a.checks = append(a.checks, ch)
		}
	}
	return a, ok
}

// ofCheck finds a check of a product; an empty product means any.
func ofCheck(def status.Definition, product, check string) (asked, bool) {
	p, named := def.FindProduct(product)
	if product != "" && !named {
		return asked{}, false
	}
	for _, ch := range def.Checks {
		if strings.EqualFold(ch.ID, check) && (!named || ch.Product == p.ID) {
			p, _ = def.FindProduct(ch.Product)
			return asked{product: p, checks: []checks.Check{ch}}, true
		}
	}
	return asked{}, false
}

// probe is the errand of an envelope: it probes, waits, and answers.
func (c *Commands) probe(ctx context.Context, e Envelope, a asked) {
	ctx, cancel := context.WithTimeout(ctx, probeBound)
	defer cancel()
	ids := make([]string, len(a.checks))
	for i, ch := range a.checks {
		ids[i] = ch.ID
	}
	var results []checks.Result
	from := c.Lookups.Probe(ctx, ids)
	for waiting := true; waiting; {
		select {
		case r, ok := <-from:
			if waiting = ok; ok {
				results = append(results, r)
			}
		case <-ctx.Done():
			waiting = false
		}
	}
	m := format.Probed(a.product, a.checks, results, c.Board.Definition().Timezone, c.Now())
	saying, done := bounded(context.WithoutCancel(ctx), ackBound)
	defer done()
	if err := c.follow(saying, e, e.Kind == blockAction && e.Ephemeral, m); err != nil {
		c.Log.Warn("results of a probe not delivered", zap.String("product", a.product.ID), zap.Error(err))
	}
}

// checkOf is how a check of a product is; an empty product means any.
func checkOf(board *status.Board, now time.Time, product, check string) (format.Message, bool) {
	def := board.Definition()
	a, ok := ofCheck(def, product, check)
	if !ok {
		return format.Message{}, false
	}
	d, _ := board.Drill(now, a.product.ID)
	for _, cs := range d.Checks {
		if cs.Check.ID == a.checks[0].ID {
			return format.Check(cs, def.Timezone, now), true
		}
	}
	return format.Message{}, false // unreachable unless the definition changed meanwhile
}
