package http

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// askingProxy is the stage between the connection to a proxy and that through
// it.
const askingProxy probe.Stage = "asking the proxy"

// proxy is what stands between the probe and its target.
type proxy struct {
	target probe.Target
	tls    *tls.Config // nil for plain http
	auth   string      // Proxy-Authorization; empty for none
	socks  *socks5     // nil for a proxy of HTTP

	direct func(*url.URL) bool // whether an address is reached without it; nil for none
}

// proxyRefusal is a proxy's answer that is no tunnel.
type proxyRefusal struct{ code int }

func (e *proxyRefusal) Error() string { return "the proxy refuses with " + probe.StatusText(e.code) }

// through returns the proxy of an address; nil for none.
func (p *Prober) through(u *url.URL) *proxy {
	if p.rare == nil || p.rare.proxy == nil || p.rare.proxy.direct != nil && p.rare.proxy.direct(u) {
		return nil
	}
	return p.rare.proxy
}

// newProxy reads the options proxy and no_proxy; nil for none.
func newProxy(c checks.Check, o *Options) (*proxy, error) {
	p, err := readProxy(c, o.Proxy)
	if err != nil || len(o.NoProxy) == 0 {
		return p, err
	}
	if p == nil {
		return nil, &probe.OptionError{Key: "no_proxy", Problem: "is not looked at without a proxy", Instead: "write proxy, too"}
	}
	for i, list := range o.NoProxy {
		for one := range strings.SplitSeq(list, ",") {
			if wrong := badExempt(strings.TrimSpace(one)); wrong != nil {
				wrong.Key = fmt.Sprintf("no_proxy[%d]", i)
				return nil, wrong
			}
		}
	}
	const any = "http://proxy.invalid" // it is asked whether, not which
	list := (&httpproxy.Config{HTTPProxy: any, HTTPSProxy: any, NoProxy: strings.Join(o.NoProxy, ",")}).ProxyFunc()
	p.direct = func(u *url.URL) bool {
		via, err := list(u)
		return err == nil && via == nil
	}
	return p, nil
}

// badExempt says what is wrong with an entry of no_proxy, as httpproxy.Config reads
// them; nil for nothing.
func badExempt(one string) *probe.OptionError {
	if strings.Contains(one, "/") {
		if _, err := netip.ParsePrefix(one); err != nil { // 10.1.2.3/8 is 10.0.0.0/8 to all who read NO_PROXY
			return &probe.OptionError{Problem: "is not a network", Instead: "write one such as 10.0.0.0/8"}
		}
		return nil
	}
	host := strings.TrimPrefix(strings.TrimPrefix(one, "*"), ".")
	if one == "" || one == "*" || probe.GoodName(host) || probe.GoodAuthority(host) {
		return nil
	}
	return probe.BadName("", host, "is no host, domain or network", "write one such as shop.example.com, .example.com or 10.0.0.0/8")
}

func readProxy(c checks.Check, raw string) (*proxy, error) {
	const instead = "write the whole of it, such as http://proxy.example.com:3128"
	if raw == "" {
		return nil, nil //nolint:nilnil // most checks have none
	}
	u, err := url.Parse(raw)
	switch {
	case c.Strict:
		return nil, &probe.OptionError{Key: "proxy", Problem: "is not for a check from outside the configuration file"} // it would connect where the guard cannot look
	case err == nil && !probe.GoodName(u.Hostname()):
		return nil, probe.BadName("proxy", u.Hostname(), "cannot be read", instead)
	case err != nil || !probe.GoodPort(u):
		return nil, &probe.OptionError{Key: "proxy", Problem: "cannot be read", Instead: instead}
	}
	p := &proxy{}
	port := u.Port()
	switch u.Scheme {
	case "http":
		if port == "" {
			port = "80"
		}
	case "https":
		p.tls = &tls.Config{ServerName: probe.ASCIIName(u.Hostname()), MinVersion: tls.VersionTLS12}
		if port == "" {
			port = "443"
		}
	case "socks5", "socks5h":
		p.socks = &socks5{user: u.User}
		if port == "" {
			port = "1080"
		}
	default:
		return nil, &probe.OptionError{Key: "proxy", Problem: "does not begin with http://, https:// or socks5://", Instead: instead}
	}
	p.target = probe.NewTarget(u.Hostname(), port)
	if u.User != nil {
		password, _ := u.User.Password()
		p.auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	return p, nil
}

// dial connects to the proxy, and through it to the hop's target if that
// speaks TLS: what is plain is sent to the proxy itself.
func (p *proxy) dial(ctx context.Context, to *Request, tr *probe.Trail) (net.Conn, error) {
	if p.socks != nil {
		return p.socks.dial(ctx, p.target, to, tr)
	}
	conn, err := tr.Connect(ctx, p.target, p.tls)
	if err != nil || !to.form.Value().secure {
		return conn, err
	}
	defer probe.Bind(ctx, conn)()
	if err := p.tunnel(conn, to, tr); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// tunnel asks for a connection to the target (RFC 9110, 9.3.6).
func (p *proxy) tunnel(conn net.Conn, to *Request, tr *probe.Trail) error {
	tr.Stage = askingProxy
	ask := "CONNECT " + to.target.Address + " HTTP/1.1\r\nHost: " + to.target.Address + "\r\nUser-Agent: " + probe.UserAgent + "\r\n"
	if p.auth != "" {
		ask += "Proxy-Authorization: " + p.auth + "\r\n"
	}
	if _, err := conn.Write([]byte(ask + "\r\n")); err != nil {
		return err
	}
	// The target says nothing before it was spoken to, so what is read too far
	// is nothing.
	limited := &headerLimit{from: conn, left: headerMax}
	resp, err := probe.ReadResponse(bufio.NewReader(limited), &http.Request{Method: http.MethodConnect})
	if err != nil {
		if limited.err != nil {
			err = limited.err
		}
		return err
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return &proxyRefusal{resp.StatusCode}
	}
	return nil
}
