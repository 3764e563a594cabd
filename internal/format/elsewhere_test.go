package format_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
)

// leaked is what only Slack understands.
var leaked = regexp.MustCompile(`<[!@#]|\|>|&(lt|gt|amp);|\{time\}|\{date|(^|\s):[a-z_]+:(\s|$)|\x{2060}`)

// TestNothingOfSlackIsToldElsewhere: every message that there is reads elsewhere without
// anything that only Slack understands, says the same first sentence, and has no tag of a
// page that is not ours.
func TestNothingOfSlackIsToldElsewhere(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	tags := regexp.MustCompile(`</?(p|strong|code|a|span)( style="[a-z0-9:;%.-]*(px 0)?[a-z0-9:;%.-]*"| href="https?://[^"<>]*")?>`)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(data), "-- script --\n")
		script, _, _ := strings.Cut(rest, "-- message --\n")
		m := play(t, script)
		told := elsewhere.Read(m.Text, m.BlocksJSON(), nil)
		plain, page, marked := told.Plain(), told.HTML(), told.Markdown()
		for _, text := range []string{plain, page, marked} {
			if text == "" {
				t.Errorf("%s: nothing is told", file)
			}
		}
		hostile := strings.Contains(file, "hostile")
		if bad := leaked.FindString(plain); bad != "" && !hostile {
			t.Errorf("%s: %q is told elsewhere:\n%s", file, bad, plain)
		}
		if strings.Contains(plain, "*") && !hostile {
			t.Errorf("%s: an asterisk is told elsewhere:\n%s", file, plain)
		}
		if left := tags.ReplaceAllString(page, ""); strings.ContainsAny(left, "<>") {
			t.Errorf("%s: the page has more than our tags:\n%s", file, left)
		}
		if first := told.Title(); !strings.HasPrefix(plain, first) {
			t.Errorf("%s: the title is %q", file, first)
		}
		if strings.Count(marked, "**")%2 != 0 {
			t.Errorf("%s: Markdown with half a bold part:\n%s", file, marked)
		}
	}
}
