package journaltest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
)

// traced are the system calls by which files and directories change, are synced, or come to have another position.
const traced = "openat,creat,read,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate,copy_file_range,sendfile,splice," +
	"fsync,fdatasync,sync,syncfs,sync_file_range,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,close,lseek,dup,dup2,dup3"

// Record runs a command to its end and watches, by strace, what it does below a directory. What is there before is taken to
// be on the disk. Where strace is missing or may not watch, the test is skipped.
func Record(t testing.TB, dir string, cmd *exec.Cmd) *Disk {
	t.Helper()
	strace := longtest.Command(t, "strace", "strace")
	log := filepath.Join(t.TempDir(), "strace")
	args := []string{strace, "-f", "-qq", "--seccomp-bpf", "-xx", "-s", "33554432", "-e", "signal=none", "-e", "trace=" + traced, "-o", log}
	cmd.Args = append(append(args, cmd.Path), cmd.Args[1:]...)
	cmd.Path = strace
	d, err := newDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Run(); err != nil {
		t.Fatalf("the process that was watched: %v", err)
	}
	file, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := d.replay(file); err != nil {
		t.Fatal(err)
	}
	return d
}

// call is one system call of a trace.
type call struct {
	name       string
	args       []string
	result     int64
	begun, end int // lines of the trace
}

// replay does to the model what a trace says was done to the files.
func (d *Disk) replay(trace *os.File) error {
	type half struct {
		text  string
		begun int
	}
	halves := map[string]half{} // :: thread -> the call that it is in
	in := bufio.NewReaderSize(trace, 1<<20)
	for {
		line, err := in.ReadString('\n')
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		d.now++
		thread, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		rest = strings.TrimLeft(rest, " ")
		c := call{begun: d.now, end: d.now}
		if text, is := strings.CutSuffix(rest, " <unfinished ...>"); is {
			halves[thread] = half{text, d.now}
			if strings.HasPrefix(text, "write(1, ") { // whoever reads it may act on it before the call returns
				d.say(strings.Split(text, ", ")[1])
			}
			continue
		}
		if strings.HasPrefix(rest, "<... ") {
			_, rest, _ = strings.Cut(rest, " resumed>")
			c.begun = halves[thread].begun
			rest = halves[thread].text + rest
			delete(halves, thread)
		}
		if !c.parse(rest) {
			continue // the end of a thread
		}
		if err := d.apply(c); err != nil {
			return fmt.Errorf("line %d of the trace, %.200s: %w", d.now, rest, err)
		}
	}
}

func (c *call) parse(text string) bool {
	open := strings.IndexByte(text, '(')
	end := strings.LastIndex(text, ") = ")
	if open < 0 || end < open {
		end = strings.LastIndex(text, ")")
		if eq := strings.LastIndex(text, "= "); open < 0 || end < open || eq < end {
			return false
		}
	}
	_, result, _ := strings.Cut(text[end:], "= ")
	result, _, _ = strings.Cut(result, " ")
	n, err := strconv.ParseInt(result, 0, 64)
	if err != nil {
		return false
	}
	c.name, c.result = text[:open], n
	c.args = strings.Split(text[open+1:end], ", ")
	return true
}

// text is the string of an argument, which is in hexadecimal.
func text(arg string) []byte {
	arg = strings.Trim(arg, `"`)
	out := make([]byte, 0, len(arg)/4)
	for i := 0; i+3 < len(arg); i += 4 {
		out = append(out, nibble(arg[i+2])<<4|nibble(arg[i+3]))
	}
	return out
}

func nibble(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

func number(arg string) int64 {
	n, _ := strconv.ParseInt(arg, 0, 64) // -1 and the like never matter
	return n
}

// apply does one call to the model.
func (d *Disk) apply(c call) error {
	if c.result < 0 {
		return nil
	}
	f := d.fds[number(c.args[0])]
	switch c.name {
	case "openat":
		return d.open(c)
	case "write", "pwrite64":
		d.written(c, f)
	case "mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir":
		return d.renamed(c)
	case "close":
		delete(d.fds, number(c.args[0]))
	case "read", "lseek", "ftruncate", "fsync", "fdatasync":
		if f != nil {
			f.apply(d, c)
		}
	default:
		about := func(arg string) bool {
			at, _ := d.at(here, string(text(arg)))
			return arg != "" && arg[0] == '"' && at != nil
		}
		if f != nil || c.name == "sync" || slices.ContainsFunc(c.args, about) {
			return fmt.Errorf("the model does not know %s", c.name)
		}
	}
	return nil
}

func (f *handle) apply(d *Disk, c call) {
	switch c.name {
	case "read":
		f.at += c.result
	case "lseek":
		f.at = c.result
	case "ftruncate":
		f.node.change(&change{cut: true, at: number(c.args[1]), begun: c.begun, end: c.end})
	default:
		d.sync(f.node, c.begun, c.end, nil)
	}
}

func (d *Disk) written(c call, f *handle) {
	if c.args[0] == "1" && c.begun == c.end {
		d.say(c.args[1])
	}
	if f == nil {
		return
	}
	w := &change{at: f.at, data: text(c.args[1])[:c.result], begun: c.begun, end: c.end}
	switch {
	case c.name == "pwrite64":
		w.at = number(c.args[3])
	case f.append:
		w.at = f.node.size
	}
	if c.name == "write" {
		f.at = w.at + c.result
	}
	f.node.change(w)
	if f.direct {
		d.sync(f.node, c.begun, c.end, w)
	}
}

func (d *Disk) open(c call) error {
	has := func(flag string) bool { return slices.Contains(strings.Split(c.args[2], "|"), flag) }
	parent, base := d.at(c.args[0], string(text(c.args[1])))
	if parent == nil {
		return nil // it is elsewhere
	}
	n := parent
	if base != "." {
		n = parent.names[base]
	}
	switch {
	case n == nil && has("O_CREAT"):
		n = &node{}
		d.enter(&entry{to: parent, is: base, node: n, begun: c.begun, end: c.end})
	case n == nil:
		return fmt.Errorf("%s is not in the model", base)
	case has("O_TRUNC") && n.size > 0:
		n.change(&change{cut: true, begun: c.begun, end: c.end})
	}
	d.fds[c.result] = &handle{node: n, append: has("O_APPEND"), direct: has("O_SYNC") || has("O_DSYNC")}
	return nil
}

// renamed does what changes names.
func (d *Disk) renamed(c call) error {
	args := c.args
	switch c.name {
	case "mkdir", "unlink", "rmdir":
		args = append([]string{here}, args...)
	case "rename":
		args = []string{here, args[0], here, args[1]}
	}
	e := &entry{begun: c.begun, end: c.end}
	at, base := d.at(args[0], string(text(args[1])))
	switch {
	case strings.HasPrefix(c.name, "mkdir"):
		e.to, e.is, e.node = at, base, &node{names: map[string]*node{}, parent: at}
	case strings.HasPrefix(c.name, "rename"):
		if e.to, e.is = d.at(args[2], string(text(args[3]))); (e.to == nil) != (at == nil) {
			return errors.New("a rename from or to elsewhere")
		}
		if e.from, e.was = at, base; at != nil {
			e.node = at.names[base]
		}
	default:
		e.from, e.was = at, base
	}
	if at != nil {
		d.enter(e)
	}
	return nil
}
