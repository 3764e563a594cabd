package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// finder is a menu whose options the app gives.
func finder(least int) *slack.SelectBlockElement {
	return &slack.SelectBlockElement{Type: slack.OptTypeExternal, ActionID: "find", Placeholder: word("Product…"), MinQueryLength: &least}
}

// offering is an app with 140 products in two groups.
func offering(query string) slack.OptionGroupsResponse {
	groups := []*slack.OptionGroupBlockObject{{Label: word("Hurt")}, {Label: word("As usual")}}
	for i := range 140 {
		name := fmt.Sprintf("Product %03d", i)
		if g := groups[i%2]; strings.Contains(strings.ToLower(name), strings.ToLower(query)) && len(g.Options) < 50 {
			g.Options = append(g.Options, opt(fmt.Sprintf("p%03d", i), name))
		}
	}
	empty := func(g *slack.OptionGroupBlockObject) bool { return len(g.Options) == 0 }
	return slack.OptionGroupsResponse{OptionGroups: slices.DeleteFunc(groups, empty)}
}

// A menu with more options than Slack takes is searched: the app is asked
// while a person types, and what it offered can be chosen.
func TestOptionsOfTheApp(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	asked, chosen := make(chan slack.InteractionCallback, 1), make(chan slack.InteractionCallback, 1)
	bot(t, w, func(s *socketmode.Client, ev socketmode.Event) {
		cb, _ := ev.Data.(slack.InteractionCallback)
		if cb.Type == slack.InteractionTypeBlockSuggestion {
			s.Ack(*ev.Request, offering(cb.Value))
			asked <- cb
			return
		}
		s.Ack(*ev.Request)
		chosen <- cb
	})
	ctx := limit(t)
	_, ts, err := api(w).PostMessageContext(ctx, incident, slack.MsgOptionText("choose", false), slack.MsgOptionBlocks(slack.NewActionBlock("row", finder(2))))
	check(t, err)
	at := sandboxtest.Menu{Channel: "incident-demo", User: "ben", TS: ts, Action: "find"}
	if _, err := c.Suggest(ctx, at, "1"); err == nil || !strings.Contains(err.Error(), "from 2 characters on") {
		t.Errorf("one letter: %v", err)
	}
	if _, err := c.Action(ctx, "incident-demo", "ben", ts, "find", "p139"); err == nil {
		t.Error("what nobody offered was chosen")
	}
	got, err := c.Suggest(ctx, at, "13")
	check(t, err)
	cb := <-asked
	if !got.Acked || len(got.OptionGroups) != 2 || len(got.Options) != 12 || got.Error != "" {
		t.Errorf("offered %+v", got)
	}
	if cb.ActionID != "find" || cb.BlockID != "row" || cb.Value != "13" || cb.User.ID != "U0BEN0001" || cb.Channel.ID != incident || cb.Container.MessageTs != ts || cb.Message.Timestamp != ts || cb.ResponseURL != "" || cb.TriggerID != "" {
		t.Errorf("asked with %+v", cb)
	}
	sandboxtest.In(t, c).As("ben").Channel("incident-demo").Sees("choose").Choose("Product…", "Product 139")
	<-asked
	cb = <-chosen
	if a := cb.ActionCallback.BlockActions[0]; a.SelectedOption.Value != "p139" || a.SelectedOption.Text.Text != "Product 139" || string(a.Type) != "external_select" {
		t.Errorf("chosen %+v", a)
	}
	if _, err := c.Action(ctx, "incident-demo", "ana", ts, "find", "p139"); err == nil {
		t.Error("what was offered to Ben was chosen by Ana")
	}
}

func TestOptionsOfTheAppInAModal(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	cl := api(w)
	view := slack.ModalViewRequest{Type: slack.VTModal, Title: word("Mark"), Submit: word("Save"), Blocks: slack.Blocks{BlockSet: []slack.Block{input("product", "Product", finder(0), false)}}}
	got := make(chan slack.InteractionCallback, 4)
	bot(t, w, func(s *socketmode.Client, ev socketmode.Event) {
		if cmd, ok := ev.Data.(slack.SlashCommand); ok {
			s.Ack(*ev.Request)
			if _, err := cl.OpenViewContext(t.Context(), cmd.TriggerID, view); err != nil {
				t.Error(err)
			}
			return
		}
		cb, _ := ev.Data.(slack.InteractionCallback)
		if cb.Type == slack.InteractionTypeBlockSuggestion {
			if cb.View.ID == "" || cb.Container.Type != "view" {
				t.Errorf("asked with %+v", cb)
			}
			s.Ack(*ev.Request, offering(cb.Value))
			return
		}
		s.Ack(*ev.Request)
		got <- cb
	})
	ana := sandboxtest.In(t, c).As("ana")
	ana.Channel("general").Type("/status")
	modal := ana.Modal("Mark")
	modal.Refused("Product", "required")
	modal.Fill("Product", "Product 120").Submit()
	if v := (<-got).View.State.Values["product"]["find"]; v.SelectedOption.Value != "p120" {
		t.Errorf("the form holds %+v", v)
	}
}

// Over HTTP the options have a request URL of their own; an answer that Slack
// would not take offers nothing.
func TestOptionsOfTheAppOverHTTP(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	body := `{"options":[]}`
	url := app(t, w, func(rw http.ResponseWriter, r received) {
		values, err := url.ParseQuery(string(r.body))
		check(t, err)
		var cb slack.InteractionCallback
		check(t, json.Unmarshal([]byte(values.Get("payload")), &cb))
		if cb.Type != slack.InteractionTypeBlockSuggestion || cb.Value != "any" {
			t.Errorf("asked with %+v", cb)
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.Write([]byte(body))
	})
	ctx := limit(t)
	check(t, c.UseHTTP(ctx, sandboxtest.HTTPMode{Options: url}))
	_, ts, err := api(w).PostMessageContext(ctx, incident, slack.MsgOptionText("choose", false), slack.MsgOptionBlocks(slack.NewActionBlock("row", finder(0))))
	check(t, err)
	for answer, want := range map[string]string{
		`{"options":[{"text":{"type":"plain_text","text":"Billing"},"value":"billing"}]}`: "",
		`{"options":[],"option_groups":[]}`:                                               "must have exactly one of",
		`{"options":[{"text":{"type":"plain_text","text":"Billing"}}]}`:                   "missing required field: value",
		`[]`: "must be an object",
	} {
		body = answer
		got, err := c.Suggest(ctx, sandboxtest.Menu{Channel: "incident-demo", User: "ana", TS: ts, Action: "find"}, "any")
		check(t, err)
		if said := strings.Join(got.Problems, " "); !strings.Contains(said, want) || (want == "") != (got.Error == "") || (want == "") != (len(got.Options) == 1) {
			t.Errorf("%s: %+v, want %q", answer, got, want)
		}
	}
}
