package impact

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheMapOfTheRules: what the package comment says of where a section of docs/impact.md is has such a section and such files.
func TestTheMapOfTheRules(t *testing.T) {
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/impact.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^//\t(.+?)  +(\S+\.go.*)$`).FindAllStringSubmatch(string(comment), -1)
	for _, row := range rows {
		if !regexp.MustCompile(`(?m)^##+ ` + regexp.QuoteMeta(row[1])).Match(page) {
			t.Errorf("docs/impact.md has no section %q", row[1])
		}
		for name := range strings.SplitSeq(row[2], ", ") {
			if _, err := os.Stat(name); err != nil {
				t.Errorf("%s: %v", row[1], err)
			}
		}
	}
	if len(rows) < 10 {
		t.Errorf("%d rows", len(rows))
	}
}
