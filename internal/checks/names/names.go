// Package names resolves names by asking name servers as a check must: it takes of an
// answer what is of the name that was asked for, and says what the servers said.
package names

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// Resolver returns one that asks some servers ("host:port"), in this order, or those of
// the system where there are none, within a time-out, and notes what they say, if that is
// wanted.
func Resolver(servers []string, dial Dialing, timeout time.Duration, said *Notes) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, server string) (net.Conn, error) {
		them := servers
		if len(them) == 0 {
			them = []string{server}
		}
		return &asking{ctx: ctx, network: network, servers: them, dial: dial, said: said, most: time.Now().Add(timeout)}, nil
	}}
}

// asking is a connection of net.Resolver's to name servers. The resolver trusts what it
// is told more than a check may: it takes addresses of other names than asked for, waits
// for ever for the question in an answer that has none, and knows no other way once a
// server does not understand EDNS. So each question is asked here, and what goes back is
// its answer alone, in the form that it has over TCP.
type asking struct {
	net.Conn // of the last server that was asked; nil before

	ctx     context.Context //nolint:containedctx // of one exchange, which begins and ends with the connection
	network string          // "udp" or "tcp"
	servers []string
	dial    Dialing
	said    *Notes    // nil: nobody wants to know
	most    time.Time // until when a probe goes on, which the resolver does not hand on

	until  time.Time
	query  []byte
	answer []byte // what is left to be read of it, after its length
	asked  bool
}

// Dialing connects to a name server.
type Dialing = func(ctx context.Context, network, address string) (net.Conn, error)

// Notes are what servers said to the questions of one lookup.
type Notes struct {
	exists atomic.Bool
	code   atomic.Int32 // the last that was neither NOERROR nor NXDOMAIN
}

// Exists reports whether the name is there, with or without what was asked for.
func (n *Notes) Exists() bool { return n.exists.Load() }

// Code is the last that was neither NOERROR nor NXDOMAIN, such as "REFUSED"; empty for
// none.
func (n *Notes) Code() string {
	code := int(n.code.Load())
	switch name := dns.RcodeToString[code]; {
	case code == 0:
		return ""
	case name != "":
		return name
	}
	return "response code " + strconv.Itoa(code)
}

// SetDeadline is for what comes; each connection has its part of it.
func (a *asking) SetDeadline(t time.Time) error {
	if a.until = t; a.most.Before(t) {
		a.until = a.most
	}
	return nil
}

// Write takes the question, in one piece as net.Resolver sends it.
func (a *asking) Write(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, io.ErrShortWrite // unreachable: two bytes are its length
	}
	a.query = slices.Clone(b[2:])
	return len(b), nil
}

func (a *asking) Read(b []byte) (int, error) {
	if !a.asked {
		a.asked = true
		m, err := a.ask()
		if err != nil {
			return 0, err
		}
		packed, err := m.Pack()
		if err != nil {
			return 0, err
		}
		a.answer = append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)
	}
	if len(a.answer) == 0 {
		return 0, io.EOF
	}
	n := copy(b, a.answer)
	a.answer = a.answer[n:]
	return n, nil
}

func (a *asking) Close() error {
	if a.Conn == nil {
		return nil
	}
	return a.Conn.Close()
}

