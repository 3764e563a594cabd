package status

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/impact/cause"
)

// Causes is what is thought of the cause of the present trouble.
type Causes struct {
	cause.Ranking
	At    time.Time // of the results that it is made of
	Since time.Time // earliest onset of the products that are hurt, or from when on something else fails
	// Moved is from when on something else fails than at the onset, and Over are the ids of
	// the causes that were told until then and are none any more, sorted. Empty where it is
	// the same, and an hour after.
	Moved time.Time
	Over  []string
	// Products are those in which most of what failed goes through the cause
	// that is told; none while none is told.
	Products []string
}

// ranking is the room that looks for the cause of what hurts, and says in what
// light a product's trouble is seen by it. Board.mu is held around it.
type ranking struct {
	components []string // ids, as declared
	metrics    metrics
	scores     []scores // of the newest onsets that were asked for; at most scoresKept
	causes     Causes
	early      early             // of the present trouble
	moved      moved             // likewise
	evidence   []impact.Evidence // room for what causes are made of; nil while nothing hurts
	lights     map[string]seenIn // :: product id -> how its trouble is told
	lit        time.Time         // when lights were last decided, in the time of results
	hurt       bool              // a product is in trouble
	doubted    bool              // some of it is not told as trouble of clients
	ranked     time.Time         // when the cause was last looked for, in the time of results
}

func (r *ranking) redefine(def Definition) {
	r.components = def.componentIDs()
	r.metrics = r.metrics.redefined(r.components)
}

// rankBack is how far back the results are looked at.
const rankBack = 24 * time.Hour

// due reports whether the cause of what hurts is to be looked for anew: often at first,
// since each minute brings evidence, and then at a twentieth of the trouble's
// age.
func (r *ranking) due(now time.Time) bool {
	if !r.hurt {
		return false
	}
	every := min(max(now.Sub(r.causes.Since)/20, 30*time.Second), 10*time.Minute)
	return passed(r.ranked, now, every)
}

// holdFor is how long a trouble is not told yet while nearly all that
// fails in the whole company was seen from one vantage of ours, and from others
// nothing: it is too early to tell our own fault from the clients' trouble. After
// that it is told when it goes on: what was clean since is no trouble any more.
const holdFor = 2 * time.Minute

// rank looks for the cause of the present trouble, and returns the products that
// are seen in another light by it.
func (r *ranking) rank(products []followed, now time.Time) (relit []string) {
	var onset time.Time
	for _, p := range products {
		if im := p.Trouble(); im.On && (onset.IsZero() || im.Onset.Before(onset)) {
			onset = im.Onset
		}
	}
	r.ranked, r.hurt = now, !onset.IsZero()
	if onset.IsZero() {
		r.causes, r.early, r.moved = Causes{At: now}, early{}, moved{}
		r.evidence = nil
		clear(r.lights)
		return nil
	}
	if oldest := now.Add(-rankBack); onset.Before(oldest) {
		onset = oldest
	}
	onset = r.moved.began(onset, now)
	list := r.evidence[:0]
	for _, p := range products {
		list = p.AppendEvidence(list, onset)
	}
	r.evidence = list
	r.causes = Causes{Ranking: cause.Rank(list, r.components, r.metricScores(onset, now), r.early.chances(onset, now)), At: now, Since: onset}
	r.moves(products, now)
	r.early.look(r.causes)
	r.moved.Over = without(r.moved.Over, r.causes.Told()) // it may be back
	r.causes.Moved, r.causes.Over = r.moved.told(now)
	r.causes.Products = explained(r.evidence, r.causes.Ranking)
	return r.relight(products, now)
}

// relightEvery is how often what is not told as trouble, though its tracker says
// so, is looked at, in the time of results: it costs a look at every check.
const relightEvery = time.Second

// unsettled reports whether lights are to be decided anew before the cause is.
func (r *ranking) unsettled(now time.Time) bool {
	return r.hurt && r.doubted && passed(r.lit, now, relightEvery)
}

// relight decides in what light each trouble is seen. It is the one place that
// does: whoever asks is told what was decided here, so that all are told the same,
// and what was told as trouble is not held back again. It returns the products
// that are seen in another light than before.
func (r *ranking) relight(products []followed, now time.Time) (relit []string) {
	r.lit, r.doubted = now, false
	for _, p := range products {
		was, is := r.lights[p.id], r.shown(products, p, now)
		if was != is {
			relit = append(relit, p.id)
		}
		r.lights[p.id] = is
		r.doubted = r.doubted || is.light == lightHeld || is.light == lightVantage
	}
	return relit
}

// explained returns the products in which most of what failed goes through the
// cause, or through one of those that cannot be told apart.
func explained(list []impact.Evidence, r cause.Ranking) []string {
	told, region := r.Told(), ""
	switch r.Verdict {
	case cause.Clear:
		region = r.Suspects[0].Region
	case cause.OurVantage:
		return nil // what it sees says nothing of products
	}
	if len(told) == 0 {
		return nil
	}
	var order []string
	through, all := map[string]int{}, map[string]int{} // :: product id -> bad results
	for _, e := range list {
		bad := e.Failures + e.Slow
		if all[e.Product] == 0 && bad > 0 {
			order = append(order, e.Product)
		}
		all[e.Product] += bad
		uses := slices.ContainsFunc(e.Uses, func(id string) bool { return slices.Contains(told, id) }) || slices.Contains(told, cause.VantagePrefix+e.Vantage)
		if uses && (region == "" || e.Region == region) {
			through[e.Product] += bad
		}
	}
	return slices.DeleteFunc(order, func(p string) bool { return 2*through[p] < all[p] || through[p] == 0 })
}

