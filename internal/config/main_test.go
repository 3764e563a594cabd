package config

import (
	"os"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
)

func TestMain(m *testing.M) {
	longtest.Roomy()
	longtest.FilesInMemory()
	os.Exit(m.Run())
}
