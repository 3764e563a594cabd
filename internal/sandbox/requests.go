package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// HTTPMode says where slash commands, interactions and events are delivered
// by signed POST requests. The zero value is Socket Mode.
type HTTPMode struct {
	// URL is the request URL for each kind that has none of its own.
	URL string `json:"url,omitempty"`
	// Commands, Interactions and Events are request URLs of one kind.
	Commands     string `json:"commands,omitempty"`
	Interactions string `json:"interactions,omitempty"`
	Events       string `json:"events,omitempty"`
	// Options is asked for the options of menus while a person types: Slack's
	// options_load_url. No interaction goes there, and none of these to Interactions.
	Options string `json:"options,omitempty"`
}

// on says that the app is reached by HTTP.
func (m HTTPMode) on() bool { return m != HTTPMode{} }

func (m HTTPMode) urlOf(e envelope) string {
	if e.options {
		return cmp.Or(m.Options, m.URL)
	}
	return cmp.Or(map[string]string{"slash_commands": m.Commands, "interactive": m.Interactions, "events_api": m.Events}[e.kind], m.URL)
}

func (m HTTPMode) check() error {
	for _, s := range []string{m.URL, m.Commands, m.Interactions, m.Events, m.Options} {
		if u, err := url.Parse(s); s != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			return fmt.Errorf("request URL %q: write an address that begins with http:// or https://", s)
		}
	}
	return nil
}

// requester delivers over HTTP.
type requester struct {
	secret string
	within time.Duration // of an answer
	client *http.Client
	mu     sync.Mutex
	mode   HTTPMode
}

// maxRequestAnswer bounds what is read of an app's answer.
const maxRequestAnswer = 1 << 20

// maxRedirects is how far a request follows redirects. Slack says "only so
// far" without a number.
const maxRedirects = 2

var errRedirects = errors.New("too many redirects")

func newRequester(cfg Config) *requester {
	return &requester{secret: cfg.SigningSecret, mode: cfg.HTTP, within: cfg.AckWithin, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errRedirects
			}
			return nil
		},
	}}
}

func (q *requester) now() HTTPMode {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mode
}

func (q *requester) set(m HTTPMode) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mode = m
}

// SigningSecret is the key of the signatures of HTTP mode.
func (w *Workspace) SigningSecret() string { return w.requests.secret }

// UseHTTP switches to HTTP mode, or with the zero value back to Socket Mode.
// Like Slack, it first sends url_verification to the URL for events; an
// error says what came back instead of the challenge, and changes nothing.
func (w *Workspace) UseHTTP(ctx context.Context, m HTTPMode) error {
	if err := m.check(); err != nil {
		return err
	}
	if u := m.urlOf(envelope{kind: "events_api"}); u != "" {
		if err := w.verifyURL(ctx, u); err != nil {
			return err
		}
	}
	w.requests.set(m)
	w.feed.workspace()
	return nil
}

// verifyURL is Slack's handshake: the app must send the challenge back, as
// plain text, as a form or as JSON.
func (w *Workspace) verifyURL(ctx context.Context, u string) error {
	challenge := secret()
	body := mustJSON(answer{"token": "sandbox", "challenge": challenge, "type": "url_verification"})
	got, err := w.requests.post(ctx, u, "application/json", body, nil)
	entry := LogEntry{Method: "http.url_verification", Args: map[string]any{"url": u}, Status: got.status}
	if err == nil {
		text := strings.TrimSpace(string(got.body))
		var sent struct{ Challenge string }
		if form, bad := url.ParseQuery(text); bad == nil && form.Get("challenge") != "" {
			text = form.Get("challenge")
		} else if json.Unmarshal(got.body, &sent) == nil && sent.Challenge != "" {
			text = sent.Challenge
		}
		if got.status/100 != 2 || text != challenge {
			err = fmt.Errorf("your URL didn't respond with the value of the challenge parameter (status %d)", got.status)
		}
	} else {
		err = fmt.Errorf("your URL didn't respond: %w", err)
	}
	if err != nil {
		entry.Answer = mustJSON(err.Error())
	}
	w.calls.add(entry)
	return err
}

