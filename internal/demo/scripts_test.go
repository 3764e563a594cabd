package demo

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := writeScripts(dir); err != nil {
		t.Fatal(err)
	}
	const batch, queue = "check_batch_age.sh", "check_queue.sh"
	limits := []string{"--warn", "100", "--crit", "300"}
	for _, tc := range []struct {
		name, script, holds string // holds: content of the file; "-" for no file, "@n" for the time n seconds ago
		args                []string
		exit                int
		says, perf          string
	}{
		{"fresh", batch, "@0", limits, 0, "BATCH OK - last success ", "s;100;300;0"},
		{"late", batch, "@200", limits, 1, "BATCH WARNING - last success 20", "s;100;300;0"},
		{"too late", batch, "@3600", limits, 2, "BATCH CRITICAL - last success 360", "s;100;300;0"},
		{"from the future", batch, "@-3600", limits, 0, "BATCH OK - last success 0 s", "age=0s;100;300;0"},
		{"no file", batch, "-", limits, 3, "BATCH UNKNOWN - ", ""},
		{"no number", batch, "soon\n", limits, 3, "does not hold a time", ""},
		{"empty", batch, "", limits, 3, "does not hold a time", ""},
		{"no limits", batch, "@0", nil, 3, "--warn wants", ""},
		{"limit without a value", batch, "@0", []string{"--warn", "100", "--crit"}, 3, "BATCH UNKNOWN - ", ""},
		{"unknown option", batch, "@0", []string{"--max", "3"}, 3, "--max is not an option", ""},
		{"short queue", queue, "3\n", limits, 0, "QUEUE OK - 3 items", "depth=3;100;300;0"},
		{"at the limit", queue, "100\n", limits, 0, "QUEUE OK - 100 items", "depth=100;100;300;0"},
		{"long queue", queue, "101\n", limits, 1, "QUEUE WARNING - 101 items", "depth=101;100;300;0"},
		{"very long queue", queue, "301\n", limits, 2, "QUEUE CRITICAL - 301 items", "depth=301;100;300;0"},
		{"no queue", queue, "-", limits, 3, "cannot be read", ""},
		{"no number of items", queue, "-3\n", limits, 3, "does not hold a number", ""},
		{"no queue limits", queue, "3\n", []string{"--warn", "many", "--crit", "3"}, 3, "--warn wants", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "state")
			holds := tc.holds
			if ago, ok := strings.CutPrefix(holds, "@"); ok {
				n, err := strconv.ParseInt(ago, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				holds = fmt.Sprintln(time.Now().Unix() - n)
			}
			if holds != "-" {
				if err := os.WriteFile(file, []byte(holds), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(filepath.Join(dir, tc.script), append(slices.Clip(tc.args), file)...)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			exit := 0
			if exited := (*exec.ExitError)(nil); errors.As(err, &exited) {
				exit = exited.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if got := string(out); exit != tc.exit || !strings.Contains(got, tc.says) || strings.Count(got, "\n") != 1 {
				t.Errorf("exit %d, %q; want exit %d and one line with %q", exit, got, tc.exit, tc.says)
			}
			if _, perf, _ := strings.Cut(strings.TrimSpace(string(out)), " | "); !strings.HasSuffix(perf, tc.perf) || (perf == "") != (tc.perf == "") {
				t.Errorf("perf data %q, want it to end with %q", perf, tc.perf)
			}
			if stderr.Len() > 0 {
				t.Errorf("stderr: %s", stderr.String())
			}
		})
	}
}
