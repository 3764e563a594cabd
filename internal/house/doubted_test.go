package house

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
)

// A member whose clock is off is named, with by how much and what to do, and one whose configuration is another.
func TestAClockThatIsOffIsNamed(t *testing.T) {
	t.Parallel()
	got := doubted([]journal.Doubt{{Member: "a:7946", Ahead: time.Hour}, {Member: "b:7946", Ahead: -3 * time.Minute}, {Member: "c:7946", Otherwise: true}})
	want := []string{
		"a:7946's clock is 1 h ahead of the others'; set it right by NTP, what it measures and tells carries its times",
		"b:7946's clock is 3 min behind the others'; set it right by NTP, what it measures and tells carries its times",
		"c:7946 goes by other products or checks than the others, so it answers with other figures; give all the same configuration",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Members whose figures are made of the same are as one, wherever their files and secrets are and whatever was added in
// Slack; who has another check, product or interval is not.
func TestBasisIsWhatFiguresAreMadeOf(t *testing.T) {
	t.Parallel()
	load := func(text string) *config.Config {
		file := filepath.Join(t.TempDir(), "config.yaml")
		check(t, os.WriteFile(file, []byte(text), 0o600))
		cfg, err := config.Load(file, func(name string) (string, bool) { return "a member's own", name == "P" })
		check(t, err)
		return cfg
	}
	const one = "company: Acme\nslack: {mode: sandbox}\nproducts: [{id: shop}, {id: mail}]\nchecks: [{id: front, product: shop, kind: http, every: 10s, http: {url: \"http://127.0.0.1/\"}}]\n"
	first := basisOf(load(one))
	if first == "" {
		t.Error("it says nothing")
	}
	added := *load(one)
	added.Checks = append(added.Checks, checks.Check{ID: "added", Product: "shop", Kind: "http", Every: time.Minute, Strict: true})
	same := map[string]*config.Config{
		"a comment":    load("# of b\n" + one),
		"own password": load(strings.Replace(one, `url: "http://127.0.0.1/"`, `url: "http://127.0.0.1/?by=${P}"`, 1)),
		"an added one": &added,
	}
	for name, cfg := range same {
		if basisOf(cfg) != first {
			t.Errorf("%s makes it another", name)
		}
	}
	for _, change := range [][2]string{{"id: mail", "id: post"}, {"every: 10s", "every: 20s"}, {"id: front", "id: back"}, {"product: shop", "product: mail"}, {"Acme", "Apex"}} {
		if basisOf(load(strings.Replace(one, change[0], change[1], 1))) == first {
			t.Errorf("%q in place of %q makes no other", change[1], change[0])
		}
	}
	h := house{}
	h.cfg.Store(load(one))
	for range 2 { // the second time it is known
		if h.cfg.basis() != first {
			t.Error("of the one that is used it is another")
		}
	}
	h.cfg.Store(load(strings.Replace(one, "id: mail", "id: post", 1)))
	if h.cfg.basis() == first {
		t.Error("after a reload it is the old one")
	}
}
