// Package exec is the kind of check that runs a script of the team's own, or any
// Nagios plugin.
package exec

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind exec.
//
// The script sees only PATH, HOME, LANG and TZ of the process's environment,
// Env and, on Linux, the mark by which what it leaves behind is found and ended.
// It runs in Dir, in a process group of its own, which a time-out kills as a
// whole, and so does the script's end if a process that it left behind still
// holds its output.
type Options struct {
	// Argv is the program and its arguments; no shell reads them. A program
	// with a slash is found from Dir, one without in PATH.
	Argv []string          `mapstructure:"argv"`
	Dir  string            `mapstructure:"dir"` // working folder; default the folder of the file that defines the check
	Env  map[string]string `mapstructure:"env"` // :: name -> value
	// Format is how to read the output: "nagios" (exit code and text, see
	// readNagios), "json" (see readJSON) or "auto", the default: JSON if the
	// output begins with a brace.
	Format string `mapstructure:"format"`
	// RunAs is the name or number of the user that the script runs as, for
	// which statusbot must be root; default the user that statusbot runs as.
	// HOME is that user's then.
	RunAs string `mapstructure:"run_as"`
	// MemoryMiB bounds the memory of each process of the script, see
	// boundMemory; 0 for 1,024.
	MemoryMiB int `mapstructure:"memory_mib"`

	// Stdin is what the script reads on its standard input; no configuration sets it. Empty:
	// it reads nothing.
	Stdin []byte `mapstructure:"-"`

	// Expressions of vocabulary, judged when the script itself says pass
	// or degraded.
	claim.Options `mapstructure:",squash"`
}

// Formats of a script's output.
const (
	FormatAuto   = "auto"
	FormatNagios = "nagios"
	FormatJSON   = "json"
)

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:      "exec",
	Summary:   "A script of the team's own, or any Nagios plugin, says that all is well.",
	Options:   func() any { return &Options{Format: FormatAuto} },
	Build:     build,
	Cost:      probe.ScriptCost,
	NotStrict: "runs no script",
	Example:   `{argv: [./queue_age.sh, --max-age, 15m]}`,
	Proven:    "Monitoring Plugins 2.3",
}

// outputGrace is how long a script's output may stay open after the script
// has ended. What it wrote itself is in the pipe by then; only a process that
// it left behind keeps the pipe open.
const outputGrace = 200 * time.Millisecond

// memoryMiB is the default of Options.MemoryMiB: a script that takes more
// has run away, and would take the machine along.
const memoryMiB = 1024

type prober struct {
	program string // absolute, or a name to look for in PATH
	args    []string
	dir     string
	env     []string
	format  string
	claims  *claim.Set
	timeout time.Duration
	user    *runAs // nil for our own
	memory  uint64 // bytes
	stdin   []byte
	script  string // file whose SHA-256 goes with the evidence; empty if none was there when the check was compiled
}

func build(c checks.Check) (probe.Probe, error) {
	p, err := newProber(c)
	if err != nil {
		return nil, err
	}
	return p.run, nil
}

func newProber(c checks.Check) (*prober, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	if len(o.Argv) == 0 || o.Argv[0] == "" {
		return nil, &probe.OptionError{Key: "argv", Problem: "is empty", Instead: "write a list, the program first: [./check_batch.sh, --max-age, 15m]"}
	}
	for i, arg := range o.Argv {
		if strings.ContainsRune(arg, 0) {
			return nil, &probe.OptionError{Key: fmt.Sprintf("argv[%d]", i), Problem: "has a NUL byte, which no program can be given"}
		}
	}
	p := &prober{program: o.Argv[0], args: o.Argv, format: o.Format, dir: o.Dir, timeout: c.Timeout, stdin: o.Stdin}
	switch p.format {
	case "":
		p.format = FormatAuto
	case FormatAuto, FormatNagios, FormatJSON:
	default:
		return nil, &probe.OptionError{Key: "format", Problem: "is not a format", Instead: "write auto, nagios or json"}
	}
	if p.dir == "" {
		p.dir = filepath.Dir(c.Source.File)
	}
	if p.dir, err = filepath.Abs(p.dir); err != nil {
		return nil, &probe.OptionError{Key: "dir", Problem: "cannot be made absolute", Instead: "write an absolute path"}
	}
	if strings.ContainsRune(p.program, '/') && !filepath.IsAbs(p.program) {
		p.program = filepath.Join(p.dir, p.program)
	}
	if p.user, err = newRunAs(o.RunAs); err != nil {
		return nil, err
	}
	switch {
	case o.MemoryMiB != 0 && memoryRefused != "":
		return nil, &probe.OptionError{Key: "memory_mib", Problem: memoryRefused, Instead: "leave it out: no bound is set here"}
	case o.MemoryMiB < 0 || o.MemoryMiB > 1<<20:
		return nil, &probe.OptionError{Key: "memory_mib", Problem: "is not between 1 and 1048576", Instead: "write for example 256"}
	case o.MemoryMiB == 0:
		p.memory = memoryMiB << 20
	default:
		p.memory = uint64(o.MemoryMiB) << 20
	}
	if p.env, err = p.scriptEnv(o.Env); err != nil {
		return nil, err
	}
	p.claims, err = vocabulary.Compile(o.Options)
	if err != nil {
		return nil, err
	}
	p.script = scriptFile(p.program, p.args[1:], p.dir)
	scriptHashes.of(p.script) // read now, so that a probe need not
	return p, nil
}

