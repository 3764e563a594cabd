package journal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// The members of a cluster are each other's copies, and nats-server does not notice a copy that stays behind for good, or
// has become another one. So each member reads the events in its own files, as far as they have grown, and sums them up;
// now and then the sums are compared.
const (
	// sumsKept is of how many of the newest events a member knows the sum up to them: who is further behind is told to be.
	sumsKept = 4096
	agreeAsk = 2 * time.Second
	// readAnew is how often a member reads its own files from the beginning: what is damaged after it was read shows then.
	readAnew = time.Hour
)

// copySums is what a member has of the events in its own files. Methods may be called at once.
type copySums struct {
	stream string
	dir    string // of its files

	mu      sync.Mutex
	block   string            // guarded by mu; file that is read
	at      int64             // guarded by mu; where in it
	stuck   int64             // guarded by mu; where in it the look before found no event that is whole; -1: it did not
	last    uint64            // guarded by mu; sequence of the newest event that was read
	sum     [32]byte          // guarded by mu; of all events up to it
	sums    map[uint64]string // guarded by mu; :: sequence -> sum up to it, of the newest
	damaged bool              // guarded by mu; what follows is not as it was written
	begun   time.Time         // guarded by mu; when the files began to be read
}

func (c *copySums) reset() {
	c.block, c.at, c.stuck, c.last, c.sum, c.sums, c.damaged = "", 0, -1, 0, [32]byte{}, map[uint64]string{}, false
	c.begun = time.Now()
}

// look reads what has come, and returns what there is.
func (c *copySums) look(at uint64) copyState {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.begun) >= readAnew && !c.damaged {
		c.reset()
	}
	err := c.read()
	if err != nil { // a file is gone, or was written anew
		c.reset()
		err = c.read()
	}
	if err != nil {
		c.reset()
		return copyState{Unread: true}
	}
	return copyState{Last: c.last, Damaged: c.damaged, Sum: c.sums[at]}
}

func (c *copySums) read() error {
	names, err := blockFiles(c.dir)
	if err != nil {
		return err
	}
	if c.sums == nil || c.block != "" && !slices.Contains(names, c.block) {
		c.reset()
	}
	for i, name := range names {
		if c.block != "" && i < slices.Index(names, c.block) {
			continue
		}
		if name != c.block {
			c.block, c.at, c.stuck = name, 0, -1
		}
		whole, err := c.readBlock()
		if err != nil {
			return err
		}
		if !whole && i < len(names)-1 { // nobody writes there any more
			c.damaged = true
		}
		if c.damaged {
			return nil
		}
	}
	return nil
}

// errAnew is that a file was written anew, so that all are read anew.
var errAnew = errors.New("it is shorter than it was")

// readBlock reads on in one file; whole is false when it does not end with an event. Twice at the same place that is damage:
// what is being written is there in milliseconds.
func (c *copySums) readBlock() (whole bool, err error) {
	file, err := os.Open(filepath.Join(c.dir, c.block))
	if err != nil {
		return false, err
	}
	defer file.Close() // it is only read
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	if info.Size() < c.at { // it was written anew
		return false, errAnew
	}
	if _, err := file.Seek(c.at, io.SeekStart); err != nil {
		return false, err
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return false, err
	}
	r, err := newRecords(c.stream, c.block)
	if err != nil {
		return false, err
	}
	for len(data) > 0 {
		n, m := r.message(data)
		if n == 0 {
			c.damaged = c.stuck == c.at
			c.stuck = c.at
			return false, nil
		}
		c.add(m)
		c.at += int64(n)
		data = data[n:]
	}
	c.damaged, c.stuck = false, -1
	return true, nil
}

func (c *copySums) add(m message) {
	if m.seq <= c.last {
		return // no event, or one that was written once more
	}
	sum := sha256.New()
	sum.Write(c.sum[:])
	sum.Write(binary.BigEndian.AppendUint64(nil, m.seq))
	sum.Write([]byte(m.subject))
	sum.Write([]byte{0})
	sum.Write(m.data)
	sum.Sum(c.sum[:0])
	c.last = m.seq
	c.sums[m.seq] = hex.EncodeToString(c.sum[:8])
	delete(c.sums, m.seq-min(m.seq, sumsKept))
}

// copyState is what a member says of its copy of the events.
type copyState struct {
	Last    uint64 `json:"last"`          // sequence of the newest event in its files
	Unread  bool   `json:"unread"`        // its files cannot be read now
	Damaged bool   `json:"damaged"`       // what follows there is not as it was written
	Sum     string `json:"sum,omitempty"` // of the events up to the sequence that was asked for; empty: not known

	Clock time.Time `json:"clock,omitzero"`  // the member's, when it answered
	Basis string    `json:"basis,omitempty"` // Config.Basis; empty: it does not say
}

// Doubt is what is wrong with a member's copy of the events, with its clock, or with its configuration.
type Doubt struct {
	Member  string
	Damaged bool   // its files are
	Differs bool   // its events are others than those of the others
	Lacks   uint64 // how many events it lacks that were there at the comparison before; 0: none

	Ahead time.Duration // by how much its clock is ahead of the others'; negative: behind; 0: it is right

	Otherwise bool // its Config.Basis is not that of most
}

