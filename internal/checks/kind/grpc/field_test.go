//go:build linux

package grpc

import (
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// A server that is drained says so before it has seen a call, and answers it
// all the same.
func TestAServerThatIsDrainedAnswers(t *testing.T) {
	address := probetest.Serve(t, func(c *net.TCPConn) {
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(c, c)
		_ = f.WriteSettings()
		_ = f.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil)
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if data, ok := frame.(*http2.DataFrame); ok && data.StreamEnded() {
				break
			}
		}
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: begins, EndHeaders: true})
		_ = f.WriteData(1, false, []byte{0, 0, 0, 0, 2, 8, 1}) // SERVING
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: ends, EndHeaders: true, EndStream: true})
		probetest.UntilClosed(c)
	})
	for range 20 {
		r := probetest.Probing(t, &Kind, &Options{Address: address}, time.Minute)
		probetest.WantResult(t, r, checks.Pass, checks.ReasonNone, "SERVING")
	}
}
