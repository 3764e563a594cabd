package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"github.com/statusbot/statusbot/internal/status"
)

// life is a whole bot at a sandbox whose clock is that of the results: hours
// pass as fast as results are fed.
type life struct {
	*house
	t          *testing.T
	clock      atomic.Int64 // Unix nanoseconds
	updater    *publish.Updater
	shifts     sync.Map                          // :: owner -> format.OnCall
	coming     atomic.Pointer[[]incident.Muting] // what the configuration plans next; nil: nothing
	comes      atomic.Pointer[func(time.Time, []incident.Standing) []incident.Muting]
	stopPoster func()
	sandboxtest.World
}

func newLife(t *testing.T, def status.Definition, change func(*publish.Updater, *publish.Rules)) *life {
	t.Helper()
	return newLifeAt(t, def, time.Now().Add(-12*time.Hour).Truncate(time.Minute), change)
}

// newLifeAt is one whose clock begins at that instant.
func newLifeAt(t *testing.T, def status.Definition, at time.Time, change func(*publish.Updater, *publish.Rules)) *life {
	t.Helper()
	l := &life{house: newHouse(t, def, sandbox.Config{NoRateLimit: true}), t: t}
	l.World = sandboxtest.In(t, l.c)
	l.feeder.At = at
	l.clock.Store(l.feeder.At.UnixNano())
	answers := &bot.Commands{Board: l.feeder.Board, Ledger: l.ledger, Outbox: l.outbox, API: l.api, Name: "/status",
		Every: lasts(5 * time.Minute), Log: zap.NewNop(), Now: l.now,
		Lookups: bot.Lookups{Coming: func(after time.Time, standing []incident.Standing) []incident.Muting {
			if comes := l.comes.Load(); comes != nil {
				return (*comes)(after, standing)
			}
			if coming := l.coming.Load(); coming != nil {
				return *coming
			}
			return nil
		},
			OnCall: func(owner string) (format.OnCall, bool) {
				shift, ok := l.shifts.Load(owner)
				if !ok {
					return format.OnCall{}, false
				}
				return shift.(format.OnCall), true
			}}}
	d := bot.NewDispatcher(zap.NewNop(), answers.Answer)
	goes(t, "dispatcher", d.Run)
	l.transport(t, d.Accept)
	l.stopPoster = l.poster(t, func(p *bot.Poster) { p.Now, p.Started = l.now, l.now() })
	l.updater = l.house.updater(func(u *publish.Updater, r *publish.Rules) {
		u.Now, r.Command = l.now, "/status"
		if change != nil {
			change(u, r)
		}
	})
	return l
}

func (l *life) stuck() *bot.Stuck {
	return &bot.Stuck{Board: l.feeder.Board, Outbox: l.outbox, Log: zap.NewNop(), Now: l.now}
}

func (l *life) now() time.Time { return time.Unix(0, l.clock.Load()).UTC() }

// pass feeds seconds and decides every 15 of them.
func (l *life) pass(d time.Duration, failing func(int, string) bool) {
	l.t.Helper()
	for i := range int(d / time.Second) {
		l.feeder.Feed(1, func(_ int, check string) bool { return failing != nil && failing(i, check) })
		l.clock.Store(l.feeder.At.UnixNano())
		if i%15 == 14 {
			check(l.t, l.updater.Step(l.t.Context(), l.feeder.At))
		}
	}
}

func (l *life) look() {
	l.t.Helper()
	check(l.t, l.updater.Step(l.t.Context(), l.now()))
}

