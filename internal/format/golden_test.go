package format_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/reader"
)

var update = flag.Bool("update", false, "write the golden messages anew")

// TestMessages plays each script of testdata and compares the message with the
// one beside it. To accept a change: go test ./internal/format -update.
func TestMessages(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, rest, found := strings.Cut(string(data), "-- script --\n")
			script, want, both := strings.Cut(rest, "-- message --\n")
			if !found || !both {
				t.Fatal("not a txtar archive of script and message")
			}
			m := play(t, script)
			valid(t, m)
			first, _, _ := strings.Cut(m.Blocks[0].Section, "\n")
			_, bold, _ := strings.Cut(first, "*")
			if bold, _, _ = strings.Cut(bold, "*"); !strings.HasPrefix(m.Text, bold) {
				t.Errorf("the text %q does not begin with the sentence of the first block %q", m.Text, first)
			}
			if strings.Contains(show(m), "!") && strings.Contains(strings.ReplaceAll(show(m), "<!date^", ""), "!") && !strings.Contains(file, "hostile") {
				t.Error("the message has an exclamation mark")
			}
			for _, f := range reader.Read(reader.Said{Text: m.Text, Shown: sent(m), Long: true}) {
				if (f.Kind == "grammar" || f.Kind == "plain") && !strings.Contains(file, "hostile") {
					t.Error(f)
				}
			}
			got := show(m)
			if *update {
				data = []byte(head + "-- script --\n" + script + "-- message --\n" + got)
				if err := os.WriteFile(file, data, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("message (-want +got):\n%s", d)
			}
		})
	}
}

// sent is a message as its sections and contexts are sent.
func sent(m format.Message) string {
	var b strings.Builder
	for _, block := range m.Blocks {
		b.WriteString(block.Section + block.Context + "\n")
	}
	return b.String()
}
