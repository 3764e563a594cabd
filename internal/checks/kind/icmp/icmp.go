// Package icmp is the kind of check that sends echo requests.
package icmp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind icmp.
type Options struct {
	Host     string        `mapstructure:"host"`     // name or address
	Count    int           `mapstructure:"count"`    // packets, 1 to 100
	Interval time.Duration `mapstructure:"interval"` // between two of them
	Size     int           `mapstructure:"size"`     // bytes of payload, 8 to 1,400

	DegradedLoss float64 `mapstructure:"degraded_loss"` // more of them lost is degraded, in per cent
	FailLoss     float64 `mapstructure:"fail_loss"`     // more is a failure, in per cent

	probe.LimitOptions `mapstructure:",squash"` // of the mean round trip

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"` // of a name with addresses of both families one of IPv4 is taken
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "icmp",
	Summary: "A host answers echo requests, few of them lost and in time.",
	Options: func() any {
		return &Options{Count: 3, Interval: 100 * time.Millisecond, Size: 56, DegradedLoss: 0, FailLoss: 50}
	},
	Build:   build,
	Example: `{host: gateway.example.com, count: 5, fail_loss: 40, degraded_over: 50ms}`,
	Proven:  "Linux's own answers on loopback",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"loss":     claim.Double,
	"sent":     claim.Int,
	"received": claim.Int,
	"rtt":      claim.Duration,
	"rtt_max":  claim.Duration,
})

type prober struct {
	o      Options
	limits probe.Limits
	claims *claim.Set
	dialer probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{o: *o, dialer: probe.NewDialer(c)}
	p.o.Host = probe.ASCIIName(o.Host)
	switch {
	case o.Host == "":
		return nil, &probe.OptionError{Key: "host", Problem: "is empty", Instead: "write a name or an address"}
	case !probe.GoodName(o.Host):
		return nil, probe.BadName("host", o.Host, "cannot be a name", "write a name or an address")
	case o.Count < 1 || o.Count > 100:
		return nil, &probe.OptionError{Key: "count", Problem: "is not between 1 and 100"}
	case o.Interval < 10*time.Millisecond:
		return nil, &probe.OptionError{Key: "interval", Problem: "is less than 10 ms", Instead: "a host may answer only so many"}
	case time.Duration(o.Count-1)*o.Interval >= c.Timeout:
		return nil, &probe.OptionError{Key: "count", Problem: "takes as long as the check's time-out at this interval", Instead: "write fewer, or a longer timeout"}
	case o.Size < 8 || o.Size > 1400:
		return nil, &probe.OptionError{Key: "size", Problem: "is not between 8 and 1,400"}
	case o.DegradedLoss < 0 || o.DegradedLoss > 100:
		return nil, &probe.OptionError{Key: "degraded_loss", Problem: "is not a per cent"}
	case o.FailLoss < o.DegradedLoss || o.FailLoss > 100:
		return nil, &probe.OptionError{Key: "fail_loss", Problem: "is not between degraded_loss and 100"}
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	p.claims, err = vocabulary.Compile(o.Options)
	return p.run, err
}

// echoes are what came back.
type echoes struct {
	sent, received int
	sum, most      time.Duration
}

func (e echoes) mean() time.Duration {
	if e.received == 0 {
		return 0
	}
	return e.sum / time.Duration(e.received)
}

func (e echoes) loss() float64 { return 100 * float64(e.sent-e.received) / float64(max(e.sent, 1)) }

func (e echoes) String() string {
	return fmt.Sprintf("%d of %d answered, mean %s, longest %s", e.received, e.sent, probe.Span(e.mean()), probe.Span(e.most))
}

func (p *prober) run(ctx context.Context) checks.Result {
	tr := new(p.dialer.Trail())
	addr, err := p.resolve(ctx, tr)
	if err != nil {
		return tr.Failed(ctx, err)
	}
	tr.Remote = addr.String()
	tr.Stage = probe.Connecting
	conn, plain, err := listenEcho(addr)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return probe.Internal("this user may not send echo requests; widen the sysctl net.ipv4.ping_group_range, or give CAP_NET_RAW")
		}
		return tr.Failed(ctx, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(probe.LongAgo) })
	defer stop()
	tr.Stage = probe.Waiting
	got, err := p.echo(ctx, conn, plain, addr)
	tr.Phases.FirstByte = got.mean()
	if err != nil {
		return tr.Failed(ctx, err)
	}
	return p.judge(ctx, got, tr)
}

