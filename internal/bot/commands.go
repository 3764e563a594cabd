package bot

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/lazy"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/spelling"
	"github.com/statusbot/statusbot/internal/status"
)

// Commands answers what people ask, from the Board. It implements the answer
// of a Dispatcher.
type Commands struct {
	Board *status.Board
	Name  string           // of the slash command, for hints under a button; with its slash
	Now   func() time.Time // the wall clock
	Log   *zap.Logger

	Lookups Lookups // what answers need beside the Board
	Itself  Itself  // what is told of statusbot itself

	// What is written down, and with which cadence an incident begins.
	Ledger *publish.Ledger
	Every  func() time.Duration

	// Slack.
	API    *API
	Outbox Outbox
	Access *Access // says who may do what; nil lets everybody do everything
	zones  zones   // of people who asked since when
	shared once    // what is shared with channels

	Adding *Adding // has checks added while statusbot runs; nil: none can be
	Home   *Home   // nil: the app's home stays empty
}

// Answer answers one envelope and acks it.
func (c *Commands) Answer(ctx context.Context, e Envelope) {
	e.Command = cmp.Or(e.Command, c.Name)
	if e.Channel == "" { // what is done in a form is done where it was asked for
		at := append(strings.Fields(e.View.Metadata), "", "", "")
		e.Channel, e.Command, e.Thread = at[0], cmp.Or(at[1], e.Command), at[2]
	}
	if e.Kind == menuTyped {
		c.suggest(ctx, e)
		return
	}
	e.Text = c.heard(ctx, e)
	if e.Kind != slashCommand && e.Kind != formSubmitted {
		c.take(ctx, e)
	}
	if e.Kind == reacted {
		c.react(ctx, e)
		return
	}
	m, barred := c.Access.refuse(ctx, e, func() *format.Message { return c.line(e) })
	replace := false
	if gone, ok := c.gone(e); ok && !barred {
		m, barred = gone, true
	}
	switch {
	case barred && !e.View.Home:
	case !barred && e.Kind == formSubmitted && e.View.Form == format.FormMark:
		m = c.mark(ctx, c.Now(), e, oneLine(e.View.Values["what"]))
	case !barred && e.Kind == blockAction && e.Action == format.ActionMark:
		if c.openMarkForm(ctx, e) {
			return
		}
		m = format.HowToMark(e.Command, c.Board.Definition().Window)
	case !barred && c.form(ctx, e):
		return
	case e.View.Home:
		c.atHome(ctx, e, m, barred)
		return
	case e.Kind == blockAction:
		m, replace = c.action(ctx, e)
	default:
		m = c.command(ctx, e)
	}
	err := c.deliver(ctx, e, c.Itself.whereCutOff(m, c.Now()), replace)
	if errand := c.errand(e); errand != nil && !barred && err == nil && !e.later(errand) {
		err = c.follow(ctx, e, false, format.Busy())
	}
	if err != nil {
		c.Log.Warn("answer not delivered", zap.String("user", e.User), zap.String("command", e.Command),
			zap.String("action", e.Action), zap.Error(err))
	}
}

// suggest gives the options of a menu of products, or of a product's checks,
// that is typed into; none to who may not read.
func (c *Commands) suggest(ctx context.Context, e Envelope) {
	var list format.Suggested
	_, barred := c.Access.refuse(ctx, e, func() *format.Message { return nil })
	switch {
	case barred:
	case e.Action == format.ActionProduct:
		list = format.ProductOptions(c.Board.Snapshot(c.Now()), e.Text)
	case e.Action == format.ActionCheck:
		if d, ok := c.Board.Drill(c.Now(), e.Value); ok {
			list = format.CheckOptions(d, e.Text)
		}
	}
	if err := e.suggest(ctx, list); err != nil {
		c.Log.Warn("options not given", zap.String("user", e.User), zap.Error(err))
	}
}

// errand is what an envelope asks for beyond its first answer; nil if nothing.
func (c *Commands) errand(e Envelope) func(ctx context.Context) {
	if a, ok := c.wanted(e); ok && len(a.checks) > 0 {
		return func(ctx context.Context) { c.probe(ctx, e, a) }
	}
	if inc, ok := c.reportWanted(e); ok {
		return func(ctx context.Context) { c.report(ctx, e, inc) }
	}
	return c.sourcesErrand(e)
}

