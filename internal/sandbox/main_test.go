package sandbox_test

import (
	"os"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
)

func TestMain(m *testing.M) {
	longtest.AtOnce(8, 8)
	os.Exit(m.Run())
}
