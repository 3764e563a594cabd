package mysql

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/claim"
	tlskind "github.com/statusbot/statusbot/internal/checks/kind/tls"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

const secret = "swordfish-mysql"

// startMySQL starts a MariaDB that offers TLS, and returns options that it
// answers to. Again starts it anew with other arguments.
func startMySQL(t *testing.T) (o Options, dir string, server *exec.Cmd, again func(args ...string) *exec.Cmd) {
	t.Helper()
	program := probetest.NeedProgram(t, "mariadb-server", "/usr/sbin/mariadbd")
	dir = probetest.HumbleDir(t)
	data := filepath.Join(dir, "data")
	install := exec.Command("/usr/bin/mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal",
		"--skip-test-db", "--skip-name-resolve", "--cross-bootstrap", "--innodb-log-file-size=4M")
	install.Dir = dir
	probetest.Humble(t, install)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	users := filepath.Join(dir, "users.sql")
	probetest.OK(t, os.WriteFile(users, []byte(strings.ReplaceAll(`CREATE DATABASE IF NOT EXISTS shop;
CREATE USER IF NOT EXISTS probe IDENTIFIED VIA mysql_native_password USING PASSWORD('SECRET');
GRANT ALL ON *.* TO probe;
CREATE USER IF NOT EXISTS nobody IDENTIFIED BY '';
CREATE USER IF NOT EXISTS secured IDENTIFIED BY 'SECRET' REQUIRE SSL;
CREATE USER IF NOT EXISTS certified REQUIRE X509;
INSTALL SONAME 'auth_ed25519';
CREATE USER IF NOT EXISTS curve IDENTIFIED VIA ed25519 USING PASSWORD('SECRET');
`, "SECRET", secret)), 0o644))
	ca, cert, key := probetest.Authority(t, dir, "good")
	port := probetest.FreePort(t)
	again = func(args ...string) *exec.Cmd {
		// SIGKILL: a clean end writes pages that nobody reads.
		server, _ := probetest.StartDatabase(t, dir, syscall.SIGKILL, program, append([]string{"--no-defaults", "--datadir=" + data, "--port=" + port,
			"--bind-address=127.0.0.1", "--socket=" + filepath.Join(dir, "socket"), "--pid-file=" + filepath.Join(dir, "pid"), "--init-file=" + users,
			"--max-connections=10", "--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"}, args...)...)
		return server
	}
	server = again("--ssl-cert="+cert, "--ssl-key="+key, "--ssl-ca="+ca)
	o = Options{QueryOptions: probe.QueryOptions{
		Address: "127.0.0.1:" + port, User: "probe", Password: secret, Database: "shop", SSLMode: probe.SSLVerifyFull, CAFile: ca, Query: "SELECT 1",
	}}
	probetest.UntilPass(t, &Kind, &o)
	return o, dir, server, again
}

