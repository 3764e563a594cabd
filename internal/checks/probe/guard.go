package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/names"
)

// Dialer makes every connection of a check's probes. Its guard sees the address
// that is really connected to, after the name was resolved, for every hop of
// a redirect. So neither a name whose address changes between look and use,
// nor an address in an odd spelling, gets past it.
//
// The zero value is that of a strict check: whoever forgets to make one is
// refused more than he should be, not less.
type Dialer struct {
	Timeout time.Duration // of a probe, for what is said of it
	lenient bool          // connects to what is not on the public Internet, too
	family  string        // "4" or "6", as the package net has it behind a network's name; empty for either
	own     *ownWay       // asks name servers of its own; nil for the shared one
}

// NewDialer returns the dialer of a check.
func NewDialer(c checks.Check) Dialer {
	d := Dialer{Timeout: c.Timeout, lenient: !c.Strict}
	if w := wayOf(c); w.given() {
		return d.along(w)
	}
	return d
}

// along returns the dialer of a check that goes its own way.
func (d Dialer) along(w WayOptions) Dialer {
	d.family = map[string]string{"ipv4": "4", "ipv6": "6"}[w.Family]
	named := w.Resolver.Named()
	if len(named) == 0 {
		return d
	}
	shared := d.net()
	own := &ownWay{Dialer: net.Dialer{KeepAlive: shared.KeepAlive, ControlContext: shared.ControlContext}}
	for _, server := range named {
		address := WithPort(server, "53")
		if t, err := ReadTarget("resolver", address); err == nil { // judgeWay has said so if it is none
			address = t.Address
		}
		own.servers = append(own.servers, address)
	}
	own.Resolver = names.Resolver(own.servers, shared.DialContext, d.Timeout, nil)
	d.own = own
	return d
}

// ownWay is that of a check with name servers of its own.
type ownWay struct {
	net.Dialer
	servers []string
}

// toServers returns the name servers that are the check's own, and what connects to
// them; without own ones what connects to the system's, wherever these are.
func (d Dialer) toServers() (servers []string, dial names.Dialing) {
	if d.own != nil {
		return d.own.servers, d.own.DialContext
	}
	if r := d.net().Resolver; r != nil && r.Dial != nil {
		return nil, r.Dial
	}
	return nil, new(net.Dialer).DialContext
}

// Trail begins a probe.
func (d Dialer) Trail() Trail { return Trail{dialer: d} }

// Refuse returns an error if the dialer would not connect to the address; for
// those who send to it without a connection.
func (d Dialer) Refuse(addr netip.Addr) error {
	if what := refusal(addr, !d.lenient); what != "" {
		return &RefusedError{addr.String(), what}
	}
	return nil
}

func (d Dialer) net() *net.Dialer {
	if d.own != nil {
		return &d.own.Dialer
	}
	if d.lenient {
		return &dialers[1]
	}
	return &dialers[0]
}

// dialers are those of strict checks and of all others. Keep-alive probes are
// of no use on connections that live for one exchange and cost four system
// calls each.
var dialers = [...]net.Dialer{
	{KeepAlive: -1, ControlContext: guardDial(true)},
	{KeepAlive: -1, ControlContext: guardDial(false)},
}

// SetResolver has the names of all probes resolved by r, or by the system's
// for nil, and returns what undoes that. For tests alone, while nothing is
// probed.
func SetResolver(r *net.Resolver) (undo func()) {
	was := dialers[0].Resolver
	for i := range dialers {
		dialers[i].Resolver = r
	}
	return func() { SetResolver(was) }
}

// RefusedError is an address that is never connected to. It says nothing about
// the product, so the outcome is unknown: the check is to be put right.
type RefusedError struct {
	address string
	what    string // "link-local addresses"
}

func (e *RefusedError) Error() string {
	return "refuses to connect to " + e.address + ": " + e.what + " are not probed"
}

