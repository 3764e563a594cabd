package metrics

import (
	"flag"
	"os"
	"testing"
)

var update bool

func TestMain(m *testing.M) {
	flag.BoolVar(&update, "update", false, "write the golden files")
	flag.Parse()
	os.Exit(m.Run())
}
