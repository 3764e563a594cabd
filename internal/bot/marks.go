package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// mark writes down that somebody tried something, now or at a time that they
// say.
func (c *Commands) mark(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	done, text, wrong := c.doneWhen(ctx, now, e, said, "mark")
	if wrong != nil {
		return *wrong
	}
	snap, was := c.Board.Snapshot(now), c.longAgo(ctx, now, e.Channel, done)
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		m := incident.ToMark{By: e.User, Channel: e.Channel, Text: text, Done: done, Thread: e.within()}
		inc, _ := log.MarkIn(now, e.Channel)
		if inc.ID == was.ID {
			inc = was
		}
		m.Products, m.Since = hurtWhen(snap, inc, done)
		return log.DoMark(now, m)
	})
	if err != nil {
		return c.refused(e, err)
	}
	facts := format.MarkedFacts{Mark: ev, Now: now, Timezone: c.Board.Definition().Timezone, Command: e.Command, Window: snap.Window}
	if inc, _ := c.Board.Log().Find(ev.Incident); !inc.Open() && !inc.EndedAt.IsZero() {
		facts.Until = inc.EndedAt.Add(incident.MarkAfter)
	}
	return format.Marked(facts)
}

// longAgo is a channel's incident that can be marked, where what it was like when
// an action was done is not at hand any more; one without an id where it is.
func (c *Commands) longAgo(ctx context.Context, now time.Time, channel string, done time.Time) incident.Incident {
	inc, ok := c.Board.Log().MarkIn(now, channel)
	if !ok || done.IsZero() || inc.Reaches(done) {
		return incident.Incident{}
	}
	ctx, cancel := bounded(ctx, wholeBound)
	defer cancel()
	inc, err := c.Lookups.whole(ctx, inc, done, c.Log)
	if err != nil {
		c.Log.Warn("what was hurt when a mark was made is not known", zap.String("incident", inc.ID), zap.Error(err))
	}
	return inc
}

// hurtWhen is what was hurt when an action was done, and from when on it is
// compared.
func hurtWhen(snap status.Snapshot, inc incident.Incident, done time.Time) (products []string, since time.Time) {
	snap = snap.Of(inc.Products)
	if done.IsZero() {
		return snap.HurtNow()
	}
	return snap.HurtAt(done, inc.LevelsAt(done))
}

// unmark withdraws a mark of who asks: the last, or that of a number.
func (c *Commands) unmark(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	number, rest := markNumber(strings.Join(without(strings.Fields(said), lastMark), " "), nil)
	if rest != "" {
		return format.HowToUnmark(e.Command)
	}
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoWithdraw(now, e.User, e.Channel, number)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Unmarked(ev.Mark, ev.Text, e.Command)
}

// lastMark are words for one's last mark, which is meant without a number.
var lastMark = append([]string{"last", "the", "one", "mark", "my", "that", "it"}, polite...)

// correct has a mark say something else.
func (c *Commands) correct(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	number, rest := markNumber(meantMark(said), c.marksOf(now, e))
	done, text, wrong := c.doneWhen(ctx, now, e, rest, "correct")
	if wrong != nil {
		return *wrong
	}
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoCorrect(now, incident.ToMark{By: e.User, Channel: e.Channel, Text: text, Done: done}, number)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Corrected(format.MarkedFacts{Mark: ev, Now: now, Timezone: c.Board.Definition().Timezone, Command: e.Command})
}

// marksOf are the numbers of the marks that a person may change in a channel.
func (c *Commands) marksOf(now time.Time, e Envelope) (of []int) {
	inc, _ := c.Board.Log().MarkIn(now, e.Channel)
	for _, m := range inc.Marks {
		if (m.By == e.User || m.Outside()) && m.Stands() {
			of = append(of, m.Mark)
		}
	}
	return of
}

// meantMark leaves out what people say around the number of a mark: "mark 1 to ...",
// "my last mark: ...".
func meantMark(said string) string {
	words := strings.Fields(said)
	n := 0
	for n < len(words) && slices.Contains([]string{"my", "the", "last", "mark", "number", "no", "nr"}, strings.ToLower(bare(words[n]))) {
		n++
	}
	if n > 0 && !slices.ContainsFunc(words[:n], func(w string) bool {
		return slices.Contains([]string{"mark", "number", "no", "nr"}, strings.ToLower(bare(w)))
	}) {
		return said // "the last node restarted"
	}
	return strings.Join(words[n:], " ")
}

// markNumber reads "#2 restarted lb-4": the number of a mark, and the rest. Without the
// sign a number that something follows is one only if it is of some marks: "2 nodes
// restarted" says what was done.
func markNumber(said string, of []int) (int, string) {
	first, rest, more := strings.Cut(strings.TrimSpace(said), " ")
	digits := strings.TrimPrefix(first, "#")
	n, err := strconv.Atoi(strings.TrimRight(digits, ":,."))
	if err != nil || n <= 0 || digits == first && more && !slices.Contains(of, n) {
		return 0, said
	}
	rest = strings.TrimSpace(rest)
	for _, lead := range []string{"to say ", "to ", "as ", ": ", "- "} {
		if len(rest) > len(lead) && strings.EqualFold(rest[:len(lead)], lead) {
			return n, strings.TrimSpace(rest[len(lead):])
		}
	}
	return n, rest
}

