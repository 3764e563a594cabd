package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/journal/journaltest"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
)

const powerMembers = "JOURNAL_POWER_TEST_MEMBERS"

// threeByPower are three members on loopback, each with a directory below one.
type threeByPower struct {
	Members []string // their addresses
	Folders []string // what each comes in with
	Dir     string
}

func (three threeByPower) cluster() journal.Cluster {
	return journal.Cluster{Name: "test", Members: three.Members}
}

// config is that of a member whose directory is below dir.
func (three threeByPower) config(i int, dir string) (journal.Config, error) {
	own := three.cluster()
	err := journal.ReadMember(three.Folders[i], &own)
	return journal.Config{Dir: filepath.Join(dir, strconv.Itoa(i)), Cluster: &own}, err
}

// open opens all three at once, as each needs the others.
func (three threeByPower) open(ctx context.Context, dir string) ([]*journal.Journal, error) {
	all, failed := make([]*journal.Journal, len(three.Folders)), make([]error, len(three.Folders))
	var opening sync.WaitGroup
	for i := range all {
		opening.Go(func() {
			cfg, err := three.config(i, dir)
			if err == nil {
				all[i], err = journal.Open(ctx, cfg)
			}
			failed[i] = err
		})
	}
	opening.Wait()
	return all, errors.Join(failed...)
}

// appendByMembers writes as appendByPower does, each name by a member of its own, and ends all at once. One process is all three, so that there is
// one order of what they do.
func appendByMembers(members, times string) error {
	rounds, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	var three threeByPower
	if err := json.Unmarshal([]byte(members), &three); err != nil {
		return err
	}
	ctx := context.Background()
	js, err := three.open(ctx, three.Dir)
	if err != nil {
		return err
	}
	say := func(format string, v ...any) { os.Stdout.Write(fmt.Appendf(nil, format+"\n", v...)) } // one write, no buffer
	failed := make([]error, len(js))
	var all sync.WaitGroup
	for i, name := range crashNames {
		all.Go(func() { failed[i] = writeByPower(ctx, js[i], name, 0, rounds, say) })
	}
	all.Wait()
	for _, j := range js {
		all.Go(func() { _ = j.Close() }) // the last one may find nobody left to write to
	}
	all.Wait()
	return errors.Join(failed...)
}

// TestPowerCutOfMembers lays, of three members that write, what a power cut of all at one moment, or of one, may leave at many moments, and starts
// all three from it. What was not synced on all three may be gone on each in another way.
func TestPowerCutOfMembers(t *testing.T) {
	longtest.Only(t, "an election of 4 to 9 s for each state")
	t.Parallel()
	three := threeByPower{Dir: t.TempDir()}
	for range 3 {
		held, err := port.Hold()
		check(t, err)
		t.Cleanup(func() { _ = held.Close() })
		three.Members = append(three.Members, held.Address())
	}
	var err error
	three.Folders, err = journal.InitCluster(t.TempDir(), three.cluster())
	check(t, err)
	members, err := json.Marshal(three)
	check(t, err)
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), powerMembers+"="+string(members), powerRounds+"=10")
	cmd.Stderr = os.Stderr
	disk := journaltest.Record(t, three.Dir, cmd)
	moments := disk.Moments()
	begun := slices.IndexFunc(moments, func(m int) bool { return len(disk.Said(m)) > 0 }) // before, nothing was promised
	moments = moments[begun:]
	states := longtest.Seeds(4, 16)
	for i := range states {
		random := rand.New(rand.NewPCG(uint64(i), 59)) // any seed: it only spreads the moments, and what is lost
		moment := moments[random.IntN(len(moments))]
		names, loss, who := journaltest.Names(i%2), []journaltest.Loss{journaltest.All, journaltest.Some}[i/2%2], "all"
		alone := i%4 == 3 // the two others go on with what their kernels have
		if alone {
			names = journaltest.InOrder // in the other model a pushed batch may be lost so
		}
		at := filepath.Join(t.TempDir(), strconv.Itoa(i))
		check(t, disk.Cut(moment, names, loss, random, at))
		if alone {
			one := random.IntN(3)
			others := at + "others"
			check(t, disk.Cut(moment, names, journaltest.None, random, others))
			lost := filepath.Join(others, strconv.Itoa(one))
			check(t, errors.Join(os.RemoveAll(lost), os.Rename(filepath.Join(at, strconv.Itoa(one)), lost)))
			at, who = others, "member "+strconv.Itoa(one)
		}
		verifyMembers(t, fmt.Sprintf("state %d: line %d of the trace, names %d, loss %d of %s", i, moment, names, loss, who), three, at, disk.Said(moment))
		check(t, os.RemoveAll(at))
		if t.Failed() {
			return
		}
	}
	t.Logf("%d states of %d moments, %d acknowledged", states, len(moments), len(disk.Said(moments[len(moments)-1])))
}

// verifyMembers starts all members from a state, and wants each to read all that was acknowledged, at once: whichever copy it reads, it is
// told that this is all only when it is.
func verifyMembers(t *testing.T, what string, three threeByPower, dir string, said []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	js, err := three.open(ctx, dir)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	for i, j := range js {
		if err != nil {
			break
		}
		awaitAnswers(ctx, t, j)
		verifyAcknowledged(t, fmt.Sprintf("%s: read by member %d", what, i), j, said)
	}
	var all sync.WaitGroup
	for _, j := range js {
		if j != nil {
			all.Go(func() { _ = j.Close() })
		}
	}
	all.Wait()
}

// awaitAnswers waits until members that elect answer again, by what no leader but that of its own stream can.
func awaitAnswers(ctx context.Context, t *testing.T, j *journal.Journal) {
	t.Helper()
	for {
		_, receipt := j.Receipt(ctx, "#inc", crashNames[0])
		_, kept := j.Kept(ctx, powerShelf, crashNames[0])
		if !errors.Is(errors.Join(receipt, kept), journal.ErrUnavailable) {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("no answers: %v, %v", receipt, kept)
		}
	}
}
