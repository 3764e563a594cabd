package bot_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/bot/bottest"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"github.com/statusbot/statusbot/internal/status"
)

// pictured is a house whose posts have pictures, with an incident whose first
// update is in the channel.
type pictured struct {
	*house
	updater *publish.Updater
	now     time.Time
}

func newPictured(t *testing.T, cfg sandbox.Config, pictures *bot.Pictures) *pictured {
	t.Helper()
	cfg.NoRateLimit = true
	if pictures != nil {
		pictures.Bound = time.Minute // whether it is shown is asked, not how soon
	}
	p := &pictured{house: newHouse(t, publishtest.Acme(), cfg)}
	p.feeder.Feed(240, publishtest.Tenth("pay"))
	p.now = p.feeder.At
	p.poster(t, func(po *bot.Poster) { po.Pictures = pictures })
	p.updater = p.house.updater(func(_ *publish.Updater, r *publish.Rules) { r.Pictures = pictures.On() })
	_, err := p.ledger.Write(limit(t), func(log incident.Log) (incident.Event, error) {
		return log.Start(p.now, ana, channelID, "Invoices", 5*time.Minute)
	})
	check(t, err)
	p.step(t)
	return p
}

// step has the next update decided and delivered.
func (p *pictured) step(t *testing.T) {
	t.Helper()
	check(t, p.updater.Step(limit(t), p.now))
	p.delivered(t, channelID, key)
	p.now = p.now.Add(5 * time.Minute)
}

// post is the one message of the bot.
func (p *pictured) post(t *testing.T) sandboxtest.Message {
	t.Helper()
	list := slices.DeleteFunc(p.posts(t, channel), func(m sandboxtest.Message) bool { return m.ThreadTS != "" && m.ThreadTS != m.TS })
	if len(list) != 1 {
		t.Fatalf("%d posts, want 1:\n%s", len(list), p.texts(t, channel))
	}
	return list[0]
}

func (p *pictured) calls(t *testing.T, method string) []sandboxtest.LogEntry {
	t.Helper()
	log, err := p.c.Log(limit(t), 0, method)
	check(t, err)
	return log
}

const chartType, imageType = `"data_visualization"`, `"slack_file"`

func TestUpdatesCarryAChart(t *testing.T) {
	t.Parallel()
	p := newPictured(t, sandbox.Config{}, &bot.Pictures{})
	for range 2 {
		m := p.post(t)
		if !bytes.Contains(m.Blocks, []byte(chartType)) || !bytes.Contains(m.Blocks, []byte(`"Billing"`)) {
			t.Errorf("update has no chart of Billing: %s", m.Blocks)
		}
		if i, j := bytes.Index(m.Blocks, []byte("Impact update #")), bytes.Index(m.Blocks, []byte(chartType)); i > j {
			t.Error("the chart stands before the sentence")
		}
		p.feeder.Feed(60, publishtest.Tenth("pay"))
		p.step(t) // an edit
	}
	if n := len(p.calls(t, "files.getUploadURLExternal")); n != 0 {
		t.Errorf("%d uploads beside the chart", n)
	}
}

// TestAWorkspaceWithoutCharts: it is asked once, and gets a picture; an edit
// keeps that.
func TestAWorkspaceWithoutCharts(t *testing.T) {
	t.Parallel()
	p := newPictured(t, sandbox.Config{RefusedBlocks: []string{"data_visualization"}, FileProcessing: 400 * time.Millisecond}, &bot.Pictures{})
	until(t, "the picture is shown", func() bool { return bytes.Contains(p.post(t).Blocks, []byte(imageType)) })
	until(t, "it is written down", func() bool { r, _ := p.receipt(t, channelID, key); return r.Picture != "" })
	p.feeder.Feed(60, publishtest.Tenth("pay"))
	p.step(t)
	m := p.post(t)
	if !strings.Contains(m.Text, "#2") || !bytes.Contains(m.Blocks, []byte(imageType)) || !bytes.Contains(m.Blocks, []byte("Share of client checks that failed")) {
		t.Errorf("after the edit: %s\n%s", m.Text, m.Blocks)
	}
	if n := len(p.calls(t, "chat.postMessage")); n != 2 {
		t.Errorf("%d tries to post, want one with the chart and one without", n)
	}
	if n := len(p.calls(t, "files.completeUploadExternal")); n != 1 {
		t.Errorf("%d uploads, want 1: an edit keeps the picture of its post", n)
	}
}

// TestAPictureForAPerson is put into the message where it is: in the
// conversation with them, which has another name than they have.
func TestAPictureForAPerson(t *testing.T) {
	t.Parallel()
	p := newPictured(t, sandbox.Config{}, &bot.Pictures{Mode: func() string { return bot.PicturesImage }})
	read, stop := context.WithCancel(limit(t))
	var update []byte
	_ = p.outbox.Watch(read, func(e publish.Entry) error { update = e.Body; return nil }, stop)
	check(t, p.outbox.Put(limit(t), ana, "share/1", update))
	until(t, "the picture is written down", func() bool { r, _ := p.receipt(t, ana, "share/1"); return r.Picture != "" })
	list, err := p.c.Messages(limit(t), "@statusbot", "ana")
	check(t, err)
	if len(list) != 1 || !bytes.Contains(list[0].Blocks, []byte(imageType)) {
		t.Errorf("the message has no picture: %+v", list)
	}
}