func (c *Commands) note(ctx context.Context, now time.Time, e Envelope, text string) format.Message {
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoNote(now, e.User, e.Channel, text)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Noted(ev.Text, e.Command)
}

func (c *Commands) pause(ctx context.Context, now time.Time, e Envelope, pause bool) format.Message {
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.Pause(now, e.User, e.Channel, pause)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Paused(pause, e.Command)
}

// step walks the cadence one step.
func (c *Commands) step(ctx context.Context, now time.Time, e Envelope, moreOften bool) format.Message {
	inc, ok := c.Board.Log().In(e.Channel)
	if !ok {
		return c.setEvery(ctx, now, e, 0) // refused with its sentence
	}
	every := incident.Step(inc.Every, moreOften)
	if every == inc.Every {
		return format.CadenceKept(every, moreOften, e.Command)
	}
	return c.setEvery(ctx, now, e, every)
}

// productOf is the one product that words name; a sentence in which it stands
// does not.
func productOf(def status.Definition, said string) (status.Product, bool) {
	f := find(def, strings.Fields(said))
	n, ok := f.one()
	return n.product, ok && n.check.ID == "" && !f.loose
}

// productsOf are the products that words name: one, or several one behind the
// other; what does not name them all names none.
func productsOf(def status.Definition, said string) ([]string, bool) {
	if p, ok := productOf(def, said); ok {
		return []string{p.ID}, true
	}
	f := bookOf(def).several(keyedAll(leftOf(withoutEmoji(said), fillers)))
	var ids []string
	for _, n := range f.all {
		ids = append(ids, n.product.ID)
	}
	return ids, len(ids) > 0
}

// meansAll reports whether words mean everything together.
func meansAll(said string) bool {
	words := leftOf(wordsOf(said), fillers)
	return len(words) > 0 && len(leftOf(words, everything)) == 0
}

// which answers a command that names no product, or more than one.
func (c *Commands) which(e Envelope, verb, said string) format.Message {
	return c.whichOf(e, verb, said, "")
}

// whichOf is which, with what followed in each command that is named: "for 1h moving it".
func (c *Commands) whichOf(e Envelope, verb, said, then string) format.Message {
	def := c.Board.Definition()
	f := find(def, strings.Fields(said))
	if len(f.all) > 1 {
		var ids []string
		for _, n := range f.all {
			ids = append(ids, strings.Join(strings.Fields(n.product.ID+" "+n.check.ID+" "+then), " "))
		}
		return format.WhichOf(e.Command, verb, said, ids)
	}
	nearest := ""
	if len(f.all) == 1 {
		nearest = strings.TrimSpace(f.all[0].product.ID)
	} else if utf8.RuneCountInString(said) >= leastMistyped {
		nearest = meant(def, said, nil)
	}
	return format.Which(e.Command, verb, said, nearest, def.Products)
}

// about splits "Log-ins fail for Billing, Search" into a title and the
// products that are meant. Behind "for" may stand a part of the title as well:
// products are meant only if each of them exists; wrong is the one that does
// not when others do.
func about(def status.Definition, said string) (title string, products []string, wrong string) {
	words := strings.Fields(said)
	for i := len(words) - 1; i >= 0; i-- {
		if !strings.EqualFold(words[i], "for") {
			continue
		}
		list := strings.Join(words[i+1:], " ")
		if p, ok := def.FindProduct(list); ok {
			return strings.Join(words[:i], " "), []string{p.ID}, ""
		}
		for _, part := range strings.FieldsFunc(strings.ReplaceAll(list, " and ", ","), func(r rune) bool { return r == ',' }) {
			if p, ok := def.FindProduct(strings.TrimSpace(part)); ok {
				products = append(products, p.ID)
			} else {
				wrong = strings.TrimSpace(part)
			}
		}
		if len(products) > 0 {
			return strings.Join(words[:i], " "), products, wrong
		}
		break
	}
	return said, nil, ""
}

// openMarkForm asks what was done; false when Slack shows no form, so that the
// person is told what to type.
func (c *Commands) openMarkForm(ctx context.Context, e Envelope) bool {
	if e.trigger == "" {
		return false
	}
	err := c.API.openForm(ctx, e.trigger, format.MarkForm(strings.TrimSpace(e.Channel+" "+e.Command+" "+e.within()), e.Text, c.Board.Definition().Window))
	if err != nil {
		c.Log.Warn("form not opened", zap.String("user", e.User), zap.Error(err))
	}
	return err == nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
