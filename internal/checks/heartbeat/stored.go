package heartbeat

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// Shards is the number of parts in which what is known of heartbeats
// is stored: of 10,000 some 100 KiB each, well below a body of the journal.
const Shards = 64

func shardOf(check string) int {
	h := fnv.New32a()
	h.Write([]byte(check))
	return int(h.Sum32() % Shards)
}

// storedBeat is the stored form of a beat. Fields may be added, never renamed.
type storedBeat struct {
	Check    string      `json:"check"`
	Since    time.Time   `json:"since"`
	Reported time.Time   `json:"reported,omitzero"`
	Judged   time.Time   `json:"judged,omitzero"`
	AwayFrom time.Time   `json:"away_from,omitzero"`
	AwayTo   time.Time   `json:"away_to,omitzero"`
	At       []time.Time `json:"at,omitempty"`      // when the journal took each of Results
	Results  string      `json:"results,omitempty"` // as checks.EncodeResults writes them
}

// Changed returns the stored form of the shards that have changed since they
// were last returned. What could not be stored is given back with Unstored.
// Reports are taken in while it is encoded.
func (h *Beats) Changed() (map[int][]byte, error) { return h.encoded(checks.EncodeResults) }

func (h *Beats) encoded(encode func([]checks.Result) ([]byte, error)) (map[int][]byte, error) {
	shards := h.takeChanged()
	out := make(map[int][]byte, len(shards))
	for s, list := range shards {
		data, err := encodeBeats(list, encode)
		if err != nil {
			for s := range shards {
				out[s] = nil
			}
			h.Unstored(out)
			return nil, fmt.Errorf("encode heartbeats: %w", err)
		}
		out[s] = data
	}
	return out, nil
}

// frozenBeat is a beat as it was.
type frozenBeat struct {
	storedBeat // without Results
	results    []checks.Result
}

// takeChanged copies the shards that have changed, which counts as stored from
// here on.
func (h *Beats) takeChanged() map[int][]frozenBeat {
	h.mu.Lock()
	defer h.mu.Unlock()
	shards := map[int][]frozenBeat{}
	for id, b := range h.beats {
		s := shardOf(id)
		if !h.changed[s] {
			continue
		}
		one := frozenBeat{storedBeat: storedBeat{Check: id, Since: b.since, Reported: b.reported, Judged: b.judged, AwayFrom: b.away.from, AwayTo: b.away.to}}
		for _, n := range b.kept {
			one.At, one.results = append(one.At, n.at), append(one.results, n.result)
		}
		shards[s] = append(shards[s], one)
	}
	h.changed = [Shards]bool{}
	return shards
}

func encodeBeats(shard []frozenBeat, encode func([]checks.Result) ([]byte, error)) ([]byte, error) {
	list := make([]storedBeat, 0, len(shard))
	for _, one := range shard {
		text, err := encode(one.results)
		if err != nil {
			return nil, err
		}
		one.Results = string(text)
		list = append(list, one.storedBeat)
	}
	return json.Marshal(list)
}

// Unstored tells that shards were not stored: Changed returns them again.
func (h *Beats) Unstored(shards map[int][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range shards {
		h.changed[s] = true
	}
}

// Restore takes in one stored shard, before the first Note. Checks that are
// not defined any more are ignored.
func (h *Beats) Restore(data []byte) error {
	var list []storedBeat
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("read heartbeats: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range list {
		b := h.beats[one.Check]
		if b == nil {
			continue
		}
		results, err := checks.DecodeResults([]byte(one.Results))
		if err == nil && len(results) != len(one.At) {
			err = fmt.Errorf("%d results of %d instants", len(results), len(one.At))
		}
		if err != nil {
			return fmt.Errorf("read heartbeats: check %q: its results do not fit: %w", one.Check, err)
		}
		b.since, b.reported, b.judged, b.away = one.Since, one.Reported, one.Judged, absence{one.AwayFrom, one.AwayTo}
		for i, r := range results {
			if reported(&r) {
				b.remember(pushKey(&r))
			}
			b.kept = append(b.kept, noted{one.At[i], r})
		}
	}
	return nil
}

// Before returns the kept results that the journal took before an instant,
// oldest first.
func (h *Beats) Before(at time.Time) []checks.Result {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []noted
	for _, b := range h.beats {
		for _, n := range b.kept {
			if n.at.Before(at) {
				list = append(list, n)
			}
		}
	}
	slices.SortFunc(list, func(x, y noted) int { return x.at.Compare(y.at) })
	results := make([]checks.Result, len(list))
	for i, n := range list {
		results[i] = n.result
	}
	return results
}
