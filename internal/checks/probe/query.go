package probe

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strconv"

	"github.com/statusbot/statusbot/internal/checks"
)

// QueryOptions are what the kinds that ask a database a query have in common:
// each probe makes a connection of its own, logs in and asks.
type QueryOptions struct {
	Address      string `mapstructure:"address"` // "host:port", or the path of a Unix socket
	User         string `mapstructure:"user"`
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
	Database     string `mapstructure:"database"`      // default what the server has for the user

	// SSLMode is "verify-full" (the default: TLS, with a certificate for the
	// address's host that a known authority signed), "verify-ca" (with one for
	// whatever name), "require" (TLS with any certificate) or "disable". To a Unix
	// socket there is no TLS.
	SSLMode      string `mapstructure:"sslmode"`
	CAFile       string `mapstructure:"ca_file"` // authorities for verify-full and verify-ca, PEM; default the system's
	Dir          string `mapstructure:"dir"`     // folder that the files are found from; default the folder of the file that defines the check
	ProofOptions `mapstructure:",squash"`

	Query         string  `mapstructure:"query"`           // one statement; of several the first that returns rows counts
	ExpectRowsMin int     `mapstructure:"expect_rows_min"` // fewer rows are a failure; 0 for not looking
	ExpectValue   *string `mapstructure:"expect_value"`    // first column of the first row as text; nil for not looking

	LimitOptions `mapstructure:",squash"`

	WayOptions `mapstructure:",squash"`
}

// Modes of QueryOptions.SSLMode. The databases' own tools have two more, which fall
// back to plain text.
const (
	SSLDisable    = "disable"
	SSLRequire    = "require"
	SSLVerifyCA   = "verify-ca"
	SSLVerifyFull = "verify-full"
)

// DefaultQuery are the options of kinds that ask databases, with their defaults.
func DefaultQuery() QueryOptions { return QueryOptions{SSLMode: SSLVerifyFull, Query: "SELECT 1"} }

// Asking is what QueryOptions say, compiled.
type Asking struct {
	Target   Target
	Password Password
	Tls      *tls.Config // nil for plain text
	Query    string
	Rows     rowClaims
	Limits   Limits
}

// Asking judges the options. The error is an OptionError.
func (o *QueryOptions) Asking(c checks.Check) (Asking, error) {
	a := Asking{Query: o.Query, Rows: rowClaims{o.ExpectRowsMin, o.ExpectValue}}
	var err error
	if a.Target, err = ReadTargetOrSocket(c, "address", o.Address); err != nil {
		return a, err
	}
	switch {
	case o.User == "":
		return a, &OptionError{Key: "user", Problem: "is empty", Instead: "write the name of a user that may log in"}
	case o.Query == "":
		return a, &OptionError{Key: "query", Problem: "is empty", Instead: "write one such as SELECT 1"}
	case o.ExpectRowsMin < 0:
		return a, &OptionError{Key: "expect_rows_min", Problem: "is less than 0"}
	}
	if a.Password, err = NewPassword(c, o.Password, o.Dir, o.PasswordFile); err != nil {
		return a, err
	}
	if a.Limits, err = o.Limits(c); err != nil {
		return a, err
	}
	a.Tls, err = o.secured(c, a.Target)
	return a, err
}

// secured returns nil for plain text.
func (o *QueryOptions) secured(c checks.Check, t Target) (*tls.Config, error) {
	mode := cmp.Or(o.SSLMode, SSLVerifyFull)
	verifies := mode == SSLVerifyFull || mode == SSLVerifyCA
	switch {
	case mode == "prefer" || mode == "allow":
		return nil, &OptionError{Key: "sslmode", Problem: "would have the password sent in plain text if whoever answers wants it so", Instead: "write disable, require, verify-ca or verify-full"}
	case !verifies && mode != SSLRequire && mode != SSLDisable:
		return nil, &OptionError{Key: "sslmode", Problem: "is not a mode", Instead: "write disable, require, verify-ca or verify-full"}
	case t.local && (mode == SSLRequire || mode == SSLVerifyCA):
		return nil, &OptionError{Key: "sslmode", Problem: "is not looked at with a Unix socket", Instead: "leave it out"}
	case t.local && o.CAFile != "":
		return nil, &OptionError{Key: "ca_file", Problem: "is not looked at with a Unix socket"}
	case o.CAFile != "" && !verifies:
		return nil, &OptionError{Key: "ca_file", Problem: "is not looked at with sslmode " + Quoted(mode), Instead: "write sslmode: verify-full"}
	case (t.local || mode == SSLDisable) && o.option() != "":
		return nil, &OptionError{Key: o.option(), Problem: "is not looked at without TLS", Instead: "leave it out"}
	case t.local || mode == SSLDisable:
		return nil, nil
	}
	cfg := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} // only if the check says so
	if verifies {
		var err error
		if cfg, err = Verifying(c, t, o.Dir, o.CAFile); err != nil {
			return nil, err
		}
	}
	if mode == SSLVerifyCA {
		anyName(cfg)
	}
	return cfg, o.into(c, o.Dir, cfg)
}

// anyName has a configuration verify who signed the peer's certificate, and not the
// names in it.
func anyName(cfg *tls.Config) {
	cfg.InsecureSkipVerify = true // verified below
	roots := cfg.RootCAs
	cfg.VerifyConnection = func(seen tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, c := range seen.PeerCertificates[1:] { // with TLS there is always one
			between.AddCert(c)
		}
		_, err := seen.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
		if err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: seen.PeerCertificates, Err: err}
		}
		return nil
	}
}

var (
	// ErrNoTLS is how a negotiation of TLS can end before it began.
	ErrNoTLS = errors.New("the server does not offer TLS")
	// ErrLongRow is a row that is not read.
	ErrLongRow = errors.New("a row is longer than the 64 KiB that a check reads")
)

// Rowset is what a query returned.
type Rowset struct {
	Rows  int
	Value string // first column of the first row
	Null  bool   // that is NULL, or there is none
}

// rowClaims are what is expected of a rowset.
type rowClaims struct {
	min   int
	value *string // nil for not looking
}

// Fault says which claim does not hold, if one does not.
func (c rowClaims) Fault(got Rowset) string {
	switch {
	case got.Rows < c.min:
		return RowCount(got.Rows) + ", expected at least " + strconv.Itoa(c.min)
	case c.value == nil:
		return ""
	case got.Rows == 0:
		return "no row, expected the value " + Quoted(*c.value)
	case got.Null:
		return "the value is NULL, expected " + Quoted(*c.value)
	case got.Value != *c.value:
		return "the value is " + Quoted(got.Value) + ", expected " + Quoted(*c.value)
	}
	return ""
}

// RowCount is "1 row" or "3 rows".
func RowCount(n int) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.Itoa(n) + " rows"
}
