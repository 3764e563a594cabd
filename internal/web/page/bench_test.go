package page

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
	"time"
)

// BenchmarkFirstByte is what a reader waits for the board of 10,000 checks, while it is
// rendered anew 25 times as often as in life.
func BenchmarkFirstByte(b *testing.B) {
	board, now := company(b, 200, 50, 2, some)
	p := pagesOf(board, now, Access{})
	server := httptest.NewServer(handlerOf(p))
	defer server.Close()
	if _, err := p.boards[0].get(); err != nil {
		b.Fatal(err)
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(fresh / 25):
				p.boards[0].tick()
			}
		}
	}()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		resp, err := http.Get(server.URL + "/")
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		if _, err := drain(resp); err != nil {
			b.Fatal(err)
		}
	}
	close(end)
	<-ended
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}

// BenchmarkRender is one rendering of that board.
func BenchmarkRender(b *testing.B) {
	board, now := company(b, 200, 50, 2, some)
	p := pagesOf(board, now, Access{})
	for b.Loop() {
		if _, err := p.boards[0].again(now); err != nil {
			b.Fatal(err)
		}
	}
}

func drain(resp *http.Response) (int, error) {
	defer resp.Body.Close()
	n := 0
	buf := make([]byte, 64<<10)
	for {
		m, err := resp.Body.Read(buf)
		if n += m; err != nil {
			if err.Error() == "EOF" {
				err = nil
			}
			return n, err
		}
	}
}

// BenchmarkReadOn is what 1,000 readers take who read on, after each was told of ten
// changes: memory of the process, less what it had without them, with the readers' own
// ends of the connections in it.
func BenchmarkReadOn(b *testing.B) {
	const readers = 1000
	board, now := company(b, 12, 5, 10, some)
	p := pagesOf(board, now, Access{})
	at := now
	p.source.Now = func() time.Time { return at }
	server := httptest.NewServer(handlerOf(p))
	defer server.Close()
	for b.Loop() {
		before := held()
		ctx, stop := context.WithCancel(context.Background())
		var conns []net.Conn
		for range readers {
			var d net.Dialer
			c, err := d.DialContext(ctx, "tcp", server.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			fmt.Fprintf(c, "GET /live?v=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
			conns = append(conns, c)
		}
		for p.readers.Load() < readers {
			runtime.Gosched()
		}
		sink := make([]byte, 64<<10)
		for range 10 {
			at = at.Add(time.Minute)
			p.boards[0].tick()
			for _, c := range conns {
				_ = c.SetReadDeadline(time.Now().Add(time.Minute))
				if _, err := c.Read(sink); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(held()-before)/(1<<20), "MiB")
		stop()
		for _, c := range conns {
			_ = c.Close()
		}
		for p.readers.Load() > 0 {
			runtime.Gosched()
		}
	}
}

// held is what the process has of memory that it uses.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
