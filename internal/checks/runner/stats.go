package runner

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Stats count what a runner did since it began.
type Stats struct {
	Started  uint64 // probes
	Finished uint64 // probes that gave a result
	Late     uint64 // starts more than 50 ms after their time, and those skipped
	Skipped  uint64 // starts left out because the check's former probe still ran or still waited for its turn
	Extra    uint64 // starts beside the schedule: bursts and what was asked for by Now
	Dropped  uint64 // results the sink was too slow for
	Running  int    // probes under way

	JitterP50, JitterP99 time.Duration // how long after their time probes started; within 10 %
}

// Stats returns the counts; safe at any time.
func (r *Runner) Stats() Stats {
	return Stats{
		Started: r.started.Load(), Finished: r.finished.Load(),
		Late: r.late.Load(), Skipped: r.skipped.Load(), Extra: r.extra.Load(),
		Dropped: r.out.droppedCount(), Running: int(r.running.Load()),
		JitterP50: r.jitter.quantile(0.50), JitterP99: r.jitter.quantile(0.99),
	}
}

// Pending returns how many results wait for the sink; safe at any time.
func (r *Runner) Pending() int { return r.out.count() }

// jitter is a histogram of durations with eight buckets to each doubling, from
// 1 µs to 9 min.
type jitter [30 * 8]atomic.Uint64

func (j *jitter) add(d time.Duration) {
	us := uint64(max(d.Microseconds(), 1))
	octave := bits.Len64(us) - 1
	part := us << 3 >> octave & 7
	j[min(octave*8+int(part), len(j)-1)].Add(1)
}

// quantile returns the middle of the bucket in which the quantile lies; 0 when
// there is nothing.
func (j *jitter) quantile(q float64) time.Duration {
	var counts [len(j)]uint64
	var all uint64
	for i := range j {
		counts[i] = j[i].Load()
		all += counts[i]
	}
	if all == 0 {
		return 0
	}
	rank := uint64(q * float64(all))
	for i, n := range counts {
		if n > rank {
			octave, part := i/8, i%8
			return time.Duration((float64(uint64(8+part)<<octave) + float64(uint64(1)<<octave)/2) / 8 * float64(time.Microsecond))
		}
		rank -= n
	}
	return 0 // unreachable: the counts were summed above
}
