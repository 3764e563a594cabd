package reader

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Story reads the updates of one incident one after the other, and finds what
// only those before show to be wrong. Its zero value has read nothing.
type Story struct {
	told   []told
	posted told      // the last one that is a message of its own
	step   time.Time // since when the share is told to have changed
	flaps  bool      // that something does was told: its turns are edits
}

// told is what a reader remembers of an update.
type told struct {
	at    time.Time
	n     int     // its number
	share float64 // of tries that fail, in per cent, by the first line, of all groups together; -1 where it does not say
	hurt  int     // products, as of page
	all   bool    // these are all, since the first line tells one group alone
	head  string
	more  time.Duration // that a proof is said to take; 0: nothing is said
	clean int           // results without a failure, where it is told how many are needed
	lacks int           // of these
}

var (
	numbered  = regexp.MustCompile(`pdate #([\d,]+)`)
	headShare = regexp.MustCompile(`(\d[\d.]*) % of tries \(` + figure)
	forecast  = regexp.MustCompile(`about ` + span + ` more`)
	compared  = regexp.MustCompile(`(Worse|Better) than ` + span + ` ago`)
	spreading = regexp.MustCompile(`Spreading: ([\d,]+) more in ` + span)
	sameAs    = regexp.MustCompile(`Same as ` + span + ` ago`)
)

// Next reads the next update, with all that came before in mind.
func (s *Story) Next(said Said) []Fault {
	p := open(said)
	t := told{at: said.At, share: p.share(), hurt: p.hurt, all: p.hurt >= 0 && p.oneGroup(), head: p.head}
	out := Read(said)
	if m := numbered.FindStringSubmatch(p.head); m != nil {
		t.n = number(m[1])
	}
	if last := s.last(); t.n > 0 && last.n > 0 && t.n != last.n+1 {
		out = append(out, Fault{"number", fmt.Sprintf("#%d after #%d", t.n, last.n)})
	}
	out = append(out, s.against(t, p.head)...)
	out = append(out, s.asNews(t, said.Post)...)
	if m := forecast.FindStringSubmatch(p.all); m != nil {
		t.more, _ = length(m[1])
		last := s.last()
		if due := last.more - t.at.Sub(last.at); last.more > 0 && due > 2*t.more+10*time.Minute {
			out = append(out, Fault{"forecast", fmt.Sprintf("%q, and %v before it: about %v", m[0], t.at.Sub(last.at), last.more)})
		}
	}
	if m := nearly.FindStringSubmatch(p.all); m != nil {
		t.clean, t.lacks = number(m[1]), number(m[2])-number(m[1])
		if last := s.last(); last.lacks > 0 && t.clean >= last.clean+2*last.lacks+10 && t.lacks > 0 {
			out = append(out, Fault{"forecast", fmt.Sprintf("%q, and %v before it: %d of about %d", m[0], t.at.Sub(last.at), last.clean, last.clean+last.lacks)})
		}
	}
	s.told = append(s.told, t)
	if said.Post {
		s.posted = t
	}
	if m := stepped.FindStringSubmatch(p.head); m != nil {
		s.step = p.clock(m[1], m[2])
	}
	s.flaps = s.flaps || flapsOf.MatchString(p.head)
	return out
}

const (
	// editsFor is how long after a post what follows may be edited into it.
	editsFor = time.Minute
	// repeatsAfter is how long after a post nobody needs the same again.
	repeatsAfter = 10 * time.Minute
	// turnsAfter is how soon nobody believes the opposite.
	turnsAfter = 6 * time.Minute
)

var (
	newsWords = regexp.MustCompile(`\b(?:is|are) down\b|answers? again|: worse\.|: better\.|failing again|slow again|another trouble|(?i:quiet for) |(?i:recovered)`)
	stepped   = regexp.MustCompile(`(?:: worse|: better| Worse| Better)\. .*?(?:until|since) (?:[A-Z][a-z]{2} )?(\d\d):(\d\d)`)
	ends      = regexp.MustCompile(`Updates end`)
	nearly    = regexp.MustCompile(`o (?:failure|slow answer) for ([\d,]+) of about ([\d,]+) results needed`)
	changing  = regexp.MustCompile(`#[\d,]+|(?:Same as|Worse than|Better than) [^.]*? ago\.`)
)

