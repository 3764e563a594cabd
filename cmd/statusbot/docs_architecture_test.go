package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

var aPathOfOurs = regexp.MustCompile("`((?:internal|cmd|docs)/[a-zA-Z0-9_/.]+)`")

// TestTheTourLeadsToWhatIsThere: the tour names files and packages, which move.
func TestTheTourLeadsToWhatIsThere(t *testing.T) {
	page := readPage(t, "architecture.md")
	found := aPathOfOurs.FindAllStringSubmatch(page, -1)
	for _, m := range found {
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(m[1]))); err != nil {
			t.Errorf("the tour leads to %s, which is not there", m[1])
		}
	}
	if len(found) < 40 {
		t.Errorf("only %d paths were looked at", len(found))
	}
}

// TestTheWordsAreTheCodes: outcomes and levels are closed sets, and the page has each.
func TestTheWordsAreTheCodes(t *testing.T) {
	page := readPage(t, "concepts.md")
	words := []string{string(checks.Pass), string(checks.Degraded), string(checks.Fail), string(checks.Unknown)}
	for _, level := range []impact.Level{impact.OK, impact.Degraded, impact.Outage, impact.Unknown, impact.Maintenance} {
		words = append(words, string(level))
	}
	for _, word := range words {
		if !regexp.MustCompile("`" + word + "`").MatchString(page) {
			t.Errorf("concepts.md does not have `%s`", word)
		}
	}
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
