package status

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/impact/cause"
)

// Causes is what is thought of the cause of the present trouble.
type Causes struct {
	cause.Ranking
	At     time.Time // of the results that it is made of
	Since  time.Time // earliest onset of the products that are hurt
	Checks int       // that were looked at
}

// rankBack is how far back the results are looked at.
const rankBack = 24 * time.Hour

// rankDue reports whether the cause of what hurts is to be looked for anew: often at first,
// since each minute brings evidence, and then at a twentieth of the trouble's
// age.
func (b *Board) rankDue(now time.Time) bool {
	every := min(max(now.Sub(b.causes.Since)/20, 30*time.Second), 10*time.Minute)
	return now.Sub(b.ranked) >= every
}

// holdFor is how long a trouble is not told yet while nearly all that
// fails in the whole company was seen from one place of ours, and from other places
// nothing: it is too early to tell our own fault from the clients' trouble.
const holdFor = 2 * time.Minute

// rank looks for the cause of the present trouble, and notes products that are
// seen in another light by it.
func (b *Board) rank(now time.Time) {
	var onset time.Time
	for _, p := range b.def.Products {
		if im := b.trackers[p.ID].Trouble(); im.On && (onset.IsZero() || im.Onset.Before(onset)) {
			onset = im.Onset
		}
	}
	b.ranked, b.hurt = now, !onset.IsZero()
	if onset.IsZero() {
		b.causes = Causes{At: now}
		b.evidence = nil
		clear(b.lights)
		return
	}
	if oldest := now.Add(-rankBack); onset.Before(oldest) {
		onset = oldest
	}
	list := b.evidence[:0]
	for _, p := range b.def.Products {
		list = b.trackers[p.ID].AppendEvidence(list, onset)
	}
	b.evidence = list
	b.causes = Causes{Ranking: cause.Rank(list, b.componentIDs(), b.metricScores(onset, now)), At: now, Since: onset, Checks: len(list)}
	for _, p := range b.def.Products {
		was, is := b.lights[p.ID], seenIn{light: b.shown(p.ID, b.causes, now)}
		if is.light == lightVantage {
			is.vantage = b.ours(p.ID, b.causes)
		}
		if was != is {
			b.note(p.ID)
		}
		b.lights[p.ID] = is
	}
}

func (b *Board) componentIDs() []string {
	ids := make([]string, 0, len(b.def.Components))
	for _, c := range b.def.Components {
		ids = append(ids, c.ID)
	}
	return ids
}

// suspectedVantage returns the vantage of ours that comes first, and its
// chance.
func (c Causes) suspectedVantage() (string, float64) {
	if len(c.Suspects) == 0 {
		return "", 0
	}
	s := c.Suspects[0]
	if s.Kind != cause.Vantage {
		for _, s := range c.Suspects {
			if s.Kind == cause.Vantage {
				return strings.TrimPrefix(s.ID, cause.VantagePrefix), s.Score
			}
		}
		return "", 0
	}
	return strings.TrimPrefix(s.ID, cause.VantagePrefix), s.Score
}

// shown says how a product's trouble is told, in the light of the causes.
func (b *Board) shown(product string, c Causes, now time.Time) light {
	t := b.trackers[product]
	tr := t.Trouble()
	if !tr.On {
		return lightNone
	}
	if vantage := b.ours(product, c); vantage != "" {
		return lightVantage
	}
	if now.Sub(tr.Began) < holdFor && b.lights[product].light != lightTrouble && b.onePlace() {
		return lightHeld
	}
	return lightTrouble
}

// ours returns the vantage of ours whose failure a product's trouble is; empty
// when it is none. Once found it stays so until the trouble is over or shows
// from elsewhere: what is clean since is no evidence against it.
func (b *Board) ours(product string, c Causes) string {
	t := b.trackers[product]
	if vantage, _ := c.suspectedVantage(); vantage != "" && c.Verdict == cause.OurVantage && t.OnlyFrom(vantage) {
		return vantage
	}
	if v := b.lights[product]; v.light == lightVantage && c.Verdict != cause.Clear && t.OnlyFrom(v.vantage) {
		return v.vantage
	}
	return ""
}

// onePlace reports whether nearly all that fails was seen from one of our
// places, where by chance at most two thirds would be.
func (b *Board) onePlace() bool {
	bad, streams := map[string]int{}, map[string]int{}
	for _, t := range b.trackers {
		t.Places(bad, streams)
	}
	all, worst := 0, ""
	for place, n := range bad {
		all += n
		if worst == "" || n > bad[worst] || n == bad[worst] && place < worst {
			worst = place
		}
	}
	total := 0
	for _, n := range streams {
		total += n
	}
	return worst != "" && 4*bad[worst] >= 3*all && 3*streams[worst] <= 2*total
}

// light is how a trouble is seen.
type light uint8

const (
	lightNone    light = iota
	lightTrouble       // clients are hurt
	lightVantage       // a place of ours fails; of clients nothing is known
	lightHeld          // it may be either, and is not told yet
)

// seenIn is the light with the vantage that it is about.
type seenIn struct {
	light   light
	vantage string
}

// inLight changes what a tracker says by what is known of the whole company.
func (b *Board) inLight(product string, im impact.Impact, now time.Time) impact.Impact {
	switch b.shown(product, b.causes, now) {
	case lightVantage:
		vantage := b.ours(product, b.causes)
		im.Level, im.Why = impact.Unknown, "our own vantage "+vantage+" fails: what it sees says nothing of clients"
		im.Vantage = vantage
	case lightHeld:
		im.Level, im.Why, im.Doubt = impact.OK, "", true
		im.Onset, im.OnsetLow, im.OnsetHigh = time.Time{}, time.Time{}, time.Time{}
	}
	return im
}
