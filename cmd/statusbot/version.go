package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/spelling"
)

// version returns the module's version as the Go toolchain recorded it, with
// the commit for builds from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown" // unreachable unless built without module support
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return info.Main.Version + " (" + s.Value[:12] + ")"
		}
	}
	return info.Main.Version
}

func versionCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Run:   func(*cobra.Command, []string) { fmt.Fprintln(w.out, "statusbot "+version()) },
	}
}

// nearestCommand suggests what was meant.
func nearestCommand(said string) string {
	var names []string
	for _, c := range commands(world{}) {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	if n, ok := spelling.Nearest(said, names); ok {
		return "; did you mean `" + n + "`?"
	}
	return "."
}
