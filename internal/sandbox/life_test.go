package sandbox_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// listener is an app that takes every event and shows the inner ones.
func listener(t *testing.T, w *sandbox.Workspace) chan any {
	events := make(chan any, 64)
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		cl.Ack(*ev.Request)
		if outer, ok := ev.Data.(slackevents.EventsAPIEvent); ok {
			events <- outer.InnerEvent.Data
		}
	})
	return events
}

// next waits for the next event of one kind.
func next[T any](t *testing.T, events chan any) T {
	t.Helper()
	for {
		select {
		case e := <-events:
			if e, ok := e.(T); ok {
				return e
			}
		case <-limit(t).Done():
			t.Fatalf("no %T came", *new(T))
		}
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	events := listener(t, w)
	ctx, cl := limit(t), api(w)
	_, root, err := cl.PostMessageContext(ctx, incident, slack.MsgOptionText("Impact update #1", false))
	check(t, err)
	ws := sandboxtest.In(t, c)
	seen := ws.As("ana").Channel("incident-demo").Sees("Impact update #1")
	reply := seen.Reply("@statusbot cause of <this> & https://example.com/a?b=1&c=2, please")
	mention := next[*slackevents.AppMentionEvent](t, events)
	if want := "<@U0STATUSB> cause of &lt;this&gt; &amp; <https://example.com/a?b=1&amp;c=2>, please"; mention.ThreadTimeStamp != root || mention.Text != want || mention.Channel != incident {
		t.Errorf("mention %+v, want %q in thread %s", mention, want, root)
	}
	check(t, api(w).AddReactionContext(ctx, "eyes", slack.NewRefToMessage(incident, reply.Answer.TS)))
	_, answer, err := cl.PostMessageContext(ctx, incident, slack.MsgOptionText("edge-lb-2", false), slack.MsgOptionTS(reply.Answer.TS), slack.MsgOptionBroadcast())
	check(t, err)
	reply.Says("edge-lb-2")

	list, _, _, err := cl.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: incident, Timestamp: root})
	check(t, err)
	if len(list) != 3 || list[0].ReplyCount != 2 || list[0].LatestReply != answer || !slices.Equal(list[0].ReplyUsers, []string{"U0ANA0001", sandbox.BotUserID}) || list[2].ThreadTimestamp != root {
		t.Errorf("replies %+v", list)
	}
	h, err := cl.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: incident})
	check(t, err)
	if len(h.Messages) != 2 || h.Messages[0].SubType != "thread_broadcast" {
		t.Errorf("the channel has %d messages, want the root and the reply that was sent to it too", len(h.Messages))
	}

	seen.Reply("/status").Fails("not_in_threads")
	_, err = c.Reply(ctx, "incident-demo", "ana", "1.000001", "hello", false)
	if err == nil {
		t.Error("a reply to nothing was taken")
	}
}

func TestDirectMessages(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	events := listener(t, w)
	ws := sandboxtest.In(t, c)
	ws.As("chandra").DM().Type("help")
	got := next[*slackevents.MessageEvent](t, events)
	if got.ChannelType != "im" || got.Text != "help" || got.User != "U0CHA0001" || got.BotID != "" {
		t.Errorf("event %+v", got)
	}
	_, ts, err := api(w).PostMessageContext(limit(t), got.Channel, slack.MsgOptionText("what clients feel", false))
	check(t, err)
	ws.As("chandra").DM().Sees("what clients feel")
	// A bot hears itself, and what it changes, as in Slack.
	own := next[*slackevents.MessageEvent](t, events)
	if own.BotID != sandbox.BotID || own.TimeStamp != ts {
		t.Errorf("own message %+v", own)
	}
	_, _, _, err = api(w).UpdateMessageContext(limit(t), got.Channel, ts, slack.MsgOptionText("what they feel now", false))
	check(t, err)
	if e := next[*slackevents.MessageEvent](t, events); e.SubType != "message_changed" {
		t.Errorf("edit %+v", e)
	}
	_, _, err = api(w).DeleteMessageContext(limit(t), got.Channel, ts)
	check(t, err)
	if e := next[*slackevents.MessageEvent](t, events); e.SubType != "message_deleted" {
		t.Errorf("deletion %+v", e)
	}
	if _, err := c.Messages(limit(t), got.Channel, "ana"); err == nil {
		t.Error("ana reads chandra's conversation")
	}
}

