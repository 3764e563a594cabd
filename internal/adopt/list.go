package adopt

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// List makes a plan of a list of what clients use: a URL, host:port or a host
// for each line, behind a name if one is wanted: "Billing https://pay.example.com/health".
// What has the same name, or else the same host, is one product. Empty lines and those that
// begin with # count for nothing. The error names the line.
func List(lines []string) (*Plan, error) {
	p := &Plan{names: map[string]bool{}, whole: map[string]bool{}, ids: map[string]bool{}}
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		name, target := strings.Join(words[:len(words)-1], " "), words[len(words)-1]
		if err := p.listed(name, target); err != nil {
			return nil, err
		}
	}
	if len(p.Checks) == 0 {
		return nil, fmt.Errorf("nothing was named; write what clients use, such as https://pay.example.com/health or db.example.com:5432")
	}
	return p, nil
}

func (p *Plan) listed(name, target string) error {
	scheme, rest, isURL := strings.Cut(target, "://")
	kind := map[string]string{"http": "http", "https": "http", "ws": "websocket", "wss": "websocket", "tcp": "tcp"}[strings.ToLower(scheme)]
	switch {
	case isURL && kind == "":
		return fmt.Errorf("%q: there is no kind of check for %s://; write http, https, ws, wss or host:port", target, scheme)
	case isURL && kind == "tcp":
		target = rest
	case isURL:
	default:
		kind = "tcp"
		if _, _, err := net.SplitHostPort(target); err != nil {
			kind, target = "http", "https://"+target
		}
	}
	var host, path string
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		host, path = u.Hostname(), strings.Trim(u.Path, "/")
	} else if h, port, err := net.SplitHostPort(target); err == nil && kind == "tcp" {
		host, path = h, port
	}
	if host == "" || strings.ContainsAny(host, " {}$") {
		return fmt.Errorf("%q is not a URL and not host:port", target)
	}
	if name == "" {
		name = productOf(host)
	}
	c := p.begin(p.product(name, ""), path, kind)
	c.Every, c.Timeout = 30*time.Second, 10*time.Second
	if kind == "tcp" {
		c.Options["address"] = literal(target)
	} else {
		c.Options["url"] = p.address(&c, target, plain)
	}
	p.add(c)
	return nil
}

// productOf is what a host's clients may call it: pay of pay.example.com, example of www.example.com.
func productOf(host string) string {
	labels := strings.Split(strings.TrimPrefix(host, "www."), ".")
	if net.ParseIP(host) != nil {
		return host
	}
	return labels[0]
}
