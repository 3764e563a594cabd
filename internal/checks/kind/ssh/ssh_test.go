//go:build linux

package ssh

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// key makes a key of a type, and returns its file and the line of its
// public half.
func key(t *testing.T, dir, name, kind string) (file, line string) {
	t.Helper()
	file = filepath.Join(dir, name)
	keygen := exec.Command(probetest.NeedProgram(t, "openssh-client", "/usr/bin/ssh-keygen"), "-q", "-t", kind, "-N", "", "-C", name, "-f", file)
	if out, err := keygen.CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file + ".pub")
	probetest.OK(t, err)
	return file, strings.TrimSpace(string(text))
}

// fingerprint is what ssh-keygen says of a key.
func fingerprint(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command("/usr/bin/ssh-keygen", "-lf", file+".pub").Output()
	probetest.OK(t, err)
	return strings.Fields(string(out))[1]
}

// server is an OpenSSH server with an Ed25519 and an RSA key, which lets
// the user that runs the test in by one key.
type server struct {
	address        string
	stop           func()
	ed25519, rsa   string // fingerprints
	edLine, rsLine string
	user, userKey  string
	otherKey       string // that nobody knows
}

func startSSH(t *testing.T) server {
	t.Helper()
	program := probetest.NeedProgram(t, "openssh-server", "/usr/sbin/sshd")
	dir := t.TempDir()
	var s server
	edFile, edLine := key(t, dir, "host_ed25519", "ed25519")
	rsaFile, rsaLine := key(t, dir, "host_rsa", "rsa")
	s.edLine, s.rsLine = edLine, rsaLine
	s.ed25519, s.rsa = fingerprint(t, edFile), fingerprint(t, rsaFile)
	var known string
	s.userKey, known = key(t, dir, "user", "ed25519")
	s.otherKey, _ = key(t, dir, "other", "ed25519")
	allowed := filepath.Join(dir, "allowed")
	probetest.OK(t, os.WriteFile(allowed, []byte(known+"\n"), 0o600))
	pam := "yes" // without root, sshd takes an account without a password for a locked one
	if os.Getuid() == 0 {
		pam = "no"
		probetest.OK(t, os.MkdirAll("/run/sshd", 0o755)) // where sshd goes to shed its rights
	}
	config := filepath.Join(dir, "sshd_config")
	probetest.OK(t, os.WriteFile(config, []byte("HostKey "+edFile+"\nHostKey "+rsaFile+"\nAuthorizedKeysFile "+allowed+`
StrictModes no
UsePAM `+pam+`
PidFile none
PermitRootLogin yes
KbdInteractiveAuthentication no
`), 0o600))
	who, err := user.Current()
	probetest.OK(t, err)
	s.user = who.Username
	port := probetest.UnusedPorts(t, 1)[0]
	s.address = probetest.Local(port)
	s.stop = probetest.StartListening(t, port, program, "-D", "-e", "-f", config, "-p", s.address[strings.LastIndex(s.address, ":")+1:], "-o", "ListenAddress=127.0.0.1")
	return s
}

