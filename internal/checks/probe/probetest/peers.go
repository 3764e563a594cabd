package probetest

import (
	"bufio"
	"io"
	"net"
	"sync"
	"testing"
)

// Serve accepts connections and gives each to answer, until the test ends.
func Serve(t *testing.T, answer func(*net.TCPConn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	OK(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				answer(conn.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

// Datagrams answers each datagram with those that answer makes of it, until the
// test ends.
func Datagrams(t *testing.T, answer func(query []byte) [][]byte) (address string) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	OK(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		query := make([]byte, 4096)
		for {
			n, from, err := server.ReadFrom(query)
			if err != nil {
				return
			}
			for _, a := range answer(query[:n]) {
				_, _ = server.WriteTo(a, from)
			}
		}
	})
	t.Cleanup(func() {
		server.Close()
		wg.Wait()
	})
	return server.LocalAddr().String()
}

// ReadRequest reads the header of a request.
func ReadRequest(c net.Conn) {
	reader := bufio.NewReader(c)
	for {
		line, err := reader.ReadString('\n')
		if err != nil || line == "\r\n" {
			return
		}
	}
}

// UntilClosed waits until the peer is gone.
func UntilClosed(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }

// Stalling is a proxy that passes on what is asked, and none of the answer.
func Stalling(t *testing.T, to string) (address string) {
	return Serve(t, func(c *net.TCPConn) {
		onward, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer onward.Close()
		_, _ = io.Copy(onward, c)
	})
}

// HangUp ends what a server says, without throwing away what is on its way.
func HangUp(c *net.TCPConn) {
	_ = c.CloseWrite()
	UntilClosed(c)
}
