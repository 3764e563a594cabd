package journal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// A statusbot that was alone may become one of three, and brings all that it has: before the first start of a cluster has
// made any stream, each member says to the others whether it has a history of its own. Nobody makes streams before all
// have answered, and while one brings its history the others wait. What it had stays as it was in DIR/before.
const (
	// broughtFile holds, below DIR, the backup that is brought. While it is there the bringing is not over; a further start
	// goes on with it.
	broughtFile = "bringing.backup"
	beforeDir   = "before"
	aloneDir    = "nats"
	// foundAsk bounds how long another member may take to say whether it has a history.
	foundAsk = time.Second
)

// history is what a member says of itself before the first streams are made.
type history struct {
	Brings bool            `json:"brings"` // it has one of its own, and the cluster has none yet
	Has    map[string]ends `json:"has"`    // :: stream -> what its own copy has of it
}

// ends is how far a copy of a stream goes.
type ends struct {
	Last     uint64 `json:"last"` // sequence of its newest message
	Messages uint64 `json:"messages"`
}

// foundingSubject is where a member is asked for its history.
func (j *Journal) foundingSubject(member string) string {
	return j.cfg.Prefix + ".founding." + memberName(member)
}

// errWaits is why the streams are not made yet, of which another member is the cause.
type errWaits struct{ why string }

func (e errWaits) Error() string { return e.why }

// found sees to it that the journal of a cluster begins with the history of the member that was alone before, if one was.
func (j *Journal) found(ctx context.Context) error {
	var have []string // streams of ours that the cluster has
	err := j.patiently(ctx, allStreams, func(ctx context.Context) (err error) { have, err = j.ourStreams(ctx); return err })
	if err != nil {
		return fmt.Errorf("look which streams there are: %w", err)
	}
	alone := exists(filepath.Join(j.cfg.Dir, aloneDir))
	begun := exists(filepath.Join(j.cfg.Dir, broughtFile))
	whole := slices.Contains(have, j.checkpointsStream())
	switch {
	case whole && begun:
		return j.settleIn()
	case whole && alone:
		j.cfg.Log.Warn("the history of the statusbot that was alone here is not in the cluster, which had its own when this member came",
			zap.String("dir", filepath.Join(j.cfg.Dir, aloneDir)))
		return nil
	case whole:
		return nil
	}
	own := history{Brings: begun || alone && len(have) == 0}
	answers, err := j.nc.Subscribe(j.foundingSubject(j.cfg.Cluster.Self), func(m *nats.Msg) {
		said, _ := json.Marshal(history{Brings: own.Brings, Has: j.member.copies()}) // a bool and numbers
		_ = m.Respond(said)                                                          // who asks asks again
	})
	if err != nil {
		return err
	}
	defer func() { _ = answers.Unsubscribe() }() // or the connection is gone
	if err := j.patiently(ctx, allStreams, func(ctx context.Context) error { return j.mayFound(ctx, own) }); err != nil || !own.Brings {
		return err
	}
	if err := j.bringAgain(ctx); err != nil {
		if passing(err) {
			err = unavailable{err}
		}
		return fmt.Errorf("bring what the statusbot that was alone had: %w", err)
	}
	return j.settleIn()
}

// mayFound is nil once this member may make the streams, or they are there. It asks all others.
func (j *Journal) mayFound(ctx context.Context, own history) error {
	if !own.Brings {
		if have, err := j.ourStreams(ctx); err != nil || slices.Contains(have, j.checkpointsStream()) {
			return err
		}
	}
	for _, m := range j.cfg.Cluster.Members {
		if m == j.cfg.Cluster.Self {
			continue
		}
		its, err := j.historyOf(ctx, m)
		switch {
		case err != nil:
			return errWaits{m + " has not said yet whether it has a history of its own"}
		case its.Brings && own.Brings:
			return fmt.Errorf("%s and this member have each a history of a statusbot that was alone, and a cluster begins with one: move %s and %s away on one of them",
				m, filepath.Join(j.cfg.Dir, aloneDir), secondFile)
		case its.Brings:
			return errWaits{m + " brings the history of the statusbot that was alone"}
		}
	}
	return nil
}

// historyOf asks another member that is at its first start.
func (j *Journal) historyOf(ctx context.Context, member string) (its history, err error) {
	ctx, cancel := context.WithTimeout(ctx, foundAsk)
	defer cancel()
	answer, err := j.nc.RequestWithContext(ctx, j.foundingSubject(member), nil)
	if err == nil {
		err = json.Unmarshal(answer.Data, &its)
	}
	return its, err
}

// copies are this member's own copies of streams.
func (e *embedded) copies() map[string]ends {
	e.mu.Lock()
	s := e.server
	e.mu.Unlock()
	has := map[string]ends{}
	account, err := s.JszAccount(&server.JSzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Streams: true})
	if err != nil {
		return has // it has none
	}
	for i := range account.Streams {
		state := &account.Streams[i].State
		has[account.Streams[i].Name] = ends{Last: state.LastSeq, Messages: state.Msgs}
	}
	return has
}

