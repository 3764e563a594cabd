package exec

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/longtest"
)

func TestExecOutputs(t *testing.T) {
	for _, tt := range []struct {
		name, script, format string
		outcome              checks.Outcome
		reason               checks.Reason
		summary              string
		status               int
	}{
		{"ok", `echo "OK - all 3 jobs ran | jobs=3 age=12.5s;60;120"`, "", checks.Pass, "", "OK - all 3 jobs ran", 0},
		{"warning", `echo WARNING - late; exit 1`, "nagios", checks.Degraded, checks.ReasonScript, "WARNING - late", 1},
		{"critical", `echo CRITICAL - none; exit 2`, "", checks.Fail, checks.ReasonScript, "CRITICAL - none", 2},
		{"unknown", `echo who knows; exit 3`, "", checks.Unknown, checks.ReasonScript, "who knows", 3},
		{"silent", `echo "lost db" >&2; exit 2`, "", checks.Fail, checks.ReasonScript, "exit code 2 without a text: lost db", 2},
		{"command not found", `no-such-command-there`, "", checks.Unknown, checks.ReasonInternal, "exit code 127", 127},
		{"signal", `kill -TERM $$`, "", checks.Unknown, checks.ReasonInternal, "ended by a signal: terminated", -1},
		{"json", `echo '{"outcome":"pass","summary":"paid in 12 ms","duration_ms":0.01}'`, "", checks.Pass, "", "paid in 12 ms", 0},
		{"json failure", `echo '{"outcome":"fail","summary":"no","reason":"dns","evidence":"NXDOMAIN","later":1}'`, "json", checks.Fail, checks.ReasonDNS, "no", 0},
		{"json with another reason", `echo '{"outcome":"degraded","reason":"mood"}'`, "", checks.Degraded, checks.ReasonScript, "the script says degraded without a text", 0},
		{"json may not blame us", `echo '{"outcome":"fail","reason":"internal"}'`, "", checks.Fail, checks.ReasonScript, "", 0},
		{"json unknown", `echo '{"outcome":"unknown"}'; echo no route >&2`, "", checks.Unknown, checks.ReasonScript, "the script says unknown without a text: no route", 0},
		{"malformed json", `echo '{"outcome":"pass"'`, "", checks.Unknown, checks.ReasonInternal, "is not the JSON object", 0},
		{"no json", `echo all well`, "json", checks.Unknown, checks.ReasonInternal, "all well", 0},
		{"no outcome", `echo '{"ok":true}'`, "", checks.Unknown, checks.ReasonInternal, `outcome "" is not`, 0},
		{"contradiction", `echo '{"outcome":"pass"}'; exit 1`, "", checks.Unknown, checks.ReasonInternal, "exit code is 1", 1},
		{"much output", `echo first; head -c 3000000 /dev/zero | tr '\0' a; echo done >&2`, "", checks.Pass, "", "first", 0},
		{"much json", `printf '{"outcome":"pass","evidence":"'; head -c 70000 /dev/zero | tr '\0' a; echo '"}'`, "", checks.Unknown, checks.ReasonInternal, "more than 64 KiB", 0},
		{"binary", `printf '\377\000\033[31mred\tline'; exit 2`, "", checks.Fail, checks.ReasonScript, "red line", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, path := probetest.WriteScript(t, tt.script)
			r := probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh"}, Dir: dir, Format: tt.format}, 20*time.Second)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Outcome != checks.Pass && (r.Evidence == nil || r.Evidence.Script != path || r.Evidence.Status != tt.status) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
}

func TestExecDetails(t *testing.T) {
	dir, _ := probetest.WriteScript(t, `echo "OK | 'free space'=12%;;;0;100 jobs=3"; echo more; exit 0`)
	// The folder of the defining file is the default.
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "exec", Every: time.Minute, Timeout: 20 * time.Second,
		Source: checks.Source{File: filepath.Join(dir, "checks.yaml")}, Options: &Options{Argv: []string{"./check.sh"}}})
	probetest.OK(t, err)
	r, _ := c.Run(context.Background())
	want := []checks.Perf{{Label: "free space", Value: 12, Unit: "%"}, {Label: "jobs", Value: 3, Unit: ""}}
	if r.Evidence == nil || !cmp.Equal(r.Evidence.Perf, want) {
		t.Errorf("got %+v, want %v", r.Evidence, want)
	}

	dir, _ = probetest.WriteScript(t, `echo '{"outcome":"fail","evidence":"x","duration_ms":1.5}'`)
	r = probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh"}, Dir: dir}, 20*time.Second)
	if r.Duration > 1500*time.Microsecond || r.Evidence.Output != "x" {
		t.Errorf("got %v %+v", r.Duration, r.Evidence)
	}

	// Arguments are not read by a shell, and the environment is bare.
	t.Setenv("STATUSBOT_SECRET", "s3cret")
	t.Setenv("TZ", "Europe/Berlin")
	dir, _ = probetest.WriteScript(t, `echo "$1 $(pwd) $(env | cut -d= -f1 | grep -v -e STATUSBOT_SCRIPT -e PWD -e SHLVL -e '^_$' -e HOME -e LANG -e PATH | sort | tr '\n' ' ')$LIMIT $TZ"`)
	r = probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh", "$HOME; id"}, Dir: dir, Env: map[string]string{"LIMIT": "15m"}}, 20*time.Second)
	real, err := filepath.EvalSymlinks(dir)
	probetest.OK(t, err)
	if got, want := r.Summary, "$HOME; id "+real+" LIMIT TZ 15m Europe/Berlin"; got != want && got != strings.Replace(want, real, dir, 1) {
		t.Errorf("got %q, want %q", got, want)
	}

	r = probetest.Probing(t, &Kind, &Options{Argv: []string{"true"}}, 20*time.Second)
	probetest.WantResult(t, r, checks.Pass, "", "exit code 0 without a text")
}

