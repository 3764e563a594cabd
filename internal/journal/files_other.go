//go:build !linux

package journal

// noFiles reports whether the disk has as many files as it can have: there it is not known.
func noFiles(string) bool { return false }