// ourStreams are the names of the streams under our prefix.
func (j *Journal) ourStreams(ctx context.Context) (list []string, err error) {
	names := j.js.StreamNames(ctx)
	for name := range names.Name() {
		if slices.ContainsFunc(j.streamConfigs(), func(c jetstream.StreamConfig) bool { return c.Name == name }) {
			list = append(list, name)
		}
	}
	return list, names.Err()
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// bringAgain begins anew what a cluster could not take for now, such as a stream of three while one member is not seen yet.
func (j *Journal) bringAgain(ctx context.Context) error {
	for {
		err := j.bring(ctx)
		if err == nil || !passing(err) || ctx.Err() != nil {
			return err
		}
		j.waitsFor(ctx, err)
	}
}

// bring gives the cluster what this member has: each stream with its sequences, its times and three copies.
func (j *Journal) bring(ctx context.Context) error {
	j.cfg.Log.Info("bringing the history of the statusbot that was alone here into the cluster")
	name := filepath.Join(j.cfg.Dir, broughtFile)
	file, err := j.packed(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close() // it is only read
	// What is there is of a try that was broken off: the others make nothing, and the file was there before any.
	have, err := j.ourStreams(ctx)
	for _, stream := range have {
		err = errors.Join(err, j.js.DeleteStream(ctx, stream))
	}
	if err != nil {
		return fmt.Errorf("begin anew: %w", err)
	}
	if err := j.restoreAll(ctx, bufio.NewReaderSize(file, 1<<16)); err != nil {
		return err
	}
	for _, stream := range mostOf(j.streamConfigs()) {
		if err := j.patiently(ctx, stream.Name, func(ctx context.Context) error { return j.everywhere(ctx, stream.Name) }); err != nil {
			return err
		}
	}
	if err := j.makeStreams(ctx); err != nil {
		return err
	}
	return j.bringCheckpoints(ctx)
}

// packed opens the backup of what the statusbot that was alone has, and makes it where it is not there, or not whole.
func (j *Journal) packed(ctx context.Context, name string) (*os.File, error) {
	for {
		file, err := os.Open(name)
		if err == nil {
			if err = CheckBackup(file); err == nil {
				if _, err = file.Seek(0, io.SeekStart); err == nil {
					return file, nil
				}
			}
			err = errors.Join(err, file.Close(), os.Remove(name))
			j.cfg.Log.Warn("what is to be brought is read anew", zap.Error(err))
		}
		if err := j.packUp(ctx, name); err != nil {
			return nil, err
		}
	}
}

// mostOf are the streams that a statusbot that is alone has as well.
func mostOf(all []jetstream.StreamConfig) []jetstream.StreamConfig { return all[:len(all)-1] }

// everywhere is nil once all members that keep a stream have all of it, as they say themselves.
func (j *Journal) everywhere(ctx context.Context, name string) error {
	stream, err := j.js.Stream(ctx, name)
	if err != nil {
		return err
	}
	info := stream.CachedInfo()
	if info.Cluster == nil || len(info.Cluster.Replicas) < j.cfg.Replicas-1 {
		return errWaits{"stream " + name + " has not its members yet"}
	}
	all := ends{Last: info.State.LastSeq, Messages: info.State.Msgs}
	for _, m := range j.cfg.Cluster.Members {
		keeps := info.Cluster.Leader == memberName(m) || slices.ContainsFunc(info.Cluster.Replicas, func(r *jetstream.PeerInfo) bool { return r.Name == memberName(m) })
		has := j.member.copies()
		if keeps && m != j.cfg.Cluster.Self {
			its, err := j.historyOf(ctx, m)
			if err != nil {
				return errWaits{m + " does not say what it has of stream " + name}
			}
			has = its.Has
		}
		if keeps && has[name] != all {
			return errWaits{m + " has not all of stream " + name + " yet"}
		}
	}
	return nil
}

// packUp writes all that the statusbot that was alone has to a file, as a backup; the directory's lock is held.
func (j *Journal) packUp(ctx context.Context, name string) (err error) {
	cfg := j.cfg
	cfg.Cluster, cfg.Replicas = nil, 1
	alone := &Journal{cfg: cfg, node: j.node, instance: j.instance, streams: map[string]jetstream.Stream{}, lostOf: map[string]int{}}
	alone.ctx, alone.cancel = context.WithCancel(context.Background())
	defer func() { err = errors.Join(err, alone.Close()) }()
	for _, step := range []func() error{
		alone.mendStreams, alone.readSecondCopy,
		func() error { return alone.connect(ctx) },
		func() error { return alone.makeStreams(ctx) },
		func() error { return alone.compareCopies(ctx) },
		func() error { return alone.makeDurable(ctx) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(name+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<16)
	err = alone.Backup(ctx, out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(name+".part"))
	}
	return os.Rename(name+".part", name)
}

// bringCheckpoints gives the cluster the short cuts through what was brought. One that is missing costs time alone.
func (j *Journal) bringCheckpoints(ctx context.Context) error {
	files, err := os.ReadDir(filepath.Join(j.cfg.Dir, checkpointsDir))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, f := range files {
		key, err := decode(f.Name())
		if err != nil {
			continue // not one of ours
		}
		data, err := j.readCheckpointFile(f.Name())
		if err == nil {
			_, err = j.PutCheckpoint(ctx, key, data)
		}
		if err != nil {
			j.cfg.Log.Warn("a checkpoint is not brought; the start takes longer", zap.String("file", f.Name()), zap.Error(err))
		}
	}
	return nil
}

// settleIn moves what the statusbot that was alone had to DIR/before, once the cluster has it.
func (j *Journal) settleIn() error {
	before := filepath.Join(j.cfg.Dir, beforeDir)
	if err := os.MkdirAll(before, dirMode); err != nil {
		return err
	}
	for _, name := range []string{aloneDir, secondFile, twinFile, checkpointsDir} {
		from, to := filepath.Join(j.cfg.Dir, name), filepath.Join(before, name)
		if !exists(from) {
			continue
		}
		if exists(to) {
			to += strings.ReplaceAll(time.Now().UTC().Format(".20060102T150405.000"), ":", "")
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
	}
	j.cfg.Log.Info("the history of the statusbot that was alone here is in the cluster; what was here is kept, and read by nobody", zap.String("dir", before))
	return os.Remove(filepath.Join(j.cfg.Dir, broughtFile))
}
