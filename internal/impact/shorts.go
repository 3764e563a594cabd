package impact

import (
	"cmp"
	"time"
)

// shorts are the last troubles of a company of one kind. A deploy makes one product slow
// for a minute, a stall of the network fails some checks of this one and of that: after one of
// them what begins in another product is as likely one of these as it is in that which had it.
type shorts struct {
	Onset, Until [briefsKept]int64 // unix nanoseconds, 0 while there is none
	Short        [briefsKept]bool  // in half of the products that it hurt, or in more
	Products     [briefsKept]int32 // that it hurt; 0 where an older version noted it
	ShortIn      [briefsKept]int32 // of these
	Lasted       [briefsKept]int64 // in that of these in which it was longest
	Next         int32             // where the next one is put
}

// shortsPart of the last ones must have been short: where troubles last as a rule the next
// one is told at once.
const shortsPart = 0.75

// ended is a trouble that is over.
type ended struct {
	Onset, Until int64
	Short        bool
}

// add notes a trouble. What several products show in one moment is one event, as short as it was in half of
// them: in one a usual failure may come two minutes after a stall, which then seems to have lasted so long.
func (s *shorts) add(e ended) {
	for i, until := range s.Until {
		if until > 0 && e.Onset <= until+nearSpan && e.Until >= s.Onset[i]-nearSpan {
			s.Onset[i], s.Until[i] = min(s.Onset[i], e.Onset), max(until, e.Until)
			s.hurt(i, e)
			return
		}
	}
	i := int(s.Next)
	s.Onset[i], s.Until[i], s.Products[i], s.ShortIn[i], s.Lasted[i] = e.Onset, e.Until, 0, 0, 0
	s.hurt(i, e)
	s.Next = (s.Next + 1) % briefsKept
}

// hurt notes what an event was in one more product.
func (s *shorts) hurt(i int, e ended) {
	s.Products[i]++
	if e.Short {
		s.ShortIn[i]++
		s.Lasted[i] = max(s.Lasted[i], e.Until-e.Onset)
	}
	s.Short[i] = 2*s.ShortIn[i] >= s.Products[i]
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
			longest = max(longest, cmp.Or(s.Lasted[i], min(until-s.Onset[i], briefMost)))
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