// TestMarks: actions are marked by command and by form, and what became of
// each is told once, in the thread of the update.
func TestMarks(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an := l.As("ana").Channel(channel)
	an.Type("/status mark restarted lb-3").Ephemeral("This channel has no incident now", "`/status start TITLE`")
	l.pass(10*time.Minute, nil)
	l.pass(20*time.Minute, publishtest.Tenth("pay", "query"))
	an.Type("/status start Log-ins fail").Ephemeral("every 5 min")
	l.look()
	update := an.Sees("Impact update #1", "Mark an action")
	an.Type("/status mark").Ephemeral("A mark says what was done.")

	// By form: what helps nothing.
	update.Click("Mark an action")
	l.As("ana").Modal("Mark an action").Says("What was done?").Fill("What was done?", "drained <!channel> edge-lb-1").Submit()
	an.Sees("Marked: “drained &lt;!channel&gt; edge-lb-1”", "in the thread of the update")
	l.pass(32*time.Minute, publishtest.Tenth("pay", "query"))
	said := l.inThread(an, "“drained &lt;!channel&gt; edge-lb-1”: no discernible effect.", "The 2 products that were hurt, together: ", "points could hide", "Billing ", "Data Lake ")
	if !strings.Contains(shows(said.Message.Text, said.Message.Blocks), " → ") {
		t.Errorf("no figures: %s", said.Message.Blocks)
	}
	an.Sees("Tried: ", "no discernible effect (6.7 % → 6.7 %, difference 0")

	// By command: what helps is known before the half hour is over.
	l.As("ben").Channel(channel).Type("/status mark restarted lb-3").Ephemeral("Marked: “restarted lb-3”", "within 30 min")
	before := len(l.journal.Events(incident.Effect))
	l.pass(20*time.Minute, nil)
	if n := len(l.journal.Events(incident.Effect)); n != before+1 {
		t.Fatalf("%d effects are written down after 20 min, want %d", n, before+1)
	}
	an.Sees("Tried: ", "“restarted lb-3” (ben): helped (")
	all, err := l.c.Messages(limit(t), channel, "ana")
	check(t, err)
	until(t, "both marks and their effects are there", func() bool {
		all, err = l.c.Messages(limit(t), channel, "ana")
		return err == nil && len(replies(all)) == 4
	})
	l.pass(40*time.Minute, nil)
	all, err = l.c.Messages(limit(t), channel, "ana")
	check(t, err)
	if n := len(replies(all)); n != 4 {
		t.Errorf("%d replies, want each mark and each effect told once", n)
	}
	if first := replies(all)[0].Text; first != "ana marked #1 “drained &lt;!channel&gt; edge-lb-1”" {
		t.Errorf("the first reply is %q", first)
	}
	marks := l.journal.Events(incident.Mark)
	if len(marks) != 2 || marks[1].By != ben || marks[1].Mark != 2 || len(marks[0].Products) != 2 {
		t.Errorf("marks %+v", marks)
	}
	an.Type("/status timeline").Ephemeral("Timeline of incident 1 “Log-ins fail”", "began updates every 5 min", "“restarted lb-3”", "effect of “restarted lb-3” known: helped",
		"update #1 posted: first update", "edited in place")
	an.Type("/status since 1h").Ephemeral("1 h", "ben “restarted lb-3”: helped", "Incident 1 “Log-ins fail” is open", "as usual")
}

// inThread waits for a message in the thread of an update: of the newest that
// had arrived, which may be the first, or the one that was posted meanwhile.
func (l *life) inThread(an sandboxtest.Conversation, words ...string) sandboxtest.Seen {
	l.t.Helper()
	said := an.Sees(words...)
	all, err := l.c.Messages(limit(l.t), channel, "ana")
	check(l.t, err)
	for _, m := range all {
		if m.TS == said.Message.ThreadTS && strings.HasPrefix(m.Text, "Impact update #") {
			return said
		}
	}
	l.t.Errorf("%q stands in no update's thread", said.Message.Text)
	return said
}

// replies are the bot's messages in threads that everybody sees.
func replies(all []sandboxtest.Message) []sandboxtest.Message {
	var out []sandboxtest.Message
	for _, m := range all {
		if m.ThreadTS != "" && !m.Ephemeral && m.BotID != "" && !m.Deleted {
			out = append(out, m)
		}
	}
	return out
}

// TestMarksThatOverlap: of two actions within minutes the later may owe what is measured to the former, and
// that is said.
func TestMarksThatOverlap(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an := l.As("ana").Channel(channel)
	l.pass(10*time.Minute, nil)
	l.pass(20*time.Minute, publishtest.Tenth("pay"))
	an.Type("/status start").Ephemeral("every 5 min")
	l.look()
	an.Sees("Impact update #1")
	an.Type("/status mark rolled back 4711").Ephemeral("Marked")
	l.pass(7*time.Minute, publishtest.Tenth("pay"))
	an.Type("/status mark cleared the cache").Ephemeral("Marked")
	l.pass(time.Minute, publishtest.Tenth("pay"))
	l.inThread(an, "“rolled back 4711”: no discernible effect.", "Billing: ", "What came after “cleared the cache”")
	l.pass(31*time.Minute, publishtest.Third("pay"))
	l.inThread(an, "“cleared the cache”: worse since.", "It may be chance of timing.", "A little before it came “rolled back 4711”")
}

