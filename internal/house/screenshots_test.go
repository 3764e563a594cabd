package house

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// The newest five of a check are kept, all of them within a bound, none for
// long, and nothing else is touched.
func TestScreenshotsAreBounded(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := newScreenshots(root, "screenshots")
	now := time.Now()
	shot := func(check string, at time.Time, size int) string {
		t.Helper()
		seen := &checks.Evidence{Output: "seen", Picture: make([]byte, size)}
		r := checks.Result{Check: check, Started: at, Outcome: checks.Fail, Evidence: seen}
		if err := s.keep(&r); err != nil {
			t.Fatal(err)
		}
		if r.Evidence == seen || len(seen.Picture) != size || seen.Screenshot != "" {
			t.Error("evidence that others may read was changed")
		}
		if len(r.Evidence.Picture) != 0 || r.Evidence.Output != "seen" {
			t.Errorf("the result keeps %+v", r.Evidence)
		}
		return r.Evidence.Screenshot
	}
	kept := func() []string {
		t.Helper()
		list, err := filepath.Glob(filepath.Join(root, "screenshots", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}

	first := shot("shop/pay", now.Add(-time.Hour), 10)
	if info, err := os.Stat(filepath.Join(root, first)); err != nil || info.Mode().Perm() != 0o600 || info.Size() != 10 {
		t.Errorf("%s: %v %v", first, info, err)
	}
	if ok := regexp.MustCompile(`^screenshots/shop_pay-[0-9a-f]{8}-\d{8}T\d{6}\.\d{9}Z\.jpg$`).MatchString(first); !ok {
		t.Errorf("path %q", first)
	}
	other := filepath.Join(root, "screenshots", "notes.txt")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range shotsOfCheck {
		shot("shop/pay", now.Add(time.Duration(i-10)*time.Minute), 10)
	}
	shot("shop_pay", now, 10) // another check, though it is written alike
	if list := kept(); len(list) != shotsOfCheck+2 {
		t.Errorf("kept %q", list)
	}
	if _, err := os.Stat(filepath.Join(root, first)); err == nil {
		t.Error("the sixth of a check is kept")
	}

	// The bound of all: the oldest go.
	for i := range 3 {
		shot(fmt.Sprint("large", i), now.Add(time.Duration(i+1)*time.Minute), shotsBytes/2)
	}
	if list := kept(); len(list) != 3 || !strings.Contains(strings.Join(list, " "), "large1") || !strings.Contains(strings.Join(list, " "), "large2") {
		t.Errorf("within the bound are %q", list)
	}

	// What is too old goes at a start, also of checks that there are no more.
	if err := os.RemoveAll(filepath.Join(root, "screenshots")); err != nil {
		t.Fatal(err)
	}
	s.sweep() // nothing there
	young := shot("young", now.Add(time.Hour-shotsAge), 10)
	shot("old", now.Add(-time.Minute-shotsAge), 10)
	s.sweep()
	if list := kept(); len(list) != 1 || list[0] != filepath.Join(root, young) {
		t.Errorf("young are %q", list)
	}

	// One that cannot be kept is said, and the result goes on without.
	broken := newScreenshots(filepath.Join(root, young), "screenshots")
	r := checks.Result{Check: "a", Started: now, Evidence: &checks.Evidence{Picture: []byte("a")}}
	if err := broken.keep(&r); err == nil || r.Evidence.Picture != nil || r.Evidence.Screenshot != "" {
		t.Errorf("got %v, %+v", err, r.Evidence)
	}
}
