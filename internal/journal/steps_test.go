package journal

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestOpenSaysItsSteps: Open says what it does next, and how far the server inside is, so that one that hangs can be told from
// outside; once it has opened nothing is said any more.
func TestOpenSaysItsSteps(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var steps []string
	j, err := Open(t.Context(), Config{Dir: t.TempDir(), Step: func(what string) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, what)
	}})
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	n := len(steps)
	for _, want := range []string{"looks for damaged files of the journal", "starts the server inside", "waits for the server inside, which said last: ",
		"makes the streams of the journal", "compares the journal with its copies"} {
		if !slices.ContainsFunc(steps, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%q was not said, but %q", want, steps)
		}
	}
	mu.Unlock()
	j.server.says("a server that is started anew says this")
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(steps) != n {
		t.Errorf("said after the start: %q", steps[n:])
	}
}
