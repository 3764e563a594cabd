package status

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// Causes is what is thought of the cause of the present trouble.
type Causes struct {
	impact.Ranking
	At     time.Time // of the results that it is made of
	Since  time.Time // earliest onset of the products that are hurt
	Checks int       // that were looked at
}

// rankBack is how far back the results are looked at.
const rankBack = 24 * time.Hour

// rankDue reports whether the cause is to be looked for anew: often at first,
// since each minute brings evidence, and then at a twentieth of the trouble's
// age.
func (b *Board) rankDue(now time.Time) bool {
	every := min(max(now.Sub(b.causes.Since)/20, 30*time.Second), 10*time.Minute)
	return b.hurt && now.Sub(b.ranked) >= every
}

// holdFor is how long a trouble that one of our own vantages may have made up
// is not told yet, and holdScore the chance of that.
const (
	holdFor   = 3 * time.Minute
	holdScore = 0.2
)

// rank looks for the cause of the present trouble, and notes products that are
// seen in another light by it.
func (b *Board) rank(now time.Time) {
	var onset time.Time
	for _, p := range b.def.Products {
		if im := b.trackers[p.ID].Trouble(); im.On && (onset.IsZero() || im.Onset.Before(onset)) {
			onset = im.Onset
		}
	}
	before := b.causes
	b.ranked = now
	if onset.IsZero() {
		b.causes = Causes{At: now}
		return
	}
	if oldest := now.Add(-rankBack); onset.Before(oldest) {
		onset = oldest
	}
	var list []impact.Evidence
	for _, p := range b.def.Products {
		list = append(list, b.trackers[p.ID].Evidence(onset)...)
	}
	ids := make([]string, 0, len(b.def.Components))
	for _, c := range b.def.Components {
		ids = append(ids, c.ID)
	}
	b.causes = Causes{Ranking: impact.Rank(list, ids, b.metricScores(onset, now)), At: now, Since: onset, Checks: len(list)}
	for _, p := range b.def.Products {
		if b.shown(p.ID, before, now) != b.shown(p.ID, b.causes, now) {
			b.note(p.ID)
		}
	}
}

// suspectedVantage returns the vantage of ours that comes first, and its
// chance.
func (c Causes) suspectedVantage() (string, float64) {
	if len(c.Suspects) == 0 {
		return "", 0
	}
	s := c.Suspects[0]
	if s.Kind != impact.SuspectVantage {
		for _, s := range c.Suspects {
			if s.Kind == impact.SuspectVantage {
				return strings.TrimPrefix(s.ID, impact.VantagePrefix), s.Score
			}
		}
		return "", 0
	}
	return strings.TrimPrefix(s.ID, impact.VantagePrefix), s.Score
}

// shown says how a product's trouble is told, in the light of the causes.
func (b *Board) shown(product string, c Causes, now time.Time) light {
	t := b.trackers[product]
	tr := t.Trouble()
	if !tr.On {
		return lightNone
	}
	vantage, chance := c.suspectedVantage()
	switch {
	case vantage == "" || !t.OnlyFrom(vantage):
		return lightTrouble
	case c.Verdict == impact.OurVantage:
		return lightVantage
	case chance >= holdScore && now.Sub(tr.Began) < holdFor:
		return lightHeld
	default:
		return lightTrouble
	}
}

// light is how a trouble is seen.
type light uint8

const (
	lightNone    light = iota
	lightTrouble       // clients are hurt
	lightVantage       // a place of ours fails; of clients nothing is known
	lightHeld          // it may be either, and is not told yet
)

// inLight changes what a tracker says by what is known of the whole company.
func (b *Board) inLight(product string, im impact.Impact, now time.Time) impact.Impact {
	switch b.shown(product, b.causes, now) {
	case lightVantage:
		vantage, _ := b.causes.suspectedVantage()
		im.Level, im.Why = impact.Unknown, "our own vantage "+vantage+" fails: what it sees says nothing of clients"
		im.Vantage = vantage
	case lightHeld:
		im.Level, im.Why, im.Doubt = impact.OK, "", true
		im.Onset, im.OnsetLow, im.OnsetHigh = time.Time{}, time.Time{}, time.Time{}
	}
	return im
}
