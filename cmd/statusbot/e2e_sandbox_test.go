//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// picturesEnv names a folder that gets a picture of each surface of the page.
const picturesEnv = "STATUSBOT_TEST_PICTURES"

// smallApp is an app that shows all that the page can: it is reached by HTTP
// and calls the Web API without any library.
type smallApp struct {
	t   *testing.T
	w   *sandbox.Workspace
	got chan map[string]any // submissions, as the app got them
}

// calls one method of the Web API.
func (a *smallApp) calls(method string, args map[string]any) map[string]any {
	body, err := json.Marshal(args)
	if err != nil {
		a.t.Error(err)
		return nil
	}
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.w.APIURL()+method, bytes.NewReader(body))
	if err != nil {
		a.t.Error(err)
		return nil
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+a.w.BotToken())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Errorf("%s: %v", method, err)
		return nil
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out["ok"] != true {
		a.t.Errorf("%s: %v %v", method, out, err)
	}
	return out
}

func (a *smallApp) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Error(err)
		return
	}
	var event struct {
		Type, Challenge string
		Event           struct{ Type, User string }
	}
	if json.Unmarshal(body, &event) == nil && event.Type != "" {
		if event.Event.Type == "app_home_opened" {
			a.publish(event.Event.User, "You watch *Billing*.")
		}
		io.WriteString(rw, event.Challenge)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		a.t.Error(err)
		return
	}
	if form.Get("command") != "" {
		a.calls("views.open", map[string]any{"trigger_id": form.Get("trigger_id"), "view": decoded(a.t, appModal)})
		return
	}
	in := decoded(a.t, form.Get("payload")).(map[string]any)
	switch in["type"] {
	case "view_submission":
		values := in["view"].(map[string]any)["state"].(map[string]any)["values"].(map[string]any)
		what, _ := values["what"].(map[string]any)["text"].(map[string]any)["value"].(string)
		if what == "nothing" {
			rw.Header().Set("Content-Type", "application/json")
			io.WriteString(rw, `{"response_action":"errors","errors":{"what":"Say what was done, in a few words."}}`)
			return
		}
		a.got <- values
		a.calls("chat.postMessage", map[string]any{"channel": "C0INCIDENTDEMO", "text": "Marked: " + what})
	case "block_suggestion":
		rw.Header().Set("Content-Type", "application/json")
		io.WriteString(rw, productsLike(in["value"].(string)))
	case "block_actions":
		action := in["actions"].([]any)[0].(map[string]any)
		if chosen, ok := action["selected_option"].(map[string]any); ok {
			a.calls("chat.postMessage", map[string]any{"channel": "C0INCIDENTDEMO", "text": fmt.Sprint("Chosen: ", chosen["value"])})
		}
		if action["action_id"] == "unwatch" {
			a.publish(in["user"].(map[string]any)["id"].(string), "You watch nothing.")
		}
	}
}

func (a *smallApp) publish(user, words string) {
	blocks := fmt.Sprintf(`[{"type":"header","text":{"type":"plain_text","text":"Status"}},{"type":"section","text":{"type":"mrkdwn","text":%q}},
		{"type":"actions","elements":[{"type":"button","action_id":"unwatch","text":{"type":"plain_text","text":"Unwatch Billing"}},
		{"type":"static_select","action_id":"product","placeholder":{"type":"plain_text","text":"Product…"},"options":[{"text":{"type":"plain_text","text":"Billing"},"value":"billing"}]}]},
		{"type":"divider"},{"type":"context","elements":[{"type":"mrkdwn","text":"12 products · 1 open incident in <#C0INCIDENTDEMO>"}]}]`, words)
	a.calls("views.publish", map[string]any{"user_id": user, "view": map[string]any{"type": "home", "blocks": decoded(a.t, blocks)}})
}

