package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// shop is a client-facing service that counts what it serves, so that the
// bot's figures can be held against the truth.
type shop struct {
	url     string
	nth     atomic.Int64 // every nth request fails; 0: none
	asked   atomic.Int64
	refused atomic.Int64 // of these, answered with 500
}

func newShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/shop/", func(w http.ResponseWriter, _ *http.Request) {
		n := s.asked.Add(1)
		if nth := s.nth.Load(); nth > 0 && n%nth == 0 {
			s.refused.Add(1)
			http.Error(w, "stock is <!channel> unavailable", http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/manual/", func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	s.url = "http://" + l.Addr().String()
	return s
}

// shopRate is how many probes a second the shop gets: what there is to be seen
// and proven goes by their number, and so a story takes as little time.
const shopRate = 96

// shopEvery is how often each of the shop's checks is made, and its time-out: a
// machine that is busy with other tests takes a second for an answer.
const shopEvery = 5

// company writes a configuration: checks on the shop, shopRate of them begun in
// each second, and a sixth as many on another product.
func (s *shop) company(t *testing.T, settings string) (file string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("company: Acme\ncomponents: [{id: web}]\nproducts:\n")
	b.WriteString("  - {id: shop, name: Shop, owner: sales, says: {degraded: Some orders fail}}\n  - {id: manual, name: Manual}\nchecks:\n")
	for i := range shopEvery * (shopRate + shopRate/6) {
		product := "shop"
		if i >= shopEvery*shopRate {
			product = "manual"
		}
		fmt.Fprintf(&b, "  - {id: %s-%d, product: %s, kind: http, every: %ds, uses: [web], http: {url: %q}}\n",
			product, i, product, shopEvery, fmt.Sprintf("%s/%s/%d", s.url, product, i))
	}
	b.WriteString(settings)
	file = filepath.Join(t.TempDir(), "company.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// workspace starts a sandbox in this process: it outlives the bot.
func workspace(t *testing.T) (sandboxtest.Client, []string) {
	t.Helper()
	w := runWorkspace(t, sandbox.Config{})
	return sandboxtest.Client{Base: w.URL()}, socketEnv(w)
}

// runWorkspace runs a sandbox until the test ends. It waits for answers as long
// as a test does.
func runWorkspace(t *testing.T, cfg sandbox.Config) *sandbox.Workspace {
	t.Helper()
	cfg.AckWithin, cfg.TriggerLife = patience, patience
	w, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("sandbox: %v", err)
		}
	})
	return w
}

// socketEnv is the environment in which the bot uses a workspace as it would
// use Slack itself.
func socketEnv(w *sandbox.Workspace) []string {
	return []string{
		"STATUSBOT_SLACK_MODE=socket", "STATUSBOT_SLACK_API_URL=" + w.APIURL(),
		"STATUSBOT_SLACK_BOT_TOKEN=" + w.BotToken(), "STATUSBOT_SLACK_APP_TOKEN=" + w.AppToken(),
	}
}

// ask types a command and returns the text of the answer; empty while the bot
// does not answer.
func ask(ctx context.Context, t testing.TB, c sandboxtest.Client, channel, text string) string {
	t.Helper()
	a, err := c.Command(ctx, channel, "ben", text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if a.Reply == nil {
		return ""
	}
	return a.Reply.Text
}

// until asks again and again until ok accepts the answer.
func until(ctx context.Context, t testing.TB, c sandboxtest.Client, text string, ok func(string) bool) string {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for last := ""; ; {
		if last = ask(ctx, t, c, "incident-demo", text); ok(last) {
			return last
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: last answer %q", text, last)
		}
	}
}

// measured says that there are figures: on a busy machine a local shop may well
// answer slower than usual, so who only waits for figures takes any.
func measured(answer string) bool { return levelSaid.MatchString(answer) }

var levelSaid = regexp.MustCompile(`as usual|degraded|down|fails?\b|slow`)

func contains(parts ...string) func(string) bool {
	return func(s string) bool {
		for _, p := range parts {
			if !strings.Contains(s, p) {
				return false
			}
		}
		return true
	}
}

// channelMessage accepts a message of the bot to everybody.
func channelMessage(parts ...string) func(sandboxtest.Message) bool {
	return func(m sandboxtest.Message) bool {
		return m.BotID != "" && !m.Ephemeral && contains(parts...)(m.Text)
	}
}

var ofFailed = regexp.MustCompile(`([\d,]+) of ([\d,]+)|all ([\d,]+) tries`)

// failures reads "62 of 520" or "all 34 tries" out of a text.
func failures(t *testing.T, text string) (failed, tries int) {
	t.Helper()
	m := ofFailed.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no counts in %q", text)
	}
	if m[3] != "" {
		m[1], m[2] = m[3], m[3]
	}
	for i, p := range []*int{&failed, &tries} {
		n, err := strconv.Atoi(strings.ReplaceAll(m[i+1], ",", ""))
		if err != nil {
			t.Fatal(err)
		}
		*p = n
	}
	return failed, tries
}

