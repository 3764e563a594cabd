package longtest

import (
	"fmt"
	"os"
)

// memoryFiles is where Linux has files that are memory.
const memoryFiles = "/dev/shm"

// leastMemory is how many bytes have to be free there; a container's has 64 MiB, where nobody asked for more.
const leastMemory = 1 << 30

// FilesInMemory has the tests of a package make their folders in memory, where they
// start many stores with a hundred small files each: to make these on a disk
// is half of what the journal's tests cost. The long form is on the disk, as is all where TMPDIR says so,
// or where memory has no room or no right to run what is there. To be called by TestMain.
func FilesInMemory() {
	if os.Getenv("TMPDIR") != "" || Of(false, true) || !roomIn(memoryFiles, leastMemory) {
		return
	}
	if err := os.Setenv("TMPDIR", memoryFiles); err != nil {
		panic(fmt.Sprintf("TMPDIR: %v", err)) // unreachable: the name and the value are fit
	}
}