func TestSSH(t *testing.T) {
	t.Parallel()
	s := startSSH(t)
	const long = time.Minute
	secret := "correct horse"
	for _, tt := range []struct {
		name    string
		options Options
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"any key", Options{}, checks.Pass, "", "SSH-2.0-OpenSSH_"},
		{"key is told", Options{}, checks.Pass, "", "ssh-ed25519 " + s.ed25519},
		{"fingerprint", Options{HostKey: []string{s.ed25519}}, checks.Pass, "", s.ed25519},
		{"one of two", Options{HostKey: []string{"SHA256:" + strings.Repeat("A", 43), s.ed25519}}, checks.Pass, "", s.ed25519},
		{"line of another type", Options{HostKey: []string{s.rsLine}}, checks.Pass, "", "ssh-rsa " + s.rsa},
		{"line of known_hosts", Options{HostKey: []string{"files.example.com,192.0.2.1 " + s.edLine}}, checks.Pass, "", s.ed25519},
		{"wrong fingerprint", Options{HostKey: []string{s.rsa}}, checks.Fail, checks.ReasonAssertion, "the host key is ssh-ed25519 " + s.ed25519 + ", which host_key does not have"},
		{"claims", Options{Options: claim.Options{Expect: []string{"banner.contains('OpenSSH') && host_key_type == 'ssh-ed25519' && latency < duration('5s')"}}}, checks.Pass, "", "OpenSSH"},
		{"claim is false", Options{Options: claim.Options{Expect: []string{"banner.contains('dropbear')"}}}, checks.Fail, checks.ReasonAssertion, `is false: banner is "SSH-2.0-OpenSSH`},
		{"degraded", Options{Options: claim.Options{DegradedIf: []string{"host_key == '" + s.ed25519 + "'"}}}, checks.Degraded, checks.ReasonAssertion, "is true"},
		{"slow", Options{LimitOptions: probe.LimitOptions{DegradedOver: time.Nanosecond}}, checks.Degraded, checks.ReasonLatency, "limit"},
		{"login by key", Options{User: s.user, KeyFile: s.userKey, HostKey: []string{s.ed25519}}, checks.Pass, "", "logged in, SSH-2.0-OpenSSH"},
		{"login by another key", Options{User: s.user, KeyFile: s.otherKey, HostKey: []string{s.ed25519}}, checks.Fail, checks.ReasonStatus, `the server refuses the login of "` + s.user + `" by key`},
		{"login by password", Options{User: s.user, Password: secret, HostKey: []string{s.ed25519}}, checks.Fail, checks.ReasonStatus, "by password"},
		{"no login to another server", Options{User: s.user, Password: secret, HostKey: []string{s.rsa}}, checks.Fail, checks.ReasonAssertion, "the host key is ssh-ed25519"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Address = s.address
			r := probetest.Probing(t, &Kind, &tt.options, long)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, secret)
			if r.Phases.Connect <= 0 || r.Phases.FirstByte <= 0 || r.Phases.Transfer <= 0 {
				t.Errorf("phases: %+v", r.Phases)
			}
			if r.Outcome != checks.Pass && (r.Evidence == nil || r.Evidence.Remote != s.address || !strings.Contains(r.Evidence.Output, s.ed25519)) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("no such type", func(t *testing.T) {
		_, line := key(t, t.TempDir(), "ecdsa", "ecdsa")
		r := probetest.Probing(t, &Kind, &Options{Address: s.address, HostKey: []string{line}}, long)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonAssertion, "the server has no host key of the types ecdsa-sha2-nistp256, it has ")
	})
	t.Run("key file is gone", func(t *testing.T) {
		gone := filepath.Join(t.TempDir(), "gone")
		text, err := os.ReadFile(s.userKey)
		probetest.OK(t, err)
		probetest.OK(t, os.WriteFile(gone, text, 0o600))
		compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "ssh", Every: time.Minute, Timeout: long,
			Options: &Options{Address: s.address, User: s.user, KeyFile: gone, HostKey: []string{s.ed25519}}})
		probetest.OK(t, err)
		r, _ := compiled.Run(t.Context())
		probetest.WantResult(t, r, checks.Pass, "", "logged in")
		probetest.OK(t, os.Remove(gone))
		r, _ = compiled.Run(t.Context())
		probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the key's file cannot be read")
	})
	t.Run("stopped", func(t *testing.T) {
		s.stop()
		probetest.WantResult(t, probetest.Probing(t, &Kind, &Options{Address: s.address}, long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
}

// TestSSHPassword logs in by password to the server side of the library:
// OpenSSH takes passwords of the machine's own users alone.
func TestSSHPassword(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	probetest.OK(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	probetest.OK(t, err)
	const secret = "correct horse"
	for _, ask := range []bool{false, true} { // the password, or a question as PAM asks it
		config := &ssh.ServerConfig{}
		if ask {
			config.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, challenge ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				answers, err := challenge("", "", []string{"Password: "}, []bool{false})
				if err != nil || answers[0] != secret {
					return nil, errors.New("wrong")
				}
				return nil, nil
			}
		} else {
			config.PasswordCallback = func(_ ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
				if string(given) != secret {
					return nil, errors.New("wrong")
				}
				return nil, nil
			}
		}
		config.AddHostKey(signer)
		address := probetest.Serve(t, func(c *net.TCPConn) {
			session, channels, requests, err := ssh.NewServerConn(c, config)
			if err != nil {
				return
			}
			go ssh.DiscardRequests(requests)
			for range 50 { // more than a client that does not listen would take
				if _, _, err := session.SendRequest("hostkeys-00@openssh.com", false, nil); err != nil {
					break
				}
			}
			for range channels {
			}
			_ = session.Wait()
		})
		o := Options{Address: address, User: "probe", Password: secret, HostKey: []string{ssh.FingerprintSHA256(signer.PublicKey())}}
		probetest.WantResult(t, probetest.Probing(t, &Kind, &o, 5*time.Second), checks.Pass, "", "logged in")
		o.Password = "hunter22"
		r := probetest.Probing(t, &Kind, &o, 5*time.Second)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonStatus, `the server refuses the login of "probe" by password`)
		probetest.NoSecret(t, r, "hunter22")
	}
}

// OpenSSH without PAM offers questions, and says no before it asks one.
func TestSSHNoPasswordIsTaken(t *testing.T) {
	t.Parallel()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	probetest.OK(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	probetest.OK(t, err)
	config := &ssh.ServerConfig{KeyboardInteractiveCallback: func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		return nil, errors.New("no device")
	}}
	config.AddHostKey(signer)
	address := probetest.Serve(t, func(c *net.TCPConn) { _, _, _, _ = ssh.NewServerConn(c, config) })
	o := Options{Address: address, User: "probe", Password: "correct horse", HostKey: []string{ssh.FingerprintSHA256(signer.PublicKey())}}
	probetest.WantResult(t, probetest.Probing(t, &Kind, &o, 5*time.Second), checks.Fail, checks.ReasonStatus, `the server refuses the login of "probe" by password`)
}

func TestSSHStrangers(t *testing.T) {
	t.Parallel()
	const version = "SSH-2.0-stranger\r\n"
	say := func(text string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			io.WriteString(c, text)
			probetest.UntilClosed(c)
		})
	}
	endless := func(first, piece string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			io.WriteString(c, first)
			for {
				if _, err := io.WriteString(c, piece); err != nil {
					return
				}
			}
		})
	}
	// A packet of 32 bytes, of them 4 padding, that is a debug message.
	packet := "\x00\x00\x00\x20\x04\x04" + strings.Repeat("\x00", 30)
	const long, short = time.Minute, 150 * time.Millisecond
	probetest.WantResult(t, probetest.Probing(t, &Kind, &Options{Address: say("SSH-1.5-OpenSSH_2.9p1\r\n")}, time.Minute), checks.Fail, checks.ReasonProtocol,
		`the peer speaks SSH 1 alone, which is broken: "SSH-1.5-OpenSSH_2.9p1"`)
	for _, tt := range []struct {
		name, address string
		timeout       time.Duration
		reason        checks.Reason
		summary       string
	}{
		{"silent", probetest.Serve(t, probetest.UntilClosed), short, checks.ReasonTimeout, "while waiting for the greeting"},
		{"stops after the version", say(version), short, checks.ReasonTimeout, "while exchanging keys"},
		{"drips", probetest.Serve(t, func(c *net.TCPConn) {
			for _, one := range strings.Repeat("x", 200) {
				if _, err := io.WriteString(c, string(one)); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}), short, checks.ReasonTimeout, "while waiting for the greeting"},
		{"closes", probetest.Serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 4096)) }), long, checks.ReasonReset, "the peer closed the connection while waiting for the greeting"},
		{"closes after the version", probetest.Serve(t, func(c *net.TCPConn) {
			io.WriteString(c, version)
			_, _ = c.Read(make([]byte, 4096))
		}), long, checks.ReasonReset, "while exchanging keys"},
		{"busy", probetest.Serve(t, func(c *net.TCPConn) {
			io.WriteString(c, "Exceeded MaxStartups\r\n")
			_, _ = c.Read(make([]byte, 4096))
		}), long, checks.ReasonStatus, "the server says no to the connection: Exceeded MaxStartups"},
		{"penalised", probetest.Serve(t, func(c *net.TCPConn) {
			io.WriteString(c, "Not allowed at this time\r\n")
			_, _ = c.Read(make([]byte, 4096))
		}), long, checks.ReasonStatus, "the server says no to the connection: Not allowed at this time"},
		{"another server", probetest.Serve(t, func(c *net.TCPConn) {
			io.WriteString(c, "220 mail.example.com ESMTP\r\n")
			_, _ = c.Read(make([]byte, 4096))
		}), long, checks.ReasonProtocol, `the peer does not speak SSH, it says "220 mail.example.com ESMTP"`},
		{"http", probetest.Serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 4096))
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		}), long, checks.ReasonProtocol, "the peer does not speak SSH"},
		{"endless line", endless("", strings.Repeat("a", 1000)), long, checks.ReasonProtocol, "the peer does not speak SSH"},
		{"endless lines", endless("", strings.Repeat("a", 50)+"\n"), long, checks.ReasonProtocol, "the peer does not speak SSH"},
		{"garbage", endless(version, "\xff\xfe\xfd\xfc garbage"), long, checks.ReasonProtocol, "malformed"},
		{"endless packets", endless(version, packet), long, checks.ReasonProtocol, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := probetest.Until(t, &Kind, &Options{Address: tt.address}, tt.timeout, tt.summary)
			probetest.WantResult(t, r, checks.Fail, tt.reason, tt.summary)
		})
	}
}

