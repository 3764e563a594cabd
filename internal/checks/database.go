package checks

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// loggingIn is the stage between the connection and the request, of kinds
// that log in.
const loggingIn stage = "logging in"

// hiddenSecret stands where a server repeated a password.
const hiddenSecret = "(secret)"

// hide returns external text without the secret.
func hide(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, hiddenSecret)
}

// limits are how slow an answer may be; 0 for no limit.
type limits struct {
	degraded, fail time.Duration
}

func newLimits(c Check, degradedOver, failOver time.Duration) (limits, error) {
	const first = "the time-out would come first"
	switch {
	case degradedOver < 0:
		return limits{}, &OptionError{Key: "degraded_over", Problem: "is less than 0"}
	case failOver < 0:
		return limits{}, &OptionError{Key: "fail_over", Problem: "is less than 0"}
	case failOver > 0 && degradedOver >= failOver:
		return limits{}, &OptionError{Key: "degraded_over", Problem: "is not less than fail_over", Instead: "degraded comes before failed"}
	case failOver >= c.Timeout:
		return limits{}, &OptionError{Key: "fail_over", Problem: "is not less than the check's time-out", Instead: first}
	case degradedOver >= c.Timeout:
		return limits{}, &OptionError{Key: "degraded_over", Problem: "is not less than the check's time-out", Instead: first}
	}
	return limits{degraded: degradedOver, fail: failOver}, nil
}

// judge makes the result of an answer that is right and took so long.
func (l limits) judge(what string, took time.Duration, tr *trail) Result {
	r := Result{Outcome: Pass, Summary: what, Phases: tr.phases, Duration: took}
	limit := l.degraded
	switch {
	case l.fail > 0 && took > l.fail:
		r.Outcome, limit = Fail, l.fail
	case l.degraded > 0 && took > l.degraded:
		r.Outcome = Degraded
	default:
		return r
	}
	r.Reason = ReasonLatency
	r.Summary = what + " after " + span(took) + ", limit " + span(limit)
	r.Evidence = &Evidence{Remote: tr.remote}
	return r
}

// errStrictFile refuses files to a check that did not come from a
// configuration file: whoever wrote it could have any file sent to a server of
// theirs.
var errStrictFile = errors.New("is not for a check from outside the configuration file")

// beside returns the path of a file that the check's definition names:
// relative to dir, or to the folder of the file that defines the check.
func beside(c Check, dir, path string) (string, error) {
	switch {
	case c.Strict:
		return "", errStrictFile
	case filepath.IsAbs(path):
		return path, nil
	case dir == "":
		dir = filepath.Dir(c.Source.File)
	}
	return filepath.Join(dir, path), nil
}

// password is where a kind gets its password from.
type password struct {
	text string
	file string // read at each probe, so that a new password is taken without a restart; empty if text is it
}

func newPassword(c Check, text, dir, file string) (password, error) {
	return newSecret(c, "password", text, dir, file)
}

// newSecret is newPassword for an option of another name, with _file for the
// file's.
func newSecret(c Check, name, text, dir, file string) (password, error) {
	if file == "" {
		return password{text: text}, nil
	}
	if text != "" {
		return password{}, &OptionError{Key: name + "_file", Problem: "is given beside " + name, Instead: "write one of them"}
	}
	path, err := beside(c, dir, file)
	p := password{file: path}
	if err == nil {
		_, err = p.reveal()
	}
	if err != nil {
		return password{}, &OptionError{Key: name + "_file", Problem: err.Error(), Instead: "write the path of a file that holds the " + name + " alone"}
	}
	return p, nil
}

// loginOf is newPassword for a kind whose login may be left out: there is a
// user with a password, or neither.
func loginOf(c Check, user, text, dir, file string) (password, error) {
	switch given := text+file != ""; {
	case user == "" && given:
		return password{}, &OptionError{Key: "user", Problem: "is empty", Instead: "write whose password it is"}
	case user != "" && !given:
		return password{}, &OptionError{Key: "user", Problem: "has no password", Instead: "write password or password_file beside it"}
	}
	return newPassword(c, text, dir, file)
}

var (
	errPasswordUnread = errors.New("cannot be read")
	errPasswordEmpty  = errors.New("is empty")
)

// reveal returns the password. Its errors complete "the password's file ...".
func (p password) reveal() (string, error) {
	if p.file == "" {
		return p.text, nil
	}
	content, err := os.ReadFile(p.file)
	if err != nil {
		return "", errPasswordUnread
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return "", errPasswordEmpty
	}
	return text, nil
}

// noPassword is the result of a probe whose password cannot be had, which is
// our own trouble.
func noPassword(err error) Result {
	return internal("the password's file " + err.Error())
}

// verifying returns a TLS configuration that accepts certificates for the
// target that the file's authorities signed, or the system's if the file is
// empty.
func verifying(c Check, t target, dir, caFile string) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: serverName(t.address), MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return cfg, nil
	}
	const instead = "write the path of a file of certificates in PEM"
	path, err := beside(c, dir, caFile)
	if err != nil {
		return nil, &OptionError{Key: "ca_file", Problem: err.Error()}
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, &OptionError{Key: "ca_file", Problem: "cannot be read", Instead: instead}
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, &OptionError{Key: "ca_file", Problem: "holds no certificate", Instead: instead}
	}
	return cfg, nil
}
