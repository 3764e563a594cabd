package house

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// residentFile is how much of the program's files is resident, in KiB.
func residentFile(t *testing.T) (kib int) {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status") // proc_pid_status(5)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "RssFile:")
	if _, err := fmt.Sscan(rest, &kib); !ok || err != nil {
		t.Fatalf("what is resident of files: %v", err) // proc(5): RssFile is there since Linux 4.5
	}
	return kib
}

func TestWhatTheStartReadIsLeft(t *testing.T) {
	before := residentFile(t)
	if err := forgetStart(); err != nil {
		t.Fatal(err)
	}
	if after := residentFile(t); after > before*3/4 {
		t.Errorf("%d KiB of the program are resident after %d: less than a quarter was left", after, before)
	}
}
