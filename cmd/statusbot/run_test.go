package main

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
)

// Memory's limit follows what is configured, and what the operator says of it
// in Go's own variables is left alone.
func TestTheMemoryLimit(t *testing.T) {
	was := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(was)
	ten := &config.Config{Checks: make([]checks.Check, 10_000)}
	for _, tt := range []struct {
		name, value string
		cfg         *config.Config
		want        int64 // bytes
	}{
		{"HOME", "/root", nil, limitFirst},
		{"GOGC", "", ten, 147_663_296},
		{"HOME", "/root", &config.Config{}, 96 << 20},
		{"GOGC", "100", ten, math.MaxInt64},
		{"GOGC", "off", ten, math.MaxInt64},
		{"GOMEMLIMIT", "150MiB", ten, math.MaxInt64},
	} {
		debug.SetMemoryLimit(math.MaxInt64)
		memoryLimit(func(name string) (string, bool) { return tt.value, name == tt.name })(tt.cfg)
		if got := debug.SetMemoryLimit(-1); got != tt.want {
			t.Errorf("%s=%s: limit %d, want %d", tt.name, tt.value, got, tt.want)
		}
	}
}