func TestNotesAcksAndPauses(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an, be := l.As("ana").Channel(channel), l.As("ben").Channel(channel)
	l.pass(10*time.Minute, nil)
	l.pass(5*time.Minute, publishtest.Third("pay"))
	an.Type("/status note nobody hears").Ephemeral("This channel has no incident now")
	an.Type("/status timeline").Ephemeral("This channel has had no incident yet.")
	an.Type("/status maint billing 2h").Ephemeral("Nothing was changed. To begin one: `/status mute billing for 2h`")
	an.Type("/status maintenance billing").Ephemeral("`billing` was not read")
	an.Type("/status pause").Ephemeral("No updates come to this channel now.")
	an.Type("/status start").Ephemeral("every 5 min")
	l.look()
	l.As("ana").DM().Type("did the restart help").Public("This channel has had no incident yet. Elsewhere:", "Incident 1 in <#", ">, since ")
	an.Type("/status note the vendor is on the call").Ephemeral("Noted: “the vendor is on the call”")
	be.Type("/status ack billing").Ephemeral("you look into Billing", "`/status mark TEXT`")
	be.Type("/status ack Billing").Ephemeral("already that you look into Billing")
	be.Type("/status ack biling").Ephemeral("`biling` is no product.", "`/status ack billing`")
	l.pass(6*time.Minute, publishtest.Third("pay"))
	update := an.Sees("Looked into by ben since ")
	// Behind the dots of the update, all that is hurt; a second press changes nothing.
	update.Choose("rest", "Acknowledge")
	an.Sees("Written down: you look into Billing.")
	update.Choose("rest", "Acknowledge")
	an.Sees("already that you look into ")
	// On the product, where the answer shows it; and it is taken back there.
	drill := an.Type("/status billing").Ephemeral("Looked into by ben since ", " and ana since ")
	drill.Click("Stop looking into it")
	drill = drill.Says("Acknowledge")
	drill.Click("Acknowledge")
	drill.Says("Stop looking into it")
	an.Type("/status unack").Ephemeral("you no longer look into Billing")
	an.Type("/status unack billing").Ephemeral("not written down that you look into Billing")
	if acked, back := len(l.journal.Events(incident.Acked)), len(l.journal.Events(incident.Unacked)); acked != 3 || back != 2 {
		t.Errorf("%d acknowledgements and %d withdrawals are written down, want 3 and 2", acked, back)
	}
	an.Type("/status less").Ephemeral("every 10 min")
	an.Type("/status more").Ephemeral("every 5 min")
	be.Type("/status pause").Ephemeral("are paused", "`/status resume`")
	be.Type("/status pause").Ephemeral("paused already")
	l.look()
	an.Sees("Impact update", "updates are paused by ben")
	n := len(l.journal.Events(incident.Update))
	l.pass(10*time.Minute, publishtest.Third("pay", "ledger", "query")) // worse, and yet
	if got := len(l.journal.Events(incident.Update)); got != n {
		t.Errorf("%d updates while they are paused", got-n)
	}
	an.Type("/status").Ephemeral("Updates of this channel are paused by ben since ")
	an.Type("/status resume").Ephemeral("go on, the next one at once")
	an.Type("/status resume").Ephemeral("are not paused")
	l.look()
	an.Sees("Impact update #"+number(n+1), "Data Lake")
	an.Type("/status timeline").Ephemeral("ben paused updates", "let updates go on", "noted “the vendor is on the call”", "ben looks into Billing", " no longer looks into Billing", "*Data Lake*: as usual → ")
	an.Type("/status since yesterday").Ephemeral("paused updates", "Data Lake")
	l.As("ana").Channel("general").Type("/status since 30m").Ephemeral("This channel has had no incident", "Data Lake")
}

func number(n int) string {
	return strings.TrimSpace(strings.ReplaceAll(time.Duration(n).String(), "ns", ""))
}

