package journal_test

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// gate is a network between a journal and its server that can stand still, lose what the server says, or lose its
// connections.
type gate struct {
	url   string
	mu    sync.Mutex
	open  *sync.Cond
	shut  bool
	lossy bool // what the server says is lost
	ended bool
	conns map[net.Conn]bool
}

func newGate(t *testing.T, target string) *gate {
	u, err := url.Parse(target)
	check(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	g := &gate{url: "nats://" + l.Addr().String(), conns: map[net.Conn]bool{}}
	g.open = sync.NewCond(&g.mu)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", u.Host)
			if err != nil {
				in.Close()
				continue
			}
			g.mu.Lock()
			g.conns[in], g.conns[out] = true, true
			g.mu.Unlock()
			wg.Go(func() { g.carry(in, out, false) })
			wg.Go(func() { g.carry(out, in, true) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		g.mu.Lock()
		g.ended = true
		g.mu.Unlock()
		g.thaw()
		g.cut()
		wg.Wait()
	})
	return g
}

// carry copies until either side closes, and holds its breath while the gate is shut.
func (g *gate) carry(from, to net.Conn, fromServer bool) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		g.mu.Lock()
		for g.shut && !g.ended {
			g.open.Wait()
		}
		lost := g.lossy && fromServer
		g.mu.Unlock()
		if n > 0 && !lost {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (g *gate) freeze() {
	g.mu.Lock()
	g.shut = true
	g.mu.Unlock()
}

func (g *gate) thaw() {
	g.mu.Lock()
	g.shut = false
	g.mu.Unlock()
	g.open.Broadcast()
}

// lose loses all that the server says until the connections are cut.
func (g *gate) lose() {
	g.mu.Lock()
	g.lossy = true
	g.mu.Unlock()
}

// cut closes all connections.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lossy = false
	for c := range g.conns {
		c.Close()
		delete(g.conns, c)
	}
}
