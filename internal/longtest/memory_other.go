//go:build !linux

package longtest

func roomIn(string, uint64) bool { return false }
