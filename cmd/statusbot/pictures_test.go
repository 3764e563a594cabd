//go:build linux

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	// screenshotsEnv names the folder that gets the pictures of the documents: make screenshots.
	screenshotsEnv = "STATUSBOT_SCREENSHOTS"
	// picturesMost is how large all of them are, in bytes: a clone brings them along.
	picturesMost = 600 << 10
)

// TestPicturesOfTheDocs makes the pictures that the documents show, from the demo at work,
// where that is asked for; otherwise it looks whether those that are shown are there, and
// small.
func TestPicturesOfTheDocs(t *testing.T) {
	t.Parallel()
	dir := os.Getenv(screenshotsEnv)
	if dir == "" {
		picturesAreShown(t)
		return
	}
	program := needChromium(t)
	ctx, cancel := context.WithTimeout(context.Background(), pageBound)
	defer cancel()
	bot := startStatusbot(t, nil, "demo", "--listen", "127.0.0.1:0", "--heal-after", "0")
	_, slackURL, _ := strings.Cut(bot.awaitLine(ctx, "Slack workspace (local): "), ": ")
	_, pageURL, _ := strings.Cut(bot.awaitLine(ctx, "Page: "), ": ")
	slackURL, pageURL = strings.TrimSpace(slackURL), strings.TrimSpace(pageURL)
	b := openBrowser(t, program, slackURL)
	bot.awaitLine(ctx, "tries something")
	b.finds("Impact update #", "Likely Edge load balancer", "Tried:")
	b.act(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[bool](`[...document.querySelectorAll("strong, b")].filter(e => e.textContent.includes("Impact update #")).at(-1).scrollIntoView({block: "center"}) === undefined`)(ctx, target)
		return chromedp.Void{}, err
	})
	b.shoot(dir, "demo", look{width: 1280, height: 900})

	b.act(chromedp.Navigate(slackURL))
	b.sees("#channels", "incident-demo")
	b.says("/status billing")
	b.finds("Only visible to you", "Billing", "Figures")
	b.shoot(dir, "drill-down", look{width: 1280, height: 900})
	for _, c := range []struct {
		name, path, word string
		look
	}{
		{"board", "", "Billing", look{width: 1100, height: 900}},
		{"board-dark", "", "Billing", look{width: 1100, height: 900, dark: true}},
		{"board-phone", "", "Billing", look{width: 390, height: 844, scale: 2}},
		{"product", "products/billing", "where the figures come from", look{width: 1100, height: 900}},
		{"incident", "incidents/" + openIncident(t, pageURL), "What was tried", look{width: 1100, height: 900}},
	} {
		b.act(chromedp.Navigate(pageURL + c.path))
		b.sees("body", c.word)
		b.shoot(dir, c.name, c.look)
	}
}

// openIncident is the id of the incident that goes on.
func openIncident(t *testing.T, pageURL string) string {
	t.Helper()
	resp, err := http.Get(pageURL + "api/v1/incidents?open=true")
	need(t, err)
	defer resp.Body.Close()
	var list struct{ Incidents []struct{ ID string } }
	need(t, json.NewDecoder(resp.Body).Decode(&list))
	if len(list.Incidents) == 0 {
		t.Fatal("no incident goes on")
	}
	return list.Incidents[0].ID
}

// look is how a picture is taken.
type look struct {
	width, height int64
	scale         float64
	dark          bool
}

// shoot saves what the page looks like.
func (b *browser) shoot(dir, name string, l look) {
	b.t.Helper()
	scheme, scale, quality := "light", max(l.scale, 1), int64(82)
	if l.dark {
		scheme = "dark"
	}
	b.prefers(scheme)
	var data []byte
	b.act(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, emulation.SetScrollbarsHidden, emulation.SetScrollbarsHiddenParams{Hidden: true}); err != nil {
			return err
		}
		size := emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: scale}
		if _, err := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, size); err != nil {
			return err
		}
		got, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
		if err == nil {
			data = got.Data
		}
		return err
	}))
	need(b.t, os.MkdirAll(dir, 0o755))
	need(b.t, os.WriteFile(filepath.Join(dir, name+".webp"), data, 0o644))
	b.t.Logf("%s: %d bytes", name, len(data))
}

// picturesAreShown holds the folder against the pages: each picture is shown, and all
// together are small.
func picturesAreShown(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "pictures", "*"))
	need(t, err)
	var pages strings.Builder
	for _, name := range pagesOf(t) {
		text, err := os.ReadFile(name)
		need(t, err)
		pages.Write(text)
	}
	size := int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		need(t, err)
		size += info.Size()
		if !strings.Contains(pages.String(), "pictures/"+info.Name()) {
			t.Errorf("no page shows %s", file)
		}
	}
	if len(files) == 0 || size > picturesMost {
		t.Errorf("%d pictures of %d bytes, at most %d", len(files), size, picturesMost)
	}
}