func TestMembership(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	events := listener(t, w)
	ctx, cl := limit(t), api(w)
	text := slack.MsgOptionText("x", false)

	check(t, c.Members(ctx, "war-room", nil, []string{"ben"}))
	joined := next[*slackevents.MemberJoinedChannelEvent](t, events)
	if joined.User != sandbox.BotUserID || joined.Inviter != "U0ANA0001" || joined.ChannelType != "C" {
		t.Errorf("the bot joined: %+v", joined)
	}
	room := joined.Channel
	if _, err := c.Command(ctx, "war-room", "ben", "hello"); err == nil || !strings.Contains(err.Error(), "ben is not in channel") {
		t.Errorf("ben writes where he is not: %v", err)
	}
	_, err := cl.PostEphemeralContext(ctx, room, "U0BEN0001", text)
	wantCode(t, err, "user_not_in_channel")
	check(t, c.Members(ctx, "war-room", []string{"ben"}, nil))
	if e := next[*slackevents.MemberJoinedChannelEvent](t, events); e.User != "U0BEN0001" {
		t.Errorf("ben joined: %+v", e)
	}
	members, _, err := cl.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: room})
	check(t, err)
	if !slices.Contains(members, "U0BEN0001") || slices.Contains(members, "U0XEN0001") {
		t.Errorf("members %v", members)
	}

	check(t, c.Members(ctx, "war-room", nil, []string{"statusbot"}))
	if e := next[*slackevents.ChannelLeftEvent](t, events); e.Channel != room {
		t.Errorf("the bot left: %+v", e)
	}
	_, _, err = cl.PostMessageContext(ctx, room, text)
	wantCode(t, err, "not_in_channel")
	check(t, c.Members(ctx, "war-room", []string{"statusbot"}, nil))
	next[*slackevents.MemberJoinedChannelEvent](t, events)

	check(t, c.Channel(ctx, "war-room", map[string]bool{"archived": true}))
	if e := next[*slackevents.ChannelArchiveEvent](t, events); e.Channel != room || e.User != "U0ANA0001" {
		t.Errorf("archived: %+v", e)
	}
	_, _, err = cl.PostMessageContext(ctx, room, text)
	wantCode(t, err, "is_archived")
	_, _, _, err = cl.JoinConversationContext(ctx, room)
	wantCode(t, err, "is_archived")

	// What the bot makes itself.
	made, err := cl.CreateConversationContext(ctx, slack.CreateConversationParams{ChannelName: "inc-42"})
	check(t, err)
	_, err = cl.CreateConversationContext(ctx, slack.CreateConversationParams{ChannelName: "inc-42"})
	wantCode(t, err, "name_taken")
	_, err = cl.InviteUsersToConversationContext(ctx, made.ID, "U0ANA0001", "U0BEN0001")
	check(t, err)
	_, err = cl.InviteUsersToConversationContext(ctx, made.ID, "U0ANA0001")
	wantCode(t, err, "already_in_channel")
	topic, err := cl.SetTopicOfConversationContext(ctx, made.ID, "Billing is slow")
	check(t, err)
	if topic.Topic.Value != "Billing is slow" || topic.NumMembers != 3 {
		t.Errorf("channel %+v", topic)
	}
	check(t, cl.KickUserFromConversationContext(ctx, made.ID, "U0BEN0001"))
	check(t, cl.ArchiveConversationContext(ctx, made.ID))
	wantCode(t, cl.ArchiveConversationContext(ctx, made.ID), "already_archived")
	wantCode(t, cl.ArchiveConversationContext(ctx, general), "cant_archive_general")
}

