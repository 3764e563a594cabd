//go:build unix

package probe

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
)

func TestFilesAsEditorsAndToolsLeaveThem(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	cert := file("cert.pem", "\xef\xbb\xbf"+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: selfSigned(t)})))
	if err := addRoots(x509.NewCertPool(), "ca_file", cert); err != nil {
		t.Errorf("a byte order mark before PEM: %v", err)
	}
	locked := file("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})))
	if _, err := NewClientPair(checks.Check{}, "", cert, locked, KeyOptions{}); err == nil || !strings.Contains(err.Error(), "client_key_password is empty, and the client's key has a password") {
		t.Errorf("a key with a password: %v", err)
	}
	pipe := filepath.Join(dir, "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	if _, err := NewPassword(checks.Check{}, "", dir, "pipe"); err == nil { // does not wait for who never writes
		t.Error("a pipe is taken for a file of a password")
	}
	if err := addRoots(x509.NewCertPool(), "ca_file", pipe); err == nil || !strings.Contains(err.Error(), "a pipe") {
		t.Errorf("a pipe for ca_file: %v", err)
	}
}

func selfSigned(t *testing.T) []byte {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "self"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	return der
}

func TestOwnLackIsNoFailureOfThePeer(t *testing.T) {
	lack := errors.New("tls: failed to parse certificate from server: x509: unsupported elliptic curve")
	if r := (&Trail{Stage: Shaking}).Failed(t.Context(), lack); r.Outcome != checks.Unknown || !strings.Contains(r.Summary, "statusbot cannot judge") {
		t.Errorf("got %+v", r)
	}
}