// probing says that the answer follows, if there is something to probe.
func probing(a asked, e Envelope) format.Message {
	if len(a.checks) == 0 {
		return format.NothingToProbe(e.Command, a.product.Name)
	}
	return format.Probing(a.product, a.checks)
}

// command answers words.
func (c *Commands) command(ctx context.Context, e Envelope) format.Message {
	r := c.read(e)
	answer, ok := byVerb[r.verb]
	if !ok {
		return c.product(c.Now(), e, r)
	}
	ignored := r.ignored()
	switch {
	case ignored == "":
		return answer(c, ctx, c.Now(), e, r)
	case r.verb == "every":
		return format.AskEvery(e.Command, r.every, ignored)
	case r.verb == "maintenance":
		if what, span, ok := c.wantsMute(r.words); ok {
			return format.AskMute(e.Command, ignored, what, span)
		}
	case deeds[r.verb].act >= writes: // better asked than done to all that was meant for one
		product := ""
		if n, ok := find(c.Board.Definition(), without(r.words, []string{verbNow})).one(); ok {
			product = n.product.ID
		}
		verb := r.verb
		if verb == "severity" {
			verb += " " + bare(r.words[0])
		}
		return format.AskBack(e.Command, verb, ignored, product)
	}
	return format.Ignored(answer(c, ctx, c.Now(), e, r), r.verb, ignored)
}

// read reads the words of an envelope. What is in full the name of a product, of
// two words or more, is none of a command: "Report Builder".
func (c *Commands) read(e Envelope) request {
	return readWords(c.Board.Definition(), withoutCommand(e.Text, e.Command, c.Name))
}

func readWords(def status.Definition, text string) request {
	r := parse(text)
	if r.other != "" && slices.ContainsFunc(bookOf(def).products, func(e entry) bool { return slices.Contains(e.words(), keyed(r.other)) }) {
		return ofWords("product", unaddressed(strings.Fields(format.Typed(quotes.Replace(text)))))
	}
	if said := strings.Fields(strings.TrimSpace(quotes.Replace(text))); len(said) > 1 && r.verb != "product" && r.verb != "" {
		f := asWritten(def, strings.Join(said, " "))
		if len(f.all) == 0 {
			f = bookOf(def).exactly(keyedAll(wordsOf(strings.Join(said, " ")))) // "help desk" is "help-desk"
		}
		if len(f.all) == 1 && f.all[0].check.ID == "" {
			return ofWords("product", said)
		}
	}
	if alone := asWritten(def, verbNow); r.verb == verbNow && len(r.words) == 0 && len(alone.all) == 1 {
		return ofWords("product", []string{verbNow})
	}
	if r.verb == "since" && r.other != "" && !isTime(r.words) {
		return ofWords("product", append([]string{r.other}, r.words...))
	}
	if r.verb == "product" && asksDone(def, r.words) && !find(def, r.words).sure {
		return ofWords("timeline", nil)
	}
	if r.verb == "product" && isTime(trimmed(r.words, courtesies)) && len(find(def, r.words).all) == 0 {
		return ofWords("since", trimmed(r.words, courtesies))
	}
	return r
}

// now says that what is asked to be probed is being probed.
func (c *Commands) now(now time.Time, e Envelope, r request) format.Message {
	if a, ok := c.wanted(e); ok {
		return probing(a, e)
	}
	if r.rest == "" {
		return format.NothingToProbe(e.Command, "")
	}
	return c.product(now, e, r)
}

func (c *Commands) summary(now time.Time, e Envelope) format.Message {
	var open []incident.Incident
	if inc, ok := c.Board.Log().In(e.Channel); ok {
		open = append(open, inc)
	}
	snap := c.Board.Snapshot(now)
	m := format.Summary(format.SummaryFacts{Snapshot: snap, Open: open, Last: c.Board.Log().LastOver(), Command: e.Command, Quiet: c.quietIn(snap, open)})
	if c.Lookups.Announced != nil && c.Lookups.Announced(e.Channel) {
		m = format.Announced(m, snap.Blind, e.Command)
	}
	return c.Itself.howItIs(m, now)
}

