package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

const (
	general  = "C0GENERAL0"
	incident = "C0INCIDENTDEMO"
)

func is(ts string) func(sandboxtest.Message) bool {
	return func(m sandboxtest.Message) bool { return m.TS == ts }
}

func TestPostUpdateDelete(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	ctx, cl := limit(t), api(w)
	meta := slack.SlackMetadata{EventType: "statusbot_post", EventPayload: map[string]any{"key": "inc-1/7"}}
	ch, ts, err := cl.PostMessageContext(ctx, incident, slack.MsgOptionText("hello <@U0ANA0001> & <!here>", false),
		slack.MsgOptionBlocks(section("see <@U0BEN0001>")), slack.MsgOptionMetadata(meta))
	check(t, err)
	if ch != incident {
		t.Errorf("channel %q, want %q", ch, incident)
	}
	m, err := c.WaitMessage(ctx, incident, "chandra", is(ts))
	check(t, err)
	if diff := cmp.Diff(sandbox.Pings{Users: []string{"U0ANA0001", "U0BEN0001"}, Here: true}, m.Pings); diff != "" {
		t.Errorf("pings (-want +got):\n%s", diff)
	}

	_, _, text, err := cl.UpdateMessageContext(ctx, incident, ts, slack.MsgOptionText("changed", false))
	check(t, err)
	if text != "changed" {
		t.Errorf("update answered text %q", text)
	}
	m, err = c.WaitMessage(ctx, incident, "ana", is(ts))
	check(t, err)
	if m.Blocks != nil || len(m.EditedAt) != 1 || !strings.Contains(string(m.Metadata), "inc-1/7") || len(m.Pings.Users) != 0 {
		t.Errorf("after an update with text only: %+v; want no blocks, one edit, the metadata kept, nobody pinged", m)
	}

	h, err := cl.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: incident, IncludeAllMetadata: true})
	check(t, err)
	if len(h.Messages) != 1 || h.Messages[0].Metadata.EventPayload["key"] != "inc-1/7" || h.Messages[0].BotID != sandbox.BotID {
		t.Errorf("history %+v", h.Messages)
	}
	h, err = cl.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: incident})
	check(t, err)
	if h.Messages[0].Metadata.EventType != "" {
		t.Error("history shows metadata that was not asked for")
	}

	_, _, err = cl.DeleteMessageContext(ctx, incident, ts)
	check(t, err)
	h, err = cl.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: incident})
	check(t, err)
	if len(h.Messages) != 0 {
		t.Errorf("history after delete: %d messages", len(h.Messages))
	}
	_, _, _, err = cl.UpdateMessageContext(ctx, incident, ts, slack.MsgOptionText("late", false))
	wantCode(t, err, "message_not_found")
}

// wantCode checks Slack's error code, and gives the messages beside it.
func wantCode(t testing.TB, err error, code string) []string {
	t.Helper()
	e, ok := errors.AsType[slack.SlackErrorResponse](err)
	if !ok || e.Err != code {
		t.Errorf("error %v, want Slack's %s", err, code)
	}
	return e.ResponseMetadata.Messages
}

