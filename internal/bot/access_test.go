package bot

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/format"
)

// TestEveryVerbAndButtonHasADeed: who adds a command or a button says in
// access.go how much it changes.
func TestEveryVerbAndButtonHasADeed(t *testing.T) {
	for _, v := range append([]string{"", "product", verbNow}, verbs...) {
		if d, ok := deeds[v]; !ok || d.does == "" {
			t.Errorf("the command %q has no entry in deeds", v)
		}
	}
	files, err := filepath.Glob("../format/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source of format: %v", err)
	}
	found := 0
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Action") {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				found++
				id, _ := strconv.Unquote(lit.Value)
				if d, ok := buttons[id]; !ok || d.does == "" {
					t.Errorf("the button %s (%q) has no entry in buttons", spec.Names[0].Name, id)
				}
			}
			return true
		})
	}
	if found < 8 {
		t.Errorf("%d buttons were found in format, want at least the 8 of its first day", found)
	}
	if d := (Envelope{Kind: blockAction, Action: "unheard of"}).deed(); d.act != responds {
		t.Errorf("an unknown button counts as %+v, want the greatest act", d)
	}
}

func TestDeedOfWhatIsTyped(t *testing.T) {
	for text, want := range map[string]act{"": asks, "billing": reads, "billing pay": reads, "sources": reads, "help": reads,
		"billing now": probes, "start Log-ins fail": writes, "STOP": writes, "“every” 5m": writes, "start now": writes} {
		for _, kind := range []envelopeKind{slashCommand, mention} {
			if got := (Envelope{Kind: kind, Text: text}).deed().act; got != want {
				t.Errorf("%q is %d, want %d", text, got, want)
			}
		}
	}
}

// decide answers the questions of a decision from a person's facts, and counts
// them.
func decide(p Policy, a act, person facts) (v verdict, questions int) {
	f := facts{user: person.user}
	for {
		switch v := p.may(a, f); v {
		case askOwn:
			f.own = person.own
		case askChannel:
			f.channel = person.channel
		case askGroup:
			f.group = person.group
		default:
			return v, questions
		}
		questions++
	}
}

func TestMay(t *testing.T) {
	byDefault := Policy{Read: Who{Everyone: true}, Write: Who{Members: true}, Respond: Who{Members: true}}
	oncall := Policy{Read: Who{Everyone: true}, Write: Who{Members: true}, Respond: Who{Groups: []string{"@oncall"}, Users: []string{"UBOSS"}}}
	open := Policy{Read: Who{Everyone: true}, Write: Who{Everyone: true}, Respond: Who{Everyone: true}, Guests: GuestsEverything}
	closed := Policy{Read: Who{Members: true}, Write: Who{Users: []string{"UBOSS"}}, Respond: Who{Groups: []string{"S1"}}, Guests: GuestsNothing}
	guestsRead := Policy{Read: Who{Everyone: true}, Write: Who{Everyone: true}, Respond: Who{Everyone: true}, Guests: GuestsRead}
	member := facts{user: "U1", own: yes, channel: yes, group: no}
	visitor := facts{user: "U1", own: yes, channel: no, group: no}
	oncaller := facts{user: "U1", own: yes, channel: no, group: yes}
	guest := facts{user: "U1", own: no, channel: yes, group: no}
	guestOnCall := facts{user: "U1", own: no, channel: yes, group: yes}
	silent := facts{user: "U1", own: unsure, channel: unsure, group: unsure} // Slack says nothing
	boss := facts{user: "UBOSS", own: unsure, channel: unsure, group: unsure}
	for _, tt := range []struct {
		name      string
		policy    Policy
		person    facts
		want      [5]verdict // asks, reads, probes, writes, responds
		questions int        // of Slack at most, per act
	}{
		{"a member", byDefault, member, [5]verdict{}, 2},
		{"somebody of the workspace", byDefault, visitor, [5]verdict{0, 0, 0, notAllowed, notAllowed}, 2},
		{"a guest", byDefault, guest, [5]verdict{lineOnly, notForGuests, notForGuests, notForGuests, notForGuests}, 1},
		{"silence", byDefault, silent, [5]verdict{0, 0, 0, notKnown, notKnown}, 2},
		{"a member cannot respond", oncall, member, [5]verdict{0, 0, 0, 0, notAllowed}, 2},
		{"on call", oncall, oncaller, [5]verdict{0, 0, 0, notAllowed, 0}, 2},
		{"a guest on call", oncall, guestOnCall, [5]verdict{lineOnly, notForGuests, notForGuests, notForGuests, 0}, 2},
		{"who is named", oncall, boss, [5]verdict{0, 0, 0, notKnown, 0}, 2},
		{"silence about who is on call", oncall, facts{user: "U1", own: yes, channel: yes, group: unsure}, [5]verdict{0, 0, 0, 0, notKnown}, 2},
		{"an open workspace asks nothing", open, silent, [5]verdict{}, 0},
		{"an open workspace has no guests", open, guest, [5]verdict{}, 0},
		{"a closed one, a member", closed, member, [5]verdict{0, 0, 0, notAllowed, notAllowed}, 2},
		{"a closed one, a visitor", closed, visitor, [5]verdict{notAllowed, notAllowed, notAllowed, notAllowed, notAllowed}, 2},
		{"a closed one, a guest", closed, guest, [5]verdict{notForGuests, notForGuests, notForGuests, notForGuests, notForGuests}, 2},
		{"a closed one, silence", closed, silent, [5]verdict{0, 0, 0, notKnown, notKnown}, 2},
		{"guests who read", guestsRead, guest, [5]verdict{0, 0, notForGuests, notForGuests, notForGuests}, 1},
	} {
		for a := asks; a <= responds; a++ {
			got, questions := decide(tt.policy, a, tt.person)
			if got != tt.want[a] {
				t.Errorf("%s, act %d: verdict %d, want %d", tt.name, a, got, tt.want[a])
			}
			if questions > tt.questions {
				t.Errorf("%s, act %d: %d questions, want at most %d", tt.name, a, questions, tt.questions)
			}
		}
	}
}

