package main

import "testing"

// What the operator says of memory in Go's own variables is left alone.
func TestTheOperatorSetsTheCollector(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		ours        bool
	}{
		{"HOME", "/root", true}, {"GOGC", "", true}, {"GOGC", "100", false}, {"GOGC", "off", false}, {"GOMEMLIMIT", "150MiB", false},
	} {
		percent, ours := collectAt(func(name string) (string, bool) { return tt.value, name == tt.name })
		if ours != tt.ours || ours != (percent > 0) {
			t.Errorf("%s=%s: %d, %v; want it ours: %v", tt.name, tt.value, percent, ours, tt.ours)
		}
	}
}
