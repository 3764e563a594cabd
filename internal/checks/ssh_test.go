//go:build linux

package checks

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
)

// sshKey makes a key of a type, and returns its file and the line of its
// public half.
func sshKey(t *testing.T, dir, name, kind string) (file, line string) {
	t.Helper()
	file = filepath.Join(dir, name)
	keygen := exec.Command(needProgram(t, "openssh-client", "/usr/bin/ssh-keygen"), "-q", "-t", kind, "-N", "", "-C", name, "-f", file)
	if out, err := keygen.CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file + ".pub")
	check(t, err)
	return file, strings.TrimSpace(string(text))
}

// fingerprint is what ssh-keygen says of a key.
func fingerprint(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command("/usr/bin/ssh-keygen", "-lf", file+".pub").Output()
	check(t, err)
	return strings.Fields(string(out))[1]
}

// sshServer is an OpenSSH server with an Ed25519 and an RSA key, which lets
// the user that runs the test in by one key.
type sshServer struct {
	address        string
	stop           func()
	ed25519, rsa   string // fingerprints
	edLine, rsLine string
	user, userKey  string
	otherKey       string // that nobody knows
}

func startSSH(t *testing.T) sshServer {
	t.Helper()
	program := needProgram(t, "openssh-server", "/usr/sbin/sshd")
	dir := t.TempDir()
	var s sshServer
	edFile, edLine := sshKey(t, dir, "host_ed25519", "ed25519")
	rsaFile, rsaLine := sshKey(t, dir, "host_rsa", "rsa")
	s.edLine, s.rsLine = edLine, rsaLine
	s.ed25519, s.rsa = fingerprint(t, edFile), fingerprint(t, rsaFile)
	var known string
	s.userKey, known = sshKey(t, dir, "user", "ed25519")
	s.otherKey, _ = sshKey(t, dir, "other", "ed25519")
	allowed := filepath.Join(dir, "allowed")
	check(t, os.WriteFile(allowed, []byte(known+"\n"), 0o600))
	pam := "yes" // without root, sshd takes an account without a password for a locked one
	if os.Getuid() == 0 {
		pam = "no"
		check(t, os.MkdirAll("/run/sshd", 0o755)) // where sshd goes to shed its rights
	}
	config := filepath.Join(dir, "sshd_config")
	check(t, os.WriteFile(config, []byte("HostKey "+edFile+"\nHostKey "+rsaFile+"\nAuthorizedKeysFile "+allowed+`
StrictModes no
UsePAM `+pam+`
PidFile none
PermitRootLogin yes
KbdInteractiveAuthentication no
`), 0o600))
	who, err := user.Current()
	check(t, err)
	s.user = who.Username
	port := unusedPorts(t, 1)[0]
	s.address = local(port)
	s.stop = startListening(t, port, program, "-D", "-e", "-f", config, "-p", s.address[strings.LastIndex(s.address, ":")+1:], "-o", "ListenAddress=127.0.0.1")
	return s
}

