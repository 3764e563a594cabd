package checks

import (
	"context"
	"encoding/binary"
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
)

const postgresSecret = "correct horse"

// startPostgres starts a server that speaks TLS and wants a password, and
// returns options that it answers to.
func startPostgres(t *testing.T) (o PostgresOptions, server *exec.Cmd, dir string) {
	t.Helper()
	program := needProgram(t, "postgresql", "/usr/lib/postgresql/*/bin/postgres")
	dir = humbleDir(t)
	data := filepath.Join(dir, "data")
	secret := filepath.Join(dir, "password")
	check(t, os.WriteFile(secret, []byte(postgresSecret+"\n"), 0o644))
	initdb := exec.Command(filepath.Join(filepath.Dir(program), "initdb"), "-D", data, "-U", "probe", "--pwfile", secret,
		"-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	initdb.Dir = dir
	humble(t, initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	ca, cert, key := authority(t, dir, "good")
	port := freePort(t)
	// SIGQUIT is the immediate shutdown.
	server, _ = startDatabase(t, dir, syscall.SIGQUIT, program, "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "ssl=on", "-c", "ssl_cert_file="+cert, "-c", "ssl_key_file="+key)
	o = PostgresOptions{QueryOptions{
		Address: "127.0.0.1:" + port, User: "probe", PasswordFile: secret, Database: "postgres",
		SSLMode: sslVerifyFull, CAFile: ca, Query: "SELECT 1",
	}}
	untilPass(t, "postgres", &o)
	return o, server, dir
}

func TestPostgres(t *testing.T) {
	good, server, dir := startPostgres(t)
	otherCA, _, _ := authority(t, dir, "other")
	with := func(change func(*PostgresOptions)) *PostgresOptions {
		o := good
		change(&o)
		return &o
	}
	query := func(sql string) func(*PostgresOptions) { return func(o *PostgresOptions) { o.Query = sql } }
	wantResult(t, probing(t, "postgres", with(query("CREATE ROLE few LOGIN CONNECTION LIMIT 0 PASSWORD '"+postgresSecret+"'")), 5*time.Second), Pass, "", "0 rows")

	const long = 5 * time.Second
	for _, tt := range []struct {
		name    string
		change  func(*PostgresOptions)
		timeout time.Duration
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"good", func(*PostgresOptions) {}, long, Pass, "", "1 row"},
		{"plain text", func(o *PostgresOptions) { o.SSLMode, o.CAFile = sslDisable, "" }, long, Pass, "", "1 row"},
		{"any certificate", func(o *PostgresOptions) { o.SSLMode, o.CAFile = sslRequire, "" }, long, Pass, "", "1 row"},
		{"by name", func(o *PostgresOptions) { o.Address = strings.Replace(o.Address, "127.0.0.1", "localhost", 1) }, long, Pass, "", "1 row"},
		{"password itself", func(o *PostgresOptions) { o.Password, o.PasswordFile = postgresSecret, "" }, long, Pass, "", "1 row"},
		{"values", func(o *PostgresOptions) {
			o.Query, o.ExpectRowsMin, o.ExpectValue = "SELECT * FROM (VALUES ('ok', 1), ('no', 2)) v", 2, "ok"
		}, long, Pass, "", "2 rows"},
		{"first that returns rows", func(o *PostgresOptions) { o.Query, o.ExpectValue = "SET work_mem = '1MB'; SELECT 'a'; SELECT 'b'", "a" }, long, Pass, "", "1 row"},
		{"wrong value", func(o *PostgresOptions) { o.Query, o.ExpectValue = "SELECT 'standby'", "primary" }, long, Fail, ReasonAssertion, `the value is "standby", expected "primary"`},
		{"null", func(o *PostgresOptions) { o.Query, o.ExpectValue = "SELECT NULL", "1" }, long, Fail, ReasonAssertion, `the value is NULL, expected "1"`},
		{"no row", func(o *PostgresOptions) { o.Query, o.ExpectValue = "SELECT 1 WHERE false", "1" }, long, Fail, ReasonAssertion, `no row, expected the value "1"`},
		{"few rows", func(o *PostgresOptions) { o.ExpectRowsMin = 2 }, long, Fail, ReasonAssertion, "1 row, expected at least 2"},
		{"wrong password", func(o *PostgresOptions) { o.Password, o.PasswordFile = "hunter2", "" }, long, Fail, ReasonStatus, `password authentication failed for user "probe" (28P01)`},
		{"no password", func(o *PostgresOptions) { o.PasswordFile = "" }, long, Fail, ReasonStatus, "(28P01)"},
		{"wrong database", func(o *PostgresOptions) { o.Database = "nowhere" }, long, Fail, ReasonStatus, `database "nowhere" does not exist (3D000)`},
		{"too many connections", func(o *PostgresOptions) { o.User = "few" }, long, Fail, ReasonStatus, `too many connections for role "few" (53300)`},
		{"bad query", query("SELEKT 1"), long, Fail, ReasonStatus, `syntax error at or near "SELEKT" (42601)`},
		{"error after a row", query("SELECT 1/(2-n) FROM generate_series(1,2) n"), long, Fail, ReasonStatus, "division by zero (22012)"},
		{"password in a message", query(`SELECT "` + postgresSecret + `"`), long, Fail, ReasonStatus, `column "(secret)" does not exist (42703)`},
		{"password in a value", func(o *PostgresOptions) { o.Query, o.ExpectValue = "SELECT '"+postgresSecret+"'", "1" }, long, Fail, ReasonAssertion, `the value is "(secret)"`},
		{"long row", query("SELECT repeat('x', 70000)"), long, Unknown, ReasonInternal, "longer than the 64 KiB"},
		{"wrong authority", func(o *PostgresOptions) { o.CAFile = otherCA }, long, Fail, ReasonTLS, "the certificate is signed by an unknown authority"},
		{"slow", func(o *PostgresOptions) { o.Query, o.DegradedOver = "SELECT pg_sleep(0.05)", 50*time.Millisecond }, long, Degraded, ReasonLatency, "limit 50 ms"},
		{"too slow", func(o *PostgresOptions) {
			o.Query, o.DegradedOver, o.FailOver = "SELECT pg_sleep(0.05)", time.Millisecond, 50*time.Millisecond
		}, long, Fail, ReasonLatency, "limit 50 ms"},
		{"time-out", query("SELECT pg_sleep(60)"), 500 * time.Millisecond, Fail, ReasonTimeout, "time-out after 500 ms while waiting for the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "postgres", with(tt.change), tt.timeout)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, postgresSecret)
			noSecret(t, r, "hunter2")
			if r.Outcome != Pass && r.Reason != ReasonInternal && (r.Evidence == nil || r.Evidence.Remote != good.Address) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("phases", func(t *testing.T) {
		r := probing(t, "postgres", with(query("SELECT pg_sleep(0.02)")), long)
		if r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte <= 0 {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("a query cut off does not linger", func(t *testing.T) {
		compiled, err := Compile(Check{ID: "it", Kind: "postgres", Every: time.Minute, Timeout: 30 * time.Second, Options: with(query("SELECT pg_sleep(61)"))})
		check(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan bool)
		go func() {
			_, ok := compiled.Run(ctx)
			done <- ok
		}()
		sleepers := with(func(o *PostgresOptions) {
			o.Query, o.ExpectValue = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%' AND state = 'active'", "1"
		})
		untilPass(t, "postgres", sleepers)
		cancel()
		if <-done {
			t.Error("a probe that was cut off has a result")
		}
		sleepers.ExpectValue = "0" // this one, and that of the time-out above
		untilPass(t, "postgres", sleepers)
	})
	t.Run("password file", func(t *testing.T) {
		gone := filepath.Join(t.TempDir(), "gone")
		check(t, os.WriteFile(gone, []byte(postgresSecret), 0o600))
		compiled, err := Compile(Check{ID: "it", Kind: "postgres", Every: time.Minute, Timeout: long,
			Source: Source{File: filepath.Join(filepath.Dir(gone), "checks.yaml")}, Options: with(func(o *PostgresOptions) { o.PasswordFile = "gone" })})
		check(t, err)
		r, _ := compiled.Run(context.Background())
		wantResult(t, r, Pass, "", "1 row")
		check(t, os.Remove(gone))
		r, _ = compiled.Run(context.Background())
		wantResult(t, r, Unknown, ReasonInternal, "the password's file cannot be read")
	})
	t.Run("shutting down", func(t *testing.T) {
		// The smart shutdown waits for the sessions that there are, and lets
		// nobody else in.
		ctx, cancel := context.WithCancel(context.Background())
		compiled, err := Compile(Check{ID: "it", Kind: "postgres", Every: time.Minute, Timeout: 30 * time.Second, Options: with(query("SELECT pg_sleep(62)"))})
		check(t, err)
		done := make(chan bool)
		go func() {
			_, ok := compiled.Run(ctx)
			done <- ok
		}()
		sleepers := with(func(o *PostgresOptions) {
			o.Query, o.ExpectValue = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(62)'", "1"
		})
		untilPass(t, "postgres", sleepers)
		check(t, server.Process.Signal(syscall.SIGTERM))
		r := untilOther(t, with(func(*PostgresOptions) {}))
		wantResult(t, r, Fail, ReasonStatus, "the database system is shutting down (57P03)")
		cancel()
		<-done
		if err := server.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
		wantResult(t, probing(t, "postgres", &good, long), Fail, ReasonConnect, "connection refused")
	})
}

// untilOther probes until the outcome is not a pass any more.
func untilOther(t *testing.T, o *PostgresOptions) Result {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if r := probing(t, "postgres", o, 5*time.Second); r.Outcome != Pass {
			return r
		}
	}
	t.Fatal("the server goes on")
	return Result{}
}

func TestPostgresStrangers(t *testing.T) {
	say := func(text string) string {
		return serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1024))
			io.WriteString(c, text)
			untilClosed(c)
		})
	}
	http := say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	plain := say("N")
	silent := serve(t, untilClosed)
	closing := serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1024)) })
	fields := "SFATAL\x00C57P03\x00Mthe database system is starting up\x00\x00"
	starting := say("E" + string(binary.BigEndian.AppendUint32(nil, uint32(4+len(fields)))) + fields)
	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address, sslmode string
		timeout                time.Duration
		reason                 Reason
		summary                string
	}{
		{"http", http, sslRequire, long, ReasonProtocol, "the peer does not speak PostgreSQL"},
		{"http, plain", http, sslDisable, long, ReasonProtocol, "the peer does not speak PostgreSQL, or"},
		{"no TLS", plain, sslRequire, long, ReasonTLS, "the server does not offer TLS"},
		{"silent", silent, sslVerifyFull, short, ReasonTimeout, "time-out after 150 ms while negotiating TLS"},
		{"silent, plain", silent, sslDisable, short, ReasonTimeout, "time-out after 150 ms while logging in"},
		{"closes", closing, sslRequire, long, ReasonReset, "the peer closed the connection while negotiating TLS"},
		{"closes, plain", closing, sslDisable, long, ReasonReset, "the peer closed the connection while logging in"},
		{"starting", starting, sslDisable, long, ReasonStatus, "the database system is starting up (57P03)"},
		{"refused", "127.0.0.1:" + freePort(t), sslRequire, long, ReasonConnect, "connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "postgres", &PostgresOptions{QueryOptions{Address: tt.address, User: "probe", Password: postgresSecret, SSLMode: tt.sslmode, Query: "SELECT 1"}}, tt.timeout)
			wantResult(t, r, Fail, tt.reason, tt.summary)
			noSecret(t, r, postgresSecret)
			if tt.timeout == short && r.Duration > 2*time.Second {
				t.Errorf("the time-out took %v", r.Duration)
			}
		})
	}
	t.Run("name", func(t *testing.T) {
		nameServer(t, noSuchName)
		r := probing(t, "postgres", &PostgresOptions{QueryOptions{Address: "db.invalid:5432", User: "probe", Query: "SELECT 1"}}, long)
		wantResult(t, r, Fail, ReasonDNS, "the name does not exist")
	})
}

