//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/shadow"
)

// TestShadowBesideGatus: two endpoints of a company, of which the other tool calls one
// up that is down here.
func TestShadowBesideGatus(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	company := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tries.Add(1)
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
		}
	}))
	t.Cleanup(company.Close)
	gatus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		now := time.Now().Format(time.RFC3339Nano)
		fmt.Fprintf(w, `[{"name":"ok","group":"core","results":[{"success":true,"timestamp":%q}]},{"name":"gone","group":"core","results":[{"success":true,"timestamp":%q}]}]`, now, now)
	}))
	t.Cleanup(gatus.Close)
	r := newReader(t)
	r.write("config.yaml", fmt.Sprintf("endpoints:\n  - {name: ok, group: core, url: %q, interval: 1s, conditions: [\"[STATUS] == 200\"]}\n  - {name: gone, group: core, url: %[2]q, interval: 1s, conditions: [\"[STATUS] == 200\"]}\n",
		company.URL+"/ok", company.URL+"/gone"))
	if out, code := r.types("statusbot init --from gatus --dir gatus config.yaml"); code != exitOK {
		t.Fatalf("init: %d\n%s", code, out)
	}
	line := ""
	for _, l := range commandLines(t, filepath.Join("docs", "import.md")) {
		if strings.HasPrefix(l, "statusbot shadow") {
			line = strings.NewReplacer("http://127.0.0.1:8080", gatus.URL, "24h", "%v --poll 100ms").Replace(l)
		}
	}
	// A busy machine may need longer until both tools have looked at the same time.
	out, code := "", exitOK
	for long := 2 * time.Second; long < patience && !strings.Contains(out, "here  fail"); long *= 4 {
		out, code = r.types(fmt.Sprintf(line, long))
	}
	if code != exitFailed || !strings.Contains(out, "core/gone, there core/gone:") || !strings.Contains(out, "here  fail (status): ") {
		t.Errorf("exit code %d after %d tries\n%s", code, tries.Load(), out)
	}
	if out, code := r.types("statusbot shadow --config gatus/statusbot.yaml --from gatus --beside " + company.URL + "/gone --for 1s config.yaml"); code != exitFailed || !strings.Contains(out, "read the answer of ") {
		t.Errorf("another address: %d\n%s", code, out)
	}
	if out, code := r.types("statusbot shadow --from upptime --beside x config.yaml"); code != exitUsage || !strings.Contains(out, "write one of gatus, blackbox, nagios") {
		t.Errorf("another tool: %d\n%s", code, out)
	}
}

// judge starts another tool of Debian's, or skips the test where it is not installed. It
// is ended with the test; ended is closed if it ends before.
func judge(t *testing.T, debianPackage, program string, args ...string) (ended chan struct{}) {
	t.Helper()
	cmd := exec.Command(probetest.NeedProgram(t, debianPackage, program), args...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended = make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s: %.8000s", program, said.String())
		}
	})
	return ended
}

// shadowRows runs shadow for so long that each check can be compared, and reads its lines.
func shadowRows(t *testing.T, r aReader, line string) map[string]shadow.Row {
	t.Helper()
	out, code := r.types(line + " 2>err")
	said, _ := os.ReadFile(filepath.Join(r.folder, "err"))
	if code != exitOK && code != exitFailed {
		t.Fatalf("exit code %d\n%s%s", code, out, said)
	}
	rows := map[string]shadow.Row{}
	for l := range strings.Lines(out) {
		var row shadow.Row
		if err := json.Unmarshal([]byte(l), &row); err != nil {
			t.Fatalf("%v\n%s%s", err, out, said)
		}
		rows[row.There] = row
	}
	return rows
}

// TestShadowBesideNagios runs a real Nagios, which needs some seconds for its start.
func TestShadowBesideNagios(t *testing.T) {
	longtest.Only(t, "a real Nagios checks once a second at most")
	t.Parallel()
	r := newReader(t)
	plugin := filepath.Join(r.folder, "flag")
	r.write("flag", "#!/bin/sh\necho OK\n")
	r.write("objects.cfg", fmt.Sprintf(`define command {
	command_name ok
	command_line %s
}
define command {
	command_name bad
	command_line /bin/sh -c 'echo CRITICAL\; exit 2'
}
define timeperiod {
	timeperiod_name always
	alias always
	sunday 00:00-24:00
	monday 00:00-24:00
	tuesday 00:00-24:00
	wednesday 00:00-24:00
	thursday 00:00-24:00
	friday 00:00-24:00
	saturday 00:00-24:00
}
define contact {
	contact_name nobody
	host_notifications_enabled 0
	service_notifications_enabled 0
	host_notification_period always
	service_notification_period always
	host_notification_commands ok
	service_notification_commands ok
}
define host {
	host_name web
	address 127.0.0.1
	max_check_attempts 3
	check_interval 1
	check_period always
	contacts nobody
	notification_period always
}
define service {
	host_name web
	service_description ok
	check_command ok
	check_interval 1
	retry_interval 1
	max_check_attempts 3
	check_period always
	contacts nobody
	notification_period always
}
define service {
	host_name web
	service_description bad
	check_command bad
	check_interval 1
	retry_interval 1
	max_check_attempts 3
	check_period always
	contacts nobody
	notification_period always
}
`, plugin))
	var cfg strings.Builder
	for _, line := range []string{"cfg_file=objects.cfg", "object_cache_file=objects.cache", "status_file=status.dat", "log_file=nagios.log", "temp_file=nagios.tmp", "lock_file=nagios.lock", "command_file=nagios.cmd",
		"check_result_path=.", "temp_path=.", "state_retention_file=retention.dat", "query_socket=nagios.qh"} {
		key, name, _ := strings.Cut(line, "=")
		fmt.Fprintf(&cfg, "%s=%s\n", key, filepath.Join(r.folder, name))
	}
	fmt.Fprintf(&cfg, "nagios_user=%d\nnagios_group=%d\n", os.Getuid(), os.Getgid())
	cfg.WriteString("interval_length=1\nstatus_update_interval=1\ncheck_external_commands=0\nuse_syslog=0\nretain_state_information=0\nservice_inter_check_delay_method=n\n")
	r.write("nagios.cfg", cfg.String())
	ended := judge(t, "nagios4-core", "/usr/sbin/nagios4", filepath.Join(r.folder, "nagios.cfg"))
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if text, err := os.ReadFile(filepath.Join(r.folder, "status.dat")); err == nil && strings.Contains(string(text), "has_been_checked=1") {
			break
		}
		select {
		case <-ended:
			t.Fatal("Nagios has ended")
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("Nagios has not checked")
		}
	}
	if out, code := r.types("statusbot init --from nagios objects.cache"); code != exitOK {
		t.Fatalf("init: %d\n%s", code, out)
	}
	text, err := os.ReadFile(filepath.Join(r.folder, "checks.d", "nagios.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	r.write("checks.d/nagios.yaml", strings.NewReplacer("every: 1m", "every: 1s", "timeout: 1m", "timeout: 1s").Replace(string(text)))
	rows := shadowRows(t, r, "statusbot shadow --config statusbot.yaml --json --from nagios --beside status.dat --for 8s --poll 500ms objects.cache")
	for _, there := range []string{"web/ok", "web/bad"} {
		if row := rows[there]; row.Pairs == 0 || row.Differs() > 0 || row.Agreed == 0 {
			t.Errorf("%s: %+v", there, row)
		}
	}
}