// httpAnswer is what an app answered.
type httpAnswer struct {
	status  int
	kind    string // media type
	noRetry bool
	body    []byte
}

// post sends one signed request and reads the answer, all within the bound of an ack.
func (q *requester) post(ctx context.Context, u, kind string, body []byte, more http.Header) (httpAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, q.within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u, bytes.NewReader(body))
	if err != nil {
		return httpAnswer{}, err
	}
	maps.Copy(r.Header, more)
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("Accept", "application/json,*/*")
	r.Header.Set("Content-Type", kind)
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", sign(q.secret, stamp, body))
	resp, err := q.client.Do(r)
	if err != nil {
		return httpAnswer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxRequestAnswer))
	if err != nil {
		return httpAnswer{}, err
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return httpAnswer{resp.StatusCode, media, resp.Header.Get("X-Slack-No-Retry") == "1", data}, nil
}

// sign is Slack's signature, version 0.
// https://docs.slack.dev/authentication/verifying-requests-from-slack
func sign(secret, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// encode makes the body that Slack would send for an envelope.
func (e envelope) encode() (body []byte, kind string) {
	form := url.Values{}
	switch p := e.payload.(type) {
	case map[string]string: // a slash command
		for k, v := range p {
			form.Set(k, v)
		}
	default:
		if e.kind == "events_api" {
			return mustJSON(p), "application/json"
		}
		form.Set("payload", string(mustJSON(p)))
	}
	return []byte(form.Encode()), "application/x-www-form-urlencoded"
}

// request delivers an envelope by HTTP.
func (w *Workspace) request(ctx context.Context, e envelope) delivery {
	u := w.requests.now().urlOf(e)
	args := map[string]any{"type": e.kind, "url": u, "retry_num": e.attempt}
	fail := func(code, reason string) delivery {
		args["reason"] = reason
		w.calls.add(LogEntry{Method: "http.failed", Args: args})
		return delivery{Err: code, Reason: reason}
	}
	if f := w.faults.get(); u == "" || (f.Mode == "down" && len(f.Methods) == 0) {
		return fail(errDispatch, "connection_failed")
	}
	body, kind := e.encode()
	more := http.Header{}
	if e.attempt > 0 {
		more.Set("X-Slack-Retry-Num", strconv.Itoa(e.attempt))
		more.Set("X-Slack-Retry-Reason", e.reason)
	}
	start := time.Now()
	got, err := w.requests.post(ctx, u, kind, body, more)
	took := milliseconds(time.Since(start))
	if err != nil {
		reason := reasonOf(err)
		if reason == "http_timeout" {
			return fail(errTimeout, reason)
		}
		return fail(errUnreachable, reason)
	}
	if got.status/100 != 2 {
		args["status"] = got.status
		d := fail(errDispatch, "http_error")
		d.NoRetry = got.noRetry
		return d
	}
	d := delivery{Acked: true, AckMS: took, Payload: got.payload()}
	w.calls.add(LogEntry{Method: "http.ack", Args: args, Status: got.status, Answer: d.Payload, TookMS: took})
	return d
}

// payload is the answer as an acknowledgement on a socket would carry it: an
// object, or a text in quotes.
func (a httpAnswer) payload() json.RawMessage {
	text := bytes.TrimSpace(a.body)
	if len(text) == 0 {
		return nil
	}
	if json.Valid(text) && (a.kind == "application/json" || text[0] == '{') {
		return text
	}
	return mustJSON(string(a.body))
}

// reasonOf names a failure as Slack's x-slack-retry-reason does.
// https://docs.slack.dev/apis/events-api
func reasonOf(err error) string {
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		return "http_timeout"
	}
	if errors.Is(err, errRedirects) {
		return "too_many_redirects"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "ssl_error"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "ssl_error"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "ssl_error"
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return "connection_failed"
	}
	return "unknown_error"
}

// controlHTTP is POST /sandbox/http: HTTP mode with these URLs, or Socket
// Mode with none.
func (w *Workspace) controlHTTP(r *http.Request, in HTTPMode) (any, error) {
	return answer{"ok": true, "http": in}, w.UseHTTP(r.Context(), in)
}
