package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/longtest"
)

// memberFilesOf are the files of a member whose path has a part, such as those of its events or of its groups.
func memberFilesOf(t *testing.T, dir, part, end string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, clusterDir), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, part) && strings.HasSuffix(path, end) {
			list = append(list, path)
		}
		return nil // what is gone meanwhile is no file
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// flips changes a bit in the middle of files, halves cuts them there.
func flips(data []byte) []byte {
	data = slices.Clone(data)
	if len(data) > 0 {
		data[len(data)/2] ^= 4
	}
	return data
}
func halves(data []byte) []byte { return data[:len(data)/2] }

// Files of one member are damaged, while it is stopped and while it runs: the others never have fewer events, go on, and the
// one that is damaged has all again by itself, or is named, and has all after what is said to do.
func TestOneMemberIsDamaged(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "three servers, and their elections")
	configs := configsOf(t, 3)
	for i := range configs {
		configs[i].Log = zap.NewNop()
	}
	all := openAll(t, configs)
	const events, groups, meta = "STATUSBOT_EVENTS/msgs", "$SYS/_js_", "_meta_"
	var want []string
	for round, damage := range []struct {
		part, end string
		how       func([]byte) []byte
		runs      bool // while it is damaged
	}{
		{events, ".blk", flips, false}, {events, ".blk", halves, false}, {events, ".db", flips, false},
		{groups, ".blk", flips, false}, {groups, ".blk", halves, false}, {meta, "", flips, false},
		{events, ".blk", flips, true}, {events, ".blk", halves, true}, {groups, ".blk", flips, true},
	} {
		name := fmt.Sprintf("%s*%s of %d, while it runs: %v", damage.part, damage.end, round%3, damage.runs)
		hurt, other := round%3, (round+1)%3
		for n := range 5 {
			want = append(want, fmt.Sprintf("%d.%d", round, n))
			appendsOne(t, all[other], want[len(want)-1])
		}
		if !damage.runs {
			if err := all[hurt].Close(); err != nil {
				t.Fatal(err)
			}
		}
		files := memberFilesOf(t, configs[hurt].Dir, damage.part, damage.end)
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil {
				if err := os.WriteFile(file, damage.how(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(files) == 0 {
			t.Errorf("%s: no such file", name)
		}
		want = append(want, fmt.Sprint(round, " after"))
		appendsOne(t, all[other], want[len(want)-1])
		if !damage.runs {
			all[hurt] = reopens(t, configs[hurt], name)
		}
		for i, j := range all {
			if i != hurt {
				eventually(t, name+": "+j.Node()+" has all", func() bool { return fmt.Sprint(eventsOf(t, j)) == fmt.Sprint(want) })
			}
		}
		if !hasAllOrIsNamed(t, all[other], configs[hurt].Cluster.Self) {
			t.Logf("%s: named, and made anew", name)
			_ = all[hurt].Close() // it may be in any state
			all[hurt] = reopensEmpty(t, configs[hurt])
		}
		eventually(t, name+": the damaged one has all", func() bool { return fmt.Sprint(eventsOf(t, all[hurt])) == fmt.Sprint(want) })
		// As who restarts one after the other: not before the one before it has caught up with everything.
		eventually(t, name+": the damaged one has caught up", func() bool { return all[hurt].Behind() == "" })
	}
}

// hasAllOrIsNamed waits until a member has what the others have (true), or is named (false).
func hasAllOrIsNamed(t *testing.T, by *Journal, member string) (has bool) {
	t.Helper()
	eventually(t, member+" has all, or is named", func() bool {
		now, _ := by.copiesOfEvents(t.Context(), ^uint64(0))
		last := uint64(0)
		for _, c := range now {
			last = max(last, c.Last)
		}
		by.Agree(t.Context())
		for _, d := range by.Agree(t.Context()) {
			if d.Member == member && (d.Damaged || d.Differs) {
				return true
			}
		}
		sums, _ := by.copiesOfEvents(t.Context(), last)
		has = len(sums) == 3 && sums[member].Sum != "" && !sums[member].Damaged
		for _, c := range sums {
			has = has && c.Sum == sums[member].Sum
		}
		return has
	})
	return has
}

// reopens opens a member whose files are damaged; where it cannot, it does what an operator is told to.
func reopens(t *testing.T, cfg Config, name string) *Journal {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterPatience)
	defer cancel()
	j, err := Open(ctx, cfg)
	if err != nil {
		t.Logf("%s: it does not start: %v", name, err)
		if !strings.Contains(err.Error(), "start it: it takes all from the others") {
			t.Errorf("%s: it does not say what to do: %v", name, err)
		}
		return reopensEmpty(t, cfg)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// reopensEmpty moves a member's files away and opens it.
func reopensEmpty(t *testing.T, cfg Config) *Journal {
	t.Helper()
	from := filepath.Join(cfg.Dir, clusterDir)
	if err := os.Rename(from, from+time.Now().Format(".150405.000000")); err != nil {
		t.Fatal(err)
	}
	return openAll(t, []Config{cfg})[0]
}
