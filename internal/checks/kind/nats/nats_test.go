package nats

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

const secret = "marmalade-nats"

// startNATS runs a real server in this process.
func startNATS(t *testing.T, conf string) (address string, s *server.Server) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nats.conf")
	probetest.OK(t, os.WriteFile(file, []byte("listen: 127.0.0.1:-1\n"+conf), 0o600))
	o, err := server.ProcessConfigFile(file)
	probetest.OK(t, err)
	o.NoSigs, o.NoLog = true, true
	s, err = server.NewServer(o)
	probetest.OK(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not come up")
	}
	return s.Addr().String(), s
}

// makeStream makes a stream with three messages by the same wire.
func makeStream(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	probetest.OK(t, err)
	defer conn.Close()
	w := &session{in: bufio.NewReader(conn), out: conn}
	_, err = w.hello()
	probetest.OK(t, err)
	probetest.OK(t, w.login([]byte(fmt.Sprintf(`{"user":"probe","pass":%q,"headers":true,"no_responders":true}`, secret))))
	probetest.OK(t, w.subscribe("_INBOX.setup"))
	_, err = w.request("$JS.API.STREAM.CREATE.ORDERS", "_INBOX.setup", []byte(`{"name":"ORDERS","subjects":["orders.>"],"storage":"memory"}`))
	probetest.OK(t, err)
	for range 3 {
		_, err = w.request("orders.new", "_INBOX.setup", []byte("one"))
		probetest.OK(t, err)
	}
}

