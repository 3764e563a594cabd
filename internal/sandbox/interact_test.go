package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

func controls() []slack.Block {
	word := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, false, false) }
	menu := slack.NewOptionsSelectBlockElement("static_select", word("Product"), "product",
		slack.NewOptionBlockObject("billing", word("Billing"), nil), slack.NewOptionBlockObject("search", word("Search"), nil))
	return []slack.Block{slack.NewActionBlock("row", slack.NewButtonBlockElement("often", "more", word("More often")), menu)}
}

func TestButtonAndMenu(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	clicks := make(chan slack.InteractionCallback, 1)
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		cl.Ack(*ev.Request)
		clicks <- ev.Data.(slack.InteractionCallback)
	})
	ctx, cl := limit(t), api(w)
	_, ts, err := cl.PostMessageContext(ctx, incident, slack.MsgOptionText("choose", false), slack.MsgOptionBlocks(controls()...))
	check(t, err)

	answer, err := c.Action(ctx, "incident-demo", "ben", ts, "often", "")
	check(t, err)
	got := <-clicks
	a := got.ActionCallback.BlockActions[0]
	if !answer.Acked || a.ActionID != "often" || a.Value != "more" || a.BlockID != "row" || got.User.ID != "U0BEN0001" || got.Channel.ID != incident ||
		got.Container.MessageTs != ts || got.Message.Timestamp != ts || got.TriggerID == "" {
		t.Errorf("click %+v, callback %+v", a, got)
	}

	_, err = c.Action(ctx, "incident-demo", "ana", ts, "product", "search")
	check(t, err)
	got = <-clicks
	a = got.ActionCallback.BlockActions[0]
	if a.SelectedOption.Value != "search" || a.SelectedOption.Text.Text != "Search" || string(a.Type) != "static_select" {
		t.Errorf("selection %+v", a)
	}
	if v := got.BlockActionState; v == nil || v.Values["row"]["product"].SelectedOption.Value != "search" {
		t.Errorf("state %+v", v)
	}

	for _, bad := range [][3]string{{ts, "product", "payroll"}, {ts, "often", "less"}, {ts, "nothing", ""}, {"1.000001", "often", ""}} {
		if _, err := c.Action(ctx, "incident-demo", "ana", bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("action %q was accepted", bad)
		}
	}

	// The trigger opens one view, once.
	view := slack.ModalViewRequest{Type: slack.VTModal, Title: slack.NewTextBlockObject("plain_text", "Mark", false, false), Blocks: slack.Blocks{BlockSet: []slack.Block{section("x")}}}
	_, err = cl.OpenViewContext(ctx, got.TriggerID, view)
	check(t, err)
	_, err = cl.OpenViewContext(ctx, got.TriggerID, view)
	wantCode(t, err, "exchanged_trigger_id")
}

func TestEphemeralActionAndResponseURL(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	urls := make(chan string, 1)
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		if cb, ok := ev.Data.(slack.InteractionCallback); ok {
			if !cb.Container.IsEphemeral || cb.Message.Text != "only you" {
				t.Errorf("container %+v message %+v", cb.Container, cb.Message)
			}
			urls <- cb.ResponseURL
		} else {
			urls <- ev.Data.(slack.SlashCommand).ResponseURL
		}
		cl.Ack(*ev.Request)
	})
	ctx, cl := limit(t), api(w)
	ts, err := cl.PostEphemeralContext(ctx, incident, "U0BEN0001", slack.MsgOptionText("only you", false), slack.MsgOptionBlocks(controls()...))
	check(t, err)
	if _, err := c.Action(ctx, "incident-demo", "ana", ts, "often", ""); err == nil {
		t.Error("ana used an element that she cannot see")
	}
	_, err = c.Action(ctx, "incident-demo", "ben", ts, "often", "")
	check(t, err)
	url := <-urls

	respond := func(opts ...slack.MsgOption) error {
		_, _, err := cl.PostMessageContext(ctx, incident, opts...)
		return err
	}
	text := func(s string) slack.MsgOption { return slack.MsgOptionText(s, false) }
	check(t, respond(text("replaced"), slack.MsgOptionResponseURL(url, ""), slack.MsgOptionReplaceOriginal(url)))
	m, err := c.WaitMessage(ctx, "incident-demo", "ben", is(ts))
	check(t, err)
	if m.Text != "replaced" || !m.Ephemeral || m.Blocks != nil {
		t.Errorf("after replace_original: %+v", m)
	}
	check(t, respond(text("for all"), slack.MsgOptionResponseURL(url, slack.ResponseTypeInChannel)))
	_, err = c.WaitMessage(ctx, "incident-demo", "ana", func(m sandboxtest.Message) bool { return m.Text == "for all" && !m.Ephemeral })
	check(t, err)
	check(t, respond(slack.MsgOptionDeleteOriginal(url)))
	for i := range 2 {
		check(t, respond(text(fmt.Sprint("more ", i)), slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral)))
	}
	if err := respond(text("sixth"), slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral)); err == nil {
		t.Error("the sixth use of a response_url was accepted")
	}
}