func TestWatches(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	l.updater.Begun = l.now().Add(-time.Hour)
	an := l.As("ana").Channel(channel)
	l.pass(10*time.Minute, nil)
	an.Type("/status watch").Ephemeral("You watch no product.")
	an.Type("/status watch biling").Ephemeral("Did you mean `/status watch billing`?")
	an.Type("/status watch Billing").Ephemeral("You get a direct message when Billing changes. Now it is as usual.")
	an.Type("/status watch billing").Ephemeral("You watch Billing already.")
	l.As("ben").Channel(channel).Type("/status watch billing").Ephemeral("You get a direct message")
	an.Type("/status watch").Ephemeral("You watch 1 product.", "Billing is as usual")
	l.pass(5*time.Minute, publishtest.Third("pay"))
	l.As("ana").DM().Sees("Billing: degraded since ", " % of tries fail (", "`/status unwatch billing`")
	l.As("ben").DM().Sees("Billing: degraded since ")
	l.As("ben").Channel(channel).Type("/status unwatch").Ephemeral("You watch no product any more.")
	l.As("ben").Channel(channel).Type("/status unwatch billing").Ephemeral("You do not watch Billing.")
	l.pass(60*time.Minute, nil)
	l.As("ana").DM().Sees("Billing: no failure since ", " tries; was ")
	l.As("ana").DM().Sees("Billing: recovered, no failure since ", " tries; below 1 % with 99 % confidence)")
	changes := l.journal.Events(incident.Watched)
	if len(changes) < 2 || changes[0].From != "ok" || changes[len(changes)-1].To != "ok" {
		t.Errorf("changes %+v", changes)
	}
	mine, err := l.c.Messages(limit(t), "@statusbot", "ben")
	check(t, err)
	toBen := 0
	for _, m := range mine {
		if strings.Contains(m.Text, "Billing is as usual") {
			toBen++
		}
	}
	if toBen != 0 {
		t.Error("ben hears of it after his unwatch")
	}
}

func TestMutes(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), in(channelID))
	an := l.As("ana").Channel(channel)
	l.pass(10*time.Minute, nil)
	an.Type("/status mute").Ephemeral("Nothing is muted.", "`/status mute PRODUCT for 2h REASON`")
	an.Type("/status mute billing").Ephemeral("Say what to mute, for how long and why")
	an.Type("/status mute billing Sat 25:00 for 2h moving").Ephemeral("Say what to mute, for how long and why")
	an.Type("/status mute billing next Sat 25:00 for 2h moving").Ephemeral("Say what to mute, for how long and why")
	an.Type("/status mute billing next sat").Ephemeral("From when on `sat`, and for how long? Nothing was muted.", "`/status mute billing sat 22:00 for 2h moving the database`")
	an.Type("/status mute billing on the coming Saturday db move").Ephemeral("From when on `Saturday`, and for how long?")
	an.Type("/status mute billing next sat from 10 to 12 db move").Ephemeral("Billing will be in maintenance from ")
	an.Type("/status unmute billing").Ephemeral("is taken back")
	an.Type("/status mute billing pay2 for 2h moving").Ephemeral("`billing pay2` is no product.")
	an.Type("/status mute billing for 2h").Ephemeral("A mute says why")
	an.Type("/status mute biling for 2h moving").Ephemeral("`biling` is no product.", "`/status mute billing`")
	an.Type("/status mute billing for 60d moving").Ephemeral("after 1 min to 7 days")
	an.Type("/status mute billing for 30 min moving the database").Ephemeral("Billing is in maintenance until ", "It ends by itself", "`/status unmute billing`")
	l.pass(20*time.Minute, publishtest.Third("pay", "ledger"))
	if n := len(l.journal.Events(incident.Opened)); n != 0 {
		t.Fatalf("%d incidents were detected in a muted product", n)
	}
	an.Type("/status").Ephemeral("In maintenance: Billing (until ", "by ana: moving the database)")
	an.Type("/status billing").Ephemeral("Billing is in maintenance")
	l.pass(12*time.Minute, publishtest.Third("pay", "ledger"))
	if n := len(l.journal.Events(incident.Opened)); n != 1 {
		t.Fatalf("%d incidents after the mute ended by itself, want 1: it still fails", n)
	}
	an.Sees("Impact update #1", "Billing")
	an.Type("/status unmute").Ephemeral("Nothing is muted.")

	// One check of a product, from the incident's channel.
	l.As("ben").Channel(channel).Type("/status mute lake query for 1h new index").Ephemeral("Data Lake query is in maintenance until ")
	l.pass(5*time.Minute, publishtest.Always("query"))
	an.Type("/status").Ephemeral("In maintenance: Data Lake (check `query` until ")
	an.Type("/status unmute").Ephemeral("Data Lake query is judged again.")
	l.pass(5*time.Minute, publishtest.Always("query"))
	an.Type("/status lake").Ephemeral("Data Lake is down: all ")
	an.Type("/status timeline").Ephemeral("ben muted Data Lake `query` until ", ": new index", "ended the mute of Data Lake `query`")
}

