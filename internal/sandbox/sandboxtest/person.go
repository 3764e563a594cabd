package sandboxtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A story is told by people in a workspace:
//
//	ws := sandboxtest.In(t, client)
//	ana := ws.As("ana")
//	ana.Channel("incident-demo").Type("/status billing").Ephemeral("Billing is degraded").Click("Mark an action")
//	ana.Modal("Mark an action").Fill("What was tried?", "restarted lb-3").Submit()
//	ws.As("ben").Channel("incident-demo").Sees("restarted lb-3").Reply("@statusbot cause")
//	ana.Home().Says("Your watches").Click("Unwatch Billing")
//	ana.DM().Type("help").Says("What clients feel")
//
// What is not there yet is waited for, up to Patience; what does not come ends
// the test and says what is there instead. Things are named as a person sees
// them: a button by its label, an input by its label, an option by its text.
// An action_id, block_id or value does as well.

// Patience is how long a person waits for anything. What comes costs no time.
const Patience = time.Minute

// World is a workspace in a test.
type World struct {
	t testing.TB
	c Client
}

// In looks at the workspace that c speaks to.
func In(t testing.TB, c Client) World { return World{t, c} }

// As is one person's view of the workspace.
func (w World) As(name string) Person { return Person{w, name} }

// Person is somebody in the workspace.
type Person struct {
	World
	name string
}

func (p Person) patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.t.Context(), Patience)
}

// do runs one step and ends the test if it fails.
func (p Person) do(what string, step func(context.Context) error) {
	p.t.Helper()
	ctx, cancel := p.patience()
	defer cancel()
	if err := step(ctx); err != nil {
		p.t.Fatalf("%s: %s: %v", p.name, what, err)
	}
}

// Channel is a channel as the person sees it.
func (p Person) Channel(name string) Conversation { return Conversation{p, name, "", ""} }

// DM is the person's direct conversation with the bot.
func (p Person) DM() Conversation { return Conversation{p, "@statusbot", "", ""} }

// Conversation is where a person reads and types.
type Conversation struct {
	Person
	channel string
	thread  string // ts of the root; "" is the channel itself
	after   string // messages up to this one are not looked at
}

// Type sends a line and waits until the app has taken it, or failed to.
func (cv Conversation) Type(text string) Reply {
	cv.t.Helper()
	cv.after = cv.newest()
	r := Reply{Conversation: cv}
	cv.do(fmt.Sprintf("type %q in %s", text, cv.channel), func(ctx context.Context) (err error) {
		r.Answer, err = cv.c.Reply(ctx, cv.channel, cv.name, cv.thread, text, false)
		return err
	})
	return r
}

func (cv Conversation) newest() (ts string) {
	cv.t.Helper()
	cv.do("read "+cv.channel, func(ctx context.Context) error {
		list, err := cv.c.Messages(ctx, cv.channel, cv.name)
		for _, m := range list {
			if number(m.TS) > number(ts) {
				ts = m.TS
			}
		}
		return err
	})
	return ts
}

func number(ts string) float64 {
	n, _ := strconv.ParseFloat(ts, 64) // "" is before everything
	return n
}

// Sees waits for a message with all these words; of several it is the newest.
func (cv Conversation) Sees(words ...string) Seen {
	cv.t.Helper()
	return cv.sees("", words, func(Message) bool { return true })
}

func (cv Conversation) sees(kind string, words []string, ok func(Message) bool) Seen {
	cv.t.Helper()
	var found Message
	cv.do(fmt.Sprintf("see %s%q in %s", kind, words, cv.channel), func(ctx context.Context) (err error) {
		found, err = cv.c.WaitMessage(ctx, cv.channel, cv.name, func(m Message) bool {
			return !m.Deleted && number(m.TS) > number(cv.after) && (cv.thread == "" || m.ThreadTS == cv.thread) && has(Words(m), words) && ok(m)
		})
		return err
	})
	return Seen{cv, found}
}

