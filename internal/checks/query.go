package checks

import (
	"crypto/tls"
	"errors"
	"time"
)

// QueryOptions are what the kinds that ask a database a query have in common:
// each probe makes a connection of its own, logs in and asks.
type QueryOptions struct {
	Address      string `mapstructure:"address"` // "host:port"
	User         string `mapstructure:"user"`
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
	Database     string `mapstructure:"database"`      // default what the server has for the user

	// SSLMode is "verify-full" (the default: TLS, with a certificate for the
	// address's host that a known authority signed), "require" (TLS with any
	// certificate) or "disable".
	SSLMode string `mapstructure:"sslmode"`
	CAFile  string `mapstructure:"ca_file"` // authorities for verify-full, PEM; default the system's
	Dir     string `mapstructure:"dir"`     // folder that the files are found from; default the folder of the file that defines the check

	Query         string `mapstructure:"query"`           // one statement; of several the first that returns rows counts
	ExpectRowsMin int    `mapstructure:"expect_rows_min"` // fewer rows are a failure; 0 for not looking
	ExpectValue   string `mapstructure:"expect_value"`    // first column of the first row as text; empty for not looking

	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit
}

// Modes of QueryOptions.SSLMode; the databases' own tools have more, which
// fall back to plain text or half verify.
const (
	sslDisable    = "disable"
	sslRequire    = "require"
	sslVerifyFull = "verify-full"
)

func defaultQuery() QueryOptions { return QueryOptions{SSLMode: sslVerifyFull, Query: "SELECT 1"} }

// asking is what QueryOptions say, compiled.
type asking struct {
	target   target
	password password
	tls      *tls.Config // nil for plain text
	query    string
	rows     rowClaims
	limits   limits
}

func (o *QueryOptions) asking(c Check) (asking, error) {
	a := asking{query: o.Query, rows: rowClaims{o.ExpectRowsMin, o.ExpectValue}}
	var err error
	if a.target, err = tcpTarget("address", o.Address); err != nil {
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
	if a.password, err = newPassword(c, o.Password, o.Dir, o.PasswordFile); err != nil {
		return a, err
	}
	if a.limits, err = newLimits(c, o.DegradedOver, o.FailOver); err != nil {
		return a, err
	}
	a.tls, err = o.secured(c, a.target)
	return a, err
}

func (o *QueryOptions) secured(c Check, t target) (*tls.Config, error) {
	if o.CAFile != "" && o.SSLMode != "" && o.SSLMode != sslVerifyFull {
		return nil, &OptionError{Key: "ca_file", Problem: "is not looked at with sslmode " + quoted(o.SSLMode), Instead: "write sslmode: verify-full"}
	}
	switch o.SSLMode {
	case sslDisable:
		return nil, nil
	case sslRequire:
		return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, nil // only if the check says so
	case sslVerifyFull, "":
		return verifying(c, t, o.Dir, o.CAFile)
	}
	return nil, &OptionError{Key: "sslmode", Problem: "is not a mode", Instead: "write disable, require or verify-full"}
}

var (
	// errNoTLS is how a negotiation of TLS can end before it began.
	errNoTLS   = errors.New("the server does not offer TLS")
	errLongRow = errors.New("a row is longer than the 64 KiB that a check reads")
)

// rowset is what a query returned.
type rowset struct {
	rows  int
	value string // first column of the first row
	null  bool   // that is NULL, or there is none
}

// rowClaims are what is expected of a rowset.
type rowClaims struct {
	min   int
	value string // empty for not looking
}

// fault says which claim does not hold, if one does not.
func (c rowClaims) fault(got rowset) string {
	switch {
	case got.rows < c.min:
		return rowCount(got.rows) + ", expected at least " + itoa(c.min)
	case c.value == "":
		return ""
	case got.rows == 0:
		return "no row, expected the value " + quoted(c.value)
	case got.null:
		return "the value is NULL, expected " + quoted(c.value)
	case got.value != c.value:
		return "the value is " + quoted(got.value) + ", expected " + quoted(c.value)
	}
	return ""
}

func rowCount(n int) string {
	if n == 1 {
		return "1 row"
	}
	return itoa(n) + " rows"
}
