//go:build unix

package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWhatStandsInPlaceOfAFileHasAnEnd: each is refused in words, and the
// next, good one is read.
func TestWhatStandsInPlaceOfAFileHasAnEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "statusbot.yaml")
	for want, put := range map[string]func() error{
		"is a folder":        func() error { return os.Mkdir(path, 0o755) },
		"nobody writes":      func() error { return syscall.Mkfifo(path, 0o644) },
		"more than 32 MiB":   func() error { return os.Truncate(mustFile(t, path), 60<<20) },
		"there is no such":   func() error { return nil },
		"more than 32 MiB ":  func() error { return os.Symlink("/dev/zero", path) },
		"is not in a folder": func() error { return nil },
	} {
		if err := put(); err != nil {
			t.Fatal(err)
		}
		read := path
		if want == "is not in a folder" {
			read = filepath.Join(mustFile(t, path), "statusbot.yaml")
		}
		text, err := readFile(read)
		message := ""
		if err != nil {
			message, _ = whyUnreadable(err)
		}
		if !strings.Contains(message, strings.TrimSpace(want)) || len(text) > 0 {
			t.Errorf("%q, %d bytes, %v; want %q", message, len(text), err, want)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	// Somebody who holds a pipe open and says nothing is not waited for long.
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	holds, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer holds.Close()
	if _, err := readWithin(path, pipeWithin/50); err == nil || !strings.Contains(err.Error(), "nobody writes") {
		t.Errorf("a pipe that is held open: %v", err)
	}
}

func mustFile(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
