package status

import (
	"cmp"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// Group is products that are hurt in the same way, by one cause or, where none
// is told, from nearly one onset on. They are told as one, with one sum.
type Group struct {
	Products []ProductStatus // what hurts most first
	Down     bool            // practically all fails, of each of them; else of none
	Most     bool            // most fails, of each of them, and not all; else of none
	Slow     bool            // the trouble of all is slowness; else of none
	Caused   bool            // what fails in them goes through the cause that is told
	Onset    time.Time       // the earliest, of what most fails when it began to; zero while not known
	Whole    bool            // what is counted began with Onset
	From     time.Time       // the earliest beginning of what their figures count
	impact.Counts
}

// Bad returns how many results had the group's trouble.
func (g Group) Bad() int { return bad(g.Slow, g.Counts) }

// Bad returns how many results had the product's trouble: failed or, when it
// is slowness, slow.
func (p ProductStatus) Bad() int { return bad(p.Impact.Slow, p.Counts) }

// Surely returns the share of a product's results that at least had its trouble, as
// impact.Surely does. Where they are counted from the onset the one that it was
// found by says nothing.
func (p ProductStatus) Surely() float64 {
	n, of := p.Bad(), p.Tries
	if p.SinceOnset() && !p.Dead() {
		n, of = n-1, of-1
	}
	return impact.Surely(n, of)
}

func (g Group) surely() float64 {
	most := impact.Surely(g.Bad(), g.Tries)
	if len(g.Products) == 1 {
		most = g.Products[0].Surely()
	}
	return most
}

func bad(slow bool, c impact.Counts) int {
	if slow {
		return c.Slow + c.Slower
	}
	return c.Failures
}

// sameOnset is within what time products are taken to have been hit by one
// thing: onsets of a few per cent of failures are known within minutes.
const sameOnset = 10 * time.Minute

// Groups returns the products that are hurt, worst group first: what is down
// before what mostly fails, that before what fails, and that before what is slow;
// then by the share that is certain. What was down and has not failed since it answers is
// by itself.
func (s Snapshot) Groups() []Group {
	type key struct{ down, most, slow, caused, answers bool }
	alike := map[key][]ProductStatus{}
	for _, p := range s.hurt() {
		k := key{p.Dead(), p.Level == impact.Outage && !p.Dead(), p.Impact.Slow, slices.Contains(s.Causes.Products, p.ID), p.answersWell()}
		alike[k] = append(alike[k], p)
	}
	var out []Group
	for k, list := range alike {
		for _, near := range byOnset(list, k.caused) {
			g := groupOf(near, Group{Down: k.down, Most: k.most, Slow: k.slow, Caused: k.caused})
			if moved := s.Causes.Moved; k.caused && !g.Onset.IsZero() && g.Onset.Before(moved) {
				g.Onset, g.Whole = moved, false // by another cause some of them were hurt before
			}
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(x, y Group) int {
		return cmp.Or(one(y.Down)-one(x.Down), one(y.Most)-one(x.Most), one(x.Slow)-one(y.Slow), cmp.Compare(y.surely(), x.surely()),
			x.Onset.Compare(y.Onset), cmp.Compare(x.Products[0].ID, y.Products[0].ID))
	})
	return out
}

// answersWell reports whether a product that was down answers again, and had no failure since:
// it is no part of what fails beside it, whose share it would hide.
func (p ProductStatus) answersWell() bool { return p.Answers != nil && p.Bad() == 0 }

// byOnset splits products where a long time lies between one onset and the
// next, unless one cause joins them.
func byOnset(list []ProductStatus, joined bool) [][]ProductStatus {
	if joined {
		return [][]ProductStatus{list}
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y ProductStatus) int { return x.began().Compare(y.began()) })
	var out [][]ProductStatus
	for i, p := range list {
		if i == 0 || p.began().Sub(list[i-1].began()) > sameOnset && p.OnsetLow.After(list[i-1].OnsetHigh) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out
}

// began is when a product's present level began: its onset or, when most of it
// fails, when that began.
func (p ProductStatus) began() time.Time {
	if p.Level == impact.Outage && p.Down != nil {
		return p.Down.Since
	}
	return p.Onset
}

func groupOf(list []ProductStatus, g Group) Group {
	g.Products, g.Whole = slices.Clone(list), true
	slices.SortStableFunc(g.Products, func(x, y ProductStatus) int {
		return cmp.Or(cmp.Compare(y.Surely(), x.Surely()), cmp.Compare(share(y.Bad(), y.Tries), share(x.Bad(), x.Tries)))
	})
	for _, p := range list {
		g.Tries += p.Tries
		g.Failures += p.Failures
		g.Counts.Slow += p.Counts.Slow
		g.Slower += p.Slower
		g.Unknown += p.Unknown
		g.Whole = g.Whole && p.SinceOnset()
		g.Onset, g.From = earlier(g.Onset, p.began()), earlier(g.From, p.From)
	}
	return g
}

// earlier returns the earlier of two instants, of which a zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func share(bad, tries int) float64 {
	if tries == 0 {
		return 0
	}
	return float64(bad) / float64(tries)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
