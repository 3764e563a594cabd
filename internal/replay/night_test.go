package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

func nightRules() publish.Rules {
	return publish.Rules{Every: 5 * time.Minute, Places: []publish.Place{{Channel: replayChannel}}}
}

var toldEvent = regexp.MustCompile(`^04 (\d\d:\d\d:\d\d) inc-1 update n=(\d+) post=(\d+) due=\S+ counted=\S+ why=(.*?)(?: cause=.*)?$`)

// TestRenderShowsWhatTheBotDecides: the night that the running bot is held
// against, or in the small form its first three hours, has the same updates here.
func TestRenderShowsWhatTheBotDecides(t *testing.T) {
	t.Parallel()
	f := &publishtest.Feeder{Board: status.NewBoard(publishtest.NightCompany()), At: publishtest.NightBegins.Add(-publishtest.NightFrom)}
	var out strings.Builder
	r := &renderer{board: f.Board, out: &out, rules: nightRules()}
	length := longtest.Of(3*time.Hour, publishtest.NightLength)
	publishtest.Night(f, length, func(at time.Time) {
		if err := r.step(f.Board.Snapshot(at)); err != nil {
			t.Fatal(err)
		}
	})
	var want, got []string
	for line := range strings.Lines(publishtest.NightEvents(false, length)) {
		m := toldEvent.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		how := "new message"
		if m[3] != m[2] {
			how = "edits update " + m[3]
		}
		want = append(want, fmt.Sprintf("--- 2026-03-04 %s  inc-1 update %s, %s: %s", m[1], m[2], how, m[4]))
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "--- ") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < longtest.Of(30, 180) {
		t.Errorf("%d updates (-decided +shown):\n%s", len(want), diff)
	}
}

// nightReader is the night as a file of results, up to an instant.
func nightReader(list []checks.Check, from, to time.Time) *io.PipeReader {
	r, w := io.Pipe()
	go func() {
		for ; from.Before(to); from = from.Add(time.Second) {
			batch := publishtest.NightResults(list, from)
			slices.SortStableFunc(batch, func(x, y checks.Result) int { return x.Ended().Compare(y.Ended()) }) // as they come to a journal
			data, err := checks.EncodeResults(batch)
			if err == nil {
				_, err = w.Write(data)
			}
			if err != nil {
				w.CloseWithError(err)
				return
			}
		}
		w.Close()
	}()
	return r
}

// TestPlaybackDecidesWhatTheBotDecides, over the first hours of the same night:
// the results come through the playback, and the clock is moved by the test.
func TestPlaybackDecidesWhatTheBotDecides(t *testing.T) {
	t.Parallel()
	const hours = 3 * time.Hour
	ctx := t.Context()
	def := publishtest.NightCompany()
	from, to := publishtest.NightBegins.Add(-publishtest.NightFrom), publishtest.NightBegins.Add(hours)
	results := nightReader(def.Checks, from, to.Add(time.Minute))
	defer results.Close()
	p := &playback{board: status.NewBoard(def), lines: newResultLines(results, from, nil), own: map[string]bool{}, out: io.Discard}
	for _, c := range def.Checks {
		p.own[c.ID] = true
	}
	var err error
	if p.next, err = p.lines.next(ctx); err != nil {
		t.Fatal(err)
	}
	seq := uint64(0)
	store := func(_ context.Context, data []byte) error {
		batch, err := checks.DecodeResults(data)
		seq++
		p.board.Apply(seq, batch)
		return err
	}
	j := &publishtest.Journal{}
	u := &publish.Updater{Board: p.Board(), Ledger: &publish.Ledger{Board: p.Board(), Append: j.Append}, Outbox: &publishtest.Outbox{}, Rules: nightRules}
	for at := from; at.Before(to); at = at.Add(time.Second) {
		now := at.Add(time.Second)
		if err := p.upTo(ctx, store, now); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if at.Unix()%5 == 0 {
			if err := u.Step(ctx, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := publishtest.Lines(j.All())
	want := publishtest.NightEvents(false, publishtest.NightLength)
	if len(got) == 0 || !strings.HasPrefix(want, got) {
		t.Errorf("decided (-by the bot +here):\n%s", cmp.Diff(want[:min(len(got), len(want))], got))
	}
	if n := strings.Count(got, " update "); n < 30 {
		t.Errorf("%d updates, want those of %s", n, hours)
	}
}

// TestTheNightIsCalm: what a channel reads in fifteen hours is true as far as a
// reader can tell, pings nobody, and is told in few posts. They are printed.
func TestTheNightIsCalm(t *testing.T) {
	longtest.Only(t, "the reader of fifteen hours takes seconds, and reads shorter stories in each run")
	t.Parallel()
	f := &publishtest.Feeder{Board: status.NewBoard(publishtest.NightCompany()), At: publishtest.NightBegins.Add(-publishtest.NightFrom)}
	h := newHeard(f.Board)
	h.from = f.At
	step := func(at time.Time) {
		if err := h.step(f.Board.Snapshot(at)); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range publishtest.NightMarks {
		publishtest.Night(f, m.At, step)
		snap := f.Board.Snapshot(f.At)
		log := f.Board.Log()
		inc, _ := log.In(replayChannel)
		hurt, since := snap.Of(inc.Products).HurtNow()
		e, err := log.DoMark(f.At, incident.ToMark{By: m.By, Channel: replayChannel, Text: m.Text, Products: hurt, Since: since})
		if err != nil {
			t.Fatal(err)
		}
		h.seq++
		e.Seq = h.seq
		f.Board.ApplyEvent(e)
	}
	publishtest.Night(f, publishtest.NightLength, step)
	h.report(t)
	pings := 0
	for _, fault := range h.faults {
		pings += strings.Count(fault.Kind, "mention")
	}
	t.Logf("%d posts, %d edits, %d replies, %d pings", h.posts, h.updates-h.posts, h.replies, pings)
	for _, post := range h.said {
		t.Log(post)
	}
	all := strings.Join(h.said, "\n")
	for _, want := range []string{": quiet for ", " on all 5 products: 0 of ", " right after “restarted edge-lb-2” (somebody). Proof in about "} {
		if !strings.Contains(all, want) {
			t.Errorf("no post says %q", want)
		}
	}
	if h.posts > 40 || h.updates < 150 || pings > 0 {
		t.Errorf("%d posts of %d updates, %d pings", h.posts, h.updates, pings)
	}
}
