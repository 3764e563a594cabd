package demo

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

//go:embed scripts/*.sh
var scriptFiles embed.FS

// writeScripts puts the company's scripts into dir, executable.
func writeScripts(dir string) error {
	names, err := fs.Glob(scriptFiles, "scripts/*.sh")
	if err != nil {
		return fmt.Errorf("list scripts: %w", err) // unreachable: the pattern is valid
	}
	for _, name := range names {
		text, err := scriptFiles.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read script: %w", err) // unreachable: it was listed
		}
		file := filepath.Join(dir, path.Base(name))
		if err := os.WriteFile(file, text, 0o755); err != nil {
			return fmt.Errorf("write script: %w", err)
		}
		if err := os.Chmod(file, 0o755); err != nil { // WriteFile keeps the mode of a file that was there
			return fmt.Errorf("make script executable: %w", err)
		}
	}
	return nil
}
