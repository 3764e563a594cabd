package ssh

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// headMax is how much a server may say before its version (RFC 4253, 4.2).
const headMax = 4 << 10

var (
	errNotSSH = errors.New("the peer does not speak SSH")
	errOldSSH = errors.New("the peer speaks SSH 1 alone, which is broken")
)

// isOld reports whether a server speaks nothing newer than SSH 1: 1.99 means
// both (RFC 4253, 5.1).
func isOld(version string) bool {
	return strings.HasPrefix(version, "SSH-1.") && !strings.HasPrefix(version, "SSH-1.99-")
}

// greeted is a connection that remembers the server's greeting.
type greeted struct {
	*probe.BoundedConn

	head []byte // up to the end of the version; guarded by mu
	line int    // where the last line of head begins; guarded by mu
	end  bool   // the version is whole; guarded by mu
}

func (c *greeted) Read(b []byte) (int, error) {
	n, err := c.BoundedConn.Read(b)
	c.Mu.Lock()
	defer c.Mu.Unlock()
	for _, one := range b[:n] {
		if c.end {
			break
		}
		if len(c.head) == headMax {
			return 0, errNotSSH
		}
		c.head = append(c.head, one)
		if one == '\n' {
			version := string(c.head[c.line:])
			c.end = strings.HasPrefix(version, "SSH-")
			if c.end && isOld(version) {
				return 0, errOldSSH
			}
			if !c.end {
				c.line = len(c.head)
			}
		}
	}
	return n, err
}

// banner returns the server's version, empty if it did not come, and what it
// said before.
func (c *greeted) banner() (version, before string) {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if !c.end {
		return "", strings.ReplaceAll(strings.ToValidUTF8(string(c.head), "\uFFFD"), "\r\n", "\n")
	}
	clean := func(b []byte) string { return strings.TrimRight(strings.ToValidUTF8(string(b), "\uFFFD"), "\r\n") }
	return clean(c.head[c.line:]), clean(c.head[:c.line])
}

// readKey reads a private key. Its errors complete "the key's file ...".
func readKey(path string) (ssh.Signer, error) {
	text, err := probe.ReadFile(path)
	if err != nil {
		return nil, probe.ErrPasswordUnread
	}
	signer, err := ssh.ParsePrivateKey(text)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		return nil, errors.New("wants a passphrase; write one without it, as ssh-keygen -p makes it")
	}
	if err != nil {
		return nil, errors.New("holds no private key")
	}
	return signer, nil
}

// credentials adds to the configuration what the login needs. It returns
// false, with the result, if that cannot be had.
func (run *run) credentials(config *ssh.ClientConfig) (checks.Result, bool) {
	if run.keyFile != "" {
		signer, err := readKey(run.keyFile)
		if err != nil {
			return probe.Internal("the key's file " + err.Error()), false
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	if !run.byPassword {
		return checks.Result{}, true
	}
	secret, err := run.password.Reveal()
	if err != nil {
		return probe.NoPassword(err), false
	}
	run.secret = secret
	config.Auth = append(config.Auth, ssh.Password(secret),
		// Where PAM asks, the password is the answer to a question whose
		// answer is not shown.
		ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
			answers := make([]string, len(questions))
			for i := range questions {
				if !echos[i] {
					answers[i] = secret
				}
			}
			return answers, nil
		}))
	return checks.Result{}, true
}

// hostKeySeen is what the key exchange has shown. The library calls from a
// goroutine of its own, which a time-out can outrun.
type hostKeySeen struct {
	mu    sync.Mutex
	key   ssh.PublicKey
	right bool
}

var (
	errKeySeen  = errors.New("the host key was seen, which is all that was wanted")
	errKeyWrong = errors.New("the host key is not the right one")
)

// judge ends the handshake with errKeySeen if no login is to follow.
func (s *hostKeySeen) judge(keys hostKeys, key ssh.PublicKey, login bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key, s.right = key, keys.have(key)
	switch {
	case !s.right:
		return errKeyWrong
	case !login:
		return errKeySeen
	}
	return nil
}

