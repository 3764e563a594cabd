// Package ssh is the kind of check that looks at an SSH server's greeting and host
// key and, if asked, logs in.
package ssh

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind ssh.
type Options struct {
	Address string   `mapstructure:"address"`  // "host:port"
	HostKey []string `mapstructure:"host_key"` // right ones: "SHA256:..." or a line of known_hosts or of a .pub file; empty for any

	User         string `mapstructure:"user"` // who logs in; empty for no login
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
	KeyFile      string `mapstructure:"key_file"`      // a private key without passphrase, read at each probe
	Dir          string `mapstructure:"dir"`           // folder that the files are found from; default the folder of the file that defines the check

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "ssh",
	Summary: "An SSH server greets, agrees on keys and proves who it is and, if asked, lets a user in.",
	Options: func() any { return &Options{} },
	Build:   build,
	Example: `{address: files.example.com:22, host_key: ["SHA256:uNiVztksCsDhcc0u9e8BrtLPZHsOy18r2mK5mN8sQxA"]}`,
	Proven:  "OpenSSH 9.2",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"banner":        claim.String,
	"host_key":      claim.String,
	"host_key_type": claim.String,
	"latency":       claim.Duration,
})

// exchangingKeys is the stage between an SSH server's greeting and its host
// key.
const exchangingKeys probe.Stage = "exchanging keys"

type prober struct {
	target     probe.Target
	config     ssh.ClientConfig
	keys       hostKeys
	user       string // empty for no login
	password   probe.Password
	byPassword bool
	keyFile    string // empty for none
	claims     *claim.Set
	limits     probe.Limits
	dialer     probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{user: o.User, dialer: probe.NewDialer(c), byPassword: o.Password+o.PasswordFile != ""}
	if p.target, err = probe.ReadTarget("address", o.Address); err != nil {
		return nil, err
	}
	if p.keys, err = newHostKeys(o.HostKey); err != nil {
		return nil, err
	}
	if err = p.readLogin(c, o); err != nil {
		return nil, err
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	p.config = ssh.ClientConfig{User: o.User, ClientVersion: "SSH-2.0-" + probe.UserAgent, HostKeyAlgorithms: p.keys.algorithms}
	return p.run, nil
}

func (p *prober) readLogin(c checks.Check, o *Options) (err error) {
	switch {
	case o.User == "" && p.byPassword:
		return &probe.OptionError{Key: "user", Problem: "is empty", Instead: "write whose password it is"}
	case o.User == "" && o.KeyFile != "":
		return &probe.OptionError{Key: "user", Problem: "is empty", Instead: "write who logs in with key_file"}
	case o.User == "":
		return nil
	case !p.byPassword && o.KeyFile == "":
		return &probe.OptionError{Key: "user", Problem: "has nothing to log in with", Instead: "write password, password_file or key_file"}
	case len(o.HostKey) == 0:
		return &probe.OptionError{Key: "host_key", Problem: "is empty", Instead: "write the server's key: a login must not be given to whoever answers"}
	}
	if p.password, err = probe.NewPassword(c, o.Password, o.Dir, o.PasswordFile); err != nil {
		return err
	}
	if o.KeyFile == "" {
		return nil
	}
	if p.keyFile, err = probe.Beside(c, o.Dir, o.KeyFile); err == nil {
		_, err = readKey(p.keyFile)
	}
	if err != nil {
		return &probe.OptionError{Key: "key_file", Problem: err.Error(), Instead: "write the path of a private key without a passphrase, as ssh-keygen makes it"}
	}
	return nil
}

// run is one probe of kind ssh.
type run struct {
	*prober
	tr     probe.Trail
	seen   hostKeySeen
	secret string
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	run := &run{prober: p, tr: p.dialer.Trail()}
	config := p.config
	config.HostKeyCallback = func(_ string, _ net.Addr, key ssh.PublicKey) error {
		return run.seen.judge(p.keys, key, p.user != "")
	}
	if r, ok := run.credentials(&config); !ok {
		return r
	}
	conn, err := run.tr.Dial(ctx, p.target)
	if err != nil {
		return run.tr.Failed(ctx, err)
	}
	defer conn.Close()
	defer probe.Bind(ctx, conn)()

	heard := &greeted{BoundedConn: probe.NewBoundedConn(conn)}
	session, channels, requests, err := ssh.NewClientConn(heard, p.target.Address, &config)
	took := time.Since(start)
	heard.Note(&run.tr)
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
	r := p.claims.Concluded(ctx, p.limits.Judge(p.passed(banner, key), took, &run.tr), run.tr.Remote,
		claim.Facts{"banner": banner, "host_key": print, "host_key_type": kind}, output(banner, key))
	r.Duration = took
	return r
}

// passed is the summary of a pass.
func (p *prober) passed(banner string, key ssh.PublicKey) string {
	said := probe.ClipRunes(banner, probe.SummaryMax/2) + ", " + keyName(key)
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