// scriptEnv makes the environment of a script.
func (p *prober) scriptEnv(own map[string]string) ([]string, error) {
	env := []string{}
	for _, name := range probe.Inherited {
		if _, ok := own[name]; ok {
			continue
		}
		if name == "HOME" && p.user != nil {
			env = append(env, "HOME="+p.user.home)
		} else if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	for name, value := range own {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			return nil, &probe.OptionError{Key: "env." + name, Problem: "is not a variable of an environment"}
		}
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env, nil
}

// finishedOf is how a script ended, and what it wrote.
func finishedOf(state *os.ProcessState, stdout, stderr *headWriter) finished {
	out := finished{
		started: true, code: state.ExitCode(), // -1 if a signal ended it
		stdout: string(probe.UTF8(stdout.head)), stderr: string(probe.UTF8(stderr.head)), truncated: stdout.dropped,
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		out.signal = status.Signal().String()
	}
	return out
}

func (p *prober) run(ctx context.Context) checks.Result {
	r, _ := p.try(ctx)
	return r
}

// try runs the script, and says what it left: nothing if it could not be started.
func (p *prober) try(ctx context.Context) (r checks.Result, out finished) {
	program, err := exec.LookPath(p.program)
	if err != nil {
		return p.refused(err), out
	}
	sum := p.hash()
	cmd := exec.CommandContext(ctx, program, p.args[1:]...)
	cmd.Args[0] = p.args[0]
	number, env := scripts.begin(p.env)
	defer func() { scripts.end(number, ctx.Err() != nil) }()
	cmd.Dir, cmd.Env = p.dir, env
	stdout, stderr := &headWriter{max: probe.ReadMax}, &headWriter{max: probe.OutputMax}
	written, err := attach(cmd, stdout, stderr)
	if err != nil {
		return p.refused(err), out
	}
	if len(p.stdin) > 0 {
		cmd.Stdin = bytes.NewReader(p.stdin)
	}
	probe.OwnGroup(cmd)
	if p.user != nil {
		p.user.become(cmd)
	}
	cmd.Cancel = func() error { return probe.KillGroup(cmd.Process.Pid) }
	cmd.WaitDelay = outputGrace

	started := time.Now()
	if err := cmd.Start(); err != nil {
		written.close()
		return p.refused(err), out
	}
	written.begin()
	boundMemory(cmd.Process.Pid, p.memory)
	err = cmd.Wait()
	held := written.finish()
	if held {
		// Somebody of the group holds the output, so its number is still ours.
		_ = probe.KillGroup(cmd.Process.Pid)
	}
	if cmd.ProcessState == nil {
		return p.refused(err), out // unreachable unless the system loses a child
	}
	out = finishedOf(cmd.ProcessState, stdout, stderr)
	out.held = held
	r = p.judged(ctx, out, started)
	if e := r.Evidence; e != nil {
		e.Script, e.ScriptSHA256, e.Status = p.program, sum, out.code
		e.Output = cmp.Or(e.Output, out.evidence())
	}
	return r, out
}

// judged is the result by what a script left and by the check's claims, with evidence unless it is a pass.
func (p *prober) judged(ctx context.Context, out finished, started time.Time) checks.Result {
	r := p.read(ctx, out)
	if p.claims != nil {
		seen := &seen{out: out, took: time.Since(started)}
		if r.Evidence != nil {
			seen.perf = r.Evidence.Perf
		}
		r = p.claims.Judged(ctx, r, seen)
	}
	if r.Outcome != checks.Pass && r.Evidence == nil {
		r.Evidence = &checks.Evidence{}
	}
	return r
}

// hash returns the SHA-256 of the script as it is now; one that was not there
// when the check was compiled is looked for again.
func (p *prober) hash() string {
	script := p.script
	if script == "" {
		script = scriptFile(p.program, p.args[1:], p.dir)
	}
	return scriptHashes.of(script)
}

// finished is what a script left when it ended.
type finished struct {
	code      int
	signal    string // name of the signal that ended it
	stdout    string // first 64 KiB
	stderr    string // first KiB
	truncated bool   // there was more on stdout
	started   bool   // it ran at all
	held      bool   // what it left behind held its output open
}

// evidence is what the script wrote, for a person who doubts the result.
func (f finished) evidence() string {
	if strings.TrimSpace(f.stdout) == "" {
		return f.stderr
	}
	return f.stdout[:min(len(f.stdout), 2*probe.OutputMax)]
}

// read turns what a script left into a result.
func (p *prober) read(ctx context.Context, f finished) checks.Result {
	if ctx.Err() != nil && f.signal != "" {
		return checks.Result{
			Outcome: checks.Fail, Reason: checks.ReasonTimeout,
			Summary: "time-out after " + probe.Span(p.timeout) + " while the script ran",
		}
	}
	if f.signal != "" {
		return probe.Internal("the script " + filepath.Base(p.program) + " was ended by a signal: " + f.signal)
	}
	asJSON := p.format == FormatJSON
	if p.format == FormatAuto {
		asJSON = beginsJSON(f.stdout)
	}
	if asJSON {
		return readJSON(f)
	}
	if p.format == FormatAuto && f.code == 0 && hidesJSON(f.stdout) {
		return probe.Internal("the script writes something before its JSON, which so is not read: send that to standard error: " + firstLine(f.stdout))
	}
	r := readNagios(f)
	if f.code == 127 && crlf(p.program) { // of env, which looks for the interpreter
		r.Summary = "the script " + p.program + " is not started by env: " + crlfCure
	}
	return r
}

// crlfCure is what to do with a script that was written on Windows.
const crlfCure = "its lines end as Windows writes them; sed -i 's/\\r$//' would mend it"

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// refused is the result of a script that could not be started. It names the
// file: whoever reads it must find it.
func (p *prober) refused(err error) checks.Result {
	problem := "cannot be started"
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		problem = "does not exist"
		if _, statErr := os.Stat(p.dir); statErr != nil {
			problem = "cannot run in " + p.dir + ", which does not exist"
		} else if _, statErr := os.Stat(p.program); statErr == nil {
			problem = "names an interpreter that does not exist"
			if crlf(p.program) {
				problem += ": " + crlfCure
			}
		}
	case isFolder(p.program):
		problem = "is a folder; name the program in it"
	case errors.Is(err, fs.ErrPermission):
		problem = "may not be executed; chmod +x would allow it"
		if p.user != nil {
			problem = "may not be executed by " + p.user.name + ", or " + p.dir + " not entered"
		}
	case errors.Is(err, syscall.ENOEXEC):
		problem = "is not a program; a script begins with #! and its interpreter"
	case errors.Is(err, syscall.ETXTBSY):
		problem = "is being written just now"
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EMFILE):
		problem = "cannot be started: this machine has too little left"
	}
	r := probe.Internal("the script " + p.program + " " + problem)
	r.Evidence = &checks.Evidence{Script: p.program}
	return r
}

// copyBuffers are for reading what scripts write.
var copyBuffers = sync.Pool{New: func() any { return new([4 << 10]byte) }}

// ReadFrom reads to the end, for io.Copy, which would make a buffer of 32 KiB
// for it.
func (w *headWriter) ReadFrom(r io.Reader) (n int64, err error) {
	b := copyBuffers.Get().(*[4 << 10]byte)
	defer copyBuffers.Put(b)
	for {
		got, err := r.Read(b[:])
		_, _ = w.Write(b[:got]) // has no error to give
		n += int64(got)
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		}
	}
}

// headWriter keeps the first bytes written and drops the rest, so that a
// script is never blocked by a full pipe.
type headWriter struct {
	head    []byte
	max     int
	dropped bool
}

func (w *headWriter) Write(b []byte) (int, error) {
	room := min(len(b), w.max-len(w.head))
	w.head = append(w.head, b[:room]...)
	w.dropped = w.dropped || room < len(b)
	return len(b), nil
}
