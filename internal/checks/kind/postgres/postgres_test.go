package postgres

import (
	"context"
	"encoding/binary"
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

const postgresSecret = "correct horse"

// startPostgres starts a server that speaks TLS and wants a password, and
// returns options that it answers to.
func startPostgres(t *testing.T) (o Options, server *exec.Cmd, dir string) {
	t.Helper()
	program := probetest.NeedProgram(t, "postgresql", "/usr/lib/postgresql/*/bin/postgres")
	dir = probetest.HumbleDir(t)
	data := filepath.Join(dir, "data")
	secret := filepath.Join(dir, "password")
	probetest.OK(t, os.WriteFile(secret, []byte(postgresSecret+"\n"), 0o644))
	initdb := exec.Command(filepath.Join(filepath.Dir(program), "initdb"), "-D", data, "-U", "probe", "--pwfile", secret,
		"-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	initdb.Dir = dir
	probetest.Humble(t, initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	ca, cert, key := probetest.Authority(t, dir, "good")
	// Who shows a certificate for "server" is let in as such without a password.
	rules := filepath.Join(data, "pg_hba.conf")
	others, err := os.ReadFile(rules)
	probetest.OK(t, err)
	probetest.OK(t, os.WriteFile(rules, append([]byte("hostssl all server 127.0.0.1/32 cert\n"), others...), 0o600))
	port := probetest.FreePort(t)
	// SIGQUIT is the immediate shutdown.
	server, _ = probetest.StartDatabase(t, dir, syscall.SIGQUIT, program, "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories="+dir, "-c", "fsync=off", "-c", "ssl=on", "-c", "ssl_ca_file="+ca, "-c", "ssl_cert_file="+cert, "-c", "ssl_key_file="+key)
	o = Options{QueryOptions: probe.QueryOptions{
		Address: "127.0.0.1:" + port, User: "probe", PasswordFile: secret, Database: "postgres",
		SSLMode: probe.SSLVerifyFull, CAFile: ca, Query: "SELECT 1",
	}}
	probetest.UntilPass(t, &Kind, &o)
	return o, server, dir
}

func TestPostgres(t *testing.T) {
	good, server, dir := startPostgres(t)
	// The kind tls asks the same server to go over.
	probetest.WantResult(t, probetest.Probing(t, &tlskind.Kind, &tlskind.Options{Address: good.Address, CAFile: good.CAFile, StartTLS: "postgres",
		Options: claim.Options{Expect: probetest.Said("certificate.days_left >= 0 && version == 'TLS 1.3'")}}, time.Minute), checks.Pass, "", "the certificate expires in ")
	otherCA, otherCert, otherKey := probetest.Authority(t, dir, "other")
	foreign := probe.ProofOptions{ClientCertFile: otherCert, ClientKeyFile: otherKey}
	with := func(change func(*Options)) *Options {
		o := good
		change(&o)
		return &o
	}
	query := func(sql string) func(*Options) { return func(o *Options) { o.Query = sql } }
	probetest.WantResult(t, probetest.Probing(t, &Kind, with(query("CREATE ROLE server LOGIN")), 5*time.Second), checks.Pass, "", "0 rows")
	_, port, err := net.SplitHostPort(good.Address)
	probetest.OK(t, err)
	socket := filepath.Join(dir, ".s.PGSQL."+port)
	certified := probe.ProofOptions{ClientCertFile: filepath.Join(dir, "good-cert.pem"), ClientKeyFile: filepath.Join(dir, "good-key.pem")}
	named := func(mode, name string) func(*Options) {
		return func(o *Options) { o.SSLMode, o.ServerName = mode, name }
	}
	local := func(path string) func(*Options) { return func(o *Options) { o.Address, o.CAFile = path, "" } }
	probetest.WantResult(t, probetest.Probing(t, &Kind, with(query("CREATE ROLE few LOGIN CONNECTION LIMIT 0 PASSWORD '"+postgresSecret+"'")), 5*time.Second), checks.Pass, "", "0 rows")

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
		{"authority alone", named(probe.SSLVerifyCA, "db.example.com"), long, checks.Pass, "", "1 row"},
		{"authority and name", named(probe.SSLVerifyFull, "localhost"), long, checks.Pass, "", "1 row"},
		{"another name", named(probe.SSLVerifyFull, "db.example.com"), long, checks.Fail, checks.ReasonTLS, `the certificate is for localhost, 127.0.0.1, not "db.example.com"`},
		{"another authority", func(o *Options) { o.SSLMode, o.CAFile = probe.SSLVerifyCA, otherCA }, long, checks.Fail, checks.ReasonTLS, "signed by an unknown authority"},
		{"client certificate", func(o *Options) { o.User, o.PasswordFile, o.ProofOptions = "server", "", certified }, long, checks.Pass, "", "1 row"},
		{"client certificate, any server", func(o *Options) {
			o.User, o.PasswordFile, o.ProofOptions, o.SSLMode, o.CAFile = "server", "", certified, probe.SSLRequire, ""
		}, long, checks.Pass, "", "1 row"},
		{"no client certificate", func(o *Options) { o.User, o.PasswordFile = "server", "" }, long, checks.Fail, checks.ReasonStatus, "connection requires a valid client certificate (28000)"},
		{"client certificate of somebody else", func(o *Options) { o.User, o.ProofOptions = "server", foreign }, long, checks.Fail, checks.ReasonTLS, "certificate"},
		{"socket", func(o *Options) {
			local(socket)(o)
			o.Expect = []string{"certificate == null"}
		}, long, checks.Pass, "", "1 row"},
		{"socket, its folder", local(dir), long, checks.Fail, checks.ReasonConnect, "no connection: no such file or directory"}, // it has that of another port
		{"password itself", func(o *Options) { o.Password, o.PasswordFile = postgresSecret, "" }, long, checks.Pass, "", "1 row"},
		{"values", func(o *Options) {
			o.Query, o.ExpectRowsMin, o.ExpectValue = "SELECT * FROM (VALUES ('ok', 1), ('no', 2)) v", 2, new("ok")
		}, long, checks.Pass, "", "2 rows"},
		{"first that returns rows", func(o *Options) { o.Query, o.ExpectValue = "SET work_mem = '1MB'; SELECT 'a'; SELECT 'b'", new("a") }, long, checks.Pass, "", "1 row"},
		{"claims", func(o *Options) {
			o.Query = "SELECT 'ok' AS state, NULL AS lag, 7 AS n UNION ALL SELECT 'no', '1', 8"
			o.Expect = []string{"rows == 2 && row.state == 'ok' && row.lag == null && int(row.n) == 7 && value == 'ok' && latency > duration('0s') && certificate.days_left >= 0 && '127.0.0.1' in certificate.names"}
		}, long, checks.Pass, "", "2 rows"},
		{"false claim", func(o *Options) { o.Expect = []string{"int(value) > 1"} }, long, checks.Fail, checks.ReasonAssertion, "int(value) > 1 is false"},
		{"certificate to expire", func(o *Options) { o.DegradedIf = []string{"certificate.days_left < 100000"} }, long, checks.Degraded, checks.ReasonAssertion, "certificate.days_left is "},
		{"no certificate", func(o *Options) {
			o.SSLMode, o.CAFile, o.Expect = probe.SSLDisable, "", []string{"certificate == null"}
		}, long, checks.Pass, "", "1 row"},
		{"password in a row", func(o *Options) { o.Query, o.Expect = "SELECT '"+postgresSecret+"'", []string{"value == 'x'"} }, long, checks.Fail, checks.ReasonAssertion, "value is"},
		{"wrong value", func(o *Options) { o.Query, o.ExpectValue = "SELECT 'standby'", new("primary") }, long, checks.Fail, checks.ReasonAssertion, `the value is "standby", expected "primary"`},
		{"empty value", func(o *Options) { o.Query, o.ExpectValue = "SELECT ''", new("") }, long, checks.Pass, "", "1 row"},
		{"not the empty value", func(o *Options) { o.Query, o.ExpectValue = "SELECT 'x'", new("") }, long, checks.Fail, checks.ReasonAssertion, `the value is "x", expected ""`},
		{"null", func(o *Options) { o.Query, o.ExpectValue = "SELECT NULL", new("1") }, long, checks.Fail, checks.ReasonAssertion, `the value is NULL, expected "1"`},
		{"no row", func(o *Options) { o.Query, o.ExpectValue = "SELECT 1 WHERE false", new("1") }, long, checks.Fail, checks.ReasonAssertion, `no row, expected the value "1"`},
		{"few rows", func(o *Options) { o.ExpectRowsMin = 2 }, long, checks.Fail, checks.ReasonAssertion, "1 row, expected at least 2"},
		{"wrong password", func(o *Options) { o.Password, o.PasswordFile = "hunter2", "" }, long, checks.Fail, checks.ReasonStatus, `password authentication failed for user "probe" (28P01)`},
		{"no password", func(o *Options) { o.PasswordFile = "" }, long, checks.Fail, checks.ReasonStatus, "(28P01)"},
		{"wrong database", func(o *Options) { o.Database = "nowhere" }, long, checks.Fail, checks.ReasonStatus, `database "nowhere" does not exist (3D000)`},
		{"too many connections", func(o *Options) { o.User = "few" }, long, checks.Fail, checks.ReasonStatus, `too many connections for role "few" (53300)`},
		{"bad query", query("SELEKT 1"), long, checks.Fail, checks.ReasonStatus, `syntax error at or near "SELEKT" (42601)`},
		{"error after a row", query("SELECT 1/(2-n) FROM generate_series(1,2) n"), long, checks.Fail, checks.ReasonStatus, "division by zero (22012)"},
		{"password in a message", query(`SELECT "` + postgresSecret + `"`), long, checks.Fail, checks.ReasonStatus, `column "(secret)" does not exist (42703)`},
		{"password in a value", func(o *Options) { o.Query, o.ExpectValue = "SELECT '"+postgresSecret+"'", new("1") }, long, checks.Fail, checks.ReasonAssertion, `the value is "(secret)"`},
		{"long row", query("SELECT repeat('x', 70000)"), long, checks.Unknown, checks.ReasonInternal, "longer than the 64 KiB"},
		{"wrong authority", func(o *Options) { o.CAFile = otherCA }, long, checks.Fail, checks.ReasonTLS, "the certificate is signed by an unknown authority"},
		{"slow", func(o *Options) { o.Query, o.DegradedOver = "SELECT pg_sleep(0.05)", 50*time.Millisecond }, long, checks.Degraded, checks.ReasonLatency, "limit 50 ms"},
		{"too slow", func(o *Options) {
			o.Query, o.DegradedOver, o.FailOver = "SELECT pg_sleep(0.05)", time.Millisecond, 50*time.Millisecond
		}, long, checks.Fail, checks.ReasonLatency, "limit 50 ms"},
		{"time-out", query("SELECT pg_sleep(60)"), 500 * time.Millisecond, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Until(t, &Kind, with(tt.change), tt.timeout, tt.summary)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, postgresSecret)
			probetest.NoSecret(t, r, "hunter2")
			if r.Outcome != checks.Pass && r.Reason != checks.ReasonInternal && (r.Evidence == nil || r.Evidence.Remote != good.Address && !strings.HasSuffix(r.Evidence.Remote, ".s.PGSQL.5432")) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("phases", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, with(query("SELECT pg_sleep(0.02)")), long)
		if r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte <= 0 {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("a query cut off does not linger", func(t *testing.T) {
		compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "postgres", Every: time.Minute, Timeout: 30 * time.Second, Options: with(query("SELECT pg_sleep(61)"))})
		probetest.OK(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan bool)
		go func() {
			_, ok := compiled.Run(ctx)
			done <- ok
		}()
		sleepers := with(func(o *Options) {
			o.Query, o.ExpectValue = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%' AND state = 'active'", new("1")
		})
		probetest.UntilPass(t, &Kind, sleepers)
		cancel()
		if <-done {
			t.Error("a probe that was cut off has a result")
		}
		sleepers.ExpectValue = new("0") // this one, and that of the time-out above
		probetest.UntilPass(t, &Kind, sleepers)
	})
	t.Run("password file", func(t *testing.T) {
		gone := filepath.Join(t.TempDir(), "gone")
		probetest.OK(t, os.WriteFile(gone, []byte(postgresSecret), 0o600))
		compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "postgres", Every: time.Minute, Timeout: long,
			Source: checks.Source{File: filepath.Join(filepath.Dir(gone), "checks.yaml")}, Options: with(func(o *Options) { o.PasswordFile = "gone" })})
		probetest.OK(t, err)
		r, _ := compiled.Run(context.Background())
		probetest.WantResult(t, r, checks.Pass, "", "1 row")
		probetest.OK(t, os.Remove(gone))
		r, _ = compiled.Run(context.Background())
		probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the password's file cannot be read")
	})
	t.Run("shutting down", func(t *testing.T) {
		// The smart shutdown waits for the sessions that there are, and lets
		// nobody else in.
		ctx, cancel := context.WithCancel(context.Background())
		compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "postgres", Every: time.Minute, Timeout: 30 * time.Second, Options: with(query("SELECT pg_sleep(62)"))})
		probetest.OK(t, err)
		done := make(chan bool)
		go func() {
			_, ok := compiled.Run(ctx)
			done <- ok
		}()
		sleepers := with(func(o *Options) {
			o.Query, o.ExpectValue = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(62)'", new("1")
		})
		probetest.UntilPass(t, &Kind, sleepers)
		probetest.OK(t, server.Process.Signal(syscall.SIGTERM))
		r := untilOther(t, with(func(*Options) {}))
		probetest.WantResult(t, r, checks.Fail, checks.ReasonStatus, "the database system is shutting down (57P03)")
		cancel()
		<-done
		if err := server.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
		probetest.WantResult(t, probetest.Probing(t, &Kind, &good, long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
}

// untilOther probes until the outcome is not a pass any more.
func untilOther(t *testing.T, o *Options) checks.Result {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if r := probetest.Probing(t, &Kind, o, 5*time.Second); r.Outcome != checks.Pass {
			return r
		}
	}
	t.Fatal("the server goes on")
	return checks.Result{}
}

func TestPostgresStrangers(t *testing.T) {
	say := func(text string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1024))
			io.WriteString(c, text)
			probetest.UntilClosed(c)
		})
	}
	http := say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	plain := say("N")
	silent := probetest.Serve(t, probetest.UntilClosed)
	closing := probetest.Serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1024)) })
	fields := "SFATAL\x00C57P03\x00Mthe database system is starting up\x00\x00"
	starting := say("E" + string(binary.BigEndian.AppendUint32(nil, uint32(4+len(fields)))) + fields)
	const long, short = time.Minute, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address, sslmode string
		timeout                time.Duration
		reason                 checks.Reason
		summary                string
	}{
		{"http", http, probe.SSLRequire, long, checks.ReasonProtocol, "the peer does not speak PostgreSQL"},
		{"http, plain", http, probe.SSLDisable, long, checks.ReasonProtocol, "the peer does not speak PostgreSQL, or"},
		{"no TLS", plain, probe.SSLRequire, long, checks.ReasonTLS, "the server does not offer TLS"},
		{"silent", silent, probe.SSLVerifyFull, short, checks.ReasonTimeout, "while negotiating TLS"},
		{"silent, plain", silent, probe.SSLDisable, short, checks.ReasonTimeout, "while logging in"},
		{"closes", closing, probe.SSLRequire, long, checks.ReasonReset, "the peer closed the connection while negotiating TLS"},
		{"closes, plain", closing, probe.SSLDisable, long, checks.ReasonReset, "the peer closed the connection while logging in"},
		{"starting", starting, probe.SSLDisable, long, checks.ReasonStatus, "the database system is starting up (57P03)"},
		{"error before TLS", starting, probe.SSLRequire, long, checks.ReasonStatus, errNoRoom.Error()},
		{"refused", "127.0.0.1:" + probetest.FreePort(t), probe.SSLRequire, long, checks.ReasonConnect, "connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := probetest.Until(t, &Kind, &Options{QueryOptions: probe.QueryOptions{Address: tt.address, User: "probe", Password: postgresSecret, SSLMode: tt.sslmode, Query: "SELECT 1"}}, tt.timeout, tt.summary)
			probetest.WantResult(t, r, checks.Fail, tt.reason, tt.summary)
			probetest.NoSecret(t, r, postgresSecret)
		})
	}
	t.Run("name", func(t *testing.T) {
		probetest.NameServer(t, probetest.NoSuchName)
		r := probetest.Probing(t, &Kind, &Options{QueryOptions: probe.QueryOptions{Address: "db.invalid:5432", User: "probe", Query: "SELECT 1"}}, long)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonDNS, "the name does not exist")
	})
}

