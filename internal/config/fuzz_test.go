package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad: whatever a file holds, Load gives a configuration or problems,
// each with a file and a message, and never both.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/good/*.yaml", "../../config.example.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: no seeds: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add([]byte("a: &a [*a]\nslack: *a"))
	f.Add([]byte("<<: &a {<<: *a}"))
	f.Add([]byte("checks: &a [*a, {http: *a, kind: http, http: {headers: *a, status: [*a]}}]"))
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(folder, "config.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load(path, nil)
		if err == nil {
			if cfg == nil || cfg.Timezone == nil {
				t.Fatal("neither a configuration nor an error")
			}
			return
		}
		var problems Problems
		if cfg != nil || !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("got %v with %T", cfg, err)
		}
		for _, p := range problems {
			if p.File == "" || p.Message == "" || p.Line < 0 {
				t.Errorf("a problem without a place or a message: %+v", p)
			}
		}
	})
}
