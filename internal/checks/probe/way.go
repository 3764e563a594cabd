package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
)

// WayOptions are the part of a kind's options that says which way a name is
// resolved and its addresses are chosen. Without them it is the system's.
type WayOptions struct {
	Family   string `mapstructure:"family"`   // "ipv4" or "ipv6"; empty for either: what answers first, IPv6 with a head start
	Resolver string `mapstructure:"resolver"` // "host:port" of the name server that is asked, or a host alone for port 53
}

func (w WayOptions) way() WayOptions { return w }

// wayOf returns what a check's options say of its way.
func wayOf(c checks.Check) WayOptions {
	if o, ok := c.Options.(interface{ way() WayOptions }); ok {
		return o.way()
	}
	return WayOptions{}
}

// Compile judges the options and compiles the check, see Build.
func (k *Kind) Compile(c checks.Check) (Probe, error) {
	if err := judgeWay(c); err != nil {
		return nil, err
	}
	return k.Build(c)
}

func judgeWay(c checks.Check) error {
	w := wayOf(c)
	host, literal := netip.ParseAddr(HostOf(c.Options))
	switch {
	case w.Family != "" && w.Family != "ipv4" && w.Family != "ipv6":
		return &OptionError{Key: "family", Problem: "is not known", Instead: "write ipv4 or ipv6, or leave it out"}
	case w.Family != "" && literal == nil && host.Unmap().Is4() != (w.Family == "ipv4"):
		return &OptionError{Key: "family", Problem: "is not that of the address", Instead: "leave it out"}
	case w.Resolver == "":
		return nil
	case c.Strict:
		return &OptionError{Key: "resolver", Problem: "is not for a strict check", Instead: "write the check in a configuration file"}
	}
	_, err := ReadTarget("resolver", WithPort(w.Resolver, "53"))
	return err
}

// WithPort adds a port to an address that has none.
func WithPort(address, port string) string {
	if _, _, err := net.SplitHostPort(address); err == nil || address == "" {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), port)
}

// LookupNetIP resolves a name as the check says: the addresses of its family.
func (d Dialer) LookupNetIP(ctx context.Context, name string) ([]netip.Addr, error) {
	addrs, err := d.resolver().LookupNetIP(ctx, "ip"+d.family, name)
	return addrs, d.lacksFamily(ctx, name, err)
}

func (d Dialer) resolver() *net.Resolver {
	if r := d.net().Resolver; r != nil {
		return r
	}
	return net.DefaultResolver
}

// NoFamilyError is a name that has addresses, of another family than asked for.
type NoFamilyError struct{ family string }

func (e NoFamilyError) Error() string { return "the name has no IPv" + e.family + " address" }

// lacksFamily tells a name without an address of the family from one that does
// not exist: both are "not found" to the resolver.
func (d Dialer) lacksFamily(ctx context.Context, name string, err error) error {
	dns, ok := errors.AsType[*net.DNSError](err)
	if err == nil || d.family == "" || ok && !dns.IsNotFound {
		return err
	}
	if _, other := d.resolver().LookupNetIP(ctx, "ip", name); other == nil {
		return NoFamilyError{d.family}
	}
	return err
}