func TestExecRefused(t *testing.T) {
	dir, path := probetest.WriteScript(t, "exit 0")
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "plain.sh"), []byte("#!/bin/sh\n"), 0o644))
	probetest.OK(t, probetest.WriteProgram(filepath.Join(dir, "noshell.sh"), "#!/no/such/shell\n"))
	probetest.OK(t, probetest.WriteProgram(filepath.Join(dir, "noformat"), "echo OK\n"))
	for _, tt := range []struct{ program, summary string }{
		{"./gone.sh", filepath.Join(dir, "gone.sh") + " does not exist"},
		{"./plain.sh", "plain.sh may not be executed"},
		{"./noshell.sh", "interpreter that does not exist"},
		{"./noformat", "is not a program"},
		{"no-such-program-there", "no-such-program-there does not exist"},
	} {
		r := probetest.Probing(t, &Kind, &Options{Argv: []string{tt.program}, Dir: dir}, time.Minute)
		if r.Outcome != checks.Unknown || r.Reason != checks.ReasonInternal || !strings.HasSuffix(r.Evidence.Script, strings.TrimPrefix(tt.program, ".")) {
			t.Errorf("got %+v %+v", r, r.Evidence)
		}
		if !strings.Contains(r.Summary, tt.summary) && len(r.Summary) < probe.SummaryMax {
			t.Errorf("got %q, want %q", r.Summary, tt.summary)
		}
	}
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{path}, Dir: filepath.Join(dir, "gone")}, time.Minute)
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "")

	for key, o := range map[string]Options{
		"argv": {}, "format": {Argv: []string{"x"}, Format: "xml"}, "env.A=B": {Argv: []string{"x"}, Env: map[string]string{"A=B": ""}},
	} {
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "exec", Every: 1, Timeout: 1, Options: &o})
		var wrong *probe.OptionError
		if !errors.As(err, &wrong) || wrong.Key != key {
			t.Errorf("got %v, want an error about %s", err, key)
		}
	}
}

