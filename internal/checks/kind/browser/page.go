package browser

import (
	"context"

	"github.com/statusbot/statusbot/internal/checks/probe"

	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"

	cdptarget "github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// pageJS looks at a page.
//
//go:embed page.js
var pageJS string

// pageWorld is the name of the isolated world that pageJS runs in: it sees the
// page's elements, but what the page has made of JavaScript does not reach it,
// nor what it is told the page.
const pageWorld = "statusbot"

// What is kept of a page's troubles, each of at most troubleMax characters;
// all are counted.
const (
	troublesMax = 5
	troubleMax  = 160
	askingMax   = 5000 // requests under way that are remembered
)

var errNoWorld = errors.New("the page is being replaced")

// pageView is the one page that a probe looks at, and what it has told.
type pageView struct {
	crash context.CancelCauseFunc // ends what is done with the page

	mu       sync.Mutex
	to       *chromedp.Target             // guarded by mu
	frame    cdp.FrameID                  // of the page itself; guarded by mu
	doc      document                     // guarded by mu
	asked    map[network.RequestID]string // :: request under way -> URL; guarded by mu
	console  troubles                     // guarded by mu
	failures troubles                     // guarded by mu
	dialogs  troubles                     // guarded by mu
	over     bool                         // guarded by mu; nothing may be added to answers
	answers  sync.WaitGroup               // to dialogs
}

// document is the page itself, as the network brought it.
type document struct {
	id       network.RequestID
	url      string
	status   int // 0 before there is an answer
	header   http.Header
	timing   *network.ResourceTiming
	security *network.SecurityDetails // of its connection; nil over plain text
	ended    float64                  // when its last byte came, seconds on the browser's clock; 0 before
	failure  string                   // the browser's own word, "net::ERR_CERT_DATE_INVALID"; empty if it did not fail
}

type troubles struct {
	n    int
	said []string // the first of them
}

func (t *troubles) add(text string) {
	t.n++
	if text = probe.OneLine(text); len(t.said) < troublesMax {
		t.said = append(t.said, probe.ClipRunes(text, troubleMax))
	}
}

func newPage() *pageView {
	return &pageView{asked: map[network.RequestID]string{}}
}

var (
	errPageCrashed = errors.New("the page crashed")
	errPageKilled  = errors.New("the page was killed")
)

// listen takes the page's events. It must not ask the page for anything.
func (p *pageView) listen(ctx context.Context, event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *page.EventFrameNavigated:
		if e.Frame.ParentID == "" {
			p.frame = e.Frame.ID
		}
	case *network.EventRequestWillBeSent:
		p.sent(e)
	case *network.EventResponseReceived:
		p.received(e)
	case *network.EventLoadingFinished:
		delete(p.asked, e.RequestID)
		if e.RequestID == p.doc.id {
			p.doc.ended = float64(e.Timestamp)
		}
	case *network.EventLoadingFailed:
		p.lost(e)
	case *runtime.EventExceptionThrown:
		p.console.add(exceptionText(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if kind := string(e.Type); kind == "error" || kind == "assert" {
			words := make([]string, len(e.Args))
			for i, a := range e.Args {
				words[i] = argText(a)
			}
			p.console.add(strings.Join(words, " "))
		}
	case *cdplog.EventEntryAdded:
		// A request that failed is counted as that.
		if e.Entry.Level == cdplog.EntryLevelError && e.Entry.Source != cdplog.EntrySourceNetwork {
			p.console.add(e.Entry.Text)
		}
	case *page.EventJavascriptDialogOpening:
		p.opened(ctx, e)
	}
}

// sent notes a request. The lock is held, as in those below.
func (p *pageView) sent(e *network.EventRequestWillBeSent) {
	if !strings.HasPrefix(e.Request.URL, "http") {
		return // of the browser's own making, as its page about an error is
	}
	if e.Type == network.ResourceTypeDocument && e.FrameID == p.frame {
		p.doc = document{id: e.RequestID, url: e.Request.URL}
	}
	if len(p.asked) < askingMax {
		p.asked[e.RequestID] = e.Request.URL
	}
}

// received notes the beginning of an answer.
func (p *pageView) received(e *network.EventResponseReceived) {
	status := int(e.Response.Status)
	switch {
	case e.RequestID == p.doc.id:
		p.doc.status, p.doc.header, p.doc.timing = status, headerOf(e.Response.Headers), e.Response.Timing
		p.doc.security = e.Response.SecurityDetails
	case status >= http.StatusBadRequest:
		p.failures.add(probe.StatusText(status) + " " + e.Response.URL)
	}
}

// lost notes a request that came to nothing.
func (p *pageView) lost(e *network.EventLoadingFailed) {
	asked := p.asked[e.RequestID]
	delete(p.asked, e.RequestID)
	switch {
	case e.RequestID == p.doc.id:
		p.doc.failure = e.ErrorText
	case !e.Canceled:
		p.failures.add(e.ErrorText + " " + asked)
	}
}

// opened closes a dialog as a person who presses Enter does. It stands in the
// way of everything else, so nobody waits for it but the page.
func (p *pageView) opened(ctx context.Context, e *page.EventJavascriptDialogOpening) {
	p.dialogs.add(string(e.Type) + " " + e.Message)
	if to := p.to; to != nil && !p.over {
		p.answers.Go(func() {
			_, _ = cdp.Call(ctx, to, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true, PromptText: e.DefaultPrompt})
		})
	}
}

// listenBrowser takes the browser's events.
func (p *pageView) listenBrowser(event any) {
	e, ok := event.(*cdptarget.EventTargetCrashed)
	if !ok {
		return
	}
	p.mu.Lock()
	mine := p.to != nil && p.to.TargetID == e.TargetID
	p.mu.Unlock()
	if mine && e.Status == "killed" {
		p.crash(errPageKilled)
	} else if mine {
		p.crash(errPageCrashed)
	}
}

func headerOf(h network.Headers) http.Header {
	out := make(http.Header, len(h))
	for name, value := range h {
		if text, ok := value.(string); ok {
			out.Set(name, text)
		}
	}
	return out
}

func exceptionText(d *runtime.ExceptionDetails) string {
	text := d.Text
	if d.Exception != nil && d.Exception.Description != "" {
		text, _, _ = strings.Cut(d.Exception.Description, "\n")
	}
	if u, err := url.Parse(d.URL); err == nil && u.Path != "" {
		text += fmt.Sprintf(" (%s:%d)", u.Path, d.LineNumber+1)
	}
	return text
}

func argText(a *runtime.RemoteObject) string {
	if a.Description != "" {
		first, _, _ := strings.Cut(a.Description, "\n")
		return first
	}
	var text string
	if json.Unmarshal(a.Value, &text) == nil {
		return text
	}
	return string(a.Value)
}

// attach tells the page by whom it is asked, once it is there.
func (p *pageView) attach(t *chromedp.Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to, p.frame = t, cdp.FrameID(t.TargetID)
}

// detach waits for what is still said to the page; it is not listened to any
// more.
func (p *pageView) detach() {
	p.mu.Lock()
	p.over = true
	p.mu.Unlock()
	p.answers.Wait()
}

func (p *pageView) document() document {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doc
}

func (p *pageView) counts() (consoleErrors, failedRequests int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.console.n, p.failures.n
}

// asking returns a request that is under way, with how many more there are.
func (p *pageView) asking() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := ""
	for _, u := range p.asked { // the same one each time
		if first == "" || u < first {
			first = u
		}
	}
	return first
}