func TestPostgresOptions(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	check(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for key, change := range map[string]func(*PostgresOptions){
		"address":         func(o *PostgresOptions) { o.Address = "db.example.com" },
		"user":            func(o *PostgresOptions) { o.User = "" },
		"query":           func(o *PostgresOptions) { o.Query = "" },
		"sslmode":         func(o *PostgresOptions) { o.SSLMode = "prefer" },
		"ca_file":         func(o *PostgresOptions) { o.CAFile = empty },
		"expect_rows_min": func(o *PostgresOptions) { o.ExpectRowsMin = -1 },
		"password_file":   func(o *PostgresOptions) { o.PasswordFile = empty },
		"degraded_over":   func(o *PostgresOptions) { o.DegradedOver = time.Minute },
		"fail_over":       func(o *PostgresOptions) { o.FailOver = -1 },
	} {
		o := &PostgresOptions{QueryOptions{Address: "db.example.com:5432", User: "probe", Query: "SELECT 1"}}
		if _, err := Compile(Check{ID: "it", Kind: "postgres", Every: time.Second, Timeout: time.Second, Options: o}); err != nil {
			t.Errorf("good options: %v", err)
		}
		change(o)
		_, err := Compile(Check{ID: "it", Kind: "postgres", Every: time.Second, Timeout: time.Second, Options: o})
		if wrong, ok := errors.AsType[*OptionError](err); !ok || wrong.Key != key {
			t.Errorf("%s: got %v", key, err)
		}
	}
	// A file could be sent to a server of whoever wrote the check.
	for _, o := range []*PostgresOptions{{QueryOptions{PasswordFile: "/dev/null"}}, {QueryOptions{CAFile: "/dev/null"}}} {
		o.Address, o.User, o.Query = "db.example.com:5432", "probe", "SELECT 1"
		_, err := Compile(Check{ID: "it", Kind: "postgres", Every: time.Second, Timeout: time.Second, Options: o, Strict: true})
		if err == nil || !strings.Contains(err.Error(), errStrictFile.Error()) {
			t.Errorf("strict: got %v", err)
		}
	}
}
