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

// GoodName reports whether a host can be one: it has no blank, what has a colon is an
// address of IPv6, what is not ASCII
// can be written as a name of the Internet, no part of it is empty or longer than
// 63 bytes, and four numbers are an address.
func GoodName(host string) bool {
	return goodParts(ASCIIName(host)) && !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || strings.ContainsRune("/@*,;?#\"'<>()\x7f", r) }) && isASCII(ASCIIName(host))
}

func goodParts(host string) bool {
	if strings.Contains(host, ":") {
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.Is6()
	}
	numbers, tooHigh := 0, false
	parts := 0
	for part := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if part == "" || len(part) > 63 {
			return false
		}
		parts++
		if strings.Trim(part, "0123456789") == "" {
			numbers++
			n, err := strconv.Atoi(part)
			tooHigh = tooHigh || part[0] != '0' && (err != nil || n > 255) // with a 0 before it some read it as octal
		}
	}
	if numbers == parts && strings.HasSuffix(host, ".") {
		return false // "127.0.0.1." is neither an address nor a name
	}
	return len(host) <= 254 && (numbers != parts || parts < 4 || parts == 4 && !tooHigh)
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
