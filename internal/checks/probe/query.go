package probe

import (
	"crypto/tls"
	"errors"
	"strconv"

	"github.com/statusbot/statusbot/internal/checks"
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

	LimitOptions `mapstructure:",squash"`

	WayOptions `mapstructure:",squash"`
}

// Modes of QueryOptions.SSLMode; the databases' own tools have more, which
// fall back to plain text or half verify.
const (
	SSLDisable    = "disable"
	SSLRequire    = "require"
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
	if a.Target, err = ReadTarget("address", o.Address); err != nil {
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

func (o *QueryOptions) secured(c checks.Check, t Target) (*tls.Config, error) {
	if o.CAFile != "" && o.SSLMode != "" && o.SSLMode != SSLVerifyFull {
		return nil, &OptionError{Key: "ca_file", Problem: "is not looked at with sslmode " + Quoted(o.SSLMode), Instead: "write sslmode: verify-full"}
	}
	switch o.SSLMode {
	case SSLDisable:
		return nil, nil
	case SSLRequire:
		return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, nil // only if the check says so
	case SSLVerifyFull, "":
		return Verifying(c, t, o.Dir, o.CAFile)
	}
	return nil, &OptionError{Key: "sslmode", Problem: "is not a mode", Instead: "write disable, require or verify-full"}
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
	value string // empty for not looking
}

// Fault says which claim does not hold, if one does not.
func (c rowClaims) Fault(got Rowset) string {
	switch {
	case got.Rows < c.min:
		return RowCount(got.Rows) + ", expected at least " + strconv.Itoa(c.min)
	case c.value == "":
		return ""
	case got.Rows == 0:
		return "no row, expected the value " + Quoted(c.value)
	case got.Null:
		return "the value is NULL, expected " + Quoted(c.value)
	case got.Value != c.value:
		return "the value is " + Quoted(got.Value) + ", expected " + Quoted(c.value)
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