// TestNothingIsChangedInDoubt holds for every policy and every person: a write
// is allowed on a yes that stands for it, and on nothing else.
func TestNothingIsChangedInDoubt(t *testing.T) {
	var lists []Who
	for _, everyone := range []bool{false, true} {
		for _, members := range []bool{false, true} {
			for _, groups := range [][]string{nil, {"S1"}} {
				for _, users := range [][]string{nil, {"UBOSS"}} {
					lists = append(lists, Who{everyone, members, users, groups})
				}
			}
		}
	}
	all := []fact{yes, no, unsure}
	n := 0
	for _, who := range lists {
		for _, guests := range []GuestAccess{GuestsSummary, GuestsNothing, GuestsRead, GuestsEverything} {
			for _, own := range all {
				for _, channel := range all {
					for _, group := range all {
						for _, user := range []string{"U1", "UBOSS"} {
							p := Policy{Read: who, Write: who, Respond: who, Guests: guests}
							f := facts{user, own, channel, group}
							for a := asks; a <= responds; a++ {
								n++
								v, _ := decide(p, a, f)
								named := user == "UBOSS" && who.Users != nil
								inGroup := who.Groups != nil && group == yes
								in := who.Everyone || (who.Members && channel == yes) || inGroup
								ours := guests == GuestsEverything || own == yes
								if a >= writes && v == allowed && !named && !(ours && in) && !(own == no && inGroup) {
									t.Fatalf("%+v by %+v was allowed for act %d", p, f, a)
								}
								if a >= writes && v != allowed && (named || (ours && in)) {
									t.Fatalf("%+v by %+v was not allowed for act %d: %d", p, f, a, v)
								}
							}
						}
					}
				}
			}
		}
	}
	if n < 10_000 {
		t.Errorf("%d decisions", n)
	}
}

// TestPeopleRemember: a yes counts for minutes, a no for seconds, and what was
// known goes on to count while Slack is silent.
func TestPeopleRemember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		p := &People{API: &API{}, Log: zap.New(core), Now: time.Now}
		asked, is, fails := 0, true, error(nil)
		q := question{"conversations.members", "C1", "U1"}
		ask := func(want fact, wantAsked int) {
			t.Helper()
			got, _ := p.ask(t.Context(), q, func(context.Context) (bool, error) { asked++; return is, fails })
			if got != want || asked != wantAsked {
				t.Errorf("got %d after %d questions, want %d after %d", got, asked, want, wantAsked)
			}
		}
		ask(yes, 1)
		is = false
		time.Sleep(yesFor - time.Second)
		ask(yes, 1)
		time.Sleep(2 * time.Second)
		ask(no, 2)
		is = true
		time.Sleep(noFor - time.Second)
		ask(no, 2)
		time.Sleep(2 * time.Second)
		ask(yes, 3)
		// Slack is silent: the yes counts on, and Slack is asked every few seconds at most.
		fails = errors.New("connection refused")
		time.Sleep(yesFor + time.Second)
		ask(yes, 4)
		ask(yes, 4)
		time.Sleep(quietly)
		ask(yes, 5)
		time.Sleep(staleFor)
		ask(unsure, 6)
		// It is back.
		fails = nil
		time.Sleep(quietly)
		ask(yes, 7)
		// It asks to wait.
		fails = &slack.RateLimitedError{RetryAfter: 30 * time.Second}
		q.user = "U2"
		ask(unsure, 8)
		time.Sleep(29 * time.Second)
		ask(unsure, 8)
		time.Sleep(2 * time.Second)
		ask(unsure, 9)
		// A scope is missing: said once.
		time.Sleep(time.Minute)
		logs.TakeAll()
		fails = slack.SlackErrorResponse{Err: "missing_scope"}
		for n := range 3 {
			ask(unsure, 10+n)
			time.Sleep(time.Minute)
		}
		if n := logs.Len(); n != 1 {
			t.Errorf("a missing scope was said %d times, want once", n)
		}
	})
}