func (j *Journal) agreeSubject(member string) string {
	return j.cfg.Prefix + ".agree." + memberName(member)
}

// answerAgree has this member answer the others what its copy of the events is.
func (j *Journal) answerAgree() error {
	j.sums = &copySums{stream: j.eventsStream(), dir: filepath.Join(j.cfg.Dir, clusterDir, "jetstream", "$G", "streams", j.eventsStream(), "msgs")}
	_, err := j.nc.Subscribe(j.agreeSubject(j.cfg.Cluster.Self), func(m *nats.Msg) {
		var at uint64
		_ = json.Unmarshal(m.Data, &at) // else none is asked for
		is := j.copyOfEvents(at)
		is.Clock = j.cfg.now()
		said, _ := json.Marshal(is)
		_ = m.Respond(said) // who asks asks again
	})
	return err
}

// copyOfEvents is what this member says of its own copy.
func (j *Journal) copyOfEvents(at uint64) copyState {
	is := j.sums.look(at)
	if j.cfg.Basis != nil {
		is.Basis = j.cfg.Basis()
	}
	return is
}

// Agree compares the members' copies of the events, their clocks and what their figures are made of, and says what is wrong with them; a member that does not answer is not
// judged. It is to be called again and again, every minute or so: one that lacks what was there before is behind.
func (j *Journal) Agree(ctx context.Context) (doubts []Doubt) {
	if j.sums == nil {
		return nil
	}
	now, _ := j.copiesOfEvents(ctx, 0)
	if len(now) == 0 {
		return nil
	}
	common := ^uint64(0)
	for _, c := range now {
		common = min(common, c.Last)
	}
	sums, clocks := j.copiesOfEvents(ctx, common)
	newest := uint64(0)
	for _, c := range now {
		newest = max(newest, c.Last)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.doubts = doubtsOf(now, sums, clocks, j.agreed)
	j.agreed = newest
	j.clockOff = ownClockOff(clocks, j.cfg.Cluster.Self, j.clockOff)
	return j.doubts
}

// Doubts are what Agree said last.
func (j *Journal) Doubts() []Doubt {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.doubts
}

// copiesOfEvents asks all members, this one included, for their copies and the sums up to a sequence, and for their clocks.
func (j *Journal) copiesOfEvents(ctx context.Context, at uint64) (has map[string]copyState, clocks map[string]clockSeen) {
	has, clocks = map[string]copyState{}, map[string]clockSeen{j.cfg.Cluster.Self: {}}
	for _, m := range j.cfg.Cluster.Members {
		if m == j.cfg.Cluster.Self {
			if c := j.copyOfEvents(at); !c.Unread {
				has[m] = c
			}
			continue
		}
		body, _ := json.Marshal(at) // a number
		ask, cancel := context.WithTimeout(ctx, agreeAsk)
		asked := j.cfg.now()
		answer, err := j.nc.RequestWithContext(ask, j.agreeSubject(m), body)
		came := j.cfg.now()
		cancel()
		var c copyState
		if err != nil || json.Unmarshal(answer.Data, &c) != nil {
			continue
		}
		if seen, says := clockOf(c.Clock, asked, came); says {
			clocks[m] = seen
		}
		if !c.Unread {
			has[m] = c
		}
	}
	return has, clocks
}

// doubtsOf are what is wrong with the copies: sums are those up to a sequence that all have, before the newest event that
// anybody had at the comparison before. Where there is no majority all differ.
func doubtsOf(now, sums map[string]copyState, clocks map[string]clockSeen, before uint64) (doubts []Doubt) {
	sumOf, basisOf := func(c copyState) string { return c.Sum }, func(c copyState) string { return c.Basis }
	for member, ahead := range clocksOff(clocks) {
		doubts = append(doubts, Doubt{Member: member, Ahead: ahead})
	}
	for member, c := range now {
		d := Doubt{Member: member, Damaged: c.Damaged, Differs: differs(sums, member, sumOf)}
		if c.Last < before {
			d.Lacks = before - c.Last
		}
		if d.Damaged || d.Differs || d.Lacks > 0 {
			doubts = append(doubts, d)
		}
		if differs(now, member, basisOf) {
			doubts = append(doubts, Doubt{Member: member, Otherwise: true})
		}
	}
	slices.SortStableFunc(doubts, func(a, b Doubt) int { return cmp.Or(cmp.Compare(a.Member, b.Member), cmp.Compare(a.Ahead, b.Ahead)) })
	return doubts
}

// differs reports whether a member says something else than most do. Where there is no majority all differ; who says
// nothing is not judged.
func differs(all map[string]copyState, member string, says func(copyState) string) bool {
	it, same, others := says(all[member]), 0, false
	if it == "" {
		return false
	}
	for _, c := range all {
		switch says(c) {
		case it:
			same++
		case "":
		default:
			others = true
		}
	}
	return others && 2*same <= len(all)
}
