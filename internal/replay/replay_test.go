package replay

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/replay/replaytest"
	"github.com/statusbot/statusbot/internal/replay/scenario"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What the journal holds goes through export into replay, which shows the
// updates of an outage from the first to the last.
func TestExportAndReplay(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	j, err := journal.Open(t.Context(), journal.Config{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	list := replaytest.Outage()
	for len(list) > 0 {
		n := min(len(list), 7)
		batch, err := checks.EncodeResults(list[:n])
		if err != nil {
			t.Fatal(err)
		}
		if err := j.AppendResults(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		list = list[n:]
	}
	if _, err := Export(t.Context(), journal.Config{Dir: data}, 0, io.Discard); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("export of a journal in use: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	exported := func(since time.Duration) (string, int) {
		t.Helper()
		var out strings.Builder
		n, err := Export(t.Context(), journal.Config{Dir: data}, since, &out)
		if err != nil {
			t.Fatal(err)
		}
		return out.String(), n
	}
	lines, n := exported(0)
	want, err := checks.EncodeResults(replaytest.Outage())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), lines); diff != "" || n != 360 {
		t.Errorf("%d results are exported (-stored +exported):\n%s", n, diff)
	}
	if again, _ := exported(time.Hour); again != lines {
		t.Error("export changed the journal")
	}

	company, results := filepath.Join(dir, "company.yaml"), filepath.Join(dir, "results.jsonl")
	for file, text := range map[string]string{company: replaytest.Config, results: lines} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, render := range map[string]bool{"decisions": false, "rendered": true} {
		var out, words strings.Builder
		if err := Run(t.Context(), Plan{Config: company, Results: results, Render: render, Out: &out, Err: &words,
			Load: func() (*config.Config, error) { return config.Load(company, nil) }}); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		if words.Len() > 0 {
			t.Errorf("%s: it says %q", name, words.String())
		}
		golden := filepath.Join("testdata", "replay", name+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Both forms of a result say the same.
func TestRecordedFormsAgree(t *testing.T) {
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	q := recordedReader{scenario.Reader{Start: start}}
	for _, want := range replaytest.Outage() {
		line, err := checks.EncodeResults([]checks.Result{want})
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.read(bytes.TrimSpace(line))
		if err != nil || !cmp.Equal(want, got) {
			t.Fatalf("%s: %v %s", line, err, cmp.Diff(want, got))
		}
		errorOf := ""
		if want.Outcome == checks.Fail {
			errorOf = `,"error":"http_5xx"`
		}
		text := fmt.Sprintf(`{"t":%g,"check":"front","product":"shop","probe":"fra","ok":%v,"latency_ms":%d%s}`,
			want.Ended().Sub(start).Seconds(), want.Outcome == checks.Pass, want.Duration.Milliseconds(), errorOf)
		got, err = q.read([]byte(text))
		got.Summary = want.Summary
		if d := got.Started.Sub(want.Started).Abs(); err != nil || d > time.Microsecond {
			t.Fatalf("%s: %v, %s off", text, err, d)
		}
		got.Started = want.Started
		if !cmp.Equal(want, got) {
			t.Fatalf("%s: %s", text, cmp.Diff(want, got))
		}
	}
}

func TestProgressIsForTerminals(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "results"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	if newProgress(file, file) != nil || newProgress(file, &bytes.Buffer{}) != nil {
		t.Error("progress is shown where there is no terminal")
	}
	var out bytes.Buffer
	now := time.Now()
	p := &progress{out: &out, size: 1 << 20, from: now.Add(-10 * time.Second)}
	p.read(1 << 19)
	if got := p.line(now); got != "[###############...............]  50 %, 10s left " || !strings.HasPrefix(out.String(), "\r[###") {
		t.Errorf("%q, shown %q", got, out.String())
	}
	p.end()
}

func TestFromIsATimeOrADuration(t *testing.T) {
	if _, err := (&Live{From: "noon"}).begin(time.Now(), time.Time{}); err == nil || !strings.HasPrefix(err.Error(), "--from is") {
		t.Errorf("from noon: %v", err)
	}
}

// The clock goes on while nothing comes: what is not measured is told as unknown
// then, and years without a result are read as quickly as any.
func TestClockGoesOnWithoutResults(t *testing.T) {
	dir := t.TempDir()
	list := replaytest.Outage()[:100]
	for i := range list[50:] { // ten minutes of which nothing is there
		list[50+i].Started = list[50+i].Started.Add(10 * time.Minute)
	}
	late := list[99]
	late.Started = late.Started.AddDate(50, 0, 0)
	data, err := checks.EncodeResults(append(list, late))
	if err != nil {
		t.Fatal(err)
	}
	company, results := filepath.Join(dir, "company.yaml"), filepath.Join(dir, "results.jsonl")
	for file, text := range map[string]string{company: replaytest.Config, results: string(data)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := Run(t.Context(), Plan{Config: company, Results: results, Out: &out, Err: io.Discard,
		Load: func() (*config.Config, error) { return config.Load(company, nil) }}); err != nil {
		t.Fatal(err)
	}
	want := `{"t":1772438940,"product":"shop","status":"unknown"}
{"t":1772439500.081,"product":"shop","status":"healthy"}
{"t":1772440050,"product":"shop","status":"unknown"}
`
	if diff := cmp.Diff(want, out.String()[:min(len(want), out.Len())]); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

// A file of actions says what was done, and what became of each is written when
// it is known: of one in an outage that ended right after it, of one that
// nothing was hurt at, and of one of which the results say nothing any more.
func TestMarksAreJudged(t *testing.T) {
	dir := t.TempDir()
	data, err := checks.EncodeResults(replaytest.Outage())
	if err != nil {
		t.Fatal(err)
	}
	company, results, marks := filepath.Join(dir, "company.yaml"), filepath.Join(dir, "results.jsonl"), filepath.Join(dir, "marks.jsonl")
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(company, replaytest.Config)
	write(results, string(data))
	run := func(text string) (string, error) {
		t.Helper()
		write(marks, text)
		var out strings.Builder
		err := Run(t.Context(), Plan{Config: company, Results: results, Marks: marks, Out: &out, Err: io.Discard,
			Load: func() (*config.Config, error) { return config.Load(company, nil) }})
		var told []string
		for line := range strings.Lines(out.String()) {
			if strings.Contains(line, `"mark":`) {
				told = append(told, line)
			}
		}
		return strings.Join(told, ""), err
	}
	got, err := run(`{"at":"2026-03-02T08:24:30Z","text":"restarted lb-3"}

{"t":1772438700,"text":"nothing was wrong"}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"t":1772438700.082,"mark":1,"marked":1772438700,"text":"nothing was wrong","products":[],"verdict":"","before":{"failures":0,"tries":0},"after":{"failures":0,"tries":0},"margin":0}
`
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" || !strings.Contains(got, `"text":"restarted lb-3","products":["shop"],"verdict":"helped"`) {
		t.Errorf("verdicts (-want +got):\n%s\n%s", diff, got)
	}
	for text, want := range map[string]string{"no": "line 1", `{"text":"x"}`: "a mark is", "\n" + `{"t":1}`: "line 2"} {
		if _, err := run(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is refused with %v", text, err)
		}
	}
}

// A replay knows what was planned: nothing is told of a product that was in
// maintenance.
func TestReplayOfAMaintenance(t *testing.T) {
	dir := t.TempDir()
	list := replaytest.Outage()
	encoded, err := checks.EncodeResults(list)
	if err != nil {
		t.Fatal(err)
	}
	planned := fmt.Sprintf("%s\nmaintenance: [{products: \"*\", from: %q, for: 24h, why: new disks}]\n", replaytest.Config, list[0].Started.Add(-time.Hour).UTC().Format(time.RFC3339))
	company, results := filepath.Join(dir, "company.yaml"), filepath.Join(dir, "results.jsonl")
	for file, text := range map[string]string{company: planned, results: string(encoded)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, render := range []bool{false, true} {
		var out strings.Builder
		if err := Run(t.Context(), Plan{Config: company, Results: results, Render: render, Out: &out, Err: io.Discard,
			Load: func() (*config.Config, error) { return config.Load(company, nil) }}); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); strings.Contains(got, "outage") || strings.Contains(got, "Impact update") {
			t.Errorf("told of a product in maintenance: %s", got)
		}
	}
}
