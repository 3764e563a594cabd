package probe

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

type fileOptions struct {
	PasswordFile string
	Dir          string
	URL          string
}

func TestSecretsOfFilesAndOfTheEnvironmentStayInside(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "p"), []byte("from-the-file\n"), 0o600))
	said := ""
	kind := &Kind{Name: "it", Build: func(checks.Check) (Probe, error) {
		return func(context.Context) checks.Result {
			return checks.Result{Outcome: checks.Pass, Summary: said, Evidence: &checks.Evidence{Output: said, RequestID: said}}
		}, nil
	}}
	c, err := Compile(kind, &checks.Check{ID: "it", Every: time.Second, Timeout: time.Second, Secrets: []string{"pin4", "a/path&more"},
		Options: &fileOptions{PasswordFile: "p", Dir: dir, URL: "https://x.example/pin4"}})
	must(t, err)
	for _, said = range []string{
		"it is from-the-file", "GET /pin4 failed", "a%2Fpath%26more", "a%2fpath%26more", `{"x":"a/path\u0026more"}`, "YS9wYXRoJm1vcmU=", "YS9wYXRoJm1vcmU",
		strings.Repeat("x", 195) + "from-the-file", "PASS ghp_abcdefghijklmnop1234",
	} {
		r, _ := c.Run(t.Context())
		for _, text := range []string{r.Summary, r.Evidence.Output, r.Evidence.RequestID} {
			for _, part := range []string{"from", "pin4", "path", "YS9w", "ghp_"} {
				if strings.Contains(text, part) {
					t.Errorf("%q is in %q", part, text)
				}
			}
		}
	}
}

// A file that was replaced while a probe was under way hides what it held before
// as well, and checks that name one file hold what is in it once.
func TestASecretFileThatIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	must(t, os.WriteFile(path, []byte("first-password"), 0o600))
	f := secretsOf(path)
	if secretsOf(path) != f {
		t.Error("the same file is held twice")
	}
	f.secrets()
	must(t, os.WriteFile(path+".new", []byte("other-password!"), 0o600))
	must(t, os.Rename(path+".new", path))
	for _, want := range []string{"first-password", "other-password!"} {
		if !slices.Contains(f.secrets(), want) {
			t.Errorf("%q is not known", want)
		}
	}
	must(t, os.Remove(path))
	if !slices.Contains(f.secrets(), "other-password!") {
		t.Error("what was read is forgotten with the file")
	}
}