func TestLateAckIsToldAndDropped(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	release := make(chan struct{})
	acked := make(chan struct{})
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		<-release
		cl.Ack(*ev.Request, map[string]any{"text": "too late"})
		close(acked)
	})
	ctx := limit(t)
	answer, err := c.Command(ctx, "general", "ana", "/status")
	check(t, err)
	close(release)
	<-acked
	_, err = c.WaitLog(ctx, 0, "socket.ack_late", func(sandboxtest.LogEntry) bool { return true })
	check(t, err)
	list, err := c.Messages(ctx, "general", "ana")
	check(t, err)
	want := `/status failed with the error "operation_timeout"`
	if answer.Acked || answer.Error != "operation_timeout" || len(list) != 1 || list[0].Text != want || !list[0].Error || !list[0].Ephemeral {
		t.Errorf("answer %+v, messages %+v; want only %q", answer, list, want)
	}
}

// An app that is killed with an envelope in its hands answers no more: who waits
// is told so long before the time that a busy machine is given.
func TestWhoIsGoneAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "the wait for an answer that does not come, 12 s")
	w, c := start(t, sandbox.Config{AckWithin: 2 * time.Minute})
	life, kill := context.WithCancel(t.Context())
	defer kill()
	client := socketmode.New(api(w))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = client.RunContext(life) // it ends by being killed
	}()
	go func() {
		for {
			select {
			case ev := <-client.Events:
				if ev.Request != nil && ev.Request.EnvelopeID != "" {
					kill()
				}
			case <-life.Done():
				return
			}
		}
	}()
	check(t, c.WaitConnections(limit(t), 1))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := c.Command(ctx, "general", "ana", "/status")
	check(t, err)
	if answer.Acked || answer.Error != "operation_timeout" {
		t.Errorf("answer %+v, want operation_timeout", answer)
	}
	<-ended
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	_, c := start(t, sandbox.Config{})
	ctx := limit(t)
	answer, err := c.Command(ctx, "general", "ana", "/status")
	check(t, err)
	if answer.Acked || answer.Error != "dispatch_failed" {
		t.Errorf("answer %+v", answer)
	}
	answer, err = c.Command(ctx, "general", "ana", "/frobnicate now")
	check(t, err)
	m, err := c.WaitMessage(ctx, "general", "ana", is(answer.TS))
	check(t, err)
	if !strings.Contains(m.Text, "`/frobnicate` is not a valid command") || m.User != "USLACKBOT" {
		t.Errorf("message %+v", m)
	}
}

