package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// LoggingIn is the stage between the connection and the request, of kinds
// that log in.
const LoggingIn Stage = "logging in"

// hiddenSecret stands where a server repeated a password.
const hiddenSecret = "(secret)"

// Hide returns external text without the secret.
func Hide(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, hiddenSecret)
}

// Limits are how slow an answer may be; 0 for no limit.
type Limits struct {
	degraded, Fail time.Duration
}

// LimitOptions are the part of a kind's options that says how long an answer may take.
type LimitOptions struct {
	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit
}

// Limits reads them. The error is an OptionError.
func (o LimitOptions) Limits(c checks.Check) (Limits, error) {
	degradedOver, failOver := o.DegradedOver, o.FailOver
	const first = "the time-out would come first"
	switch {
	case degradedOver < 0:
		return Limits{}, &OptionError{Key: "degraded_over", Problem: "is less than 0"}
	case failOver < 0:
		return Limits{}, &OptionError{Key: "fail_over", Problem: "is less than 0"}
	case failOver > 0 && degradedOver >= failOver:
		return Limits{}, &OptionError{Key: "degraded_over", Problem: "is not less than fail_over", Instead: "degraded comes before failed"}
	case failOver >= c.Timeout:
		return Limits{}, &OptionError{Key: "fail_over", Problem: "is not less than the check's time-out", Instead: first}
	case degradedOver >= c.Timeout:
		return Limits{}, &OptionError{Key: "degraded_over", Problem: "is not less than the check's time-out", Instead: first}
	}
	return Limits{degraded: degradedOver, Fail: failOver}, nil
}

// Judge makes the result of an answer that is right and took so long.
func (l Limits) Judge(what string, took time.Duration, tr *Trail) checks.Result {
	r := checks.Result{Outcome: checks.Pass, Summary: what, Phases: tr.Phases, Duration: took}
	limit := l.degraded
	switch {
	case l.Fail > 0 && took > l.Fail:
		r.Outcome, limit = checks.Fail, l.Fail
	case l.degraded > 0 && took > l.degraded:
		r.Outcome = checks.Degraded
	default:
		return r
	}
	r.Reason = checks.ReasonLatency
	r.Summary = what + " after " + Span(took) + ", limit " + Span(limit)
	r.Evidence = &checks.Evidence{Remote: tr.Remote}
	return r
}

// ErrStrictFile refuses files to a check that did not come from a
// configuration file: whoever wrote it could have any file sent to a server of
// theirs.
var ErrStrictFile = errors.New("is not for a check from outside the configuration file")

// Beside returns the path of a file that the check's definition names:
// relative to dir, or to the folder of the file that defines the check.
func Beside(c checks.Check, dir, path string) (string, error) {
	switch {
	case c.Strict:
		return "", ErrStrictFile
	case filepath.IsAbs(path):
		return path, nil
	case dir == "":
		dir = filepath.Dir(c.Source.File)
	}
	return filepath.Join(dir, path), nil
}

// Password is where a kind gets its password from.
type Password struct {
	text string
	File string // read at each probe, so that a new password is taken without a restart; empty if text is it
}

// NewPassword reads the options password and password_file; the file is found
// beside dir. The error is an OptionError.
func NewPassword(c checks.Check, text, dir, file string) (Password, error) {
	return NewSecret(c, "password", text, dir, file)
}

// NewSecret is NewPassword for an option of another name, with _file for the
// file's.
func NewSecret(c checks.Check, name, text, dir, file string) (Password, error) {
	if file == "" {
		return Password{text: text}, nil
	}
	if text != "" {
		return Password{}, &OptionError{Key: name + "_file", Problem: "is given beside " + name, Instead: "write one of them"}
	}
	path, err := Beside(c, dir, file)
	p := Password{File: path}
	if err == nil {
		_, err = p.Reveal()
	}
	if err != nil {
		return Password{}, &OptionError{Key: name + "_file", Problem: err.Error(), Instead: "write the path of a file that holds the " + name + " alone"}
	}
	return p, nil
}

// loginOf is NewPassword for a kind whose login may be left out: there is a
// user with a password, or neither.
func loginOf(c checks.Check, user, text, dir, file string) (Password, error) {
	switch given := text+file != ""; {
	case user == "" && given:
		return Password{}, &OptionError{Key: "user", Problem: "is empty", Instead: "write whose password it is"}
	case user != "" && !given:
		return Password{}, &OptionError{Key: "user", Problem: "has no password", Instead: "write password or password_file beside it"}
	}
	return NewPassword(c, text, dir, file)
}

var (
	// ErrPasswordUnread and ErrPasswordEmpty complete "the password's file ...".
	ErrPasswordUnread = errors.New("cannot be read")
	errPasswordEmpty  = errors.New("is empty")
)

// Reveal returns the password. Its errors complete "the password's file ...".
func (p Password) Reveal() (string, error) {
	if p.File == "" {
		return p.text, nil
	}
	content, err := ReadFile(p.File)
	if err != nil {
		return "", ErrPasswordUnread
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return "", errPasswordEmpty
	}
	return text, nil
}

// NoPassword is the result of a probe whose password cannot be had, which is
// our own trouble.
func NoPassword(err error) checks.Result {
	return Internal("the password's file " + err.Error())
}

// Verifying returns a TLS configuration that accepts certificates for the
// target that the file's authorities signed, or the system's if the file is
// empty.
func Verifying(c checks.Check, t Target, dir, caFile string) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: ServerName(t.Address), MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return cfg, nil
	}
	path, err := Beside(c, dir, caFile)
	if err != nil {
		return nil, &OptionError{Key: "ca_file", Problem: err.Error()}
	}
	cfg.RootCAs = x509.NewCertPool()
	if err := addRoots(cfg.RootCAs, "ca_file", path); err != nil {
		return nil, err
	}
	return cfg, nil
}
