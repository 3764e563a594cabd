package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
)

// serveRelay is mail-relay: it greets with "220", takes each "DELIVER id" with
// "250" and says "221" to "QUIT". Its fault hits whole connections.
func serveRelay(sw *switchboard) func(context.Context, *conn) {
	return func(ctx context.Context, c *conn) {
		switch h := sw.draw(); h.kind {
		case kindError:
			_, _ = io.WriteString(c, "421 service not available\n") // the client is sent away either way
			return
		case kindReset:
			c.resetOnClose()
			return
		case kindTimeout:
			_, _ = io.Copy(io.Discard, c) // until the client goes
			return
		case kindSlow:
			if !pause(ctx, h.delay) {
				return
			}
		}
		if _, err := io.WriteString(c, "220 relay ready\n"); err != nil {
			return
		}
		serveLines(ctx, c, nil, func(_ context.Context, line string) string {
			verb, id, _ := strings.Cut(line, " ")
			switch {
			case verb == "QUIT":
				return "221 bye"
			case verb == "DELIVER" && id != "":
				return "250 taken " + id
			}
			return "500 unknown command; use DELIVER id or QUIT"
		})
	}
}

// deliver hands one mail to the relay and returns its answer.
func deliver(ctx context.Context, relay, id string) (string, error) {
	return talk(ctx, relay, func(c net.Conn, in *bufio.Reader) (string, error) {
		banner, err := readLine(in)
		if err != nil {
			return "", err
		}
		if !strings.HasPrefix(banner, "220") {
			return "", fmt.Errorf("the relay said %q", banner)
		}
		if _, err := io.WriteString(c, "DELIVER "+id+"\n"); err != nil {
			return "", err
		}
		reply, err := readLine(in)
		if err != nil {
			return "", err
		}
		if !strings.HasPrefix(reply, "250") {
			return "", fmt.Errorf("the relay said %q", reply)
		}
		return reply, nil
	})
}
