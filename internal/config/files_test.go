package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStampChangesWithTheFiles(t *testing.T) {
	main := write(t, "include: [more/*.yaml, team.yaml]\nproducts: [{id: p}]\n")
	folder := filepath.Dir(main)
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "more"), 0o700); err != nil {
		t.Fatal(err)
	}
	put("team.yaml", "products: [{id: q}]\n")
	files := mustLoad(t, main, nil).Files

	last := files.Stamp()
	if last != files.Stamp() {
		t.Fatal("the stamp changes by itself")
	}
	for _, change := range []struct {
		what string
		do   func()
	}{
		{"the main file is longer", func() { put("config.yaml", "include: [more/*.yaml, team.yaml]\nproducts: [{id: pp}]\n") }},
		{"the main file is as long", func() {
			put("config.yaml", "include: [more/*.yaml, team.yaml]\nproducts: [{id: qq}]\n")
			later := time.Now().Add(time.Second)
			if err := os.Chtimes(main, later, later); err != nil {
				t.Fatal(err)
			}
		}},
		{"a file matches the pattern", func() { put("more/a.yaml", "checks: []\n") }},
		{"a file that is named is gone", func() {
			if err := os.Remove(filepath.Join(folder, "team.yaml")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a file that matched is gone", func() {
			if err := os.Remove(filepath.Join(folder, "more/a.yaml")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		change.do()
		now := files.Stamp()
		if now == last {
			t.Errorf("%s: the stamp is the same:\n%s", change.what, now)
		}
		last = now
	}
}

// What is written while the files are read makes another stamp than the one that
// was read, so that it is read in turn.
func TestAFileThatIsWrittenWhileItIsRead(t *testing.T) {
	main := write(t, "include: more/*.yaml\nproducts: [{id: p}]\n")
	more := filepath.Join(filepath.Dir(main), "more")
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(more, 0o700); err != nil {
		t.Fatal(err)
	}
	put(filepath.Join(more, "a.yaml"), "products: [{id: q}]\n")
	quiet := func(name string) (string, bool) { return "Acme", name == "STATUSBOT_COMPANY" }
	if files := mustLoadWith(t, main, quiet).Files; files.Read != files.Stamp() {
		t.Errorf("nothing was written: read\n%sand now\n%s", files.Read, files.Stamp())
	}
	written := func(name string) (string, bool) {
		if name == "STATUSBOT_COMPANY" { // the main file is read,
			put(main, "include: more/*.yaml\nproducts: [{id: p}, {id: r}]\n")
		}
		return "Acme", name == "STATUSBOT_COMPANY"
	}
	cfg := mustLoadWith(t, main, written)
	if len(cfg.Products) != 2 || cfg.Files.Read == cfg.Files.Stamp() {
		t.Errorf("%d products were read, and the stamp is that of what was written since:\n%s", len(cfg.Products), cfg.Files.Read)
	}
}

func mustLoadWith(t *testing.T, path string, env func(string) (string, bool)) *Config {
	t.Helper()
	cfg, err := Load(path, env)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}
