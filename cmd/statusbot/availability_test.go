package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What availability says where there is nothing to print.
func TestAvailabilityCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, "--days is 401; write 1 to 400", []string{"--days", "401"}},
		{exitUsage, "name one product", []string{"billing", "lake"}},
		{exitFailed, "there is no data directory", []string{"--data-dir", filepath.Join(dir, "nowhere")}},
		{exitFailed, `no day is known of product "billing"`, []string{"billing", "--data-dir", dir}},
	} {
		if _, says := commandOf(t, c.code, append([]string{"availability"}, c.args...)...); !strings.Contains(says, c.says) {
			t.Errorf("%v: said %q, want %q", c.args, says, c.says)
		}
	}
}
