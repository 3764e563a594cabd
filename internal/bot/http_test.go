package bot_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// The vector of docs.slack.dev/authentication/verifying-requests-from-slack.
const (
	vectorSecret    = "8f742231b10e8888abcd99yyyzzz85a5"
	vectorStamp     = "1531420618"
	vectorBody      = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	vectorSignature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
)

// door is an HTTP transport alone, with what it delivered.
type door struct {
	*bot.HTTP
	base  string
	came  chan bot.Envelope
	now   atomic.Int64 // Unix seconds
	heard atomic.Int32
	logs  *observer.ObservedLogs
}

// openDoor opens one whose clock is at the vector's time. Each envelope is
// acked as it comes, unless silent.
func openDoor(t testing.TB, silent bool, change func(*bot.HTTPConfig)) *door {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	d := &door{came: make(chan bot.Envelope, 100), logs: logs}
	d.now.Store(1531420618)
	cfg := bot.HTTPConfig{Listen: "127.0.0.1:0", Secret: vectorSecret, Log: zap.New(core),
		Now:     func() time.Time { return time.Unix(d.now.Load(), 0) },
		OnHeard: func() { d.heard.Add(1) },
		Deliver: func(ctx context.Context, e bot.Envelope) {
			d.came <- e
			if silent {
				e.Drop()
				return
			}
			go e.Ack(ctx)
		}}
	if change != nil {
		change(&cfg)
	}
	in, err := bot.ListenHTTP(cfg)
	check(t, err)
	d.HTTP, d.base = in, in.URL()
	goes(t, "requests", in.Run)
	return d
}