func TestSSH(t *testing.T) {
	s := startSSH(t)
	const long = 5 * time.Second
	secret := "correct horse"
	for _, tt := range []struct {
		name    string
		options SSHOptions
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"any key", SSHOptions{}, Pass, "", "SSH-2.0-OpenSSH_"},
		{"key is told", SSHOptions{}, Pass, "", "ssh-ed25519 " + s.ed25519},
		{"fingerprint", SSHOptions{HostKey: []string{s.ed25519}}, Pass, "", s.ed25519},
		{"one of two", SSHOptions{HostKey: []string{"SHA256:" + strings.Repeat("A", 43), s.ed25519}}, Pass, "", s.ed25519},
		{"line of another type", SSHOptions{HostKey: []string{s.rsLine}}, Pass, "", "ssh-rsa " + s.rsa},
		{"line of known_hosts", SSHOptions{HostKey: []string{"files.example.com,192.0.2.1 " + s.edLine}}, Pass, "", s.ed25519},
		{"wrong fingerprint", SSHOptions{HostKey: []string{s.rsa}}, Fail, ReasonAssertion, "the host key is ssh-ed25519 " + s.ed25519 + ", which host_key does not have"},
		{"claims", SSHOptions{Expect: []string{"banner.contains('OpenSSH') && host_key_type == 'ssh-ed25519' && latency < duration('5s')"}}, Pass, "", "OpenSSH"},
		{"claim is false", SSHOptions{Expect: []string{"banner.contains('dropbear')"}}, Fail, ReasonAssertion, `is false: banner is "SSH-2.0-OpenSSH`},
		{"degraded", SSHOptions{DegradedIf: []string{"host_key == '" + s.ed25519 + "'"}}, Degraded, ReasonAssertion, "is true"},
		{"slow", SSHOptions{DegradedOver: time.Nanosecond}, Degraded, ReasonLatency, "limit"},
		{"login by key", SSHOptions{User: s.user, KeyFile: s.userKey, HostKey: []string{s.ed25519}}, Pass, "", "logged in, SSH-2.0-OpenSSH"},
		{"login by another key", SSHOptions{User: s.user, KeyFile: s.otherKey, HostKey: []string{s.ed25519}}, Fail, ReasonStatus, `the server refuses the login of "` + s.user + `" by key`},
		{"login by password", SSHOptions{User: s.user, Password: secret, HostKey: []string{s.ed25519}}, Fail, ReasonStatus, "by password"},
		{"no login to another server", SSHOptions{User: s.user, Password: secret, HostKey: []string{s.rsa}}, Fail, ReasonAssertion, "the host key is ssh-ed25519"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Address = s.address
			r := probing(t, "ssh", &tt.options, long)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, secret)
			if r.Phases.Connect <= 0 || r.Phases.FirstByte <= 0 || r.Phases.Transfer <= 0 {
				t.Errorf("phases: %+v", r.Phases)
			}
			if r.Outcome != Pass && (r.Evidence == nil || r.Evidence.Remote != s.address || !strings.Contains(r.Evidence.Output, s.ed25519)) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("no such type", func(t *testing.T) {
		_, line := sshKey(t, t.TempDir(), "ecdsa", "ecdsa")
		r := probing(t, "ssh", &SSHOptions{Address: s.address, HostKey: []string{line}}, long)
		wantResult(t, r, Fail, ReasonAssertion, "the server has no host key of the types ecdsa-sha2-nistp256, it has ")
	})
	t.Run("key file is gone", func(t *testing.T) {
		gone := filepath.Join(t.TempDir(), "gone")
		text, err := os.ReadFile(s.userKey)
		check(t, err)
		check(t, os.WriteFile(gone, text, 0o600))
		compiled, err := Compile(Check{ID: "it", Kind: "ssh", Every: time.Minute, Timeout: long,
			Options: &SSHOptions{Address: s.address, User: s.user, KeyFile: gone, HostKey: []string{s.ed25519}}})
		check(t, err)
		r, _ := compiled.Run(t.Context())
		wantResult(t, r, Pass, "", "logged in")
		check(t, os.Remove(gone))
		r, _ = compiled.Run(t.Context())
		wantResult(t, r, Unknown, ReasonInternal, "the key's file cannot be read")
	})
	t.Run("stopped", func(t *testing.T) {
		s.stop()
		wantResult(t, probing(t, "ssh", &SSHOptions{Address: s.address}, long), Fail, ReasonConnect, "connection refused")
	})
}

