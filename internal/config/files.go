package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files are what a configuration was read from.
type Files struct {
	Paths    []string // files that were read, the main one first
	Patterns []string // of include, complete; new files may match them
}

// Stamp says in what state the files are: another stamp means that one was
// changed, came or went. It looks at names, sizes and times, not at contents.
func (f Files) Stamp() string {
	all := slices.Clone(f.Paths)
	for _, pattern := range f.Patterns {
		found, _ := filepath.Glob(pattern) // a bad pattern was refused by Load
		all = append(all, found...)
	}
	slices.Sort(all)
	var b strings.Builder
	for _, path := range slices.Compact(all) {
		info, err := os.Stat(path)
		if err != nil {
			fmt.Fprintf(&b, "%q gone\n", path)
			continue
		}
		fmt.Fprintf(&b, "%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	return b.String()
}
