//go:build unix

package house

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/agent"
	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// BenchmarkResultsOfAgents is what a result of an agent costs in all: its probe, which
// does nothing, its way over TLS, the desk, the journal and back, the board and its
// statistics; agent and leader are one process here. An operation is a second of
// 5,000 results of 100 products.
func BenchmarkResultsOfAgents(b *testing.B) {
	const products, each = 100, 50
	def := status.Definition{}
	for p := range products {
		id := fmt.Sprintf("p%03d", p)
		def.Products = append(def.Products, status.Product{ID: id, Name: id})
		for k := range each {
			def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprintf("%s/%02d", id, k), Product: id, Kind: "http", Every: time.Second, Timeout: time.Second,
				Vantages: []string{"eu"}, Options: &httpkind.Options{URL: "https://shop.example.com"}})
		}
	}
	j, err := journal.Open(b.Context(), journal.Config{Dir: b.TempDir()})
	probetest.OK(b, err)
	defer j.Close()
	h := &house{journal: j, log: zap.NewNop(), board: status.NewBoard(def)}
	h.desk = h.newDesk()
	probetest.OK(b, h.desk.Define(def.Checks))
	ctx, stop := context.WithCancel(context.Background())
	opened, over := make(chan net.Addr, 1), make(chan error, 3)
	go func() {
		over <- h.desk.Serve(ctx, agent.Gate{Listen: "127.0.0.1:0", Opened: func(a net.Addr) { opened <- a }})
	}()
	go func() {
		over <- ended(ctx, j.FollowResults(ctx, time.Time{}, func(r journal.Record) error {
			list, err := checks.DecodeResults(r.Data)
			h.board.Apply(r.Seq, list)
			h.desk.Note(list)
			return err
		}, nil))
	}()
	token, err := h.desk.NewToken(ctx, "eu", nil)
	probetest.OK(b, err)
	dir := b.TempDir()
	credentials, err := agent.Enroll(ctx, dir, token, []string{(<-opened).String()})
	probetest.OK(b, err)
	a, err := agent.New(agent.Config{Dir: dir, Credentials: credentials, Log: zap.NewNop(), Compile: func(c *checks.Check) (*probe.Compiled, error) {
		return probe.NewCompiled(c, &probe.Kind{}, func(context.Context) checks.Result {
			return checks.Result{Outcome: checks.Pass, Summary: "HTTP 200", Duration: 20 * time.Microsecond}
		}), nil
	}})
	probetest.OK(b, err)
	go func() { over <- a.Run(ctx) }()
	for h.board.Applied() < products*each {
		time.Sleep(10 * time.Millisecond)
	}
	applied, cpu := h.board.Applied(), probetest.Cpu(b)
	for b.Loop() {
		time.Sleep(time.Second)
	}
	n := h.board.Applied() - applied
	b.ReportMetric(float64(probetest.Cpu(b)-cpu)/float64(n)/1e3, "cpu-us/result")
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "results/s")
	stop()
	for range 3 {
		probetest.OK(b, <-over)
	}
}