func TestMySQL(t *testing.T) {
	good, dir, server, again := startMySQL(t)
	// The kind tls asks the same server to go over.
	probetest.WantResult(t, probetest.Probing(t, &tlskind.Kind, &tlskind.Options{Address: good.Address, CAFile: good.CAFile, StartTLS: "mysql",
		Options: claim.Options{Expect: probetest.Said("certificate.days_left >= 0 && version == 'TLS 1.3'")}}, time.Minute), checks.Pass, "", "the certificate expires in ")
	otherCA, otherCert, otherKey := probetest.Authority(t, dir, "other")
	named := func(mode, name string) func(*Options) {
		return func(o *Options) { o.SSLMode, o.ServerName = mode, name }
	}
	as := func(cert, key string) func(*Options) {
		return func(o *Options) {
			o.User, o.Password, o.Database = "certified", "", ""
			o.ClientCertFile, o.ClientKeyFile = cert, key
		}
	}
	local := func(socket string) func(*Options) {
		return func(o *Options) { o.Address, o.CAFile = filepath.Join(dir, socket), "" }
	}
	with := func(change func(*Options)) *Options {
		o := good
		change(&o)
		return &o
	}
	query := func(sql string) func(*Options) { return func(o *Options) { o.Query = sql } }
	claim := func(sql, expect string) func(*Options) {
		return func(o *Options) { o.Query, o.Expect = sql, []string{expect} }
	}
	const long = time.Minute
	for _, tt := range []struct {
		name    string
		change  func(*Options)
		timeout time.Duration
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"good", func(*Options) {}, long, checks.Pass, "", "1 row"},
		{"plain text", func(o *Options) { o.SSLMode, o.CAFile = probe.SSLDisable, "" }, long, checks.Pass, "", "1 row"},
		{"any certificate", func(o *Options) { o.SSLMode, o.CAFile = probe.SSLRequire, "" }, long, checks.Pass, "", "1 row"},
		{"by name", func(o *Options) { o.Address = strings.Replace(o.Address, "127.0.0.1", "localhost", 1) }, long, checks.Pass, "", "1 row"},
		{"no database", func(o *Options) { o.Database = "" }, long, checks.Pass, "", "1 row"},
		{"user without a password", func(o *Options) { o.User, o.Password, o.Database = "nobody", "", "" }, long, checks.Pass, "", "1 row"},
		{"user that must use TLS", func(o *Options) { o.User, o.Database = "secured", "" }, long, checks.Pass, "", "1 row"},
		{"the same without", func(o *Options) { o.User, o.Database, o.SSLMode, o.CAFile = "secured", "", probe.SSLDisable, "" }, long, checks.Fail, checks.ReasonStatus, "(1045)"},
		{"statement without rows", query("CREATE TABLE orders (id INT, note TEXT, price DECIMAL(8,2))"), long, checks.Pass, "", "0 rows"},
		{"insert", query("INSERT INTO orders VALUES (1, 'first', 9.50), (2, NULL, 0)"), long, checks.Pass, "", "0 rows"},
		{"values", func(o *Options) {
			o.Query, o.ExpectRowsMin, o.ExpectValue = "SELECT price, note FROM orders ORDER BY id", 2, new("9.50")
		}, long, checks.Pass, "", "2 rows"},
		{"claims", claim("SELECT * FROM orders ORDER BY id DESC", "rows == 2 && row.id == '2' && row.note == null && double(row.price) < 1.0 && value == '2'"), long, checks.Pass, "", "2 rows"},
		{"false claim", claim("SHOW GLOBAL STATUS LIKE 'Threads_connected'", "int(row.Value) > 1000"), long, checks.Fail, checks.ReasonAssertion, "int(row.Value) > 1000 is false: int(row.Value) is "},
		{"claim on no row", claim("SHOW REPLICA STATUS", "int(row.Seconds_Behind_Master) < 30"), long, checks.Fail, checks.ReasonAssertion, "row.Seconds_Behind_Master: no such key"},
		{"degraded claim", func(o *Options) { o.DegradedIf = []string{"value == '1'"} }, long, checks.Degraded, checks.ReasonAssertion, "value == '1' is true"},
		{"procedure", query("CREATE PROCEDURE two() BEGIN SET @a = 1; SELECT 'a', 2; SELECT 'b' FROM orders; END"), long, checks.Pass, "", "0 rows"},
		{"first that returns rows", func(o *Options) { o.Query, o.ExpectValue = "CALL two()", new("a") }, long, checks.Pass, "", "1 row"},
		{"wrong value", func(o *Options) { o.Query, o.ExpectValue = "SELECT @@read_only", new("1") }, long, checks.Fail, checks.ReasonAssertion, `the value is "0", expected "1"`},
		{"empty value", func(o *Options) { o.Query, o.ExpectValue = "SELECT ''", new("") }, long, checks.Pass, "", "1 row"},
		{"not the empty value", func(o *Options) { o.Query, o.ExpectValue = "SELECT 'x'", new("") }, long, checks.Fail, checks.ReasonAssertion, `the value is "x", expected ""`},
		{"null", func(o *Options) { o.Query, o.ExpectValue = "SELECT NULL", new("1") }, long, checks.Fail, checks.ReasonAssertion, `the value is NULL, expected "1"`},
		{"no row", func(o *Options) { o.Query, o.ExpectValue = "SELECT 1 FROM orders WHERE 1=0", new("1") }, long, checks.Fail, checks.ReasonAssertion, `no row, expected the value "1"`},
		{"few rows", func(o *Options) { o.ExpectRowsMin = 2 }, long, checks.Fail, checks.ReasonAssertion, "1 row, expected at least 2"},
		{"wrong password", func(o *Options) { o.Password = "hunter2" }, long, checks.Fail, checks.ReasonStatus, "Access denied for user 'probe'@'127.0.0.1' (with a password) (1045)"},
		{"no password", func(o *Options) { o.Password = "" }, long, checks.Fail, checks.ReasonStatus, "(without a password) (1045)"},
		{"wrong database", func(o *Options) { o.Database = "nowhere" }, long, checks.Fail, checks.ReasonStatus, "Unknown database 'nowhere' (1049)"},
		{"another way to log in", func(o *Options) { o.User = "curve" }, long, checks.Unknown, checks.ReasonInternal, "the user logs in by client_ed25519, which this check cannot"},
		{"bad query", query("SELEKT 1"), long, checks.Fail, checks.ReasonStatus, "You have an error in your SQL syntax"},
		{"two statements", query("SELECT 1; SELECT 2"), long, checks.Fail, checks.ReasonStatus, "You have an error in your SQL syntax"},
		{"file of this machine", query("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE orders"), long, checks.Fail, checks.ReasonStatus, "(4166)"},
		{"error after a row", query("SELECT id, (SELECT note FROM orders WHERE id <= o.id) FROM orders o ORDER BY id"), long, checks.Fail, checks.ReasonStatus, "Subquery returns more than 1 row (1242)"},
		{"password in a message", query("SELECT `" + secret + "`"), long, checks.Fail, checks.ReasonStatus, "Unknown column '(secret)'"},
		{"password in a value", func(o *Options) { o.Query, o.ExpectValue = "SELECT '"+secret+"'", new("1") }, long, checks.Fail, checks.ReasonAssertion, `the value is "(secret)"`},
		{"password in a claim", claim("SELECT '"+secret+"' AS a", "row.a == 'b'"), long, checks.Fail, checks.ReasonAssertion, "(secret)"},
		{"long row", query("SELECT REPEAT('x', 70000)"), long, checks.Unknown, checks.ReasonInternal, "longer than the 64 KiB"},
		{"many rows", query("SELECT seq, REPEAT('x', 300) FROM seq_1_to_20000"), long, checks.Pass, "", "20000 rows"},
		{"authority alone", named(probe.SSLVerifyCA, "db.example.com"), long, checks.Pass, "", "1 row"},
		{"authority and name", named(probe.SSLVerifyFull, "localhost"), long, checks.Pass, "", "1 row"},
		{"another name", named(probe.SSLVerifyFull, "db.example.com"), long, checks.Fail, checks.ReasonTLS, `the certificate is for localhost, 127.0.0.1, not "db.example.com"`},
		{"another authority", func(o *Options) { o.SSLMode, o.CAFile = probe.SSLVerifyCA, otherCA }, long, checks.Fail, checks.ReasonTLS, "signed by an unknown authority"},
		{"client certificate", as(filepath.Join(dir, "good-cert.pem"), filepath.Join(dir, "good-key.pem")), long, checks.Pass, "", "1 row"},
		{"no client certificate", as("", ""), long, checks.Fail, checks.ReasonStatus, "Access denied for user 'certified'"},
		{"client certificate of somebody else", as(otherCert, otherKey), long, checks.Fail, checks.ReasonTLS, "the peer does not know the authority of the client's certificate"},
		{"socket", local("socket"), long, checks.Pass, "", "1 row"},
		{"socket that is not there", local("none"), long, checks.Fail, checks.ReasonConnect, "no connection: no such file or directory"},
		{"wrong authority", func(o *Options) { o.CAFile = otherCA }, long, checks.Fail, checks.ReasonTLS, "the certificate is signed by an unknown authority"},
		{"slow", func(o *Options) { o.Query, o.DegradedOver = "SELECT SLEEP(0.05)", 50*time.Millisecond }, long, checks.Degraded, checks.ReasonLatency, "limit 50 ms"},
		{"too slow", func(o *Options) {
			o.Query, o.DegradedOver, o.FailOver = "SELECT SLEEP(0.05)", time.Millisecond, 50*time.Millisecond
		}, long, checks.Fail, checks.ReasonLatency, "limit 50 ms"},
		{"time-out", query("SELECT SLEEP(60)"), 500 * time.Millisecond, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Until(t, &Kind, with(tt.change), tt.timeout, tt.summary)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, secret)
			probetest.NoSecret(t, r, "hunter2")
			if r.Outcome != checks.Pass && (r.Evidence == nil || r.Evidence.Remote != good.Address && r.Evidence.Remote != filepath.Join(dir, "none")) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("phases", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, with(query("SELECT SLEEP(0.02)")), long)
		if r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte < 20*time.Millisecond {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("a query cut off does not linger", func(t *testing.T) {
		// That of the time-out above; the server gives it up by itself.
		probetest.UntilPass(t, &Kind, with(func(o *Options) {
			o.Query, o.ExpectValue = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(6%'", new("0")
		}))
	})
	t.Run("no lost connection is counted", func(t *testing.T) {
		aborted := with(query("SHOW GLOBAL STATUS LIKE 'Aborted_clients'"))
		aborted.Expect = []string{"int(row.Value) >= 0"}
		probetest.WantResult(t, probetest.Probing(t, &Kind, aborted, long), checks.Pass, "", "1 row")
		count := probetest.Probing(t, &Kind, with(func(o *Options) { o.Query, o.FailIf = aborted.Query, []string{"row.Value != ''"} }), long).Summary
		for range 3 {
			probetest.Probing(t, &Kind, with(func(*Options) {}), long)
		}
		after := probetest.Probing(t, &Kind, with(func(o *Options) { o.Query, o.FailIf = aborted.Query, []string{"row.Value != ''"} }), long).Summary
		if count != after || !strings.Contains(count, "row.Value is ") {
			t.Errorf("before: %s; after: %s", count, after)
		}
	})
	t.Run("too many connections", func(t *testing.T) {
		var held []net.Conn
		defer func() {
			for _, c := range held {
				c.Close()
			}
		}()
		for range 10 {
			c, err := net.Dial("tcp", good.Address)
			probetest.OK(t, err)
			held = append(held, c)
			_, err = io.ReadFull(c, make([]byte, 5))
			probetest.OK(t, err)
		}
		humble := with(func(o *Options) { o.User, o.Password, o.Database = "nobody", "", "" }) // there is a place for administrators
		probetest.WantResult(t, probetest.Probing(t, &Kind, humble, long), checks.Fail, checks.ReasonStatus, "Too many connections (1040)")
	})
	t.Run("frozen", func(t *testing.T) {
		probetest.OK(t, server.Process.Signal(syscall.SIGSTOP))
		r := probetest.Until(t, &Kind, &good, 300*time.Millisecond, "while waiting for the greeting")
		probetest.OK(t, server.Process.Signal(syscall.SIGCONT))
		probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, "while waiting for the greeting")
	})
	t.Run("stopped", func(t *testing.T) {
		probetest.OK(t, server.Process.Signal(syscall.SIGKILL))
		_ = server.Wait()
		probetest.WantResult(t, probetest.Probing(t, &Kind, &good, long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
	t.Run("without TLS", func(t *testing.T) {
		again("--skip-ssl")
		probetest.UntilPass(t, &Kind, with(func(o *Options) { o.SSLMode, o.CAFile = probe.SSLDisable, "" }))
		probetest.WantResult(t, probetest.Probing(t, &Kind, &good, long), checks.Fail, checks.ReasonTLS, "the server does not offer TLS")
	})
}

// mysqlHello is a server's greeting: with the plugin, and with TLS or not.
func mysqlHello(plugin string, offersTLS bool) []byte {
	can := spoken
	if offersTLS {
		can |= withTLS
	}
	b := append([]byte{10}, "8.4.3\x00\x01\x00\x00\x00abcdefgh\x00"...)
	b = append(b, byte(can), byte(can>>8), utf8, 2, 0, byte(can>>16), byte(can>>24), 21)
	b = append(append(b, make([]byte, 10)...), "ijklmnopqrst\x00"...)
	return append(append(b, plugin...), 0)
}

const testNonce = "abcdefghijklmnopqrst"

// stranger is a server that a test writes packet by packet. A real one
// of MySQL 8, with its caching_sha2_password, is not to be had here.
type stranger struct {
	net.Conn
}

func (s *stranger) send(number byte, packet string) {
	io.WriteString(s, string([]byte{byte(len(packet)), byte(len(packet) >> 8), byte(len(packet) >> 16), number})+packet)
}

func (s *stranger) receive() (number byte, packet []byte) {
	var head [4]byte
	if _, err := io.ReadFull(s, head[:]); err != nil {
		return 0, nil
	}
	packet = make([]byte, int(head[0])|int(head[1])<<8)
	_, _ = io.ReadFull(s, packet)
	return head[3], packet
}

// serveQueries answers each command with a table of one value.
func (s *stranger) serveQueries() {
	for {
		_, packet := s.receive()
		switch {
		case len(packet) == 0 || packet[0] == askQuit:
			return
		case bytes.HasPrefix(packet, []byte("\x03SET max_execution_time=")):
			s.send(1, "\xff\x29\x04#HY000Unknown system variable") // of a server that has no such limit
		default:
			s.send(1, "\x01")
			s.send(2, "\x03def\x00\x00\x00\x01n\x00\x0c\x3f\x00\x01\x00\x00\x00\x08\x81\x00\x00\x00\x00")
			s.send(3, "\xfe\x00\x00\x02\x00")
			s.send(4, "\x017")
			s.send(5, "\xfe\x00\x00\x02\x00")
		}
	}
}

// The way MySQL 8 logs in, held against the server's side of it: what the
// server keeps is SHA256(SHA256(password)).
func TestMySQLCachedSHA2(t *testing.T) {
	_, certFile, keyFile := probetest.Authority(t, t.TempDir(), "good")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	probetest.OK(t, err)
	once := sha256.Sum256([]byte(secret))
	kept := sha256.Sum256(once[:])
	proves := func(login []byte) bool {
		proof := login[32+len("probe\x00")+1:][:sha256.Size]
		mask := sha256.Sum256(append(kept[:], testNonce...))
		for i := range mask {
			mask[i] ^= proof[i]
		}
		return sha256.Sum256(mask[:]) == kept
	}
	server := func(cached bool, plugin string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			s := &stranger{c}
			s.send(0, string(mysqlHello(plugin, true)))
			number, packet := s.receive()
			if len(packet) == 32 {
				secured := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}})
				defer secured.Close()
				s.Conn = secured
				number, packet = s.receive()
			}
			// itself asks for the password itself, and says whether it came.
			itself := func(ask string) bool {
				s.send(number+1, ask)
				number, packet = s.receive()
				return string(packet) == secret+"\x00"
			}
			var admitted bool
			switch {
			case plugin != sha2Cached:
				admitted = itself("\xfe" + sha2 + "\x00" + testNonce + "\x00")
			case len(packet) < 80 || !proves(packet):
			case cached:
				s.send(number+1, "\x01\x03")
				number++
				admitted = true
			default:
				admitted = itself("\x01\x04")
			}
			if !admitted {
				s.send(number+1, "\xff\x15\x04#28000Access denied")
				return
			}
			s.send(number+1, "\x00\x00\x00\x02\x00\x00\x00")
			s.serveQueries()
		})
	}
	for _, tt := range []struct {
		name, address, sslmode, password string
		outcome                          checks.Outcome
		reason                           checks.Reason
		summary                          string
	}{
		{"known", server(true, sha2Cached), probe.SSLRequire, secret, checks.Pass, "", "1 row"},
		{"known, plain", server(true, sha2Cached), probe.SSLDisable, secret, checks.Pass, "", "1 row"},
		{"not yet known", server(false, sha2Cached), probe.SSLRequire, secret, checks.Pass, "", "1 row"},
		{"not yet known, plain", server(false, sha2Cached), probe.SSLDisable, secret, checks.Unknown, checks.ReasonInternal, "without TLS it is not sent"},
		{"wrong", server(true, sha2Cached), probe.SSLRequire, "hunter2", checks.Fail, checks.ReasonStatus, "Access denied (1045)"},
		{"the password itself", server(true, native), probe.SSLRequire, secret, checks.Pass, "", "1 row"},
		{"the password itself, plain", server(true, native), probe.SSLDisable, secret, checks.Unknown, checks.ReasonInternal, "without TLS it is not sent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &Options{QueryOptions: probe.QueryOptions{Address: tt.address, User: "probe", Password: tt.password, SSLMode: tt.sslmode, Query: "SELECT 7", ExpectValue: new("7")}}
			probetest.WantResult(t, probetest.Probing(t, &Kind, o, 5*time.Second), tt.outcome, tt.reason, tt.summary)
		})
	}
}

