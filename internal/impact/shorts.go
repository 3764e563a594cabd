package impact

import "time"

// shorts are the last troubles of a company of one kind. A deploy makes one product slow
// for a minute, a stall of the network fails some checks of this one and of that: after one of
// them what begins in another product is as likely one of these as it is in that which had it.
type shorts struct {
	Onset, Until [briefsKept]int64 // unix nanoseconds, 0 while there is none
	Short        [briefsKept]bool
	Next         int32 // where the next one is put
}

// shortsPart of the last ones must have been short: where troubles last as a rule the next
// one is told at once.
const shortsPart = 0.75

// ended is a trouble that is over.
type ended struct {
	Onset, Until int64
	Short        bool
}

// add notes a trouble. What several products show in one moment is one event, and as long as it was in those in
// which it was short: in others a usual failure may come two minutes after a stall, which then seems to have lasted so long.
func (s *shorts) add(e ended) {
	for i, until := range s.Until {
		if until == 0 || e.Onset > until+nearSpan || e.Until < s.Onset[i]-nearSpan {
			continue
		}
		switch {
		case e.Short == s.Short[i]:
			s.Onset[i], s.Until[i] = min(s.Onset[i], e.Onset), max(until, e.Until)
		case e.Short:
			s.Onset[i], s.Until[i], s.Short[i] = e.Onset, e.Until, true
		}
		return
	}
	s.Onset[s.Next], s.Until[s.Next], s.Short[s.Next] = e.Onset, e.Until, e.Short
	s.Next = (s.Next + 1) % briefsKept
}

// usual is briefs.usual over the company.
func (s *shorts) usual(at int64) int64 {
	all, short, longest := 0, 0, int64(0)
	for i, until := range s.Until {
		if until == 0 || at-until > briefsSpan {
			continue
		}
		all++
		if s.Short[i] {
			short++
			longest = max(longest, min(until-s.Onset[i], briefMost))
		}
	}
	if short == 0 || float64(short) < shortsPart*float64(all) {
		return 0
	}
	return outlasts(longest)
}

// usualShort returns how long short troubles of the company last at most, 0 while that is
// not known.
func (c *Shared) usualShort(mc machine, at int64) time.Duration {
	if c == nil {
		return 0
	}
	return time.Duration(c.shorts[mc].usual(at))
}

// ended notes that a product's trouble is over.
func (c *Shared) ended(mc machine, e ended) {
	if c != nil && !c.held && e.Until > 0 {
		c.shorts[mc].add(e)
	}
}