// guardDial is called between the making of a socket and its connecting.
func guardDial(strict bool) func(ctx context.Context, network, address string, _ syscall.RawConn) error {
	return func(_ context.Context, network, address string, _ syscall.RawConn) error {
		if strings.HasPrefix(network, "unix") {
			if strict {
				return &RefusedError{address, "sockets of this machine"}
			}
			return nil
		}
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return &RefusedError{address, "addresses that cannot be read"} // unreachable unless net changes its promise
		}
		if what := refusal(ap.Addr(), strict); what != "" {
			return &RefusedError{ap.Addr().String(), what}
		}
		return nil
	}
}

// span of addresses that is refused, and what it is called.
type refusedSpan struct {
	span netip.Prefix
	what string
}

// Always refused: they answer with the credentials of the machine (metadata),
// or are no single peer that a client could be served by. The first that
// holds an address names it.
var refusedAlways = spans(
	"cloud metadata addresses", "169.254.169.254/32", // AWS, Google, Azure, Oracle, DigitalOcean
	"cloud metadata addresses", "fd00:ec2::254/128", // AWS over IPv6
	"cloud metadata addresses", "fd20:ce::254/128", // Google over IPv6
	"cloud metadata addresses", "100.100.100.200/32", // Alibaba
	"link-local addresses", "169.254.0.0/16",
	"link-local addresses", "fe80::/10",
	"unspecified addresses", "0.0.0.0/8", // a connection to 0.0.0.0 arrives at this machine
	"unspecified addresses", "::/128",
	"multicast addresses", "224.0.0.0/4",
	"multicast addresses", "ff00::/8",
	"broadcast addresses", "255.255.255.255/32",
)

// Refused as well to a strict check: what is not for everybody
// (https://www.iana.org/assignments/iana-ipv4-special-registry and its
// counterpart for IPv6).
var refusedStrictly = spans(
	"loopback addresses", "127.0.0.0/8",
	"loopback addresses", "::1/128",
	"private addresses", "10.0.0.0/8",
	"private addresses", "172.16.0.0/12",
	"private addresses", "192.168.0.0/16",
	"private addresses", "100.64.0.0/10", // shared by a provider's customers
	"private addresses", "168.63.129.16/32", // the host below a machine of Azure's
	"private addresses", "fc00::/7",
	"private addresses", "fec0::/10",
	"reserved addresses", "192.0.0.0/24",
	"reserved addresses", "192.0.2.0/24",
	"reserved addresses", "198.18.0.0/15",
	"reserved addresses", "198.51.100.0/24",
	"reserved addresses", "203.0.113.0/24",
	"reserved addresses", "240.0.0.0/4",
	"reserved addresses", "2001:db8::/32",
)

// Prefixes of IPv6 addresses that stand for an IPv4 address, which a gateway
// connects to.
var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	compatible = netip.MustParsePrefix("::/96")
	global     = netip.MustParsePrefix("2000::/3") // what is given out of IPv6
)

func spans(pairs ...string) []refusedSpan {
	var list []refusedSpan
	for ; len(pairs) > 0; pairs = pairs[2:] {
		list = append(list, refusedSpan{netip.MustParsePrefix(pairs[1]), pairs[0]})
	}
	return list
}

// refusal says what kind of address it is if it is not to be connected to.
func refusal(addr netip.Addr, strict bool) string {
	addr = addr.WithZone("").Unmap()
	for _, s := range refusedAlways {
		if s.span.Contains(addr) {
			return s.what
		}
	}
	if strict {
		for _, s := range refusedStrictly {
			if s.span.Contains(addr) {
				return s.what
			}
		}
	}
	if v4, ok := embedded(addr); ok {
		return refusal(v4, strict)
	}
	if strict && addr.Is6() && !global.Contains(addr) {
		return "reserved addresses"
	}
	return ""
}

// embedded returns the IPv4 address that an IPv6 address stands for.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	switch {
	case addr == netip.IPv6Loopback():
		return netip.Addr{}, false
	case nat64.Contains(addr), compatible.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:])), true
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// Refused makes the result of a dial that the guard refused.
func Refused(err error) (checks.Result, bool) {
	var e *RefusedError
	if !errors.As(err, &e) {
		return checks.Result{}, false
	}
	return Internal(e.Error()), true
}