func TestPeopleForget(t *testing.T) {
	p := &People{API: &API{}, Log: zap.NewNop(), Now: time.Now}
	for i := range 3 * mostKept {
		f, err := p.ask(t.Context(), question{"users.info", "", strconv.Itoa(i)}, func(context.Context) (bool, error) { return true, nil })
		if f != yes || err != nil {
			t.Fatal(f, err)
		}
	}
	if n := len(p.known); n > mostKept {
		t.Errorf("%d facts are kept, want at most %d", n, mostKept)
	}
}

// TestRefusalsSayWhoCan compares the sentences.
func TestRefusalsSayWhoCan(t *testing.T) {
	can := format.Can{Members: true, Groups: []string{"@oncall", "S012"}, Users: []string{"U1"}}
	for _, tt := range []struct {
		m    format.Message
		want string
	}{
		{format.NotAllowed("begin updates in a channel", format.Can{Members: true}), "Only members of this channel can begin updates in a channel. Join the channel, or ask one of them."},
		{format.NotAllowed("mute", format.Can{Groups: []string{"@oncall"}}), "Only @oncall can mute. Ask one of them."},
		{format.NotAllowed("mute", can), "Only members of this channel, @oncall, <!subteam^S012> and <@U1> can mute. Join the channel, or ask one of them."},
		{format.NotAllowed("mute", format.Can{Members: true, Channel: "C1"}), "Only members of <#C1> can mute. Ask one of them."},
		{format.NotForGuests("mark an action", format.Can{Everyone: true}, true), "Guests and people of other workspaces cannot mark an action here. People of this workspace can: ask one of them. Where updates come, guests can ask for the summary's line."},
		{format.NotKnown("who is in the channel", "mute", format.Can{Members: true}), "Slack did not say who is in the channel, so nothing was changed. Try again in a minute. Members of this channel can mute."},
		{format.NoScope("who you are", "users:read", "mute", format.Can{Members: true}), "statusbot may not ask Slack who you are, so nothing was changed. Its operator gives its app the scope `users:read`. Members of this channel can mute."},
		{format.NotInChannel("begin updates"), "statusbot is not in this channel and cannot see who is, so nothing was changed. Type `/invite @statusbot` here, then begin updates again."},
	} {
		if tt.m.Text != tt.want {
			t.Errorf("got  %s\nwant %s", tt.m.Text, tt.want)
		}
	}
}

// TestRespondersAreOfTheHomeChannel: a channel that anybody can make, and a
// direct conversation, stand for nobody else.
func TestRespondersAreOfTheHomeChannel(t *testing.T) {
	people := &People{API: &API{}, Log: zap.NewNop(), Now: time.Now}
	for q, is := range map[question]bool{
		{"users.info", "", "UIN"}: true, {"users.info", "", "UOUT"}: true,
		{"conversations.members", "CHOME", "UIN"}: true, {"conversations.members", "CHOME", "UOUT"}: false,
		{"conversations.members", "COWN", "UIN"}: true, {"conversations.members", "COWN", "UOUT"}: true,
	} {
		people.keep(q, told{is, time.Now()})
	}
	home := "CHOME"
	a := &Access{Policy: func() Policy { return Policy{Write: Who{Members: true}, Respond: Who{Members: true}} },
		Home: func() string { return home }, People: people, Log: zap.NewNop()}
	respond := func(user, channel string) Envelope {
		return Envelope{Kind: blockAction, Action: "of a deed to come", User: user, Channel: channel}
	}
	write := func(user, channel string) Envelope {
		return Envelope{Kind: slashCommand, Text: "start", User: user, Channel: channel}
	}
	for _, tt := range []struct {
		home string
		e    Envelope
		want string // empty: allowed
	}{
		{"CHOME", respond("UIN", "CHOME"), ""},
		{"CHOME", respond("UIN", "COWN"), ""},
		{"CHOME", respond("UIN", "D1"), ""},
		{"CHOME", respond("UOUT", "COWN"), "Only members of <#CHOME> can"},
		{"CHOME", respond("UOUT", "D1"), "Only members of <#CHOME> can"},
		{"CHOME", respond("UOUT", "CHOME"), "Only members of this channel can"},
		{"", respond("UOUT", "COWN"), ""},
		{"", respond("UIN", "D1"), "Only members of this channel can"},
		{"CHOME", write("UOUT", "COWN"), ""},
		{"CHOME", write("UOUT", "D1"), ""},
		{"CHOME", write("UOUT", "CHOME"), "Only members of this channel can begin updates"},
	} {
		home = tt.home
		m, refused := a.refuse(t.Context(), tt.e, nil)
		if refused != (tt.want != "") || !strings.HasPrefix(m.Text, tt.want) {
			t.Errorf("home %q, %s in %s: %q, want %q", tt.home, tt.e.User, tt.e.Channel, m.Text, tt.want)
		}
	}
}