// TestSSHPassword logs in by password to the server side of the library:
// OpenSSH takes passwords of the machine's own users alone.
func TestSSHPassword(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	check(t, err)
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
		address := serve(t, func(c *net.TCPConn) {
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
		o := SSHOptions{Address: address, User: "probe", Password: secret, HostKey: []string{ssh.FingerprintSHA256(signer.PublicKey())}}
		wantResult(t, probing(t, "ssh", &o, 5*time.Second), Pass, "", "logged in")
		o.Password = "hunter22"
		r := probing(t, "ssh", &o, 5*time.Second)
		wantResult(t, r, Fail, ReasonStatus, `the server refuses the login of "probe" by password`)
		noSecret(t, r, "hunter22")
	}
}

func TestSSHStrangers(t *testing.T) {
	const version = "SSH-2.0-stranger\r\n"
	say := func(text string) string {
		return serve(t, func(c *net.TCPConn) {
			io.WriteString(c, text)
			untilClosed(c)
		})
	}
	endless := func(first, piece string) string {
		return serve(t, func(c *net.TCPConn) {
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
	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		timeout       time.Duration
		reason        Reason
		summary       string
	}{
		{"silent", serve(t, untilClosed), short, ReasonTimeout, "time-out after 150 ms while waiting for the greeting"},
		{"stops after the version", say(version), short, ReasonTimeout, "time-out after 150 ms while exchanging keys"},
		{"drips", serve(t, func(c *net.TCPConn) {
			for _, one := range strings.Repeat("x", 200) {
				if _, err := io.WriteString(c, string(one)); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}), short, ReasonTimeout, "while waiting for the greeting"},
		{"closes", serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 4096)) }), long, ReasonReset, "the peer closed the connection while waiting for the greeting"},
		{"closes after the version", serve(t, func(c *net.TCPConn) {
			io.WriteString(c, version)
			_, _ = c.Read(make([]byte, 4096))
		}), long, ReasonReset, "while exchanging keys"},
		{"busy", serve(t, func(c *net.TCPConn) {
			io.WriteString(c, "Exceeded MaxStartups\r\n")
			_, _ = c.Read(make([]byte, 4096))
		}), long, ReasonProtocol, `the peer does not speak SSH, it says "Exceeded MaxStartups"`},
		{"http", serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 4096))
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		}), long, ReasonProtocol, "the peer does not speak SSH"},
		{"endless line", endless("", strings.Repeat("a", 1000)), long, ReasonProtocol, "the peer does not speak SSH"},
		{"endless lines", endless("", strings.Repeat("a", 50)+"\n"), long, ReasonProtocol, "the peer does not speak SSH"},
		{"garbage", endless(version, "\xff\xfe\xfd\xfc garbage"), long, ReasonProtocol, "malformed"},
		{"endless packets", endless(version, packet), long, ReasonProtocol, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "ssh", &SSHOptions{Address: tt.address}, tt.timeout)
			wantResult(t, r, Fail, tt.reason, tt.summary)
			if r.Duration > 2*time.Second {
				t.Errorf("took %v", r.Duration)
			}
		})
	}
}

func TestSSHOptions(t *testing.T) {
	dir := t.TempDir()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	plain, err := ssh.MarshalPrivateKey(private, "")
	check(t, err)
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("secret"))
	check(t, err)
	good, bad := filepath.Join(dir, "good"), filepath.Join(dir, "locked")
	check(t, os.WriteFile(good, pem.EncodeToMemory(plain), 0o600))
	check(t, os.WriteFile(bad, pem.EncodeToMemory(locked), 0o600))
	print := "SHA256:" + strings.Repeat("A", 43)
	with := func(change func(*SSHOptions), strict bool) error {
		o := &SSHOptions{Address: "files.example.com:22", User: "probe", KeyFile: good, HostKey: []string{print}}
		change(o)
		_, err := Compile(Check{ID: "it", Kind: "ssh", Every: time.Second, Timeout: time.Second, Options: o, Strict: strict})
		return err
	}
	if err := with(func(*SSHOptions) {}, false); err != nil {
		t.Errorf("good options: %v", err)
	}
	for _, tt := range []struct {
		key, problem string
		change       func(*SSHOptions)
	}{
		{"address", "port", func(o *SSHOptions) { o.Address = "files.example.com" }},
		{"host_key", "fingerprint", func(o *SSHOptions) { o.HostKey = []string{"SHA256:AAAA"} }},
		{"host_key[1]", "no host key", func(o *SSHOptions) { o.HostKey = []string{print, "ssh-ed25519 AAAA"} }},
		{"host_key", "is empty", func(o *SSHOptions) { o.HostKey = nil }},
		{"user", "is empty", func(o *SSHOptions) { o.User = "" }},
		{"user", "is empty", func(o *SSHOptions) { o.User, o.KeyFile, o.Password = "", "", "x" }},
		{"user", "nothing to log in with", func(o *SSHOptions) { o.KeyFile = "" }},
		{"key_file", "wants a passphrase", func(o *SSHOptions) { o.KeyFile = bad }},
		{"key_file", "cannot be read", func(o *SSHOptions) { o.KeyFile = good + "x" }},
		{"password_file", "cannot be read", func(o *SSHOptions) { o.PasswordFile = good + "x" }},
		{"expect", `unknown name "bannr"`, func(o *SSHOptions) { o.Expect = []string{"bannr == ''"} }},
		{"fail_over", "time-out", func(o *SSHOptions) { o.FailOver = time.Hour }},
	} {
		err := with(tt.change, false)
		if wrong, ok := errors.AsType[*OptionError](err); !ok || wrong.Key != tt.key || !strings.Contains(wrong.Problem, tt.problem) {
			t.Errorf("%s: got %v, want %q", tt.key, err, tt.problem)
		}
	}
	if err := with(func(*SSHOptions) {}, true); err == nil || !strings.Contains(err.Error(), errStrictFile.Error()) {
		t.Errorf("strict: got %v", err)
	}
}