func TestBadAcknowledgements(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		switch ev.Data.(slack.SlashCommand).Text {
		case "blocks":
			cl.Ack(*ev.Request, map[string]any{"text": "x", "blocks": []slack.Block{section(strings.Repeat("x", 3001))}})
		case "channel":
			cl.Ack(*ev.Request, map[string]any{"text": "for all", "response_type": "in_channel"})
		case "empty":
			cl.Ack(*ev.Request, map[string]any{})
		}
	})
	ctx := limit(t)
	answer, err := c.Command(ctx, "general", "ana", "/status blocks")
	check(t, err)
	if answer.Error != "invalid_blocks" || len(answer.Problems) != 1 || !strings.Contains(answer.Problems[0], "/blocks/0/text/text") {
		t.Errorf("answer %+v", answer)
	}
	m, err := c.WaitMessage(ctx, "general", "ana", is(answer.TS))
	check(t, err)
	if !m.Error || !strings.Contains(m.Text, "invalid_blocks") {
		t.Errorf("message %+v", m)
	}
	answer, err = c.Command(ctx, "general", "ana", "/statusbot channel")
	check(t, err)
	m, err = c.WaitMessage(ctx, "general", "ben", is(answer.TS))
	check(t, err)
	if m.Ephemeral || m.Text != "for all" {
		t.Errorf("message %+v", m)
	}
	answer, err = c.Command(ctx, "general", "ana", "/status empty")
	check(t, err)
	if !answer.Acked || answer.Reply != nil || answer.TS != "" {
		t.Errorf("an empty payload said something: %+v", answer)
	}
}

func TestMentionAndRetry(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	type seen struct {
		attempt int
		text    string
		id      string
	}
	events := make(chan seen, 4)
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		outer := ev.Data.(slackevents.EventsAPIEvent)
		text := ""
		switch in := outer.InnerEvent.Data.(type) {
		case *slackevents.AppMentionEvent:
			text = in.Text
		case *slackevents.MessageEvent:
			text = in.Text
		}
		events <- seen{ev.Request.RetryAttempt, text, outer.Data.(*slackevents.EventsAPICallbackEvent).EventID}
		if ev.Request.RetryAttempt > 0 || text == "in private" {
			cl.Ack(*ev.Request)
		}
	})
	ctx := limit(t)
	answer, err := c.Command(ctx, "general", "ana", "hello @statusbot. Are you there?")
	check(t, err)
	first, again := <-events, <-events
	if answer.Acked || first.text != "hello <@U0STATUSB>. Are you there?" || first.attempt != 0 || again.attempt != 1 || again.id != first.id {
		t.Errorf("answer %+v, events %+v %+v; want the same event twice", answer, first, again)
	}
	answer, err = c.Command(ctx, "@statusbot", "ana", "in private")
	check(t, err)
	if ev := <-events; !answer.Acked || ev.text != "in private" {
		t.Errorf("answer %+v, event %+v", answer, ev)
	}
	if answer, err = c.Command(ctx, "general", "ana", "not to the bot"); err != nil || answer.Acked || answer.Error != "" {
		t.Errorf("answer %+v, %v", answer, err)
	}
}

func BenchmarkCommand(b *testing.B) {
	w, c := start(b, sandbox.Config{NoRateLimit: true})
	bot(b, w, ackWith(map[string]any{"text": "all is well"}))
	ctx := b.Context()
	var slowest time.Duration
	for b.Loop() {
		a, err := c.Command(ctx, "general", "ana", "/status")
		if err != nil || !a.Acked {
			b.Fatal(a, err)
		}
		slowest = max(slowest, time.Duration(a.AckMS*1e6))
	}
	b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ack-ms")
}

func TestAckTooLarge(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	conn := dial(t, w)
	ctx := limit(t)
	big := make(chan error, 1)
	go func() {
		for {
			var frame struct {
				EnvelopeID string `json:"envelope_id"`
			}
			if err := conn.ReadJSON(&frame); err != nil {
				big <- err
				return
			}
			if frame.EnvelopeID != "" {
				big <- conn.WriteJSON(map[string]any{"envelope_id": frame.EnvelopeID, "payload": json.RawMessage(`{"text":"` + strings.Repeat("x", 20<<10) + `"}`)})
				return
			}
		}
	}()
	answer, err := c.Command(ctx, "general", "ana", "/status")
	check(t, err)
	check(t, <-big)
	if answer.Acked || answer.Error != "operation_timeout" {
		t.Errorf("answer %+v; want the oversized acknowledgement dropped", answer)
	}
}
