package house

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
)

// onCallConfig is a configuration in which each of some ways says who is on call.
func onCallConfig(t *testing.T, ways ...string) *config.Config {
	t.Helper()
	dir, text := t.TempDir(), "products:\n"
	for n := range ways {
		text += fmt.Sprintf("  - {id: p%d, owner: team %d}\n", n, n)
	}
	text += "on_call:\n"
	for n, way := range ways {
		text += fmt.Sprintf("  - {owner: team %d, %s}\n", n, strings.ReplaceAll(way, "DIR", dir))
	}
	file := filepath.Join(dir, "config.yaml")
	for name, body := range map[string]string{
		"config.yaml": text, "names": "\n# this week\nMax <@U1> \x07 Mustermann\nnobody\n", "empty": "# nobody\n", "key": "token=xoxb-123456789012-abcdefghijkl Kim\n",
		"long": strings.Repeat("x", 1<<20),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestWhoIsOnCall: each way says who, or in a clause why not.
func TestWhoIsOnCall(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		`name: Kim`:         "Kim",
		`file: names`:       "Max <@U1> Mustermann",
		`file: DIR/names`:   "Max <@U1> Mustermann",
		`file: none`:        "! the file does not exist",
		`file: empty`:       "! nobody is named",
		`file: .`:           "! it is no file",
		`file: /dev/zero`:   "! it is no file",
		`file: key`:         "token=",
		`group: "@oncall"`:  "Kim, Ana",
		`group: S0NOBODY00`: "! there is no such user group",
		`exec: {argv: [sh, -c, "echo; echo Ben Doe; echo more"]}`:                      "Ben Doe",
		`exec: {argv: [sh, -c, "true"]}`:                                               "! the command prints nothing",
		`exec: {argv: [sh, -c, "echo rota is down; exit 2"]}`:                          "! exit code 2: rota is down",
		`exec: {argv: [sh, -c, "exit 42"]}`:                                            "! exit code 42",
		`exec: {argv: [./none.sh]}`:                                                    "! the script ",
		`exec: {argv: [sh, -c, "echo $PAGER_KEY"], env: {PAGER_KEY: hunter2-hunter2}}`: "!",
		`exec: {argv: [sh, -c, "exec sleep 60"]}, timeout: 100ms`:                      "! time-out after 100 ms",
		`exec: {argv: [sh, -c, "yes a long line without end | head -c 5000000"]}`:      "a long line",
	}
	var ways []string
	for way := range want {
		ways = append(ways, way)
	}
	cfg := onCallConfig(t, ways...)
	o := newOnCall(func() *config.Config { return cfg }, func(_ context.Context, group string) ([]string, string) {
		if group == "@oncall" {
			return []string{"Kim", "Ana"}, ""
		}
		return nil, "there is no such user group"
	}, time.Now)
	for n, way := range ways {
		who, why := cfg.OnCall[n].Name, ""
		if who == "" {
			who, why = o.ask(t.Context(), cfg.OnCall[n])
		}
		got := who
		if why != "" {
			got = "! " + why
		}
		if !strings.HasPrefix(got, want[way]) && (want[way] != "!" || strings.Contains(got, "hunter2")) || strings.Contains(got, "xoxb-123") || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %.200q\nwant %q", way, got, want[way])
		}
		if len(got) > 5000 {
			t.Errorf("%s: %d bytes", way, len(got))
		}
	}
}

// TestOnCallIsCached: many askers are one question; what is known is told while it
// cannot be learnt anew, with its time, and nobody waits for long.
func TestOnCallIsCached(t *testing.T) {
	cfg := onCallConfig(t, `group: "@oncall"`, `name: Kim`)
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		var why atomic.Value
		why.Store("")
		var hangs atomic.Bool
		o := newOnCall(func() *config.Config { return cfg }, func(ctx context.Context, _ string) ([]string, string) {
			asked.Add(1)
			if hangs.Load() {
				<-ctx.Done()
				return nil, "Slack does not say"
			}
			if why := why.Load().(string); why != "" {
				return nil, why
			}
			return []string{fmt.Sprint("Ana ", asked.Load())}, ""
		}, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error)
		go func() { ran <- o.run(ctx) }()
		wants := func(who string, stale bool, failed string, times int32) {
			t.Helper()
			began := time.Now()
			got, ok := o.who("team 0")
			if !ok || got.Who != who || got.AsOf.IsZero() == stale || got.Failed != failed || asked.Load() != times {
				t.Errorf("%+v, asked %d times; want %s, stale %v, %q, %d times", got, asked.Load(), who, stale, failed, times)
			}
			if took := time.Since(began); took > onCallPatience {
				t.Errorf("waited %s", took)
			}
		}
		all := make(chan format.OnCall)
		for range 50 {
			go func() { who, _ := o.who("team 0"); all <- who }()
		}
		for range 50 {
			if who := <-all; who.Who != "Ana 1" {
				t.Errorf("one of fifty is told %+v", who)
			}
		}
		wants("Ana 1", false, "", 1)
		if who, ok := o.who("team 1"); !ok || who.Who != "Kim" {
			t.Errorf("a name is %+v", who)
		}
		if _, ok := o.who("another"); ok {
			t.Error("somebody is on call for nobody")
		}
		time.Sleep(onCallFor)
		wants("Ana 2", false, "", 2)
		why.Store("Slack does not say")
		time.Sleep(onCallFor)
		wants("Ana 2", true, "Slack does not say", 3)
		wants("Ana 2", true, "Slack does not say", 3) // spared for a moment
		time.Sleep(onCallFailedFor)
		hangs.Store(true)
		wants("Ana 2", true, "Slack does not say", 4) // and not waited for
		time.Sleep(onCallGroup + onCallFailedFor)
		wants("Ana 2", true, "Slack does not say", 5)
		time.Sleep(onCallStale)
		wants("", false, "Slack does not say", 6)
		hangs.Store(false)
		why.Store("")
		time.Sleep(onCallGroup + onCallFailedFor)
		wants("Ana 7", false, "", 7)
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
}