// asNews is a post that repeats the update before it, an edit with what should have been a
// post, and the opposite of what was told a moment ago.
func (s *Story) asNews(t told, post bool) (out []Fault) {
	last := s.last()
	if last.n == 0 {
		return nil
	}
	bare := func(head string) string { return strings.TrimSpace(changing.ReplaceAllString(head, "")) }
	if post && t.at.Sub(s.posted.at) < repeatsAfter && bare(t.head) == bare(last.head) {
		out = append(out, Fault{"repeat", fmt.Sprintf("posted again after %v: %s", t.at.Sub(s.posted.at), t.head)})
	}
	if m := sameAs.FindStringSubmatch(t.head); m != nil && !s.step.IsZero() {
		if d, unit := length(m[1]); d > t.at.Sub(s.step)+unit {
			out = append(out, Fault{"same", fmt.Sprintf("%q, and it was told to have changed %s: %s", m[0], s.step.UTC().Format("15:04"), t.head)})
		}
	}
	if m := newsWords.FindString(t.head); !post && !s.flaps && m != "" && !strings.Contains(last.head, m) && !strings.Contains(strings.ToLower(last.head), strings.ToLower(strings.TrimSpace(m))) && t.at.Sub(s.posted.at) > editsFor {
		out = append(out, Fault{"news", fmt.Sprintf("an edit says %q: %s, after: %s", m, t.head, last.head)})
	}
	if !post && !s.flaps && strings.Contains(t.head, ": worse.") && strings.Contains(s.posted.head, ": better.") {
		out = append(out, Fault{"news", fmt.Sprintf("an edit says %s, of a post that says %s", t.head, s.posted.head)})
	}
	if ends.MatchString(last.head) && !ends.MatchString(t.head) && t.at.Sub(last.at) < editsFor {
		out = append(out, Fault{"end", fmt.Sprintf("it goes on after %v: %s, after: %s", t.at.Sub(last.at), t.head, last.head)})
	}
	was, is := compared.FindStringSubmatch(last.head), compared.FindStringSubmatch(t.head)
	if !post && was != nil && is != nil && was[1] != is[1] && t.at.Sub(last.at) < turnsAfter {
		out = append(out, Fault{"opposite", fmt.Sprintf("%s, after: %s", t.head, last.head)})
	}
	return out
}

// share is what fails of all that the first line has figures of, in per cent; -1
// where it has none, or says it in other words.
func (p page) share() float64 {
	all := headShare.FindAllStringSubmatch(p.head, -1)
	if len(all) == 0 || strings.Contains(p.head, " down") || slowOf.MatchString(p.head) {
		return -1
	}
	if m := all[0]; len(all) == 1 {
		return 100 * float64(number(m[2])) / float64(max(1, number(m[3]))) // what is told is rounded
	}
	bad, tries := 0, 0
	for _, m := range all {
		if 2*number(m[2]) > number(m[3]) {
			return -1 // what mostly fails comes before any sum
		}
		bad, tries = bad+number(m[2]), tries+number(m[3])
	}
	return 100 * float64(bad) / float64(max(1, tries))
}

// against is what a first line says of an update before it that is not so.
func (s *Story) against(t told, head string) []Fault {
	fault := func(kind, said string, old told) []Fault {
		return []Fault{{kind, fmt.Sprintf("%q, and then it was: %s", said, old.head)}}
	}
	if m := compared.FindStringSubmatch(head); m != nil {
		d, unit := length(m[2])
		if old, ok := s.at(t.at.Add(-d), unit); ok && old.share >= 0 && t.share >= 0 && (old.hurt == t.hurt || m[1] == "Worse") {
			if m[1] == "Worse" && t.share < old.share || m[1] == "Better" && t.share > old.share {
				return fault("direction", m[0], old)
			}
		}
	}
	if m := spreading.FindStringSubmatch(head); m != nil && t.all {
		d, unit := length(m[2])
		if old, ok := s.hurtAt(t.at.Add(-d), unit, t.hurt-number(m[1])); !ok {
			return fault("spreading", m[0], old)
		}
	}
	if m := sameAs.FindStringSubmatch(head); m != nil && t.all {
		d, unit := length(m[1])
		if old, ok := s.hurtAt(t.at.Add(-d), unit, t.hurt); !ok {
			return fault("same", m[0], old)
		}
	}
	return nil
}

// hurtAt reports whether any update that was on the channel at an instant, about,
// had so many products fail; or else which had not. Of one that says it in several
// parts that is not known.
func (s *Story) hurtAt(at time.Time, about time.Duration, n int) (told, bool) {
	var other told
	for _, t := range s.told {
		if t.at.Sub(at).Abs() > about {
			continue
		}
		if !t.all || t.hurt == n {
			return t, true
		}
		other = t
	}
	return other, other.n == 0
}

// oneGroup reports whether the first line tells all that fails in one part.
func (p page) oneGroup() bool {
	return len(headShare.FindAllString(p.head, -1)) == 1 && !strings.Contains(p.head, " down") && !strings.Contains(p.head, " degraded") && !strings.Contains(p.head, "Besides: ") &&
		!strings.Contains(p.head, "; none of the last ")
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
