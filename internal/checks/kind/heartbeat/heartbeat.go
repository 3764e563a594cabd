// Package heartbeat is the kind of check that is not probed: a job reports that
// it did its work. Who reported and who is late is known to checks/heartbeat.
package heartbeat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind heartbeat: a job or
// another system reports to us, each Check.Every.
type Options struct {
	Token     string        `mapstructure:"token"`      // whoever has it may report
	TokenFile string        `mapstructure:"token_file"` // file that holds it instead
	Dir       string        `mapstructure:"dir"`        // folder of TokenFile; default the folder of the file that defines the check
	Grace     time.Duration `mapstructure:"grace"`      // how late a report may be; 0: a tenth of the interval, at least graceMin
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "heartbeat",
	Summary: "A job reported in time that it did its work, or another system reported a result of its own.",
	Options: func() any { return &Options{} },
	Build:   build,
	Passive: true,
	Example: `{token: "${BACKUP_TOKEN}", grace: 30m}`,
	Proven:  "curl 7.88",
}

const (
	// graceMin is the least grace that nobody asked for: cron starts a job
	// within a minute, and a network needs a retry now and then.
	graceMin = 30 * time.Second
	graceMax = 31 * 24 * time.Hour

	// tokenMin is the length of a token, in bytes, that nobody guesses: 16
	// bytes of base64 are 96 bits.
	tokenMin = 16

	// TokenKeep is how long a token's file is not read again.
	TokenKeep = 10 * time.Second
)

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	const instead = "write one that nobody guesses, such as openssl rand -hex 16 prints"
	if o.Token == "" && o.TokenFile == "" {
		return nil, &probe.OptionError{Key: "token", Problem: "is missing", Instead: "write token: ${NAME} or token_file: PATH"}
	}
	t, err := probe.NewSecret(c, "token", o.Token, o.Dir, o.TokenFile)
	if err != nil {
		return nil, err
	}
	text, err := t.Reveal()
	if err != nil {
		return nil, &probe.OptionError{Key: "token_file", Problem: err.Error()} // unreachable: it was read just now
	}
	if len(text) < tokenMin {
		key := "token"
		if t.File != "" {
			key = "token_file"
		}
		return nil, &probe.OptionError{Key: key, Problem: "has fewer than 16 characters", Instead: instead}
	}
	if o.Grace < 0 || o.Grace > graceMax {
		return nil, &probe.OptionError{Key: "grace", Problem: "is not between 0 and 744h", Instead: `write how late a report may be, such as "30m"`}
	}
	return func(context.Context) checks.Result {
		return probe.Internal("reports come to the running statusbot, which alone can tell; there is nothing to probe")
	}, nil
}

// GraceOf returns how late a report of a check may be.
func (o *Options) GraceOf(every time.Duration) time.Duration {
	if o.Grace > 0 {
		return o.Grace
	}
	return max(every/10, graceMin)
}

// TokenLock compares tokens in constant time.
type TokenLock struct {
	From probe.Password
	sum  [sha256.Size]byte
	read time.Time // when sum was made
}

var errTokenShort = errors.New("has fewer than 16 characters")

// Refresh reads a token's file again after a while, so that a token that was
// replaced is worth nothing any more. While it cannot be read, nobody gets in.
func (l *TokenLock) Refresh(now time.Time) error {
	if !l.read.IsZero() && (l.From.File == "" || now.Sub(l.read).Abs() < TokenKeep) {
		return nil
	}
	text, err := l.From.Reveal()
	if err == nil && len(text) < tokenMin {
		err = errTokenShort
	}
	l.read = now
	if err != nil {
		_, _ = rand.Read(l.sum[:]) // it never fails
		return err
	}
	l.sum = sha256.Sum256([]byte(text))
	return nil
}

// Opens reports whether the token is the one.
func (l *TokenLock) Opens(token string) bool {
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], l.sum[:]) == 1
}