// gone waits until the process whose number is in the file has ended.
func gone(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	probetest.OK(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	probetest.OK(t, err)
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		// A killed orphan may stay a zombie where nobody reaps it.
		stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(end) {
			t.Errorf("process %d is still there", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return
		}
	}
}

func TestExecTimeoutEndsTheGroup(t *testing.T) {
	dir, _ := probetest.WriteScript(t, `sleep 300 & echo $! >child; echo started; trap '' TERM INT; wait; sleep 300`)
	var r checks.Result
	for limit := 500 * time.Millisecond; limit < 3*time.Minute; limit *= 4 {
		r = probetest.Until(t, &Kind, &Options{Argv: []string{"./check.sh"}, Dir: dir}, limit, "while the script ran")
		probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, "while the script ran")
		if r.Evidence.Output != "" { // before that the machine was too busy to begin the script
			gone(t, filepath.Join(dir, "child"))
			break
		}
	}
	if r.Evidence.Output != "started\n" {
		t.Errorf("got %+v", r.Evidence)
	}
}

func TestExecLeftoverDoesNotHoldTheProbe(t *testing.T) {
	dir, _ := probetest.WriteScript(t, `sleep 300 & echo $! >child; echo "OK - done"`)
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh"}, Dir: dir}, 60*time.Second)
	probetest.WantResult(t, r, checks.Pass, "", "OK - done")
	if r.Duration > 20*time.Second {
		t.Errorf("the probe was held for %v", r.Duration)
	}
	gone(t, filepath.Join(dir, "child"))
}

// debianPlugins is where Debian's package monitoring-plugins-basic puts them.
const debianPlugins = "/usr/lib/nagios/plugins/"

// havePlugins skips a test where the plugins are not there.
func havePlugins(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Stat(debianPlugins + name); err != nil {
			longtest.Lacks(t, "%s is not installed: the test needs Debian's package monitoring-plugins-basic", debianPlugins+name)
		}
	}
}

func TestRealPlugins(t *testing.T) {
	havePlugins(t, "check_http", "check_tcp")
	host, port := pluginTarget(t)
	run := func(argv ...string) checks.Result {
		t.Helper()
		return probetest.Probing(t, &Kind, &Options{Argv: argv}, 20*time.Second)
	}
	r := run(debianPlugins+"check_http", "-H", host, "-p", port, "-u", "/ok")
	probetest.WantResult(t, r, checks.Pass, "", "HTTP OK")
	labels := map[string]string{}
	if r.Evidence != nil {
		for _, p := range r.Evidence.Perf {
			labels[p.Label] = p.Unit
		}
	}
	if labels["time"] != "s" || labels["size"] != "B" {
		t.Errorf("performance data: %+v", r.Evidence)
	}
	probetest.WantResult(t, run(debianPlugins+"check_http", "-H", host, "-p", port, "-u", "/gone"), checks.Degraded, checks.ReasonScript, "404")
	probetest.WantResult(t, run(debianPlugins+"check_tcp", "-H", host, "-p", port), checks.Pass, "", "TCP OK")
	probetest.WantResult(t, run(debianPlugins+"check_tcp", "-H", host, "-p", "1"), checks.Fail, checks.ReasonScript, "refused")
	probetest.WantResult(t, run(debianPlugins+"check_tcp"), checks.Unknown, checks.ReasonScript, "")
}

