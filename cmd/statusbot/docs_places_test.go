package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	headings       = regexp.MustCompile(`(?m)^#+ (.+)$`)
	linkInText     = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	notOfAnAnchor  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	placesInCode   = regexp.MustCompile(`docs/([a-z0-9-]+\.md)(?:, "?([A-Z][A-Za-z ]*[a-z]))?`)
	recordsInCode  = regexp.MustCompile(`(?:docs/adr/|ADR )(\d{4})`)
	whereCodeIs    = []string{"cmd", "internal", "packaging", ".ci"}
	quotedLogLines = regexp.MustCompile("(?m)^\\| `([^`]+)`")
)

// anchorsOf returns what links may lead to within a page: its headings, as GitHub makes addresses of them.
func anchorsOf(page string) (anchors []string) {
	fenced := false
	var text strings.Builder
	for line := range strings.Lines(page) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced {
			text.WriteString(line)
		}
	}
	for _, m := range headings.FindAllStringSubmatch(text.String(), -1) {
		plain := notOfAnAnchor.ReplaceAllString(strings.ToLower(linkInText.ReplaceAllString(m[1], "$1")), "")
		anchors = append(anchors, strings.ReplaceAll(strings.TrimSpace(plain), " ", "-"))
	}
	return anchors
}

// TestLinksLeadToHeadings: a link to a part of a page leads to a heading that is there.
func TestLinksLeadToHeadings(t *testing.T) {
	t.Parallel()
	root, links := filepath.Join("..", ".."), 0
	pages := pagesOf(t)
	for _, pattern := range []string{"*.md", filepath.Join("docs", "adr", "*.md")} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		need(t, err)
		pages = append(pages, found...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		need(t, err)
		for _, part := range strings.Split(string(text), "](")[1:] {
			to, _, _ := strings.Cut(part, ")")
			file, anchor, there := strings.Cut(to, "#")
			if !there || strings.Contains(to, "://") || strings.ContainsAny(to, " \n`") {
				continue
			}
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			other, err := os.ReadFile(target)
			need(t, err)
			links++
			if !slices.Contains(anchorsOf(string(other)), anchor) {
				t.Errorf("%s links to %s, which is no heading there", page, to)
			}
		}
	}
	if links < 100 {
		t.Errorf("%d links to parts of pages were read", links)
	}
}

// TestPlacesThatCodeNames: a page, a part of one ("docs/operations.md, Damaged files") or a record that code or a
// message of it names is there.
func TestPlacesThatCodeNames(t *testing.T) {
	t.Parallel()
	root, pages, records := filepath.Join("..", ".."), 0, 0
	for _, folder := range whereCodeIs {
		need(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(path, "testdata") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range placesInCode.FindAllStringSubmatch(string(text), -1) {
				pages++
				page, err := os.ReadFile(filepath.Join(root, "docs", m[1]))
				switch part := strings.ReplaceAll(strings.ToLower(m[2]), " ", "-"); {
				case err != nil:
					t.Errorf("%s names docs/%s, which is not there", path, m[1])
				case part != "" && !slices.ContainsFunc(anchorsOf(string(page)), func(a string) bool { return strings.HasPrefix(part, a) }):
					t.Errorf("%s names %q of docs/%s, which is no heading there", path, m[2], m[1])
				}
			}
			for _, m := range recordsInCode.FindAllStringSubmatch(string(text), -1) {
				records++
				if found, _ := filepath.Glob(filepath.Join(root, "docs", "adr", m[1]+"-*.md")); len(found) != 1 {
					t.Errorf("%s names the record %s, which is not there", path, m[1])
				}
			}
			return err
		}))
	}
	if pages < 30 || records < 5 {
		t.Errorf("code names %d pages and %d records", pages, records)
	}
}

// TestEveryPageIsListed: docs/README.md leads to each page beside it.
func TestEveryPageIsListed(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("../../docs/README.md")
	need(t, err)
	pages, err := filepath.Glob("../../docs/*.md")
	need(t, err)
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(string(list), "| ["+name+"]("+name+") |") {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}

// TestLinesOfTheLog: each line of the log that docs/operations.md explains is one that code writes.
func TestLinesOfTheLog(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operations.md")
	need(t, err)
	_, table, _ := strings.Cut(string(page), "\n## The log\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var code strings.Builder
	need(t, filepath.WalkDir("../../internal", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		code.Write(text)
		return err
	}))
	lines := quotedLogLines.FindAllStringSubmatch(table, -1)
	for _, m := range lines {
		if !regexp.MustCompile(`\.(Debug|Info|Warn|Error|Log|say)\([^"\n]*"` + regexp.QuoteMeta(m[1])).MatchString(code.String()) {
			t.Errorf("no code logs %q, which docs/operations.md explains", m[1])
		}
	}
	if len(lines) < 12 {
		t.Errorf("%d lines were read", len(lines))
	}
}
