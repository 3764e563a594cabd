package kinds

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/checks/runner"
)

// The yardstick is a bare net/http loop that makes the same request, on a
// new connection each time and with the same time-out, to the same server in
// another process. Both read the whole body.

func benchCheck(url string) checks.Check {
	o := httpkind.Kind.Options().(*httpkind.Options)
	o.URL, o.InsecureTLS = url, true
	return checks.Check{ID: "pay", Product: "billing", Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Options: o}
}

func probeOnce(b *testing.B, url string) func() {
	c, err := probetest.Compiled(&httpkind.Kind, benchCheck(url))
	probetest.OK(b, err)
	return func() {
		if r, ok := c.Run(context.Background()); !ok || r.Outcome != checks.Pass {
			b.Fatalf("got %v %+v, want a pass", ok, r)
		}
	}
}

func bareOnce(b *testing.B, url string) func() {
	client := bareClient()
	return func() {
		if err := bareGet(client, url); err != nil {
			b.Fatal(err)
		}
	}
}

func bareClient() *http.Client {
	return &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

func bareGet(client *http.Client, url string) error {
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func benchCPU(b *testing.B, once func()) {
	once()
	b.ReportAllocs()
	start := probetest.Cpu(b)
	for b.Loop() {
		once()
	}
	b.ReportMetric(float64(probetest.Cpu(b)-start)/float64(b.N)/1e3, "cpu-us/probe")
}

func BenchmarkHTTPProbe(b *testing.B) {
	benchCPU(b, probeOnce(b, probetest.StartTarget(b, "http")+"/health"))
}
func BenchmarkBareNetHTTPLoop(b *testing.B) {
	benchCPU(b, bareOnce(b, probetest.StartTarget(b, "http")+"/health"))
}

// BenchmarkHTTPRatio makes both take turns, one request after another, so that
// what else the machine does meets both. A ratio below 1 means that the probe
// costs less CPU. With TLS each makes a whole handshake: no session is resumed.
func BenchmarkHTTPRatio(b *testing.B) {
	for _, scheme := range []string{"http", "https"} {
		b.Run(scheme, func(b *testing.B) {
			url := probetest.StartTarget(b, scheme) + "/health"
			probe, bare := probeOnce(b, url), bareOnce(b, url)
			probe()
			bare()
			const turn = 50
			benchRatio(b, turn, func() {
				for range turn {
					probe()
				}
			}, func() {
				for range turn {
					bare()
				}
			})
		})
	}
}

// benchRatio makes ours and theirs take turns of n probes each and reports the
// CPU of each and the ratio.
func benchRatio(b *testing.B, n int, ours, theirs func()) {
	var mine, bare time.Duration
	turns := 0
	for b.Loop() {
		t0 := probetest.Cpu(b)
		ours()
		t1 := probetest.Cpu(b)
		theirs()
		mine += t1 - t0
		bare += probetest.Cpu(b) - t1
		turns++
	}
	b.ReportMetric(float64(mine)/float64(turns*n)/1e3, "cpu-us/probe")
	b.ReportMetric(float64(bare)/float64(turns*n)/1e3, "cpu-us/bare")
	b.ReportMetric(float64(mine)/float64(bare), "ratio")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkEngineRatio sets the whole engine, with its schedule, its workers
// and its results, against a bare loop that makes the same requests at the same
// times, of an answer that takes 20 ms: 1,000 a second, 300 with TLS, of whose
// handshakes two cores, target included, bear no more. A turn of each takes two
// seconds. Jitter is how long after its time a probe started, 50 and 99 per cent. What
// fails, or is left out, is a figure: on a machine that others use as well
// there is some.
func BenchmarkEngineRatio(b *testing.B) {
	const every = 2 * time.Second
	for _, tt := range []struct {
		name, scheme string
		n            int
		headers      map[string]string // none: see isAnonymous of kind/http
	}{
		{"http", "http", 2000, nil},
		{"https", "https", 600, nil},
		{"https with a secret", "https", 600, map[string]string{"Authorization": "Bearer 0123456789abcdef"}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			scheme, n := tt.scheme, tt.n
			url := probetest.StartTarget(b, scheme) + "/slow"
			var list []checks.Check
			for i := range n {
				c := benchCheck(fmt.Sprintf("%s/%d", url, i))
				c.ID, c.Every, c.Timeout = fmt.Sprintf("c%d", i), every, every
				c.Options.(*httpkind.Options).Headers = tt.headers
				list = append(list, c)
			}
			var passed, bareFailed atomic.Int64
			r, err := runner.New(Compile, list, func(results []checks.Result) {
				for _, r := range results {
					if r.Outcome == checks.Pass {
						passed.Add(1)
					}
				}
			}, runner.Config{Paused: true})
			probetest.OK(b, err)
			ctx, cancel := context.WithCancel(context.Background())
			var running sync.WaitGroup
			running.Go(func() { _ = r.Run(ctx) })
			client := bareClient()

			engine := func() {
				r.Resume(ctx)
				time.Sleep(every)
				r.Pause(ctx)
				for r.Stats().Running > 0 {
					time.Sleep(time.Millisecond)
				}
			}
			loop := func() {
				var all sync.WaitGroup
				begun := time.Now()
				for i := range n {
					due := begun.Add(time.Duration(i) * every / time.Duration(n))
					time.Sleep(time.Until(due))
					all.Go(func() {
						if bareGet(client, list[i].Options.(*httpkind.Options).URL) != nil {
							bareFailed.Add(1)
						}
					})
				}
				all.Wait()
			}
			benchRatio(b, n, engine, loop)
			cancel()
			running.Wait()
			s := r.Stats()
			if passed.Load() == 0 {
				b.Errorf("no probe passed: %+v", s)
			}
			b.ReportMetric(float64(int64(s.Started)-passed.Load()), "failed")
			b.ReportMetric(float64(bareFailed.Load()), "bare-failed")
			b.ReportMetric(float64(s.Skipped), "left-out")
			b.ReportMetric(float64(s.JitterP50.Microseconds())/1e3, "jitter-p50-ms")
			b.ReportMetric(float64(s.JitterP99.Microseconds())/1e3, "jitter-p99-ms")
			b.ReportMetric(float64(s.Started)/float64(b.N)/every.Seconds(), "probes/s")
		})
	}
}

func benchResults(n int) []checks.Result {
	results := make([]checks.Result, n)
	for i := range results {
		results[i] = checks.Result{
			Check: "billing-pay", Product: "billing", Started: time.Unix(0, 1_790_000_000_123_456_789+int64(i)).UTC(),
			Duration: 12_345_678, Outcome: checks.Pass, Summary: "HTTP 200",
			Phases: checks.Phases{Connect: 123_456, FirstByte: 2_345_678, Transfer: 12_345},
		}
	}
	return results
}

func BenchmarkEncodeResults(b *testing.B) {
	results := benchResults(checks.BatchMax)
	b.ReportAllocs()
	var size int
	for b.Loop() {
		data, err := checks.EncodeResults(results)
		probetest.OK(b, err)
		size = len(data)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/checks.BatchMax, "ns/result")
	b.ReportMetric(float64(size)/checks.BatchMax, "bytes/result")
}

func BenchmarkDecodeResults(b *testing.B) {
	data, err := checks.EncodeResults(benchResults(checks.BatchMax))
	probetest.OK(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := checks.DecodeResults(data)
		probetest.OK(b, err)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/checks.BatchMax, "ns/result")
}
