package probetest

import (
	"bufio"
	"io"
	"net"
	"testing"
)

const MailSecret = "correct horse"

// Script is a server that says its lines, each after it was told one.
func Script(t *testing.T, lines ...string) (address string) {
	t.Helper()
	return Serve(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		for i, line := range lines {
			if i > 0 {
				if _, err := in.ReadString('\n'); err != nil {
					return
				}
			}
			if _, err := io.WriteString(c, line); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, in)
	})
}

// Forever is a server that says first once, and then a piece without end.
func Forever(t *testing.T, first, piece string) (address string) {
	t.Helper()
	return Serve(t, func(c *net.TCPConn) {
		io.WriteString(c, first)
		for {
			if _, err := io.WriteString(c, piece); err != nil {
				return
			}
		}
	})
}

// Closing is a server that closes the connection after it was told as many
// lines as it has said.
func Closing(t *testing.T, lines ...string) (address string) {
	t.Helper()
	return Serve(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		for _, line := range lines {
			io.WriteString(c, line)
			_, _ = in.ReadString('\n')
		}
	})
}
