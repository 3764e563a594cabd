package impact

import (
	"bytes"
	"compress/flate"
	"encoding/gob"
	"fmt"
	"io"
)

// stored is a Tracker's state as it is kept over a restart, in gob and
// compressed: fields may be added, none is renamed or changes its meaning.
// The results of the window are not part of it; they are replayed.
type stored struct {
	Version int // 1
	Streams []storedStream
	Scopes  []string // keys, in the order of Model.R
	Model   model
	Usual   []int32 // histogram of latencies
	Minutes minutes
}

type storedStream struct {
	Check, Vantage string
	Cells          cells
}

// State returns what was concluded so far.
func (t *Tracker) State() ([]byte, error) {
	s := stored{Version: 1, Model: t.now, Usual: t.usual.buckets[:], Minutes: *t.minutes}
	for _, tp := range t.tapes {
		s.Streams = append(s.Streams, storedStream{Check: tp.check.id, Vantage: tp.vantage, Cells: tp.cells})
	}
	for _, sc := range t.design.scopes {
		s.Scopes = append(s.Scopes, sc.key)
	}
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, err // unreachable: the level is one of flate's
	}
	if err := gob.NewEncoder(z).Encode(s); err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress state: %w", err)
	}
	return b.Bytes(), nil
}

// Restore sets what an earlier Tracker had concluded; checks that are no
// longer there are left out. To be called before the first Apply.
func (t *Tracker) Restore(data []byte) error {
	var s stored
	z := flate.NewReader(bytes.NewReader(data))
	if err := gob.NewDecoder(z).Decode(&s); err != nil {
		return fmt.Errorf("decode state: %w", err)
	}
	if err := z.Close(); err != nil && err != io.EOF {
		return fmt.Errorf("decompress state: %w", err)
	}
	block := int(machines) * rateCount
	if s.Version != 1 || len(s.Model.Streams) != len(s.Streams) || len(s.Model.R) != len(s.Scopes)*block {
		return fmt.Errorf("state of version %d does not fit", s.Version)
	}
	for _, x := range s.Streams { // vantages that are known only from results
		if c, ok := t.checks[x.Check]; ok {
			t.tape(c, x.Vantage)
		}
	}
	m := &t.now
	m.At, m.Trouble, m.Quiet, m.Learn = s.Model.At, s.Model.Trouble, s.Model.Quiet, s.Model.Learn
	for i, x := range s.Streams {
		for _, tp := range t.tapes {
			if tp.check.id == x.Check && tp.vantage == x.Vantage {
				m.Streams[tp.number] = s.Model.Streams[i]
				m.Streams[tp.number].ratiosAnew()
				tp.cells = x.Cells
			}
		}
	}
	same := len(s.Scopes) == len(t.design.scopes)
	for j, key := range s.Scopes {
		for k, sc := range t.design.scopes {
			if sc.key == key {
				same = same && j == k
				copy(m.R[k*block:(k+1)*block], s.Model.R[j*block:(j+1)*block])
			}
		}
	}
	if m.Total = s.Model.Total; !same {
		m.exact(&t.design)
	}
	copy(t.usual.buckets[:], s.Usual)
	t.usual.n = 0
	for _, n := range t.usual.buckets {
		t.usual.n += int(n)
	}
	*t.minutes = s.Minutes
	t.threshold()
	t.settle()
	return nil
}
