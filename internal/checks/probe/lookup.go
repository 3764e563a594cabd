package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/statusbot/statusbot/internal/checks/names"
)

// resolver returns what resolves the names of a check.
func (d Dialer) resolver() *net.Resolver {
	if r := d.net().Resolver; r != nil {
		return r
	}
	return net.DefaultResolver
}

// asks returns a resolver that asks the check's own servers, or those of the system, and
// notes what they say.
func (d Dialer) asks(said *names.Notes) *net.Resolver {
	servers, dial := d.toServers()
	return names.Resolver(servers, dial, d.Timeout, said)
}

// LookupNetIP resolves a name as the check says: the addresses of its family.
func (d Dialer) LookupNetIP(ctx context.Context, name string) ([]netip.Addr, error) {
	name = lookedUp(name)
	addrs, err := d.resolver().LookupNetIP(ctx, "ip"+d.family, name)
	return addrs, d.whyNot(ctx, name, err)
}

// NoFamilyError is a name that has addresses, of another family than asked for.
type NoFamilyError struct{ family string }

func (e NoFamilyError) Error() string { return "the name has no IPv" + e.family + " address" }

// noNameError is a name without an address, in words of why.
type noNameError string

func (e noNameError) Error() string { return string(e) }

// whyNot asks once more for a name that has no address, and makes an error of what is
// said then: the package net does not tell a name that is there and has no address, or
// none of the family, from one that does not exist, nor one code of a server from another.
func (d Dialer) whyNot(ctx context.Context, name string, err error) error {
	first, ok := errors.AsType[*net.DNSError](err)
	if ctx.Err() != nil || err == nil || ok && first.IsTimeout || !ok && d.family == "" {
		return err
	}
	if d.family != "" {
		if _, other := d.resolver().LookupNetIP(ctx, "ip", name); other == nil {
			return NoFamilyError{d.family}
		}
	}
	said := new(names.Notes)
	if _, again := d.asks(said).LookupNetIP(ctx, "ip"+d.family, name); again == nil {
		return err // it was there again
	}
	switch {
	case said.Exists():
		return noNameError("the name exists, and has no address")
	case ok && !first.IsNotFound && said.Code() != "":
		return noNameError("the name does not resolve: the name server says " + said.Code())
	}
	return err
}
