package claim

import "sync"

// cacheMax is how many expressions are remembered: some 10 MB at most.
const cacheMax = 512

// cache remembers what the expressions of a vocabulary became, by their
// text. To compile one takes half a millisecond and 15 KB, each is compiled
// when the configuration is judged and again when its check is made ready, and
// many checks say the same.
type cache struct {
	mu    sync.Mutex
	known map[claimText][]claim // guarded by mu; what is in it does not change
}

// claimText is what a compiled expression depends on, within a vocabulary.
type claimText struct {
	option string // without an index
	text   string
	want   bool
}

func (c *cache) get(t claimText) []claim {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[t]
}

// put remembers an expression. When there are too many it forgets all others:
// those in use live on in their checks, and the rest are of configurations
// that are gone.
func (c *cache) put(t claimText, list []claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= cacheMax {
		c.known = map[claimText][]claim{}
	}
	c.known[t] = list
}