func TestSSHOptions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	probetest.OK(t, err)
	plain, err := ssh.MarshalPrivateKey(private, "")
	probetest.OK(t, err)
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("secret"))
	probetest.OK(t, err)
	good, bad := filepath.Join(dir, "good"), filepath.Join(dir, "locked")
	probetest.OK(t, os.WriteFile(good, pem.EncodeToMemory(plain), 0o600))
	probetest.OK(t, os.WriteFile(bad, pem.EncodeToMemory(locked), 0o600))
	print := "SHA256:" + strings.Repeat("A", 43)
	with := func(change func(*Options), strict bool) error {
		o := &Options{Address: "files.example.com:22", User: "probe", KeyFile: good, HostKey: []string{print}}
		change(o)
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "ssh", Every: time.Second, Timeout: time.Second, Options: o, Strict: strict})
		return err
	}
	if err := with(func(*Options) {}, false); err != nil {
		t.Errorf("good options: %v", err)
	}
	for _, tt := range []struct {
		key, problem string
		change       func(*Options)
	}{
		{"address", "port", func(o *Options) { o.Address = "files.example.com" }},
		{"host_key", "fingerprint", func(o *Options) { o.HostKey = []string{"SHA256:AAAA"} }},
		{"host_key[1]", "no host key", func(o *Options) { o.HostKey = []string{print, "ssh-ed25519 AAAA"} }},
		{"host_key", "is empty", func(o *Options) { o.HostKey = nil }},
		{"user", "is empty", func(o *Options) { o.User = "" }},
		{"user", "is empty", func(o *Options) { o.User, o.KeyFile, o.Password = "", "", "x" }},
		{"user", "nothing to log in with", func(o *Options) { o.KeyFile = "" }},
		{"key_file", "wants a passphrase", func(o *Options) { o.KeyFile = bad }},
		{"key_file", "cannot be read", func(o *Options) { o.KeyFile = good + "x" }},
		{"password_file", "cannot be read", func(o *Options) { o.PasswordFile = good + "x" }},
		{"expect", `unknown name "bannr"`, func(o *Options) { o.Expect = []string{"bannr == ''"} }},
		{"fail_over", "time-out", func(o *Options) { o.FailOver = time.Hour }},
	} {
		err := with(tt.change, false)
		if wrong, ok := errors.AsType[*probe.OptionError](err); !ok || wrong.Key != tt.key || !strings.Contains(wrong.Problem, tt.problem) {
			t.Errorf("%s: got %v, want %q", tt.key, err, tt.problem)
		}
	}
	if err := with(func(*Options) {}, true); err == nil || !strings.Contains(err.Error(), probe.ErrStrictFile.Error()) {
		t.Errorf("strict: got %v", err)
	}
}
