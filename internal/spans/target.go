package spans

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Config says who is told of probes.
type Config struct {
	Endpoint string            // base of a collector's OTLP over HTTP, "http://127.0.0.1:4318"; empty: nobody
	Headers  map[string]string // :: name -> value, sent with each request; secrets
	CAFile   string            // certificates that the collector's may be of, in PEM, beside the machine's; empty: those alone
	Failed   bool              // of probes that did not pass alone
	Company  string            // whose they are; empty: not told
	Version  string            // of statusbot
}

const (
	postWithin = 10 * time.Second // OTLP's default
	answerMost = 64 << 10         // bytes of an answer that are read
	afterMost  = time.Minute      // a collector is left alone no longer, whatever it wants
)

// target is a collector.
type target struct {
	client     *http.Client
	address    string
	headers    map[string]string
	failedOnly bool
	about      resource
	by         scope
}

func newTarget(cfg Config) (*target, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("probes.spans.ca_file: %w", err)
		}
		if secure.RootCAs, err = x509.SystemCertPool(); err != nil {
			secure.RootCAs = x509.NewCertPool()
		}
		if !secure.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("probes.spans.ca_file: %s holds no certificate", cfg.CAFile)
		}
	}
	about := []attribute{text("service.name", "statusbot"), text("service.version", cfg.Version)}
	if cfg.Company != "" {
		about = append(about, text("statusbot.company", cfg.Company))
	}
	return &target{
		client: &http.Client{
			Timeout: postWithin,
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				DialContext:         (&net.Dialer{Timeout: postWithin}).DialContext,
				TLSClientConfig:     secure,
				TLSHandshakeTimeout: postWithin, ForceAttemptHTTP2: true,
				MaxResponseHeaderBytes: answerMost, IdleConnTimeout: 30 * time.Second, MaxConnsPerHost: 2,
			},
			// What is posted is for this address alone, and so are the headers.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		address: strings.TrimSuffix(cfg.Endpoint, "/") + "/v1/traces", headers: cfg.Headers, failedOnly: cfg.Failed,
		about: resource{about}, by: scope{"statusbot", cfg.Version},
	}, nil
}

// post gives it spans, and returns how many it did not want. With an error, after is how
// long it wants to be left alone; less than 0 when trying again is of no use
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response). No error repeats the
// address or a header.
func (t *target) post(ctx context.Context, batch []span) (rejected uint64, after time.Duration, err error) {
	all := request{Resources: []resourceSpans{}}
	if len(batch) > 0 {
		all.Resources = append(all.Resources, resourceSpans{t.about, []scopeSpans{{t.by, batch}}})
	}
	body, err := json.Marshal(all)
	if err != nil {
		return 0, -1, fmt.Errorf("encode spans: %w", err) // unreachable: they are plain data
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.address, bytes.NewReader(body))
	if err != nil {
		return 0, -1, errors.New("the address cannot be asked for") // unreachable: config has read it
	}
	for name, value := range t.headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", probe.UserAgent)
	resp, err := t.client.Do(req)
	if named, ok := errors.AsType[*url.Error](err); ok {
		err = named.Err
	}
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	return judged(resp, answer)
}

// judged says what an answer means.
func judged(resp *http.Response, answer []byte) (rejected uint64, after time.Duration, err error) {
	code := resp.StatusCode
	if code/100 == 2 {
		var t taken
		_ = json.Unmarshal(answer, &t) // what cannot be read refuses nothing
		return uint64(t.Partial.Rejected), 0, nil
	}
	err = fmt.Errorf("it answers HTTP %d", code)
	switch code {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return 0, retryAfter(resp.Header.Get("Retry-After"), time.Now()), err
	}
	return 0, -1, err
}

// retryAfter reads the header of that name: seconds, or a date; 0 for what is neither.
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(header)); err == nil && n >= 0 {
		return min(time.Duration(min(n, 3600))*time.Second, afterMost)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(0, at.Sub(now)), afterMost)
	}
	return 0
}

// Examine asks a collector whether it takes what comes from here, by a request without a
// span.
func Examine(ctx context.Context, cfg Config) error {
	t, err := newTarget(cfg)
	if err != nil {
		return err
	}
	defer t.client.CloseIdleConnections()
	_, _, err = t.post(ctx, nil)
	return err
}
