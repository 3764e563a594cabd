package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// netsEnv asks for the tests that need networks of their own; .ci/run sets it where they can be made.
const netsEnv = "STATUSBOT_TEST_NETS"

// machines are network namespaces that nothing but this process connects: it carries each packet from one to another, late or
// not at all as the test wants. What runs in one reaches the others at their addresses, and of this machine what it is brought.
type machines struct {
	t         *testing.T
	addresses []string
	spaces    []int // descriptors: with the last one a namespace is gone
	wires     []*os.File
	queues    []chan packet

	mu    sync.Mutex
	away  map[int]bool  // guarded by mu; :: machine -> it is cut off from the others
	loss  float64       // guarded by mu; share of packets that are lost
	delay time.Duration // guarded by mu; on each way
}

type packet struct {
	due  time.Time
	data []byte
}

// newMachines makes so many.
func newMachines(t *testing.T, count int) *machines {
	t.Helper()
	if os.Getenv(netsEnv) != "1" {
		t.Skip("networks that are cut need namespaces and /dev/net/tun, as root: set " + netsEnv + "=1 where they can be made")
	}
	m := &machines{t: t, away: map[int]bool{}}
	for i := range count {
		m.addresses = append(m.addresses, fmt.Sprintf("10.77.0.%d", i+1))
		if err := m.add(m.addresses[i]); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() { m.carry(i) })
		group.Go(func() { m.deliver(i) })
	}
	t.Cleanup(func() {
		for _, w := range m.wires {
			_ = w.Close() // ends who carries
		}
		for _, q := range m.queues {
			close(q)
		}
		group.Wait()
		for _, space := range m.spaces {
			_ = unix.Close(space)
		}
	})
	return m
}

// add makes a namespace with a wire to this process.
func (m *machines) add(address string) error {
	made := make(chan error)
	go func() {
		// The thread goes home again, and does not end: whatever was started on it to end with it, in other tests, would.
		runtime.LockOSThread()
		home, err := unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			made <- err
			return
		}
		defer func() {
			if err := unix.Setns(home, unix.CLONE_NEWNET); err != nil {
				panic(err) // this thread is lost for all else
			}
			_ = unix.Close(home)
			runtime.UnlockOSThread()
		}()
		made <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("make a network namespace: %w", err)
			}
			space, err := unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			m.spaces = append(m.spaces, space)
			wire, err := openWire("wire")
			if err != nil {
				return fmt.Errorf("make a wire: %w", err)
			}
			m.wires, m.queues = append(m.wires, wire), append(m.queues, make(chan packet, 4096))
			for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", address + "/24", "dev", "wire"}, {"link", "set", "wire", "up"}} {
				if said, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
					return fmt.Errorf("ip %v: %w: %s", args, err, said)
				}
			}
			return nil
		}()
	}()
	return <-made
}

// openWire makes a device of the namespace of this thread, of which the packets come here.
func openWire(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	var ask struct {
		name  [unix.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(ask.name[:], name)
	ask.flags = unix.IFF_TUN | unix.IFF_NO_PI
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TUNSETIFF, uintptr(unsafe.Pointer(&ask))); errno != 0 {
		_ = unix.Close(fd)
		return nil, errno
	}
	return os.NewFile(uintptr(fd), name), nil
}

// carry takes what comes from one machine to the queues of the others.
func (m *machines) carry(from int) {
	buf := make([]byte, 1<<16)
	for {
		n, err := m.wires[from].Read(buf)
		if err != nil {
			return
		}
		const destination = 19 // its last byte, in a header of IPv4
		if n <= destination || buf[0]>>4 != 4 {
			continue
		}
		to := int(buf[destination]) - 1
		m.mu.Lock()
		lost := to < 0 || to >= len(m.queues) || m.away[from] || m.away[to] || rand.Float64() < m.loss
		due := time.Now().Add(m.delay)
		m.mu.Unlock()
		if lost {
			continue
		}
		select {
		case m.queues[to] <- packet{due, append([]byte(nil), buf[:n]...)}:
		default: // as a router does
		}
	}
}

// deliver gives a machine what is for it, each packet when it is due.
func (m *machines) deliver(to int) {
	for p := range m.queues[to] {
		time.Sleep(time.Until(p.due))
		if _, err := m.wires[to].Write(p.data); err != nil {
			continue // the queue is closed soon
		}
	}
}

// cuts has a machine be cut off from all others, or no longer.
func (m *machines) cuts(i int, away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away[i] = away
}

// weather is how bad the network is.
func (m *machines) weather(loss float64, delay time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loss, m.delay = loss, delay
}

// inside does something in the namespace of a machine: sockets and processes that are made then are of it.
func (m *machines) inside(i int, do func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		err = unix.Setns(m.spaces[i], unix.CLONE_NEWNET)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() {
		if err := unix.Setns(home, unix.CLONE_NEWNET); err != nil {
			panic(err) // this thread is lost for all else
		}
		_ = unix.Close(home)
	}()
	do()
}

// brings has a machine reach an address of this one, at loopback, however it is cut off from the others, but for when it is cut off
// from that.
func (m *machines) brings(i int, address string) (cuts func(away bool)) {
	m.t.Helper()
	var l net.Listener
	var err error
	m.inside(i, func() { l, err = net.Listen("tcp", address) })
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = l.Close() })
	var away atomic.Bool
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				if away.Load() {
					return
				}
				out, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				defer out.Close()
				go func() {
					_, _ = io.Copy(out, in)
					_ = out.(*net.TCPConn).CloseWrite()
				}()
				_, _ = io.Copy(in, out)
			}()
		}
	}()
	return away.Store
}