// quietIn is the quiet that is told where updates of some incidents come; of all
// that are open where none do.
func (c *Commands) quietIn(snap status.Snapshot, here []incident.Incident) format.News {
	if len(here) == 0 {
		here = c.Board.Log().Open()
	}
	return format.QuietNow(snap, here, c.Board.Pooled)
}

// quietOn is the quiet of the incidents that are open.
func quietOn(board *status.Board, now time.Time) format.News {
	open := board.Log().Open()
	if !slices.ContainsFunc(open, func(inc incident.Incident) bool { return !inc.QuietAt.IsZero() }) {
		return format.News{} // no snapshot is needed
	}
	return format.QuietNow(board.Snapshot(now), open, board.Pooled)
}

// line is the summary in a channel where updates come, nil elsewhere.
func (c *Commands) line(e Envelope) *format.Message {
	if _, ok := c.Board.Log().In(e.Channel); !ok {
		return nil
	}
	m := c.summary(c.Now(), e)
	return &m
}

// product answers everything that is no verb: a product, a product and one of
// its checks, a check, several to choose from, or else the nearest thing that
// exists.
func (c *Commands) product(now time.Time, e Envelope, r request) format.Message {
	def := c.Board.Definition()
	what, f := senseOf(def, r)
	switch what {
	case sensesOnCall:
		if f.aside.order != "" {
			return format.NobodyCalled(c.whoIsOnCall(now, e, nil))
		}
		return c.whoIsOnCall(now, e, r.words)
	case sensesHelp:
		_, open := c.Board.Log().In(e.Channel)
		return format.Help(e.Command, open)
	case sensesGreeting:
		return format.Greeting(e.Command, def.Products)
	case sensesList:
		return format.List(e.Command, def.Products)
	case sensesPart:
		return c.part(now, e, f)
	case sensesSuspect:
		return format.Suspected(format.Cause(c.Board.Snapshot(now), def), c.Board.Snapshot(now), f.part, f.rest)
	case sensesCause:
		return format.Cause(c.Board.Snapshot(now), def)
	case sensesChecks:
		return allSources(c.Board, c.API, c.Itself, now)
	case sensesVersion, sensesPage:
		return c.ofBot(e, what)
	case sensesWord:
		return format.Meaning(f.rest, e.Command)
	case sensesAll:
		return f.aside.in(c.summary(now, e), e.Command, status.Product{}, c.Itself.page())
	case sensesNoCheck:
		return noCheck(e, def, f)
	case sensesSome:
		return format.Choose(e.Command, r.rest, choices(f.all))
	case sensesOne:
		if id := f.all[0].check.ID; id != "" {
			if m, ok := checkOf(c.Board, now, "", id); ok {
				return m
			}
		}
		m, _ := c.drill(now, e, f.all[0].product.ID)
		return f.aside.in(m, e.Command, f.all[0].product, c.Itself.page())
	}
	return c.notUnderstood(e, r.rest)
}

// drill is the drill-down into a product as a person sees it in a channel; false
// when there is no such product.
func (c *Commands) drill(now time.Time, e Envelope, product string) (format.Message, bool) {
	d, ok := c.Board.Drill(now, product)
	if !ok {
		return format.Message{}, false
	}
	log := c.Board.Log()
	inc, _ := log.In(e.Channel)
	return format.Product(format.ProductFacts{Drill: d, Incident: inc, User: e.User, Watches: log.Desk.Watches[e.User], OnCall: c.Lookups.onCallFor(d.Owner), Quiet: quietOn(c.Board, now)}), true
}

func choices(all []named) []format.Choice {
	out := make([]format.Choice, len(all))
	for i, n := range all {
		out[i] = format.Choice{Product: n.product, Check: n.check}
	}
	return out
}

// noCheck says which checks a product has.
func noCheck(e Envelope, def status.Definition, f found) format.Message {
	p := f.all[0].product
	var known []string
	for _, ch := range def.Checks {
		if ch.Product == p.ID {
			known = append(known, ch.ID)
		}
	}
	nearest, _ := spelling.Nearest(f.rest, known)
	return format.NoCheck(e.Command, p, f.rest, nearest, known)
}

// leastMistyped is how many letters a word must have to be taken for a
// mistyped one: of three letters, two that are wrong leave nothing.
const leastMistyped = 4

