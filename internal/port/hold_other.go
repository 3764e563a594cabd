//go:build !linux

package port

import (
	"net"
	"strconv"
)

func hold(number int) (int, func() error, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(number)))
	if err != nil {
		return 0, nil, err
	}
	return l.Addr().(*net.TCPAddr).Port, func() error { return nil }, l.Close()
}

func shut(l *net.TCPListener) error { return l.Close() }
