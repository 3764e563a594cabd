package impact

// Divided reports whether what came since one of some instants differs by more than chance, as by Moved,
// from what came before it: since has what came since each of them, the newest first, all has what came at all.
func Divided(since []Counts, all Counts) bool {
	tries, failures := float64(all.Tries), float64(all.Failures)
	if failures == 0 || failures == tries {
		return false
	}
	p := parted{all, tries, failures, movedBy * movedBy * failures * (tries - failures) / tries * (1 - 1e-9)}
	return p.within(since)
}

// parted is what came at all, with what the square of what came since an instant and failed more than its part of all, times all tries,
// must reach, over its tries and those before it multiplied.
type parted struct {
	all                    Counts
	tries, failures, least float64
}

// within is Divided. Where many instants lie beside each other and none of them can differ, by the counts at both
// ends, they are not looked at one by one.
func (p *parted) within(since []Counts) bool {
	if len(since) == 0 {
		return false
	}
	first, last := &since[0], &since[len(since)-1]
	n, f, m, g := float64(first.Tries), float64(first.Failures), float64(last.Tries), float64(last.Failures)
	more := max(g*p.tries-p.failures*n, p.failures*m-f*p.tries)
	if product := min(n*(p.tries-n), m*(p.tries-m)); more*more < p.least*product { // what lies between is no less
		return false
	}
	if len(since) == 1 {
		now := since[0]
		return Moved(Counts{Tries: p.all.Tries - now.Tries, Failures: p.all.Failures - now.Failures}, now) != Same
	}
	half := len(since) / 2
	return p.within(since[:half]) || p.within(since[half:])
}
