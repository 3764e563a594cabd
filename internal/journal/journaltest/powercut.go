package journaltest

import (
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Disk is a directory of which is known what was written when, and what of it was synced. It makes the states that a power
// cut may leave, by what Linux promises of a file system:
//
//   - fsync and fdatasync put all of a file on the disk that was written before; a write to a file that was opened with
//     O_SYNC, that write alone;
//   - of all else any part may be there, in any order, of each write any sectors of 512 bytes;
//   - a rename is whole or not there. Which names are there says [Names].
type Disk struct {
	root    *node
	dir     string
	fds     map[int64]*handle
	entries []*entry
	now     int // line of the trace
	said    []said
	synced  []int
}

// Names says which names are on the disk.
type Names int

const (
	// InOrder is as ext4, xfs and btrfs do it: names change on the disk in the order in which they were changed, and the
	// sync of a file or a directory brings all changes before its own last one.
	InOrder Names = iota
	// Strict is the worst that is allowed: each name by itself, and only the sync of its directory, or of the file that
	// was made under it, holds it.
	Strict
)

// Loss says what becomes of what was not synced.
type Loss int

// All of it is lost, none of it (as by kill -9), or some.
const (
	All Loss = iota
	None
	Some
)

const (
	sector = 512
	never  = math.MaxInt
)

type node struct {
	names   map[string]*node // of a directory, as the process sees it; nil: a file
	parent  *node            // where a directory was made
	size    int64            // of a file, as the process sees it
	changes []*change        // of a file
	touched int              // line of the last change that the file system's own records are about
}

type change struct {
	at         int64
	data       []byte
	cut        bool // the file ends at at
	begun, end int
	durable    int // line from which on it is on the disk
}

// entry is a change of names: one goes, one comes, or both.
type entry struct {
	from, to   *node // directories, or nil
	was, is    string
	node       *node // what comes
	begun, end int
	durable    [2]int // :: Names -> line from which on it is on the disk
}

type handle struct {
	node           *node
	at             int64
	append, direct bool
}

type said struct {
	line int
	text string
}

func newDisk(dir string) (*Disk, error) {
	d := &Disk{dir: dir, fds: map[int64]*handle{}, root: &node{names: map[string]*node{}}}
	return d, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		parent, base := d.at(here, path)
		n := &node{}
		if e.IsDir() {
			n.names, n.parent = map[string]*node{}, parent
		} else {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			n.change(&change{data: data})
		}
		d.enter(&entry{to: parent, is: base, node: n})
		return nil
	})
}

// here is a path's directory where the path is absolute.
const here = "AT_FDCWD"

// at finds the directory of a path, and the name in it; nil: elsewhere.
func (d *Disk) at(fd, path string) (parent *node, base string) {
	parent = d.root
	if fd == here {
		rel, err := filepath.Rel(d.dir, path)
		if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			return nil, ""
		}
		path = rel
	} else if f := d.fds[number(fd)]; f != nil {
		parent = f.node
	} else {
		return nil, ""
	}
	parts := strings.Split(path, "/")
	for _, part := range parts[:len(parts)-1] {
		if parent = parent.names[part]; parent == nil {
			return nil, ""
		}
	}
	return parent, parts[len(parts)-1]
}

// enter changes names.
func (d *Disk) enter(e *entry) {
	e.durable = [2]int{never, never}
	if e.end == 0 {
		e.durable = [2]int{}
	}
	e.do(func(n *node) map[string]*node { return n.names })
	for _, n := range []*node{e.from, e.to, e.node} {
		if n != nil {
			n.touched = e.end
		}
	}
	d.entries = append(d.entries, e)
}

// do changes the names of one state. What is not there does not go, and does not come elsewhere.
func (e *entry) do(names func(*node) map[string]*node) {
	if e.from != nil {
		was := names(e.from)
		if e.node != nil && was[e.was] != e.node {
			return
		}
		delete(was, e.was)
	}
	if e.to != nil {
		names(e.to)[e.is] = e.node
	}
}

// change changes a file.
func (n *node) change(c *change) {
	if c.durable = never; c.end == 0 {
		c.durable = 0
	}
	if end := c.at + int64(len(c.data)); c.cut || end > n.size {
		n.size, n.touched = end, c.end
	}
	n.changes = append(n.changes, c)
}