func TestHistorySpan(t *testing.T) {
	t.Parallel()
	w, _ := start(t, sandbox.Config{NoRateLimit: true})
	ctx, cl := limit(t), api(w)
	var stamps []string
	for i := range 5 {
		_, ts, err := cl.PostMessageContext(ctx, general, slack.MsgOptionText(fmt.Sprint(i), false))
		check(t, err)
		stamps = append(stamps, ts)
	}
	_, reply, err := cl.PostMessageContext(ctx, general, slack.MsgOptionText("reply", false), slack.MsgOptionTS(stamps[1]))
	check(t, err)
	for _, tt := range []struct {
		name           string
		oldest, latest string
		inclusive      bool
		limit          int
		want           string
	}{
		{"all, newest first", "", "", false, 0, "43210"},
		{"after", stamps[2], "", false, 0, "43"},
		{"from", stamps[2], "", true, 0, "432"},
		{"before", "", stamps[2], false, 0, "10"},
		{"between", stamps[1], stamps[3], true, 0, "321"},
		{"newest two", "", "", false, 2, "43"},
		{"whole seconds", "0", "99999999999", false, 0, "43210"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, err := cl.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: general, Oldest: tt.oldest, Latest: tt.latest, Inclusive: tt.inclusive, Limit: tt.limit,
			})
			check(t, err)
			got := ""
			for _, m := range h.Messages {
				got += m.Text
			}
			if got != tt.want || h.HasMore != (tt.limit == 2) {
				t.Errorf("got %q, has more %v; want %q", got, h.HasMore, tt.want)
			}
		})
	}
	list, _, _, err := cl.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: general, Timestamp: stamps[1]})
	check(t, err)
	if len(list) != 2 || list[0].ReplyCount != 1 || list[1].Timestamp != reply || list[1].ThreadTimestamp != stamps[1] {
		t.Errorf("replies %+v", list)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{NoRateLimit: true})
	ctx, cl := limit(t), api(w)
	check(t, c.Channel(ctx, "attic", map[string]bool{"archived": true}))
	check(t, c.Channel(ctx, "away", map[string]bool{"bot_member": false}))
	check(t, c.Channel(ctx, "hidden", map[string]bool{"private": true, "bot_member": false}))
	said, err := c.Command(ctx, "general", "ana", "good morning")
	check(t, err)
	text := func(s string) slack.MsgOption { return slack.MsgOptionText(s, false) }
	many := make([]slack.Block, 51)
	for i := range many {
		many[i] = slack.NewDividerBlock()
	}
	long := []slack.Block{}
	for range 5 {
		long = append(long, section(strings.Repeat("ä", 3000)))
	}
	for _, tt := range []struct {
		name, channel, code string
		opts                []slack.MsgOption
	}{
		{"unknown channel", "C0NOWHERE0", "channel_not_found", []slack.MsgOption{text("x")}},
		{"not a member", "C0AWAY0000", "not_in_channel", []slack.MsgOption{text("x")}},
		{"private", "C0HIDDEN00", "channel_not_found", []slack.MsgOption{text("x")}},
		{"archived", "C0ATTIC000", "is_archived", []slack.MsgOption{text("x")}},
		{"nothing said", general, "no_text", nil},
		{"too many blocks", general, "invalid_blocks", []slack.MsgOption{text("x"), slack.MsgOptionBlocks(many...)}},
		{"too much text in all", general, "msg_blocks_too_long", []slack.MsgOption{text("x"), slack.MsgOptionBlocks(long...)}},
		{"metadata too large", general, "metadata_too_large", []slack.MsgOption{text("x"), slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: "e", EventPayload: map[string]any{"k": strings.Repeat("x", 8<<10)},
		})}},
		{"no such thread", general, "thread_not_found", []slack.MsgOption{text("x"), slack.MsgOptionTS("1.000001")}},
		{"long update", general, "msg_too_long", []slack.MsgOption{text(strings.Repeat("x", 4001)), slack.MsgOptionUpdate(said.TS)}},
		{"another's message", general, "cant_update_message", []slack.MsgOption{text("x"), slack.MsgOptionUpdate(said.TS)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, _, err := cl.SendMessageContext(ctx, tt.channel, tt.opts...)
			wantCode(t, err, tt.code)
		})
	}
	_, _, err = cl.PostMessageContext(ctx, general, text("x"), slack.MsgOptionBlocks(section("fine"), section(strings.Repeat("ä", 3001))))
	got := wantCode(t, err, "invalid_blocks")
	if diff := cmp.Diff([]string{"[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]"}, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w, _ := start(t, sandbox.Config{})
	ctx := limit(t)
	for _, tt := range []struct{ token, code string }{
		{"", "not_authed"}, {"xoxb-other", "invalid_auth"}, {w.AppToken(), "not_allowed_token_type"},
	} {
		_, err := slack.New(tt.token, slack.OptionAPIURL(w.APIURL())).AuthTestContext(ctx)
		if err == nil || err.Error() != tt.code {
			t.Errorf("token %q: error %v, want %s", tt.token, err, tt.code)
		}
	}
	who, err := api(w).AuthTestContext(ctx)
	check(t, err)
	if who.UserID != sandbox.BotUserID || who.BotID != sandbox.BotID || who.TeamID != sandbox.TeamID {
		t.Errorf("auth.test %+v", who)
	}
}

