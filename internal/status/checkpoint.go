package status

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// CheckpointShards is the number of parts in which what the board has
// concluded is stored: a product is always in the same one.
const CheckpointShards = 64

// checkpoint is the stored form of one shard. Fields may be added, never
// renamed.
type checkpoint struct {
	At       time.Time         `json:"at"`
	Seq      uint64            `json:"seq"`      // batches of the journal up to here are judged
	Products map[string][]byte `json:"products"` // :: product id -> state of its tracker
	// A component's own metrics, in the shard of its id.
	Metrics map[string]map[string]storedMetric `json:"metrics,omitempty"` // :: component id, name -> its values
	// What all products show together, with every shard: they are stored at
	// different times, and only the newest has seen all that the others have.
	Shared *impact.SharedState `json:"company,omitempty"`
	Hint   string              `json:"hint,omitempty"`  // component that last showed trouble over all products
	Early  *early              `json:"early,omitempty"` // likewise; what the beginning of the present trouble showed
	Moved  *moved              `json:"moved,omitempty"` // likewise; that something else fails since than at its onset
	// In what light the trouble of these products is told, so that a restart takes
	// nothing back.
	Lights map[string]storedLight `json:"lights,omitempty"` // :: product id -> light
	// The control checks, in the shard of no product.
	Controls map[string]storedControl `json:"controls,omitempty"` // :: check id -> what was concluded of it
}

// storedLight is how a trouble is told.
type storedLight struct {
	Held    bool   `json:"held,omitempty"`    // it is not told yet
	Vantage string `json:"vantage,omitempty"` // it is that of a vantage of ours, or may be
}

func (s seenIn) stored() storedLight { return storedLight{s.light == lightHeld, s.vantage} }

func (s storedLight) seen() seenIn {
	switch {
	case s.Held:
		return seenIn{lightHeld, s.Vantage}
	case s.Vantage != "":
		return seenIn{light: lightVantage, vantage: s.Vantage}
	default:
		return seenIn{light: lightTrouble}
	}
}

func checkpointShard(product string) int {
	h := fnv.New32a()
	h.Write([]byte(product))
	return int(h.Sum32() % CheckpointShards)
}

// Checkpoint returns what was concluded up to now on the products of one
// shard, and the metrics of components; nil when there are none. With it, and the results since, a restart
// need not replay the whole history. The board is held for a copy in memory, some milliseconds at 10,000
// checks of one product, and goes on while that is encoded.
func (b *Board) Checkpoint(shard int, now time.Time) ([]byte, error) {
	return b.checkpoint(shard, now, impact.Frozen.Encode)
}

func (b *Board) checkpoint(shard int, now time.Time, encode func(impact.Frozen) ([]byte, error)) ([]byte, error) {
	c, products, controls := b.freeze(shard, now)
	if len(products) == 0 && len(c.Metrics) == 0 && len(controls) == 0 {
		return nil, nil
	}
	for id, frozen := range controls {
		state, err := encode(frozen.state)
		if err != nil {
			return nil, fmt.Errorf("control check %s: %w", id, err)
		}
		if c.Controls == nil {
			c.Controls = map[string]storedControl{}
		}
		c.Controls[id] = storedControl{State: state, Passed: frozen.passed, Failing: frozen.failing}
	}
	for id, frozen := range products {
		state, err := encode(frozen)
		if err != nil {
			return nil, fmt.Errorf("product %s: %w", id, err)
		}
		c.Products[id] = state
	}
	return json.Marshal(c)
}

// freeze returns a shard's checkpoint without its products and control checks,
// and what is to be encoded of each: all as of one batch.
func (b *Board) freeze(shard int, now time.Time) (checkpoint, map[string]impact.Frozen, map[string]frozenControl) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := checkpoint{At: now, Seq: b.position.newest, Products: map[string][]byte{}}
	products := map[string]impact.Frozen{} // :: product id -> what was concluded
	for _, p := range b.detection.products {
		if checkpointShard(p.id) == shard {
			products[p.id] = p.Freeze()
			if seen := b.ranking.lights[p.id]; seen.light != lightNone {
				if c.Lights == nil {
					c.Lights = map[string]storedLight{}
				}
				c.Lights[p.id] = seen.stored()
			}
		}
	}
	for id, of := range b.ranking.metrics {
		if checkpointShard(id) != shard || len(of) == 0 {
			continue
		}
		if c.Metrics == nil {
			c.Metrics = map[string]map[string]storedMetric{}
		}
		c.Metrics[id] = map[string]storedMetric{}
		for name, m := range of {
			c.Metrics[id][name] = m.stored()
		}
	}
	if len(products) > 0 || len(c.Metrics) > 0 {
		shared := b.detection.shared.State()
		c.Shared, c.Hint = &shared, b.detection.hint
		if began := b.ranking.early; began.Chance != nil {
			c.Early = &began
		}
		if m := b.ranking.moved; !m.At.IsZero() {
			c.Moved = &m
		}
	}
	if shard != checkpointShard(noProduct) {
		return c, products, nil
	}
	return c, products, b.controls.freeze()
}

// Restore sets what was concluded in one shard, and returns up to which sequence of
// the journal it has seen the batches; to be called before the first Apply. They
// then fill the windows only.
func (b *Board) Restore(data []byte) (seq uint64, err error) {
	var c checkpoint
	if err := json.Unmarshal(data, &c); err != nil {
		return 0, fmt.Errorf("read checkpoint: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, s := range c.Products {
		t, ok := b.detection.of[id]
		if !ok {
			continue
		}
		if err := t.Restore(s); err != nil {
			return 0, fmt.Errorf("product %s: %w", id, err)
		}
		b.position.restored(id, c.Seq)
		b.ranking.hurt = b.ranking.hurt || t.Trouble().On
		if seen, ok := c.Lights[id]; ok {
			b.ranking.lights[id] = seen.seen()
		}
	}
	for id, of := range c.Metrics {
		if b.ranking.metrics[id] == nil {
			continue // it is no longer declared
		}
		for name, s := range of {
			b.ranking.metrics[id][name] = s.metric()
		}
	}
	if err := b.controls.restore(c.Controls); err != nil {
		return 0, err
	}
	if len(c.Controls) > 0 {
		b.position.restored(noProduct, c.Seq)
	}
	if c.Shared != nil && c.Seq >= b.position.shared {
		b.detection.shared.Restore(*c.Shared)
		b.position.shared, b.detection.hint = c.Seq, c.Hint
		if b.ranking.early = (early{}); c.Early != nil {
			b.ranking.early = *c.Early
		}
		if b.ranking.moved = (moved{}); c.Moved != nil {
			b.ranking.moved = *c.Moved
		}
	}
	return c.Seq, nil
}

// Replayed tells the board that what was stored before the start has been
// applied: from now on every batch is judged. Sequences of batches that were
// lost in a crash are given again, and must not be taken for old ones.
func (b *Board) Replayed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.position.replayed()
}
