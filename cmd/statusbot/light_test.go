package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestAStartIsLight: what packages make before main begins is paid for by each command, and kept by each agent. What is big is made when it is
// first used (internal/lazy). Go counts the bytes, the same ones at each start.
func TestAStartIsLight(t *testing.T) {
	t.Parallel()
	const most, ofOne = 400_000, 150_000 // bytes; they were 2,060,000 and 435,000
	self, err := os.Executable()
	need(t, err)
	var said bytes.Buffer
	cmd := exec.Command(self, "version")
	cmd.Args[0] = "statusbot" // in tests nothing is lazy
	cmd.Env, cmd.Stderr = append(os.Environ(), asProgram+"=1", "GODEBUG=inittrace=1"), &said
	need(t, cmd.Run())
	packages, all := 0, 0
	for lines := bufio.NewScanner(&said); lines.Scan(); {
		name, rest, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "init "), " @")
		if !strings.HasPrefix(name, module+"internal/") || name == module+"internal/format/reader" { // the reader is of tests
			continue
		}
		var at, clock float64 // ms
		var its int
		if _, err := fmt.Sscanf(rest, "%g ms, %g ms clock, %d bytes", &at, &clock, &its); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if its > ofOne {
			t.Errorf("%s takes %d bytes before anything is asked of it", name, its)
		}
		packages++
		all += its
	}
	if all > most || packages < 10 {
		t.Errorf("%d packages of ours take %d bytes before anything is asked of them, more than %d", packages, all, most)
	}
}
