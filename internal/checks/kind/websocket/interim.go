package websocket

import (
	"bufio"
	"bytes"
	"errors"
	"net"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// final is a connection without the interim answers (1xx but 101) that may come before the final one (RFC
// 9110, 15.2), each of which the library takes for that.
type final struct {
	net.Conn
	in    *bufio.Reader
	begun bool // the final answer has
}

func newFinal(conn net.Conn) *final {
	return &final{Conn: conn, in: bufio.NewReaderSize(conn, 256)} // no more than the beginning of a head is looked at
}

func (f *final) Read(b []byte) (int, error) {
	for !f.begun {
		if err := f.passOver(); err != nil {
			return 0, err
		}
	}
	return f.in.Read(b)
}

// passOver reads one interim answer, if there is one.
func (f *final) passOver() error {
	first, err := f.in.Peek(1)
	switch {
	case err != nil:
		return err
	case first[0] != 'H': // nor does a line of a binary protocol ever end
		return probe.Malformed("it does not begin with HTTP/")
	}
	if f.begun = !f.interim(); f.begun {
		return nil
	}
	for {
		line, err := f.in.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) { // a long line, of which the end counts
			_, err = f.in.ReadSlice('\n')
			line = nil
		}
		switch {
		case err != nil:
			return err
		case line != nil && len(bytes.TrimRight(line, "\r\n")) == 0:
			return nil
		}
	}
}

// interim reports whether the answer that begins is one. Of what is less than the beginning of a status the
// library is to judge.
func (f *final) interim() bool {
	const beginning, code, space = len("HTTP/1.1 "), len("101"), 1
	head, _ := f.in.Peek(beginning + code + space)
	return len(head) == beginning+code+space && bytes.HasPrefix(head, []byte("HTTP/1.1 1")) && head[beginning+code] <= ' ' &&
		!bytes.HasPrefix(head[beginning:], []byte("101"))
}
