package journal_test

import (
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/statusbot/statusbot/internal/journal"
)

// startCluster is an existing cluster of n servers that form one JetStream domain. It returns their URLs.
func startCluster(t testing.TB, n int) []string {
	t.Helper()
	var urls []string
	routes := []*url.URL{{Scheme: "nats-route", Host: "127.0.0.1:1"}} // of the first, which must have one: there is nobody
	servers := make([]*server.Server, n)
	for i := range servers {
		s, err := server.NewServer(&server.Options{ServerName: fmt.Sprintf("s%d", i), Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(),
			NoSigs: true, NoLog: true, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 8 << 30,
			Cluster: server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: -1}, Routes: routes})
		check(t, err)
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		for tick := time.NewTicker(time.Millisecond); i == 0 && s.ClusterAddr() == nil; {
			select {
			case <-tick.C:
			case <-t.Context().Done():
				return nil
			}
		}
		if i == 0 {
			routes = []*url.URL{{Scheme: "nats-route", Host: s.ClusterAddr().String()}}
		}
		servers[i] = s
	}
	for _, s := range servers {
		if !s.ReadyForConnections(patience) {
			t.Fatal("server not ready")
		}
		urls = append(urls, s.ClientURL())
	}
	return urls
}

// Members that start at the same instant on a cluster where nothing is yet, and
// while its servers still look for a leader, all come up, and what one writes the others read at once.
func TestMembersThatStartTogether(t *testing.T) {
	t.Parallel()
	urls := startCluster(t, 3)
	var group sync.WaitGroup
	for i := range 3 {
		group.Go(func() {
			j, err := journal.Open(t.Context(), journal.Config{URL: urls[i], Node: fmt.Sprintf("n%d", i), Replicas: 3})
			if err != nil {
				t.Errorf("member %d: %v", i, err)
				return
			}
			err = answered(t, func() error { _, err := j.Kept(t.Context(), "checks", "added"); return err })
			if !errors.Is(err, journal.ErrNotFound) {
				t.Errorf("member %d reads: %v", i, err)
			}
			if err := answered(t, func() error { return j.AppendResults(t.Context(), []byte("a")) }); err != nil {
				t.Errorf("member %d writes: %v", i, err)
			}
			if err := j.Close(); err != nil {
				t.Errorf("member %d: %v", i, err)
			}
		})
	}
	group.Wait()
}

// answered asks until the cluster answers: on a machine that is busy it elects anew.
func answered(t *testing.T, ask func() error) (err error) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err = ask(); !errors.Is(err, journal.ErrUnavailable) {
			return err
		}
	}
	return err
}
