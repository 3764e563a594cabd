package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// storeName is the one file in Config.Dir.
const storeName = "workspace.jsonl"

// entry is one line of the file: a channel, or a message in a channel, as it
// is from then on. A later line about the same thing replaces an earlier one.
type entry struct {
	Channel *channel `json:"channel,omitempty"`
	In      string   `json:"in,omitempty"` // channel id
	Message *Message `json:"message,omitempty"`
}

// store appends to the file. Each line is handed to the kernel before append
// returns: it survives the death of the process, not of the machine. Once most
// of the file is of what was replaced, it is written anew.
type store struct {
	f     *os.File
	path  string
	begun int // lines when it was last written anew
	lines int
}

// storeSpare is how many lines the file may have beside four times those of what
// is kept: each edit of a message is one.
const storeSpare = 1000

func (st *store) append(e entry) error {
	if st == nil {
		return nil
	}
	line := append(mustJSON(e), '\n')
	if _, err := st.f.Write(line); err != nil {
		return fmt.Errorf("write %s: %w", storeName, err)
	}
	st.lines++
	return nil
}

// tidyLocked writes the file anew when it has grown. When it cannot, the file
// goes on as it is.
func (s *state) tidyLocked() {
	old := s.store
	if old == nil || old.lines <= storeSpare+4*old.begun {
		return
	}
	next, err := s.rewriteLocked(old.path)
	if err != nil {
		old.begun = old.lines // not at once again
		return
	}
	s.store = next
	_ = old.f.Close() // all of it is in the new one
}

func (st *store) close() error {
	if st == nil {
		return nil
	}
	return st.f.Close()
}

// load reads the file into s, cuts a torn last line, rewrites the file with
// one line for each thing that is still kept, and leaves it open for append.
func (s *state) load(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the sandbox directory: %w", err)
	}
	path := filepath.Join(dir, storeName)
	if err := s.read(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read %s: %w", path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.rewriteLocked(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	s.store = st
	return nil
}

func (s *state) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return nil // what has no end of line was torn and never answered for
		}
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil {
			if _, peek := r.Peek(1); peek == io.EOF {
				return nil
			}
			return fmt.Errorf("line %d: %w", n, err)
		}
		s.replay(e)
	}
}

func (s *state) replay(e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Channel != nil && e.Channel.ID != "" {
		s.adoptLocked(*e.Channel)
	}
	if c := s.findLocked(e.In); c != nil && e.Message != nil {
		c.insert(e.Message)
		if at, ok := parseTS(e.Message.TS); ok {
			s.lastTS = max(s.lastTS, at)
		}
	}
}

func (s *state) rewriteLocked(path string) (*store, error) {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	_ = f.Chmod(0o600)      // one that a crash left behind may be of another mode
	w := bufio.NewWriter(f) // keeps its first error for Flush
	lines := 0
	write := func(e entry) {
		_, _ = w.Write(append(mustJSON(e), '\n'))
		lines++
	}
	for _, c := range s.channels {
		d := c.describe()
		write(entry{Channel: &d})
		for _, m := range c.msgs {
			if !m.Ephemeral {
				write(entry{In: c.ID, Message: m})
			}
		}
	}
	err = w.Flush()
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &store{f: f, path: path, begun: lines, lines: lines}, nil
}
