package status

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

var groupsAt = time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)

// hurtBy is a product that fails so many of so many tries since so many minutes,
// of which the interval of its onset is one minute to each side.
func hurtBy(id string, level impact.Level, failures, tries, minutes int) ProductStatus {
	onset := groupsAt.Add(-time.Duration(minutes) * time.Minute)
	p := ProductStatus{Product: Product{ID: id, Name: id}, Impact: impact.Impact{Level: level, Counts: impact.Counts{Tries: tries, Failures: failures},
		Onset: onset, OnsetLow: onset.Add(-time.Minute), OnsetHigh: onset.Add(time.Minute), From: onset}}
	if level == impact.Outage {
		p.Down = &impact.Down{Since: onset, Tries: tries, Failures: failures}
	}
	return p
}

// late makes it one of which the last minutes alone are counted.
func late(p ProductStatus, minutes int) ProductStatus {
	p.From = groupsAt.Add(-time.Duration(minutes) * time.Minute)
	return p
}

// slowly makes failures slow answers.
func slowly(p ProductStatus) ProductStatus {
	p.Impact.Slow, p.Slower, p.Failures = true, p.Failures, 0
	return p
}

// wide says that the onset may lie anywhere in so many minutes.
func wide(p ProductStatus, minutes int) ProductStatus {
	p.OnsetLow, p.OnsetHigh = p.Onset.Add(-time.Duration(minutes)*time.Minute), p.Onset.Add(time.Duration(minutes)*time.Minute)
	return p
}

// answering says that it was down, and answers again.
func answering(p ProductStatus) ProductStatus {
	p.Answers = &impact.Answers{Until: groupsAt}
	return p
}

// TestGroups: what is told as one, in which order, with which sum and since when.
func TestGroups(t *testing.T) {
	const degraded, outage = impact.Degraded, impact.Outage
	moved := groupsAt.Add(-10 * time.Minute)
	for name, c := range map[string]struct {
		products []ProductStatus
		caused   []string
		want     string // a line a group
	}{
		"since " + moved.Format("15:04") + " by another cause": {[]ProductStatus{hurtBy("a", degraded, 2, 90, 60), hurtBy("b", degraded, 6, 90, 5), hurtBy("c", degraded, 9, 90, 60)}, []string{"a", "b"},
			"c fail 9/90 since 19:00 whole\nb a fail 8/180 since 19:50 caused"},
		"since " + moved.Format("15:04") + " by another cause, and none was hurt before": {[]ProductStatus{hurtBy("a", degraded, 2, 90, 8), hurtBy("b", degraded, 6, 90, 5)}, []string{"a", "b"},
			"b a fail 8/180 since 19:52 whole caused"},
		"nothing is hurt": {[]ProductStatus{hurtBy("a", impact.OK, 1, 90, 5), hurtBy("b", impact.Unknown, 0, 0, 5), hurtBy("c", impact.Maintenance, 9, 9, 5)}, nil, ""},
		"one onset": {[]ProductStatus{hurtBy("a", degraded, 2, 90, 30), hurtBy("b", degraded, 6, 90, 28), hurtBy("c", impact.OK, 0, 90, 0), hurtBy("d", degraded, 4, 90, 26)}, nil,
			"b d a fail 12/270 since 19:30 whole"},
		"long after each other": {[]ProductStatus{hurtBy("a", degraded, 2, 90, 60), hurtBy("b", degraded, 6, 90, 5)}, nil,
			"b fail 6/90 since 19:55 whole\na fail 2/90 since 19:00 whole"},
		"long after each other as far as can be seen": {[]ProductStatus{wide(hurtBy("a", degraded, 2, 90, 60), 30), wide(hurtBy("b", degraded, 6, 90, 30), 30)}, nil,
			"b a fail 8/180 since 19:00 whole"},
		"few results do not lead": {[]ProductStatus{hurtBy("a", degraded, 6, 90, 30), hurtBy("b", degraded, 2, 4, 30), hurtBy("c", degraded, 3, 90, 28), late(hurtBy("d", degraded, 12, 90, 26), 10)}, nil,
			"d a b c fail 23/274 since 19:30"},
		"one after the other for an hour": {[]ProductStatus{hurtBy("a", degraded, 2, 90, 60), hurtBy("b", degraded, 2, 90, 52), hurtBy("c", degraded, 2, 90, 44), hurtBy("d", degraded, 2, 90, 36)}, nil,
			"a b c d fail 8/360 since 19:00 whole"},
		"joined by a cause": {[]ProductStatus{hurtBy("a", degraded, 2, 90, 60), hurtBy("b", degraded, 6, 90, 5), hurtBy("c", degraded, 9, 90, 60)}, []string{"a", "b"},
			"c fail 9/90 since 19:00 whole\nb a fail 8/180 since 19:00 whole caused"},
		"down, mostly failing, failing and slow by one cause": {[]ProductStatus{slowly(hurtBy("a", degraded, 80, 90, 30)), hurtBy("b", degraded, 6, 90, 30), hurtBy("c", outage, 60, 90, 30), hurtBy("d", outage, 90, 90, 30)},
			[]string{"a", "b", "c", "d"},
			"d down 90/90 since 19:30 whole caused\nc most 60/90 since 19:30 whole caused\nb fail 6/90 since 19:30 whole caused\na slow 80/90 since 19:30 whole caused"},
		"down from a try in twenty that passes on": {[]ProductStatus{hurtBy("a", outage, 95, 100, 8), hurtBy("b", outage, 94, 100, 8)}, nil,
			"a down 95/100 since 19:52 whole\nb most 94/100 since 19:52 whole"},
		"what was down and has no failure since is no part of what fails": {[]ProductStatus{hurtBy("a", degraded, 18, 80, 30), answering(hurtBy("b", degraded, 0, 45, 30)), answering(hurtBy("c", degraded, 9, 45, 30))}, []string{"a", "b", "c"},
			"a c fail 27/125 since 19:30 whole caused\nb fail 0/45 since 19:30 whole caused"},
		"some longer than a window": {[]ProductStatus{late(hurtBy("a", degraded, 2, 90, 30), 10), hurtBy("b", degraded, 1, 50, 25)}, nil,
			"a b fail 3/140 since 19:30"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Snapshot{At: groupsAt, Products: c.products, Causes: Causes{Products: c.caused}}
			if strings.HasPrefix(name, "since") {
				s.Causes.Moved = moved
			}
			var lines []string
			for _, g := range s.Groups() {
				var words []string
				for _, p := range g.Products {
					words = append(words, p.ID)
				}
				kind := map[[3]bool]string{{true, false, false}: "down", {false, true, false}: "most", {false, false, true}: "slow", {}: "fail"}[[3]bool{g.Down, g.Most, g.Slow}]
				words = append(words, kind, fmt.Sprintf("%d/%d", g.Bad(), g.Tries), "since", g.Onset.Format("15:04"))
				if g.Whole {
					words = append(words, "whole")
				}
				if g.Caused {
					words = append(words, "caused")
				}
				lines = append(lines, strings.Join(words, " "))
			}
			if got := strings.Join(lines, "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
