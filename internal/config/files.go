package config

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Files are what a configuration was read from.
type Files struct {
	Paths    []string // files that were read, the main one first
	Patterns []string // of include, complete; new files may match them
	Read     string   // their Stamp as each was when it was opened to be read
}

// Stamp says in what state the files are: another stamp means that one was
// changed, came or went. It looks at names, sizes and times, not at contents.
func (f Files) Stamp() string {
	all := slices.Clone(f.Paths)
	for _, pattern := range f.Patterns {
		found, _ := globShown(pattern) // a bad pattern was refused by Load
		all = append(all, found...)
	}
	slices.Sort(all)
	var b strings.Builder
	for _, path := range slices.Compact(all) {
		b.WriteString(stampOf(path))
	}
	return b.String()
}

// stampOf is the part of a stamp that is one file's.
func stampOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Sprintf("%q gone\n", path)
	}
	return fmt.Sprintf("%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
}

// looked notes a file as it is before it is opened: what is written while it is
// read, or after, makes another stamp.
func (l *loading) looked(path string) {
	if l.stamps == nil {
		l.stamps = map[string]string{}
	}
	if _, before := l.stamps[path]; !before {
		l.stamps[path] = stampOf(path)
	}
}

// read returns the stamp of what was looked at.
func (l *loading) read() string {
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(l.stamps)) {
		b.WriteString(l.stamps[path])
	}
	return b.String()
}