// ask asks one server after the other. What the last one said counts if none could
// answer.
func (a *asking) ask() (*dns.Msg, error) {
	query := new(dns.Msg)
	if err := query.Unpack(a.query); err != nil || len(query.Question) != 1 {
		return nil, errors.Join(err, errOddQuery)
	}
	var m *dns.Msg
	var err error
	for i, server := range a.servers {
		end := a.until
		if left := time.Until(a.until); !a.until.IsZero() {
			end = time.Now().Add(left / time.Duration(len(a.servers)-i))
		}
		if m, err = a.askOne(server, query, end); err == nil && !CannotAnswer(m.Rcode) {
			break
		}
		if a.ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if a.said != nil {
		switch {
		case m.Rcode == dns.RcodeSuccess:
			a.said.exists.Store(true)
		case m.Rcode != dns.RcodeNameError:
			a.said.code.Store(int32(m.Rcode))
		}
	}
	onlyOf(query.Question[0], m)
	return m, nil
}

// errOddQuery is a question that net.Resolver never asks.
var errOddQuery = errors.New("the resolver asks what cannot be read")

// CannotAnswer reports whether a server says by its code that it cannot answer, and
// another one may, as clients take it.
func CannotAnswer(rcode int) bool {
	switch rcode {
	case dns.RcodeServerFailure, dns.RcodeRefused, dns.RcodeNotImplemented, dns.RcodeFormatError:
		return true
	}
	return false
}

// askOne asks a server, and without EDNS if it does not understand that.
func (a *asking) askOne(server string, query *dns.Msg, end time.Time) (*dns.Msg, error) {
	if a.Conn != nil {
		a.Conn.Close()
		a.Conn = nil
	}
	conn, err := a.dial(a.ctx, a.network, server)
	if err != nil {
		return nil, err
	}
	a.Conn = conn
	defer context.AfterFunc(a.ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if err := conn.SetDeadline(end); err != nil {
		return nil, err
	}
	m, err := a.exchange(query)
	if err == nil && RefusesEDNS(m.Rcode) && query.IsEdns0() != nil {
		plain := *query
		plain.Extra = nil
		if m, err = a.exchange(&plain); err == nil && RefusesEDNS(m.Rcode) {
			m.Question = query.Question // who does not understand a question need not repeat it
		}
	}
	return m, err
}

// RefusesEDNS reports whether an old server did not understand the part of a query that
// tells how long an answer may be (RFC 6891, 7).
func RefusesEDNS(rcode int) bool {
	switch rcode {
	case dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeBadVers:
		return true
	}
	return false
}

// exchange asks on the connection. What is no answer to the question may come from
// anybody, over UDP, and is passed over.
func (a *asking) exchange(query *dns.Msg) (*dns.Msg, error) {
	talk := dns.Conn{Conn: a.Conn, UDPSize: 4096}
	if err := talk.WriteMsg(query); err != nil {
		return nil, err
	}
	for {
		packet, err := talk.ReadMsgHeader(nil)
		if err == nil {
			var m *dns.Msg
			if m, err = Unpacked(packet); err == nil && answers(m, query) {
				m.Question = query.Question // in the case in which it was asked
				return m, nil
			}
		} else if !errors.Is(err, dns.ErrShortRead) {
			return nil, err
		}
		if a.network == "tcp" {
			return nil, cmp.Or(err, errOtherAnswer)
		}
	}
}

// answers reports whether a message is the answer to a query. Who does not understand
// a question need not repeat it.
func answers(m, query *dns.Msg) bool {
	if m.Id != query.Id || !m.Response {
		return false
	}
	if len(m.Question) == 0 {
		return RefusesEDNS(m.Rcode)
	}
	got, asked := m.Question[0], query.Question[0]
	return len(m.Question) == 1 && strings.EqualFold(got.Name, asked.Name) && got.Qtype == asked.Qtype && got.Qclass == asked.Qclass
}

// Unpacked reads a message, whose header has to count what is in it; an old server that
// understands nothing may send the header alone. With an error the message has what
// could be read, its id at least if the packet has one.
func Unpacked(packet []byte) (*dns.Msg, error) {
	m := new(dns.Msg)
	if err := m.Unpack(packet); err != nil {
		return m, err
	}
	const header = 12                         // bytes, of which the last eight are four counts (RFC 1035, 4.1.1)
	if len(packet) == header || m.Truncated { // whose counts may be those of the whole
		return m, nil
	}
	for i, have := range []int{len(m.Question), len(m.Answer), len(m.Ns), len(m.Extra)} {
		if int(binary.BigEndian.Uint16(packet[4+2*i:])) != have {
			return m, errMiscounted
		}
	}
	return m, nil
}

var (
	errOtherAnswer = errors.New("the name server answers another question")
	errMiscounted  = errors.New("the name server's answer has less than its header counts")
)

// onlyOf leaves in an answer what is of the name that was asked for, and of those that
// it is another name of.
func onlyOf(asked dns.Question, m *dns.Msg) {
	names := Of(asked.Name, m.Answer)
	m.Answer = slices.DeleteFunc(m.Answer, func(rr dns.RR) bool {
		return rr.Header().Class != asked.Qclass || !names[strings.ToLower(rr.Header().Name)]
	})
	m.Ns, m.Extra = nil, nil
	m.RecursionAvailable = true // without that and without an answer it would be a referral
}

// Of returns the name that was asked for, and those that it is another name of
// (CNAME): what an answer says of others is none.
func Of(asked string, answer []dns.RR) map[string]bool {
	names := map[string]bool{strings.ToLower(asked): true}
	for range answer { // each turn may find one more
		before := len(names)
		for _, rr := range answer {
			if alias, ok := rr.(*dns.CNAME); ok && names[strings.ToLower(alias.Hdr.Name)] {
				names[strings.ToLower(alias.Target)] = true
			}
		}
		if len(names) == before {
			break
		}
	}
	return names
}
