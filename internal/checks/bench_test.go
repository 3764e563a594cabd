package checks

import (
	"context"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// The yardstick is a bare net/http loop that makes the same request, on a
// new connection each time and with the same time-out, to the same server in
// another process. Both read the whole body.

// cpu returns the CPU time, user and system, of this process so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchCheck(url string) Check {
	o := httpKind.Options().(*HTTPOptions)
	o.URL = url
	return Check{ID: "pay", Product: "billing", Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Options: o}
}

func probeOnce(b *testing.B, url string) func() {
	c, err := Compile(benchCheck(url))
	check(b, err)
	return func() {
		if r, ok := c.Run(context.Background()); !ok || r.Outcome != Pass {
			b.Fatalf("got %v %+v, want a pass", ok, r)
		}
	}
}

func bareOnce(b *testing.B, url string) func() {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 3 * time.Second}
	return func() {
		resp, err := client.Get(url)
		check(b, err)
		_, err = io.Copy(io.Discard, resp.Body)
		check(b, err)
		resp.Body.Close()
	}
}

func benchCPU(b *testing.B, once func()) {
	once()
	b.ReportAllocs()
	start := cpu(b)
	for b.Loop() {
		once()
	}
	b.ReportMetric(float64(cpu(b)-start)/float64(b.N)/1e3, "cpu-us/probe")
}

func BenchmarkHTTPProbe(b *testing.B)       { benchCPU(b, probeOnce(b, startTarget(b))) }
func BenchmarkBareNetHTTPLoop(b *testing.B) { benchCPU(b, bareOnce(b, startTarget(b))) }

// BenchmarkHTTPRatio makes both take turns, so that what else the machine
// does meets both. A ratio below 1 means that the probe costs less CPU.
func BenchmarkHTTPRatio(b *testing.B) {
	url := startTarget(b)
	probe, bare := probeOnce(b, url), bareOnce(b, url)
	probe()
	bare()
	const turn = 50
	var ours, theirs time.Duration
	n := 0
	for b.Loop() {
		t0 := cpu(b)
		for range turn {
			probe()
		}
		t1 := cpu(b)
		for range turn {
			bare()
		}
		ours += t1 - t0
		theirs += cpu(b) - t1
		n += turn
	}
	b.ReportMetric(float64(ours)/float64(n)/1e3, "cpu-us/probe")
	b.ReportMetric(float64(theirs)/float64(n)/1e3, "cpu-us/bare")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

func benchResults(n int) []Result {
	results := make([]Result, n)
	for i := range results {
		results[i] = Result{
			Check: "billing-pay", Product: "billing", Started: time.Unix(0, 1_790_000_000_123_456_789+int64(i)).UTC(),
			Duration: 12_345_678, Outcome: Pass, Summary: "HTTP 200",
			Phases: Phases{Connect: 123_456, FirstByte: 2_345_678, Transfer: 12_345},
		}
	}
	return results
}

func BenchmarkEncodeResults(b *testing.B) {
	results := benchResults(batchMax)
	b.ReportAllocs()
	var size int
	for b.Loop() {
		data, err := EncodeResults(results)
		check(b, err)
		size = len(data)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/batchMax, "ns/result")
	b.ReportMetric(float64(size)/batchMax, "bytes/result")
}

func BenchmarkDecodeResults(b *testing.B) {
	data, err := EncodeResults(benchResults(batchMax))
	check(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := DecodeResults(data)
		check(b, err)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/batchMax, "ns/result")
}
