package replay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// TestManyThatJoinAreFewPosts: a component of 40 of 60 products fails a little, and the
// products are seen to be hurt one after the other, over half an hour.
func TestManyThatJoinAreFewPosts(t *testing.T) {
	t.Parallel()
	def := status.Definition{Company: "Acme", Normal: readBegins, Components: []status.Component{{ID: "edge"}, {ID: "auth"}}}
	for i := range 60 {
		id := fmt.Sprint("p", i)
		def.Products = append(def.Products, status.Product{ID: id, Name: id})
		for _, what := range []string{"page", "api", "login"} {
			c := checks.Check{ID: id + "-" + what, Product: id, Kind: "http", Every: 20 * time.Second, Timeout: 3 * time.Second}
			if i < 40 {
				c.Uses = append(c.Uses, "edge")
			}
			if what == "login" {
				c.Uses = append(c.Uses, "auth")
			}
			def.Checks = append(def.Checks, c)
		}
	}
	h := newHeard(status.NewBoard(def))
	h.from = readBegins.Add(-time.Hour)
	for at := h.from; at.Before(readBegins.Add(30 * time.Minute)); at = at.Add(time.Second) {
		var batch []checks.Result
		for i, c := range def.Checks {
			if (at.Unix()+int64(i))%20 == 0 {
				share := 0.002
				if through("edge", c) && at.After(readBegins) {
					share = 0.03
				}
				batch = append(batch, readResult(c, at, share, 1))
			}
		}
		h.board.Apply(uint64(at.Unix()), batch)
		if at.Unix()%5 == 0 {
			if err := h.step(h.board.Snapshot(at.Add(time.Second))); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.report(t)
	if h.posts > 8 || h.updates > 28 {
		t.Errorf("%d posts and %d edits, want 8 and 20 at most:\n%s", h.posts, h.updates-h.posts, strings.Join(h.said, ""))
	}
	if len(h.hurt) != 1 || !strings.Contains(h.told, " of 60 products fail") {
		t.Errorf("at last it says %s", h.told)
	}
}