// testimony is what the page told, for a person who doubts the result.
func (p *pageView) testimony(seen pageSight) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	if seen.URL != "" {
		fmt.Fprintf(&b, "at %s, title %s\n", probe.ClipRunes(seen.URL, 2*troubleMax), probe.Quoted(seen.Title))
	}
	for _, list := range []struct {
		name string
		of   troubles
	}{{"console", p.console}, {"failed", p.failures}, {"dialog", p.dialogs}} {
		for _, text := range list.of.said {
			fmt.Fprintf(&b, "%s: %s\n", list.name, text)
		}
		if more := list.of.n - len(list.of.said); more > 0 {
			fmt.Fprintf(&b, "%s: and %d more\n", list.name, more)
		}
	}
	b.WriteString(seen.Text[:min(len(seen.Text), 2*probe.OutputMax)])
	return strings.TrimSpace(b.String())
}

// pageLook is what pageJS is asked.
type pageLook struct {
	Do       string   `json:"do"` // a step's word, "read" or "hide"
	Selector string   `json:"selector,omitempty"`
	Text     string   `json:"text,omitempty"`
	Secrets  []string `json:"secrets,omitempty"`
}

// pageSight is what pageJS answers.
type pageSight struct {
	State  string  `json:"state"`
	Detail string  `json:"detail"`
	X      float64 `json:"x"` // CSS pixels in the viewport
	Y      float64 `json:"y"`
	URL    string  `json:"url"`
	Title  string  `json:"title"`
	Ready  string  `json:"ready"` // document.readyState
	Text   string  `json:"text"`  // what is read, the first 64 KiB
}

// ask runs pageJS. An error while ctx lasts means that the page changed under
// it, so that it is to be asked again.
func (p *pageView) ask(ctx context.Context, look pageLook) (pageSight, error) {
	p.mu.Lock()
	to, frame := p.to, p.frame
	p.mu.Unlock()
	question, err := json.Marshal(look)
	if err != nil {
		return pageSight{}, err
	}
	world, err := cdp.Call(ctx, to, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: frame, WorldName: pageWorld})
	if err != nil {
		return pageSight{}, err
	}
	yes := true
	got, err := cdp.Call(ctx, to, runtime.Evaluate, runtime.EvaluateParams{
		Expression: "(" + pageJS + ")(" + string(question) + ")", ContextID: world.ExecutionContextID, ReturnByValue: &yes,
	})
	if err != nil {
		return pageSight{}, err
	}
	var sight pageSight
	if got.ExceptionDetails != nil || got.Result == nil || json.Unmarshal(got.Result.Value, &sight) != nil {
		return pageSight{}, errNoWorld
	}
	return sight, nil
}