// TestMaintenanceThatIsConfigured: it begins and ends by itself, is told, and is
// nobody's impact.
func TestMaintenanceThatIsConfigured(t *testing.T) {
	t.Parallel()
	var from time.Time
	l := newLife(t, publishtest.Acme(), func(u *publish.Updater, r *publish.Rules) {
		in(channelID)(u, r)
		r.Planned = func(at time.Time, _ []incident.Standing) []incident.Muting {
			if from.IsZero() || at.Before(from) || !at.Before(from.Add(30*time.Minute)) {
				return nil
			}
			return []incident.Muting{{Product: "billing", From: from, Until: from.Add(30 * time.Minute), Why: "moving the database"}}
		}
	})
	an := l.As("ana").Channel(channel)
	l.pass(10*time.Minute, nil)
	from = l.now().Add(5 * time.Minute)
	next := from.Add(7 * 24 * time.Hour)
	l.coming.Store(&[]incident.Muting{{Product: "billing", From: next, Until: next.Add(time.Hour), Name: "Team Payments", Why: "patches"}})
	an.Type("/status maintenance").Ephemeral("Maintenance: 0 now, 1 planned.", "Billing planned from ", " by Team Payments: patches")
	l.pass(6*time.Minute, nil)
	l.pass(14*time.Minute, publishtest.Third("pay", "ledger"))
	if n := len(l.journal.Events(incident.Opened)); n != 0 {
		t.Fatalf("%d incidents were detected in maintenance", n)
	}
	an.Type("/status").Ephemeral("In maintenance: Billing (until ", ", as configured: moving the database)")
	an.Type("/status maintenance").Ephemeral("Maintenance: 1 now, 1 planned.", "Billing until ", ", as configured: moving the database", "Billing planned from ")
	l.pass(17*time.Minute, publishtest.Third("pay", "ledger"))
	if n := len(l.journal.Events(incident.Opened)); n != 1 {
		t.Fatalf("%d incidents after the maintenance, want 1: it still fails", n)
	}
	if n := len(l.journal.Events(incident.Mute)); n != 1 {
		t.Errorf("%d mutes for one maintenance", n)
	}
}