// sends makes one request and returns the status and the body.
func (d *door) sends(t testing.TB, path, body string, header map[string]string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(limit(t), http.MethodPost, d.base+path, strings.NewReader(body))
	check(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	check(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	check(t, err)
	return resp.StatusCode, string(data)
}

// signed are the headers of a body signed at the door's time plus off.
func (d *door) signed(body string, off time.Duration) map[string]string {
	stamp := strconv.FormatInt(d.now.Load()+int64(off/time.Second), 10)
	return map[string]string{"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": bot.SignatureOf(vectorSecret, stamp, []byte(body))}
}

// next is the envelope that was delivered.
func (d *door) next(t testing.TB) bot.Envelope {
	t.Helper()
	select {
	case e := <-d.came:
		return e
	case <-limit(t).Done():
		t.Fatal("nothing was delivered")
		return bot.Envelope{}
	}
}

// none reports an error if one was.
func (d *door) none(t testing.TB, what string) {
	t.Helper()
	select {
	case e := <-d.came:
		t.Errorf("%s: %s %q was delivered", what, e.Command, e.Text)
	default:
	}
}

// logged says whether a warning contains a text.
func (d *door) logged(what string) bool {
	for _, l := range d.logs.All() {
		if strings.Contains(l.Message+fmt.Sprint(l.ContextMap()), what) {
			return true
		}
	}
	return false
}

func TestSlacksOwnVectorIsTaken(t *testing.T) {
	t.Parallel()
	d := openDoor(t, false, nil)
	head := map[string]string{"X-Slack-Request-Timestamp": vectorStamp, "X-Slack-Signature": vectorSignature}
	if status, body := d.sends(t, bot.PathCommands, vectorBody, head); status != http.StatusOK || body != "" {
		t.Fatalf("%d %q, want it acked", status, body)
	}
	e := d.next(t)
	if e.Command != "/webhook-collect" || e.Text != "" || e.User != "U2CERLKJA" || e.Channel != "G8PSS9T3V" || e.Key != "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c" {
		t.Errorf("envelope %+v", e)
	}
	if at := d.Heard(); at.Unix() != 1531420618 || d.heard.Load() != 1 {
		t.Errorf("heard at %v, said %d times", at, d.heard.Load())
	}
}

func TestWhatSlackDidNotSignIsRefused(t *testing.T) {
	t.Parallel()
	d := openDoor(t, false, nil)
	const body = "command=%2Fstatus&text=stop&user_id=U1&channel_id=C1&trigger_id=1.2"
	good := func() map[string]string { return d.signed(body, 0) }
	with := func(k, v string) map[string]string { h := good(); h[k] = v; return h }
	flipped := func() string {
		s := []byte(good()["X-Slack-Signature"])
		if s[len(s)-1]++; s[len(s)-1] != '9'+1 && s[len(s)-1] != 'f'+1 {
			return string(s)
		}
		s[len(s)-1] = '0'
		return string(s)
	}
	for _, tt := range []struct {
		name, body string
		header     map[string]string
		logged     string
	}{
		{"nothing", body, nil, "no signature"},
		{"no signature", body, map[string]string{"X-Slack-Request-Timestamp": vectorStamp}, "no signature"},
		{"no timestamp", body, map[string]string{"X-Slack-Signature": vectorSignature}, "no signature"},
		{"one bit", body, with("X-Slack-Signature", flipped()), "signing secret"},
		{"another body", body + "x", good(), "signing secret"},
		{"a shorter body", body[:len(body)-1], good(), "signing secret"},
		{"another time", body, with("X-Slack-Request-Timestamp", "1531420619"), "signing secret"},
		{"another version", body, with("X-Slack-Signature", strings.Replace(good()["X-Slack-Signature"], "v0", "v1", 1)), "no signature"},
		{"no hex", body, with("X-Slack-Signature", "v0="+strings.Repeat("zz", 32)), "no signature"},
		{"a cut signature", body, with("X-Slack-Signature", good()["X-Slack-Signature"][:40]), "no signature"},
		{"another secret", body, map[string]string{"X-Slack-Request-Timestamp": vectorStamp, "X-Slack-Signature": bot.SignatureOf("another", vectorStamp, []byte(body))}, "signing secret"},
		{"the empty secret", body, map[string]string{"X-Slack-Request-Timestamp": vectorStamp, "X-Slack-Signature": bot.SignatureOf("", vectorStamp, []byte(body))}, "signing secret"},
		{"five minutes and a second old", body, d.signed(body, -5*time.Minute-time.Second), "timestamp is 5m1s off"},
		{"five minutes and a second ahead", body, d.signed(body, 5*time.Minute+time.Second), "set this machine's clock"},
		{"the beginning of time", body, with("X-Slack-Request-Timestamp", "-9223372036854775808"), "no signature"},
		{"the end of time", body, with("X-Slack-Request-Timestamp", "9223372036854775807"), "timestamp"},
		{"no number", body, with("X-Slack-Request-Timestamp", "now"), "no signature"},
	} {
		for _, path := range []string{bot.PathCommands, bot.PathInteractions, bot.PathEvents} {
			if status, said := d.sends(t, path, tt.body, tt.header); status != http.StatusUnauthorized || strings.Contains(said, "secret") {
				t.Errorf("%s at %s: %d %q, want 401 and no reason", tt.name, path, status, said)
			}
		}
		d.none(t, tt.name)
		if !d.logged(tt.logged) {
			t.Errorf("%s: the log does not say %q", tt.name, tt.logged)
		}
	}
	if d.heard.Load() != 0 {
		t.Error("something of this counts as a sign of Slack")
	}
	// The log says each reason once a minute, whatever is thrown at the door.
	if n := d.logs.FilterMessage("request refused").Len(); n > 4 {
		t.Errorf("%d lines in the log", n)
	}
	// The edges of the window are inside.
	for i, off := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		body := fmt.Sprint(body, i)
		if status, _ := d.sends(t, bot.PathCommands, body, d.signed(body, off)); status != http.StatusOK {
			t.Errorf("%v: %d, want it taken", off, status)
		}
	}
}

func TestATransportWithoutASecretTakesNothing(t *testing.T) {
	t.Parallel()
	d := openDoor(t, false, func(c *bot.HTTPConfig) { c.Secret = "" })
	head := map[string]string{"X-Slack-Request-Timestamp": vectorStamp, "X-Slack-Signature": bot.SignatureOf("", vectorStamp, []byte(vectorBody))}
	if status, _ := d.sends(t, bot.PathCommands, vectorBody, head); status != http.StatusUnauthorized {
		t.Errorf("%d, want 401: everybody knows the empty secret", status)
	}
	d.none(t, "the empty secret")
}

func TestAReplayIsRefused(t *testing.T) {
	t.Parallel()
	d := openDoor(t, false, nil)
	const body = "command=%2Fstatus&text=stop&user_id=U1&channel_id=C1&trigger_id=1.2"
	head := d.signed(body, 0)
	if status, _ := d.sends(t, bot.PathCommands, body, head); status != http.StatusOK {
		t.Fatalf("the first: %d", status)
	}
	d.next(t)
	for _, later := range []int64{0, 1, 299, 300} {
		d.now.Store(1531420618 + later)
		// The other paths are no way around: there the body says nothing.
		for _, path := range []string{bot.PathCommands, bot.PathEvents} {
			if status, _ := d.sends(t, path, body, head); status != http.StatusUnauthorized {
				t.Errorf("again after %d s at %s: %d, want 401", later, path, status)
			}
		}
		d.none(t, "a replay")
	}
	if !d.logged("sent before") {
		t.Error("the log does not say it")
	}
	// Claiming to be a retry buys an empty answer and nothing else.
	head["X-Slack-Retry-Num"] = "1"
	if status, said := d.sends(t, bot.PathCommands, body, head); status != http.StatusOK || said != "" {
		t.Errorf("as a retry: %d %q", status, said)
	}
	d.none(t, "a replay that claims to be a retry")
}

// TestARetryWithinTheSameSecond is one with the same signature: Slack tries at
// once again what was not taken.
func TestARetryWithinTheSameSecond(t *testing.T) {
	t.Parallel()
	d := openDoor(t, true, nil)
	const body = `{"type":"event_callback","event_id":"Ev1","team_id":"T1","event":{"type":"app_mention","user":"U1","text":"<@U0> billing","ts":"1.2","channel":"C1"}}`
	head := d.signed(body, 0)
	if status, _ := d.sends(t, bot.PathEvents, body, head); status != http.StatusServiceUnavailable {
		t.Fatalf("nobody took it: %d, want 503", status)
	}
	d.next(t)
	head["X-Slack-Retry-Num"], head["X-Slack-Retry-Reason"] = "1", "http_error"
	if status, _ := d.sends(t, bot.PathEvents, body, head); status != http.StatusServiceUnavailable {
		t.Errorf("the retry: %d, want 503 again", status)
	}
	if e := d.next(t); e.Text != "<@U0> billing" || e.Key != "C11.2" {
		t.Errorf("the retry delivers %+v", e)
	}
}

func TestURLVerification(t *testing.T) {
	t.Parallel()
	d := openDoor(t, false, nil)
	const body = `{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}`
	if status, said := d.sends(t, bot.PathEvents, body, d.signed(body, 0)); status != http.StatusOK || said != "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" {
		t.Errorf("%d %q, want the challenge", status, said)
	}
	if status, _ := d.sends(t, bot.PathEvents, body, map[string]string{"Content-Type": "application/json"}); status != http.StatusUnauthorized {
		t.Errorf("not signed: %d", status)
	}
	d.none(t, "a challenge")
}

// TestBodiesThatSayNothing: signed, but of no use; acked, so that Slack does
// not send them again and again.
func TestBodiesThatSayNothing(t *testing.T) {
	t.Parallel()
	d := openDoor(t, false, nil)
	for _, tt := range []struct{ path, body, logged string }{
		{bot.PathCommands, "", "names no command"},
		{bot.PathCommands, "text=x", "names no command"},
		{bot.PathCommands, "ssl_check=1&token=x", ""},
		{bot.PathCommands, "%zz", "not understood"},
		{bot.PathInteractions, "payload=", "not understood"},
		{bot.PathInteractions, "payload=%7B", "not understood"},
		{bot.PathInteractions, `payload={"type":"shortcut","callback_id":"c"}`, ""},
		{bot.PathInteractions, `payload={"type":"block_actions","actions":[]}`, ""},
		{bot.PathEvents, "", "not understood"},
		{bot.PathEvents, "[]", "not understood"},
		{bot.PathEvents, `{"type":"event_callback","event":{"type":"no_such_event"}}`, "not understood"},
		{bot.PathEvents, `{"type":"app_rate_limited","minute_rate_limited":1531420618}`, "holds events back"},
		{bot.PathEvents, `{"type":"event_callback","event":{"type":"app_mention","bot_id":"B1","text":"x"}}`, ""},
	} {
		d.logs.TakeAll()
		d.now.Add(1) // else the same body were a replay
		if status, said := d.sends(t, tt.path, tt.body, d.signed(tt.body, 0)); status != http.StatusOK || said != "" {
			t.Errorf("%s %q: %d %q, want it acked", tt.path, tt.body, status, said)
		}
		d.none(t, tt.body)
		if tt.logged != "" && !d.logged(tt.logged) {
			t.Errorf("%s %q: the log does not say %q", tt.path, tt.body, tt.logged)
		}
	}
}

func TestRequestsHaveBounds(t *testing.T) {
	t.Parallel()
	d := openDoor(t, false, nil)
	huge := "command=%2Fstatus&text=" + strings.Repeat("x", 1<<20)
	if status, _ := d.sends(t, bot.PathCommands, huge, d.signed(huge, 0)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of 1 MiB and more: %d, want 413", status)
	}
	d.none(t, "a huge body")
	resp, err := http.Get(d.base + bot.PathCommands)
	check(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d, want 405", resp.StatusCode)
	}
	if status, _ := d.sends(t, "/", vectorBody, d.signed(vectorBody, 0)); status != http.StatusNotFound {
		t.Errorf("another path: %d, want 404", status)
	}
	// Somebody who sends nothing is cut off, not waited for.
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.base, "http://"))
	check(t, err)
	defer conn.Close()
	check(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a silent connection: %v, want its end", err)
	}
}

