package bot

import (
	"time"

	"github.com/statusbot/statusbot/internal/format"
)

// Itself is what statusbot tells of itself, beside what it measures. What is nil
// is never told.
type Itself struct {
	Load      func() format.Load   // how it keeps up
	Unkept    func() format.Unkept // what keeps what is written down from the disk
	Apart     func() format.Apart  // whether it is cut off from the others
	Lost      format.Lost          // what a damaged file has taken, as it was found at the start
	AddedLost func() bool          // the checks that were added in Slack do not run, since their list cannot be read
	Page      func() string        // address of the page; empty: it is not known
	Version   string
}

// whereCutOff is an answer under what must be known before it is believed: that
// it comes from a statusbot which is cut off from the others.
func (i *Itself) whereCutOff(m format.Message, now time.Time) format.Message {
	if i.Apart == nil {
		return m
	}
	return i.Apart().In(m, now)
}

// howItIs is a summary with what statusbot itself suffers from.
func (i *Itself) howItIs(m format.Message, now time.Time) format.Message {
	if i.Load != nil {
		m = format.Overloaded(m, i.Load())
	}
	if i.Unkept != nil {
		m = i.Unkept().In(m, now)
	}
	return i.Lost.In(m, now)
}

// page is where people reach the page; empty where that is not known.
func (i *Itself) page() string {
	if i.Page == nil {
		return ""
	}
	return i.Page()
}
