package status

// position is the room that knows where in the journal the board is, and how
// far what was restored has come: batches up to there fill the windows only.
// Board.mu is held around it.
type position struct {
	newest  uint64            // sequence of the newest batch taken in
	judged  map[string]uint64 // :: product id -> sequence up to which its restored state has judged
	shared  uint64            // sequence up to which what is restored of the shared components has seen all
	applied uint64            // results taken in
}

// begin notes a batch, and reports whether what is
// restored of the shared components has seen it.
func (p *position) begin(seq uint64) (seen bool) {
	p.newest = max(p.newest, seq)
	return seq <= p.shared
}

// judges reports whether a product's results of a batch are to be judged.
func (p *position) judges(seq uint64, product string) bool {
	return len(p.judged) == 0 || seq > p.judged[product]
}

// restored notes that a product's state has judged up to a batch.
func (p *position) restored(product string, seq uint64) {
	if p.judged == nil {
		p.judged = map[string]uint64{}
	}
	p.judged[product] = seq
}

// replayed makes every batch one that is judged.
func (p *position) replayed() { p.judged, p.shared = nil, 0 }
