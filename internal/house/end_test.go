package house

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/bot"
)

// A part that never ends does not keep a house from its end: the log says which
// it was.
func TestEndWaitsForNobodyTooLong(t *testing.T) {
	failed := errors.New("a part failed")
	for _, c := range []struct {
		name     string
		times    int // how patient who waits is
		hangs    bool
		fails    error // of the part beside the one that hangs
		lost     int64
		took     time.Duration
		says     string // part of the line; empty: nothing is said
		wantText string // of the error; empty: a clean end
	}{
		{name: "all end", times: 1},
		{name: "one hangs", times: 1, hangs: true, took: partsWithin, says: "posts"},
		{name: "one fails, and another one hangs", times: 1, hangs: true, fails: failed, took: partsWithin, says: "posts"},
		{name: "who waits is patient", times: 3, hangs: true, took: 3 * partsWithin, says: "posts"},
		{name: "results are lost", times: 1, lost: 7, wantText: "7 results were lost"},
		{name: "one fails", times: 1, fails: failed, wantText: "a part failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, said := observer.New(zap.DebugLevel)
				h := &house{log: zap.New(core)}
				h.ending.begun = make(chan struct{})
				h.ending.unstored.Store(c.lost)
				waits := bot.Patiently(t.Context(), c.times)
				ctx, stop := context.WithCancel(waits)
				defer stop()
				free := make(chan struct{})
				group, ctx := h.ending.group(ctx)
				group.Go(h.ending.parts.named("updates", func() error {
					if c.fails != nil {
						return c.fails
					}
					<-ctx.Done()
					return nil
				}))
				group.Go(h.ending.parts.named("posts", func() error {
					if c.hangs {
						<-free
					}
					return nil
				}))
				ended := make(chan error, 1)
				go func() { ended <- group.Wait() }()
				if c.fails == nil {
					stop()
				}
				begun := time.Now()
				err := h.end(waits, ended)
				close(free)
				if took := time.Since(begun); took != c.took {
					t.Errorf("the end took %v, want %v", took, c.took)
				}
				switch {
				case c.wantText == "" && err != nil && !errors.Is(err, c.fails):
					t.Errorf("the end fails: %v", err)
				case c.wantText != "" && (err == nil || !strings.Contains(err.Error(), c.wantText)):
					t.Errorf("the end's error is %v, want %q", err, c.wantText)
				}
				var lines []string
				for _, l := range said.All() {
					lines = append(lines, l.ContextMap()["busy"].(string))
				}
				if c.says == "" && len(lines) > 0 || c.says != "" && !slices.Equal(lines, []string{c.says}) {
					t.Errorf("said %q, want %q", lines, c.says)
				}
			})
		})
	}
}

// A member of a cluster that ends while nothing can be stored ends cleanly, and says what it
// has dropped: others measure on. One that is alone fails.
func TestAMemberDropsItsLastResults(t *testing.T) {
	for _, c := range []struct {
		member bool
		fails  bool
		says   int // lines
	}{{member: true, says: 1}, {fails: true}} {
		core, said := observer.New(zap.DebugLevel)
		h := &house{log: zap.New(core)}
		h.ending.begun = make(chan struct{})
		h.ending.member.Store(c.member)
		h.ending.unstored.Store(50) // refused
		h.ending.storing.Store(7)   // under way
		ended := make(chan error, 1)
		ended <- nil
		if err := h.end(t.Context(), ended); (err != nil) != c.fails {
			t.Errorf("member %v: the end's error is %v", c.member, err)
		}
		lines := said.FilterField(zap.Int("results", 57)).FilterMessageSnippet("results lost")
		if lines.Len() != c.says || said.Len() != c.says {
			t.Errorf("member %v: said %+v, want %d lines", c.member, said.All(), c.says)
		}
	}
}
