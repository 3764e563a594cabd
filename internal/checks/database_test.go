package checks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// needProgram returns the first program that one of the patterns names, or
// skips: tests of kinds that ask servers run against the real ones.
func needProgram(t *testing.T, debian string, patterns ...string) string {
	t.Helper()
	for _, pattern := range patterns {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[len(found)-1]
		}
	}
	if os.Getenv("STATUSBOT_TEST_EXTRAS") == "1" {
		t.Fatalf("the server is not here; install Debian's package %s", debian)
	}
	t.Skipf("the server is not here; Debian's package %s has it", debian)
	return ""
}

// humble makes a command run as nobody if the test runs as root, which some
// servers refuse.
func humble(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if uid, gid, ok := nobody(t); ok {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
}

func nobody(t *testing.T) (uid, gid int, needed bool) {
	t.Helper()
	if os.Getuid() != 0 {
		return 0, 0, false
	}
	who, err := user.Lookup("nobody")
	check(t, err)
	uid, err = strconv.Atoi(who.Uid)
	check(t, err)
	gid, err = strconv.Atoi(who.Gid)
	check(t, err)
	return uid, gid, true
}

// humbleDir returns a folder that a humble command owns.
func humbleDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if uid, gid, ok := nobody(t); ok {
		// The parent is a folder of this test's own, too.
		check(t, os.Chown(filepath.Dir(dir), uid, gid))
		check(t, os.Chown(dir, uid, gid))
	}
	return dir
}

// startDatabase starts a humble server and stops it by the signal at the end.
func startDatabase(t *testing.T, dir string, end os.Signal, program string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(program, args...)
	humble(t, cmd)
	return cmd, start(t, cmd, dir, end)
}

// startServer is startDatabase for a server that runs as who runs the tests.
func startServer(t *testing.T, dir string, end os.Signal, program string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(program, args...)
	return cmd, start(t, cmd, dir, end)
}

func start(t *testing.T, cmd *exec.Cmd, dir string, end os.Signal) *bytes.Buffer {
	t.Helper()
	log := &bytes.Buffer{} // read after Wait only
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(end)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), log)
		}
	})
	return log
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(t, err)
	return port
}

// untilPass probes until a server that was started answers as expected.
func untilPass(t *testing.T, kind string, options any) {
	t.Helper()
	var r Result
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if r = probing(t, kind, options, 5*time.Second); r.Outcome == Pass {
			return
		}
		time.Sleep(20 * time.Millisecond) // between two looks at the condition
	}
	t.Fatalf("the server does not come up: %+v", r)
}

// authority writes a certificate authority, and a certificate of its for
// 127.0.0.1 and localhost with its key, to files in the folder.
func authority(t *testing.T, dir, name string) (caFile, certFile, keyFile string) {
	t.Helper()
	sign := func(subject string, isCA bool, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(t, err)
		c := &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: subject}, IsCA: isCA, BasicConstraintsValid: true,
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		}
		if !isCA {
			c.IPAddresses, c.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
		}
		if parent == nil {
			parent, by = c, key
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
		check(t, err)
		c, err = x509.ParseCertificate(der)
		check(t, err)
		return c, key
	}
	write := func(file, kind string, der []byte) string {
		path := filepath.Join(dir, file)
		check(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		if uid, gid, ok := nobody(t); ok {
			check(t, os.Chown(path, uid, gid))
		}
		return path
	}
	ca, caKey := sign(name, true, nil, nil)
	cert, key := sign("server", false, ca, caKey)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	return write(name+"-ca.pem", "CERTIFICATE", ca.Raw), write(name+"-cert.pem", "CERTIFICATE", cert.Raw), write(name+"-key.pem", "PRIVATE KEY", keyDER)
}

// noSecret fails if a result shows the secret.
func noSecret(t *testing.T, r Result, secret string) {
	t.Helper()
	if strings.Contains(r.Summary, secret) || r.Evidence != nil && strings.Contains(r.Evidence.Output, secret) {
		t.Errorf("the password is shown: %q %+v", r.Summary, r.Evidence)
	}
}

// wantOptionError fails unless the key of a check's options is refused.
func wantOptionError(t *testing.T, kind string, options any, key string) {
	t.Helper()
	_, err := Compile(Check{ID: "it", Kind: kind, Every: time.Second, Timeout: time.Second, Options: options})
	if wrong, ok := errors.AsType[*OptionError](err); !ok || wrong.Key != key {
		t.Errorf("%s: got %v", key, err)
	}
}
