//go:build linux

package probetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"

	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// NeedPackage skips a test if a file of a Debian package is not there.
func NeedPackage(t *testing.T, file, pkg string) {
	t.Helper()
	if _, err := os.Stat(file); err == nil {
		return
	}
	longtest.Lacks(t, "%s is not installed: the test needs Debian's package %s", file, pkg)
}

// UnusedPorts returns ports that are the test's own over TCP, and free over UDP:
// they are below those that the system gives to outgoing connections (from
// 32768 on).
func UnusedPorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range 1000 {
		number := 20000 + mathrand.IntN(10000)
		h, err := port.HoldAt(number)
		if err != nil {
			continue
		}
		t.Cleanup(func() { OK(t, h.Close()) })
		if u, err := net.ListenPacket("udp", Local(number)); err == nil {
			u.Close()
			if ports = append(ports, number); len(ports) == n {
				return ports
			}
		}
	}
	t.Fatal("no free ports between 20000 and 30000")
	return nil
}

// Local is a port of this machine.
func Local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// StartListening runs a server until the test ends or stop is called, and
// returns once it accepts a connection on the port.
func StartListening(t *testing.T, port int, program string, args ...string) (stop func()) {
	t.Helper()
	cmd := exec.Command(program, args...)
	log := filepath.Join(t.TempDir(), "log")
	said, err := os.Create(log)
	OK(t, err)
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	// It must not outlive the tests, whatever ends them.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	OK(t, cmd.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-done
	}
	t.Cleanup(func() {
		stop()
		if text, err := os.ReadFile(log); err == nil && t.Failed() {
			t.Logf("%s:\n%s", program, text)
		}
	})
	limit := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("tcp", Local(port)); err == nil {
			conn.Close()
			return stop
		}
		select {
		case <-tick.C:
		case <-done:
			t.Fatalf("%s ended instead of answering", program)
		case <-limit:
			t.Fatalf("%s does not answer", program)
		}
	}
}

// TlsAuthority issues the certificates of a test.
type TlsAuthority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	File string // PEM of its own certificate
}

// NewTLSAuthority makes one whose own certificate is valid for that long.
func NewTLSAuthority(t *testing.T, name string, valid time.Duration) *TlsAuthority {
	t.Helper()
	a := &TlsAuthority{t: t, dir: t.TempDir()}
	a.File, _ = a.write(name, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(valid),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, true)
	return a
}

// Issue writes a certificate for a host, which ends after the given time
// from now, and its key.
func (a *TlsAuthority) Issue(host string, valid time.Duration) (cert, key string) {
	a.t.Helper()
	return a.write(host+valid.String(), leafOf(host, valid), false)
}

// SelfSigned writes a certificate that is its own issuer.
func (a *TlsAuthority) SelfSigned(host string) (cert, key string) {
	a.t.Helper()
	other := &TlsAuthority{t: a.t, dir: a.t.TempDir()}
	return other.write(host, leafOf(host, 90*probe.Day), true)
}

func leafOf(host string, valid time.Duration) *x509.Certificate {
	c := &x509.Certificate{Subject: pkix.Name{CommonName: host, Organization: []string{"Acme"}}, NotAfter: time.Now().Add(valid)}
	if ip := net.ParseIP(host); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{host}
	}
	return c
}

func (a *TlsAuthority) write(name string, c *x509.Certificate, self bool) (certFile, keyFile string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	OK(a.t, err)
	c.SerialNumber = big.NewInt(mathrand.Int64())
	c.NotBefore = time.Now().Add(-100 * probe.Day)
	parent, signer := a.cert, a.key
	if self {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	OK(a.t, err)
	if self {
		a.cert, err = x509.ParseCertificate(der)
		OK(a.t, err)
		a.key = key
	}
	secret, err := x509.MarshalECPrivateKey(key)
	OK(a.t, err)
	certFile, keyFile = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
	OK(a.t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	OK(a.t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600))
	return certFile, keyFile
}

// ServeTLS accepts handshakes until the test ends.
func ServeTLS(t *testing.T, cfg *tls.Config) (address string) {
	t.Helper()
	return Serve(t, func(c *net.TCPConn) {
		if tls.Server(c, cfg).Handshake() == nil {
			UntilClosed(c)
		}
	})
}
