package redis

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

const secret = "swordfish-redis"

// startRedis starts a server with a password, a user of its access control
// list and a TLS port, and returns options that each answers to.
func startRedis(t *testing.T) (plain, secured Options, stop func()) {
	t.Helper()
	program := probetest.NeedProgram(t, "redis-server", "/usr/bin/redis-server")
	dir := probetest.HumbleDir(t)
	ca, cert, key := probetest.Authority(t, dir, "good")
	port, tlsPort := probetest.FreePort(t), probetest.FreePort(t)
	users := filepath.Join(dir, "redis.conf")
	probetest.OK(t, os.WriteFile(users, []byte("user probe on >"+secret+" +ping +get +auth +select ~*\n"), 0o644))
	server, _ := probetest.StartDatabase(t, dir, syscall.SIGTERM, program, users, "--port", port, "--tls-port", tlsPort, "--bind", "127.0.0.1", "--save", "",
		"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca, "--tls-auth-clients", "yes", "--unixsocket", filepath.Join(dir, "socket"), "--requirepass", secret, "--loglevel", "warning")
	plain = Options{Address: "127.0.0.1:" + port, Password: secret, Command: []string{"PING"}}
	secured = plain
	secured.Address, secured.TLS, secured.CAFile = "127.0.0.1:"+tlsPort, true, ca
	secured.ClientCertFile, secured.ClientKeyFile = cert, key
	probetest.UntilPass(t, &Kind, &plain)
	return plain, secured, func() {
		probetest.OK(t, server.Process.Signal(syscall.SIGKILL))
		_ = server.Wait()
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	good, secured, stop := startRedis(t)
	otherCA, _, _ := probetest.Authority(t, t.TempDir(), "other")
	command := func(words ...string) func(*Options) { return func(o *Options) { o.Command = words } }
	const long = time.Minute
	for _, tt := range []struct {
		name    string
		from    Options
		change  func(*Options)
		timeout time.Duration
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"ping", good, command("PING"), long, checks.Pass, "", "answered PING"},
		{"TLS", secured, command("PING"), long, checks.Pass, "", "answered PING"},
		{"any certificate", secured, func(o *Options) { o.CAFile, o.InsecureTLS = "", true }, long, checks.Pass, "", "answered PING"},
		{"wrong authority", secured, func(o *Options) { o.CAFile = otherCA }, long, checks.Fail, checks.ReasonTLS, "unknown authority"},
		{"TLS to plain", good, func(o *Options) { o.TLS, o.InsecureTLS = true, true }, 300 * time.Millisecond, checks.Fail, "", ""},
		{"another name", secured, func(o *Options) { o.ServerName = "cache.example.com" }, long, checks.Fail, checks.ReasonTLS, `not "cache.example.com"`},
		{"no client certificate", secured, func(o *Options) { o.ProofOptions = probe.ProofOptions{} }, long, checks.Fail, checks.ReasonTLS, "certificate"},
		{"socket", good, func(o *Options) { o.Address = filepath.Join(filepath.Dir(secured.CAFile), "socket") }, long, checks.Pass, "", "answered PING"},
		{"user", good, func(o *Options) { o.User = "probe" }, long, checks.Pass, "", "answered PING"},
		{"set", good, command("SET", "greeting", "hello"), long, checks.Pass, "", "answered SET"},
		{"value", good, func(o *Options) { o.Command, o.ExpectValue = []string{"GET", "greeting"}, new("hello") }, long, checks.Pass, "", "answered GET"},
		{"other value", good, func(o *Options) { o.Command, o.ExpectValue = []string{"GET", "greeting"}, new("bye") }, long, checks.Fail, checks.ReasonAssertion, `the value is "hello", expected "bye"`},
		{"no value", good, func(o *Options) { o.Command, o.ExpectValue = []string{"GET", "nothing"}, new("x") }, long, checks.Fail, checks.ReasonAssertion, `there is no value, expected "x"`},
		{"empty value", good, func(o *Options) { o.Command, o.ExpectValue = []string{"ECHO", ""}, new("") }, long, checks.Pass, "", "answered ECHO"},
		{"not the empty value", good, func(o *Options) { o.Command, o.ExpectValue = []string{"GET", "greeting"}, new("") }, long, checks.Fail, checks.ReasonAssertion, `the value is "hello", expected ""`},
		{"no value where an empty one should be", good, func(o *Options) { o.Command, o.ExpectValue = []string{"GET", "nothing"}, new("") }, long, checks.Fail, checks.ReasonAssertion, `there is no value, expected ""`},
		{"long answer", good, command("EVAL", "return string.rep('x', 70000)", "0"), long, checks.Unknown, checks.ReasonInternal, errLongReply.Error()},
		{"many answers", good, command("EVAL", "local t = {} for i = 1, 4000 do t[i] = 'twenty bytes of text' end return t", "0"), long, checks.Unknown, checks.ReasonInternal, errLongReply.Error()},
		{"other database", good, func(o *Options) { o.Command, o.ExpectValue, o.DB = []string{"GET", "greeting"}, new("hello"), 3 }, long, checks.Fail, checks.ReasonAssertion, "there is no value"},
		{"no such database", good, func(o *Options) { o.DB = 99 }, long, checks.Fail, checks.ReasonStatus, "DB index is out of range"},
		{"list", good, func(o *Options) {
			o.Command, o.Expect = []string{"EVAL", "return {1, 'two', {3}}", "0"}, []string{"value.size() == 3 && value[1] == 'two'"}
		}, long, checks.Pass, "", "answered EVAL"},
		{"role", good, func(o *Options) {
			o.Command, o.Expect = []string{"INFO", "replication"}, []string{"info.role == 'master' && int(info.connected_slaves) == 0"}
		}, long, checks.Pass, "", "answered INFO"},
		{"false claim", good, func(o *Options) {
			o.Command, o.Expect = []string{"INFO", "replication"}, []string{"int(info.connected_slaves) >= 1"}
		}, long, checks.Fail, checks.ReasonAssertion, "is false"},
		{"degraded claim", good, func(o *Options) { o.DegradedIf = []string{"latency > duration('0s')"} }, long, checks.Degraded, checks.ReasonAssertion, "is true"},
		{"wrong password", good, func(o *Options) { o.Password = "hunter2" }, long, checks.Fail, checks.ReasonStatus, "WRONGPASS"},
		{"no password", good, func(o *Options) { o.Password = "" }, long, checks.Fail, checks.ReasonStatus, "NOAUTH"},
		{"not allowed", good, func(o *Options) { o.User, o.Command = "probe", []string{"SET", "a", "b"} }, long, checks.Fail, checks.ReasonStatus, "NOPERM"},
		{"no such command", good, command("FROBNICATE", secret), long, checks.Fail, checks.ReasonStatus, "unknown command"},
		{"slow", good, func(o *Options) {
			o.Command, o.DegradedOver = []string{"BLPOP", "empty", "0.05"}, 50*time.Millisecond
		}, long, checks.Degraded, checks.ReasonLatency, "limit 50 ms"},
		{"time-out", good, command("BLPOP", "empty", "60"), 300 * time.Millisecond, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.from
			tt.change(&o)
			r := probetest.Probing(t, &Kind, &o, tt.timeout)
			if tt.reason == "" && tt.outcome != checks.Pass { // how a plain server ends a handshake is its own affair
				tt.reason = r.Reason
			}
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, secret)
			probetest.NoSecret(t, r, "hunter2")
			if r.Outcome != checks.Pass && (r.Evidence == nil || r.Evidence.Remote != o.Address) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("phases", func(t *testing.T) {
		if r := probetest.Probing(t, &Kind, &secured, long); r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte <= 0 {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		stop()
		probetest.WantResult(t, probetest.Probing(t, &Kind, &good, long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
}

func TestRedisStrangers(t *testing.T) {
	t.Parallel()
	say := func(text string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1024))
			io.WriteString(c, text)
			probetest.UntilClosed(c)
		})
	}
	endless := probetest.Serve(t, func(c *net.TCPConn) {
		for line := bytes.Repeat([]byte("+x\r\n"), 1000); ; {
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
		{"http", say("HTTP/1.1 400 Bad Request\r\n\r\n"), long, checks.ReasonProtocol, errNotRESP.Error()},
		{"a billion bytes", say("$1000000000\r\nx"), long, checks.ReasonProtocol, errNotRESP.Error()},
		{"TLS", say("\x15\x03\x01\x00\x02\x02\x46"), long, checks.ReasonProtocol, errNotRESP.Error()},
		{"a long list", say("*60000\r\n"), short, checks.ReasonTimeout, "time-out"},
		{"deep", say(strings.Repeat("*1\r\n", 100)), long, checks.ReasonProtocol, errNotRESP.Error()},
		{"long line", say("+" + strings.Repeat("x", 100_000)), long, checks.ReasonProtocol, errNotRESP.Error()},
		{"half", say("$10\r\nabc"), short, checks.ReasonTimeout, "while reading the answer"},
		{"silent", probetest.Serve(t, probetest.UntilClosed), short, checks.ReasonTimeout, "while waiting for the answer"},
		{"closes", probetest.Serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1024)) }), long, checks.ReasonReset, "closed the connection"},
		{"loading", say("-LOADING Redis is loading the dataset in memory\r\n"), long, checks.ReasonStatus, "LOADING"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := probetest.Until(t, &Kind, &Options{Address: tt.address, Command: []string{"PING"}}, tt.timeout, tt.summary)
			probetest.WantResult(t, r, checks.Fail, tt.reason, tt.summary)
		})
	}
	t.Run("endless list", func(t *testing.T) {
		many := say("*60000\r\n" + strings.Repeat(":1\r\n", 60_000))
		probetest.WantResult(t, probetest.Probing(t, &Kind, &Options{Address: many, Command: []string{"KEYS", "*"}}, long), checks.Unknown, checks.ReasonInternal, errLongReply.Error())
	})
	t.Run("endless", func(t *testing.T) {
		probetest.WantResult(t, probetest.Probing(t, &Kind, &Options{Address: endless, Command: []string{"PING"}}, long), checks.Pass, "", "answered PING")
	})
}

func TestRedisOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none")
	for key, o := range map[string]*Options{
		"address":       {Address: "cache"},
		"command":       {Address: "cache:6379"},
		"db":            {Address: "cache:6379", Command: []string{"PING"}, DB: -1},
		"user":          {Address: "cache:6379", Command: []string{"PING"}, User: "probe"},
		"password_file": {Address: "cache:6379", Command: []string{"PING"}, PasswordFile: file},
		"ca_file":       {Address: "cache:6379", Command: []string{"PING"}, SecureOptions: probe.SecureOptions{CAFile: file}},
		"insecure_tls":  {Address: "cache:6379", Command: []string{"PING"}, SecureOptions: probe.SecureOptions{InsecureTLS: true}},
		"tls":           {Address: "/run/redis.sock", Command: []string{"PING"}, SecureOptions: probe.SecureOptions{TLS: true}},
		"server_name":   {Address: "cache:6379", Command: []string{"PING"}, SecureOptions: probe.SecureOptions{ProofOptions: probe.ProofOptions{ServerName: "a"}}},
		"expect":        {Address: "cache:6379", Command: []string{"PING"}, Options: claim.Options{Expect: []string{"latency"}}},
		"fail_over":     {Address: "cache:6379", Command: []string{"PING"}, LimitOptions: probe.LimitOptions{FailOver: time.Minute}},
	} {
		probetest.WantOptionError(t, &Kind, o, key)
	}
	for _, words := range []string{"MONITOR", "subscribe news", "PSUBSCRIBE n*", "SSUBSCRIBE news", "SYNC", "PSYNC ? -1", "BLPOP list 0", "blmove a b LEFT RIGHT 0.0", "BZMPOP 0 1 set MIN",
		"WAIT 1 0", "WAITAOF 1 1 0", "XREAD COUNT 1 BLOCK 0 STREAMS s $", "HELLO 3", "CLIENT REPLY OFF"} {
		probetest.WantOptionError(t, &Kind, &Options{Address: "cache:6379", Command: strings.Fields(words)}, "command")
	}
	probetest.WantOptionError(t, &Kind, &Options{Address: "cache:6379", Command: []string{"GET key"}}, "command")
	for _, words := range []string{"BLPOP list 0.5", "WAIT 1 100", "XREAD BLOCK 50 STREAMS s $", "XREAD STREAMS block 0", "XREAD COUNT 0 STREAMS s 0", "HELLO", "HELLO 2", "CLIENT ID", "PUBSUB CHANNELS", "LPOP list 0"} {
		if err := readCommand(strings.Fields(words)); err != nil {
			t.Errorf("%s: %v", words, err)
		}
	}
}

func FuzzRESP(f *testing.F) {
	for _, seed := range []string{"+OK\r\n", "-ERR no\r\n", ":12\r\n", "$3\r\nabc\r\n", "$-1\r\n", "*2\r\n:1\r\n$1\r\nx\r\n", "*-1\r\n", "*1\r\n*1\r\n*0\r\n", "$5\r\nab"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bufio.NewReader(bytes.NewReader(data))
		got, err := readReply(r, respDepth)
		if err != nil {
			return
		}
		_, _ = got.String(), got.pairs()
		if n := len(data) - r.Buffered(); n < 3 || len(got.String()) > len(data) {
			t.Errorf("%q is read from %q", got.String(), data)
		}
	})
}
