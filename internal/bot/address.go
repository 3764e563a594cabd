package bot

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// proposed is a check as an address suggests it, in the fields of the form.
type proposed struct {
	kind    string
	options string // YAML
	id      string
}

// kindOf is what is probed at an address of a scheme; the port is that of the
// scheme where none is typed.
var kindOf = map[string]struct {
	kind, port string
}{
	"http": {kind: "http"}, "https": {kind: "http"}, "ws": {kind: "websocket"}, "wss": {kind: "websocket"},
	"tcp": {kind: "tcp"}, "tls": {"tls", "443"}, "grpc": {"grpc", "443"}, "grpcs": {"grpc", "443"},
	"ssh": {"ssh", "22"}, "sftp": {"ssh", "22"}, "smtp": {"smtp", "25"}, "redis": {"redis", "6379"}, "nats": {"nats", "4222"},
	"ldap": {"tcp", "389"}, "ldaps": {"tls", "636"}, "imap": {"tcp", "143"}, "imaps": {"tls", "993"}, "postgres": {"tcp", "5432"}, "postgresql": {"tcp", "5432"},
	"mysql": {"tcp", "3306"}, "amqp": {"tcp", "5672"}, "mongodb": {"tcp", "27017"}, "ntp": {"ntp", ""}, "icmp": {"icmp", ""}, "ping": {"icmp", ""}, "dns": {"dns", ""},
}

// domain is a name with a dot: "shop.example.com".
var domain = regexp.MustCompile(`^([\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}[\p{L}\p{N}-]+$`)

// fromAddress suggests a check for a pasted address; false when it is none.
// Passwords in it are left out: what is proposed is shown to everybody who is
// asked.
func fromAddress(word string, kinds []string) (proposed, bool) {
	word = strings.TrimRight(strings.Trim(word, "<>()[]*`"), ",;")
	if !strings.Contains(word, "://") {
		host, port, err := net.SplitHostPort(word)
		switch {
		case err == nil && isPort(port) && isHost(host):
			word = "tcp://" + word
		case domain.MatchString(strings.SplitN(word, "/", 2)[0]) && err != nil:
			word = "https://" + word
		default:
			return proposed{}, false
		}
	}
	u, err := url.Parse(word)
	if err != nil || u.Hostname() == "" {
		return proposed{}, false
	}
	u.User = nil
	how, known := kindOf[strings.ToLower(u.Scheme)]
	if !known || !slices.Contains(kinds, how.kind) {
		return proposed{}, false
	}
	p := proposed{kind: how.kind, id: idOf(u)}
	port := u.Port()
	if port == "" {
		port = how.port
	}
	switch how.kind {
	case "http", "websocket":
		p.options = "url: " + strconv.Quote(u.String())
	case "dns":
		p.options = "name: " + strconv.Quote(u.Hostname())
	case "icmp":
		p.options = "host: " + strconv.Quote(u.Hostname())
	case "ntp":
		p.options = "address: " + strconv.Quote(u.Host)
	default:
		if port == "" {
			return proposed{}, false
		}
		p.options = "address: " + strconv.Quote(net.JoinHostPort(u.Hostname(), port))
	}
	switch strings.ToLower(u.Scheme) {
	case "grpcs":
		p.options += "\ntls: true"
	case "http", "https":
		p.options += "\nstatus: [2xx]"
	}
	return p, true
}

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n > 0 && n < 65536
}

func isHost(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil || domain.MatchString(s) || s == "localhost"
}

// mostID bounds a suggested id.
const mostID = 40

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// idOf makes an id of an address: its host without "www", and its path.
func idOf(u *url.URL) string {
	s := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") + "-" + strings.ToLower(u.Path)
	s = strings.Trim(notInID.ReplaceAllString(s, "-"), "-")
	return strings.Trim(s[:min(len(s), mostID)], "-")
}

// suggestion reads what follows "add": an address, a product's name, or both.
func suggestion(words, kinds []string) (p proposed, rest []string) {
	for i, w := range words {
		if got, ok := fromAddress(w, kinds); ok {
			return got, append(slices.Clone(words[:i]), words[i+1:]...)
		}
	}
	return proposed{}, words
}
