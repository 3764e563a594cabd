package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// pace is how fast the services and the jobs go and what their scripts allow.
type pace struct {
	work                 spell // of a service for a request
	batchEvery           time.Duration
	batchWarn, batchCrit int // seconds since the last success
	mailEvery            time.Duration
	queueWarn, queueCrit int           // mails waiting
	restart              time.Duration // of a component, while it does not listen
}

// spell is a span of time that is drawn anew each time.
type spell struct{ min, max time.Duration }

func (s spell) draw() time.Duration {
	if s.max <= s.min {
		return s.min
	}
	return s.min + rand.N(s.max-s.min)
}

// usualPace: services work as long for a request as those of a company do, since
// answers in a millisecond would be slower than usual whenever the machine is busy;
// a broken db-main shows in a batch after 6 s, a broken mail-relay
// in the queue after 3 s; a fault of 8 % shows in neither.
func usualPace() pace {
	return pace{
		work:       spell{60 * time.Millisecond, 180 * time.Millisecond},
		batchEvery: time.Second, batchWarn: 5, batchCrit: 15,
		mailEvery: 500 * time.Millisecond, queueWarn: 5, queueCrit: 20,
		restart: 300 * time.Millisecond,
	}
}

// runBatch does a product's batch every batchEvery until ctx ends: it counts
// records in db-main and, if that worked, writes the time into file.
func (c *Company) runBatch(ctx context.Context, product, file string) {
	tick := time.NewTicker(c.pace.batchEvery)
	defer tick.Stop()
	for {
		if err := c.batchOnce(ctx, file); err != nil && ctx.Err() == nil {
			c.log.Debug("batch failed", zap.String("product", product), zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *Company) batchOnce(ctx context.Context, file string) error {
	if _, err := ask(ctx, c.services.db, "COUNT invoice:"); err != nil {
		return fmt.Errorf("count records: %w", err)
	}
	return writeState(file, time.Now().Unix())
}

// runMailQueue lets a mail arrive every mailEvery and hands the waiting ones to
// mail-relay until it refuses one; file holds how many wait.
func (c *Company) runMailQueue(ctx context.Context, file string) {
	tick := time.NewTicker(c.pace.mailEvery)
	defer tick.Stop()
	began := time.Now()
	sent := 0 // mails the relay has taken
	for {
		arrived := 1 + int(time.Since(began)/c.pace.mailEvery) // also while a delivery hung
		for sent < arrived {
			if _, err := deliver(ctx, c.services.relay, strconv.Itoa(sent+1)); err != nil {
				if ctx.Err() == nil {
					c.log.Debug("mail not taken", zap.Int("mail", sent+1), zap.Error(err))
				}
				break
			}
			sent++
		}
		if err := writeState(file, int64(arrived-sent)); err != nil {
			c.log.Warn("mail queue not written", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// writeState replaces file by one number, never half of it.
func writeState(file string, n int64) error {
	next := file + ".next"
	if err := os.WriteFile(next, []byte(strconv.FormatInt(n, 10)+"\n"), 0o644); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if err := os.Rename(next, file); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

// batchFile is where a product's batch leaves the time of its last success.
func (c *Company) batchFile(product string) string {
	return filepath.Join(c.dir, product+"-batch.last")
}

// queueFile is where Mail leaves the length of its queue.
func (c *Company) queueFile() string { return filepath.Join(c.dir, "mail-queue.length") }
