package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// How long we rest when Slack, or somebody on the way to it, limits us. Slack
// itself asks for some seconds (docs.slack.dev/apis/web-api/rate-limits).
const (
	leastRest   = time.Second     // also where it asks for none: else the same call comes at once, again and again
	unsaidRest  = 5 * time.Second // where it does not say for how long, or not in a form that can be read
	longestRest = 5 * time.Minute // whatever it asks for: a wait has an end
)

// longestAnswer bounds an answer, in bytes: an address has some hundred, a page
// of a thousand channels a million.
const longestAnswer = 16 << 20

// answers reads what slack-go does not: it tells what Slack says, which has the
// status 200 or 4xx and says in JSON whether it is ok, from what somebody on the
// way to it says, as a proxy: of that it makes an error, where slack-go takes
// some for a success. And it has each 429 say how long to rest.
type answers struct {
	via http.RoundTripper
	api string // base of the methods' addresses; what is not below it, as a response_url, may answer in words
}

func (a answers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := a.via.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		rest := restFor(resp.Header.Get("Retry-After"), time.Now())
		resp.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(rest.Seconds()))))
		return resp, nil
	}
	words := !strings.HasPrefix(req.URL.String(), a.api) && !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json")
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var said struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
		TS    string `json:"ts"`
	}
	isSlack := json.Unmarshal(body, &said) == nil && said.OK != nil && *said.OK == (said.Error == "")
	if method := strings.TrimPrefix(req.URL.String(), a.api); isSlack && *said.OK && said.TS == "" && (method == "chat.postMessage" || method == "chat.update") {
		isSlack = false // of a message that is there Slack says which it is
	}
	switch status := resp.StatusCode; {
	case status == http.StatusOK && (isSlack || words && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))):
		return resp, nil
	case status >= 400 && status < 500 && isSlack && !*said.OK:
		resp.StatusCode, resp.Status = http.StatusOK, "200 OK"
		return resp, nil
	}
	return nil, &stranger{status: resp.StatusCode, to: resp.Header.Get("Location"), body: body}
}

// stranger is an answer that is not one of Slack's API.
type stranger struct {
	status int
	proxy  string // that answers in Slack's place, "host:port"; empty: not known
	to     string // of a redirect: the address; empty: none
	body   []byte
}

func (s *stranger) Error() string {
	if s.proxy != "" {
		return fmt.Sprintf("HTTP %d of the proxy %s", s.status, s.proxy)
	}
	if to, err := url.Parse(s.to); err == nil && s.status >= 300 && s.status < 400 && to.Host != "" {
		return fmt.Sprintf("HTTP %d, a redirect to %s, which is not followed", s.status, to.Host)
	}
	body := bytes.TrimSpace(s.body)
	what := "words that are not Slack's"
	switch {
	case len(body) == 0:
		what = "nothing in it"
	case json.Valid(body):
		what = "JSON that is not Slack's"
	case body[0] == '<':
		what = "a page for people, of a proxy or of Slack itself"
	case body[0] == '{':
		what = "JSON that breaks off"
	}
	return fmt.Sprintf("HTTP %d with %s", s.status, what)
}

// toSlack carries calls to Slack, directly or through the proxy that the environment
// names. What a proxy says in place of letting a call through, net/http has without who
// said it.
var toSlack = func() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return &http.Transport{Proxy: http.ProxyFromEnvironment} // unreachable unless a program that holds this package replaced it
	}
	t = t.Clone()
	t.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		return &stranger{status: answer.StatusCode, proxy: proxy.Host}
	}
	return t
}()

// plainly words what went wrong on the way where the library's words say little.
// errors.Is finds what it was.
func plainly(err error) error {
	var words string
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		words = "it took too long"
	case errors.Is(err, io.ErrUnexpectedEOF):
		words = "its answer broke off"
	case errors.Is(err, io.EOF):
		words = "the connection was closed before the answer"
	default:
		return err
	}
	return &worded{words, err}
}

type worded struct {
	words string
	err   error
}

func (w *worded) Error() string { return w.words }
func (w *worded) Unwrap() error { return w.err }

// restFor reads a Retry-After: seconds, or the time until when.
func restFor(said string, now time.Time) time.Duration {
	said = strings.TrimSpace(said)
	rest := unsaidRest
	if seconds, err := strconv.ParseFloat(said, 64); err == nil && !math.IsNaN(seconds) {
		rest = time.Duration(min(max(seconds, 0), longestRest.Seconds()) * float64(time.Second))
	} else if at, err := http.ParseTime(said); err == nil {
		rest = at.Sub(now)
	}
	return min(max(rest, leastRest), longestRest)
}

// followNone follows no redirect: Slack's API has none, and the token travels
// in the body, which some redirects take along to whomever they name.
func followNone(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