func TestEphemeral(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	ctx, cl := limit(t), api(w)
	ts, err := cl.PostEphemeralContext(ctx, general, "U0BEN0001", slack.MsgOptionText("psst", false))
	check(t, err)
	_, err = c.WaitMessage(ctx, "general", "ben", is(ts))
	check(t, err)
	for _, u := range []string{"ana", "chandra"} {
		if list, _ := c.Messages(ctx, "general", u); len(list) != 0 {
			t.Errorf("%s sees %+v", u, list)
		}
	}
	_, _, _, err = cl.UpdateMessageContext(ctx, general, ts, slack.MsgOptionText("x", false))
	wantCode(t, err, "message_not_found")
	_, err = cl.PostEphemeralContext(ctx, general, "U0NOBODY0", slack.MsgOptionText("psst", false))
	wantCode(t, err, "user_not_in_channel")
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	w, _ := start(t, sandbox.Config{})
	ctx, cl := limit(t), api(w)
	post := func(channel string) error {
		_, _, err := cl.PostMessageContext(ctx, channel, slack.MsgOptionText("x", false))
		return err
	}
	began, posted := time.Now(), 0
	err := post(general)
	for ; err == nil && posted < 1000; err = post(general) {
		posted++
	}
	if e, ok := errors.AsType[*slack.RateLimitedError](err); !ok || e.RetryAfter != time.Second {
		t.Errorf("posting on and on: %v, want 429 with Retry-After 1", err)
	}
	if most := 4 + int(time.Since(began).Seconds()); posted < 3 || posted > most {
		t.Errorf("%d posts were taken, want from 3 to %d", posted, most)
	}
	check(t, post(incident)) // another channel has its own allowance
}

func TestPeopleAndChannels(t *testing.T) {
	t.Parallel()
	w, _ := start(t, sandbox.Config{})
	ctx, cl := limit(t), api(w)
	all, err := cl.GetUsersContext(ctx)
	check(t, err)
	if len(all) != 6 { // ana, ben, chandra, two guests, the bot; nobody of another workspace
		t.Errorf("%d users, want 6", len(all))
	}
	u, err := cl.GetUserInfoContext(ctx, "U0CHA0001")
	check(t, err)
	if u.RealName != "Chandra Rao" || u.TZ != "Asia/Kolkata" || u.TZOffset != 19800 {
		t.Errorf("user %+v", u)
	}
	list, _, err := cl.GetConversationsContext(ctx, &slack.GetConversationsParameters{})
	check(t, err)
	if len(list) != 2 || list[0].ID != general || !list[0].IsMember {
		t.Errorf("channels %+v", list)
	}
	im, _, was, err := cl.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{"U0ANA0001"}})
	check(t, err)
	_, ts, err := cl.PostMessageContext(ctx, "U0ANA0001", slack.MsgOptionText("to you", false))
	check(t, err)
	got, err := sandboxtest.Client{Base: w.URL()}.Messages(ctx, im.ID, "ana")
	check(t, err)
	if was || len(got) != 1 || got[0].TS != ts {
		t.Errorf("direct messages %+v", got)
	}
	if _, err := (sandboxtest.Client{Base: w.URL()}).Messages(ctx, im.ID, "ben"); err == nil {
		t.Error("ben can read ana's conversation")
	}
	members, _, err := cl.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: general})
	check(t, err)
	if len(members) != 6 { // all but the guest of one channel
		t.Errorf("members %v", members)
	}
	link, err := cl.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: im.ID, Ts: ts})
	check(t, err)
	if !strings.HasPrefix(link, w.URL()+"archives/"+im.ID+"/p") {
		t.Errorf("permalink %q", link)
	}
	check(t, cl.AddReactionContext(ctx, "eyes", slack.NewRefToMessage(im.ID, ts)))
	wantCode(t, cl.AddReactionContext(ctx, "eyes", slack.NewRefToMessage(im.ID, ts)), "already_reacted")
	check(t, cl.AddPinContext(ctx, im.ID, slack.NewRefToMessage(im.ID, ts)))
	_, err = cl.AddBookmarkContext(ctx, general, slack.AddBookmarkParameters{Title: "runbook", Type: "link", Link: "https://example.com"})
	check(t, err)
}

