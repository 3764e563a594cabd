package journal

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Defaults of [Config].
const (
	defaultPrefix       = "statusbot"
	defaultResultsAge   = 24 * time.Hour
	defaultResultsBytes = 1 << 30 // 1 GiB: at 150 bytes a result, 7 million results
	defaultLeaseTTL     = 10 * time.Second
	// defaultHealGivesUp is ten times what one try to come back may take.
	defaultHealGivesUp = 10 * healWithin
)

// alone says whether the server is inside, and nobody else's.
func (c *Config) alone() bool { return c.URL == "" && c.Cluster == nil }

// Config says where the journal lives. Dir or URL must be set.
type Config struct {
	// Dir is the data directory. It is created when missing, locked while the journal is open, and holds this member's
	// id (Dir/node) and the embedded server's files (Dir/nats). Required when URL is empty. With a URL it may be empty:
	// then nothing is kept on this machine and Node should be set.
	Dir string

	// URL of an existing cluster, "nats://host:4222" or "tls://...", several separated by commas. Empty: embedded server.
	URL string
	// CredentialsFile is a NATS credentials file for URL. Empty: no credentials, or those in the URL.
	CredentialsFile string
	// Cluster has the server inside be a member of a cluster; Dir is required then. nil: it is alone, or URL is set.
	Cluster *Cluster
	// Waits is told, each time it is tried again, why Open still waits for the cluster's other members: without a deadline
	// it does so for good. nil: nobody is.
	Waits func(error)
	// Step is told what Open does next, so that one that does not come to an end can be told from outside; it must not
	// wait for anything. nil: nobody is.
	Step func(what string)

	// Basis sums up what this member's figures are made of. With a Cluster the members' are compared, for where they are
	// not the same each answers with figures of its own. nil or empty: this member's is not compared.
	Basis func() string

	// Replicas of each stream. 0 means 1. More than 1 needs a cluster of at least as many servers.
	Replicas int

	// Prefix begins every stream, bucket and subject name, so that several statusbots can share one cluster:
	// lower-case letters, digits, - and _. Empty means "statusbot".
	Prefix string

	// Node is this member's id, unique among the members. Empty: made once and kept in Dir/node.
	Node string

	// ResultsAge is how long results are kept. 0 means 24 hours.
	ResultsAge time.Duration
	// ResultsBytes bounds the stored results; the oldest go first. With the server inside it may be exceeded by a
	// sixteenth. 0 means 1 GiB.
	ResultsBytes int64

	// Twice names the shelves whose forms nobody can make anew: with the server inside they are in a second copy, as the
	// outbox and the receipts are.
	Twice []string

	// LeaseTTL is how long a lease outlives its holder's last sign of life. 0 means 10 s; at least 300 ms.
	LeaseTTL time.Duration

	// maxStore bounds what the embedded server stores, for tests. 0: twice the results, and embeddedSpare.
	maxStore int64

	// healGivesUp is how long the disk may take files and the server not come back on it. 0: 5 min.
	healGivesUp time.Duration

	// lookEvery is how often it is looked whether Dir is still in its place. 0: 5 s.
	lookEvery time.Duration

	// hangPace is how fast writes that hang are noticed. Zero: as it is.
	hangPace pace

	// clockAhead is by how much this member's clock is off, for tests.
	clockAhead time.Duration

	// Log gets the journal's and the embedded server's messages. nil: none.
	Log *zap.Logger
}

// Lower case only, because stream names are the prefix in capitals and must stay distinct.
var validPrefix = lazy.Compile(`^[a-z][a-z0-9_-]{0,63}$`)

func (c *Config) setDefaults() error {
	if c.Dir == "" && c.URL == "" {
		return errors.New("neither a data directory nor the URL of a NATS cluster is configured; set one of them")
	}
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if !validPrefix.MatchString(c.Prefix) {
		return fmt.Errorf("prefix %q: use a lower-case letter, then lower-case letters, digits, - or _", c.Prefix)
	}
	if c.Cluster != nil && c.URL != "" {
		return errors.New("both a cluster of our own and the URL of one are configured; leave one of them out")
	}
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.Cluster != nil {
		c.Replicas = len(c.Cluster.Members) // with three copies in five members the loss of two may be that of a majority of one stream
	}
	if c.Replicas < 0 || c.Replicas > 5 {
		return fmt.Errorf("replicas %d: NATS keeps 1 to 5 copies", c.Replicas)
	}
	if c.Replicas > 1 && c.URL == "" && c.Cluster == nil {
		return fmt.Errorf("replicas %d: the embedded server keeps one copy; set the URL of a cluster or replicas 1", c.Replicas)
	}
	if c.ResultsAge == 0 {
		c.ResultsAge = defaultResultsAge
	}
	if c.ResultsAge < time.Second {
		return fmt.Errorf("results age %v: at least 1s", c.ResultsAge)
	}
	if c.ResultsBytes == 0 {
		c.ResultsBytes = defaultResultsBytes
	}
	if c.ResultsBytes < 1<<20 {
		return fmt.Errorf("results bytes %d: at least 1 MiB (1048576)", c.ResultsBytes)
	}
	if c.LeaseTTL == 0 {
		c.LeaseTTL = defaultLeaseTTL
	}
	if c.LeaseTTL < 300*time.Millisecond {
		return fmt.Errorf("lease TTL %v: at least 300ms", c.LeaseTTL)
	}
	if c.healGivesUp == 0 {
		c.healGivesUp = defaultHealGivesUp
	}
	if c.lookEvery == 0 {
		c.lookEvery = placeEvery
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return nil
}

func (c *Config) storeBytes() int64 {
	if c.maxStore != 0 {
		return c.maxStore
	}
	return 2*c.ResultsBytes + embeddedSpare
}
