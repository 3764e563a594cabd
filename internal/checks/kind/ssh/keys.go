package ssh

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// hostKeys are the keys by which a server may be known.
type hostKeys struct {
	prints     []string // "SHA256:..."; empty for any
	algorithms []string // to ask for, in order of preference
}

// hostKeyAlgorithms is OpenSSH's order: so the key whose fingerprint a person
// is shown by ssh is the one that the server proves here. Ways to sign with
// SHA-1 are not in it.
var hostKeyAlgorithms = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// newHostKeys reads fingerprints and keys. A server has a key of each of
// several types and shows one: where the types are known, it is asked for
// those.
func newHostKeys(list []string) (hostKeys, error) {
	keys := hostKeys{algorithms: hostKeyAlgorithms}
	var types []string
	known := true
	for i, text := range list {
		where := "host_key"
		if len(list) > 1 {
			where = fmt.Sprintf("host_key[%d]", i)
		}
		text = strings.TrimSpace(text)
		if code, ok := strings.CutPrefix(text, "SHA256:"); ok {
			if sum, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(code, "=")); err != nil || len(sum) != 32 {
				return hostKeys{}, &probe.OptionError{Key: where, Problem: "is not a fingerprint", Instead: "write it as ssh-keygen -lf shows it, 43 characters after SHA256:"}
			}
			keys.prints = append(keys.prints, "SHA256:"+strings.TrimRight(code, "="))
			known = false
			continue
		}
		key, err := readHostKey(text)
		if err != nil {
			return hostKeys{}, &probe.OptionError{Key: where, Problem: "is no host key", Instead: "write SHA256:... or a line of known_hosts, such as ssh-ed25519 AAAA..."}
		}
		keys.prints = append(keys.prints, ssh.FingerprintSHA256(key))
		types = append(types, algorithmsOf(key)...)
	}
	if known && len(types) > 0 {
		keys.algorithms = slices.Compact(types)
	}
	return keys, nil
}

// readHostKey reads "ssh-ed25519 AAAA... comment", with or without names of
// hosts before it.
func readHostKey(line string) (ssh.PublicKey, error) {
	if key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line)); err == nil && len(options) == 0 {
		return key, nil
	}
	marker, _, key, _, _, err := ssh.ParseKnownHosts([]byte(line))
	if err == nil && marker != "" {
		err = errors.New("a line with a marker is not one key of a host")
	}
	return key, err
}

// algorithmsOf returns the ways in which a host key signs.
func algorithmsOf(key ssh.PublicKey) []string {
	if key.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{key.Type()}
}

func (k hostKeys) have(key ssh.PublicKey) bool {
	return len(k.prints) == 0 || slices.Contains(k.prints, ssh.FingerprintSHA256(key))
}

// keyName is how OpenSSH tells of a key.
func keyName(key ssh.PublicKey) string { return key.Type() + " " + ssh.FingerprintSHA256(key) }

// output is what a server has shown of itself.
func output(banner string, key ssh.PublicKey) string {
	if banner == "" {
		return ""
	}
	out := banner + "\n"
	if key != nil {
		out += keyName(key) + "\n" + string(ssh.MarshalAuthorizedKey(key))
	}
	return out
}
