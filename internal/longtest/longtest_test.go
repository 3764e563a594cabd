package longtest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		long, seeds string
		of, runs    int
	}{{"", "", 3, 5}, {"0", "", 3, 5}, {"1", "", 30, 50}, {"1", "7", 30, 7}, {"", "7", 3, 7}, {"", "many", 3, 5}} {
		t.Setenv("STATUSBOT_TEST_LONG", tt.long)
		t.Setenv("STATUSBOT_SEEDS", tt.seeds)
		if of, runs := Of(3, 30), Seeds(5, 50); of != tt.of || runs != tt.runs {
			t.Errorf("LONG=%q SEEDS=%q: %d and %d, want %d and %d", tt.long, tt.seeds, of, runs, tt.of, tt.runs)
		}
	}
}

func TestFirstSeed(t *testing.T) {
	for set, want := range map[string]int{"": 1, "5": 5, "none": 1} {
		if t.Setenv("STATUSBOT_FIRST_SEED", set); FirstSeed() != want {
			t.Errorf("STATUSBOT_FIRST_SEED=%q: %d, want %d", set, FirstSeed(), want)
		}
	}
}

// ended is a test that notes how it was ended first, and goes on.
type ended struct {
	testing.TB
	how string
}

func (e *ended) Helper()           {}
func (e *ended) Skip(says ...any)  { e.how = cmp.Or(e.how, "skipped: "+fmt.Sprint(says...)) }
func (e *ended) Fatal(says ...any) { e.how = cmp.Or(e.how, "failed: "+fmt.Sprint(says...)) }

func TestLacks(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	const says = "curl is not installed: the test needs Debian's package curl"
	for set, want := range map[string]string{"": "skipped: " + says, "0": "skipped: " + says, "1": "failed: " + says} {
		t.Setenv("STATUSBOT_TEST_EXTRAS", set)
		e := &ended{TB: t}
		if Command(e, "curl", "curl"); e.how != want {
			t.Errorf("STATUSBOT_TEST_EXTRAS=%q: %s, want %s", set, e.how, want)
		}
	}
	file := filepath.Join(os.Getenv("PATH"), "curl")
	if err := os.WriteFile(file, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	e := &ended{TB: t}
	if path := Command(e, "curl", "curl"); path != file || e.how != "" {
		t.Errorf("%s, %s; want %s", path, e.how, file)
	}
}

func TestFilesInMemory(t *testing.T) {
	room := map[bool]string{true: memoryFiles}[roomIn(memoryFiles, leastMemory)]
	for _, tt := range []struct{ set, long, want string }{{"", "", room}, {"", "1", ""}, {"/elsewhere", "", "/elsewhere"}} {
		t.Setenv("TMPDIR", tt.set)
		t.Setenv("STATUSBOT_TEST_LONG", tt.long)
		if FilesInMemory(); os.Getenv("TMPDIR") != tt.want {
			t.Errorf("TMPDIR=%q LONG=%q: %q, want %q", tt.set, tt.long, os.Getenv("TMPDIR"), tt.want)
		}
	}
	if roomIn(memoryFiles, 1<<62) || roomIn("/proc", 0) || roomIn("/none", 0) {
		t.Error("there is room where there is none, where there is no memory, or where there is nothing")
	}
}
