//go:build !unix

package exec

// memoryRefused is why a configuration may ask for no bound.
const memoryRefused = "works only on Linux"

// boundMemory does nothing: nobody could ask for it.
func boundMemory(int, uint64) {}
