package web

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// TestCurlAsOthersDocumentIt: the lines are those of the documentation of Uptime
// Kuma (its push monitor), Gatus (README, external endpoints) and healthchecks.io
// (docs/bash, docs/http_api, docs/attaching_logs, docs/measuring_script_run_time,
// docs/autoprovisioning), with another address.
func TestCurlAsOthersDocumentIt(t *testing.T) {
	t.Parallel()
	curl := longtest.Command(t, "curl", "curl") // Go's client sends the same in TestPushesAsOthersTakeThem
	url, in, _ := serving(t, nil)
	logFile := filepath.Join(t.TempDir(), "backup.log")
	check(t, os.WriteFile(logFile, []byte("copying\ncp: no space left\n"), 0o600))
	for _, tt := range []struct {
		line    string
		code    int            // of curl
		outcome checks.Outcome // empty: no result
		summary string
		output  string // evidence
	}{
		{`-fsS KUMA?status=up&msg=OK&ping=`, 0, checks.Pass, "OK", ""},
		{`-fsS KUMA?status=up&msg=OK&ping=42`, 0, checks.Pass, "OK", ""},
		{`-fsS -X POST KUMA?status=down&msg=no%20space`, 0, checks.Fail, "no space", ""},
		{`-fsS -G --data-urlencode msg=disk+90%&more --data-urlencode status=down KUMA`, 0, checks.Fail, "disk+90%&more", ""},
		{`-fsS -F status=down -F msg=disk KUMA`, 0, checks.Fail, "disk", ""},
		{`-fsS KUMA/?status=up&msg=OK&ping=`, 0, checks.Pass, "OK", ""},
		{`-fsS --head KUMA?status=up`, 0, checks.Pass, "", ""},

		{`-fsS -X POST -H Authorization:~Bearer~TOKEN URL/api/v1/endpoints/core_ext-ep-test/external?success=true&error=&duration=10s`, 0, checks.Pass, "", ""},
		{`-fsS -X POST -H Authorization:~Bearer~TOKEN URL/api/v1/endpoints/core_ext-ep-test/external?success=false&error=connection%20refused`, 0, checks.Fail, "connection refused", ""},
		{`-fsS -X POST URL/api/v1/endpoints/core_ext-ep-test/external?success=true`, 22, "", "", ""},

		{`-m 10 --retry 5 -fsS HC`, 0, checks.Pass, "", ""},
		{`-m 10 --retry 5 -fsS HC/`, 0, checks.Pass, "", ""},
		{`-fsS --head HC`, 0, checks.Pass, "", ""},
		{`-m 10 --retry 5 -fsS HC/start`, 0, "", "", ""},
		{`-m 10 --retry 5 -fsS HC/fail`, 0, checks.Fail, "", ""},
		{`-m 10 --retry 5 -fsS HC/1`, 0, checks.Fail, "exit code 1", ""},
		{`-fsS HC/fail/`, 0, checks.Fail, "", ""},
		{`-m 10 --retry 5 -fsS HC/0`, 0, checks.Pass, "", ""},
		{`-fsS --data-raw all~copied HC`, 0, checks.Pass, "", "all copied"},
		{`-fsS --data-binary @LOG HC/1`, 0, checks.Fail, "exit code 1: cp: no space left", "copying\ncp: no space left"},
		{`-fsS -F file=@LOG HC/log`, 0, "", "", ""},
		{`-fsS -H Expect:~100-continue --data-binary @LOG HC/fail`, 0, checks.Fail, "cp: no space left", "copying\ncp: no space left"},
		{`-fsS -H Transfer-Encoding:~chunked --data-binary @LOG HC/fail`, 0, checks.Fail, "cp: no space left", "copying\ncp: no space left"},
		{`-fsS HC/start?rid=8c3bc2ab-3d3a-4a9b-9d8e-2e1c4d5f6a7b`, 0, "", "", ""},
		{`-fsS HC?rid=8c3bc2ab-3d3a-4a9b-9d8e-2e1c4d5f6a7b`, 0, checks.Pass, "", ""},
		{`-fsS HC/backup?create=1`, 0, checks.Pass, "", ""},
		{`-fsS HC/backup/3`, 0, checks.Fail, "exit code 3", ""},
		{`-fsS HC/backup/start?create=1&rid=1`, 0, "", "", ""},
		{`-fsS --http2-prior-knowledge HC`, -1, "", "", ""}, // not served: another code by version
		{`-fsS -X PUT HC`, 22, "", "", ""},
		{`-fsS HC/256`, 0, checks.Fail, "exit code 256", ""},
	} {
		_, before := in.last()
		r := strings.NewReplacer("KUMA", url+"/api/push/"+token, "HC", url+"/ping/"+token, "URL", url, "TOKEN", token, "LOG", logFile)
		var args []string
		for f := range strings.FieldsSeq(tt.line) {
			args = append(args, strings.ReplaceAll(r.Replace(f), "~", " "))
		}
		cmd := exec.CommandContext(t.Context(), curl, append([]string{"-q"}, args...)...) // no .curlrc
		out, _ := cmd.CombinedOutput()                                                    // an exit code is looked at below
		if code := cmd.ProcessState.ExitCode(); tt.code >= 0 && code != tt.code {
			t.Errorf("curl %s: exit code %d, want %d; it says %s", tt.line, code, tt.code, out)
		}
		got, after := in.last()
		if after-before != map[bool]int{true: 1}[tt.outcome != ""] {
			t.Errorf("curl %s: %d results; it says %s", tt.line, after-before, out)
			continue
		}
		evidence := ""
		if got.Evidence != nil {
			evidence = got.Evidence.Output
		}
		if tt.outcome != "" && (got.Outcome != tt.outcome || got.Summary != tt.summary || tt.output != "" && evidence != tt.output) {
			t.Errorf("curl %s: %s %q %q, want %s %q %q", tt.line, got.Outcome, got.Summary, evidence, tt.outcome, tt.summary, tt.output)
		}
		if strings.Contains(tt.line, "rid=8c3") && tt.outcome != "" && (got.Duration <= 0 || got.Duration > time.Minute) {
			t.Errorf("curl %s: it took %s", tt.line, got.Duration)
		}
	}
}
