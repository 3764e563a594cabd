package main

import (
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand is hidden: it is for who packs statusbot.
func manCommand(world) *cobra.Command {
	return &cobra.Command{
		Use:     "man [DIR]",
		Short:   "write the manual pages",
		Long:    `One page for each command goes into DIR, or into the working directory.`,
		Hidden:  true,
		Example: `  statusbot man /usr/local/share/man/man1`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError(fmt.Sprintf("unexpected argument %q", args[1]))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = cmp.Or(args[0], dir)
			}
			if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // manual pages are for everybody
				return fmt.Errorf("make the folder of manual pages: %w", err)
			}
			root := c.Root()
			root.DisableAutoGenTag = true // the same version gives the same pages
			if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "statusbot " + version(), Manual: "statusbot"}, dir); err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			return nil
		},
	}
}