// TestTextDoesNotWaitForPictures: whatever is wrong with uploads, the text is
// there, once.
func TestTextDoesNotWaitForPictures(t *testing.T) {
	t.Parallel()
	image := func() string { return bot.PicturesImage }
	for name, spoil := range map[string]func(cfg *sandbox.Config) *sandboxtest.Fault{
		"no scope": func(cfg *sandbox.Config) *sandboxtest.Fault {
			for _, s := range sandbox.AllScopes {
				if s != "files:write" {
					cfg.Scopes = append(cfg.Scopes, s)
				}
			}
			return nil
		},
		"uploads fail": func(*sandbox.Config) *sandboxtest.Fault {
			return &sandboxtest.Fault{Mode: "error", Methods: []string{"files.getUploadURLExternal"}}
		},
		"the upload is lost": func(*sandbox.Config) *sandboxtest.Fault {
			return &sandboxtest.Fault{Mode: "error", Error: "http_503", Methods: []string{"upload"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := sandbox.Config{NoRateLimit: true}
			fault := spoil(&cfg)
			h := newHouse(t, publishtest.Acme(), cfg)
			if fault != nil {
				check(t, h.c.Faults(limit(t), *fault))
			}
			pictures := &bot.Pictures{Mode: image}
			h.poster(t, func(po *bot.Poster) { po.Pictures = pictures })
			h.feeder.Feed(240, publishtest.Tenth("pay"))
			p := &pictured{house: h, now: h.feeder.At, updater: h.updater(func(_ *publish.Updater, r *publish.Rules) { r.Pictures = pictures.On() })}
			_, err := h.ledger.Write(limit(t), func(log incident.Log) (incident.Event, error) {
				return log.Start(p.now, ana, channelID, "", 5*time.Minute)
			})
			check(t, err)
			p.step(t)
			p.feeder.Feed(60, publishtest.Tenth("pay"))
			p.step(t)
			if m := p.post(t); !strings.Contains(m.Text, "#2") || bytes.Contains(m.Blocks, []byte(imageType)) {
				t.Errorf("%s\n%s", m.Text, m.Blocks)
			}
		})
	}
}

func TestNoPictures(t *testing.T) {
	t.Parallel()
	for _, pictures := range []*bot.Pictures{nil, {Mode: func() string { return bot.PicturesOff }}} {
		p := newPictured(t, sandbox.Config{}, pictures)
		if m := p.post(t); bytes.Contains(m.Blocks, []byte(chartType)) || bytes.Contains(m.Blocks, []byte(imageType)) {
			t.Errorf("a picture all the same: %s", m.Blocks)
		}
	}
}

// TestUpdatesCountEachMinuteOnce: what updates keep for the report adds up to
// what the checks gave.
func TestUpdatesCountEachMinuteOnce(t *testing.T) {
	t.Parallel()
	f := &publishtest.Feeder{Board: status.NewBoard(publishtest.Acme()), At: time.Now().Truncate(time.Minute).Add(-30 * time.Minute)}
	begun := f.At
	j := &publishtest.Journal{}
	h := &house{journal: j, ledger: &publish.Ledger{Board: f.Board, Append: j.Append}, feeder: f}
	u := &publish.Updater{Board: f.Board, Ledger: h.ledger, Outbox: bottest.NewOutbox(), Rules: func() publish.Rules { return publish.Rules{} }, Now: time.Now}
	_, err := h.ledger.Write(limit(t), func(log incident.Log) (incident.Event, error) {
		return log.Start(begun, ana, channelID, "", time.Minute)
	})
	check(t, err)
	for range 10 {
		f.Feed(97, publishtest.Tenth("pay"))
		check(t, u.Step(limit(t), f.At))
	}
	tries, failures := 0, 0
	for _, e := range j.Events(incident.Update) {
		for _, fig := range e.Figures {
			if fig.Product == "billing" {
				tries, failures = tries+fig.NewTries, failures+fig.NewFailures
			}
		}
	}
	wantTries, wantFailures := 0, 0
	for _, m := range f.Board.History("billing", begun, f.At.Truncate(time.Minute)) {
		wantTries, wantFailures = wantTries+m.Tries, wantFailures+m.Failures
	}
	if tries != wantTries || failures != wantFailures || tries < 1800 {
		t.Errorf("updates counted %d of %d, the checks gave %d of %d", failures, tries, wantFailures, wantTries)
	}
}

func TestReportAsFiles(t *testing.T) {
	t.Parallel()
	p := newPictured(t, sandbox.Config{}, nil)
	p.commands(t)
	says(t, p.types(t, "ben", "/status report"), "report of incident 1 is being written")
	p.sees(t, channel, "ben", "The report of incident 1 is in this channel")
	root := p.post(t)
	done := p.calls(t, "files.completeUploadExternal")
	if len(done) != 2 {
		t.Fatalf("%d files, want the page and the Markdown", len(done))
	}
	for _, d := range done {
		if d.Args["thread_ts"] != root.TS || d.Args["channel_id"] != channelID {
			t.Errorf("uploaded to %v %v, want the thread of %s", d.Args["channel_id"], d.Args["thread_ts"], root.TS)
		}
	}
	says(t, p.types(t, "ben", "/status report 1"), "report of incident 1 is being written")
	says(t, p.types(t, "ben", "/status report inc-9"), "`inc-9` is no incident", "`/status report 7`")
	a, err := p.c.Command(limit(t), "general", "ben", "/status report")
	check(t, err)
	says(t, a, "no incident in this channel")
}

func TestReportWithoutTheScope(t *testing.T) {
	t.Parallel()
	p := newPictured(t, sandbox.Config{}, nil)
	_, err := p.c.Settings(limit(t), sandboxtest.SettingsChange{Without: []string{"files:write", "users:read"}})
	check(t, err)
	p.commands(t)
	p.types(t, "ben", "/status report")
	p.sees(t, channel, "ben", "Incident 1: Invoices", "lacks the scope files:write", "Start by "+ana, "statusbot report 1")
}
