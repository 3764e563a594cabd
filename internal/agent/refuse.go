package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
	execkind "github.com/statusbot/statusbot/internal/checks/kind/exec"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Script is a program that an agent may run.
type Script struct {
	Path   string // absolute
	SHA256 string // hex, of its content; empty: whatever it holds
}

// ReadScripts reads a list of scripts: on each line the path of one, and behind it, if
// it is to be that content alone, sha256:HEX.
func ReadScripts(path string) ([]Script, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the list of scripts: %w", err)
	}
	var list []Script
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s := Script{Path: line}
		if at := strings.LastIndex(line, " sha256:"); at >= 0 {
			s.Path, s.SHA256 = strings.TrimSpace(line[:at]), strings.ToLower(strings.TrimSpace(line[at+len(" sha256:"):]))
			if b, err := hex.DecodeString(s.SHA256); err != nil || len(b) != sha256.Size {
				return nil, fmt.Errorf("%s:%d: %q is no SHA-256: write 64 hex digits, as sha256sum prints them", path, i+1, s.SHA256)
			}
		}
		if !filepath.IsAbs(s.Path) {
			return nil, fmt.Errorf("%s:%d: %q is not an absolute path", path, i+1, s.Path)
		}
		s.Path = filepath.Clean(s.Path)
		list = append(list, s)
	}
	return list, nil
}

// unfit is why a check of which no more is known cannot be run.
type unfit string

// refuses says why an agent does not run a check; empty when it does. It does what
// whoever leads the bot could do over the network, and nothing on its own machine
// but the scripts of its own list.
func (a *Agent) refuses(c *checks.Check) string {
	switch o := c.Options.(type) {
	case unfit:
		return string(o)
	case *execkind.Options:
		_, err := a.allowed(o)
		if err != nil {
			return err.Error()
		}
		return ""
	}
	kind, _ := kinds.Lookup(c.Kind)
	return probe.NotElsewhere(kind, c.Options)
}

// allowed returns the script of its list that a check runs.
func (a *Agent) allowed(o *execkind.Options) (Script, error) {
	switch {
	case len(o.Argv) == 0:
		return Script{}, errors.New("it names no script")
	case len(o.Env) > 0:
		return Script{}, errors.New("an agent sets no env for a script; give it arguments, or a file on the agent's machine")
	case o.RunAs != "":
		return Script{}, errors.New("an agent runs scripts as its own user, without run_as")
	}
	path := o.Argv[0]
	switch {
	case !strings.ContainsRune(path, filepath.Separator):
		found, err := exec.LookPath(path)
		if err != nil {
			return Script{}, fmt.Errorf("the agent's machine has no %s", clip(path, 100))
		}
		path = found
	case !filepath.IsAbs(path):
		path = filepath.Join(o.Dir, path)
	}
	path = filepath.Clean(path)
	for _, s := range a.cfg.Scripts {
		if s.Path == path {
			return s, nil
		}
	}
	return Script{}, fmt.Errorf("the agent's own list does not have %s", clip(path, 200))
}

// compile makes a check ready to run. One that is refused is probed as well: it says
// each time that it is not known how things are, and why.
func (a *Agent) compile(c *checks.Check) (*probe.Compiled, error) {
	if why := a.refuses(c); why != "" {
		return refusal(c, why), nil
	}
	o, is := c.Options.(*execkind.Options)
	if !is {
		compiled, err := a.cfg.Compile(c)
		if err != nil {
			return refusal(c, err.Error()), nil
		}
		return compiled, nil
	}
	script, err := a.allowed(o)
	if err != nil {
		return refusal(c, err.Error()), nil // unreachable: refuses asked the same
	}
	own := *o
	own.Argv = append([]string{script.Path}, o.Argv[1:]...)
	own.Dir = filepath.Dir(script.Path)
	one := *c
	one.Options, one.MustFail = &own, false // turned round below
	compiled, err := a.cfg.Compile(&one)
	if err != nil {
		return refusal(c, err.Error()), nil
	}
	return probe.NewCompiled(c, &execkind.Kind, func(ctx context.Context) checks.Result {
		if why := changed(script); why != "" {
			return probe.Internal(why)
		}
		r, ok := compiled.Run(ctx)
		if !ok {
			return probe.Internal("cut off") // which is not used: ctx has ended
		}
		return r
	}), nil
}

func refusal(c *checks.Check, why string) *probe.Compiled {
	return probe.NewCompiled(c, &probe.Kind{Name: c.Kind, Cost: probe.NetworkCost}, func(context.Context) checks.Result {
		return probe.Internal("not probed: " + why)
	})
}

// changed says that a script is not the one that the list names; empty when it is.
func changed(s Script) string {
	if s.SHA256 == "" {
		return ""
	}
	data, err := os.ReadFile(s.Path)
	if err != nil {
		return "not probed: the script cannot be read"
	}
	want, _ := hex.DecodeString(s.SHA256)
	if sum := sha256.Sum256(data); !bytes.Equal(sum[:], want) {
		return "not probed: the script is not the one whose SHA-256 the agent's list has"
	}
	return ""
}
