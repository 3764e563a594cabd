package exec

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

func TestSplitNagios(t *testing.T) {
	for _, tt := range []struct {
		in, summary string
		perf        []checks.Perf
	}{
		{"DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n/ 15272 MB (77%);\n/boot 68 MB (69%);\n/home 69357 MB (27%); | /boot=68MB;88;93;0;98\n/home=69357MB;253404;253409;0;253414 \n",
			"DISK OK - free space: / 3326 MB (56%);", []checks.Perf{{Label: "/", Value: 2643, Unit: "MB"}, {Label: "/boot", Value: 68, Unit: "MB"}, {Label: "/home", Value: 69357, Unit: "MB"}}},
		{"\n  OK\r\nmore text a=1\n", "OK", nil},
		{"|a=1", "", []checks.Perf{{Label: "a", Value: 1, Unit: ""}}},
		{"", "", nil},
	} {
		summary, perf := splitNagios(tt.in)
		if summary != tt.summary || !cmp.Equal(perf, tt.perf) {
			t.Errorf("splitNagios(%q) = %q %v", tt.in, summary, perf)
		}
	}
}

// wantSound checks what holds for every reading of a script's output.
func wantSound(t *testing.T, f finished, r checks.Result) {
	t.Helper()
	if r.Outcome == checks.Pass && (f.code != 0 || r.Reason != checks.ReasonNone) {
		t.Fatalf("a pass of %+v: %+v", f, r)
	}
	if r.Outcome != checks.Pass && r.Reason == checks.ReasonNone {
		t.Fatalf("no reason: %+v", r)
	}
	r.Check = "a"
	if _, err := checks.EncodeResults([]checks.Result{r}); err != nil {
		t.Fatal(err)
	}
	if line := probe.OneLine(r.Summary); utf8.RuneCountInString(line) > probe.SummaryMax || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
		t.Fatalf("summary %q", line)
	}
	if out := probe.ClipOutput(f.stdout); len(out) > probe.OutputMax || !utf8.ValidString(out) {
		t.Fatalf("output %q", out)
	}
}

func FuzzReadNagios(f *testing.F) {
	f.Add(0, "OK - fine | a=1\nmore | 'b c'=2%", "")
	f.Add(2, "", "boom")
	f.Add(127, "", "sh: not found")
	f.Fuzz(func(t *testing.T, code int, stdout, stderr string) {
		out := finished{code: code, stdout: stdout, stderr: stderr}
		wantSound(t, out, readNagios(out))
	})
}

func FuzzReadJSON(f *testing.F) {
	f.Add(0, `{"outcome":"pass","summary":"ok","duration_ms":12}`)
	f.Add(0, `{"outcome":"fail","reason":"dns","duration_ms":1e300,"evidence":"x"}`)
	f.Add(1, `{"outcome":"pass"`)
	f.Fuzz(func(t *testing.T, code int, stdout string) {
		out := finished{code: code, stdout: stdout}
		r := readJSON(out)
		wantSound(t, out, r)
		if r.Duration < 0 {
			t.Fatalf("duration %v", r.Duration)
		}
	})
}
