package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEachHelpHasItsExitCodes, as the README has it; of commands of one family the
// family's help may say it.
func TestEachHelpHasItsExitCodes(t *testing.T) {
	t.Parallel()
	seen := 0
	var look func(c *cobra.Command, above string)
	look = func(c *cobra.Command, above string) {
		above += c.Long
		for _, sub := range c.Commands() {
			look(sub, above)
		}
		if c.Hidden || !c.Runnable() || c.Name() == "help" {
			return
		}
		seen++
		if !strings.Contains(above, "Exit codes: ") {
			t.Errorf("the help of %s has no exit codes", c.CommandPath())
		}
	}
	for _, c := range commands(world{}) {
		look(c, "")
	}
	if seen < 20 {
		t.Errorf("%d commands were read", seen)
	}
}
