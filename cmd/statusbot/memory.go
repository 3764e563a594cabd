package main

import (
	"runtime/debug"

	"github.com/statusbot/statusbot/internal/config"
)

// What Go may take before it collects garbage more often than it would by
// itself, soft, and without the pages of the program's file, some 50 MiB: 141 MiB
// with 10,000 checks and 544 MiB with 100,000, so that these stay below 600 where
// other programs leave them the CPU (docs/adr/0038). After a day a check that runs every
// minute takes 3,306 bytes of it, one that runs every 10 s 4,377 (BenchmarkMemoryOfChecks).
const (
	limitBase  = 96 << 20  // bytes
	limitCheck = 4700      // bytes, for each check
	limitFirst = 544 << 20 // bytes, while it is not known how many checks there are: as for 100,000
)

// memoryLimit returns what sets Go's memory limit to what a configuration
// needs, nil for one that is still to be read. It does nothing when the operator
// said something of memory, by Go's own variables.
func memoryLimit(env func(string) (string, bool)) func(*config.Config) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if value, set := env(name); set && value != "" { // as Go takes them
			return func(*config.Config) {}
		}
	}
	return func(cfg *config.Config) {
		limit := int64(limitFirst)
		if cfg != nil {
			limit = limitBase + limitCheck*int64(len(cfg.Checks))
		}
		debug.SetMemoryLimit(limit)
	}
}
