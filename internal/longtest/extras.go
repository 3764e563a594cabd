package longtest

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Lacks ends a test that needs what this machine has not, and says what: it is
// skipped, or with STATUSBOT_TEST_EXTRAS=1, which .ci/run sets, fails. What is to
// be said ends with how to get it. Whether the machine has it, the test asks as
// the program itself does, where the program looks for it too: two searches
// would differ one day.
func Lacks(t testing.TB, format string, args ...any) {
	t.Helper()
	says := fmt.Sprintf(format, args...)
	if os.Getenv("STATUSBOT_TEST_EXTRAS") == "1" {
		t.Fatal(says)
	}
	t.Skip(says)
}

// Command is the path of a command that the shell would find too, for a test that
// needs one of a Debian package.
func Command(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Lacks(t, "%s is not installed: the test needs Debian's package %s", name, debian)
	}
	return path
}
