package exec

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Find looks whether a check's script is there and may be run, and runs nothing. Its
// error is a sentence.
func Find(c checks.Check) error {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return err
	}
	p := &prober{program: o.Argv[0], dir: o.Dir}
	if p.dir == "" {
		p.dir = filepath.Dir(c.Source.File)
	}
	if strings.ContainsRune(p.program, '/') && !filepath.IsAbs(p.program) {
		p.program = filepath.Join(p.dir, p.program)
	}
	if _, err := exec.LookPath(p.program); err != nil {
		return errors.New(p.refused(err).Summary)
	}
	return nil
}