// resolve finds the address, and lets the guard look at it: nothing is sent to
// one that it refuses.
func (p *prober) resolve(ctx context.Context, tr *probe.Trail) (netip.Addr, error) {
	tr.Stage = probe.Resolving
	start := time.Now()
	defer func() { tr.Phases.DNS = time.Since(start) }()
	addrs, err := p.dialer.LookupNetIP(ctx, p.o.Host)
	if err != nil {
		return netip.Addr{}, err
	}
	chosen := addrs[0].Unmap()
	for _, a := range addrs {
		if a.Unmap().Is4() && !chosen.Is4() {
			chosen = a.Unmap()
		}
	}
	return chosen, p.dialer.Refuse(chosen)
}

// listenEcho opens a socket for echo requests: one that every user may have
// where the system allows it, or a raw one. Plain says which: the system gives
// the first kind its own id.
func listenEcho(addr netip.Addr) (conn *icmp.PacketConn, plain bool, err error) {
	network, raw, local := "udp4", "ip4:icmp", "0.0.0.0"
	if addr.Is6() {
		network, raw, local = "udp6", "ip6:ipv6-icmp", "::"
	}
	conn, err = icmp.ListenPacket(network, local)
	if err == nil {
		return conn, true, nil
	}
	conn, rawErr := icmp.ListenPacket(raw, local)
	if rawErr != nil {
		return nil, false, errors.Join(err, rawErr)
	}
	return conn, false, nil
}

// echo sends the packets, each an interval after the one before, and counts
// the answers until the last could have come.
func (p *prober) echo(ctx context.Context, conn *icmp.PacketConn, plain bool, addr netip.Addr) (echoes, error) {
	s := newSeries(conn, plain, addr)
	for s.got.received < p.o.Count {
		turn, more := s.turn(p.o.Interval), s.got.sent < p.o.Count
		if more && !time.Now().Before(turn) {
			if err := s.send(p.o.Size); err != nil {
				return s.got, err
			}
			continue
		}
		if deadline, ok := ctx.Deadline(); more {
			_ = conn.SetReadDeadline(turn)
		} else if ok {
			_ = conn.SetReadDeadline(deadline)
		}
		if ctx.Err() != nil {
			break // some did not come back in time: that is what is measured
		}
		err := s.hear()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if more && ctx.Err() == nil {
				continue
			}
			break
		}
		if err != nil {
			return s.got, err
		}
	}
	return s.got, nil //nolint:nilerr // that no more came in time is what is measured
}

// series is a number of echo requests that are under way.
type series struct {
	conn         *icmp.PacketConn
	addr         netip.Addr
	to           net.Addr
	kind, answer icmp.Type
	token        int64       // tells our packets from everybody else's
	sentAt       []time.Time // :: number of the packet
	back         []bool      // likewise
	got          echoes
	buffer       []byte
}

func newSeries(conn *icmp.PacketConn, plain bool, addr netip.Addr) *series {
	s := &series{conn: conn, addr: addr, to: &net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}, kind: ipv4.ICMPTypeEcho, answer: ipv4.ICMPTypeEchoReply,
		token: time.Now().UnixNano(), buffer: make([]byte, 2048)}
	if plain {
		s.to = &net.UDPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}
	}
	if addr.Is6() {
		s.kind, s.answer = ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply
	}
	return s
}

// turn is when the next packet is sent.
func (s *series) turn(interval time.Duration) time.Time {
	if len(s.sentAt) == 0 {
		return time.Time{} // at once
	}
	return s.sentAt[0].Add(interval * time.Duration(len(s.sentAt)))
}

