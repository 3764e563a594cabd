package sandbox_test

import (
	"os"
	"testing"

	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

func TestMain(m *testing.M) {
	sandboxtest.AtOnce(8)
	os.Exit(m.Run())
}
