package ways

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// mostAnswer is how much of an answer is read: enough for what it says, and for the
// connection to be kept where it is short.
const mostAnswer = 4 << 10

// client is how all ways post: a redirect is an answer, since what is posted is for that
// address alone, and nothing is asked for by itself.
var client = &http.Client{
	Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
		MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: 30 * time.Second, MaxConnsPerHost: 4,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// post posts JSON to an address and says what came of it. No error names the address:
// who knows it can often post there, too. says, where it is not nil, makes what is told
// of a refusal out of its body; without, the body is not repeated.
func post(ctx context.Context, address string, body []byte, header http.Header, says func([]byte) string) error {
	_, err := exchange(ctx, request{http.MethodPost, address, body, header}, mostAnswer, says)
	return err
}

// request is what is asked of a receiver.
type request struct {
	method, address string
	body            []byte // JSON; nil: none
	header          http.Header
}

// exchange asks, and returns so much of the answer at most; its errors are as those of post.
func exchange(ctx context.Context, ask request, most int64, says func([]byte) string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, ask.method, ask.address, bytes.NewReader(ask.body))
	if err != nil {
		return nil, &Refused{Says: "its address cannot be asked for"} // unreachable: config has read it
	}
	maps.Copy(req.Header, ask.header)
	if ask.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("User-Agent", "statusbot")
	resp, err := client.Do(req)
	if err != nil {
		return nil, unnamed(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, most))
	return answer, judged(resp, answer, says)
}

// sentTo sends a value as JSON.
func sentTo(ctx context.Context, method, address string, v any, header http.Header) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err) // unreachable: it is plain data
	}
	_, err = exchange(ctx, request{method, address, body, header}, mostAnswer, nil)
	return err
}

func postedTo(ctx context.Context, address string, v any, header http.Header) error {
	return sentTo(ctx, http.MethodPost, address, v, header)
}

// gotten reads JSON from an address.
func gotten(ctx context.Context, address string, header http.Header, into any) error {
	const most = 256 << 10
	answer, err := exchange(ctx, request{http.MethodGet, address, nil, header}, most, nil)
	if err != nil {
		return err
	}
	if json.Unmarshal(answer, into) != nil {
		return &Refused{Says: "it answers with what is not its JSON"}
	}
	return nil
}

// judged says what an answer means.
func judged(resp *http.Response, answer []byte, says func([]byte) string) error {
	code := resp.StatusCode
	status := "it answers HTTP " + strconv.Itoa(code)
	switch {
	case code/100 == 2:
		return nil
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		return &Limited{After: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	case code/100 == 3:
		return &Refused{Says: status + ", which sends elsewhere, and that is not followed"}
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code/100 == 5:
		return errors.New(status)
	}
	if says != nil {
		if s := says(answer); s != "" {
			status += " (" + s + ")"
		}
	}
	return &Refused{Says: status}
}

// retryAfter reads the header of that name: seconds, or a date. What cannot be read is
// half a minute.
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(header)); err == nil && n >= 0 {
		return time.Duration(min(n, 24*60*60)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 30 * time.Second
}

// unnamed is an error of the HTTP client without the address.
func unnamed(err error) error {
	if named, ok := errors.AsType[*url.Error](err); ok {
		err = named.Err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New("its host's name is not found (" + reasonOf(dns) + ")")
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return fmt.Errorf("it cannot be reached: %w", errno)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		err = op.Err
	}
	return fmt.Errorf("it cannot be reached: %w", err)
}

// reasonOf is why a name is not found, without the name.
func reasonOf(dns *net.DNSError) string {
	switch {
	case dns.IsTimeout:
		return "time-out"
	case dns.IsNotFound:
		return "no such host"
	}
	return "no answer"
}

// reach connects to an address and ends the connection, with TLS where that is to be. It
// posts nothing.
func reach(ctx context.Context, address string) (saw string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("its address cannot be read") // unreachable: config has read it
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if proxied, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err == nil && proxied != nil {
		return "it is behind the proxy of the environment, and not asked", nil
	}
	dialer := &net.Dialer{}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return "", unnamed(err)
	}
	defer conn.Close()
	if u.Scheme != "https" {
		return "its host takes connections, without TLS", nil
	}
	secure := tls.Client(conn, &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		return "", fmt.Errorf("TLS: %w", err)
	}
	left := time.Until(secure.ConnectionState().PeerCertificates[0].NotAfter)
	return fmt.Sprintf("its host takes connections, and its certificate holds for %d days", int(left.Hours()/24)), nil
}
