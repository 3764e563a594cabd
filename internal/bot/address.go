package bot

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/lazy"
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
	"mysql": {"tcp", "3306"}, "amqp": {"tcp", "5672"}, "mongodb": {"tcp", "27017"}, "ntp": {"ntp", ""}, "snmp": {"snmp", "161"}, "icmp": {"icmp", ""}, "ping": {"icmp", ""}, "dns": {"dns", ""},
}

// domain is a name with a dot: "shop.example.com".
var domain = lazy.Compile(`^([\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}[\p{L}\p{N}-]+$`)

// fromAddress suggests a check for a pasted address; false when it is none.
// Passwords in it are left out: what is proposed is shown to everybody who is
// asked.
func fromAddress(word string, kinds []string) (proposed, bool) {
	u, ok := addressOf(word)
	if !ok || u.Hostname() == "" {
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
		p.options = "url: " + strconv.Quote(written(u))
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

// written is an address with its host as people read it: u.String writes the
// letters of "bücher.example" as %C3%BC, which is no name.
func written(u *url.URL) string {
	rest := *u
	rest.Scheme, rest.Host, rest.User = "", "", nil
	return strings.ToLower(u.Scheme) + "://" + u.Host + rest.String()
}

// addressOf reads a word as an address, with a scheme or without, as it is typed
// or as Slack writes what was pasted: "<https://a.example|a.example>". False when
// it looks like none.
func addressOf(word string) (*url.URL, bool) {
	word = strings.TrimRight(strings.Trim(word, "<>()*`"), ",;")
	word, _, _ = strings.Cut(word, "|")
	if !strings.Contains(word, "://") {
		authority, path, _ := strings.Cut(word, "/")
		host, port, err := net.SplitHostPort(authority)
		switch {
		case err == nil && isPort(port) && isHost(host):
			scheme := "tcp"
			switch {
			case port == "80", path != "" && port == "8080":
				scheme = "http"
			case port == "443", strings.Contains(word, "/"):
				scheme = "https"
			}
			word = scheme + "://" + word
		case domain.MatchString(authority) && err != nil:
			word = "https://" + word
		default:
			return nil, false
		}
	}
	u, err := url.Parse(word)
	return u, err == nil
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

var notInID = lazy.Compile(`[^a-z0-9]+`)

// idOf makes an id of an address: its host without "www", and its path.
func idOf(u *url.URL) string {
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	if ascii, err := idna.Lookup.ToASCII(host); err == nil && notInID.ReplaceAllString(plainLetters(host), "") == "" {
		host = ascii // of letters that no id has
	}
	s := plainLetters(host) + "-" + plainLetters(u.Path)
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

// holdsSecret reports whether an address has what nobody is to see who is asked
// to accept it.
func holdsSecret(u *url.URL) bool {
	_, has := u.User.Password()
	return has || redact.Text(u.String()) != u.String()
}

// unlike says what of the words behind "add" cannot be proposed; nil if nothing.
func (c *Commands) unlike(e Envelope, words []string) *format.Message {
	kinds := c.Adding.names()
	var addresses, left []string
	for _, w := range words {
		u, is := addressOf(w)
		_, known := fromAddress(w, kinds)
		switch {
		case is && u.Host != "" && holdsSecret(u):
			return new(format.SecretInAddress(e.Command))
		case known:
			addresses = append(addresses, w)
		case is && u.Host != "":
			how, scheme := kindOf[strings.ToLower(u.Scheme)]
			return new(format.NoAddress(e.Command, u.Scheme, u.Hostname(), scheme && slices.Contains(kinds, how.kind)))
		default:
			left = append(left, w)
		}
	}
	if len(addresses) > 1 {
		return new(format.OneAddress(e.Command, addresses))
	}
	said := strings.Join(without(left, append([]string{"for", "to", "check", "checks", "a", "an", "of", "as", "on"}, polite...)), " ")
	if said == "" {
		return nil
	}
	if _, ok := productOf(c.Board.Definition(), said); !ok {
		return new(c.which(e, strings.TrimSpace("add "+strings.Join(addresses, " ")), said))
	}
	return nil
}