// TestMaintenanceForEachWeek is planned in Slack, listed, and taken back: one time
// of it, or all.
func TestMaintenanceForEachWeek(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	l.pass(10*time.Minute, nil)
	first := l.now().Add(36 * time.Hour).Truncate(time.Hour).Add(17 * time.Minute) // at none of the times below, whatever hour it is
	comes := func(after time.Time, standing []incident.Standing) []incident.Muting {
		var all []incident.Muting
		for _, s := range standing {
			from := first
			for !from.After(after) {
				from = from.Add(7 * 24 * time.Hour)
			}
			all = append(all, incident.Muting{Product: s.Product, From: from, Until: from.Add(s.For), Name: s.Name, Why: s.Why, Each: s.Words()})
		}
		return all
	}
	l.comes.Store(&comes)
	an := l.As("ana").Channel(channel)
	an.Type("/status mute billing every month 22:00 for 2h patches").Ephemeral("Nothing was muted.", "cron")
	an.Type("/status mute billing every Sat 22:00 for 2h").Ephemeral("A mute says why")
	an.Type("/status mute billing Sat 22:00 for 2h every week patches").Ephemeral("Billing will be in maintenance every Sat 22:00 (America/New_York), next from ", "`/status unmute billing weekly`", "`/status unmute billing next`")
	an.Type("/status maintenance").Ephemeral("Maintenance: 0 now, 1 planned.", "Billing every Sat 22:00, next from ", " by ana: patches")
	an.Type("/status unmute billing").Ephemeral("Billing is not muted now; maintenance comes next from ", "`/status unmute billing next`")
	an.Type("/status unmute billing next").Ephemeral("The maintenance of Billing from ", " is taken back")
	an.Type("/status unmute billing next").Ephemeral("is taken back") // and the one after it
	if skips := l.journal.Events(incident.Skipped); len(skips) != 2 || !skips[0].Begins.Equal(first) || !skips[1].Begins.Equal(first.Add(7*24*time.Hour)) {
		t.Errorf("taken back: %v", skips)
	}
	an.Type("/status unmute billing weekly").Ephemeral("No weekly maintenance of Billing is planned from Slack any more.")
	an.Type("/status unmute billing weekly").Ephemeral("No weekly maintenance of Billing was planned in Slack.")
	an.Type("/status maintenance").Ephemeral("Nothing is muted. No maintenance is planned.")
	an.Type("/status mute billing from tomorrow 22:00-24:00 one").Ephemeral("Billing will be in maintenance from ")
	an.Type("/status mute billing tomorrow 6am for 30m two").Ephemeral("Billing will be in maintenance from ")
	an.Type("/status unmute billing tomorrow 22:00").Ephemeral("is taken back")
	an.Type("/status unmute billing tomorrow 22:00").Ephemeral("No such maintenance of Billing is planned.")
	an.Type("/status maintenance").Ephemeral("Maintenance: 0 now, 1 planned.", "two")
	an.Type("/status unmute").Ephemeral("Maintenance: 0 now, 1 planned.", "two") // what is only planned is not ended in passing
	an.Type("/status unmute billing").Ephemeral("The maintenance of Billing from ", "is taken back: it is judged then.")
	an.Type("/status mute lake tomorrow 22:00 for 1h later").Ephemeral("Data Lake will be in maintenance from ")
	an.Type("/status mute lake tomorrow 6am for 1h sooner").Ephemeral("Data Lake will be in maintenance from ")
	if got := an.Type("/status maintenance").Ephemeral("sooner", "later").Message.Text; strings.Index(got, "sooner") > strings.Index(got, "later") {
		t.Errorf("the later one is listed first:\n%s", got)
	}
	an.Type("/status unmute lake").Ephemeral("The 2 maintenances of Data Lake that were planned once are taken back: it is judged then.")
	an.Type("/status maintenance").Ephemeral("Nothing is muted. No maintenance is planned.")
}

func TestSinceMyLastMessage(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	l.pass(10*time.Minute, nil)
	an := l.As("ana").Channel(channel)
	an.Type("/status since").Ephemeral("Say since when.", "`/status since 01:30`")
	an.Type("/status since teatime").Ephemeral("`teatime` is not a time in the past.")
	an.Type("/status since my last message").Ephemeral("You wrote nothing in this channel")
	_, err := l.c.Reply(limit(t), channel, "ana", "", "good night", false)
	check(t, err)
	l.clock.Store(time.Now().Add(3 * time.Hour).UnixNano())
	an.Type("/status since my last message").Ephemeral("(3 h)")
}

// TestAnIncidentOfSomeProducts: two channels, each with its own products, its
// own message and its own interval.
func TestAnIncidentOfSomeProducts(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), func(_ *publish.Updater, r *publish.Rules) {
		r.Places = []publish.Place{{Channel: generalID, Products: []string{"lake"}}}
	})
	an, general := l.As("ana").Channel(channel), l.As("ana").Channel("general")
	l.pass(10*time.Minute, nil)
	an.Type("/status start Invoices for billin, lake").Ephemeral("`billin` is no product.")
	an.Type("/status start Invoices for Billing").Ephemeral("every 5 min")
	l.look()
	an.Sees("Impact update #1: Billing is as usual", "“Invoices”", "about Billing")
	l.pass(5*time.Minute, publishtest.Third("query"))
	general.Sees("Impact update #1: Data Lake fails ", "detected", "about Data Lake")
	general.Type("/status every 2m").Ephemeral("every 2 min")
	l.pass(5*time.Minute, publishtest.Third("query"))
	log := l.feeder.Board.Log()
	if len(log.Incidents) != 2 || log.Incidents[0].Every != 5*time.Minute || log.Incidents[1].Every != 2*time.Minute {
		t.Fatalf("incidents %+v", log.Incidents)
	}
	for _, m := range l.posts(t, channel) {
		if strings.Contains(shows(m.Text, m.Blocks), "Data Lake") {
			t.Errorf("the incident about Billing tells %s", m.Text)
		}
	}
	// It ends when its products are as usual, and the trouble that comes back is the same incident.
	for range 60 {
		if len(l.journal.Events(incident.Resolved)) > 0 {
			break
		}
		l.pass(time.Minute, nil)
	}
	general.Sees("Recovered after ")
	l.pass(5*time.Minute, publishtest.Third("query"))
	general.Sees("re-opened ")
	if got := l.journal.Events(incident.Reopened); len(got) != 1 {
		t.Errorf("re-opened %d times, want once", len(got))
	}
	if inc, ok := l.feeder.Board.Log().In(channelID); !ok || inc.ID != "inc-1" {
		t.Error("the incident of the other channel ended with it")
	}
}

