package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/spelling"
)

// version returns the module's version as the Go toolchain recorded it, with
// the commit and its day for builds from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown" // unreachable unless built without module support
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	var commit, day, edited string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case "vcs.time":
			day, _, _ = strings.Cut(s.Value, "T")
		case "vcs.modified":
			if s.Value == "true" {
				edited = ", and changes"
			}
		}
	}
	if commit == "" {
		return info.Main.Version
	}
	return info.Main.Version + " (commit " + commit + edited + ", " + day + ")"
}

func versionCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Long: `Prints the version, with the commit that it was built from and its day.

Exit codes: 0 printed, 64 wrong call.`,
		Run: func(*cobra.Command, []string) { fmt.Fprintln(w.out, "statusbot "+version()) },
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
