package checks

import (
	"context"
	"errors"
	"net"
	"time"

	"cel.dev/cel-go/cel"
	"golang.org/x/crypto/ssh"
)

// SSHOptions are the own part of a check of kind ssh.
type SSHOptions struct {
	Address string   `mapstructure:"address"`  // "host:port"
	HostKey []string `mapstructure:"host_key"` // right ones: "SHA256:..." or a line of known_hosts or of a .pub file; empty for any

	User         string `mapstructure:"user"` // who logs in; empty for no login
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
	KeyFile      string `mapstructure:"key_file"`      // a private key without passphrase, read at each probe
	Dir          string `mapstructure:"dir"`           // folder that the files are found from; default the folder of the file that defines the check

	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit

	// Expressions of sshVocabulary.
	Expect     []string `mapstructure:"expect"`
	FailIf     []string `mapstructure:"fail_if"`
	DegradedIf []string `mapstructure:"degraded_if"`
}

var sshKind = Kind{
	Name:    "ssh",
	Summary: "An SSH server greets, agrees on keys and proves who it is and, if asked, lets a user in.",
	Options: func() any { return &SSHOptions{} },
	Build:   buildSSH,
	Example: `{address: files.example.com:22, host_key: ["SHA256:uNiVztksCsDhcc0u9e8BrtLPZHsOy18r2mK5mN8sQxA"]}`,
	Proven:  "OpenSSH 9.2",
}

var sshVocabulary = newVocabulary(
	cel.Variable("banner", cel.StringType),
	cel.Variable("host_key", cel.StringType),
	cel.Variable("host_key_type", cel.StringType),
	cel.Variable("latency", cel.DurationType),
)("banner", "host_key", "host_key_type", "latency")

// exchangingKeys is the stage between an SSH server's greeting and its host
// key.
const exchangingKeys stage = "exchanging keys"

type sshProbe struct {
	target     target
	config     ssh.ClientConfig
	keys       hostKeys
	user       string // empty for no login
	password   password
	byPassword bool
	keyFile    string // empty for none
	claims     *claims
	limits     limits
	timeout    time.Duration
}

func buildSSH(c Check) (Probe, error) {
	o, err := optionsOf[SSHOptions](c)
	if err != nil {
		return nil, err
	}
	p := &sshProbe{user: o.User, timeout: c.Timeout, byPassword: o.Password+o.PasswordFile != ""}
	if p.target, err = tcpTarget("address", o.Address); err != nil {
		return nil, err
	}
	if p.keys, err = newHostKeys(o.HostKey); err != nil {
		return nil, err
	}
	if err = p.readLogin(c, o); err != nil {
		return nil, err
	}
	if p.limits, err = newLimits(c, o.DegradedOver, o.FailOver); err != nil {
		return nil, err
	}
	if p.claims, err = sshVocabulary.claimsOf(o.Expect, o.FailIf, o.DegradedIf); err != nil {
		return nil, err
	}
	p.config = ssh.ClientConfig{User: o.User, ClientVersion: "SSH-2.0-" + userAgent, HostKeyAlgorithms: p.keys.algorithms}
	return p.run, nil
}

func (p *sshProbe) readLogin(c Check, o *SSHOptions) (err error) {
	switch {
	case o.User == "" && p.byPassword:
		return &OptionError{Key: "user", Problem: "is empty", Instead: "write whose password it is"}
	case o.User == "" && o.KeyFile != "":
		return &OptionError{Key: "user", Problem: "is empty", Instead: "write who logs in with key_file"}
	case o.User == "":
		return nil
	case !p.byPassword && o.KeyFile == "":
		return &OptionError{Key: "user", Problem: "has nothing to log in with", Instead: "write password, password_file or key_file"}
	case len(o.HostKey) == 0:
		return &OptionError{Key: "host_key", Problem: "is empty", Instead: "write the server's key: a login must not be given to whoever answers"}
	}
	if p.password, err = newPassword(c, o.Password, o.Dir, o.PasswordFile); err != nil {
		return err
	}
	if o.KeyFile == "" {
		return nil
	}
	if p.keyFile, err = beside(c, o.Dir, o.KeyFile); err == nil {
		_, err = readKey(p.keyFile)
	}
	if err != nil {
		return &OptionError{Key: "key_file", Problem: err.Error(), Instead: "write the path of a private key without a passphrase, as ssh-keygen makes it"}
	}
	return nil
}

// sshRun is one probe of kind ssh.
type sshRun struct {
	*sshProbe
	tr     trail
	seen   hostKeySeen
	secret string
}

func (p *sshProbe) run(ctx context.Context) Result {
	start := time.Now()
	run := &sshRun{sshProbe: p, tr: trail{timeout: p.timeout}}
	config := p.config
	config.HostKeyCallback = func(_ string, _ net.Addr, key ssh.PublicKey) error {
		return run.seen.judge(p.keys, key, p.user != "")
	}
	if r, ok := run.credentials(&config); !ok {
		return r
	}
	conn, err := run.tr.dial(ctx, p.target)
	if err != nil {
		return run.tr.failed(ctx, err)
	}
	defer conn.Close()
	defer bind(ctx, conn)()

	heard := &sshGreeted{boundedConn: newBoundedConn(conn)}
	session, channels, requests, err := ssh.NewClientConn(heard, p.target.address, &config)
	took := time.Since(start)
	heard.note(&run.tr)
	if err == nil {
		leave(session, channels, requests)
	}
	banner, before := heard.banner()
	key := run.seen.get()
	if err != nil && (key == nil || p.user != "" || !errors.Is(err, errKeySeen)) {
		r := run.failed(ctx, err, banner, before)
		r.Duration = took
		return r
	}
	print, kind := ssh.FingerprintSHA256(key), key.Type()
	r := p.claims.concluded(ctx, p.limits, p.passed(banner, key), took, &run.tr,
		factsSeen{"banner": banner, "host_key": print, "host_key_type": kind}, sshOutput(banner, key))
	r.Duration = took
	return r
}

// passed is the summary of a pass.
func (p *sshProbe) passed(banner string, key ssh.PublicKey) string {
	said := clipRunes(banner, summaryMax/2) + ", " + keyName(key)
	if p.user != "" {
		return "logged in, " + said
	}
	return said
}

// leave ends a session and waits for what the library runs for it.
func leave(session ssh.Conn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	session.Close()
	// A server may have asked for things meanwhile; nobody answers. Until
	// they are taken the library does not see the end.
	for channels != nil || requests != nil {
		select {
		case _, more := <-channels:
			if !more {
				channels = nil
			}
		case _, more := <-requests:
			if !more {
				requests = nil
			}
		}
	}
	_ = session.Wait() // the error is the end that we made
}
