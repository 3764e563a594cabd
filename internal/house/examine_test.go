package house

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDoctorLooksAtTheDataDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		dir:                            "ok " + dir + " can be written to",
		filepath.Join(dir, "a", "b"):   "ok " + filepath.Join(dir, "a", "b") + " is not there yet and can be made",
		file:                           "problem " + file + " is a file",
		filepath.Join(file, "beneath"): "problem ",
	} {
		f := examineDir(at)
		if got := fmt.Sprintf("%s %s", f.Grade, f.Says); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("it left %v, %v", left, err)
	}
}
