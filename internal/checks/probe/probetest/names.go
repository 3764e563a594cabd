package probetest

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// NameServer makes names be resolved by a server that answers each query with
// what answer makes of it. /etc/hosts still counts first.
// It tells of each reply sent.
func NameServer(t *testing.T, answer func(query []byte) []byte) (replied <-chan struct{}) {
	t.Helper()
	sent := make(chan struct{}, 64) // more than any test's queries
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	OK(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		query := make([]byte, 2048)
		for {
			n, from, err := server.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(answer(query[:n]), from)
			sent <- struct{}{}
		}
	})
	undo := probe.SetResolver(&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server.LocalAddr().String())
	}})
	t.Cleanup(func() {
		undo()
		server.Close()
		wg.Wait()
	})
	return sent
}

// NoSuchName answers NXDOMAIN: the query with the bit QR and the code 3 (RFC
// 1035, 4.1.1).
func NoSuchName(query []byte) []byte {
	query[2] |= 0x80
	query[3] = query[3]&0xf0 | 3
	return query
}

// ResolveWith answers the package's questions for names from a table, over UDP.
func ResolveWith(t *testing.T, table map[string][]string) {
	t.Helper()
	address := Names(t, table)
	undo := probe.SetResolver(&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", address)
	}})
	t.Cleanup(func() { undo() })
}

// Names runs a name server that answers from a table ("name." to addresses of
// both families) over UDP, and returns its address.
func Names(t *testing.T, table map[string][]string) (address string) {
	t.Helper()
	return Datagrams(t, func(query []byte) [][]byte {
		if len(query) <= 12 { // a header and no question
			return nil
		}
		return [][]byte{answerDNS(query, table)}
	})
}

// answerDNS answers one question for A or AAAA, and any other with nothing; a name that
// is not in the table does not exist (RFC 1035, 4.1; RFC 3596).
func answerDNS(query []byte, table map[string][]string) []byte {
	name, end := "", 12
	for query[end] != 0 {
		size := int(query[end])
		name += string(query[end+1:end+1+size]) + "."
		end += 1 + size
	}
	end += 5 // the root, type and class
	var addresses []netip.Addr
	kind := binary.BigEndian.Uint16(query[end-4:])
	for _, a := range table[name] {
		if addr := netip.MustParseAddr(a); kind == 1 && addr.Is4() || kind == 28 && addr.Is6() {
			addresses = append(addresses, addr)
		}
	}
	out := append([]byte{}, query[:end]...)
	copy(out[2:], []byte{0x84, 0, 0, 1, 0, byte(len(addresses)), 0, 0, 0, 0})
	if _, known := table[name]; !known {
		out[3] = 3
	}
	for _, a := range addresses {
		out = append(out, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(a.AsSlice())))
		out = append(out, a.AsSlice()...)
	}
	return out
}
