// Package longtest says how much of itself a test runs, how many tests run at
// once, and how often the collector does. Statistics over many
// draws, growth and soaks have two forms: a small one that always runs and fails
// where the fault is there at all, and a long one, for what only many draws or
// much age can show. STATUSBOT_TEST_LONG=1 asks for the long one: .ci/run does
// so once, and all of `go test ./...` stays quick for who waits for it.
package longtest

import (
	"os"
	"strconv"
	"testing"
)

// Of is the small form of something, or its long form where that is asked for.
func Of[T any](small, long T) T {
	if os.Getenv("STATUSBOT_TEST_LONG") == "1" {
		return long
	}
	return small
}

// Seeds is how many runs a statistic is made of: as Of says, or as many as
// STATUSBOT_SEEDS, for who wants to know more exactly.
func Seeds(small, long int) int {
	if n, err := strconv.Atoi(os.Getenv("STATUSBOT_SEEDS")); err == nil {
		return n
	}
	return Of(small, long)
}

// FirstSeed is the first of these seeds: 1, or STATUSBOT_FIRST_SEED, for who shows on others what was chosen on some.
func FirstSeed() int {
	if n, err := strconv.Atoi(os.Getenv("STATUSBOT_FIRST_SEED")); err == nil {
		return n
	}
	return 1
}

// Only skips, in the small form, a test that is all of the long one, and says why.
func Only(t testing.TB, why string) {
	t.Helper()
	if !Of(false, true) {
		t.Skip(why + ": STATUSBOT_TEST_LONG=1 runs it")
	}
}
