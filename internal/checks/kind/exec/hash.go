package exec

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/statusbot/statusbot/internal/lazy"
)

// scriptMax is the size, in bytes, up to which a script is hashed. A plugin
// of Go or Rust has some 10 MB; what is larger would hold up a start.
const scriptMax = 64 << 20

// interpreters match programs whose first argument that is a file is the
// script.
var interpreters = lazy.Compile(`^(ba|da|z|k|mk|a|fi)?sh$|^(python|pypy|perl|ruby|php|node|deno|bun|lua|tclsh|pwsh|awk|gawk|mawk|Rscript|java|env|busybox|nice|timeout|sudo)[0-9.]*$`)

// scriptFile returns the file that says what a check of kind exec does: the
// program, or what an interpreter is given to read. Empty if there is none.
func scriptFile(program string, args []string, dir string) string {
	if interpreters.MatchString(filepath.Base(program)) {
		for _, a := range args {
			if !filepath.IsAbs(a) {
				a = filepath.Join(dir, a)
			}
			if info, err := os.Stat(a); err == nil && info.Mode().IsRegular() {
				return a
			}
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return ""
	}
	return path
}

// scriptHashes are known for all checks together, since many share a plugin.
// There are as many as scripts in the configuration.
var scriptHashes hashes

// hashes are the SHA-256 of files.
type hashes struct {
	mu   sync.Mutex
	seen map[string]hashed // guarded by mu; :: path -> what it held
}

type hashed struct {
	info os.FileInfo
	sum  string // hex; empty if the file could not be read or is too long
}

// of returns a file's SHA-256, in hex, reading it only if it is another file
// than before by inode, size or time of change. Empty if there is none.
func (h *hashes) of(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	h.mu.Lock()
	known, ok := h.seen[path]
	h.mu.Unlock()
	if ok && os.SameFile(known.info, info) && known.info.Size() == info.Size() && known.info.ModTime().Equal(info.ModTime()) {
		return known.sum
	}
	now := hashed{info: info, sum: sumOf(path)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil {
		h.seen = map[string]hashed{}
	}
	h.seen[path] = now
	return now.sum
}

func sumOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return "" // a program that may be run and not read
	}
	defer f.Close()
	sum := sha256.New()
	if n, err := io.Copy(sum, io.LimitReader(f, scriptMax+1)); err != nil || n > scriptMax {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}
