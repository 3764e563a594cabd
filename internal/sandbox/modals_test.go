package sandbox_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

func word(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject("plain_text", s, false, false)
}

func opt(value, text string) *slack.OptionBlockObject {
	return slack.NewOptionBlockObject(value, word(text), nil)
}

func input(id, label string, el slack.BlockElement, optional bool) slack.Block {
	return &slack.InputBlock{Type: slack.MBTInput, BlockID: id, Label: word(label), Element: el, Optional: optional}
}

// form is a modal with every input that the sandbox knows.
func form(title string) slack.ModalViewRequest {
	menu := func(kind string) *slack.SelectBlockElement {
		return &slack.SelectBlockElement{Type: kind, ActionID: kind, Options: []*slack.OptionBlockObject{opt("billing", "Billing"), opt("search", "Search, fast")}}
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: word(title), Submit: word("Save"), Close: word("Not now"), CallbackID: "mark", PrivateMetadata: "inc-42",
		NotifyOnClose: true, Blocks: slack.Blocks{BlockSet: []slack.Block{
			input("what", "What was tried?", &slack.PlainTextInputBlockElement{Type: slack.METPlainTextInput, ActionID: "text", MinLength: 3, MaxLength: 20}, false),
			input("product", "Product", menu("static_select"), false),
			input("more", "More products", &slack.MultiSelectBlockElement{Type: slack.MultiOptTypeStatic, ActionID: "multi", Options: menu("x").Options}, true),
			input("who", "Who", &slack.SelectBlockElement{Type: slack.OptTypeUser, ActionID: "user"}, true),
			input("where", "Where", &slack.SelectBlockElement{Type: slack.OptTypeConversations, ActionID: "place", ResponseURLEnabled: true}, true),
			input("tell", "Tell", &slack.CheckboxGroupsBlockElement{Type: slack.METCheckboxGroups, ActionID: "tell", Options: []*slack.OptionBlockObject{opt("a,b", "Everybody, now"), opt("later", "Later")}}, true),
			input("how", "How sure", &slack.RadioButtonsBlockElement{Type: slack.METRadioButtons, ActionID: "how", Options: []*slack.OptionBlockObject{opt("sure", "Sure"), opt("guess", "A guess")}}, true),
			input("day", "Day", &slack.DatePickerBlockElement{Type: slack.METDatepicker, ActionID: "day", InitialDate: "2026-11-26"}, true),
			input("hour", "Hour", &slack.TimePickerBlockElement{Type: slack.METTimepicker, ActionID: "hour"}, true),
			slack.NewActionBlock("row", slack.NewButtonBlockElement("preview", "p", word("Preview"))),
		}},
	}
}

// modalApp opens form on a command, and gives what comes to answer, whose
// result is the acknowledgement.
func modalApp(t *testing.T, w *sandbox.Workspace, view slack.ModalViewRequest, answer func(slack.InteractionCallback) any) {
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		switch data := ev.Data.(type) {
		case slack.SlashCommand:
			cl.Ack(*ev.Request)
			if _, err := api(w).OpenViewContext(t.Context(), data.TriggerID, view); err != nil {
				t.Errorf("open: %v", err)
			}
		case slack.InteractionCallback:
			ackWith(answer(data))(cl, ev)
		}
	})
}

func TestModalSubmission(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	got := make(chan slack.InteractionCallback, 1)
	modalApp(t, w, form("Mark an action"), func(cb slack.InteractionCallback) any {
		got <- cb
		return nil
	})
	ana := sandboxtest.In(t, c).As("ana")
	ana.Channel("incident-demo").Type("/status mark")
	modal := ana.Modal("Mark an action")
	modal.Refused("What was tried?", "Please complete this required field.")
	modal.Fill("What was tried?", "ab").Fill("Product", "Search, fast").Refused("What was tried?", "at least 3 characters")
	if len(got) != 0 {
		t.Error("the app was asked about a form that Slack itself refuses")
	}
	modal.Fill("What was tried?", "restarted lb-3").Fill("More products", "Billing").Fill("Who", "ben").Fill("Where", "general").
		Fill("Tell", "a,b").Fill("How sure", "A guess").Fill("Hour", "09:30")
	modal.Click("Preview")
	click := <-got
	if a := click.ActionCallback.BlockActions; len(a) != 1 || a[0].ActionID != "preview" || click.View.State.Values["what"]["text"].Value != "restarted lb-3" || click.Container.Type != "view" || click.ResponseURL != "" {
		t.Errorf("click %+v", click)
	}
	modal.Fill("Tell", "Later").Submit()
	cb := <-got
	ana.NoModal()
	v := cb.View
	if cb.Type != slack.InteractionTypeViewSubmission || v.CallbackID != "mark" || v.PrivateMetadata != "inc-42" || cb.User.ID != "U0ANA0001" || v.Hash == "" || v.RootViewID != v.ID || cb.TriggerID == "" {
		t.Errorf("callback %+v", cb)
	}
	values := v.State.Values
	if values["what"]["text"].Value != "restarted lb-3" || values["product"]["static_select"].SelectedOption.Value != "search" || values["more"]["multi"].SelectedOptions[0].Value != "billing" ||
		values["who"]["user"].SelectedUser != "U0BEN0001" || values["where"]["place"].SelectedConversation != general || values["tell"]["tell"].SelectedOptions[0].Value != "later" ||
		values["how"]["how"].SelectedOption.Value != "guess" || values["day"]["day"].SelectedDate != "2026-11-26" || values["hour"]["hour"].SelectedTime != "09:30" {
		t.Errorf("values %+v", values)
	}
	if len(cb.ResponseURLs) != 1 || cb.ResponseURLs[0].ChannelID != general {
		t.Errorf("response urls %+v", cb.ResponseURLs)
	}
	check(t, slack.PostWebhookContext(limit(t), cb.ResponseURLs[0].ResponseURL, &slack.WebhookMessage{Text: "noted", ResponseType: "in_channel"}))
	ana.Channel("general").Sees("noted")
}