func (s *series) send(size int) error {
	if _, err := s.conn.WriteTo(echoPacket(s.kind, os.Getpid()&0xffff, s.got.sent, s.token, size), s.to); err != nil {
		return err
	}
	s.sentAt, s.back = append(s.sentAt, time.Now()), append(s.back, false)
	s.got.sent++
	return nil
}

// hear takes one packet, and counts it if it is the first answer to one of ours: another
// program's may come, and one may come twice.
func (s *series) hear() error {
	n, from, err := s.conn.ReadFrom(s.buffer)
	now := time.Now()
	if err != nil {
		return err
	}
	seq, ok := readEcho(s.buffer[:n], s.answer, s.token)
	if !ok || seq >= len(s.sentAt) || s.back[seq] || !sameAddr(from, s.addr) {
		return nil
	}
	s.back[seq] = true
	took := now.Sub(s.sentAt[seq])
	s.got.received++
	s.got.sum += took
	s.got.most = max(s.got.most, took)
	return nil
}

func echoPacket(kind icmp.Type, id, seq int, token int64, size int) []byte {
	data := make([]byte, size)
	for i := range 8 {
		data[i] = byte(token >> (8 * i))
	}
	m := icmp.Message{Type: kind, Body: &icmp.Echo{ID: id, Seq: seq, Data: data}}
	b, err := m.Marshal(nil)
	if err != nil {
		return nil // unreachable: an echo can always be written
	}
	return b
}

// readEcho returns the number of the packet that an answer is to.
func readEcho(b []byte, answer icmp.Type, token int64) (seq int, ok bool) {
	m, err := icmp.ParseMessage(answer.Protocol(), b)
	if err != nil || m.Type != answer {
		return 0, false
	}
	e, ok := m.Body.(*icmp.Echo)
	if !ok || len(e.Data) < 8 {
		return 0, false
	}
	for i := range 8 {
		if e.Data[i] != byte(token>>(8*i)) {
			return 0, false
		}
	}
	return e.Seq, true
}

func sameAddr(from net.Addr, addr netip.Addr) bool {
	var ip net.IP
	switch a := from.(type) {
	case *net.UDPAddr:
		ip = a.IP
	case *net.IPAddr:
		ip = a.IP
	}
	got, ok := netip.AddrFromSlice(ip)
	return ok && got.Unmap() == addr.WithZone("")
}

func (p *prober) judge(ctx context.Context, got echoes, tr *probe.Trail) checks.Result {
	evidence := &checks.Evidence{Remote: tr.Remote, Output: got.String()}
	r := checks.Result{Outcome: checks.Pass, Summary: got.String(), Phases: tr.Phases, Duration: max(got.mean(), 1)}
	switch loss := got.loss(); {
	case got.received == 0:
		r.Outcome, r.Reason, r.Evidence = checks.Fail, checks.ReasonTimeout, evidence
		r.Summary = "none of " + strconv.Itoa(got.sent) + " echo requests was answered in " + probe.Span(p.dialer.Timeout)
		return r
	case loss > p.o.FailLoss:
		r.Outcome, r.Reason, r.Evidence = checks.Fail, checks.ReasonAssertion, evidence
		r.Summary += fmt.Sprintf(", limit %.4g %% lost", p.o.FailLoss)
		return r
	case loss > p.o.DegradedLoss:
		r.Outcome, r.Reason = checks.Degraded, checks.ReasonAssertion
		r.Summary += fmt.Sprintf(", limit %.4g %% lost", p.o.DegradedLoss)
	default:
		if slow := p.limits.Judge(got.String(), got.mean(), tr); slow.Outcome != checks.Pass {
			r = slow
		}
	}
	if p.claims != nil {
		r = p.claims.Judged(ctx, r, claim.Facts{"loss": got.loss(), "sent": got.sent, "received": got.received, "rtt": got.mean(), "rtt_max": got.most})
	}
	if r.Outcome != checks.Pass {
		r.Evidence = evidence
	}
	return r
}