func (s *hostKeySeen) get() ssh.PublicKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key
}

// refusals are what OpenSSH says in place of its version to whom it does not take: too
// many log in at that moment, or this address is penalised (sshd_config(5), MaxStartups
// and PerSourcePenalties).
var refusals = []string{"Exceeded MaxStartups", "Not allowed at this time"}

// refusedAtOnce is how the library tells of a server that offers to ask questions and says no in place of the first, as
// OpenSSH without PAM does (RFC 4256, 3.1: 51 is SSH_MSG_USERAUTH_FAILURE).
const refusedAtOnce = "unexpected message type 51 "

// failed makes the result of a probe that ended with an error.
func (run *run) failed(ctx context.Context, err error, banner, before string) checks.Result {
	tr, key := &run.tr, run.seen.get()
	switch {
	case key != nil:
		tr.Stage = probe.LoggingIn
	case banner != "":
		tr.Stage = exchangingKeys
	default:
		tr.Stage = probe.Greeting
	}
	r := tr.Failed(ctx, err)
	if r.Outcome != checks.Fail {
		return r
	}
	if r.Evidence != nil {
		r.Evidence.Output = probe.Hide(before+output(banner, key), run.secret)
	}
	if r.Reason == checks.ReasonTimeout {
		return r
	}
	said, _, _ := strings.Cut(strings.TrimSpace(before), "\n")
	disagreed, _ := errors.AsType[*ssh.AlgorithmNegotiationError](err)
	// The library has no types for the other errors.
	_, disconnect, wasTold := strings.Cut(err.Error(), "ssh: disconnect, reason ")
	switch {
	case errors.Is(err, errKeyWrong):
		r.Reason, r.Summary = checks.ReasonAssertion, "the host key is "+keyName(key)+", which host_key does not have"
	case isOld(banner):
		r.Reason, r.Summary = checks.ReasonProtocol, errOldSSH.Error()+": "+probe.Quoted(banner)
	case banner == "" && slices.Contains(refusals, strings.TrimSpace(said)):
		r.Reason, r.Summary = checks.ReasonStatus, "the server says no to the connection: "+strings.TrimSpace(said)
	case errors.Is(err, errNotSSH) || banner == "" && said != "":
		r.Reason, r.Summary = checks.ReasonProtocol, errNotSSH.Error()
		if said != "" {
			r.Summary += ", it says " + probe.Quoted(said)
		}
	case disagreed != nil:
		r.Reason, r.Summary = checks.ReasonProtocol, run.disagreement(disagreed)
		if disagreed.What == "host key" && len(run.keys.prints) > 0 {
			r.Reason = checks.ReasonAssertion
		}
	case wasTold:
		r.Reason, r.Summary = checks.ReasonStatus, probe.Hide("the server disconnects while "+string(tr.Stage)+": "+disconnect, run.secret)
	case tr.Stage == probe.LoggingIn && (strings.Contains(err.Error(), "unable to authenticate") || strings.Contains(err.Error(), refusedAtOnce)):
		r.Reason, r.Summary = checks.ReasonStatus, "the server refuses the login of "+probe.Quoted(run.user)+" by "+run.means()
	}
	return r
}

// means is what was tried to log in.
func (run *run) means() string {
	switch {
	case run.keyFile == "":
		return "password"
	case !run.byPassword:
		return "key"
	}
	return "key and password"
}

// disagreement says what client and server have nothing in common of.
func (run *run) disagreement(e *ssh.AlgorithmNegotiationError) string {
	offers := strings.Join(slices.DeleteFunc(slices.Clone(e.RequestedAlgorithms), func(name string) bool { return name == "" }), ", ")
	if e.What == "host key" {
		return "the server has no host key of the types " + strings.Join(e.SupportedAlgorithms, ", ") + ", it has " + probe.Quoted(offers)
	}
	return "no " + e.What + " in common with the server, which has " + probe.Quoted(offers)
}
