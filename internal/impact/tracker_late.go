package impact

import "cmp"

// goBack makes the present state one from before result number at of since,
// and returns the number of the first result that it does not hold.
func (t *Tracker) goBack(at int) int {
	if t.undo.late = true; t.undo.steps == nil {
		t.undo = undoFor(&t.design)
	}
	n := len(t.since) - at
	if n <= t.undo.back() {
		for range n {
			t.undo.pop(&t.now, &t.design)
		}
		return at
	}
	t.undo.forget()
	if at >= t.second {
		t.now.copyFrom(&t.past[1])
		return t.second
	}
	t.now.copyFrom(&t.past[0])
	return 0
}

// feed gives a result with the logarithm of its latency to the model, in the
// order of time.
func (t *Tracker) feed(o obs, ln float64) (m mark) {
	z := t.now.size(o, ln)
	if z.slow() {
		m = markSlow
	}
	if (m^o.mark())&markSlow != 0 {
		t.tapes[o.stream()].window.reslow(o.at, o.tookUS, o.outcome(), m != 0)
	}
	turn := t.now.turn()
	t.undo.keep(&t.now, &t.design, o.stream())
	t.now.feed(&t.design, t, o, ln, z)
	if t.now.turn() != turn {
		t.undo.forget()
	}
	if o.served() && !t.now.Trouble.On && t.now.Total < t.doubt() {
		m |= markUsual
	}
	return m
}

// remark counts a result anew after another one was put before it.
func (t *Tracker) remark(o obs, was mark) {
	if (o.mark()^was)&markSlow != 0 {
		slow := o.mark()&markSlow != 0
		t.tapes[o.stream()].cells.reslow(o.at, slow)
		t.minutes.reslow(o.at, slow)
	}
	if (o.mark()^was)&markUsual != 0 {
		n := int32(1)
		if was&markUsual != 0 {
			n = -1
		}
		t.usual.count(bucketOf(o.tookUS), n)
	}
}

// before orders results that ended at the same instant too, so that the order
// of their coming makes no difference.
func before(x, y obs) bool {
	return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.stream(), y.stream()), cmp.Compare(x.tookUS, y.tookUS), cmp.Compare(x.outcome(), y.outcome())) < 0
}
