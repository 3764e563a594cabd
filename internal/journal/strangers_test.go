package journal

import (
	"context"
	"strings"
	"sync"
	"testing"
)

// Members that do not belong together wait, and each start says why and what to write.
func TestWhoDoesNotBelongIsNamed(t *testing.T) {
	t.Parallel()
	foreign := configsOf(t, 3)
	for name, test := range map[string]struct {
		change func(configs []Config)
		want   string
	}{
		"another name":      {func(c []Config) { c[0].Cluster.Name = "other" }, "another journal.cluster.name"},
		"the same folder":   {func(c []Config) { c[0].Cluster.Self, c[0].Cluster.Listen = c[1].Cluster.Self, c[0].Cluster.Self }, "with the same folder"},
		"another secret":    {func(c []Config) { c[0].Cluster.Secret = "guessed" }, "another secret"},
		"another authority": {func(c []Config) { c[0].Cluster.TLS = foreign[0].Cluster.TLS }, "another authority"},
		"another list":      {func(c []Config) { c[1].Cluster.Members = append([]string{"127.0.0.1:1"}, c[1].Cluster.Members[1:]...) }, "does not list here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			configs := configsOf(t, 3)
			for i := range configs {
				own := *configs[i].Cluster
				configs[i].Cluster = &own
			}
			test.change(configs)
			ctx, cancel := context.WithTimeout(t.Context(), clusterPatience)
			defer cancel()
			said := false
			var mu sync.Mutex
			var group sync.WaitGroup
			for _, cfg := range configs[:2] { // with the third they would be two that belong together
				cfg.Waits = func(err error) {
					mu.Lock()
					defer mu.Unlock()
					if strings.Contains(err.Error(), test.want) {
						said = true
						cancel()
					}
				}
				group.Go(func() {
					if j, err := Open(ctx, cfg); err == nil {
						j.Close()
					}
				})
			}
			group.Wait()
			if !said {
				t.Error("no start says so")
			}
		})
	}
}
