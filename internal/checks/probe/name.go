package probe

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// ASCIIName returns a host as resolvers, certificates and headers have it: of
// bücher.example it is xn--bcher-kva.example (RFC 5891). What is no such name
// stays as it is. A port behind it stays as well.
func ASCIIName(host string) string {
	if isASCII(host) {
		return host
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name, port = host[:i], host[i:]
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return host
	}
	return ascii + port
}

// lookedUp returns a name as it is asked for. "localhost." is this machine as localhost is (RFC 6761, 6.3),
// and the package net finds names of one part in /etc/hosts without the dot alone.
func lookedUp(name string) string {
	if strings.EqualFold(name, "localhost.") {
		return "localhost"
	}
	return name
}

// GoodName reports whether a host can be one: what has a colon is an address of IPv6,
// what is not ASCII can be written as a name of the Internet, its parts are as resolvers
// take them, and numbers alone are an address as all write it: see ownSpelling.
func GoodName(host string) bool {
	name := ASCIIName(host)
	if strings.Contains(name, ":") {
		ip, err := netip.ParseAddr(name)
		return err == nil && ip.Is6() && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("/@*,;?#\"'<>()", r) }) // in its zone
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if !goodPart(part) {
			return false
		}
	}
	if ofNumbers(name) {
		ip, err := netip.ParseAddr(name) // "127.0.0.1." is neither an address nor a name
		return err == nil && ip.Is4()
	}
	return len(name) <= 254
}

// goodPart reports whether a part of a name is one that the package net looks up: any
// other does not exist to it, whatever name servers say.
func goodPart(part string) bool {
	if part == "" || len(part) > 63 || part[0] == '-' || part[len(part)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(part, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// GoodAuthority reports whether text can be whom a request is for: a host, and maybe its port.
func GoodAuthority(text string) bool {
	u := &url.URL{Host: text}
	return GoodName(u.Hostname()) && GoodPort(u)
}

// GoodMailbox reports whether text can be an address of e-mail. A server knows people of
// its own without an @ (RFC 5321, 4.1.1.3: postmaster).
func GoodMailbox(text string) bool {
	at := strings.LastIndexByte(text, '@')
	return at < 0 || at > 0 && GoodMailDomain(text[at+1:])
}

// GoodMailDomain reports whether text can stand behind the @ of e-mail. An address of
// the Internet stands in brackets there (RFC 5321, 4.1.3).
func GoodMailDomain(text string) bool {
	inside, bracketed := strings.CutPrefix(text, "[")
	if !bracketed {
		_, err := netip.ParseAddr(text)
		return err != nil && GoodName(text)
	}
	inside, closed := strings.CutSuffix(inside, "]")
	six, isSix := strings.CutPrefix(inside, "IPv6:")
	ip, err := netip.ParseAddr(six)
	return closed && err == nil && ip.Is6() == isSix
}

// ofNumbers reports whether a host has no part but numbers, as inet_aton(3) reads
// them: decimal, octal after a 0 and hexadecimal after 0x. No name of the Internet ends in one.
func ofNumbers(host string) bool {
	for part := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		digits, set := part, "0123456789"
		if rest, ok := strings.CutPrefix(strings.ToLower(part), "0x"); ok {
			digits, set = rest, "0123456789abcdef"
		}
		if part == "" || strings.Trim(digits, set) != "" {
			return false
		}
	}
	return true
}

// ownSpelling returns the address that inet_aton(3) makes of "127.1", "2130706433" or
// "0177.0.0.1", which others take for a name, or for another address.
func ownSpelling(host string) (netip.Addr, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if !ofNumbers(host) || len(parts) > 4 {
		return netip.Addr{}, false
	}
	var ip uint64
	for i, part := range parts {
		if strings.EqualFold(part, "0x") {
			part = "0"
		}
		base := 0 // as its beginning says
		if part[0] != '0' {
			base = 10
		}
		room := 8
		if i == len(parts)-1 { // the last one fills what is left
			room = 8 * (5 - len(parts))
		}
		n, err := strconv.ParseUint(part, base, room)
		if err != nil {
			return netip.Addr{}, false
		}
		ip = ip<<room | n
	}
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}), true
}

// BadName is the error of an option whose host GoodName refuses. Where that is an
// address in a spelling of its own it says which.
func BadName(key, host, problem, instead string) *OptionError {
	if ip, ok := ownSpelling(host); ok {
		return &OptionError{Key: key, Problem: "has an address in a form that not everybody reads alike", Instead: "write " + ip.String()}
	}
	return &OptionError{Key: key, Problem: problem, Instead: instead}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// GoodPort reports whether the port of an URL can be one, or is left out.
func GoodPort(u *url.URL) bool {
	port := u.Port()
	n := 0
	for i := range len(port) {
		if n = 10*n + int(port[i]-'0'); n > 65535 {
			return false
		}
	}
	return port == "" || n > 0
}

// SafeQuery escapes in an URL's query what may not stand in a request (RFC 3986, 2):
// blanks, what is not ASCII, and signs that strict servers refuse. Escapes that are
// there stay.
func SafeQuery(u *url.URL) {
	u.RawQuery = safe(u.RawQuery)
}

func safe(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c > ' ' && c < 0x7f && strings.IndexByte("\"<>\\^`{|}", c) < 0 {
			if b.Len() > 0 {
				b.WriteByte(c)
			}
			continue
		}
		if b.Len() == 0 {
			b.Grow(len(s) + 16)
			b.WriteString(s[:i])
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	if b.Len() == 0 {
		return s
	}
	return b.String()
}
