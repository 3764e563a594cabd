//go:build unix && !linux

package exec

// boundMemory does nothing: only Linux can bound a process that runs.
func boundMemory(int, uint64) {}
