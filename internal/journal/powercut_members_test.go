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
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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
	if !longtest.Of(false, true) { // an election of 4 to 9 s for each state
		return
	}
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

// verifyMembers starts all members from a state, and wants each to read all that was acknowledged, once it has caught up: what is read
// may come from the copy of any member.
func verifyMembers(t *testing.T, what string, three threeByPower, dir string, said []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	js, err := three.open(ctx, dir)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	for i, j := range js {
		for err == nil {
			by := fmt.Sprintf("%s: read by member %d", what, i)
			wrong := wrongWith(t, func(t testing.TB) { verifyAcknowledged(t, by, j, said) })
			if len(wrong) == 0 {
				break
			}
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-ctx.Done():
			}
			t.Errorf("%s:\n%s", by, strings.Join(wrong, "\n"))
			break
		}
	}
	var all sync.WaitGroup
	for _, j := range js {
		if j != nil {
			all.Go(func() { _ = j.Close() })
		}
	}
	all.Wait()
}

// wrongWith is what looks finds wrong, which fails no test.
func wrongWith(t testing.TB, looks func(testing.TB)) []string {
	t.Helper()
	found, done := &finding{TB: t}, make(chan struct{})
	go func() { // which Fatal ends
		defer close(done)
		looks(found)
	}()
	<-done
	return found.wrong
}

type finding struct {
	testing.TB

	wrong []string
}

func (f *finding) Errorf(format string, args ...any) {
	f.wrong = append(f.wrong, fmt.Sprintf(format, args...))
}

func (f *finding) Fatal(args ...any) {
	f.wrong = append(f.wrong, fmt.Sprint(args...))
	runtime.Goexit()
}