func TestNATS(t *testing.T) {
	dir := t.TempDir()
	ca, cert, key := probetest.Authority(t, dir, "good")
	users := fmt.Sprintf("authorization { users: [{user: probe, password: %q}, {user: mute, password: %q, permissions: {publish: \"nothing\"}}] }\n", secret, secret)
	good, s := startNATS(t, fmt.Sprintf("jetstream { store_dir: %q, max_mem: 10MB, max_file: 10MB }\n", filepath.Join(dir, "js"))+users)
	secured, _ := startNATS(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q }\nauthorization { token: %q }\n", cert, key, secret))
	certified, _ := startNATS(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }\nauthorization { token: %q }\n", cert, key, ca, secret))
	open, _ := startNATS(t, "")
	makeStream(t, good)
	const long = time.Minute
	user := Options{Address: good, User: "probe", Password: secret}
	token := Options{Address: secured, Token: secret, SecureOptions: probe.SecureOptions{TLS: true, CAFile: ca}}
	for _, tt := range []struct {
		name    string
		from    Options
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"open", Options{Address: open}, func(*Options) {}, checks.Pass, "", "a message came back"},
		{"user", user, func(*Options) {}, checks.Pass, "", "a message came back"},
		{"token over TLS", token, func(*Options) {}, checks.Pass, "", "a message came back"},
		{"any certificate", token, func(o *Options) { o.CAFile, o.InsecureTLS = "", true }, checks.Pass, "", "a message came back"},
		{"another name", token, func(o *Options) { o.ServerName = "nats.example.org" }, checks.Fail, checks.ReasonTLS, `not "nats.example.org"`},
		{"client certificate", token, func(o *Options) { o.Address, o.ClientCertFile, o.ClientKeyFile = certified, cert, key }, checks.Pass, "", "a message came back"},
		{"no client certificate", token, func(o *Options) { o.Address = certified }, checks.Fail, checks.ReasonTLS, "certificate"},
		{"TLS that the check does not name", token, func(o *Options) { o.SecureOptions = probe.SecureOptions{} }, checks.Fail, checks.ReasonTLS, "unknown authority"},
		{"wrong token", token, func(o *Options) { o.Token = "hunter2" }, checks.Fail, checks.ReasonStatus, "Authorization Violation"},
		{"wrong password", user, func(o *Options) { o.Password = "hunter2" }, checks.Fail, checks.ReasonStatus, "Authorization Violation"},
		{"nobody", user, func(o *Options) { o.User, o.Password = "", "" }, checks.Fail, checks.ReasonStatus, "Authorization Violation"},
		{"may not publish", user, func(o *Options) { o.User = "mute" }, checks.Fail, checks.ReasonStatus, "Permissions Violation for Publish"},
		{"stream", user, func(o *Options) {
			o.Stream, o.Expect = "ORDERS", []string{"stream.messages == 3.0 && stream.consumer_count == 0.0 && server.startsWith('2.')"}
		}, checks.Pass, "", "stream ORDERS is there"},
		{"false claim", user, func(o *Options) { o.Stream, o.FailIf = "ORDERS", []string{"stream.messages > 2.0"} }, checks.Fail, checks.ReasonAssertion, "is true"},
		{"no such stream", user, func(o *Options) { o.Stream = "BILLS" }, checks.Fail, checks.ReasonStatus, "stream not found"},
		{"no JetStream", Options{Address: open}, func(o *Options) { o.Stream = "ORDERS" }, checks.Fail, checks.ReasonStatus, "JetStream is not enabled"},
		{"slow", user, func(o *Options) { o.DegradedOver = 1 }, checks.Degraded, checks.ReasonLatency, "limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.from
			tt.change(&o)
			r := probetest.Probing(t, &Kind, &o, long)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, secret)
			probetest.NoSecret(t, r, "hunter2")
		})
	}
	t.Run("phases", func(t *testing.T) {
		if r := probetest.Probing(t, &Kind, &token, long); r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte <= 0 {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		s.Shutdown()
		s.WaitForShutdown()
		probetest.WantResult(t, probetest.Probing(t, &Kind, &user, long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
}

func TestNATSStrangers(t *testing.T) {
	const info = "INFO {\"version\":\"2.0\"}\r\n"
	say := func(text string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			io.WriteString(c, text)
			probetest.UntilClosed(c)
		})
	}
	endless := probetest.Serve(t, func(c *net.TCPConn) {
		for line := []byte(info + strings.Repeat("+OK\r\n", 1000)); ; line = bytes.Repeat([]byte("+OK\r\n"), 1000) {
			if _, err := c.Write(line); err != nil {
				return
			}
		}
	})
	const long, short = time.Minute, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		timeout       time.Duration
		reason        checks.Reason
		summary       string
	}{
		{"ssh", say("SSH-2.0-OpenSSH_9.2\r\n"), long, checks.ReasonProtocol, errNotNATS.Error()},
		{"silent", probetest.Serve(t, probetest.UntilClosed), short, checks.ReasonTimeout, "while waiting for the answer"},
		{"silent login", say(info), short, checks.ReasonTimeout, "while logging in"},
		{"garbage", say(info + "HELLO\r\n"), long, checks.ReasonProtocol, errNotNATS.Error()},
		{"a billion bytes", say(info + "PONG\r\nMSG a 1 1000000000\r\n"), long, checks.ReasonProtocol, probe.ErrTooMuch.Error()},
		{"another's message", say(info + "PONG\r\nMSG a 1 2\r\nhi\r\n"), long, checks.ReasonProtocol, errNotNATS.Error()},
		{"endless", endless, long, checks.ReasonProtocol, probe.ErrTooMuch.Error()},
		{"closes", probetest.Serve(t, func(c *net.TCPConn) { io.WriteString(c, info) }), long, checks.ReasonReset, "while logging in"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			probetest.WantResult(t, probetest.Until(t, &Kind, &Options{Address: tt.address}, tt.timeout, tt.summary), checks.Fail, tt.reason, tt.summary)
		})
	}
}

func TestNATSOptions(t *testing.T) {
	const address = "nats.example.com:4222"
	for key, o := range map[string]*Options{
		"address":    {Address: "nats"},
		"token":      {Address: address, Token: "a", User: "b"},
		"user":       {Address: address, Password: "a"},
		"stream":     {Address: address, Stream: "a.b"},
		"token_file": {Address: address, TokenFile: filepath.Join(t.TempDir(), "none")},
		"expect":     {Address: address, Options: claim.Options{Expect: []string{"stream"}}},
	} {
		probetest.WantOptionError(t, &Kind, o, key)
	}
}

func FuzzNATS(f *testing.F) {
	for _, seed := range []string{"PING\r\n", "MSG a 1 2\r\nhi\r\n", "HMSG a 1 b 12 12\r\nNATS/1.0 503\r\n", "-ERR 'no'\r\n", "INFO {}\r\n", "MSG a 1 -1\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &session{in: bufio.NewReader(bytes.NewReader(data)), out: io.Discard}
		for {
			_, body, err := w.next()
			if err != nil {
				return
			}
			if len(body) > len(data) {
				t.Errorf("%d bytes from %d", len(body), len(data))
			}
		}
	})
}
