package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestIncludePassesOverHiddenFilesAndRefusesDoubleStars(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "checks.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "checks.d", "a.yaml"), []byte("products: [{id: shop}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("ana@host.1234", filepath.Join(dir, "checks.d", ".#a.yaml")); err != nil {
		t.Fatal(err)
	}
	found, err := globShown(filepath.Join(dir, "checks.d", "*.yaml"))
	if err != nil || len(found) != 1 || filepath.Base(found[0]) != "a.yaml" {
		t.Errorf("got %q, %v", found, err)
	}
	main := &document{shown: "statusbot.yaml"}
	l := &loading{}
	l.matches(main, nil, "include", dir, "checks.d/**/*.yaml")
	if len(l.problems) != 1 || !strings.Contains(l.problems[0].Message, "**") {
		t.Errorf("got %v", l.problems)
	}
}
