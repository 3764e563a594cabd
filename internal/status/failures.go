package status

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/statusbot/statusbot/internal/checks"
)

// What is kept of a check's last results that are not a pass.
const (
	keepFailures    = 20 // for each check, in memory and over a restart
	withEvidence    = 5  // the newest of them keep their evidence, the others their summary only
	productFailures = 5  // told of a product

	// failuresMax is what all of them may take together, in bytes: each check has an equal share of
	// it, 6.5 KiB of 10,000. A failure takes 250 to 400 bytes, and up to 1.7 KiB with its evidence, so
	// 4,000 checks may all fail with five whole evidences each; of more, the older ones have less.
	failuresMax = 64 << 20
)

// resultCost is what a result takes beside its texts, in bytes: the struct and its slot; evidenceCost
// the same of an evidence, perfCost of a value of performance data.
const (
	resultCost   = 192
	evidenceCost = 184
	perfCost     = 40
)

// cost estimates what a kept failure takes in memory, in bytes. Its check's and product's names, outcome
// and reason are shared.
func cost(r checks.Result) int {
	n := resultCost + len(r.Summary) + len(r.Vantage)
	if e := r.Evidence; e != nil {
		n += evidenceCost + len(e.Remote) + len(e.Output) + len(e.Script) + len(e.RequestID) + len(e.ScriptSHA256) + len(e.Screenshot)
		for _, p := range e.Perf {
			n += perfCost + len(p.Label) + len(p.Unit)
		}
	}
	return n
}

// keep takes a failure in, unless it is there, and lets old ones go: at most keepFailures stay, newest
// first, within room bytes but for the newest. It reports whether anything changed.
func (c *checkRecord) keep(r checks.Result, room int) bool {
	at, _ := slices.BinarySearchFunc(c.failures, r, func(have, r checks.Result) int { return r.Started.Compare(have.Started) })
	for i := at; i < len(c.failures) && c.failures[i].Started.Equal(r.Started); i++ {
		if c.failures[i].Vantage == r.Vantage {
			return false // replayed
		}
	}
	if at == keepFailures {
		return false
	}
	r.Check, r.Product = c.def.ID, c.def.Product
	if len(c.failures) == cap(c.failures) { // as much as is needed, which append would not keep to
		c.failures = append(make([]checks.Result, 0, len(c.failures)+2), c.failures...)
	}
	c.failures = slices.Insert(c.failures, at, r)
	if len(c.failures) > keepFailures {
		over := c.leastTold()
		c.failures = slices.Delete(c.failures, over, over+1)
	}
	sum := 2 * resultCost // free slots
	for i := range c.failures {
		if i >= withEvidence {
			c.failures[i].Evidence = nil
		}
		sum += cost(c.failures[i])
	}
	for i := len(c.failures) - 1; i > 0 && sum > room; i-- {
		sum -= cost(c.failures[i])
		c.failures[i].Evidence = nil
		sum += cost(c.failures[i])
	}
	for sum > room && len(c.failures) > 1 {
		last := len(c.failures) - 1
		sum -= cost(c.failures[last])
		c.failures = slices.Delete(c.failures, last, last+1)
	}
	return true
}

// FailureShards is the number of parts in which the kept failures are stored. What 10,000 failing
// checks keep is then some 250 KiB each, well below a body of the journal.
const FailureShards = 256

// shardOf returns the part in which a check's failures are stored: always the same.
func shardOf(check string) int {
	h := fnv.New32a()
	h.Write([]byte(check))
	return int(h.Sum32() % FailureShards)
}

// ChangedFailures returns the stored form of the shards whose failures have changed since they were last
// returned, each of at most limit bytes. One that is too long has its evidence left out, and then all but
// the newest failures. What could not be stored is given back with FailuresLost. The board is held for a
// copy of one shard at a time, and goes on while that is encoded.
func (b *Board) ChangedFailures(limit int) (map[int][]byte, error) {
	return b.changedFailures(limit, encodeFailures)
}

func (b *Board) changedFailures(limit int, encode func(lists [][]checks.Result, limit int) ([]byte, error)) (map[int][]byte, error) {
	out := map[int][]byte{}
	for s, ids := range b.changedShards() {
		data, err := encode(b.takeFailures(s, ids), limit)
		if err != nil {
			b.FailuresLost(out)
			b.FailuresLost(map[int][]byte{s: nil})
			return nil, fmt.Errorf("encode failures: %w", err)
		}
		out[s] = data
	}
	return out, nil
}

// changedShards returns the shards that have changed, with the ids of their checks that keep failures,
// as declared. Of one without any there is nothing to store.
func (b *Board) changedShards() map[int][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := map[int][]string{}
	for i := range b.def.Checks {
		id := b.def.Checks[i].ID
		if s := shardOf(id); b.records.changed[s] && len(b.records.of[id].failures) > 0 {
			kept[s] = append(kept[s], id)
		}
	}
	for s := range b.records.changed {
		if kept[s] == nil {
			b.records.changed[s] = false
		}
	}
	return kept
}

// takeFailures returns what checks of a shard keep, which counts as stored from here on.
func (b *Board) takeFailures(shard int, ids []string) [][]checks.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records.changed[shard] = false
	var lists [][]checks.Result
	for _, id := range ids {
		if c := b.records.of[id]; c != nil {
			lists = append(lists, slices.Clone(c.failures))
		}
	}
	return lists
}

// encodeFailures returns the stored form of what checks have kept, with as much of it as fits.
func encodeFailures(lists [][]checks.Result, limit int) (data []byte, err error) {
	for _, fit := range []struct{ failures, evidence int }{{keepFailures, keepFailures}, {keepFailures, 1}, {keepFailures, 0}, {1, 0}} {
		var list []checks.Result
		for _, kept := range lists {
			for i, r := range kept[:min(len(kept), fit.failures)] {
				if i >= fit.evidence {
					r.Evidence = nil
				}
				list = append(list, r)
			}
		}
		if data, err = checks.EncodeResults(list); err != nil || len(data) <= limit {
			return data, err
		}
	}
	return nil, nil // unreachable below some 1,000 checks a shard
}

// FailuresLost tells the board that shards were not stored: ChangedFailures returns them again.
func (b *Board) FailuresLost(shards map[int][]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range shards {
		b.records.changed[s] = true
	}
}

// RestoreFailures takes in one stored shard; in any order with Apply. Checks that are no longer defined
// are ignored, and so is what is not a failure. Nothing of it counts in a window.
func (b *Board) RestoreFailures(data []byte) error {
	list, err := checks.DecodeResults(data)
	if err != nil {
		return fmt.Errorf("read failures: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range list {
		if c, ok := b.records.of[r.Check]; ok && r.Outcome != checks.Pass {
			c.keep(r, b.records.room())
		}
	}
	return nil
}

// leastTold is which of more than keepFailures results goes: the oldest of those by which
// nothing was seen while these are more than half, or they would crowd out what failed,
// and the other way round.
func (c *checkRecord) leastTold() int {
	unseen := 0
	for _, r := range c.failures {
		unseen += one(r.Outcome == checks.Unknown)
	}
	for i, r := range slices.Backward(c.failures) {
		if (r.Outcome == checks.Unknown) == (2*unseen > len(c.failures)) {
			return i
		}
	}
	return len(c.failures) - 1
}