// The main job as people meet it: start, fault, an update with true counts, a
// drill-down, a crash of the bot in the middle, repair, recovery, stop.
func TestStory(t *testing.T) {
	t.Parallel()
	slack, env := workspace(t)
	tellStory(t, slack, env, func(context.Context, *child) {})
}

// tellStory is TestStory in a workspace; begun is called when the bot was started.
func tellStory(t *testing.T, slack sandboxtest.Client, env []string, begun func(context.Context, *child)) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	target := newShop(t)
	file := target.company(t, "updates: {every: 3s}\n")
	data := t.TempDir()
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	begun(ctx, bot)

	until(ctx, t, slack, "/status", contains("Both products as usual"))
	if got := ask(ctx, t, slack, "incident-demo", "/status start Orders fail <!here>"); !strings.Contains(got, "3 s") {
		t.Errorf("start is answered with %q, want the cadence named", got)
	}
	first, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("both products as usual"))
	if err != nil {
		t.Fatal(err)
	}

	target.nth.Store(4)
	update, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("Shop fails "))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(update.Text, "Shop") {
		t.Errorf("the update does not name the product: %s", update.Text)
	}

	// What is told was served, and what was served by now is told soon.
	served := int(target.refused.Load())
	drill := until(ctx, t, slack, "/status shop", func(text string) bool {
		if !strings.Contains(text, "Shop fails ") {
			return false
		}
		failed, _ := failures(t, text)
		if at := int(target.refused.Load()); failed > at {
			t.Fatalf("%d failures told, %d served: %s", failed, at, text)
		}
		return failed >= served
	})
	asked := int(target.asked.Load())
	if failed, tries := failures(t, drill); tries > asked || tries < 3*failed || tries > 5*failed { // one in four, since the onset
		t.Errorf("%d tries told, %d served: %s", tries, asked, drill)
	}

	// The evidence is in the drill-down, and pings nobody.
	seen, err := slack.Messages(ctx, "incident-demo", "ben")
	if err != nil {
		t.Fatal(err)
	}
	if blocks := string(seen[len(seen)-1].Blocks); !strings.Contains(blocks, "HTTP 500") || !strings.Contains(blocks, "Owner: sales") {
		t.Errorf("no evidence or owner in the drill-down: %s", blocks)
	}
	if _, err := slack.Action(ctx, "incident-demo", "ben", seen[len(seen)-1].TS, format.ActionChoose, "failures:shop"); err != nil {
		t.Fatal(err)
	}
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ben", func(m sandboxtest.Message) bool {
		return strings.Contains(string(m.Blocks), "stock is") && strings.Contains(m.Text, "failures on Shop")
	}); err != nil {
		t.Errorf("the last failures: %v", err)
	}

	before := until(ctx, t, slack, "/status shop", contains("Shop fails "))
	bot.kill()
	logged, err := slack.Log(ctx, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	mark := logged[len(logged)-1].N
	bot = startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	after := until(ctx, t, slack, "/status shop", contains("Shop fails "))
	// The newest batches may be lost to kill -9, no more.
	failedBefore, triesBefore := failures(t, before)
	if failed, tries := failures(t, after); failed < failedBefore-shopRate/4 || tries < triesBefore-2*shopRate {
		t.Errorf("history lost: %q before, %q after", before, after)
	}
	// The next update edits the message that was there.
	edit, err := slack.WaitLog(ctx, mark, "chat.update", func(e sandboxtest.LogEntry) bool { return strings.Contains(string(e.Answer), `"ok":true`) })
	if err != nil {
		t.Fatal(err)
	}
	if ts, _ := edit.Args["ts"].(string); ts < first.TS {
		t.Errorf("edited %s, want the message of the first update (%s) or one after it", ts, first.TS)
	}

	target.nth.Store(0)
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", func(m sandboxtest.Message) bool {
		return m.TS > update.TS && channelMessage("both products as usual")(m)
	}); err != nil {
		t.Fatal(err)
	}
	ask(ctx, t, slack, "incident-demo", "/status stop")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	if beside, _ := commandOf(t, exitOK, "report", "1", "--config", file, "--data-dir", data); !strings.Contains(beside, "# Acme · Incident 1: Orders fail") {
		t.Errorf("beside the bot that runs the report is\n%s", beside)
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	checkUpdates(ctx, t, slack, data, 3*time.Second)
}