func TestPostgresOptions(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	probetest.OK(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for key, change := range map[string]func(*Options){
		"address":         func(o *Options) { o.Address = "db.example.com" },
		"user":            func(o *Options) { o.User = "" },
		"query":           func(o *Options) { o.Query = "" },
		"sslmode":         func(o *Options) { o.SSLMode = "prefer" },
		"server_name":     func(o *Options) { o.SSLMode, o.ServerName = probe.SSLDisable, "db" },
		"ca_file":         func(o *Options) { o.CAFile = empty },
		"expect_rows_min": func(o *Options) { o.ExpectRowsMin = -1 },
		"password_file":   func(o *Options) { o.PasswordFile = empty },
		"degraded_over":   func(o *Options) { o.DegradedOver = time.Minute },
		"fail_over":       func(o *Options) { o.FailOver = -1 },
	} {
		o := &Options{QueryOptions: probe.QueryOptions{Address: "db.example.com:5432", User: "probe", Query: "SELECT 1"}}
		if _, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "postgres", Every: time.Second, Timeout: time.Second, Options: o}); err != nil {
			t.Errorf("good options: %v", err)
		}
		change(o)
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "postgres", Every: time.Second, Timeout: time.Second, Options: o})
		probetest.WantOption(t, err, key)
	}
	// A file could be sent to a server of whoever wrote the check.
	for _, o := range []*Options{{QueryOptions: probe.QueryOptions{PasswordFile: "/dev/null"}}, {QueryOptions: probe.QueryOptions{CAFile: "/dev/null"}}} {
		o.Address, o.User, o.Query = "db.example.com:5432", "probe", "SELECT 1"
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "postgres", Every: time.Second, Timeout: time.Second, Options: o, Strict: true})
		if err == nil || !strings.Contains(err.Error(), probe.ErrStrictFile.Error()) {
			t.Errorf("strict: got %v", err)
		}
	}
}

