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
// returns: it survives the death of the process, not of the machine.
type store struct{ f *os.File }

func (st *store) append(e entry) error {
	if st == nil {
		return nil
	}
	line := append(mustJSON(e), '\n')
	if _, err := st.f.Write(line); err != nil {
		return fmt.Errorf("write %s: %w", storeName, err)
	}
	return nil
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
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the sandbox directory: %w", err)
	}
	path := filepath.Join(dir, storeName)
	if err := s.read(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read %s: %w", path, err)
	}
	f, err := s.rewrite(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	s.store = &store{f}
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

func (s *state) rewrite(path string) (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriter(f) // keeps its first error for Flush
	for _, c := range s.channels {
		d := c.describe()
		_, _ = w.Write(append(mustJSON(entry{Channel: &d}), '\n'))
		for _, m := range c.msgs {
			_, _ = w.Write(append(mustJSON(entry{In: c.ID, Message: m}), '\n'))
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
	return f, nil
}
