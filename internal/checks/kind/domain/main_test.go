package domain

import (
	"testing"

	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestMain(m *testing.M) { probetest.Main(m) }