// TestSockets: a folder is that of the usual socket, and what means nothing with one is
// refused.
func TestSockets(t *testing.T) {
	for address, want := range map[string]string{
		"/run/postgresql":               "/run/postgresql/.s.PGSQL.5432",
		"/run/postgresql/":              "/run/postgresql/.s.PGSQL.5432",
		"/run/postgresql/.s.PGSQL.5433": "/run/postgresql/.s.PGSQL.5433",
		"db.example.com:5432":           "db.example.com:5432",
	} {
		if got := socketIn(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	for key, change := range map[string]func(*Options){
		"address":          func(o *Options) { o.Address = "/" + strings.Repeat("a", 107) },
		"sslmode":          func(o *Options) { o.SSLMode = probe.SSLRequire },
		"ca_file":          func(o *Options) { o.CAFile = "ca.pem" },
		"client_cert_file": func(o *Options) { o.ClientCertFile = "cert.pem" },
	} {
		o := &Options{QueryOptions: probe.DefaultQuery()}
		o.Address, o.User = "/run/postgresql", "probe"
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "postgres", Every: time.Second, Timeout: time.Second, Options: o})
		probetest.OK(t, err)
		change(o)
		probetest.WantOptionError(t, &Kind, o, key)
	}
	probetest.WantOptionError(t, &Kind, &Options{QueryOptions: probe.QueryOptions{Address: "/run/postgresql ", User: "probe", Query: "SELECT 1"}}, "address")
	o := &Options{QueryOptions: probe.DefaultQuery()}
	o.Address, o.User = "/run/postgresql", "probe"
	_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "postgres", Every: time.Second, Timeout: time.Second, Options: o, Strict: true})
	probetest.WantOption(t, err, "address")
}
