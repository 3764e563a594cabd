package config

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Page says whether the pages are served where Web listens, and who may read them.
type Page struct {
	Enabled bool
	URL     string         // as people reach it, without a slash at its end; empty: not known
	Token   Secret         // who has it reads all; zero: there is none
	Header  string         // in which a proxy says who asks; empty: in none
	Proxies []netip.Prefix // from where that header is believed
	Public  bool           // who may not read all reads what products allow; otherwise nothing
	MCP     bool           // programs of language models read it at /mcp, as those who may read all
}

// Open reports whether everybody who reaches the page reads all of it: config accepts
// that on loopback alone.
func (p Page) Open() bool {
	return p.Enabled && p.Token.IsZero() && len(p.Proxies) == 0 && !p.Public
}

type rawPage struct {
	Enabled     bool     `mapstructure:"enabled"`
	URL         string   `mapstructure:"url"`
	Token       string   `mapstructure:"token"`
	TokenFile   string   `mapstructure:"token_file"`
	ProxyHeader string   `mapstructure:"proxy_header"`
	Proxies     []string `mapstructure:"proxies"`
	Public      bool     `mapstructure:"public"`
	MCP         bool     `mapstructure:"mcp"`
}

// leastPageToken is how short the page's token may be, in bytes: it is tried from
// outside.
const leastPageToken = 16

func (s *settings) page(web Web) Page {
	raw := s.raw.Page
	p := Page{Enabled: raw.Enabled, URL: s.pageURL(raw.URL), Token: s.token("page.token", raw.Token, raw.TokenFile),
		Header: raw.ProxyHeader, Proxies: s.proxies(raw.Proxies), Public: raw.Public, MCP: raw.MCP}
	if token := p.Token.Reveal(); token != "" && len(token) < leastPageToken {
		s.note(s.decides("page.token"), fmt.Sprintf("is shorter than %d characters, and can be guessed", leastPageToken), "make one with: openssl rand -hex 32")
	}
	switch {
	case p.Header != "" && len(raw.Proxies) == 0:
		s.note("page.proxy_header", "is given without page.proxies, so anybody could send it", `write from where it is believed: proxies: ["127.0.0.1"]`)
	case p.Header == "" && len(raw.Proxies) > 0:
		s.note("page.proxies", "is given without page.proxy_header", `write the header that names who asks: proxy_header: X-Forwarded-Email`)
	case p.Header != "" && (!probe.IsToken(p.Header) || http.CanonicalHeaderKey(p.Header) == "Cookie"):
		s.note("page.proxy_header", fmt.Sprintf("%q is not the name of a header", clip(p.Header)), "write X-Forwarded-Email, or what your proxy sets")
	}
	switch {
	case !p.Enabled && p.MCP:
		s.note("page.mcp", "is set, and page.enabled is not, so nothing is served there", "write page: {enabled: true}; statusbot mcp --data-dir needs neither")
	case !p.Enabled:
	case web.Listen == "":
		s.note("page.enabled", "is set, and web.listen is not, so the page is served nowhere", `write web: {listen: "127.0.0.1:8080"}`)
	case p.Open() && !isLoopback(web.Listen):
		s.note("page.enabled", "would show everything to everybody who reaches web.listen", "give page.token_file, or page.proxy_header with page.proxies, or page.public; or listen on 127.0.0.1")
	}
	return p
}

// pageURL checks the address at which people reach the page.
func (s *settings) pageURL(text string) string {
	if text == "" {
		return ""
	}
	if u, ok := webURL(text); !ok || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		s.note("page.url", "is not the address of a site", `write it as people type it: "https://status.example.com"`)
	}
	return strings.TrimRight(text, "/")
}

// proxies are the addresses of proxies, alone or as networks.
func (s *settings) proxies(list []string) (out []netip.Prefix) {
	for _, one := range list {
		one = strings.TrimSpace(one)
		if addr, err := netip.ParseAddr(one); err == nil {
			out = append(out, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(one)
		switch {
		case err != nil:
			s.note("page.proxies", fmt.Sprintf("%q is no address and no network", clip(one)), `write "10.1.2.3" or "10.1.0.0/16"`)
		case prefix.Bits() == 0 || prefix.Addr().Is4In6() && prefix.Bits() <= 96:
			s.note("page.proxies", fmt.Sprintf("%q is every address, so anybody could say who asks", clip(one)), "write the addresses of your proxies alone")
		case prefix != prefix.Masked():
			s.note("page.proxies", fmt.Sprintf("%q is an address with the length of a network", clip(one)), fmt.Sprintf("write %q, or the address alone", prefix.Masked()))
		case prefix.Addr().Is4In6(): // IPv4, as it stands in IPv6: it is compared as IPv4
			out = append(out, netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96).Masked())
		default:
			out = append(out, prefix.Masked())
		}
	}
	return out
}

// isLoopback reports whether an address to listen on is reached from this machine
// alone.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// warnOfUnshown says that a public page would be empty.
func (l *loading) warnOfUnshown(s *settings, cfg *Config) {
	if !cfg.Page.Enabled || !cfg.Page.Public {
		return
	}
	for _, p := range cfg.Products {
		if p.Public {
			return
		}
	}
	l.warnings = append(l.warnings, s.doc.problem(nil, "page.public", "no product is public, so the public page is empty", "write public: true at the products that clients may see"))
}