// TestStuckUpdatesOfADetectedIncident: nobody began it, so those are told whom
// the configuration names; once each, with the cure.
func TestStuckUpdatesOfADetectedIncident(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), in(channelID))
	stuck := l.stuck()
	stuck.Fallback = func(_ context.Context, channel string) []string {
		if channel != channelID {
			t.Errorf("asked for %s", channel)
		}
		return []string{ben, generalID}
	}
	p := &bot.Poster{API: l.api, Outbox: l.outbox, Generation: 2, Started: l.now(), Log: zap.NewNop(), Now: l.now, Stuck: stuck.Tell}
	p.SetRefusedWait(50 * time.Millisecond)
	check(t, l.c.Members(limit(t), channel, nil, []string{"statusbot"}))
	l.stopPoster()
	goes(t, "poster", p.Run)
	l.pass(10*time.Minute, nil)
	l.pass(5*time.Minute, publishtest.Third("pay"))
	const told, cure, why = "The updates of incident 1 are not delivered: statusbot is not in the channel <#" + channelID + ">.", "`/invite @statusbot`", "statusbot detected the incident itself"
	l.As("ben").DM().Sees(told, cure, why)
	l.As("ana").Channel("general").Sees(told, cure, why)
	until(t, "it was refused again", func() bool {
		l.pass(time.Minute, publishtest.Third("pay"))
		return len(l.refusals(t)) > 3
	})
	mine, err := l.c.Messages(limit(t), "@statusbot", "ben")
	check(t, err)
	if n := len(mine) + len(l.posts(t, "general")); n != 2 {
		t.Errorf("%d messages, want one to each", n)
	}
	if list, err := l.c.Messages(limit(t), "@statusbot", "ana"); err != nil || len(list) > 0 {
		t.Errorf("ana was told as well: %v %v", list, err)
	}
}

// refusals are the calls that Slack refused because the bot is not there.
func (l *life) refusals(t *testing.T) (out []sandboxtest.LogEntry) {
	for _, e := range l.calls(t, "chat.postMessage") {
		if strings.Contains(string(e.Answer), "not_in_channel") {
			out = append(out, e)
		}
	}
	return out
}

// TestTheStarterIsToldThatUpdatesAreStuck: once, with the cure; when it is
// mended the newest update comes.
func TestTheStarterIsToldThatUpdatesAreStuck(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	p := &bot.Poster{API: l.api, Outbox: l.outbox, Generation: 2, Started: l.now(), Log: zap.NewNop(), Now: l.now, Stuck: l.stuck().Tell}
	p.SetRefusedWait(50 * time.Millisecond)
	an := l.As("ana").Channel(channel)
	l.pass(10*time.Minute, nil)
	an.Type("/status start Invoices").Ephemeral("every 5 min")
	check(t, l.c.Members(limit(t), channel, nil, []string{"statusbot"}))
	l.stopPoster()
	goes(t, "poster", p.Run)
	l.look()
	l.As("ana").DM().Sees("The updates of incident 1 “Invoices” are not delivered: statusbot is not in the channel <#"+channelID+">.", "`/invite @statusbot`")
	check(t, l.c.Members(limit(t), channel, []string{"statusbot"}, nil))
	l.pass(time.Minute, nil)
	an.Sees("Impact update #1")
	mine, err := l.c.Messages(limit(t), "@statusbot", "ana")
	check(t, err)
	if len(mine) != 1 {
		t.Errorf("%d direct messages, want 1", len(mine))
	}
}