func has(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// Reply is what came of a line.
type Reply struct {
	Conversation
	Answer Answer
}

// Says waits for what the app answered, to whomever.
func (r Reply) Says(words ...string) Seen {
	r.t.Helper()
	return r.sees("the answer ", words, func(m Message) bool { return m.BotID != "" })
}

// Ephemeral waits for what the app answered to this person alone.
func (r Reply) Ephemeral(words ...string) Seen {
	r.t.Helper()
	return r.sees("the ephemeral answer ", words, func(m Message) bool { return m.BotID != "" && m.Ephemeral })
}

// Public waits for what the app answered to everybody.
func (r Reply) Public(words ...string) Seen {
	r.t.Helper()
	return r.sees("the public answer ", words, func(m Message) bool { return m.BotID != "" && !m.Ephemeral })
}

// Fails checks that Slack told the person of a failure with this code.
func (r Reply) Fails(code string) Seen {
	r.t.Helper()
	if r.Answer.Error != code {
		r.t.Fatalf("%s: the line came to %+v, want the error %s", r.name, r.Answer, code)
	}
	return r.sees("Slack's line ", nil, func(m Message) bool { return m.Error })
}

// Seen is a message before a person's eyes.
type Seen struct {
	Conversation
	Message Message
}

// Says waits until this same message has these words, and is shown as it is
// then.
func (s Seen) Says(words ...string) Seen {
	s.t.Helper()
	s.do(fmt.Sprintf("see %q in message %s", words, s.Message.TS), func(ctx context.Context) (err error) {
		s.Message, err = s.c.WaitMessage(ctx, s.channel, s.name, func(m Message) bool { return m.TS == s.Message.TS && !m.Deleted && has(Words(m), words) })
		return err
	})
	return s
}

// Click presses the button with that label.
func (s Seen) Click(label string) Conversation {
	s.t.Helper()
	return s.Choose(label, "")
}

// Choose takes an option of the menu with that label.
func (s Seen) Choose(label, option string) Conversation {
	s.t.Helper()
	s.Conversation.after, s.Conversation.thread = s.newest(), ""
	s.do(fmt.Sprintf("use %q of message %q", label, Words(s.Message)), func(ctx context.Context) error {
		var blocks []map[string]any
		if err := json.Unmarshal(or(s.Message.Blocks, json.RawMessage("[]")), &blocks); err != nil {
			return err
		}
		el, err := find(blocks, label)
		if err != nil {
			return err
		}
		value, err := s.value(ctx, el, Menu{Channel: s.channel, TS: s.Message.TS}, option)
		if err != nil {
			return err
		}
		a, err := s.c.Action(ctx, s.channel, s.name, s.Message.TS, el.action, value)
		return failed(a, err)
	})
	return s.Conversation
}

// Shortcut chooses the app's shortcut with that callback_id in the message's
// menu.
func (s Seen) Shortcut(callbackID string) Conversation {
	s.t.Helper()
	s.Conversation.after, s.Conversation.thread = s.newest(), ""
	s.do("choose the shortcut "+callbackID, func(ctx context.Context) error {
		a, err := s.c.Shortcut(ctx, s.channel, s.name, s.Message.TS, callbackID)
		return failed(a, err)
	})
	return s.Conversation
}

// Thread is the thread under the message.
func (s Seen) Thread() Conversation {
	s.Conversation.thread, s.Conversation.after = s.Message.TS, ""
	if s.Message.ThreadTS != "" {
		s.Conversation.thread = s.Message.ThreadTS
	}
	return s.Conversation
}

// Reply types a line in the message's thread.
func (s Seen) Reply(text string) Reply {
	s.t.Helper()
	return s.Thread().Type(text)
}

// React puts an emoji on the message.
func (s Seen) React(name string) {
	s.t.Helper()
	s.do("react with "+name, func(ctx context.Context) error {
		_, err := s.c.React(ctx, s.channel, s.name, s.Message.TS, name, false) // that the app hears of it nobody sees
		return err
	})
}

// value is what is sent for what a person chooses. Where the app gives the
// options they are asked for by the option's text.
func (p Person) value(ctx context.Context, el control, at Menu, option string) (string, error) {
	if kind, _ := el.attrs["type"].(string); !strings.HasSuffix(kind, "external_select") {
		return el.value(option)
	}
	at.User, at.Action = p.name, el.action
	got, err := p.c.Suggest(ctx, at, option)
	if err != nil {
		return "", err
	}
	if got.Error != "" {
		return "", fmt.Errorf("the app offers no options: %s %q", got.Error, got.Problems)
	}
	return control{attrs: map[string]any{"options": got.Options}}.option(option)
}

func failed(a Answer, err error) error {
	if err == nil && a.Error != "" {
		return fmt.Errorf("the app failed: %s %q", a.Error, a.Problems)
	}
	return err
}

func or[T ~[]byte](v, otherwise T) T {
	if len(v) == 0 {
		return otherwise
	}
	return v
}

// Modal waits for the modal with that title on top of the person's screen.
func (p Person) Modal(title string) Modal {
	p.t.Helper()
	m := Modal{Person: p, values: map[string]string{}}
	p.do(fmt.Sprintf("see the modal %q", title), func(ctx context.Context) error {
		last := "no modal"
		err := p.c.wait(ctx, func() (bool, error) {
			open, _, err := p.c.Views(ctx, p.name)
			if err != nil || len(open) == 0 {
				return false, err
			}
			m.View = open[len(open)-1]
			last = fmt.Sprintf("the modal %q", wordsOf(m.View.Shown.Title))
			return wordsOf(m.View.Shown.Title) == title, nil
		})
		if err != nil {
			return fmt.Errorf("%w; there is %s", err, last)
		}
		return nil
	})
	return m
}

// NoModal waits until the person has no modal open.
func (p Person) NoModal() {
	p.t.Helper()
	p.do("see no modal", func(ctx context.Context) error {
		return p.c.wait(ctx, func() (bool, error) {
			open, _, err := p.c.Views(ctx, p.name)
			return len(open) == 0, err
		})
	})
}

// Modal is an open modal and what the person has filled in.
type Modal struct {
	Person
	View   View
	values map[string]string
}

// Says waits until the modal has these words.
func (m Modal) Says(words ...string) Modal {
	m.t.Helper()
	m.View = m.until(m.View.ID, words)
	return m
}

// until waits for a view of that id with these words.
func (p Person) until(id string, words []string) (v View) {
	p.t.Helper()
	p.do(fmt.Sprintf("see %q in a view", words), func(ctx context.Context) error {
		last := "no such view"
		err := p.c.wait(ctx, func() (bool, error) {
			open, home, err := p.c.Views(ctx, p.name)
			if home != nil {
				open = append(open, *home)
			}
			for _, o := range open {
				if o.ID == id || (id == "" && o.Shown.Type == "home") {
					v = o
					last = wordsOf(v.Shown.Blocks)
					return has(last, words), err
				}
			}
			return false, err
		})
		if err != nil {
			return fmt.Errorf("%w; there is %q", err, last)
		}
		return nil
	})
	return v
}

// Fill puts something into the input with that label: text, an option's text,
// several with commas, a date, a person's name.
func (m Modal) Fill(label, value string) Modal {
	m.t.Helper()
	m.do(fmt.Sprintf("fill in %q", label), func(ctx context.Context) error {
		el, err := find(m.View.Shown.Blocks, label)
		if err != nil {
			return err
		}
		if value != "" {
			if value, err = m.value(ctx, el, Menu{View: m.View.ID}, value); err != nil {
				return err
			}
		}
		m.values[el.block+"."+el.action] = value
		return nil
	})
	return m
}

// Click presses a button in the modal.
func (m Modal) Click(label string) Modal {
	m.t.Helper()
	m.do(fmt.Sprintf("press %q in a modal", label), func(ctx context.Context) error { return m.use(ctx, m.View, label, "", m.values) })
	return m
}

func (p Person) use(ctx context.Context, v View, label, option string, values map[string]string) error {
	el, err := find(v.Shown.Blocks, label)
	if err != nil {
		return err
	}
	value, err := p.value(ctx, el, Menu{View: v.ID}, option)
	if err != nil {
		return err
	}
	a, err := p.c.ViewAction(ctx, p.name, v.ID, el.action, value, values)
	return failed(a, err)
}

// Submit presses the submit button, and wants it to be taken.
func (m Modal) Submit() {
	m.t.Helper()
	m.do("submit the modal", func(ctx context.Context) error {
		a, err := m.c.Submit(ctx, m.name, m.View.ID, m.values)
		if err == nil && len(a.Errors) > 0 {
			return fmt.Errorf("the modal says %v", a.Errors)
		}
		return failed(a, err)
	})
}

// Refused presses the submit button, and wants these words at the input with
// that label.
func (m Modal) Refused(label, words string) Modal {
	m.t.Helper()
	m.do("submit the modal", func(ctx context.Context) error {
		el, err := find(m.View.Shown.Blocks, label)
		if err != nil {
			return err
		}
		a, err := m.c.Submit(ctx, m.name, m.View.ID, m.values)
		if err := failed(a, err); err != nil {
			return err
		}
		if !strings.Contains(a.Errors[el.block], words) {
			return fmt.Errorf("at %q the modal says %q, want %q (all it says: %v)", label, a.Errors[el.block], words, a.Errors)
		}
		return nil
	})
	return m
}

// Close closes the modal without submitting.
func (m Modal) Close() {
	m.t.Helper()
	m.do("close the modal", func(ctx context.Context) error {
		a, err := m.c.CloseModal(ctx, m.name, m.View.ID, false)
		return failed(a, err)
	})
}

// Home opens the app's home and waits for what the app publishes there.
func (p Person) Home() Home {
	p.t.Helper()
	p.do("open the home", func(ctx context.Context) error {
		_, err := p.c.OpenHome(ctx, p.name, "home")
		return err
	})
	return Home{p, p.until("", nil)}
}

// Home is the app's home tab.
type Home struct {
	Person
	View View
}

// Says waits until the home has these words.
func (h Home) Says(words ...string) Home {
	h.t.Helper()
	h.View = h.until("", words)
	return h
}

// Click presses a button of the home.
func (h Home) Click(label string) Home {
	h.t.Helper()
	return h.Choose(label, "")
}

// Choose takes an option of a menu of the home.
func (h Home) Choose(label, option string) Home {
	h.t.Helper()
	h.do(fmt.Sprintf("use %q of the home", label), func(ctx context.Context) error { return h.use(ctx, h.View, label, option, nil) })
	return h
}
