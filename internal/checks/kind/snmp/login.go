package snmp

import (
	"maps"
	"slices"
	"strings"

	"github.com/gosnmp/gosnmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// user is who asks with version 3.
type user struct {
	name           string
	auth           gosnmp.SnmpV3AuthProtocol
	privacy        gosnmp.SnmpV3PrivProtocol
	password, priv probe.Password
}

var versions = map[string]gosnmp.SnmpVersion{"1": gosnmp.Version1, "2": gosnmp.Version2c, "2c": gosnmp.Version2c, "3": gosnmp.Version3}

// How messages of version 3 are signed and encrypted. Of AES with longer keys
// there are two drafts; "c" is that of Cisco's devices.
var (
	auths = map[string]gosnmp.SnmpV3AuthProtocol{
		"md5": gosnmp.MD5, "sha": gosnmp.SHA, "sha224": gosnmp.SHA224, "sha256": gosnmp.SHA256, "sha384": gosnmp.SHA384, "sha512": gosnmp.SHA512,
	}
	privacies = map[string]gosnmp.SnmpV3PrivProtocol{
		"des": gosnmp.DES, "aes": gosnmp.AES, "aes192": gosnmp.AES192, "aes256": gosnmp.AES256, "aes192c": gosnmp.AES192C, "aes256c": gosnmp.AES256C,
	}
)

// given says which of some options have a value.
func given(pairs ...string) (key string, there bool) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			return pairs[i], true
		}
	}
	return "", false
}

// login reads who asks.
func (p *prober) login(c checks.Check, o *Options) (err error) {
	var ok bool
	if p.version, ok = versions[strings.ToLower(o.Version)]; !ok {
		return &probe.OptionError{Key: "version", Problem: "is not a version", Instead: `write "1", "2c" or "3"`}
	}
	if p.version == gosnmp.Version3 {
		if key, ok := given("community", o.Community, "community_file", o.CommunityFile); ok {
			return &probe.OptionError{Key: key, Problem: "is not looked at with version 3", Instead: "write user, and password or password_file"}
		}
		return p.loginV3(c, o)
	}
	if key, ok := given("user", o.User, "auth", o.Auth, "password", o.Password, "password_file", o.PasswordFile, "privacy", o.Privacy,
		"privacy_password", o.PrivacyPassword, "privacy_password_file", o.PrivacyPasswordFile, "context", o.Context); ok {
		return &probe.OptionError{Key: key, Problem: "is not looked at with version " + o.Version, Instead: `write version: "3"`}
	}
	community := o.Community
	if community+o.CommunityFile == "" {
		community = allowed
	}
	if p.community, err = probe.NewSecret(c, "community", community, o.Dir, o.CommunityFile); err == nil && len(community) > communityMax {
		err = &probe.OptionError{Key: "community", Problem: "is longer than 127 bytes"}
	}
	return err
}

func (p *prober) loginV3(c checks.Check, o *Options) (err error) {
	u := &p.user
	if u.name = o.User; u.name == "" {
		return &probe.OptionError{Key: "user", Problem: "is empty", Instead: "write who asks"}
	}
	signed := protection[gosnmp.SnmpV3AuthProtocol]{"auth", "password", auths, gosnmp.NoAuth, gosnmp.SHA}
	if u.auth, u.password, err = signed.read(c, o.Dir, o.Auth, o.Password, o.PasswordFile); err != nil {
		return err
	}
	hidden := protection[gosnmp.SnmpV3PrivProtocol]{"privacy", "privacy_password", privacies, gosnmp.NoPriv, gosnmp.AES}
	if u.privacy, u.priv, err = hidden.read(c, o.Dir, o.Privacy, o.PrivacyPassword, o.PrivacyPasswordFile); err != nil {
		return err
	}
	if u.privacy != gosnmp.NoPriv && u.auth == gosnmp.NoAuth {
		return &probe.OptionError{Key: "privacy_password", Problem: "is given without password", Instead: "write password, too: what is encrypted has to be signed"}
	}
	return nil
}

// protection is one of what a password is for.
type protection[T any] struct {
	key, password string // the options
	ways          map[string]T
	none, usual   T
}

// read returns how it is done, and with which password.
func (w protection[T]) read(c checks.Check, dir, how, password, file string) (T, probe.Password, error) {
	if password+file == "" {
		if how != "" {
			return w.none, probe.Password{}, &probe.OptionError{Key: w.key, Problem: "has no password", Instead: "write " + w.password + " or " + w.password + "_file beside it"}
		}
		return w.none, probe.Password{}, nil
	}
	way, ok := w.usual, true
	if how != "" {
		way, ok = w.ways[strings.ToLower(how)]
	}
	if !ok {
		return way, probe.Password{}, &probe.OptionError{Key: w.key, Problem: "is not known", Instead: "write one of " + strings.Join(slices.Sorted(maps.Keys(w.ways)), ", ")}
	}
	secret, err := probe.NewSecret(c, w.password, password, dir, file)
	if err != nil {
		return way, secret, err
	}
	if text, err := secret.Reveal(); err == nil && len(text) < passwordMin {
		return way, secret, &probe.OptionError{Key: w.password, Problem: "is shorter than 8 characters", Instead: "no agent takes it (RFC 3414)"}
	}
	return way, secret, nil
}
