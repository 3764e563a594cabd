package impact

import "time"

// spanned makes the counts of an impact those of the true span: of the window,
// but of what is hurt not from before it was, and of what is over not from
// before its end. A figure that mixes both is neither.
func (t *Tracker) spanned(im *Impact, now time.Time) {
	at := now.UnixNano()
	im.From = instant(t.begin(at))
	var since time.Time
	switch {
	case im.Down != nil:
		since = im.Down.Since
	case im.Answers != nil:
		since = im.Answers.Since
	case im.Level.Hurt():
		since = im.Onset
	case im.Proof != nil && !im.Proof.Accepted && !im.Proof.Since.IsZero():
		since = im.Proof.Since.Add(time.Nanosecond) // the last bad result is the trouble's
	}
	if !since.After(im.From) {
		return
	}
	im.From, im.Counts = since, Counts{}
	for _, tp := range t.tapes {
		im.Counts = im.plus(tp.window.countsSince(since.UnixNano()).long())
	}
}

// countsSince counts the results that are counted and ended at or after an
// instant: from whichever end of the window is nearer to it, as a board asks for
// every product four times a second.
func (w *window) countsSince(at int64) shortCounts {
	first, n := int(w.from), w.seen.len()
	from := max(w.since(at), first)
	if n-from <= from-first {
		var c shortCounts
		for i := from; i < n; i++ {
			c.count(w.seen.get(i), 1)
		}
		return c
	}
	c := w.counts
	for i := first; i < from; i++ {
		c.count(w.seen.get(i), -1)
	}
	return c
}

// allSince calls f for the results that are counted and ended at or after an
// instant, oldest first.
func (w *window) allSince(at int64, f func(seen)) {
	for i := max(w.since(at), int(w.from)); i < w.seen.len(); i++ {
		f(w.seen.get(i))
	}
}

func countOf(s seen) Counts {
	var c shortCounts
	c.count(s, 1)
	return c.long()
}

// begin is when the span of what the windows count begins: a window ago; later
// while results have come for a shorter time, and sooner when even the most
// frequent check is rarer than the window is long.
func (t *Tracker) begin(now int64) int64 {
	window := now - int64(t.cfg.Window)
	first, last := now, int64(0) // the oldest results counted of each stream: the earliest, the latest
	for _, tp := range t.tapes {
		if w := &tp.window; int(w.from) < w.seen.len() {
			began := w.seen.at(int(w.from))
			if began <= window+2*int64(tp.check.every) { // one before it has expired
				began = min(began, window)
			}
			first, last = min(first, began), max(last, began)
		}
	}
	if last != 0 && last <= window {
		return last
	}
	return max(window, first)
}