func TestExecRunAs(t *testing.T) {
	if os.Geteuid() != 0 {
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "exec", Every: 1, Timeout: 1, Options: &Options{Argv: []string{"id"}, RunAs: "nobody"}})
		if wrong, ok := errors.AsType[*probe.OptionError](err); !ok || wrong.Key != "run_as" || !strings.Contains(wrong.Problem, "runs as root") {
			t.Errorf("got %v, want that root is needed", err)
		}
		t.Skip("only root becomes another user: run this test as root as well")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatalf("every Unix has the user nobody: %v", err)
	}
	dir, path := probetest.WriteScript(t, `echo "$(id -u) $(id -g) $(id -G) $HOME $(cat "$1" 2>/dev/null || echo unread)"`)
	// The folders above it are the test's own.
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		probetest.OK(t, os.Chmod(d, 0o755))
	}
	secret := filepath.Join(dir, "secret")
	probetest.OK(t, os.WriteFile(secret, []byte("of root"), 0o600))
	for _, name := range []string{"nobody", nobody.Uid} {
		r := probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh", secret}, Dir: dir, RunAs: name}, 20*time.Second)
		probetest.WantResult(t, r, checks.Pass, "", nobody.Uid+" "+nobody.Gid+" "+nobody.Gid+" "+nobody.HomeDir+" unread")
	}

	probetest.OK(t, os.Chmod(path, 0o700))
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh"}, Dir: dir, RunAs: "nobody"}, 20*time.Second)
	if r.Outcome != checks.Unknown || r.Reason != checks.ReasonInternal {
		t.Errorf("got %+v, want unknown", r)
	}
	p := prober{program: "/x", dir: "/", user: &runAs{name: "nobody"}}
	probetest.WantResult(t, p.refused(os.ErrPermission), checks.Unknown, checks.ReasonInternal, "may not be executed by nobody")

	_, err = probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "exec", Every: 1, Timeout: 1, Options: &Options{Argv: []string{"id"}, RunAs: "no-such-user"}})
	if wrong, ok := errors.AsType[*probe.OptionError](err); !ok || wrong.Key != "run_as" {
		t.Errorf("got %v, want an error about run_as", err)
	}
}

func TestExecMemoryIsBounded(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux bounds the memory of a process that runs")
	}
	// The bound comes right after the start, so each script waits for it. The
	// shell keeps what it reads in its own memory.
	const bounded = `while [ "$(ulimit -d)" = unlimited ]; do :; done; `
	dir, _ := probetest.WriteScript(t, bounded+`all=$(head -c 100000000 /dev/zero | tr '\0' a); echo "${#all} kept"`)
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh"}, Dir: dir, MemoryMiB: 20}, 20*time.Second)
	if r.Outcome == checks.Pass || r.Evidence == nil || strings.Contains(r.Evidence.Output, "kept") {
		t.Errorf("100 MB in 20 MiB: got %+v %+v", r, r.Evidence)
	}
	dir, _ = probetest.WriteScript(t, bounded+`ulimit -d; sh -c 'ulimit -d'`)
	r = probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh"}, Dir: dir, Options: claim.Options{Expect: []string{`output == "1048576\n1048576\n"`}}}, 20*time.Second)
	probetest.WantResult(t, r, checks.Pass, "", "1048576")

	for _, n := range []int{-1, 1<<20 + 1} {
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "exec", Every: 1, Timeout: 1, Options: &Options{Argv: []string{"id"}, MemoryMiB: n}})
		if wrong, ok := errors.AsType[*probe.OptionError](err); !ok || wrong.Key != "memory_mib" {
			t.Errorf("%d: got %v, want an error about memory_mib", n, err)
		}
	}
}

func TestMetricsOfAScript(t *testing.T) {
	for answer, want := range map[string][]checks.Perf{
		`{"outcome":"pass","metrics":{"queue_depth":12,"cpu_pct":62.5}}`:                      {{Label: "cpu_pct", Value: 62.5}, {Label: "queue_depth", Value: 12}},
		`{"outcome":"pass","metrics":{"a":"1","b":null,"":3,"c":{"d":1},"e\nf":1,"g":-1e-3}}`: {{Label: "g", Value: -1e-3}},
		`{"outcome":"pass","metrics":"of yesterday"}`:                                         nil,
		`{"outcome":"pass","metrics":[1,2]}`:                                                  nil,
		`{"outcome":"pass"}`:                                                                  nil,
	} {
		r := readJSON(finished{stdout: answer})
		if r.Outcome != checks.Pass {
			t.Errorf("%s: %s, %s", answer, r.Outcome, r.Summary)
		}
		var got []checks.Perf
		if r.Evidence != nil {
			got = r.Evidence.Perf
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", answer, diff)
		}
	}
}

// pluginTarget starts a server for plugins: /ok is well, all else is not there.
func pluginTarget(t *testing.T) (host, port string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	probetest.OK(t, err)
	return host, port
}