// reach returns how likely a product is hurt by the present trouble, judged by
// what the others show since an instant, and the chances of the components.
func (r *ranking) reach(products []followed, product string, since, now time.Time) (hurt float64, causes map[string]float64) {
	if !r.hurt {
		return 0, nil
	}
	list := r.evidence[:0]
	var own followed
	for _, p := range products {
		if p.id == product {
			own = p
			continue
		}
		list = p.AppendEvidence(list, since)
	}
	others := len(list)
	list = own.AppendEvidence(list, since)
	r.evidence = list
	return cause.Reach(list[:others:others], list[others:], r.components, r.metricScores(since, now))
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
func (r *ranking) shown(products []followed, p followed, now time.Time) seenIn {
	tr := p.Trouble()
	if !tr.On {
		return seenIn{}
	}
	if vantage := r.ours(p); vantage != "" {
		return seenIn{lightVantage, vantage}
	}
	was := r.lights[p.id]
	if was.light == lightTrouble {
		return was
	}
	if p.Brief() {
		return seenIn{light: lightHeld}
	}
	goes := p.GoesOn()
	vantage, _ := oneVantage(products, false)
	if vantage == "" && was.light == lightHeld && !goes { // a usual failure elsewhere is no trouble that spreads
		known := false
		if vantage, known = oneVantage(products, true); !known { // what it was noticed by is too long ago
			vantage = was.vantage
		}
	}
	if _, _, last := p.Struck(); vantage == "" && was.light == lightHeld && !goes && now.Sub(last) > impact.Moment {
		return was // what else failed is over: of this nothing new is known
	}
	if vantage != "" && (now.Sub(tr.Began) < holdFor || !goes) && !spoken(products, p, vantage, now) {
		return seenIn{lightHeld, vantage}
	}
	return seenIn{light: lightTrouble}
}

// spoken reports whether a vantage has spoken for itself: what else it looks at
// passes while the product's trouble goes on, and did so in the moments around its onset.
func spoken(products []followed, hurt followed, vantage string, now time.Time) bool {
	share, onset, last := hurt.Struck()
	if now.Sub(onset) > impact.DefaultWindow-impact.Moment {
		return false // single results are forgotten: what failed in that moment looks clean
	}
	clean, bad := 0, 0
	for _, p := range products {
		if _, n := p.Unhurt(vantage, onset.Add(-impact.Moment), onset.Add(impact.Moment)); n > 0 {
			return false
		}
		n, failed := p.Unhurt(vantage, onset, last)
		clean, bad = clean+n, bad+failed
	}
	return impact.Speaks(share, clean, bad)
}

// ours returns the vantage of ours whose failure a product's trouble is; empty
// when it is none. Once found it stays so until the trouble is over or shows
// from elsewhere: what is clean since is no evidence against it.
func (r *ranking) ours(p followed) string {
	if vantage, _ := r.causes.suspectedVantage(); vantage != "" && r.causes.Verdict == cause.OurVantage && p.OnlyFrom(vantage) {
		return vantage
	}
	if v := r.lights[p.id]; v.light == lightVantage && r.causes.Verdict != cause.Clear && p.OnlyFrom(v.vantage) {
		return v.vantage
	}
	return ""
}

// oneVantage returns the vantage of ours from which nearly all that fails was
// seen, where by chance at most two thirds would be; empty when there is none. With
// noticed it is by the results that the troubles were noticed by. known is false if
// none of those is remembered.
func oneVantage(products []followed, noticed bool) (vantage string, known bool) {
	bad, streams := map[string]int{}, map[string]int{}
	for _, p := range products {
		p.Vantages(bad, streams, noticed)
	}
	all, worst := 0, ""
	for vantage, n := range bad {
		all += n
		if worst == "" || n > bad[worst] || n == bad[worst] && vantage < worst {
			worst = vantage
		}
	}
	total := 0
	for _, n := range streams {
		total += n
	}
	if worst != "" && 4*bad[worst] >= 3*all && 3*streams[worst] <= 2*total {
		return worst, true
	}
	return "", all > 0
}

// light is how a trouble is seen.
type light uint8

const (
	lightNone    light = iota
	lightTrouble       // clients are hurt
	lightVantage       // a vantage of ours fails; of clients nothing is known
	lightHeld          // it may be either, and is not told yet
)

// seenIn is the light with the vantage that it is about.
type seenIn struct {
	light   light
	vantage string
}

// inLight changes what a tracker says by what is known of the whole company. It
// decides nothing: see relight.
func (r *ranking) inLight(p followed, im impact.Impact) impact.Impact {
	if !p.Trouble().On {
		return im
	}
	switch seen := r.lights[p.id]; seen.light {
	case lightVantage:
		im.Level, im.Why = impact.Unknown, "our own vantage "+seen.vantage+" fails: what it sees says nothing of clients"
		im.Vantage = seen.vantage
	case lightHeld:
		im.Level, im.Why, im.Doubt, im.Held = impact.OK, "", true, true
		im.Onset, im.OnsetLow, im.OnsetHigh = time.Time{}, time.Time{}, time.Time{}
	}
	return im
}
