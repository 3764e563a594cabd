package journal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func (j *Journal) resultsStream() string  { return strings.ToUpper(j.cfg.Prefix) + "_RESULTS" }
func (j *Journal) resultsSubject() string { return j.cfg.Prefix + ".results" }
func (j *Journal) eventsStream() string   { return strings.ToUpper(j.cfg.Prefix) + "_EVENTS" }
func (j *Journal) eventsSubject() string  { return j.cfg.Prefix + ".events." }

// bucketStream and bucketSubject follow the layout of NATS key-value buckets.
func (j *Journal) bucketStream(bucket string) string {
	return "KV_" + j.cfg.Prefix + "_" + bucket
}

func (j *Journal) bucketSubject(bucket string) string {
	return "$KV." + j.cfg.Prefix + "_" + bucket + "."
}

const (
	outboxBucket   = "outbox"
	receiptsBucket = "receipts"
	shelvesBucket  = "shelves"
	leaseBucket    = "lease"
)

// streamDuplicates is how long message ids are remembered. Nothing uses any but the results of members.
const streamDuplicates = time.Second

// streamConfigs are the streams as the configuration wants them. That of the checkpoints is the last: with it a cluster's
// journal is whole.
func (j *Journal) streamConfigs() []jetstream.StreamConfig {
	results := jetstream.StreamConfig{
		Name:        j.resultsStream(),
		Description: "check results, one message per batch",
		Subjects:    []string{j.resultsSubject()},
		MaxAge:      j.cfg.ResultsAge,
		MaxBytes:    j.cfg.ResultsBytes,
		Discard:     jetstream.DiscardOld,
	}
	// Only inside: there the server never ends without its followers, who would else have read batches that it has lost.
	if j.server != nil {
		results.PersistMode = jetstream.AsyncPersistMode
		// The server reads a stream's newest block anew when the collector took it between two batches. A block is of
		// 4 MiB where only messages per subject are bounded, and of 8 with a bound of bytes as large as ours, which trim
		// keeps instead.
		results.MaxBytes, results.MaxMsgsPerSubject = 0, math.MaxInt32
	}
	checkpoints := jetstream.StreamConfig{
		Name:        j.checkpointsStream(),
		Description: "what has been concluded from results, newest per shard",
		Subjects:    []string{j.checkpointsSubject() + ">"},
		MaxBytes:    checkpointsBytes,
		Discard:     jetstream.DiscardOld,
	}
	events := jetstream.StreamConfig{
		Name:        j.eventsStream(),
		Description: "incident events, one subject per incident, kept for good",
		Subjects:    []string{j.eventsSubject() + "*"},
		Discard:     jetstream.DiscardNew,
		DenyDelete:  true,
		DenyPurge:   true,
	}
	streams := []jetstream.StreamConfig{
		results,
		events,
		j.bucketConfig(outboxBucket, "what is to be said, newest per destination and key", "*.*"),
		j.bucketConfig(receiptsBucket, "what has been said, newest per destination and key", "*.*"),
		j.bucketConfig(shelvesBucket, "what is kept for good, newest per shelf and key", "*.*"),
		j.bucketConfig(leaseBucket, "who leads", "*"),
	}
	if j.server == nil {
		streams = append(streams, checkpoints)
	}
	for i := range streams {
		streams[i].Storage, streams[i].Replicas, streams[i].Duplicates = jetstream.FileStorage, j.cfg.Replicas, streamDuplicates
	}
	if j.member != nil {
		streams[0].Duplicates = resultsKnown
		if j.cfg.ResultsAge > 0 { // the server's bound
			streams[0].Duplicates = min(resultsKnown, j.cfg.ResultsAge)
		}
	}
	return streams
}

// makeStreams makes what is missing and brings the rest to the configuration. Several members may do so at once.
func (j *Journal) makeStreams(ctx context.Context) error {
	// A cluster that looks for a leader answers nothing, also later: whatever was asked meanwhile is lost.
	if err := j.patiently(ctx, allStreams, func(ctx context.Context) error { _, err := j.js.AccountInfo(ctx); return err }); err != nil {
		return fmt.Errorf("look whether JetStream is there: %w", err)
	}
	for _, cfg := range j.streamConfigs() {
		if err := j.patiently(ctx, cfg.Name, func(ctx context.Context) error { return j.makeStream(ctx, cfg) }); err != nil {
			return fmt.Errorf("make stream %s: %w", cfg.Name, err)
		}
	}
	return nil
}

// bucketConfig is a key-value bucket with one value per key, but for AllowDirect: a direct read may be answered by a
// replica that lags behind, and a leader that misses a receipt would post a second time.
func (j *Journal) bucketConfig(bucket, description, keys string) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              j.bucketStream(bucket),
		Description:       description,
		Subjects:          []string{j.bucketSubject(bucket) + keys},
		MaxMsgsPerSubject: 1,
		Discard:           jetstream.DiscardNew,
		DenyDelete:        true,
		AllowRollup:       true,
	}
}

// openTry bounds one try of what Open asks of a cluster; a stream of three replicas is made in 10 to 200 ms.
const openTry = 2 * time.Second

// patiently tries again what a cluster does not answer, or cannot do while its members come up, until ctx ends. Whom it asks is the
// leader of a stream, or of allStreams.
func (j *Journal) patiently(ctx context.Context, leader string, ask func(context.Context) error) error {
	for {
		try, cancel := context.WithTimeout(ctx, j.askWithin(leader))
		err := ask(try)
		cancel()
		if err == nil || !passing(err) {
			return err
		}
		err = j.whyNoAnswer(leader, err)
		if ctx.Err() != nil {
			return unavailable{err}
		}
		j.waitsFor(ctx, err)
	}
}

func (j *Journal) makeStream(ctx context.Context, cfg jetstream.StreamConfig) error {
	for {
		s, err := j.js.Stream(ctx, cfg.Name)
		if err == nil {
			have := s.CachedInfo().Config
			cfg.PersistMode = have.PersistMode // fixed when a stream is made
			if !sameConfig(have, cfg) {
				s, err = j.js.UpdateStream(ctx, cfg)
			}
			return j.keepHandle(cfg.Name, s, err)
		}
		if !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
		s, err = j.js.CreateStream(ctx, cfg)
		// Another member was first, with another configuration: look at it.
		if !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return j.keepHandle(cfg.Name, s, err)
		}
	}
}

// keepHandle keeps the handle of a stream that was made, if none is kept: a handle knows its stream by name and serves
// it after a restart of the server too, and readers look at the map without a lock from the end of Open on.
func (j *Journal) keepHandle(name string, s jetstream.Stream, err error) error {
	if err == nil && j.streams[name] == nil {
		j.streams[name] = s
	}
	return err
}

// sameConfig says whether have, as the server filled it in, is what want asks for.
func sameConfig(have, want jetstream.StreamConfig) bool {
	unlimited := func(n int64) int64 {
		if n == 0 {
			return -1
		}
		return n
	}
	return have.Description == want.Description &&
		strings.Join(have.Subjects, " ") == strings.Join(want.Subjects, " ") &&
		have.MaxAge == want.MaxAge &&
		unlimited(have.MaxBytes) == unlimited(want.MaxBytes) &&
		unlimited(have.MaxMsgsPerSubject) == unlimited(want.MaxMsgsPerSubject) &&
		have.Discard == want.Discard &&
		have.DenyDelete == want.DenyDelete &&
		have.DenyPurge == want.DenyPurge &&
		have.AllowRollup == want.AllowRollup &&
		have.AllowDirect == want.AllowDirect &&
		have.Duplicates == want.Duplicates &&
		have.Replicas == want.Replicas
}
