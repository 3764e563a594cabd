package agent

import "github.com/statusbot/statusbot/internal/checks"

// Once leaves out what is stored twice of agents. A journal that did not answer in time may have taken a batch all the same,
// also much later: a leader that was frozen, a network that was cut. The agent, which was told that it is not stored, has sent
// it again by then, to the same desk or to another one, among other results. So nothing that is written could tell, but who reads
// can: in the journal each stream of an agent's results is in the order of time (fitting). The zero value has seen none; it is for
// one reader that reads in the journal's order.
type Once struct {
	newest map[stream]int64 // :: of an agent -> end of the newest result, unix nanoseconds
}

// Of returns those of a batch that were not there before; the batch's memory is used.
func (o *Once) Of(batch []checks.Result) []checks.Result {
	fit := batch[:0]
	for i := range batch {
		r := &batch[i]
		if r.Vantage != "" && r.Vantage != checks.Here {
			s, at := stream{r.Check, r.Vantage}, r.Ended().UnixNano()
			if newest, known := o.newest[s]; known && at <= newest {
				continue
			}
			if o.newest == nil {
				o.newest = map[stream]int64{}
			}
			o.newest[s] = at
		}
		fit = append(fit, *r)
	}
	return fit
}
