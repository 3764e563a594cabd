package probe

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Resolvers are name servers, each "host:port" or a host alone for the usual port,
// which are asked in this order, as clients do: the next one where one does not answer,
// or cannot.
type Resolvers []string

// MarshalJSON writes one as the text that it was before there could be several: an agent
// of the version before reads it.
func (r Resolvers) MarshalJSON() ([]byte, error) {
	switch len(r) {
	case 0:
		return []byte("null"), nil
	case 1:
		return json.Marshal(r[0])
	}
	return json.Marshal([]string(r))
}

// UnmarshalJSON reads one or several.
func (r *Resolvers) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		if *r = nil; one != "" {
			*r = Resolvers{one}
		}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(r))
}

// Named returns them without empty ones, as a variable without a value makes them.
func (r Resolvers) Named() Resolvers {
	return slices.DeleteFunc(slices.Clone(r), func(address string) bool { return address == "" })
}

// Targets takes them apart. The error is an OptionError of the option resolver.
func (r Resolvers) Targets(port string) ([]Target, error) {
	list := make([]Target, 0, len(r))
	for i, address := range r {
		t, err := ReadTarget("resolver", WithPort(address, port))
		if strings.Contains(address, ",") {
			err = &OptionError{Key: "resolver", Problem: "is several in one text", Instead: "write a list, such as [192.0.2.1, 192.0.2.2]"}
		}
		if at, literal := netip.ParseAddr(hostIn(t.Address)); err == nil && literal == nil {
			err = neverAsked("resolver", at)
		}
		if wrong, ok := err.(*OptionError); ok && len(r) > 1 { //nolint:errorlint // as it was made, a call before
			wrong.Key = fmt.Sprintf("resolver[%d]", i)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}
