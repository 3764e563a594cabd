package house

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/status"
)

// Files are read when two looks agree on a change, and what was written while
// they were read is read in turn.
func TestFilesAreReadWhenTheyHaveSettled(t *testing.T) {
	now := time.Now()
	w := watch{used: "a"} // read when they were a; b was written since, or while they were read
	look := func(stamp string, want bool) {
		t.Helper()
		if got := w.due(stamp, now); got != want {
			t.Errorf("%s: due %v, want %v", stamp, got, want)
		}
	}
	look("b", false)
	look("b", true)
	w = watch{used: "b", last: "b"}
	look("b", false)
	look("c", false) // half written
	look("d", false)
	look("d", true)
	w = watch{used: "d", last: "d"}
	look("e", false) // written while d was read
	look("e", true)

	// One that is bad is tried again now and then, without a change.
	w.refuse("e", now)
	look("e", false)
	now = now.Add(retryBad)
	look("e", true)
	w.refuse("e", now)
	look("e", false)
}

// TestAConfigurationThatIsWrittenWhileItIsRead is read in turn, at the start and
// at a reload.
func TestAConfigurationThatIsWrittenWhileItIsRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	write := func(products string) {
		check(t, os.WriteFile(file, []byte("company: Acme\nslack: {mode: sandbox}\nproducts: ["+products+"]\n"), 0o600))
	}
	var next string // written once the configuration is read, before anybody looks at the files again
	load := func() (*config.Config, error) {
		cfg, err := config.Load(file, nil)
		if next != "" {
			write(next)
			next = ""
		}
		return cfg, err
	}
	write("{id: a}")
	next = "{id: a}, {id: b}"
	cfg, err := load()
	check(t, err)
	h := &house{cfg: settings{read: load}, log: zap.NewNop(), board: status.NewBoard(Definition(cfg)), beats: heartbeat.New(nil)}
	h.cfg.Store(cfg)
	h.runner, err = runner.New(kinds.Compile, nil, nil, runner.Config{Paused: true})
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.runner.Run(ctx) }()
	due := func() bool {
		files, stamp := h.cfg.watched(), h.cfg.Load().Files.Stamp()
		once := files.due(stamp, time.Now())
		return files.due(stamp, time.Now()) || once
	}
	if !due() {
		t.Error("what was written while the first was read is not read")
	}
	next = "{id: a}, {id: b}, {id: c}"
	if !h.reload(ctx) || len(h.cfg.Load().Products) != 2 {
		t.Fatalf("%d products after a reload, want 2", len(h.cfg.Load().Products))
	}
	if !due() {
		t.Error("what was written while the second was read is not read")
	}
	if !h.reload(ctx) || len(h.cfg.Load().Products) != 3 || due() {
		t.Errorf("%d products after another reload, want 3 and nothing more to read", len(h.cfg.Load().Products))
	}
	cancel()
	check(t, <-ended)
}