func TestRolesAndGroups(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	ctx, cl := limit(t), api(w)
	type role struct{ admin, guest, single, stranger bool }
	for id, want := range map[string]role{
		"U0ANA0001": {admin: true}, "U0BEN0001": {}, "U0GAB0001": {guest: true}, "U0HUG0001": {guest: true, single: true}, "U0XEN0001": {stranger: true},
	} {
		u, err := cl.GetUserInfoContext(ctx, id)
		check(t, err)
		if got := (role{u.IsAdmin, u.IsRestricted, u.IsUltraRestricted, u.IsStranger}); got != want || (u.TeamID != sandbox.TeamID) != want.stranger {
			t.Errorf("%s: %+v in team %s, want %+v", u.Name, got, u.TeamID, want)
		}
	}
	groups, err := cl.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeUsers(true))
	check(t, err)
	if len(groups) != 2 || groups[0].Handle != "oncall" || !slices.Equal(groups[0].Users, []string{"U0BEN0001", "U0CHA0001"}) {
		t.Errorf("groups %+v", groups)
	}
	members, err := cl.GetUserGroupMembersContext(ctx, "S0LEADS001")
	check(t, err)
	if !slices.Equal(members, []string{"U0ANA0001"}) {
		t.Errorf("leads %v", members)
	}
	_, err = cl.GetUserGroupMembersContext(ctx, "S0NOBODY")
	wantCode(t, err, "no_such_subteam")
	shared, err := cl.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: general, IncludeNumMembers: true})
	check(t, err)
	alone, err := cl.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: incident})
	check(t, err)
	if !shared.IsExtShared || alone.IsExtShared {
		t.Errorf("shared with another workspace: general %v, incident-demo %v; want true, false", shared.IsExtShared, alone.IsExtShared)
	}

	got := make(chan slack.InteractionCallback, 1)
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		cl.Ack(*ev.Request)
		if cb, ok := ev.Data.(slack.InteractionCallback); ok {
			got <- cb
		}
	})
	_, _, err = cl.PostMessageContext(ctx, general, slack.MsgOptionText("choose, <!subteam^S0ONCALL01>", false), slack.MsgOptionBlocks(controls()...))
	check(t, err)
	sandboxtest.In(t, c).As("xenia").Channel("general").Sees("choose").Choose("Product", "Search")
	if cb := <-got; cb.User.TeamID != "T0PARTNER" || cb.Team.ID != sandbox.TeamID || cb.ActionCallback.BlockActions[0].SelectedOption.Value != "search" {
		t.Errorf("a stranger's click %+v", cb.User)
	}
	sandboxtest.In(t, c).As("ana").Channel("general").Type("@oncall see #incident-demo").Sees("<!subteam^S0ONCALL01> see <#C0INCIDENTDEMO|incident-demo>")
}