func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "statusbot"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	check(t, err)
	keyDER, err := x509.MarshalECPrivateKey(key)
	check(t, err)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	check(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	check(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600))
	d := openDoor(t, false, func(c *bot.HTTPConfig) { c.CertFile, c.KeyFile = certFile, keyFile })
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(limit(t), http.MethodPost, d.URL()+bot.PathCommands, strings.NewReader(vectorBody))
	check(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Request-Timestamp", vectorStamp)
	r.Header.Set("X-Slack-Signature", vectorSignature)
	resp, err := client.Do(r)
	check(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%d over TLS", resp.StatusCode)
	}
	_, err = bot.ListenHTTP(bot.HTTPConfig{Listen: "127.0.0.1:0", CertFile: keyFile, KeyFile: keyFile, Log: zap.NewNop()})
	if err == nil || !strings.Contains(err.Error(), "slack.cert_file") {
		t.Errorf("a bad certificate: %v", err)
	}
	_, err = bot.ListenHTTP(bot.HTTPConfig{Listen: strings.TrimPrefix(d.URL(), "https://"), Log: zap.NewNop()})
	if err == nil || !strings.Contains(err.Error(), "slack.listen") {
		t.Errorf("a taken address: %v", err)
	}
}

// TestTheEndKeepsNobodyWaiting: who is asked while everything ends is told so.
func TestTheEndKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	came := make(chan struct{})
	in, err := bot.ListenHTTP(bot.HTTPConfig{Listen: "127.0.0.1:0", Secret: vectorSecret, Log: zap.NewNop(), Now: func() time.Time { return time.Unix(1531420618, 0) },
		Deliver: func(context.Context, bot.Envelope) { close(came) }}) // nobody answers
	check(t, err)
	stop := goes(t, "requests", in.Run)
	if in.URL() == "" {
		t.Error("no address")
	}
	answers := make(chan string, 1)
	go func() {
		r, _ := http.NewRequest(http.MethodPost, in.URL()+bot.PathCommands, strings.NewReader(vectorBody))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Slack-Request-Timestamp", vectorStamp)
		r.Header.Set("X-Slack-Signature", vectorSignature)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			answers <- err.Error()
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		answers <- fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(body)))
	}()
	<-came
	stop()
	if got, want := <-answers, "503 statusbot is ending"; got != want {
		t.Errorf("answered %q, want %q", got, want)
	}
	if in.Live() != 0 {
		t.Error("it counts as live after its end")
	}
}

