package mysql

import (
	"bytes"
	"encoding/binary"
)

// fields takes a packet apart. What is not there is zero, and short
// says so.
type fields struct {
	rest  []byte
	short bool
}

func (p *fields) take(n int) []byte {
	if n > len(p.rest) {
		p.rest, p.short = nil, true
		return make([]byte, min(n, 8))
	}
	part := p.rest[:n]
	p.rest = p.rest[n:]
	return part
}

// number is one of n bytes, 8 at most.
func (p *fields) number(n int) uint64 {
	var whole [8]byte
	copy(whole[:], p.take(n))
	return binary.LittleEndian.Uint64(whole[:])
}

func (p *fields) untilZero() string {
	text, rest, ok := bytes.Cut(p.rest, []byte{0})
	p.rest, p.short = rest, p.short || !ok
	return string(text)
}

// length is a number of one to nine bytes.
func (p *fields) length() uint64 {
	switch first := p.number(1); first {
	case 0xfc:
		return p.number(2)
	case 0xfd:
		return p.number(3)
	case 0xfe:
		return p.number(8)
	case 0xfb, 0xff:
		p.short = true
		return 0
	default:
		return first
	}
}

// text is one with its length before it, or NULL.
func (p *fields) text() (s string, null bool) {
	if len(p.rest) > 0 && p.rest[0] == 0xfb {
		p.rest = p.rest[1:]
		return "", true
	}
	n := p.length()
	if n > uint64(len(p.rest)) {
		p.rest, p.short = nil, true
		return "", false
	}
	return string(p.take(int(n))), false
}