// However often and whenever it is killed: no update is doubled, none is
// skipped, and what is in the channel at the end is the newest.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slack, env := workspace(t)
	target := newShop(t)
	file := target.company(t, "updates: {every: 2s, mode: post}\n")
	data := t.TempDir()
	// Slow enough that a kill falls between a post and its answer.
	if err := slack.Faults(ctx, sandboxtest.Fault{Mode: "slow", DelayMS: 500, Methods: []string{"chat.postMessage"}}); err != nil {
		t.Fatal(err)
	}
	started := false
	for round := range longtest.Of(4, 16) {
		bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
		until(ctx, t, slack, "/status", measured)
		if !started {
			started = true
			ask(ctx, t, slack, "incident-demo", "/status start")
		}
		if round%2 == 0 {
			// The message is in the channel, Slack's answer is not here yet.
			n := countPosts(ctx, t, slack)
			if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", func(sandboxtest.Message) bool { return countPosts(ctx, t, slack) > n }); err != nil {
				t.Fatal(err)
			}
		} else {
			// The event is written, what follows it has hardly begun.
			bot.awaitLine(ctx, `"new_post": true`)
		}
		bot.kill()
	}
	if err := slack.Faults(ctx, sandboxtest.Fault{Mode: "ok"}); err != nil {
		t.Fatal(err)
	}
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	until(ctx, t, slack, "/status stop", contains("Updates end; a last one follows"))
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	checkUpdates(ctx, t, slack, data, 2*time.Second)
}

// countPosts returns how many messages the bot has put into the channel.
func countPosts(ctx context.Context, t *testing.T, slack sandboxtest.Client) int {
	t.Helper()
	list, err := slack.Messages(ctx, "incident-demo", "ana")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range list {
		if m.BotID != "" && !m.Ephemeral {
			n++
		}
	}
	return n
}

// checkUpdates holds the channel against the journal: updates are numbered
// without a gap and kept to the schedule; each new post is at most once in the
// channel, and the last one is.
func checkUpdates(ctx context.Context, t *testing.T, slack sandboxtest.Client, data string, every time.Duration) {
	t.Helper()
	checkTold(ctx, t, slack, storedUpdates(ctx, t, data), every)
}

// checkTold is checkUpdates with the updates that were written down.
func checkTold(ctx context.Context, t *testing.T, slack sandboxtest.Client, updates []incident.Event, every time.Duration) {
	t.Helper()
	inChannel := map[string]int{} // :: key in the metadata -> messages
	list, err := slack.Messages(ctx, "incident-demo", "ana")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.Pings.Channel || m.Pings.Here || m.Pings.Everyone {
			t.Errorf("a message pings everybody: %s", m.Text)
		}
		var meta struct {
			Payload struct{ Key string } `json:"event_payload"`
		}
		if m.BotID != "" && !m.Ephemeral && json.Unmarshal(m.Metadata, &meta) == nil {
			key, _, _ := strings.Cut(meta.Payload.Key, "#") // what follows is of the try alone
			inChannel[key]++
		}
	}
	for key, n := range inChannel {
		if n > 1 {
			t.Errorf("%s is %d times in the channel", key, n)
		}
	}
	for i, e := range updates {
		if e.N != i+1 {
			t.Errorf("update %d follows update %d", e.N, i)
		}
		if i == 0 || e.Why != "regular update" {
			continue
		}
		if due := dueAfter(updates[i-1], every); !e.Due.Equal(due) {
			t.Errorf("update %d was due %s after it had to be", e.N, e.Due.Sub(due))
		}
	}
	last := updates[len(updates)-1]
	if key := fmt.Sprintf("updates/%s/%d", last.Incident, last.Post); inChannel[key] != 1 {
		t.Errorf("the last update (%s) is not in the channel; there is %v", key, inChannel)
	}
	calls, err := slack.Log(ctx, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		if strings.HasPrefix(c.Method, "chat.") && strings.Contains(string(c.Answer), "invalid_") {
			t.Errorf("Slack refused %s: %s", c.Method, c.Answer)
		}
	}
}

// dueAfter returns when the next regular update has to be due: an interval
// after the last one was due, whatever was killed in between; one that came an
// interval late told of all that were missed, and the schedule goes on from it.
func dueAfter(last incident.Event, every time.Duration) time.Time {
	if last.At.Sub(last.Due) >= every {
		return last.At.Add(every)
	}
	return last.Due.Add(every)
}

// storedUpdates reads every update event of the journal that a bot left.
func storedUpdates(ctx context.Context, t *testing.T, data string) []incident.Event {
	t.Helper()
	j, err := journal.Open(ctx, journal.Config{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	read, stop := context.WithCancel(ctx)
	defer stop()
	var updates []incident.Event
	err = j.FollowEventsFrom(read, 1, func(r journal.Record) error {
		e, err := incident.DecodeEvent(r.Data, r.Seq)
		if err == nil && e.Kind == incident.Update {
			updates = append(updates, e)
		}
		return err
	}, stop)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if len(updates) == 0 {
		t.Fatal("no update in the journal")
	}
	return updates
}
