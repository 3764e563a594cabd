package port

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// hold binds a socket and does not listen. It is bound without SO_REUSEADDR, so
// that nobody else holds the port, and has it from then on: two sockets that
// have it may be bound to one port as long as no more than one of them listens
// (socket(7)).
func hold(number int) (int, func() error, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, err
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Port: number, Addr: [4]byte{127, 0, 0, 1}}); err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	var at unix.Sockaddr
	if err == nil {
		at, err = unix.Getsockname(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
		return 0, nil, err
	}
	return at.(*unix.SockaddrInet4).Port, func() error { return unix.Close(fd) }, nil
}

func shut(l *net.TCPListener) error {
	raw, err := l.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RD) }) // it listens, so that it can be
	}
	return errors.Join(err, l.Close())
}