// Figures that another program made: those in the tests of the Go driver in
// wide use.
func TestMySQLScrambles(t *testing.T) {
	nonce := []byte{10, 47, 74, 111, 75, 73, 34, 48, 88, 76, 114, 74, 37, 13, 3, 80, 82, 2, 23, 21}
	for secret, want := range map[string]string{
		"secret":  "f490e76f66d9d86665ce54d98c78d0acfe2fb0b08b423da807144873d30b312c",
		"secret2": "abc3934a012cf342e876071c8ee202de51785b430258a7a0138bc79c4d800bc6",
	} {
		if got := hex.EncodeToString(scrambleSHA2(nonce, secret)); got != want {
			t.Errorf("%s: got %s, want %s", secret, got, want)
		}
	}
}

func TestMySQLStrangers(t *testing.T) {
	say := func(packets ...string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			s := &stranger{c}
			for i, packet := range packets {
				s.send(byte(2*i), packet)
				if number, _ := s.receive(); i > 0 && number != byte(2*i+1) {
					return
				}
			}
			probetest.UntilClosed(c)
		})
	}
	text := func(text string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			io.WriteString(c, text)
			probetest.UntilClosed(c)
		})
	}
	hello := string(mysqlHello(native, false))
	// asked answers a query, after a login, with what is given.
	asked := func(answers ...string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			s := &stranger{c}
			s.send(0, hello)
			s.receive()
			s.send(2, "\x00\x00\x00\x02\x00\x00\x00")
			s.receive()
			s.send(1, "\x00\x00\x00\x02\x00\x00\x00")
			s.receive()
			for i, a := range answers {
				s.send(byte(i+1), a)
			}
			probetest.UntilClosed(c)
		})
	}
	const long, short = time.Minute, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address, sslmode string
		timeout                time.Duration
		outcome                checks.Outcome
		reason                 checks.Reason
		summary                string
	}{
		{"ssh", text("SSH-2.0-OpenSSH_9.2\r\n"), probe.SSLRequire, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak the MySQL protocol"},
		{"short greeting", say("\x0a8\x00"), probe.SSLRequire, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak the MySQL protocol"},
		{"old protocol", say("\x09" + hello[1:]), probe.SSLRequire, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak the MySQL protocol"},
		{"blocked", say("\xff\x69\x04Host is blocked"), probe.SSLRequire, long, checks.Fail, checks.ReasonStatus, "Host is blocked (1129)"},
		{"no TLS", say(hello), probe.SSLVerifyFull, long, checks.Fail, checks.ReasonTLS, "the server does not offer TLS"},
		{"words before TLS", text(func() string {
			h := string(mysqlHello(native, true))
			return string([]byte{byte(len(h)), 0, 0, 0}) + h + "\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00"
		}()), probe.SSLRequire, long, checks.Fail, checks.ReasonProtocol, probe.ErrEarlyWords.Error()},
		{"silent", probetest.Serve(t, probetest.UntilClosed), probe.SSLRequire, short, checks.Fail, checks.ReasonTimeout, "while waiting for the greeting"},
		{"silent at TLS", say(string(mysqlHello(native, true))), probe.SSLRequire, short, checks.Fail, checks.ReasonTimeout, "while negotiating TLS"},
		{"silent at the login", say(hello), probe.SSLDisable, short, checks.Fail, checks.ReasonTimeout, "while logging in"},
		{"silent at the query", asked(), probe.SSLDisable, short, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
		{"its limit is over first", asked("\xff\xb1\x07#70100Query execution was interrupted (max_statement_time exceeded)"), probe.SSLDisable, long, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
		{"its limit is over first, MySQL", asked("\xff\xd0\x0b#HY000Query execution was interrupted, maximum statement execution time exceeded"), probe.SSLDisable, long, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
		{"closes", probetest.Serve(t, func(*net.TCPConn) {}), probe.SSLRequire, long, checks.Fail, checks.ReasonReset, "while waiting for the greeting"},
		{"old login", say(hello, "\xfe"), probe.SSLDisable, long, checks.Unknown, checks.ReasonInternal, "mysql_old_password"},
		{"clear login", say(hello, "\xfemysql_clear_password\x00"), probe.SSLDisable, long, checks.Unknown, checks.ReasonInternal, "without TLS it is not sent"},
		{"short nonce", say(hello, "\xfemysql_native_password\x00abc\x00"), probe.SSLDisable, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak the MySQL protocol"},
		{"endless login", say(hello, "\xfemysql_native_password\x00"+testNonce, "\xfemysql_native_password\x00"+testNonce, "\xfemysql_native_password\x00"+testNonce,
			"\xfemysql_native_password\x00"+testNonce, "\xfemysql_native_password\x00"+testNonce), probe.SSLDisable, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak the MySQL protocol"},
		{"asks for a file", asked("\xfb/etc/passwd"), probe.SSLDisable, long, checks.Fail, checks.ReasonProtocol, errAsksForFile.Error()},
		{"billions of columns", asked("\xfe\x00\x00\x00\x00\x02\x00\x00\x00"), probe.SSLDisable, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak the MySQL protocol"},
		{"half an answer", asked("\x00\x00\x00\x0a\x00\x00\x00"), probe.SSLDisable, short, checks.Fail, checks.ReasonTimeout, "while reading the answer"},
		{"half a packet", asked("\x00\x00\x00\x0a\x00\x00\x00", "\x00"), probe.SSLDisable, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak the MySQL protocol"},
		{"out of order", asked("\x01", "\x00", "\x00"), probe.SSLDisable, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak the MySQL protocol"},
		{"refused", "127.0.0.1:" + probetest.FreePort(t), probe.SSLRequire, long, checks.Fail, checks.ReasonConnect, "connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := &Options{QueryOptions: probe.QueryOptions{Address: tt.address, User: "probe", Password: secret, SSLMode: tt.sslmode, Query: "SELECT 1"}}
			r := probetest.Until(t, &Kind, o, tt.timeout, tt.summary)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, secret)
		})
	}
	t.Run("name", func(t *testing.T) {
		probetest.NameServer(t, probetest.NoSuchName)
		r := probetest.Probing(t, &Kind, &Options{QueryOptions: probe.QueryOptions{Address: "db.invalid:3306", User: "probe", Query: "SELECT 1"}}, long)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonDNS, "the name does not exist")
	})
}

func TestMySQLOptions(t *testing.T) {
	for key, change := range map[string]func(*Options){
		"address":         func(o *Options) { o.Address = "db.example.com" },
		"user":            func(o *Options) { o.User = "" },
		"query":           func(o *Options) { o.Query = "" },
		"sslmode":         func(o *Options) { o.SSLMode = "true" },
		"ca_file":         func(o *Options) { o.CAFile = "/dev/null" },
		"expect_rows_min": func(o *Options) { o.ExpectRowsMin = -1 },
		"password_file":   func(o *Options) { o.PasswordFile = "/dev/null" },
		"fail_over":       func(o *Options) { o.FailOver = -1 },
		"expect":          func(o *Options) { o.Expect = []string{"status == 200"} },
		"degraded_if":     func(o *Options) { o.DegradedIf = []string{"rows"} },
	} {
		o := &Options{QueryOptions: probe.QueryOptions{Address: "db.example.com:3306", User: "probe", Query: "SELECT 1"}}
		change(o)
		probetest.WantOptionError(t, &Kind, o, key)
	}
	// A file could be sent to a server of whoever wrote the check.
	o := &Options{QueryOptions: probe.QueryOptions{Address: "db.example.com:3306", User: "probe", Query: "SELECT 1", PasswordFile: "/dev/null"}}
	_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "mysql", Every: time.Second, Timeout: time.Second, Options: o, Strict: true})
	if err == nil || !strings.Contains(err.Error(), probe.ErrStrictFile.Error()) {
		t.Errorf("strict: got %v", err)
	}
}

// A probe to an address that a strict check may not have makes no connection.
func TestMySQLStrict(t *testing.T) {
	touched := make(chan bool, 1)
	address := probetest.Serve(t, func(*net.TCPConn) { touched <- true })
	o := &Options{QueryOptions: probe.QueryOptions{Address: address, User: "probe", Query: "SELECT 1"}}
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "mysql", Every: time.Minute, Timeout: time.Second, Options: o, Strict: true})
	probetest.OK(t, err)
	r, _ := c.Run(context.Background())
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "loopback addresses are not probed")
	if len(touched) > 0 {
		t.Error("it was connected to")
	}
}

// FuzzMySQL lets a server say anything, as packets: no panic, and an error is
// one that a result can be made of.
func FuzzMySQL(f *testing.F) {
	f.Add(mysqlHello(sha2Cached, false), []byte("\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00"))
	f.Add(mysqlHello(native, false), []byte("\x18\x00\x00\x02\xfemysql_native_password\x00"))
	f.Add([]byte("\xff\x10\x04#08004Too many connections"), []byte{})
	f.Fuzz(func(t *testing.T, hello, rest []byte) {
		g, err := readGreeting(append(hello, 0)) // a packet is never empty
		if err != nil {
			if !errors.Is(err, errNotMySQL) || g.nonce != nil {
				t.Fatalf("got %+v, %v", g, err)
			}
			return
		}
		a, b := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, b) }()
		defer b.Close()
		defer a.Close()
		talk := newTalk(a, &probe.Trail{})
		talk.in.Reset(bytes.NewReader(rest))
		talk.number = 2
		if talk.admitted(g.plugin, "x") != nil {
			return
		}
		got := rows{Rowset: probe.Rowset{Null: true}, first: map[string]any{}}
		talk.number = 1
		if err := talk.answers(&got); err == nil && got.Rows == 0 && got.Value != "" {
			t.Errorf("got %+v", got)
		}
	})
}
