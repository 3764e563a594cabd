package house

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	heartbeatkind "github.com/statusbot/statusbot/internal/checks/kind/heartbeat"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/web"
)

const jobToken = "0123456789abcdef-token"

// BenchmarkPush is 10,000 jobs that report over HTTP, with an embedded journal
// that syncs before they are answered.
func BenchmarkPush(b *testing.B) {
	const jobs, clients = 10_000, 200
	j, err := journal.Open(b.Context(), journal.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	beats := heartbeat.New(nil)
	var list []checks.Check
	for i := range jobs {
		list = append(list, checks.Check{ID: fmt.Sprintf("job/%d", i), Product: "p", Kind: "heartbeat", Passive: true, Every: time.Hour, Timeout: time.Second,
			Options: &heartbeatkind.Options{Token: jobToken}})
	}
	if err := beats.Define(list, time.Now()); err != nil {
		b.Fatal(err)
	}
	inbox := &intake{beats: beats, store: func(data []byte) error { return j.AppendResultsDurably(context.Background(), data) }}
	server, err := web.Listen(web.Config{Listen: "127.0.0.1:0", Inbox: inbox})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = server.Run(ctx) })
	work := make(chan int, clients)
	var workers sync.WaitGroup
	b.ResetTimer()
	for range clients {
		workers.Go(func() {
			// A bare connection: the client shares the cores with what is measured.
			conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL(), "http://"))
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			answers := bufio.NewReader(conn)
			for i := range work {
				_, err := fmt.Fprintf(conn, "POST /api/v1/push/job/%d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", i%jobs, jobToken)
				var resp *http.Response
				if err == nil {
					resp, err = http.ReadResponse(answers, nil)
				}
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
				}
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Errorf("%v %v", err, resp)
				}
			}
		})
	}
	for i := range b.N {
		work <- i
	}
	close(work)
	workers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
	stop()
	group.Wait()
}
