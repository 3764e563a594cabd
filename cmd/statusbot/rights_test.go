package main

import (
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

// TestRightsHint: who may not write somewhere is told what to do, once.
func TestRightsHint(t *testing.T) {
	t.Parallel()
	at := func(err error) error {
		return fmt.Errorf("make the folder: %w", &fs.PathError{Op: "mkdir", Path: "sub", Err: err})
	}
	for _, tt := range []struct {
		err  error
		says bool
	}{
		{at(syscall.EACCES), true},
		{at(syscall.EROFS), true},
		{at(syscall.ENOSPC), false},
		{at(syscall.ENOENT), false},
		{fmt.Errorf("ask: %w", fs.ErrPermission), false}, // of no place
		{fmt.Errorf("the data directory may not be written; let the user of statusbot write to data (%w)", at(syscall.EACCES)), false},
	} {
		if says := rightsHint(tt.err) != ""; says != tt.says {
			t.Errorf("%v: a hint is given: %v, want %v", tt.err, says, tt.says)
		}
	}
}
