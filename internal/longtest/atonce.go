package longtest

import (
	"flag"
	"fmt"
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
