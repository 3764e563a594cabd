//go:build unix && !linux

package exec

// memoryRefused is empty: what is meant for a server can be tried on a Mac.
const memoryRefused = ""

// boundMemory does nothing: only Linux can bound a process that runs.
func boundMemory(int, uint64) {}
