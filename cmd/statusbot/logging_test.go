package main

import (
	"io"
	"log"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestWhatLibrariesSay stands in the log in its form, for who asks for it, and without
// what looks like a secret: it is a peer's.
func TestWhatLibrariesSay(t *testing.T) {
	defer log.SetOutput(io.Discard)
	for level, want := range map[string]bool{"debug": true, "info": false} {
		var out strings.Builder
		logger, err := logFlags(&cobra.Command{}, level)(&out)
		if err != nil {
			t.Fatal(err)
		}
		log.Printf("Unsolicited response starting with %q\x1b[2J", "token=hunter2-hunter2")
		_ = logger.Sync()
		if said := out.String(); strings.Contains(said, "Unsolicited response") != want || want && !strings.Contains(said, "a library says") || strings.Contains(said, "hunter2") || strings.Contains(said, "\x1b") {
			t.Errorf("at the level %s the log is %q", level, said)
		}
	}
}
