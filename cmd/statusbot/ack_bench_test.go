package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// The time from the envelope on the wire to its ack with the answer, as the
// workspace measures it, while the bot, a process of its own, runs 1,000 HTTP
// checks a second. Target and workspace share the machine with it.
func BenchmarkEnvelopeToAck(b *testing.B) {
	for name, say := range map[string]string{"summary": "/status", "product": "/status p3"} {
		b.Run(name, func(b *testing.B) { benchmarkAck(b, 1000, say) })
	}
}

func benchmarkAck(b *testing.B, n int, say string) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	w, err := sandbox.New(sandbox.Config{NoRateLimit: true})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}()
	target := newShop(b)
	var conf strings.Builder
	conf.WriteString("company: Acme\nproducts:\n")
	for p := range 12 {
		fmt.Fprintf(&conf, "  - {id: p%d, name: Product %d}\n", p, p)
	}
	conf.WriteString("checks:\n")
	for i := range n {
		fmt.Fprintf(&conf, "  - {id: c%d, product: p%d, kind: http, every: 1s, timeout: 1s, http: {url: %q}}\n", i, i%12, fmt.Sprintf("%s/shop/%d", target.url, i))
	}
	file := filepath.Join(b.TempDir(), "many.yaml")
	if err := os.WriteFile(file, []byte(conf.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	bot := startStatusbot(b, socketEnv(w), "run", "--config", file, "--data-dir", b.TempDir(), "--log-level", "warn")
	slack := sandboxtest.Client{Base: w.URL()}
	until(ctx, b, slack, "/status", contains("All 12 products as usual"))
	until(ctx, b, slack, say, contains(" as usual")) // the first table goes another way: whether Slack takes tables is not known yet
	asked := target.asked.Load()
	begun := time.Now()
	var acks []float64
	for b.Loop() {
		a, err := slack.Command(ctx, "general", "ana", say)
		if err != nil {
			b.Fatal(err)
		}
		if !a.Acked || a.Reply == nil {
			b.Fatalf("not acked with the answer: %+v", a)
		}
		acks = append(acks, a.AckMS)
	}
	b.StopTimer()
	slices.Sort(acks)
	b.ReportMetric(acks[len(acks)/2], "p50-ms")
	b.ReportMetric(acks[len(acks)*99/100], "p99-ms")
	b.ReportMetric(acks[len(acks)-1], "max-ms")
	b.ReportMetric(float64(target.asked.Load()-asked)/time.Since(begun).Seconds(), "probes/s")
	bot.terminate()
}
