//go:build linux

package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	browserkind "github.com/statusbot/statusbot/internal/checks/kind/browser"
	"github.com/statusbot/statusbot/internal/longtest"
)

const (
	lookEvery  = 20 * time.Millisecond // between two looks at the page
	stepBound  = 4 * time.Minute       // for what a person waits for; what is met costs no time
	browserEnd = time.Minute           // for the browser to end and leave its folder alone
	pageBound  = 9 * time.Minute       // for all that is done in one browser
)

// personJS is how the tests read and reach what is on a page.
//
//go:embed testdata/e2e/person.js
var personJS string

// needChromium returns the browser's program, or skips the test.
func needChromium(t *testing.T) string {
	t.Helper()
	program, err := browserkind.Find("")
	if err != nil {
		longtest.Lacks(t, "%v", err)
	}
	return program
}

// shared is the browser of all tests here: to start one takes a second of a core.
var shared sharedBrowser

// sharedBrowser is started when the first test needs it.
type sharedBrowser struct {
	mu      sync.Mutex
	profile string
	ctx     context.Context // of its first window; nil until it runs
	ends    context.CancelFunc
}

// open starts the browser, unless it runs.
func (s *sharedBrowser) open(program string) (context.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx != nil {
		return s.ctx, nil
	}
	profile, err := os.MkdirTemp("", "statusbot-browser-")
	if err != nil {
		return nil, err
	}
	s.profile, endBrowser = profile, s.close
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(program), chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900)}
	for _, name := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync",
		"disable-dev-shm-usage", // a container's /dev/shm may be too small
		// Each window is looked at as if it were the only one.
		"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	allocated, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, endWindow := chromedp.NewContext(allocated)
	if err := chromedp.Do(ctx); err != nil {
		endWindow()
		endAllocator()
		return nil, err
	}
	s.ctx, s.ends = ctx, func() { endWindow(); endAllocator() }
	return ctx, nil
}

// close ends the browser, if one runs, and removes what it kept.
func (s *sharedBrowser) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends != nil {
		s.ends()
	}
	if s.profile == "" {
		return nil
	}
	// Children of the browser may still write to it for a moment after the browser itself has ended.
	for deadline := time.Now().Add(browserEnd); ; time.Sleep(lookEvery) {
		if err := os.RemoveAll(s.profile); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// browser is one page in a real browser, and a person before it.
type browser struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex
	troubles []string // errors and warnings of the console, as they came
}

// openBrowser opens the page as somebody who was nowhere before: in a window with
// cookies and storage of its own, in the browser that the tests share.
func openBrowser(t *testing.T, program, url string) *browser {
	t.Helper()
	running, err := shared.open(program)
	if err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	// The window outlives the test's own context: a failed test takes a picture.
	ctx, cancel := context.WithTimeout(running, pageBound)
	b := &browser{t: t}
	var endPage context.CancelFunc
	b.ctx, endPage = chromedp.NewContext(ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	t.Cleanup(func() {
		if t.Failed() {
			b.picture()
		}
		endPage()
		cancel()
	})
	beside := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: personJS})
		return err
	})
	focused := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})
	if err := chromedp.Do(b.ctx, beside, focused, chromedp.Navigate(url)); err != nil {
		t.Fatalf("open %s in %s: %v", url, program, err)
	}
	return b
}

// listen keeps what the browser complains about: exceptions, errors and
// warnings of the console, failed requests, violations of the page's policy.
func (b *browser) listen(event any) {
	trouble := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		trouble = "exception: " + e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			trouble += " " + x.Description
		}
	case *runtime.EventConsoleAPICalled:
		if kind := string(e.Type); slices.Contains([]string{"error", "warning", "assert"}, kind) {
			said, _ := json.Marshal(e.Args) // of the protocol's own types
			trouble = "console " + kind + ": " + string(said)
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			trouble = fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	}
	if trouble == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles = append(b.troubles, trouble)
}

// complaints returns what the browser has complained about so far.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.troubles)
}

// picture saves what the page looks like, for whoever reads the test's log.
func (b *browser) picture() {
	ctx, cancel := context.WithTimeout(b.ctx, stepBound)
	defer cancel()
	image, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("no picture of the page: %v", err)
		return
	}
	f, err := os.CreateTemp("", "statusbot-page-*.png")
	if err == nil {
		_, err = f.Write(image)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		b.t.Logf("the picture of the page was not kept: %v", err)
		return
	}
	b.t.Logf("picture of the page: %s", f.Name())
}

// call asks person.js.
func call[T any](b *browser, function string, args ...any) T {
	b.t.Helper()
	values := make([]string, len(args))
	for i, a := range args {
		data, err := json.Marshal(a)
		if err != nil {
			b.t.Fatal(err)
		}
		values[i] = string(data)
	}
	expression := "person." + function + "(" + strings.Join(values, ", ") + ")"
	ctx, cancel := context.WithTimeout(b.ctx, stepBound)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await looks at the page until ok accepts it.
func (b *browser) await(what string, ok func() bool) {
	b.t.Helper()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	deadline := time.Now().Add(stepBound)
	for !ok() {
		if time.Now().After(deadline) {
			b.t.Fatalf("within %v not seen: %s", stepBound, what)
		}
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			b.t.Fatalf("not seen: %s: %v", what, b.ctx.Err())
		}
	}
}

// sees waits until the words under a selector contain all parts.
func (b *browser) sees(selector string, parts ...string) {
	b.t.Helper()
	last := ""
	defer func() {
		if b.t.Failed() {
			b.t.Logf("%s reads %q", selector, last)
		}
	}()
	b.await(fmt.Sprintf("%q in %s", parts, selector), func() bool {
		last = call[string](b, "reads", selector)
		return contains(parts...)(last)
	})
}

// finds waits for a message with all parts and returns its selector; of
// several it is the newest.
func (b *browser) finds(parts ...string) (message string) {
	b.t.Helper()
	b.await(fmt.Sprintf("a message with %q", parts), func() bool {
		message = call[string](b, "message", parts)
		return message != ""
	})
	return message
}

// press moves the mouse to what is called so within a selector and clicks;
// what moved away at that moment is pressed again.
func (b *browser) press(scope, name string) {
	b.t.Helper()
	b.await(fmt.Sprintf("%q, within reach, in %s", name, scope), func() bool {
		at := call[*struct{ X, Y float64 }](b, "reach", scope, name)
		if at == nil {
			return false
		}
		b.act(chromedp.MouseClickXY(at.X, at.Y))
		return call[bool](b, "landed", name)
	})
}

// keys types into what has the focus.
func (b *browser) keys(text string) {
	b.t.Helper()
	b.act(chromedp.KeyEvent(text))
}

// enter presses Enter as a keyboard does: the character comes with the key, so
// that a page which takes the key for itself gets no line break.
func (b *browser) enter() {
	b.t.Helper()
	key := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13}
	up := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
	b.act(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, event := range []input.DispatchKeyEventParams{key, up} {
			if _, err := cdp.Call(ctx, target, input.DispatchKeyEvent, event); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (b *browser) act(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepBound)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// chooses takes an option of a <select> by typing the beginning of its name.
func (b *browser) chooses(selector, begins, option string) {
	b.t.Helper()
	b.await("focus on "+selector, func() bool {
		call[chromedp.Void](b, "focus", selector)
		return call[bool](b, "focused", selector)
	})
	b.keys(begins)
	b.await(fmt.Sprintf("%q chosen in %s", option, selector), func() bool { return call[string](b, "chosen", selector) == option })
}
