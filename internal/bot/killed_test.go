package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/bot/bottest"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"github.com/statusbot/statusbot/internal/status"
)

// errKilled is that a process is not there any more.
var errKilled = errors.New("the process was killed")

// killed is one run: what outlives a process, and where processes end. A point is
// before and after each append, put, receipt and call of Slack.
type killed struct {
	t       *testing.T
	c       sandboxtest.Client
	channel string // its name
	id      string
	mode    incident.Mode
	begin   time.Time
	journal publishtest.Journal
	outbox  *bottest.Outbox

	mu       sync.Mutex
	points   int          // guarded by mu: passed so far
	kills    []int        // guarded by mu: points at which a process ends
	unheard  map[int]bool // guarded by mu: points at which Slack is not reached, or its answer is lost
	deaths   int          // guarded by mu
	promised []string     // marks that somebody was told are written down
}

// process is one of the run: everything of the bot, with a journal and a Slack that
// stop answering when it is killed.
type process struct {
	run     *killed
	ctx     context.Context
	kill    context.CancelFunc
	dead    bool // guarded by run.mu
	board   *status.Board
	ledger  *publish.Ledger
	updater *publish.Updater
	feeder  publishtest.Feeder
	now     time.Time
	slack   *httptest.Server
	ended   chan struct{} // the poster has
}

// point is passed by everything that has an effect; an error once the process is
// dead.
func (p *process) point() error {
	r := p.run
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.dead {
		return errKilled
	}
	r.points++
	if len(r.kills) > 0 && r.points >= r.kills[0] {
		r.kills, p.dead = r.kills[1:], true
		r.deaths++
		p.kill()
		return errKilled
	}
	return nil
}

// around does something between two points.
func around[T any](p *process, do func() (T, error)) (was T, err error) {
	if err := p.point(); err != nil {
		return was, err
	}
	if was, err = do(); err != nil {
		return was, err
	}
	return was, p.point()
}

func (p *process) alive() bool {
	p.run.mu.Lock()
	defer p.run.mu.Unlock()
	return !p.dead
}

// mortalOutbox is the outbox that a process sees.
type mortalOutbox struct {
	*bottest.Outbox
	p *process
}

func (o mortalOutbox) Put(ctx context.Context, dest, key string, body []byte) error {
	_, err := around(o.p, func() (struct{}, error) { return struct{}{}, o.Outbox.Put(ctx, dest, key, body) })
	return err
}

func (o mortalOutbox) PutReceipt(ctx context.Context, dest, key string, data []byte, last uint64) (uint64, error) {
	return around(o.p, func() (uint64, error) { return o.Outbox.PutReceipt(ctx, dest, key, data, last) })
}

// mortalSlack is the Slack that a process reaches.
func (p *process) mortalSlack() *httptest.Server {
	to, err := url.Parse(p.run.c.Base)
	check(p.run.t, err)
	real := httputil.NewSingleHostReverseProxy(to)
	real.ErrorLog = log.New(io.Discard, "", 0) // of calls that end with their process
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := httptest.NewRecorder()
		_, err := around(p, func() (struct{}, error) {
			if p.run.takesUnheard() {
				return struct{}{}, errKilled
			}
			// What has come to Slack is done there, though nobody waits for the answer any more: before the next process begins, as ends waits.
			real.ServeHTTP(said, r.WithContext(context.WithoutCancel(r.Context())))
			return struct{}{}, nil
		})
		if err != nil || p.run.takesUnheard() {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		maps.Copy(w.Header(), said.Header())
		w.WriteHeader(said.Code)
		_, _ = w.Write(said.Body.Bytes())
	}))
}

// takesUnheard reports whether this is a point at which Slack is not heard.
func (r *killed) takesUnheard() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unheard[r.points]
}