// TestAnIncidentInTheChannel is the whole way: results, updater, outbox,
// poster, the real client and the sandbox.
func TestAnIncidentInTheChannel(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(60, nil)
	h.poster(t)
	updater := h.updater(in(channelID))
	// passes feeds seconds and decides once, after them: how often it is looked meanwhile decides what is told.
	passes := func(seconds int, failing func(int, string) bool) {
		h.feeder.Feed(seconds, failing)
		check(t, updater.Step(t.Context(), h.feeder.At))
	}
	passes(25, publishtest.Third("pay"))
	first := h.sees(t, channel, "ana", "Impact update #1", "Billing")
	if len(first.Pings.Users) > 0 || first.Pings.Channel {
		t.Errorf("it pings %+v", first.Pings)
	}
	passes(30, publishtest.Always("query"))
	second := h.sees(t, channel, "ana", "Data Lake is down: ", "Billing fails ")
	if second.TS != first.TS {
		t.Errorf("worsening within a minute is told by %s, want an edit of %s", second.TS, first.TS)
	}
	passes(180, nil)
	step := h.sees(t, channel, "ben", "no longer failing: ", "Proving the recovery of 2 products")
	if step.TS == first.TS {
		t.Error("the first step is told by an edit, want a post of its own")
	}
	passes(600, nil)
	if last := h.sees(t, channel, "ben", "Recovered after ", "Updates end"); last.TS == step.TS {
		t.Error("the end is told by an edit, want a post of its own")
	}
	if n := len(h.posts(t, channel)); n != 3 {
		t.Errorf("%d posts, want 3:\n%s", n, h.texts(t, channel))
	}
}

// TestAMuteThatBeginsLater: "in 2h" is when it begins, never how long it lasts.
func TestAMuteThatBeginsLater(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), in(channelID))
	an := l.As("ana").Channel(channel)
	l.pass(10*time.Minute, nil)
	an.Type("/status mute billing in 2h moving the database").Ephemeral("Say what to mute, for how long and why")
	an.Type("/status mute billing in 2h for 30m moving the database").Ephemeral("Billing will be in maintenance from ")
	if m := l.journal.Events(incident.Mute); len(m) != 1 || m[0].Begins.Sub(m[0].At) != 2*time.Hour || m[0].Until.Sub(m[0].Begins) != 30*time.Minute {
		t.Errorf("got %+v", m)
	}
	an.Type("/status mute billing yesterday 22:00 for 30m moving").Ephemeral("Say what to mute, for how long and why")
}

// TestSecretsThatPeopleType: a slash command is seen by nobody else, and what it writes
// down by everybody.
func TestSecretsThatPeopleType(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	comes := func(after time.Time, standing []incident.Standing) (all []incident.Muting) {
		for _, s := range standing {
			all = append(all, incident.Muting{Product: s.Product, From: after.Add(time.Hour), Until: after.Add(2 * time.Hour), Why: s.Why, Each: s.Words()})
		}
		return all
	}
	l.comes.Store(&comes)
	an := l.As("ana").Channel(channel)
	l.pass(10*time.Minute, nil)
	for _, typed := range []string{
		"start Login fails token=hunter2-hunter2", "mark rotated ghp_hunter2hunter2hunter2 on lb-3", "note the password=hunter2-hunter2 was wrong",
		`note curl -u 'ana:hunter2 hunter2' https://api.example.com gives 500`, `note “mysql -p'a hunter2'” hangs`, "mute lake for 2h key AKIAHUNTER2HUNTER2 and Authorization: Bearer hunter2hunter2",
		"mute billing every Sat 22:00 for 2h secret=hunter2-hunter2", "severity high password=hunter2-hunter2",
	} {
		an.Type("/status " + typed)
	}
	for _, e := range l.journal.All() {
		said := fmt.Sprintf("%+v %+v", e, e.Each)
		if strings.Contains(strings.ToLower(said), "hunter2") {
			t.Errorf("%s: %s", e.Kind, said)
		}
	}
	for kind, want := range map[incident.Kind]int{incident.Opened: 1, incident.Mark: 1, incident.Note: 3, incident.Mute: 1, incident.MuteEach: 1} {
		if n := len(l.journal.Events(kind)); n != want {
			t.Errorf("%s: %d are written down, want %d", kind, n, want)
		}
	}
}
