package probe

import (
	"net/url"
	"reflect"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
)

// AskedOf returns what a check asks as it may be shown to machines: the URL
// without user, query and fragment, or the address. Empty if it asks none (a
// script), if the kind's options do not name one, or if a secret of the
// environment is in it. A sealed check still knows.
func AskedOf(c *checks.Check) string {
	if s, ok := c.Options.(Sealed); ok {
		return s.asked
	}
	v := reflect.Indirect(reflect.ValueOf(c.Options))
	if v.Kind() != reflect.Struct {
		return ""
	}
	_, text := whoIsAsked(v)
	asked := PlainAddress(text)
	for _, s := range c.Secrets {
		if s != "" && strings.Contains(asked, s) {
			return ""
		}
	}
	return asked
}

// PlainAddress is an address without what may be secret or does not say what is
// asked: of a URL its user, query and fragment, and a path that is "/" alone.
func PlainAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return address
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if u.Path == "/" {
		u.Path = ""
	}
	if plain := u.String(); plain != address {
		return plain
	}
	return address // the same memory: a hundred thousand checks keep theirs
}
