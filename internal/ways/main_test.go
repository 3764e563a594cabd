package ways

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
)

// memory is an outbox in memory, with receipts.
type memory struct {
	mu       sync.Mutex
	rev      uint64
	entries  []publish.Entry // newest of each destination and key, oldest first
	receipts map[string]publish.Entry
	told     func(e publish.Entry) bool // of an entry that is watched; nil: nothing is
	reads    int                        // of receipts and of bodies
	more     chan struct{}              // closed and made anew with each entry
}

func newMemory() *memory {
	return &memory{receipts: map[string]publish.Entry{}, more: make(chan struct{})}
}

func (m *memory) Put(_ context.Context, dest, key string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rev++
	for i, e := range m.entries {
		if e.Dest == dest && e.Key == key {
			m.entries = append(m.entries[:i:i], m.entries[i+1:]...)
			break
		}
	}
	m.entries = append(m.entries, publish.Entry{Dest: dest, Key: key, Rev: m.rev, Body: bytes.Clone(body)})
	close(m.more)
	m.more = make(chan struct{})
	return nil
}

func (m *memory) Watch(ctx context.Context, each func(publish.Entry) error, caughtUp func()) error {
	var last uint64
	for first := true; ; first = false {
		m.mu.Lock()
		list, more := append([]publish.Entry{}, m.entries...), m.more
		m.mu.Unlock()
		for _, e := range list {
			if e.Rev > last {
				last = e.Rev
				if m.told != nil && m.told(e) {
					e = shortOf(e)
				}
				if err := each(e); err != nil {
					return err
				}
			}
		}
		if first {
			caughtUp()
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// shortOf is an entry as it is given when nothing is left to do about it.
func shortOf(e publish.Entry) publish.Entry {
	var b publish.Body
	if err := json.Unmarshal(e.Body, &b); err != nil {
		panic(err)
	}
	e.Told = true
	e.Body, _ = json.Marshal(b.Short()) // plain data
	return e
}

func (m *memory) Newest(_ context.Context, dest, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	for _, e := range m.entries {
		if e.Dest == dest && e.Key == key {
			return e.Body, nil
		}
	}
	return nil, fmt.Errorf("entry: %w", publish.ErrNotFound)
}

func (m *memory) Receipt(_ context.Context, dest, key string) ([]byte, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	e, ok := m.receipts[dest+"\n"+key]
	if !ok {
		return nil, 0, fmt.Errorf("receipt: %w", publish.ErrNotFound)
	}
	return e.Body, e.Rev, nil
}

func (m *memory) PutReceipt(_ context.Context, dest, key string, data []byte, last uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.receipts[dest+"\n"+key].Rev != last {
		return 0, publish.ErrConflict
	}
	m.rev++
	m.receipts[dest+"\n"+key] = publish.Entry{Rev: m.rev, Body: bytes.Clone(data)}
	return m.rev, nil
}

// of is the bodies in the outbox whose keys begin so.
func (m *memory) of(t *testing.T, prefix string) (list []publish.Body) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.entries {
		if len(e.Key) >= len(prefix) && e.Key[:len(prefix)] == prefix {
			var b publish.Body
			if err := json.Unmarshal(e.Body, &b); err != nil {
				t.Fatal(err)
			}
			list = append(list, b)
		}
	}
	return list
}

// sent is a sender that takes what comes, or does with it what act says.
type sent struct {
	mu    sync.Mutex
	list  []Notice
	act   func(ctx context.Context, n Notice) error
	knows bool
}

func (s *sent) Send(ctx context.Context, n Notice) error {
	s.mu.Lock()
	act := s.act
	s.mu.Unlock()
	if act != nil {
		if err := act(ctx, n); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, n)
	return nil
}

func (s *sent) Knows() bool                             { return s.knows }
func (s *sent) Examine(context.Context) (string, error) { return "", nil }

func (s *sent) does(act func(ctx context.Context, n Notice) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.act = act
}

// told is what was taken: "began 1, worse 3".
func (s *sent) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := ""
	for _, n := range s.list {
		if out != "" {
			out += ", "
		}
		out += fmt.Sprintf("%s %d", n.Kind, n.N)
	}
	return out
}

// stage is a Teller over an outbox in memory, and a Slack that takes everything or
// nothing.
type stage struct {
	*Teller
	t      *testing.T
	box    *memory
	mu     sync.Mutex
	has    map[string]uint64 // :: key -> revision that Slack has
	down   bool
	why    Failure
	sight  Sight
	ended  chan error
	finish context.CancelFunc
	began  time.Time
}

func newStage(t *testing.T, list ...Way) *stage {
	s := &stage{t: t, box: newMemory(), has: map[string]uint64{}, began: time.Now()}
	s.Teller = s.teller(list)
	return s
}

func (s *stage) teller(list []Way) *Teller {
	return &Teller{Ways: list, Outbox: s.box, Generation: 1, Company: "Acme",
		Delivered: func(_ context.Context, _, key string, rev uint64) (bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if !s.down {
				s.has[key] = rev
			}
			return s.has[key] >= rev, nil
		},
		Trouble: func(string, string) Failure { s.mu.Lock(); defer s.mu.Unlock(); return s.why },
		Sight:   func() Sight { s.mu.Lock(); defer s.mu.Unlock(); return s.sight },
		Log:     zaptest.NewLogger(s.t, zaptest.Level(zap.ErrorLevel)), Now: time.Now, Health: &Health{}}
}

func (s *stage) start() {
	ctx, finish := context.WithCancel(s.t.Context())
	s.finish, s.ended = finish, make(chan error, 1)
	go func() { s.ended <- s.Run(ctx) }()
}

func (s *stage) stop() {
	s.finish()
	if err := <-s.ended; err != nil {
		s.t.Error(err)
	}
}

// again ends the Teller and starts another, as a restart does.
func (s *stage) again() {
	list := s.Ways
	s.stop()
	s.Teller = s.teller(list)
	s.start()
}

func (s *stage) slackDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// update puts an update of inc-1 into the outbox.
func (s *stage) update(n, news, alarm int, ended bool) { s.updateOf("inc-1", n, news, alarm, ended) }

func (s *stage) updateOf(incident string, n, news, alarm int, ended bool) {
	m := format.Message{Text: fmt.Sprintf("Impact update #%d: Pay fails.", n),
		Blocks: []format.Block{{Section: fmt.Sprintf(":octagonal_sign: *Impact update #%d: Pay fails 3.0 %% of tries (3 of 100).*\nSince <!date^%d^{time}|19:32 UTC>", n, s.began.Unix())}}}
	t := publish.Telling{Dest: "C1", Key: publish.UpdatesKey(incident), N: n, Post: news, At: time.Now(), Message: m,
		About: &publish.About{Incident: incident, Number: 1, Began: s.began, News: news, Alarm: alarm, Ended: ended,
			Hurt: []publish.Hurt{{Product: "pay", Name: "Pay", Level: "degraded", Failed: 3, Tries: 100}}}}
	if err := t.Put(s.t.Context(), s.box); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) want(of *sent, want string) {
	s.t.Helper()
	if got := of.told(); got != want {
		s.t.Errorf("told %q, want %q", got, want)
	}
}

func wayTo(s Sender, when When) Way {
	return Way{Name: "one", Kind: "test", When: when, After: time.Minute, Gap: time.Minute, Timeout: 10 * time.Second, Sender: s}
}