// TestSlackFindsNobody: what the person sees when the way to us is cut.
func TestSlackFindsNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	in, err := bot.ListenHTTP(bot.HTTPConfig{Listen: "127.0.0.1:0", Secret: "not the workspace's", Log: zap.NewNop(), Now: time.Now,
		Deliver: func(context.Context, bot.Envelope) { t.Error("something was delivered") }})
	check(t, err)
	goes(t, "requests", in.Run)
	// With the wrong secret Slack does not even accept the address.
	if err := h.c.UseHTTP(limit(t), sandboxtest.HTTPMode{URL: in.URL() + bot.PathEvents}); err == nil || !strings.Contains(err.Error(), "challenge") {
		t.Errorf("a wrong signing secret: %v", err)
	}
}

func FuzzRequests(f *testing.F) {
	f.Add(0, []byte(vectorBody))
	f.Add(1, []byte("payload="+url.QueryEscape(`{"type":"block_actions","user":{"id":"U1","team_id":"T1"},"channel":{"id":"C1"},"actions":[{"type":"button","action_id":"now","value":"product:x"}],"trigger_id":"1.2"}`)))
	f.Add(2, []byte(`{"type":"event_callback","event":{"type":"app_mention","user":"U1","text":"<@U0> billing","ts":"1.2","channel":"C1"}}`))
	f.Add(2, []byte(`{"type":"url_verification","challenge":"x"}`))
	d := openDoor(f, false, nil)
	handler := d.Handler()
	paths := []string{bot.PathCommands, bot.PathInteractions, bot.PathEvents}
	f.Fuzz(func(t *testing.T, path int, body []byte) {
		d.now.Add(1)
		r := httptest.NewRequest(http.MethodPost, paths[uint(path)%3], bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for k, v := range d.signed(string(body), 0) {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		status, said := w.Code, w.Body.String()
		if status != http.StatusOK {
			t.Errorf("%d: what Slack signed must be acked", status)
		}
		var outer struct{ Challenge string }
		if said != "" && (json.Unmarshal(body, &outer) != nil || said != outer.Challenge) {
			t.Errorf("said %q", said)
		}
		select {
		case <-d.came:
		default:
		}
	})
}