func decoded(t testing.TB, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

const appModal = `{"type":"modal","callback_id":"mark","title":{"type":"plain_text","text":"Mark an action"},"submit":{"type":"plain_text","text":"Mark it"},
 "close":{"type":"plain_text","text":"Not now"},"blocks":[
 {"type":"section","text":{"type":"mrkdwn","text":"Billing, Search and Checkout are degraded. What did you try?"}},
 {"type":"input","block_id":"what","label":{"type":"plain_text","text":"What was done?"},"hint":{"type":"plain_text","text":"For example: restarted lb-3"},"element":{"type":"plain_text_input","action_id":"text"}},
 {"type":"input","block_id":"product","label":{"type":"plain_text","text":"Product"},"element":{"type":"static_select","action_id":"product","placeholder":{"type":"plain_text","text":"Choose a product"},
  "options":[{"text":{"type":"plain_text","text":"Billing"},"value":"billing"},{"text":{"type":"plain_text","text":"Search"},"value":"search"}]}},
 {"type":"input","block_id":"also","optional":true,"label":{"type":"plain_text","text":"Also tell"},"element":{"type":"checkboxes","action_id":"also",
  "options":[{"text":{"type":"plain_text","text":"Those who watch it"},"value":"watchers"},{"text":{"type":"plain_text","text":"On call"},"value":"oncall"}]}},
 {"type":"input","block_id":"sure","optional":true,"label":{"type":"plain_text","text":"How sure?"},"element":{"type":"radio_buttons","action_id":"sure",
  "options":[{"text":{"type":"plain_text","text":"Sure"},"value":"sure"},{"text":{"type":"plain_text","text":"A guess"},"value":"guess"}]}},
 {"type":"input","block_id":"who","optional":true,"label":{"type":"plain_text","text":"Who"},"element":{"type":"users_select","action_id":"who"}},
 {"type":"input","block_id":"day","optional":true,"label":{"type":"plain_text","text":"Day"},"element":{"type":"datepicker","action_id":"day","initial_date":"2026-11-26"}},
 {"type":"input","block_id":"hour","optional":true,"label":{"type":"plain_text","text":"Time"},"element":{"type":"timepicker","action_id":"hour"}}]}`

const appBlocks = `[{"type":"section","text":{"type":"mrkdwn","text":"*3 of 12 products degraded, none down.* Worse than 5 min ago. <!subteam^S0ONCALL01>"}},
 {"type":"data_visualization","title":"Failed checks, per cent","chart":{"type":"line","axis_config":{"categories":["09:40","09:45","09:50","09:55","10:00"],"y_label":"Per cent"},
  "series":[{"name":"Billing","data":[{"label":"09:40","value":1},{"label":"09:45","value":2},{"label":"09:50","value":6},{"label":"09:55","value":9},{"label":"10:00","value":11.9}]},
  {"name":"Search","data":[{"label":"09:40","value":1},{"label":"09:45","value":1},{"label":"09:50","value":3},{"label":"09:55","value":5},{"label":"10:00","value":6.1}]}]}},
 {"type":"data_visualization","title":"Failures by reason","chart":{"type":"pie","segments":[{"label":"timeout","value":62},{"label":"reset","value":29},{"label":"tls","value":13}]}},
 {"type":"data_table","caption":"Worst products","rows":[[{"type":"raw_text","text":"Product"},{"type":"raw_text","text":"Failed"},{"type":"raw_text","text":"Of"}],
  [{"type":"raw_text","text":"Billing"},{"type":"raw_text","text":"62"},{"type":"raw_text","text":"520"}],[{"type":"raw_text","text":"Search"},{"type":"raw_text","text":"29"},{"type":"raw_text","text":"476"}]]},
 {"type":"image","slack_file":{"id":"FILE"},"alt_text":"Failures rise from 09:45 on"},
 {"type":"actions","elements":[{"type":"button","style":"primary","action_id":"mark","text":{"type":"plain_text","text":"Mark an action"}},{"type":"datepicker","action_id":"day"}]}]`

// upload sends a file by the three steps that Slack has.
func (a *smallApp) upload(name string, data []byte, more map[string]any) string {
	got := a.calls("files.getUploadURLExternal", map[string]any{"filename": name, "length": len(data), "alt_txt": "Failures rise"})
	id, _ := got["file_id"].(string)
	to, _ := got["upload_url"].(string)
	resp, err := http.Post(to, "application/octet-stream", bytes.NewReader(data))
	if err != nil {
		a.t.Fatal(err)
	}
	resp.Body.Close()
	args := map[string]any{"files": []map[string]string{{"id": id, "title": name}}}
	maps.Copy(args, more)
	a.calls("files.completeUploadExternal", args)
	return id
}

func aPicture(t testing.TB) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 90))
	for x := range 320 {
		for y := range 90 {
			img.Set(x, y, color.RGBA{uint8(60 + x/2), uint8(150 - y), 120, 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// startApp runs a workspace with the small app in it.
func startApp(ctx context.Context, t *testing.T) (*smallApp, sandboxtest.Client) {
	t.Helper()
	w, err := sandbox.New(sandbox.Config{NoRateLimit: true, AckWithin: patience, TriggerLife: patience})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	running, stop := context.WithCancel(context.Background())
	go func() { done <- w.Run(running) }()
	a := &smallApp{t: t, w: w, got: make(chan map[string]any, 1)}
	srv := httptest.NewServer(a)
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	if err := w.UseHTTP(ctx, sandbox.HTTPMode{URL: srv.URL}); err != nil {
		t.Fatal(err)
	}
	return a, sandboxtest.Client{Base: w.URL()}
}

// A person at the page fills in a modal, reads charts and files, answers in a
// thread, reacts, and uses the app's home.
func TestPageSurfaces(t *testing.T) {
	t.Parallel()
	program := needChromium(t)
	ctx, cancel := context.WithTimeout(context.Background(), pageBound)
	defer cancel()
	a, slack := startApp(ctx, t)
	id := a.upload("heatmap.png", aPicture(t), nil)
	root := a.calls("chat.postMessage", map[string]any{"channel": "C0INCIDENTDEMO", "text": "3 of 12 products degraded", "blocks": decoded(t, strings.Replace(appBlocks, "FILE", id, 1))})
	ts, _ := root["ts"].(string)
	a.upload("figures.csv", []byte("time,product,failed\n10:00,billing,62\n10:00,search,29\n"), map[string]any{"channel_id": "C0INCIDENTDEMO", "thread_ts": ts, "initial_comment": "The figures"})
	b := openBrowser(t, program, a.w.URL())

	// What the app sent is drawn.
	update := b.finds("3 of 12 products degraded", "Failures by reason", "Worst products", "@oncall")
	b.finds("The figures", "figures.csv", "10:00,billing,62")
	if n := call[int](b, "count", update+" svg.chart"); n != 2 {
		t.Errorf("%d charts are drawn, want 2", n)
	}
	b.await("the picture", func() bool { return call[int](b, "count", update+" img.block-picture") == 1 })
	b.pictures("messages")

	// A modal: what is wrong is said at its place, what was written stays.
	b.says("/status mark")
	b.sees("#modal-title", "Mark an action")
	b.press(".modal", "Mark it")
	b.sees(".modal", "Please complete this required field.")
	b.writes(".modal .block-input:nth-of-type(2) input", "nothing")
	b.chooses(".modal select", "B", "Billing")
	b.press(".modal", "Mark it")
	b.sees(".modal", "Say what was done, in a few words.")
	b.pictures("modal")
	b.writes(".modal .block-input:nth-of-type(2) input", "restarted lb-3")
	b.check(".modal", "On call")
	b.press(".modal", "Mark it")
	b.finds("Marked: restarted lb-3")
	select {
	case values := <-a.got:
		if got := fmt.Sprint(values["also"]); !strings.Contains(got, "oncall") || strings.Contains(got, "watchers") {
			t.Errorf("the app got %v", values)
		}
	case <-ctx.Done():
		t.Fatal("the app got no submission")
	}
	b.await("the modal to close", func() bool { return call[int](b, "count", "dialog.modal") == 0 })

	// A thread, and a reaction.
	marked := b.finds("Marked: restarted lb-3")
	b.press(marked, "Reply")
	b.sees("#thread-words", "In the thread of statusbot: Marked: restarted lb-3")
	b.says("thanks, it helped")
	b.finds("thanks, it helped")
	list, err := slack.Messages(ctx, "incident-demo", "ana")
	if err != nil {
		t.Fatal(err)
	}
	if said := list[len(list)-1]; said.Text != "thanks, it helped" || said.ThreadTS == "" {
		t.Errorf("the reply %+v is in no thread", said)
	}
	b.press("#thread-bar", "Leave the thread")
	b.press(marked, "React")
	b.press(".menu", "👀 eyes")
	b.await("the reaction", func() bool { return strings.Contains(call[string](b, "reads", marked+" .reactions"), "1") })

	// The app's home.
	b.press("#channels", "statusbot")
	b.press("#app-tabs", "Home")
	b.sees("#home", "You watch Billing.", "12 products")
	b.pictures("home")
	b.press("#home", "Unwatch Billing")
	b.sees("#home", "You watch nothing.")

	// Who is in a channel is seen and changed.
	b.press("#channels", "incident-demo")
	b.sees("#place", "Gabi Lind · guest", "Xenia Moreau · other company · not here")
	b.pictures("panel")
	b.press("#place", "Invite Xenia Moreau")
	b.await("Xenia in the channel", func() bool { return !strings.Contains(call[string](b, "reads", "#place"), "not here") })
	b.press("#place", "Remove statusbot")
	b.await("the bot out of the channel", func() bool {
		return strings.Contains(call[string](b, "reads", "#place"), "statusbot · app · not here")
	})
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("the browser complains:\n%s", strings.Join(said, "\n"))
	}
}

// check presses the box beside a label.
func (b *browser) check(scope, label string) {
	b.t.Helper()
	b.await("the box "+label, func() bool { return call[bool](b, "check", scope, label) })
}

// pictures keeps what the page looks like on a phone, and in the long form on a
// desk, light and dark, if somebody asked for it; and wants nothing to stick out.
func (b *browser) pictures(name string) {
	b.t.Helper()
	sizes := []struct {
		name          string
		width, height int64
	}{{"desk", 1400, 900}, {"phone", 390, 844}}
	for _, size := range longtest.Of(sizes[1:], sizes) {
		b.act(chromedp.EmulateViewport(size.width, size.height))
		if name == "panel" && size.name == "phone" {
			b.press(".tabs", "Controls")
		}
		b.await("the page at its new width", func() bool { return call[int](b, "width") == int(size.width) })
		if out := call[string](b, "sticksOut"); out != "" { // an open menu moves with the next frame
			b.t.Logf("%s at %d px: sticks out: %s", name, size.width, out)
			b.await("nothing that sticks out", func() bool { return call[string](b, "sticksOut") == "" })
		}
		for _, scheme := range []string{"light", "dark"} {
			b.prefers(scheme)
			if dir := os.Getenv(picturesEnv); dir != "" {
				data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%s.png", name, size.name, scheme)), data, 0o644)
				}
				if err != nil {
					b.t.Error(err)
				}
			}
		}
	}
	b.prefers("light")
	b.act(chromedp.EmulateViewport(1280, 900))
}

func (b *browser) prefers(scheme string) {
	b.t.Helper()
	b.act(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}
