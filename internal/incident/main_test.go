package incident

import (
	"os"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
)

func TestMain(m *testing.M) {
	longtest.Roomy()
	os.Exit(m.Run())
}
