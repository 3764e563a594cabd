package probe

import (
	"net"
	"net/netip"
	"reflect"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
)

// WayOptions are the part of a kind's options that says which way a name is
// resolved and its addresses are chosen. Without them it is the system's.
type WayOptions struct {
	Family   string    `mapstructure:"family"`   // "ipv4" or "ipv6"; empty for either: what answers first, IPv6 with a head start
	Resolver Resolvers `mapstructure:"resolver"` // who is asked for names, for whom port 53 is the usual one
}

// given reports whether they say anything.
func (w WayOptions) given() bool { return w.Family != "" || len(w.Resolver.Named()) > 0 }

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
	if literal == nil {
		key, _ := whoIsAsked(reflect.Indirect(reflect.ValueOf(c.Options)))
		if err := neverAsked(key, host); err != nil {
			return err
		}
	}
	switch {
	case w.Family != "" && w.Family != "ipv4" && w.Family != "ipv6":
		return &OptionError{Key: "family", Problem: "is not known", Instead: "write ipv4 or ipv6, or leave it out"}
	case w.Family != "" && literal == nil && host.Unmap().Is4() != (w.Family == "ipv4"):
		return &OptionError{Key: "family", Problem: "is not that of the address", Instead: "leave it out"}
	case len(w.Resolver.Named()) == 0:
		return nil
	case c.Strict:
		return &OptionError{Key: "resolver", Problem: "is not for a strict check", Instead: "write the check in a configuration file"}
	}
	_, err := w.Resolver.Named().Targets("53")
	return err
}

// neverAsked refuses an address that no check connects to, whatever it resolves to.
func neverAsked(key string, address netip.Addr) error {
	if what := refusal(address, false); what != "" {
		return &OptionError{Key: key, Problem: "is never connected to: " + what + " are not probed"}
	}
	return nil
}

// WithPort adds a port to an address that has none.
func WithPort(address, port string) string {
	if _, _, err := net.SplitHostPort(address); err == nil || address == "" {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), port)
}