// starts starts a process that knows what is written down, and the results up to
// an instant.
func (r *killed) starts(generation uint64, now time.Time) *process {
	p := &process{run: r, now: now, ended: make(chan struct{})}
	p.ctx, p.kill = context.WithCancel(bot.Patiently(r.t.Context(), patience))
	p.board = status.NewBoard(publishtest.Acme())
	for _, e := range r.journal.All() {
		p.board.ApplyEvent(e)
	}
	p.feeder = publishtest.Feeder{Board: p.board, At: r.begin.Add(-time.Minute)}
	p.slack = p.mortalSlack()
	p.ledger = &publish.Ledger{Board: p.board, Append: func(ctx context.Context, id string, last uint64, data []byte) (uint64, error) {
		return around(p, func() (uint64, error) { return r.journal.Append(ctx, id, last, data) })
	}}
	outbox := mortalOutbox{r.outbox, p}
	rules := publish.Rules{Every: time.Minute, Delivery: incident.Rules{Mode: r.mode, PostAfter: 5 * time.Minute}}
	p.updater = &publish.Updater{Board: p.board, Ledger: p.ledger, Outbox: outbox, Rules: func() publish.Rules { return rules },
		Now: func() time.Time { return p.now }}
	poster := &bot.Poster{API: bot.NewAPI(bot.Config{APIURL: p.slack.URL + "/api/", BotToken: botToken}), Outbox: outbox,
		Generation: generation, Started: time.Now(), Log: zap.NewNop(), Now: time.Now}
	poster.SetUnansweredWait(time.Millisecond)
	go func() {
		defer close(p.ended)
		_ = poster.Run(p.ctx)
	}()
	return p
}

// ends takes a process away.
func (p *process) ends() {
	p.run.mu.Lock()
	p.dead = true
	p.run.mu.Unlock()
	p.kill()
	<-p.ended
	p.slack.Close()
}

// minute is what happens in one: a person does something, results come, the
// updater looks, and the poster delivers. An error is that the process died.
func (p *process) minute(n int) error {
	r := p.run
	p.now = r.begin.Add(time.Duration(n) * time.Minute)
	begun := r.begin.Add(-time.Minute)
	p.feeder.Feed(int(p.now.Sub(p.feeder.At)/time.Second), func(_ int, check string) bool {
		at := int(p.feeder.At.Sub(begun) / time.Second)
		return at > 120 && at < 420 && at%3 == 2 && check == "pay"
	})
	if err := p.person(n); err != nil {
		return err
	}
	if err := p.updater.Step(p.ctx, p.now); err != nil {
		return err
	}
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for r.pending() {
		if !p.alive() {
			return errKilled
		}
		select {
		case <-tick.C:
		case <-r.t.Context().Done():
			return r.t.Context().Err()
		}
	}
	return nil
}

// person is what a person does in a minute; whoever sees no answer does it again.
func (p *process) person(n int) error {
	r := p.run
	var err error
	switch mark := fmt.Sprintf("restarted node %d", n); {
	case n == 0:
		_, err = p.ledger.Write(p.ctx, func(l incident.Log) (incident.Event, error) {
			return l.Start(p.now, ana, r.id, "Invoices fail", time.Minute)
		})
		if _, refused := errors.AsType[*incident.Refusal](err); refused {
			err = nil // it is open
		}
	case n%4 == 0 && !slices.Contains(r.promised, mark):
		_, err = p.ledger.Write(p.ctx, func(l incident.Log) (incident.Event, error) {
			return l.DoMark(p.now, incident.ToMark{By: ben, Channel: r.id, Text: mark, Done: p.now})
		})
		if err == nil {
			r.promised = append(r.promised, mark)
		}
	}
	return err
}

// pending reports whether something in the outbox is not in Slack.
func (r *killed) pending() bool {
	owed := false
	read, stop := context.WithCancel(r.t.Context())
	_ = r.outbox.Watch(read, func(e publish.Entry) error {
		var got bot.Receipt
		data, _, err := r.outbox.Receipt(r.t.Context(), e.Dest, e.Key)
		owed = owed || err != nil || json.Unmarshal(data, &got) != nil || got.Rev < e.Rev
		return nil //nolint:nilerr // one that has none is owed
	}, stop)
	return owed
}

// told is what the channel shows: the numbers of the updates' messages in their
// order, and the text of the newest.
func (r *killed) told() (posts []int, newest string) {
	r.t.Helper()
	list, err := r.c.Messages(r.t.Context(), r.channel, "ana")
	check(r.t, err)
	times := map[string]int{} // :: key of a message -> how often it is there
	for _, m := range list {
		var meta struct {
			Payload struct{ Key string } `json:"event_payload"`
		}
		if m.BotID == "" || json.Unmarshal(m.Metadata, &meta) != nil {
			continue
		}
		key, _, _ := strings.Cut(meta.Payload.Key, "#") // what follows is of the try alone
		times[key]++
		if !strings.HasPrefix(key, "updates/") || m.ThreadTS != "" && m.ThreadTS != m.TS {
			continue
		}
		n, err := strconv.Atoi(key[strings.LastIndexByte(key, '/')+1:])
		check(r.t, err)
		posts, newest = append(posts, n), m.Text
	}
	for key, n := range times {
		if n != 1 {
			r.t.Errorf("%s is %d times in the channel", key, n)
		}
	}
	return posts, newest
}

