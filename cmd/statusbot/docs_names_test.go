package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testsThere returns the names of all tests and benchmarks of the project, one a line.
func testsThere(t *testing.T) string {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Benchmark)[A-Za-z0-9]+)\(`)
	var there strings.Builder
	need(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(source, -1) {
			there.WriteString(string(m[1]) + "\n")
		}
		return err
	}))
	return there.String()
}

// TestDocsOfSecurityNameTests: a claim of docs/security.md stands on tests that
// are there, and each section makes some.
func TestDocsOfSecurityNameTests(t *testing.T) {
	t.Parallel()
	there := "\n" + testsThere(t)
	page, err := os.ReadFile("../../docs/security.md")
	need(t, err)
	named := 0
	for _, m := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllSubmatch(page, -1) {
		named++
		if !strings.Contains(there, "\n"+string(m[1])+"\n") {
			t.Errorf("docs/security.md names %s, which is not there", m[1])
		}
	}
	if named < 30 {
		t.Errorf("docs/security.md names %d tests", named)
	}
}

// TestDocsNameTestsThatRun: the commands by which figures of the docs are made anew name
// tests that are there, and so does the list of what each number of the detection was
// chosen on.
func TestDocsNameTestsThatRun(t *testing.T) {
	t.Parallel()
	there := testsThere(t)
	pages, err := filepath.Glob("../../docs/*.md")
	need(t, err)
	records, err := filepath.Glob("../../docs/adr/*.md")
	need(t, err)
	run := regexp.MustCompile(`-run[ \n]+'?([A-Za-z|/]+)`)
	seen := 0
	for _, path := range append(pages, records...) {
		page, err := os.ReadFile(path)
		need(t, err)
		var names []string
		for _, m := range run.FindAllStringSubmatch(string(page), -1) {
			names = append(names, strings.Split(m[1], "|")...)
		}
		if _, table, ok := strings.Cut(string(page), "## What each number was chosen on"); ok {
			for _, m := range regexp.MustCompile("`([A-Z][A-Za-z]+)`").FindAllStringSubmatch(table, -1) {
				names = append(names, m[1])
			}
		}
		for _, name := range names {
			seen++
			if name, _, _ = strings.Cut(name, "/"); !strings.Contains(there, name) {
				t.Errorf("%s names the test %s, which is not there", path, name)
			}
		}
	}
	if seen < 40 {
		t.Errorf("the docs name %d tests", seen)
	}
}

// TestRecordsAreListed: docs/adr/README.md has each record once, by its title, up to the newest that it has.
func TestRecordsAreListed(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/adr/README.md")
	need(t, err)
	listed, newest := map[string]int{}, ""
	for _, m := range regexp.MustCompile(`(?m)^- \[(\d{4})\]\((\d{4}-[a-z0-9-]+\.md)\): (.+)$`).FindAllStringSubmatch(string(page), -1) {
		record, err := os.ReadFile(filepath.Join("..", "..", "docs", "adr", m[2]))
		need(t, err)
		if title := "# " + m[1] + ": " + m[3]; !strings.HasPrefix(string(record), title+"\n") {
			t.Errorf("%s does not begin with %q, as docs/adr/README.md calls it", m[2], title)
		}
		listed[m[2]]++
		newest = max(newest, m[2])
	}
	records, err := filepath.Glob("../../docs/adr/0*.md")
	need(t, err)
	for _, path := range records {
		if name := filepath.Base(path); name <= newest && listed[name] != 1 {
			t.Errorf("docs/adr/README.md has %s %d times", name, listed[name])
		}
	}
	if len(listed) < 80 {
		t.Errorf("docs/adr/README.md has %d records", len(listed))
	}
}