func TestScopes(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	events := listener(t, w)
	ctx := limit(t)
	var header http.Header
	cl := api(w, slack.OptionOnResponseHeaders(func(_ string, h http.Header) { header = h }))
	_, err := cl.AuthTestContext(ctx)
	check(t, err)
	if got, want := header.Get("X-OAuth-Scopes"), strings.Join(sandbox.AllScopes, ","); got != want {
		t.Errorf("X-OAuth-Scopes %q, want %q", got, want)
	}

	s, err := c.Settings(ctx, sandboxtest.SettingsChange{Without: []string{"files:write", "channels:history", "reactions:read"}})
	check(t, err)
	_, err = cl.UploadFileContext(ctx, slack.UploadFileParameters{Filename: "a.txt", FileSize: 1, Content: "x"})
	wantCode(t, err, "missing_scope")
	_, err = cl.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: general})
	wantCode(t, err, "missing_scope")
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); !ok || e.Needed != "channels:history" || e.Provided != strings.Join(s.Scopes, ",") {
		t.Errorf("error %#v, want needed and provided", err)
	}
	_, err = cl.AuthTestContext(ctx)
	check(t, err)
	if got := header.Get("X-OAuth-Scopes"); strings.Contains(got, "files:write") || !strings.Contains(got, "files:read") {
		t.Errorf("X-OAuth-Scopes %q", got)
	}
	_, _, err = cl.GetConversationsContext(ctx, &slack.GetConversationsParameters{Types: []string{"public_channel"}})
	check(t, err)

	// An event without its scope does not come; the one after it does.
	ana := sandboxtest.In(t, c).As("ana")
	said := ana.Channel("general").Type("good morning").Sees("good morning")
	said.React("wave")
	ana.Channel("general").Type("@statusbot hello")
	if e, ok := (<-events).(*slackevents.AppMentionEvent); !ok {
		t.Errorf("first event %+v, want the mention", e)
	}
	all := slices.Clone(sandbox.AllScopes)
	_, err = c.Settings(ctx, sandboxtest.SettingsChange{Scopes: &all})
	check(t, err)
	said.React("eyes")
	if e := next[*slackevents.ReactionAddedEvent](t, events); e.Reaction != "eyes" || e.User != "U0ANA0001" || e.Item.Timestamp != said.Message.TS {
		t.Errorf("reaction %+v", e)
	}
	for _, bad := range []sandboxtest.SettingsChange{{Without: []string{"everything"}}, {Events: &[]string{"message.everything"}}, {RefusedBlocks: &[]string{"banner"}}} {
		if _, err := c.Settings(ctx, bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestPublicScopeAndSubscriptions(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{Events: []string{"message.channels"}, Scopes: append(slices.Clone(sandbox.AllScopes), "chat:write.public")})
	events := listener(t, w)
	ctx := limit(t)
	check(t, c.Channel(ctx, "away", map[string]bool{"bot_member": false}))
	_, _, err := api(w).PostMessageContext(ctx, "C0AWAY0000", slack.MsgOptionText("x", false))
	check(t, err)
	sandboxtest.In(t, c).As("ana").Channel("general").Type("good morning")
	if e := next[*slackevents.MessageEvent](t, events); e.ChannelType != "channel" || e.Text != "good morning" {
		t.Errorf("event %+v", e)
	}
	if _, err := c.OpenHome(ctx, "ana", "home"); err != nil {
		t.Error(err)
	}
	select {
	case e := <-events:
		t.Errorf("event %+v came, to which the app is not subscribed", e)
	default:
	}
}

func TestRefusedBlocksAndRateLimitSwitch(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{RefusedBlocks: []string{"data_visualization"}})
	ctx := limit(t)
	chart := `[{"type":"divider"},{"type":"data_visualization","title":"Failures","chart":{"type":"line","axis_config":{"categories":["10:00"]},"series":[{"name":"Billing","data":[{"label":"10:00","value":4}]}]}}]`
	post := func() error {
		var blocks slack.Blocks
		check(t, blocks.UnmarshalJSON([]byte(chart)))
		_, _, err := api(w).PostMessageContext(ctx, general, slack.MsgOptionText("chart", false), slack.MsgOptionBlocks(blocks.BlockSet...))
		return err
	}
	got := wantCode(t, post(), "invalid_blocks")
	if diff := cmp.Diff([]string{"[ERROR] unsupported type: data_visualization [json-pointer:/blocks/1/type]"}, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	no := false
	_, err := c.Settings(ctx, sandboxtest.SettingsChange{RefusedBlocks: &[]string{}, RateLimits: &no})
	check(t, err)
	for range 10 { // more than the burst of chat.postMessage
		check(t, post())
	}
}

func TestReactionsPinsBookmarks(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	ctx, cl := limit(t), api(w)
	_, ts, err := cl.PostMessageContext(ctx, general, slack.MsgOptionText("here", false))
	check(t, err)
	at := slack.NewRefToMessage(general, ts)
	check(t, cl.AddReactionContext(ctx, "eyes", at))
	sandboxtest.In(t, c).As("ben").Channel("general").Sees("here").React("eyes")
	got, err := cl.GetReactionsContext(ctx, at, slack.NewGetReactionsParameters())
	check(t, err)
	if len(got.Reactions) != 1 || got.Reactions[0].Count != 2 || !slices.Equal(got.Reactions[0].Users, []string{sandbox.BotUserID, "U0BEN0001"}) {
		t.Errorf("reactions %+v", got.Reactions)
	}
	check(t, cl.RemoveReactionContext(ctx, "eyes", at))
	wantCode(t, cl.RemoveReactionContext(ctx, "eyes", at), "no_reaction")

	check(t, cl.AddPinContext(ctx, general, at))
	wantCode(t, cl.AddPinContext(ctx, general, at), "already_pinned")
	pins, _, err := cl.ListPinsContext(ctx, general)
	check(t, err)
	if len(pins) != 1 || pins[0].Message.Timestamp != ts {
		t.Errorf("pins %+v", pins)
	}
	check(t, cl.RemovePinContext(ctx, general, at))
	wantCode(t, cl.RemovePinContext(ctx, general, at), "no_pin")

	mark, err := cl.AddBookmarkContext(ctx, general, slack.AddBookmarkParameters{Title: "runbook", Type: "link", Link: "https://example.com"})
	check(t, err)
	marks, err := cl.ListBookmarksContext(ctx, general)
	check(t, err)
	if len(marks) != 1 || marks[0].ID != mark.ID {
		t.Errorf("bookmarks %+v", marks)
	}
	check(t, cl.RemoveBookmarkContext(ctx, general, mark.ID))
}

func TestFilesInMessages(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	ctx, cl := limit(t), api(w)
	_, root, err := cl.PostMessageContext(ctx, general, slack.MsgOptionText("figures", false))
	check(t, err)
	const csv = "time,failed\n10:00,4\n"
	f, err := cl.UploadFileContext(ctx, slack.UploadFileParameters{Filename: "figures.csv", FileSize: len(csv), Content: csv, Channel: general, ThreadTimestamp: root, InitialComment: "as a table"})
	check(t, err)
	list, _, _, err := cl.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: general, Timestamp: root})
	check(t, err)
	if len(list) != 2 || list[1].Text != "as a table" || len(list[1].Files) != 1 || list[1].Files[0].ID != f.ID || !strings.HasPrefix(list[1].Files[0].Mimetype, "text/plain") {
		t.Errorf("replies %+v", list)
	}
	files, _, err := cl.GetFilesContext(ctx, slack.NewGetFilesParameters())
	check(t, err)
	if len(files) != 1 || files[0].Size != len(csv) || !slices.Equal(files[0].Channels, []string{general}) {
		t.Errorf("files %+v", files)
	}
	var shown struct {
		File struct{ Preview string }
	}
	check(t, jsonOf(send(t, ctx, "GET", w.URL()+"sandbox/file?id="+f.ID, "", nil), &shown))
	if shown.File.Preview != csv {
		t.Errorf("preview %q", shown.File.Preview)
	}
	alone, err := cl.UploadFileContext(ctx, slack.UploadFileParameters{Filename: "a.txt", FileSize: 1, Content: "x", Channel: general})
	check(t, err)
	check(t, cl.DeleteFileContext(ctx, f.ID))
	check(t, cl.DeleteFileContext(ctx, alone.ID))
	_, _, _, err = cl.GetFileInfoContext(ctx, f.ID, 0, 0)
	wantCode(t, err, "file_not_found")
	sandboxtest.In(t, c).As("ana").Channel("general").Sees("as a table")
	left, err := c.Messages(ctx, "general", "ana")
	check(t, err)
	if len(left) != 3 || len(left[1].Files) != 0 || !left[2].Deleted {
		t.Errorf("messages after the deletion %+v", left)
	}
	if _, status := request(t, ctx, "GET", w.URL()+"files/"+f.ID, "", nil); status != 404 {
		t.Errorf("the deleted file is served: %d", status)
	}
}
