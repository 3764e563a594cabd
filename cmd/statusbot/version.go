package main

import (
	"runtime/debug"

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

// nearestCommand suggests what was meant.
func nearestCommand(said string) string {
	names := make([]string, 0, len(commands))
	for _, c := range commands {
		names = append(names, c.name)
	}
	if n, ok := spelling.Nearest(said, names); ok {
		return "; did you mean `" + n + "`?"
	}
	return "."
}