// holds checks what must be so whenever nothing is under way.
func (r *killed) holds(minute int) {
	r.t.Helper()
	updates := r.journal.Events(incident.Update)
	for i, e := range updates {
		if e.N != i+1 {
			r.t.Errorf("minute %d: update %d is written down as %d", minute, i+1, e.N)
		}
	}
	if len(updates) == 0 {
		r.t.Errorf("minute %d: no update", minute)
		return
	}
	last := updates[len(updates)-1]
	posts, newest := r.told()
	want := last.Post
	if r.mode == incident.InThread {
		want = updates[0].Post // the one that the thread begins with shows the newest
	}
	if len(posts) == 0 || !slices.IsSorted(posts) || posts[len(posts)-1] != want {
		r.t.Errorf("minute %d: the channel has messages %v, and the newest update is in message %d", minute, posts, last.Post)
	}
	if !strings.Contains(newest, fmt.Sprintf("#%d:", last.N)) && !strings.Contains(newest, fmt.Sprintf("#%d ", last.N)) {
		r.t.Errorf("minute %d: the newest message is %q, and the newest update is #%d", minute, newest, last.N)
	}
	if len(updates) <= minute-1 { // one each minute, but for the one in which the incident began
		r.t.Errorf("minute %d: %d updates", minute, len(updates))
	}
	for _, mark := range r.promised {
		if !slices.ContainsFunc(r.journal.Events(incident.Mark), func(e incident.Event) bool { return e.Text == mark }) {
			r.t.Errorf("minute %d: %q was promised and is not there", minute, mark)
		}
	}
}

const minutes = 12

// tell runs the story with processes that die, and returns how many did.
func (r *killed) tell() (deaths int) {
	generation := uint64(1)
	p := r.starts(generation, r.begin)
	for n := 0; n < minutes && !r.t.Failed(); {
		err := p.minute(n)
		if err == nil {
			r.holds(n)
			n++
			continue
		}
		if p.alive() {
			r.t.Fatalf("minute %d: %v", n, err)
		}
		p.ends()
		generation++
		p = r.starts(generation, r.begin.Add(time.Duration(n)*time.Minute))
	}
	p.ends()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deaths
}

var botToken string

// TestKilledAnywhere kills the bot before and after each append, post, receipt and
// answer, up to three times in one story, while Slack's answers are lost: nothing is lost, doubled or
// skipped, and numbers grow, as the channel shows it. STATUSBOT_SEEDS says how
// many stories.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	stories := longtest.Seeds(6, 240)
	cfg := sandbox.Config{NoRateLimit: true}
	for seed := range stories {
		cfg.Channels = append(cfg.Channels, fmt.Sprintf("story%06d", seed))
	}
	w, c := slackOf(t, cfg)
	botToken = w.BotToken()
	deaths := 0
	for seed := range stories {
		random := rand.New(rand.NewPCG(uint64(seed), 59)) //nolint:gosec // a test
		name := cfg.Channels[seed]
		r := &killed{t: t, c: c, channel: name, id: "C0" + strings.ToUpper(name), outbox: bottest.NewOutbox(), unheard: map[int]bool{},
			mode: []incident.Mode{incident.EditLast, incident.PostEach, incident.InThread}[seed%3], begin: time.Now().Add(-time.Hour)}
		r.kills = []int{1 + seed%120} // each point of the first minutes has its turn
		for at := r.kills[0]; len(r.kills) < 3; {
			at += 1 + random.IntN(40)
			r.kills = append(r.kills, at)
		}
		for range random.IntN(3) {
			r.unheard[1+random.IntN(120)] = true
		}
		kills := slices.Clone(r.kills)
		deaths += r.tell()
		if t.Failed() {
			t.Fatalf("story %d, mode %v, killed at %v, Slack not heard at %v, %d points", seed, r.mode, kills, r.unheard, r.points)
		}
	}
	t.Logf("%d stories, %d deaths", stories, deaths)
	if deaths < 2*stories {
		t.Errorf("only %d processes were killed in %d stories", deaths, stories)
	}
}