func TestModalAnswers(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	next := make(chan any, 4)
	closed := make(chan slack.InteractionCallback, 4)
	modalApp(t, w, form("First"), func(cb slack.InteractionCallback) any {
		if cb.Type == slack.InteractionTypeViewClosed {
			closed <- cb
			return nil
		}
		return <-next
	})
	ana := sandboxtest.In(t, c).As("ana")
	second, third, fourth := form("Second"), form("Third"), form("Fourth")
	fill := func(m sandboxtest.Modal) sandboxtest.Modal {
		return m.Fill("What was tried?", "restart").Fill("Product", "Billing")
	}
	ana.Channel("general").Type("/status")

	next <- slack.NewErrorsViewSubmissionResponse(map[string]string{"what": "that was tried before"})
	fill(ana.Modal("First")).Refused("What was tried?", "that was tried before")

	next <- slack.NewErrorsViewSubmissionResponse(map[string]string{"nowhere": "x"})
	a, err := c.Submit(limit(t), "ana", "", map[string]string{"what": "restart", "product": "billing"})
	check(t, err)
	if a.Error != "invalid_errors" || a.Told != "We had some trouble connecting. Try again?" || a.View == "" {
		t.Errorf("errors for no input: %+v", a)
	}

	next <- slack.NewUpdateViewSubmissionResponse(&second)
	fill(ana.Modal("First")).Submit()
	next <- slack.NewPushViewSubmissionResponse(&third)
	fill(ana.Modal("Second")).Submit()
	top := ana.Modal("Third")
	next <- slack.NewPushViewSubmissionResponse(&fourth)
	fill(top).Submit()
	top = ana.Modal("Fourth")
	next <- slack.NewPushViewSubmissionResponse(&fourth)
	a, err = c.Submit(limit(t), "ana", top.View.ID, map[string]string{"what": "restart", "product": "billing"})
	check(t, err)
	if a.Error != "push_limit_reached" {
		t.Errorf("a fourth modal on the stack: %+v", a)
	}
	next <- nil // closes it
	fill(top).Submit()
	ana.Modal("Third").Close()
	if cb := <-closed; cb.View.Title.Text != "Third" || cb.IsCleared || cb.View.PreviousViewID == "" || cb.View.RootViewID != cb.View.PreviousViewID {
		t.Errorf("closed %+v", cb)
	}
	next <- slack.NewClearViewSubmissionResponse()
	fill(ana.Modal("Second")).Submit()
	ana.NoModal()
}

