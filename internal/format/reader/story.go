package reader

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Story reads the updates of one incident one after the other, and finds what
// only those before show to be wrong. Its zero value has read nothing.
type Story struct {
	told []told
}

// told is what a reader remembers of an update.
type told struct {
	at    time.Time
	n     int     // its number
	share float64 // of tries that fail, in per cent, by the first line; -1 where it does not say
	hurt  int     // products, as of page
	head  string
	more  time.Duration // that a proof is said to take; 0: nothing is said
}

var (
	numbered  = regexp.MustCompile(`pdate #([\d,]+)`)
	headShare = regexp.MustCompile(`(\d[\d.]*) % of tries \(` + figure)
	forecast  = regexp.MustCompile(`about ` + span + ` more`)
	compared  = regexp.MustCompile(`(Worse|Better) than ` + span + ` ago`)
)

// Next reads the next update, with all that came before in mind.
func (s *Story) Next(said Said) []Fault {
	p := open(said)
	t := told{at: said.At, share: -1, hurt: p.hurt, head: p.head}
	if m := headShare.FindAllStringSubmatch(p.head, -1); len(m) == 1 && !strings.Contains(p.head, " down") {
		t.share, _ = strconv.ParseFloat(m[0][1], 64)
	}
	out := Read(said)
	if m := numbered.FindStringSubmatch(p.head); m != nil {
		t.n = number(m[1])
	}
	if last := s.last(); t.n > 0 && last.n > 0 && t.n != last.n+1 {
		out = append(out, Fault{"number", fmt.Sprintf("#%d after #%d", t.n, last.n)})
	}
	if m := compared.FindStringSubmatch(p.all); m != nil {
		d, unit := length(m[2])
		if old, ok := s.at(said.At.Add(-d), unit); ok && old.share >= 0 && t.share >= 0 && old.hurt == t.hurt {
			if m[1] == "Worse" && t.share < old.share || m[1] == "Better" && t.share > old.share {
				out = append(out, Fault{"direction", fmt.Sprintf("%q, and then it was: %s", m[0], old.head)})
			}
		}
	}
	if m := forecast.FindStringSubmatch(p.all); m != nil {
		t.more, _ = length(m[1])
		last := s.last()
		if due := last.more - t.at.Sub(last.at); last.more > 0 && due > 2*t.more+10*time.Minute {
			out = append(out, Fault{"forecast", fmt.Sprintf("%q, and %v before it: about %v", m[0], t.at.Sub(last.at), last.more)})
		}
	}
	s.told = append(s.told, t)
	return out
}

func (s *Story) last() told {
	if len(s.told) == 0 {
		return told{}
	}
	return s.told[len(s.told)-1]
}

// at is the update that was on the channel at an instant, about.
func (s *Story) at(at time.Time, about time.Duration) (told, bool) {
	for i := len(s.told) - 1; i >= 0; i-- {
		if d := s.told[i].at.Sub(at); d.Abs() <= about {
			return s.told[i], true
		}
	}
	return told{}, false
}