// sync puts on the disk what was done to a file or a directory before, or one write to a file.
func (d *Disk) sync(n *node, begun, end int, one *change) {
	d.synced = append(d.synced, end)
	for _, c := range n.changes {
		if c.durable == never && (c == one || one == nil && c.end < begun) {
			c.durable = end
		}
	}
	above := map[*node]bool{} // directories that a new file's sync brings with it
	for dir := d.dirOf(n); dir != nil; dir = dir.parent {
		above[dir] = true
	}
	for _, e := range d.entries {
		if e.end >= begun && one == nil {
			break
		}
		if e.end <= n.touched {
			e.durable[InOrder] = min(e.durable[InOrder], end)
		}
		if made := e.from == nil && (e.node == n || above[e.node]); made || n.names != nil && (e.from == n || e.to == n) {
			e.durable[Strict] = min(e.durable[Strict], end)
		}
	}
}

// dirOf is where a file was made, or the directory itself.
func (d *Disk) dirOf(n *node) *node {
	if n.names != nil {
		return n
	}
	for _, e := range d.entries {
		if e.node == n && e.from == nil {
			return e.to
		}
	}
	return nil
}

func (d *Disk) say(arg string) {
	for line := range strings.Lines(string(text(arg))) {
		d.said = append(d.said, said{d.now, strings.TrimSuffix(line, "\n")})
	}
}

// Moments are those at which something came to be on the disk or was said, in order: between them nothing changes that was promised.
func (d *Disk) Moments() []int {
	list := slices.Clone(d.synced)
	for _, s := range d.said {
		list = append(list, s.line)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Said are the lines that the process had written to its standard output by then.
func (d *Disk) Said(moment int) (lines []string) {
	for _, s := range d.said {
		if s.line <= moment {
			lines = append(lines, s.text)
		}
	}
	return lines
}

// Cut writes what a power cut may leave at a moment to a new directory.
func (d *Disk) Cut(moment int, names Names, loss Loss, random *rand.Rand, dir string) error {
	state := map[*node]map[string]*node{}
	of := func(n *node) map[string]*node {
		if state[n] == nil {
			state[n] = map[string]*node{}
		}
		return state[n]
	}
	chosen := d.chosen(names, moment, loss, random)
	for i, e := range d.entries {
		if e.begun <= moment && chosen(i) {
			e.do(of)
		}
	}
	return d.lay(d.root, of, dir, func(c *change) (whole, part bool) {
		switch {
		case c.begun > moment:
			return false, false
		case c.durable <= moment || loss == None:
			return true, true
		}
		return false, loss == Some
	}, random)
}

// chosen says which changes of names are in a state.
func (d *Disk) chosen(names Names, moment int, loss Loss, random *rand.Rand) func(i int) bool {
	if loss == None {
		return func(int) bool { return true }
	}
	held := func(i int) bool { return d.entries[i].durable[names] <= moment }
	if names == Strict {
		return func(i int) bool { return held(i) || loss == Some && random.IntN(2) == 0 }
	}
	first, last := 0, 0 // behind those that are held, and behind all
	for i, e := range d.entries {
		if held(i) {
			first = i + 1
		}
		if e.begun <= moment {
			last = i + 1
		}
	}
	if loss == Some {
		first += random.IntN(max(last-first, 0) + 1)
	}
	return func(i int) bool { return i < first }
}

// lay writes a directory of a state.
func (d *Disk) lay(n *node, of func(*node) map[string]*node, dir string, keeps func(*change) (whole, part bool), random *rand.Rand) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	names := of(n)
	for _, name := range sorted(names) {
		child, path := names[name], filepath.Join(dir, name)
		var err error
		if child.names != nil {
			err = d.lay(child, of, path, keeps, random)
		} else {
			err = os.WriteFile(path, child.content(keeps, random), 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sorted(names map[string]*node) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// content is a file in a state.
func (n *node) content(keeps func(*change) (whole, part bool), random *rand.Rand) []byte {
	var data []byte
	grow := func(to int64) {
		if more := to - int64(len(data)); more > 0 {
			data = append(data, make([]byte, more)...)
		}
	}
	for _, c := range n.changes {
		whole, part := keeps(c)
		switch {
		case c.cut && (whole || part && random.IntN(2) == 0):
			grow(c.at)
			data = data[:c.at]
		case !c.cut && whole:
			grow(c.at + int64(len(c.data)))
			copy(data[c.at:], c.data)
		case !c.cut && part:
			share := []float64{0, 0.5, 0.9, 1}[random.IntN(4)]
			for from := int64(0); from < int64(len(c.data)); {
				to := min((c.at+from)/sector*sector+sector-c.at, int64(len(c.data)))
				if random.Float64() < share {
					grow(c.at + to)
					copy(data[c.at+from:], c.data[from:to])
				}
				from = to
			}
		}
	}
	return data
}
