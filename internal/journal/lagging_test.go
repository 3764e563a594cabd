package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
)

// wires are the network between members without TLS. They read what the servers tell each other, and can keep a subject from one.
type wires struct {
	ended sync.WaitGroup

	mu      sync.Mutex
	deaf    string // guarded by mu; name of a server; empty: all is carried
	subject string // guarded by mu; what it does not hear
}

// keep has a server not hear what is published to a subject.
func (w *wires) keep(from, subject string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf, w.subject = from, subject
}

func (w *wires) lost(to string, message []string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deaf != "" && to == w.deaf && slices.Contains(message, w.subject)
}

// wired are the configurations of three members whose routes go through wires.
func wired(t *testing.T) (configs []Config, w *wires) {
	t.Helper()
	w = &wires{}
	var members []string
	var ends []net.Listener
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ends, members = append(ends, l), append(members, l.Addr().String())
	}
	t.Cleanup(w.ended.Wait)
	for i, l := range ends {
		t.Cleanup(func() { _ = l.Close() })
		held, err := port.Hold()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = held.Close() })
		configs = append(configs, Config{Dir: t.TempDir(), Cluster: &Cluster{Name: "test", Members: members, Self: members[i], Listen: held.Address(), Secret: "shared"}})
		w.ended.Go(func() {
			for {
				in, err := l.Accept()
				if err != nil {
					return
				}
				out, err := net.Dial("tcp", held.Address())
				if err != nil {
					_ = in.Close()
					continue
				}
				dials := &named{}
				w.ended.Go(func() { w.carry(in, out, dials, &named{name: memberName(members[i])}) })
				w.ended.Go(func() { w.carry(out, in, &named{}, dials) })
			}
		})
	}
	return configs, w
}

// named is a server that says its name when it connects.
type named struct {
	mu   sync.Mutex
	name string // guarded by mu; empty: not said yet
}

func (n *named) is() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.name
}

var saysName = regexp.MustCompile(`^INFO .*"server_name":"([^"]+)"`)

func (n *named) hears(line []byte) {
	if said := saysName.FindSubmatch(line); said != nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.name = string(said[1])
	}
}

// carry brings what one server says to another one, until either is gone.
func (w *wires) carry(from, to net.Conn, says, hears *named) {
	defer from.Close()
	defer to.Close()
	for in := bufio.NewReaderSize(from, 1<<16); ; {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		words := strings.Fields(string(line))
		if len(words) > 0 && (words[0] == "RMSG" || words[0] == "HMSG") {
			size, err := strconv.Atoi(words[len(words)-1])
			if err != nil {
				return
			}
			body := make([]byte, size+len("\r\n"))
			if _, err := io.ReadFull(in, body); err != nil {
				return
			}
			if w.lost(hears.is(), words) {
				continue
			}
			line = append(line, body...)
		} else if strings.Contains(string(line), `"ip":"nats-route:`) { // where a third one is to be found without wires
			continue
		} else {
			says.hears(line)
		}
		if _, err := to.Write(line); err != nil {
			return
		}
	}
}

// groupOf is the name of the group that decides on a stream.
func groupOf(t *testing.T, j *Journal, stream string) string {
	t.Helper()
	account, err := j.member.now().JszAccount(&server.JSzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Streams: true, RaftGroups: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range account.Streams {
		if is := &account.Streams[i]; is.Name == stream {
			return is.RaftGroup
		}
	}
	t.Fatalf("no stream %s", stream)
	return ""
}

// The copy of one of three members lags behind: who reads, and is served from that one, is not told that it has all before it has
// what was acknowledged.
func TestAllThatWasThereIsWhatTheLeaderHas(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "which copy serves a reader is chance, and it is asked until the one that lags does")
	configs, w := wired(t)
	core, seen := observer.New(zap.WarnLevel)
	for i := range configs {
		configs[i].Log = zap.New(core)
	}
	all := openAll(t, configs)
	want := []string{"first"}
	appendsOne(t, all[0], "first")
	for i := range all {
		eventually(t, "all have the first", func() bool {
			now, _ := all[i].copiesOfEvents(t.Context(), 0)
			return len(now) == 3 && !slices.ContainsFunc(slices.Collect(maps.Values(now)), func(c copyState) bool { return c.Last != 1 })
		})
	}
	state, _, err := all[0].Cluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leads := slices.Index(state.Members, state.Streams[0].Leader)
	if state.Streams[0].Name != all[0].eventsStream() || leads < 0 {
		t.Fatalf("nobody leads the events: %+v", state)
	}
	lags := (leads + 1) % 3
	w.keep(memberName(state.Members[lags]), "$NRG.AE."+groupOf(t, all[leads], all[leads].eventsStream()))
	for n := range 3 {
		want = append(want, fmt.Sprint("later ", n))
		appendsOne(t, all[leads], want[len(want)-1])
	}
	fromIt := func() bool { return seen.FilterField(zap.Error(errBehind)).Len() > 0 }
	eventually(t, "a reader is served from the copy that lags", func() bool {
		got := eventsOf(t, all[leads])
		if !slices.Equal(got, want) {
			t.Fatalf("all that was there is %q, want %q", got, want)
		}
		return fromIt()
	})
	w.keep("", "")
	eventually(t, "it has caught up", func() bool { return slices.Equal(eventsOf(t, all[lags]), want) })
}

// silent is what comes of a consumer that gives signs of life and nothing else.
type silent struct {
	jetstream.MessagesContext
	looks int
}

func (s *silent) Next(...jetstream.NextOpt) (jetstream.Msg, error) {
	if s.looks++; s.looks > 10 {
		return nil, errLooksOn
	}
	return nil, context.DeadlineExceeded
}

// led is a stream whose leader has a newest message.
type led struct {
	jetstream.Stream
	newest []uint64 // the next answers
}

func (l *led) GetLastMsgForSubject(context.Context, string) (*jetstream.RawStreamMsg, error) {
	now := l.newest[0]
	l.newest = l.newest[1:]
	if now == 0 {
		return nil, errors.New("no answer")
	}
	return &jetstream.RawStreamMsg{Sequence: now}, nil
}

// A follower that hears nothing asks who leads the stream, and reads another copy where there is more.
func TestACopyThatIsLeftBehindIsLeft(t *testing.T) {
	t.Parallel()
	stream := &led{newest: []uint64{7, 0, 8}}
	p := position{j: &Journal{streams: map[string]jetstream.Stream{"S": stream}}, stream: "S", last: 7, complete: true}
	msgs := &silent{}
	if _, err := p.next(t.Context(), nil, msgs); !errors.Is(err, errBehind) || msgs.looks != 4 || len(stream.newest) > 0 {
		t.Errorf("after %d looks: %v, want after the fourth that it lacks something", msgs.looks, err)
	}
}
