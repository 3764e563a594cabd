package bot

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
)

// acks notes what was acked: the text of the answer, or "nothing".
type acks struct {
	mu   sync.Mutex
	said map[string][]string // :: text of the envelope -> its acks
}

func (a *acks) envelope(key, text string) Envelope {
	return Envelope{Key: key, Text: text, ack: func(_ context.Context, m *format.Message) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.said == nil {
			a.said = map[string][]string{}
		}
		said := "nothing"
		if m != nil {
			said = m.Text
		}
		a.said[text] = append(a.said[text], said)
		return nil
	}}
}

func (a *acks) of(text string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.said[text], " | ")
}

// runDispatcher runs a dispatcher; end ends it and returns when it has.
func runDispatcher(t *testing.T, answer func(context.Context, Envelope)) (d *Dispatcher, end func()) {
	d = NewDispatcher(zap.NewNop(), answer)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return d, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v, want nil", err)
		}
	}
}

func TestDispatcherShedsWhatDoesNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a acks
		release := make(chan struct{})
		var answered atomic.Int32
		d, end := runDispatcher(t, func(ctx context.Context, e Envelope) {
			<-release
			answered.Add(1)
			_ = e.ack(ctx, nil)
		})
		n := 0
		accept := func(count int) {
			for range count {
				n++
				d.Accept(t.Context(), a.envelope(fmt.Sprint("key ", n), fmt.Sprint("text ", n)))
			}
		}
		accept(workers)
		synctest.Wait() // each worker has one
		accept(queueSize)
		before := time.Now()
		accept(3)
		synctest.Wait()
		if took := time.Since(before); took != 0 {
			t.Errorf("telling that it is busy took %v", took)
		}
		for i := n - 2; i <= n; i++ {
			if got := a.of(fmt.Sprint("text ", i)); got != format.Busy().Text {
				t.Errorf("envelope %d got %q, want that it is busy", i, got)
			}
		}
		if got := a.of(fmt.Sprint("text ", n-3)); got != "" {
			t.Errorf("the last that fits got %q already", got)
		}
		// A click is not acked: Slack shows that it failed. The same act is
		// taken when there is room.
		click := a.envelope("click", "a click")
		click.Kind = blockAction
		d.Accept(t.Context(), click)
		synctest.Wait()
		if got := a.of("a click"); got != "" {
			t.Errorf("a click that does not fit got %q, want no ack", got)
		}
		close(release)
		synctest.Wait()
		d.Accept(t.Context(), click)
		synctest.Wait()
		if got := answered.Load(); got != workers+queueSize+1 {
			t.Errorf("%d were answered, want %d", got, workers+queueSize+1)
		}
		end()
	})
}

func TestDispatcherAnswersEachActOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a acks
		var answered atomic.Int32
		d, end := runDispatcher(t, func(ctx context.Context, e Envelope) {
			answered.Add(1)
			_ = e.ack(ctx, &format.Message{Text: "answer"})
		})
		d.Accept(t.Context(), a.envelope("same", "first delivery"))
		d.Accept(t.Context(), a.envelope("same", "second delivery"))
		d.Accept(t.Context(), a.envelope("other", "another act"))
		d.Accept(t.Context(), a.envelope("", "without a key"))
		d.Accept(t.Context(), a.envelope("", "without a key either"))
		synctest.Wait()
		for text, want := range map[string]string{"first delivery": "answer", "second delivery": "nothing",
			"another act": "answer", "without a key": "answer", "without a key either": "answer"} {
			if got := a.of(text); got != want {
				t.Errorf("%s: acked with %q, want %q", text, got, want)
			}
		}
		// Keys are kept as long as Slack may repeat them, and no longer.
		time.Sleep(dedupeFor + time.Second)
		d.Accept(t.Context(), a.envelope("new", "much later"))
		synctest.Wait()
		d.mu.Lock()
		if len(d.seen) != 1 {
			t.Errorf("%d keys are kept, want the new one alone", len(d.seen))
		}
		d.mu.Unlock()
		end()
	})
}

func TestAPanicCostsOneAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a acks
		d, end := runDispatcher(t, func(ctx context.Context, e Envelope) {
			if strings.HasPrefix(e.Text, "bad") {
				panic("index out of range")
			}
			_ = e.ack(ctx, &format.Message{Text: "answer"})
		})
		for i := range 3 * workers { // more than there are workers to lose
			d.Accept(t.Context(), a.envelope(fmt.Sprint("b", i), fmt.Sprint("bad ", i)))
			d.Accept(t.Context(), a.envelope(fmt.Sprint("g", i), fmt.Sprint("good ", i)))
		}
		synctest.Wait()
		for i := range 3 * workers {
			if got := a.of(fmt.Sprint("bad ", i)); got != format.Failed().Text {
				t.Errorf("bad %d: acked with %q, want that it failed", i, got)
			}
			if got := a.of(fmt.Sprint("good ", i)); got != "answer" {
				t.Errorf("good %d: acked with %q", i, got)
			}
		}
		end()
	})
}

func TestDispatcherEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, end := runDispatcher(t, func(ctx context.Context, e Envelope) { <-ctx.Done() })
		var a acks
		d.Accept(t.Context(), a.envelope("k", "slow"))
		synctest.Wait()
		begun := time.Now()
		end() // waits for the answer under way, whose context ends with the dispatcher's
		if took := time.Since(begun); took != 0 {
			t.Errorf("Run returned after %v", took)
		}
	})
}

// TestAcceptWhileTheDispatcherEnds is for the race detector: transports may
// deliver until the very end.
func TestAcceptWhileTheDispatcherEnds(t *testing.T) {
	for range 200 {
		var a acks
		d, end := runDispatcher(t, func(ctx context.Context, e Envelope) { _ = e.ack(ctx, nil) })
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 50 {
				d.Accept(t.Context(), a.envelope("same", "again and again"))
			}
		})
		end()
		wg.Wait()
	}
}
