package runner

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// benchCheck is an http check with its defaults.
func benchCheck(url string) checks.Check {
	o := httpkind.Kind.Options().(*httpkind.Options)
	o.URL, o.InsecureTLS = url, true
	return checks.Check{ID: "pay", Product: "billing", Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Options: o}
}

// compileHTTP is kinds.Compile of such a check alone: linking all kinds takes longer
// than all tests here.
func compileHTTP(c *checks.Check) (*probe.Compiled, error) { return probe.Compile(&httpkind.Kind, c) }

// heapInUse returns the bytes that are in use after a collection.
func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first one finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkIdleCheckMemory says what a runner keeps of each check that is not
// being probed, its options included: at most 4 KiB, or it fails.
func BenchmarkIdleCheckMemory(b *testing.B) {
	const n = 10_000
	for _, tt := range []struct {
		name   string
		adjust func(i int, o *httpkind.Options)
	}{
		{"http", func(i int, o *httpkind.Options) {
			o.URL = fmt.Sprintf("http://shop-%d.example.com/health/%d", i%500, i)
		}},
		{"https", func(i int, o *httpkind.Options) {
			o.URL = fmt.Sprintf("https://shop-%d.example.com/health/%d", i%500, i)
		}},
		{"claims", func(i int, o *httpkind.Options) {
			o.URL = fmt.Sprintf("http://shop-%d.example.com/health/%d", i%500, i)
			o.Expect = []string{"status == 200 && json.status == 'ok'"}
			o.DegradedIf = []string{"latency > duration('800ms')"}
		}},
		{"secrets", func(i int, o *httpkind.Options) {
			o.URL = fmt.Sprintf("https://shop-%d.example.com/health/%d", i%500, i)
			o.Headers = map[string]string{"Authorization": fmt.Sprintf("Bearer %020d", i)}
		}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				before := heapInUse()
				list := make([]checks.Check, n)
				for i := range list {
					list[i] = benchCheck("")
					list[i].ID = fmt.Sprintf("check-%d", i)
					tt.adjust(i, list[i].Options.(*httpkind.Options))
				}
				r, err := New(compileHTTP, list, func([]checks.Result) {}, Config{Paused: true})
				probetest.OK(b, err)
				r.plan = newSchedule(r.slots, time.Now())
				each := float64(heapInUse()-before) / n
				runtime.KeepAlive(r)
				if each > 4<<10 {
					b.Errorf("%.0f bytes a check", each)
				}
				b.ReportMetric(each, "bytes/check")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// BenchmarkRunningCheckMemory says what each probe under way takes, heap and
// stack, when it waits for an answer: at most 64 KiB, or it fails. What the
// system keeps for its connection is not in it.
func BenchmarkRunningCheckMemory(b *testing.B) {
	const n = 500
	for _, scheme := range []string{"http", "https"} {
		b.Run(scheme, func(b *testing.B) {
			url := probetest.StartTarget(b, scheme)
			client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
			var list []checks.Check
			var ids []string
			for i := range n {
				c := benchCheck(url + "/hang")
				c.ID, c.Every, c.Timeout = fmt.Sprintf("c%d", i), time.Minute, time.Minute
				list, ids = append(list, c), append(ids, c.ID)
			}
			for b.Loop() {
				r, err := New(compileHTTP, list, func([]checks.Result) {}, Config{Paused: true, Concurrency: n})
				probetest.OK(b, err)
				ctx, cancel := context.WithCancel(context.Background())
				var running sync.WaitGroup
				running.Go(func() { _ = r.Run(ctx) })
				use := func() uint64 {
					h := heapInUse()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					return h + m.StackInuse
				}
				before := use()
				r.Now(ctx, ids)
				for hanging := ""; hanging != strconv.Itoa(n); {
					resp, err := client.Get(url + "/hanging")
					probetest.OK(b, err)
					text, err := io.ReadAll(resp.Body)
					probetest.OK(b, err)
					resp.Body.Close()
					hanging = string(text)
				}
				each := float64(use()-before) / n
				cancel()
				running.Wait()
				if each > 64<<10 {
					b.Errorf("%.0f bytes a probe", each)
				}
				b.ReportMetric(each, "bytes/probe")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
