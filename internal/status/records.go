package status

import (
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

// records is the room of what was last seen of each check: what people look at
// when they ask why. Nothing is decided by it. Board.mu is held around it.
type records struct {
	of        map[string]*checkRecord   // :: check id -> its record
	ofProduct map[string][]*checkRecord // :: product id -> its checks, as declared
	changed   [FailureShards]bool       // shards of failures that are not stored as they are
}

// checkRecord is one check.
type checkRecord struct {
	def      *checks.Check // of Definition.Checks
	ref      impact.Ref    // none when its product is not declared
	newest   lastSeen
	failures []checks.Result // newest first
}

// redefine keeps what is known of checks that stay with their product. Who is to
// judge them is not known yet.
func (rs *records) redefine(def Definition) {
	old, list := rs.of, make([]checkRecord, len(def.Checks))
	rs.of = make(map[string]*checkRecord, len(def.Checks))
	rs.ofProduct = make(map[string][]*checkRecord, len(def.Products))
	for i := range def.Checks {
		c, r := &def.Checks[i], &list[i]
		if was := old[c.ID]; was != nil && was.def.Product == c.Product {
			*r = *was
		}
		r.def, r.ref = c, impact.Ref{}
		rs.of[c.ID] = r
		rs.ofProduct[c.Product] = append(rs.ofProduct[c.Product], r)
	}
}

// take keeps a result, if it is the newest of its check or not a pass.
func (rs *records) take(c *checkRecord, r *checks.Result) {
	c.newest.take(r)
	if r.Outcome != checks.Pass && c.keep(*r, rs.room()) {
		rs.changed[shardOf(r.Check)] = true
	}
}

// room is what one check's failures may take, in bytes.
func (rs *records) room() int { return failuresMax / max(len(rs.of), 1) }