func TestViewsByAPI(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	triggers := make(chan string, 1)
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		cl.Ack(*ev.Request)
		switch data := ev.Data.(type) {
		case slack.SlashCommand:
			triggers <- data.TriggerID
		case slack.InteractionCallback:
			if data.Type == slack.InteractionTypeBlockActions { // the end of a modal has no trigger
				triggers <- data.TriggerID
			}
		}
	})
	ctx, cl := limit(t), api(w)
	ana := sandboxtest.In(t, c).As("ana")
	command := func() string {
		ana.Channel("general").Type("/status")
		return <-triggers
	}
	first := form("First")
	first.ExternalID = "only-one"
	_, err := cl.PushViewContext(ctx, command(), form("Second"))
	wantCode(t, err, "not_found")
	opened, err := cl.OpenViewContext(ctx, command(), first)
	check(t, err)
	if opened.View.State == nil || opened.View.Blocks.BlockSet[0].ID() != "what" {
		t.Errorf("opened %+v", opened.View)
	}
	ana.Modal("First").Click("Preview")
	second := form("Second")
	second.ExternalID = "only-one"
	_, err = cl.PushViewContext(ctx, <-triggers, second)
	wantCode(t, err, "duplicate_external_id")
	ana.Modal("First").Click("Preview")
	_, err = cl.PushViewContext(ctx, <-triggers, form("Second"))
	check(t, err)
	ana.Modal("Second")

	changed := form("Loaded")
	updated, err := cl.UpdateViewContext(ctx, changed, "only-one", opened.Hash, "")
	check(t, err)
	if updated.ID != opened.ID || updated.Hash == opened.Hash {
		t.Errorf("updated %+v", updated.View)
	}
	_, err = cl.UpdateViewContext(ctx, changed, "", opened.Hash, opened.ID)
	wantCode(t, err, "hash_conflict")
	_, err = cl.UpdateViewContext(ctx, changed, "", "", "V0NOWHERE")
	wantCode(t, err, "not_found")
	left, err := c.CloseModal(ctx, "ana", "", true)
	check(t, err)
	if left.View != "" {
		t.Errorf("after closing all: %+v", left)
	}
	_, err = cl.UpdateViewContext(ctx, changed, "", "", opened.ID)
	wantCode(t, err, "not_found")
}

func TestTriggerExpires(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{TriggerLife: time.Nanosecond, ResponseURLLife: time.Nanosecond})
	got := make(chan slack.SlashCommand, 1)
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		cl.Ack(*ev.Request)
		got <- ev.Data.(slack.SlashCommand)
	})
	sandboxtest.In(t, c).As("ana").Channel("general").Type("/status")
	cmd := <-got
	_, err := api(w).OpenViewContext(limit(t), cmd.TriggerID, form("Late"))
	wantCode(t, err, "expired_trigger_id")
	body, status := request(t, limit(t), "POST", cmd.ResponseURL, `{"text":"late"}`, nil)
	if status != 404 || !strings.Contains(string(body), `"expired_url"`) {
		t.Errorf("late use of a response_url: status %d, %s", status, body)
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	opened := make(chan *slackevents.AppHomeOpenedEvent, 4)
	home := func(words string) slack.HomeTabViewRequest {
		return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
			section(words), slack.NewActionBlock("row", slack.NewButtonBlockElement("unwatch", "billing", word("Unwatch Billing"))),
		}}}
	}
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		cl.Ack(*ev.Request)
		publish := func(user, words string) {
			if _, err := api(w).PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: user, View: home(words)}); err != nil {
				t.Errorf("publish: %v", err)
			}
		}
		switch data := ev.Data.(type) {
		case slackevents.EventsAPIEvent:
			e := data.InnerEvent.Data.(*slackevents.AppHomeOpenedEvent)
			publish(e.User, "You watch Billing")
			opened <- e
		case slack.InteractionCallback:
			if a := data.ActionCallback.BlockActions[0]; a.Value == "billing" && data.View.Type == slack.VTHomeTab {
				publish(data.User.ID, "You watch nothing")
			}
		}
	})
	ben := sandboxtest.In(t, c).As("ben")
	h := ben.Home().Says("You watch Billing")
	if e := <-opened; e.User != "U0BEN0001" || e.Tab != "home" || e.Channel != "D0BEN0001" || e.View != nil {
		t.Errorf("first opening %+v", e)
	}
	h.Click("Unwatch Billing").Says("You watch nothing")
	ben.Home()
	if e := <-opened; e.View == nil || e.View.ID != h.View.ID {
		t.Errorf("second opening has view %+v, want %q", e.View, h.View.ID)
	}
	_, none, err := c.Views(limit(t), "ana")
	check(t, err)
	if none != nil {
		t.Errorf("ana has ben's home: %+v", none)
	}
}

func TestEveryInputIsInTheState(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	got := make(chan slack.InteractionCallback, 1)
	modalApp(t, w, form("F"), func(cb slack.InteractionCallback) any {
		got <- cb
		return nil
	})
	ana := sandboxtest.In(t, c).As("ana")
	ana.Channel("general").Type("/status")
	ana.Modal("F").Fill("what", "abc").Fill("product", "billing").Submit()
	cb := <-got
	var blocks []string
	for id := range cb.View.State.Values {
		blocks = append(blocks, id)
	}
	slices.Sort(blocks)
	if diff := cmp.Diff([]string{"day", "hour", "how", "more", "product", "tell", "what", "where", "who"}, blocks); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if got := cb.View.State.Values["tell"]["tell"].SelectedOptions; got == nil || len(got) != 0 {
		t.Errorf("checkboxes without a choice: %v, want an empty list", got)
	}
}
