package serve_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/serve"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRunAnswersWhatIsUnderWay: at the end it takes nothing new, and what it
// has begun is answered.
func TestRunAnswersWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	came, end := make(chan struct{}), make(chan struct{})
	s, err := serve.Listen(serve.Config{Section: "web", Listen: "127.0.0.1:0", Bounds: serve.Bounds{Answer: 10 * time.Second}, Log: zap.NewNop(),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(came)
			<-end
			_, _ = io.WriteString(w, "done")
		})})
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(end) }) }()
	answers := make(chan string, 1)
	go func() {
		resp, err := http.Get(s.URL())
		if err != nil {
			answers <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answers <- string(body)
	}()
	<-came
	cancel()
	check(t, <-ended)
	if got := <-answers; got != "done" {
		t.Errorf("answered %q", got)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://")); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

// TestErrorsNameTheSetting, of the section that is at fault.
func TestErrorsNameTheSetting(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	if _, err := serve.Listen(serve.Config{Section: "slack", Listen: l.Addr().String(), Log: zap.NewNop()}); err == nil || !strings.Contains(err.Error(), "slack.listen") {
		t.Errorf("an address in use: %v", err)
	}
	if _, err := serve.Listen(serve.Config{Section: "web", Listen: "127.0.0.1:0", CertFile: os.DevNull, KeyFile: os.DevNull, Log: zap.NewNop()}); err == nil ||
		!strings.Contains(err.Error(), "web.cert_file and web.key_file") {
		t.Errorf("no certificate: %v", err)
	}
}
