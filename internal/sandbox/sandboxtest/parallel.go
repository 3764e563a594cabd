package sandboxtest

import (
	"flag"
	"fmt"
	"strconv"
)

// AtOnce has the tests of a package that call t.Parallel run n at once, where
// most of their time goes by waiting and not by work; the flag -parallel goes
// before it. To be called by TestMain.
func AtOnce(n int) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return
	}
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(fmt.Sprintf("test.parallel: %v", err)) // unreachable: the testing package has it
	}
}