// click moves the mouse to a place and presses its button. A window that the page
// opened covers it, and a page that is covered takes note of the mouse after 5 s
// only; what a person clicks at lies in front.
func (p *pageView) click(ctx context.Context, x, y float64) error {
	if _, err := cdp.Call(ctx, p.session(), page.BringToFront, cdp.Empty{}); err != nil {
		return err
	}
	for _, one := range []struct {
		kind    input.DispatchMouseEventType
		button  input.MouseButton
		buttons int64
	}{{input.DispatchMouseEventTypeMouseMoved, "none", 0}, {input.DispatchMouseEventTypeMousePressed, "left", 1}, {input.DispatchMouseEventTypeMouseReleased, "left", 0}} {
		event := input.DispatchMouseEventParams{Type: one.kind, X: x, Y: y, Button: one.button, Buttons: one.buttons}
		if one.button == "left" {
			event.ClickCount = 1
		}
		if _, err := cdp.Call(ctx, p.session(), input.DispatchMouseEvent, event); err != nil {
			return err
		}
	}
	return nil
}

// press presses a key, as a keyboard does: the character comes with it.
func (p *pageView) press(ctx context.Context, k key) error {
	down := input.DispatchKeyEventTypeKeyDown
	if k.text == "" {
		down = input.DispatchKeyEventTypeRawKeyDown
	}
	for _, event := range []input.DispatchKeyEventParams{
		{Type: down, Key: k.name, Code: k.code, Text: k.text, WindowsVirtualKeyCode: k.number},
		{Type: input.DispatchKeyEventTypeKeyUp, Key: k.name, Code: k.code, WindowsVirtualKeyCode: k.number},
	} {
		if _, err := cdp.Call(ctx, p.session(), input.DispatchKeyEvent, event); err != nil {
			return err
		}
	}
	return nil
}

// insert writes into what has the focus.
func (p *pageView) insert(ctx context.Context, text string) error {
	_, err := cdp.Call(ctx, p.session(), input.InsertText, input.InsertTextParams{Text: text})
	return err
}

func (p *pageView) session() *chromedp.Target {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.to
}

// Pictures of pages. Text stays readable in a JPEG of 100 KiB.
const (
	pictureMax    = 100 << 10
	pictureWithin = 2 * time.Second // after a time-out: a page that hangs is not waited for
)

// examine reads the page of a visit that went wrong, and returns a JPEG of what
// is seen of it now, or nothing.
func (v *visit) examine(b *process) []byte {
	ctx, cancel := context.WithTimeout(b.tab, v.probe.grace)
	defer cancel()
	cause := context.Cause(b.ctx)
	if v.ended.failure != "" || errors.Is(cause, errPageCrashed) || errors.Is(cause, errPageKilled) {
		return nil // what the browser shows then is of its own making, or nothing is there to be looked at
	}
	tick := time.NewTicker(pageEvery)
	defer tick.Stop()
	for {
		_, err := v.look(ctx, pageLook{Do: "read"})
		if err == nil {
			return v.picture(ctx)
		}
		select {
		case <-tick.C: // its answer is known, and it comes in this moment
		case <-ctx.Done():
			return nil
		}
	}
}

// picture returns a JPEG of at most pictureMax bytes. What was typed in secret
// is made unreadable first.
func (v *visit) picture(ctx context.Context) []byte {
	if len(v.secrets) > 0 {
		if sight, err := v.page.ask(ctx, pageLook{Do: "hide", Secrets: v.secrets}); err != nil || sight.State != "ok" {
			return nil
		}
	}
	size := v.probe.viewport
	for _, fit := range []struct {
		quality int64
		scale   float64
	}{{60, 1}, {30, 1}, {40, 0.5}, {20, 0.25}} {
		got, err := cdp.Call(ctx, v.page.session(), page.CaptureScreenshot, page.CaptureScreenshotParams{
			Format: page.CaptureScreenshotFormatJpeg, Quality: &fit.quality,
			Clip: v.clip(ctx, size, fit.scale),
		})
		if err != nil {
			return nil
		}
		if len(got.Data) > 0 && len(got.Data) <= pictureMax {
			return got.Data
		}
	}
	return nil
}

// clip is the part of the page that is seen, at a scale; nil for all of it as
// it is.
func (v *visit) clip(ctx context.Context, size Viewport, scale float64) *page.Viewport {
	if scale == 1 {
		return nil
	}
	clip := &page.Viewport{Width: float64(size.Width), Height: float64(size.Height), Scale: scale}
	if m, err := cdp.Call(ctx, v.page.session(), page.GetLayoutMetrics, cdp.Empty{}); err == nil && m.CSSVisualViewport != nil {
		clip.X, clip.Y = m.CSSVisualViewport.PageX, m.CSSVisualViewport.PageY
	}
	return clip
}