func (c *Commands) notUnderstood(e Envelope, said string) format.Message {
	def := c.Board.Definition()
	return format.NotUnderstood(e.Command, said, meant(def, said, verbs), def.Products)
}

// meant is what may have been mistyped: one of some words, or else a product, a
// word of its name, or a check; empty when it is like none.
func meant(def status.Definition, said string, words []string) string {
	if verb := cmp.Or(intended(said), doneAt(said)); verb != "" {
		return verb
	}
	if utf8.RuneCountInString(said) < leastMistyped {
		words = nil
	}
	known := slices.Clone(words)
	for _, p := range def.Products {
		known = append(known, p.ID, p.Name)
	}
	for _, ch := range def.Checks {
		known = append(known, ch.ID)
	}
	if nearest, ok := spelling.Nearest(said, known); ok {
		return nearest
	}
	if at := strings.TrimSpace(bare(said)); fourFigures.MatchString(at) {
		return "since " + at[:2] + ":" + at[2:]
	}
	// A word of a name, or one within a sentence.
	short := leftOf(leftOf(withoutEmoji(said), fillers), states)
	for _, p := range def.Products {
		known = append(known, longWords(p.Name)...)
	}
	if len(short) == 1 && utf8.RuneCountInString(short[0]) >= leastMistyped {
		nearest, _ := spelling.Nearest(short[0], known[len(words):])
		return nearest
	}
	return ""
}

// fourFigures are a time of day without its colon; alone they may be something else.
var fourFigures = lazy.Compile(`^(?:[01]\d|2[0-3])[0-5]\d$`)

// longWords are the words of a name that can be mistyped.
func longWords(name string) []string {
	return slices.DeleteFunc(wordsOf(name), func(w string) bool { return utf8.RuneCountInString(w) < leastMistyped })
}

func (c *Commands) start(ctx context.Context, now time.Time, e Envelope, title string) format.Message {
	title, products, wrong := about(c.Board.Definition(), title)
	if wrong != "" {
		return c.which(e, "start TITLE for", wrong)
	}
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.Start(now, e.User, e.Channel, title, c.Every(), products...)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Started(ev.Every, e.Command)
}

func (c *Commands) stop(ctx context.Context, now time.Time, e Envelope) format.Message {
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.Stop(now, e.User, e.Channel, "")
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Stopped(e.Command)
}

func (c *Commands) setEvery(ctx context.Context, now time.Time, e Envelope, every time.Duration) format.Message {
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.SetEvery(now, e.User, e.Channel, every)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.CadenceSet(every, e.Command)
}

// called is what the person is called who did something: as Slack says with it, or
// when it is asked; empty where neither says it.
func (c *Commands) called(ctx context.Context, e Envelope) string {
	if e.Name != "" {
		return e.Name
	}
	return c.nameOf(ctx, e.User)
}

// write has an event written that a person asked for, with how they are called.
func (c *Commands) write(ctx context.Context, e Envelope, decide func(incident.Log) (incident.Event, error)) (incident.Event, error) {
	name := c.called(ctx, e)
	return c.Ledger.Write(ctx, func(log incident.Log) (incident.Event, error) {
		ev, err := decide(log)
		if ev.By == e.User {
			ev.Name = name
		}
		return withoutSecrets(ev), err
	})
}

// withoutSecrets takes what looks like a secret out of what somebody wrote: everybody
// reads it, for as long as the incident's log is kept. A slash command is seen by nobody
// else before.
func withoutSecrets(ev incident.Event) incident.Event {
	ev.Title, ev.Why, ev.Text = redact.Text(ev.Title), redact.Text(ev.Why), redact.Text(ev.Text)
	if ev.Each != nil {
		each := *ev.Each
		each.Why = redact.Text(each.Why)
		ev.Each = &each
	}
	return ev
}

// refused words why a wish was not granted.
func (c *Commands) refused(e Envelope, err error) format.Message {
	if r, ok := errors.AsType[*incident.Refusal](err); ok {
		return format.Refused(r, c.productCalled, e.Command)
	}
	c.Log.Error("command not written down", zap.String("command", e.Command), zap.String("text", e.Text), zap.Error(err))
	return format.Failed()
}
