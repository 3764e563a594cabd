package checks

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
)

const redisSecret = "swordfish-redis"

// startRedis starts a server with a password, a user of its access control
// list and a TLS port, and returns options that each answers to.
func startRedis(t *testing.T) (plain, secured RedisOptions, stop func()) {
	t.Helper()
	program := needProgram(t, "redis-server", "/usr/bin/redis-server")
	dir := humbleDir(t)
	ca, cert, key := authority(t, dir, "good")
	port, tlsPort := freePort(t), freePort(t)
	users := filepath.Join(dir, "redis.conf")
	check(t, os.WriteFile(users, []byte("user probe on >"+redisSecret+" +ping +get +auth +select ~*\n"), 0o644))
	server, _ := startDatabase(t, dir, syscall.SIGTERM, program, users, "--port", port, "--tls-port", tlsPort, "--bind", "127.0.0.1", "--save", "",
		"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca, "--tls-auth-clients", "no", "--requirepass", redisSecret, "--loglevel", "warning")
	plain = RedisOptions{Address: "127.0.0.1:" + port, Password: redisSecret, Command: []string{"PING"}}
	secured = plain
	secured.Address, secured.TLS, secured.CAFile = "127.0.0.1:"+tlsPort, true, ca
	untilPass(t, "redis", &plain)
	return plain, secured, func() {
		check(t, server.Process.Signal(syscall.SIGKILL))
		_ = server.Wait()
	}
}

func TestRedis(t *testing.T) {
	good, secured, stop := startRedis(t)
	otherCA, _, _ := authority(t, t.TempDir(), "other")
	command := func(words ...string) func(*RedisOptions) { return func(o *RedisOptions) { o.Command = words } }
	const long = 5 * time.Second
	for _, tt := range []struct {
		name    string
		from    RedisOptions
		change  func(*RedisOptions)
		timeout time.Duration
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"ping", good, command("PING"), long, Pass, "", "answered PING"},
		{"TLS", secured, command("PING"), long, Pass, "", "answered PING"},
		{"any certificate", secured, func(o *RedisOptions) { o.CAFile, o.InsecureTLS = "", true }, long, Pass, "", "answered PING"},
		{"wrong authority", secured, func(o *RedisOptions) { o.CAFile = otherCA }, long, Fail, ReasonTLS, "unknown authority"},
		{"TLS to plain", good, func(o *RedisOptions) { o.TLS, o.InsecureTLS = true, true }, 300 * time.Millisecond, Fail, "", ""},
		{"user", good, func(o *RedisOptions) { o.User = "probe" }, long, Pass, "", "answered PING"},
		{"set", good, command("SET", "greeting", "hello"), long, Pass, "", "answered SET"},
		{"value", good, func(o *RedisOptions) { o.Command, o.ExpectValue = []string{"GET", "greeting"}, "hello" }, long, Pass, "", "answered GET"},
		{"other value", good, func(o *RedisOptions) { o.Command, o.ExpectValue = []string{"GET", "greeting"}, "bye" }, long, Fail, ReasonAssertion, `the value is "hello", expected "bye"`},
		{"no value", good, func(o *RedisOptions) { o.Command, o.ExpectValue = []string{"GET", "nothing"}, "x" }, long, Fail, ReasonAssertion, `there is no value, expected "x"`},
		{"other database", good, func(o *RedisOptions) { o.Command, o.ExpectValue, o.DB = []string{"GET", "greeting"}, "hello", 3 }, long, Fail, ReasonAssertion, "there is no value"},
		{"no such database", good, func(o *RedisOptions) { o.DB = 99 }, long, Fail, ReasonStatus, "DB index is out of range"},
		{"list", good, func(o *RedisOptions) {
			o.Command, o.Expect = []string{"EVAL", "return {1, 'two', {3}}", "0"}, []string{"value.size() == 3 && value[1] == 'two'"}
		}, long, Pass, "", "answered EVAL"},
		{"role", good, func(o *RedisOptions) {
			o.Command, o.Expect = []string{"INFO", "replication"}, []string{"info.role == 'master' && int(info.connected_slaves) == 0"}
		}, long, Pass, "", "answered INFO"},
		{"false claim", good, func(o *RedisOptions) {
			o.Command, o.Expect = []string{"INFO", "replication"}, []string{"int(info.connected_slaves) >= 1"}
		}, long, Fail, ReasonAssertion, "is false"},
		{"degraded claim", good, func(o *RedisOptions) { o.DegradedIf = []string{"latency > duration('0s')"} }, long, Degraded, ReasonAssertion, "is true"},
		{"wrong password", good, func(o *RedisOptions) { o.Password = "hunter2" }, long, Fail, ReasonStatus, "WRONGPASS"},
		{"no password", good, func(o *RedisOptions) { o.Password = "" }, long, Fail, ReasonStatus, "NOAUTH"},
		{"not allowed", good, func(o *RedisOptions) { o.User, o.Command = "probe", []string{"SET", "a", "b"} }, long, Fail, ReasonStatus, "NOPERM"},
		{"no such command", good, command("FROBNICATE", redisSecret), long, Fail, ReasonStatus, "unknown command"},
		{"slow", good, func(o *RedisOptions) {
			o.Command, o.DegradedOver = []string{"BLPOP", "empty", "0.05"}, 50*time.Millisecond
		}, long, Degraded, ReasonLatency, "limit 50 ms"},
		{"time-out", good, command("BLPOP", "empty", "60"), 300 * time.Millisecond, Fail, ReasonTimeout, "while waiting for the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.from
			tt.change(&o)
			r := probing(t, "redis", &o, tt.timeout)
			if tt.reason == "" && tt.outcome != Pass { // how a plain server ends a handshake is its own affair
				tt.reason = r.Reason
			}
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, redisSecret)
			noSecret(t, r, "hunter2")
			if r.Outcome != Pass && (r.Evidence == nil || r.Evidence.Remote != o.Address) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("phases", func(t *testing.T) {
		if r := probing(t, "redis", &secured, long); r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte <= 0 {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		stop()
		wantResult(t, probing(t, "redis", &good, long), Fail, ReasonConnect, "connection refused")
	})
}

func TestRedisStrangers(t *testing.T) {
	say := func(text string) string {
		return serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1024))
			io.WriteString(c, text)
			untilClosed(c)
		})
	}
	endless := serve(t, func(c *net.TCPConn) {
		for line := bytes.Repeat([]byte("+x\r\n"), 1000); ; {
			if _, err := c.Write(line); err != nil {
				return
			}
		}
	})
	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		timeout       time.Duration
		reason        Reason
		summary       string
	}{
		{"http", say("HTTP/1.1 400 Bad Request\r\n\r\n"), long, ReasonProtocol, errNotRESP.Error()},
		{"a billion bytes", say("$1000000000\r\nx"), long, ReasonProtocol, errTooMuch.Error()},
		{"a long list", say("*60000\r\n"), short, ReasonTimeout, "time-out"},
		{"deep", say(strings.Repeat("*1\r\n", 100)), long, ReasonProtocol, errNotRESP.Error()},
		{"long line", say("+" + strings.Repeat("x", 100_000)), long, ReasonProtocol, errNotRESP.Error()},
		{"half", say("$10\r\nabc"), short, ReasonTimeout, "while reading the answer"},
		{"silent", serve(t, untilClosed), short, ReasonTimeout, "while waiting for the answer"},
		{"closes", serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1024)) }), long, ReasonReset, "closed the connection"},
		{"loading", say("-LOADING Redis is loading the dataset in memory\r\n"), long, ReasonStatus, "LOADING"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "redis", &RedisOptions{Address: tt.address, Command: []string{"PING"}}, tt.timeout)
			wantResult(t, r, Fail, tt.reason, tt.summary)
		})
	}
	t.Run("endless list", func(t *testing.T) {
		many := say("*60000\r\n" + strings.Repeat(":1\r\n", 60_000))
		wantResult(t, probing(t, "redis", &RedisOptions{Address: many, Command: []string{"KEYS", "*"}}, long), Fail, ReasonProtocol, errTooMuch.Error())
	})
	t.Run("endless", func(t *testing.T) {
		wantResult(t, probing(t, "redis", &RedisOptions{Address: endless, Command: []string{"PING"}}, long), Pass, "", "answered PING")
	})
}

func TestRedisOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none")
	for key, o := range map[string]*RedisOptions{
		"address":       {Address: "cache"},
		"command":       {Address: "cache:6379"},
		"db":            {Address: "cache:6379", Command: []string{"PING"}, DB: -1},
		"user":          {Address: "cache:6379", Command: []string{"PING"}, User: "probe"},
		"password_file": {Address: "cache:6379", Command: []string{"PING"}, PasswordFile: file},
		"ca_file":       {Address: "cache:6379", Command: []string{"PING"}, SecureOptions: SecureOptions{CAFile: file}},
		"insecure_tls":  {Address: "cache:6379", Command: []string{"PING"}, SecureOptions: SecureOptions{InsecureTLS: true}},
		"expect":        {Address: "cache:6379", Command: []string{"PING"}, Expect: []string{"latency"}},
		"fail_over":     {Address: "cache:6379", Command: []string{"PING"}, FailOver: time.Minute},
	} {
		wantOptionError(t, "redis", o, key)
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