func TestFiles(t *testing.T) {
	t.Parallel()
	w, _ := start(t, sandbox.Config{})
	ctx, cl := limit(t), api(w)
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 100)
	f, err := cl.UploadFileContext(ctx, slack.UploadFileParameters{Filename: "chart.png", FileSize: len(png), Reader: strings.NewReader(png), Title: "Failures"})
	check(t, err)
	info, _, _, err := cl.GetFileInfoContext(ctx, f.ID, 0, 0)
	check(t, err)
	if info.Mimetype != "image/png" || info.Size != len(png) {
		t.Errorf("file %+v", info)
	}
	image := func(id string) slack.Block {
		return &slack.ImageBlock{Type: slack.MBTImage, AltText: "failures rise", SlackFile: &slack.SlackFileObject{ID: id}}
	}
	_, _, err = cl.PostMessageContext(ctx, general, slack.MsgOptionText("chart", false), slack.MsgOptionBlocks(image(f.ID)))
	check(t, err)
	_, _, err = cl.PostMessageContext(ctx, general, slack.MsgOptionText("chart", false), slack.MsgOptionBlocks(image("F0UNKNOWN0")))
	if got := wantCode(t, err, "invalid_blocks"); len(got) != 1 || !strings.Contains(got[0], "invalid slack file") {
		t.Errorf("messages %q", got)
	}
	var raw strings.Builder
	check(t, cl.GetFileContext(ctx, info.URLPrivate, &raw))
	if raw.String() != png {
		t.Errorf("the file came back as %d bytes, want %d", raw.Len(), len(png))
	}
}

// TestArgumentsAsJSON posts with a JSON body and a header token, as Node and
// curl do.
func TestArgumentsAsJSON(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	ctx := limit(t)
	body := `{"channel":"` + general + `","text":"t","blocks":[{"type":"divider"}],"metadata":{"event_type":"e","event_payload":{"a":1}}}`
	var out struct {
		OK bool
		TS string
	}
	check(t, json.Unmarshal(send(t, ctx, "POST", w.APIURL()+"chat.postMessage", body, map[string]string{"Authorization": "Bearer " + w.BotToken()}), &out))
	m, err := c.WaitMessage(ctx, "general", "ana", is(out.TS))
	check(t, err)
	if !out.OK || !strings.Contains(string(m.Blocks), "divider") || !strings.Contains(string(m.Metadata), `"a":1`) {
		t.Errorf("answer %+v, message %+v", out, m)
	}
	entries, err := c.Log(ctx, 0, "chat.postMessage")
	check(t, err)
	if len(entries) != 1 || entries[0].Status != 200 || strings.Contains(fmt.Sprint(entries[0]), w.BotToken()) {
		t.Errorf("log %+v", entries)
	}
	if got := string(send(t, ctx, "POST", w.APIURL()+"chat.frobnicate", "{}", nil)); !strings.Contains(got, `"unknown_method"`) || !strings.Contains(got, `"req_method":"chat.frobnicate"`) {
		t.Errorf("unknown method: %s", got)
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	w, _ := start(t, sandbox.Config{})
	ctx, cl := limit(t), api(w)
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{section("home")}}}
	first, err := cl.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: "U0ANA0001", View: home})
	check(t, err)
	second, err := cl.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: "U0ANA0001", View: home, Hash: &first.Hash})
	check(t, err)
	if first.ID != second.ID || first.ID == "" {
		t.Errorf("home view ids %q, %q: want the same", first.ID, second.ID)
	}
	_, err = cl.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: "U0ANA0001", View: home, Hash: &first.Hash})
	wantCode(t, err, "hash_conflict")
	_, err = cl.OpenViewContext(ctx, "1.made-up", slack.ModalViewRequest{
		Type: slack.VTModal, Title: slack.NewTextBlockObject("plain_text", "T", false, false), Blocks: home.Blocks,
	})
	wantCode(t, err, "invalid_trigger_id")
}
