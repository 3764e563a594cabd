package longtest

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
)

// AtOnce has the tests of a package that call t.Parallel run n at once, where
// most of their time goes by waiting and not by work; under the race detector,
// with which each takes several times the work, another number of them. The flag
// -parallel goes before both. To be called by TestMain.
func AtOnce(n, underRace int) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return
	}
	if race {
		n = underRace
	}
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(fmt.Sprintf("test.parallel: %v", err)) // unreachable: the testing package has it
	}
}

// Roomy has the collector wait until the heap is five times what was last found
// in use, in place of twice: what draws many runs drops most of them, and memory
// is not what its tests are about. It is worth a fifth to a third of their work. GOGC of whoever runs the tests goes before. To be called by TestMain.
func Roomy() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(roomyPercent)
	}
}

// roomyPercent is where more no longer saves much: publish's tests take 16 CPU-s
// at 100, 10 at 400, and 9 at 800.
const roomyPercent = 400
