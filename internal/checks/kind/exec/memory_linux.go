package exec

import "golang.org/x/sys/unix"

// memoryRefused is why a configuration may ask for no bound; empty: it may.
const memoryRefused = ""

// boundMemory bounds the data of a process, in bytes, and of each that it
// starts from then on. Data is what it can write to, not what it reserves
// (setrlimit(2), RLIMIT_DATA). A program that has taken the rights of another
// user (setuid) is out of our reach and stays as it is, as is one that has
// ended.
func boundMemory(pid int, bytes uint64) {
	_ = unix.Prlimit(pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: bytes, Max: bytes}, nil)
}
