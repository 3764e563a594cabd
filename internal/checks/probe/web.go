package probe

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// StatusText is "HTTP 503". The common one costs nothing.
func StatusText(code int) string {
	if code == http.StatusOK {
		return "HTTP 200"
	}
	return "HTTP " + strconv.Itoa(code)
}

// StatusSet is the set of statuses that are right. It is a plain value: those that are
// equal can be kept once.
type StatusSet struct {
	codes [(statusMax + 64) / 64]uint64 // one bit for each
	text  string
	given bool // named by the options, not the default
}

// statusMax is the highest status that an answer can have.
const statusMax = 999

type statusSpan struct{ from, to int }

// statuses are those of some spans.
func statuses(text string, spans ...statusSpan) StatusSet {
	s := StatusSet{text: text}
	for _, span := range spans {
		for code := span.from; code <= span.to; code++ {
			s.codes[code/64] |= 1 << (code % 64)
		}
	}
	return s
}

// Has reports whether the code is right.
func (s StatusSet) Has(code int) bool {
	return code >= 0 && code <= statusMax && s.codes[code/64]&(1<<(code%64)) != 0
}

// Names reports whether the options list the code.
func (s StatusSet) Names(code int) bool { return s.given && s.Has(code) }

func (s StatusSet) String() string { return s.text }

// ParseStatus reads an option status. Without one 2xx is right, and 3xx where no
// redirects are followed. The error is an OptionError.
func ParseStatus(list []any, noRedirects bool) (StatusSet, error) {
	if len(list) == 0 {
		if noRedirects {
			return statuses("2xx or 3xx", statusSpan{200, 399}), nil
		}
		return statuses("2xx", statusSpan{200, 299}), nil
	}
	var spans []statusSpan
	var words []string
	for i, entry := range list {
		word := strings.TrimSpace(fmt.Sprint(entry))
		span, ok := parseStatusSpan(word)
		if !ok {
			return StatusSet{}, &OptionError{Key: fmt.Sprintf("status[%d]", i), Problem: "is not a status", Instead: `write 200, "2xx" or "200-299"`}
		}
		spans = append(spans, span)
		words = append(words, word)
	}
	s := statuses(strings.Join(words, ", "), spans...)
	s.given = true
	return s, nil
}

func parseStatusSpan(word string) (statusSpan, bool) {
	if class, ok := strings.CutSuffix(strings.ToLower(word), "xx"); ok {
		n, err := strconv.Atoi(class)
		return statusSpan{n * 100, n*100 + 99}, err == nil && n >= 1 && n <= 5
	}
	low, high, isSpan := strings.Cut(word, "-")
	if !isSpan {
		high = low
	}
	from, err1 := strconv.Atoi(strings.TrimSpace(low))
	to, err2 := strconv.Atoi(strings.TrimSpace(high))
	return statusSpan{from, to}, err1 == nil && err2 == nil && from >= 100 && to <= statusMax && from <= to
}

// Head copies as much of a body as evidence can need; Run clips it.
func Head(body []byte) string { return string(body[:min(len(body), 2*OutputMax)]) }

// UserAgent is the name under which probes appear in the logs of those who
// are watched.
const UserAgent = "statusbot"

// IsToken reports whether s is a token, as methods and header names are (RFC 9110, 5.6.2).
func IsToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// IsFieldValue reports whether s can be the value of a header (RFC 9110, 5.5).
func IsFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// ErrNotHTTP2 is a server that was to speak HTTP/2.
var ErrNotHTTP2 = errors.New("the server does not speak HTTP/2")

// goAway finds the code in net/http's errors of a connection that the peer gave
// up, which have no other way to be asked.
var goAway = lazy.Compile(`http2: .*GOAWAY(?:.*ErrCode[=:](\w+))?`)

// GoneAway returns the code with which a server gave up a connection of HTTP/2:
// "NO_ERROR" if it only ends.
func GoneAway(err error) (code string, gone bool) {
	m := goAway.FindStringSubmatch(err.Error())
	if m == nil {
		return "", false
	}
	return cmp.Or(m[1], "NO_ERROR"), true
}

// Negotiated reports whether a connection agreed on HTTP/2.
func Negotiated(conn net.Conn) bool {
	secured, ok := conn.(*tls.Conn)
	return ok && secured.ConnectionState().NegotiatedProtocol == "h2"
}

const IdleMax = 90 * time.Second // how long an unused connection is kept, as http.DefaultTransport does

// ErrBadGzip is what was to be gzip and is none.
var ErrBadGzip error = Malformed("what it calls gzip is none")

// WithinAt puts a key of options before that of an error.
func WithinAt(key string, err error) error {
	if wrong, ok := err.(*OptionError); ok { //nolint:errorlint // as it was made, a call before
		wrong.Key = key + "." + wrong.Key
	}
	return err
}

// ReadResponse reads an answer to what was asked in HTTP/1; what calls itself another
// version is Malformed.
func ReadResponse(from *bufio.Reader, to *http.Request) (*http.Response, error) {
	resp, err := http.ReadResponse(from, to)
	if err == nil {
		err = OneOnly(resp)
	}
	return resp, err
}

// OneOnly refuses, as Malformed, an answer on a connection of HTTP/1 that calls itself
// another version: what it means is nowhere said.
func OneOnly(resp *http.Response) error {
	if resp.ProtoMajor == 1 {
		return nil
	}
	return Malformed("it calls itself " + resp.Proto + ", and was asked in HTTP/1.1")
}

// FirstValues are the first value of each header, by its name in lower case.
func FirstValues(header http.Header) map[string]string {
	m := make(map[string]string, len(header))
	for name, values := range header {
		if len(values) > 0 {
			m[strings.ToLower(name)] = strings.ToValidUTF8(values[0], "\uFFFD")
		}
	}
	return m
}

// ParseURL reads the option url. Its errors do not repeat it: it may hold a
// password.
func ParseURL(raw string) (*url.URL, error) {
	const instead = "write the whole of it, such as https://pay.example.com/health"
	if raw == "" {
		return nil, &OptionError{Key: "url", Problem: "is empty", Instead: instead}
	}
	u, err := url.Parse(raw)
	switch {
	case strings.TrimSpace(raw) != raw:
		return nil, &OptionError{Key: "url", Problem: "has a blank before or behind it", Instead: "leave it out"}
	case err != nil:
		return nil, &OptionError{Key: "url", Problem: "cannot be read", Instead: instead}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &OptionError{Key: "url", Problem: "does not begin with http:// or https://", Instead: instead}
	case u.Hostname() == "":
		return nil, &OptionError{Key: "url", Problem: "has no host", Instead: instead}
	case !GoodName(u.Hostname()):
		return nil, BadName("url", u.Hostname(), "has a host that cannot be a name", instead)
	case !GoodPort(u):
		return nil, &OptionError{Key: "url", Problem: "has no port between 1 and 65535", Instead: instead}
	}
	return u, nil
}
