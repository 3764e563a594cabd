package metrics

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/web"
)

// BenchmarkScrape of 10,000 checks of 200 products, each with passes and two
// reasons of failures.
func BenchmarkScrape(b *testing.B) {
	const n = 10_000
	var def status.Definition
	for i := range 200 {
		def.Products = append(def.Products, status.Product{ID: fmt.Sprintf("product-%d", i), Name: fmt.Sprintf("Product %d", i)})
	}
	var batch []checks.Result
	for i := range n {
		id := fmt.Sprintf("product-%d/check-%d", i%200, i)
		def.Checks = append(def.Checks, checks.Check{ID: id, Product: fmt.Sprintf("product-%d", i%200), Kind: "http", Every: 10 * time.Second, Timeout: time.Second})
		for j := range 20 {
			r := checks.Result{Check: id, Product: def.Checks[i].Product, Started: t0.Add(time.Duration(j) * time.Second), Outcome: checks.Pass, Duration: time.Duration(1000+i*j*37%9000) * time.Microsecond}
			if j > 17 {
				r.Outcome, r.Reason = checks.Fail, reasons[j-17]
			}
			batch = append(batch, r)
		}
	}
	board := status.NewBoard(def)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tally := NewTally(board)
	tally.Note(batch)
	runtime.GC()
	runtime.ReadMemStats(&after)
	board.Apply(1, batch)
	h := Handler(Config{Board: board, Tally: tally, Now: func() time.Time { return t0.Add(time.Minute) }, Health: func() web.Health { return web.Health{} }, Own: func() Own { return Own{} }})
	for _, path := range []string{"/metrics", "/metrics/blackbox", "/probe?target=product-7/check-7"} {
		b.Run(path, func(b *testing.B) {
			bytes := 0
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Header.Set("Accept-Encoding", "gzip")
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				n, _ := io.Copy(io.Discard, w.Body)
				bytes = int(n)
			}
			b.ReportMetric(float64(bytes)/1024, "KiB")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/check")
		})
	}
}
