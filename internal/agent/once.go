package agent

import (
	"maps"

	"github.com/statusbot/statusbot/internal/checks"
)

// Once leaves out what is stored twice of agents. A journal that did not answer in time may have taken a batch all the same,
// also much later: a leader that was frozen, a network that was cut. The agent, which was told that it is not stored, has sent
// it again by then, to the same desk or to another one, among other results. So nothing that is written could tell, but who reads
// can: in the journal each stream of an agent's results is in the order of time (fitting). The zero value has seen none; it is for
// one reader that reads in the journal's order.
type Once struct {
	newest map[stream]int64 // :: of an agent -> end of the newest result, unix nanoseconds
	latest int64            // the newest of all
	most   int              // with more of them those that are of long ago are looked for
}

// onceLeast is how many are not looked through.
const onceLeast = 1_000

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
			o.newest[s], o.latest = at, max(o.latest, at)
		}
		fit = append(fit, *r)
	}
	if len(o.newest) > max(o.most, onceLeast) {
		maps.DeleteFunc(o.newest, func(_ stream, at int64) bool { return at < o.latest-int64(agoMost) }) // no result of then is taken any more
		o.most = 2 * len(o.newest)
	}
	return fit
}
