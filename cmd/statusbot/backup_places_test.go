//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/statusbot/statusbot/internal/journal"
)

// What is no file is not replaced by a backup, and a link leads to the file that is.
func TestABackupReplacesFilesAlone(t *testing.T) {
	t.Parallel()
	data, at := t.TempDir(), t.TempDir()
	j, err := journal.Open(t.Context(), journal.Config{Dir: data})
	if err == nil {
		err = j.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(at, name) }
	for _, err := range []error{
		os.Mkdir(in("folder"), 0o700), syscall.Mkfifo(in("pipe"), 0o600), os.Symlink(in("pipe"), in("leads to a pipe")), os.Symlink(in("nothing"), in("leads nowhere")),
		os.WriteFile(in("file"), []byte("older"), 0o600), os.Symlink(in("file"), in("leads to a file")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"folder", "pipe", "leads to a pipe", "leads nowhere"} {
		was, err := os.Lstat(in(name))
		if err != nil {
			t.Fatal(err)
		}
		_, says := commandOf(t, exitFailed, "backup", in(name), "--data-dir", data)
		if is, err := os.Lstat(in(name)); err != nil || is.Mode() != was.Mode() || !strings.Contains(says, "no file") && !strings.Contains(says, "no such file") {
			t.Errorf("%s is now %v, %v; it says %q", name, is.Mode(), err, says)
		}
	}
	commandOf(t, exitOK, "backup", in("leads to a file"), "--data-dir", data)
	commandOf(t, exitOK, "restore", in("file"), "--data-dir", in("restored"))
	if left, err := filepath.Glob(in("*.part")); err != nil || len(left) > 0 {
		t.Errorf("left: %q %v", left, err)
	}
	member := in("member")
	if err := os.MkdirAll(filepath.Join(member, "cluster"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, says := commandOf(t, exitFailed, "restore", in("file"), "--data-dir", member); !strings.Contains(says, "holds a journal already") {
		t.Errorf("over a member's it says %q", says)
	}
	if _, says := commandOf(t, exitFailed, "restore", in("pipe"), "--data-dir", in("other")); !strings.Contains(says, "is no file") {
		t.Errorf("of a pipe it says %q", says)
	}
	made, err := os.ReadFile(in("file"))
	if err == nil {
		err = os.WriteFile(in("file"), bytes.Replace(made, []byte("backup 1"), []byte("backup 2"), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, says := commandOf(t, exitFailed, "restore", in("file"), "--data-dir", in("other")); !strings.Contains(says, "another statusbot, most likely a later one, has written it") {
		t.Errorf("of a later form it says %q", says)
	}
}
