package probetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Probing runs a check once and returns what it saw.
func Probing(t *testing.T, kind *probe.Kind, options any, timeout time.Duration) checks.Result {
	t.Helper()
	c, err := Compiled(kind, checks.Check{ID: "it", Product: "shop", Every: max(time.Minute, timeout), Timeout: timeout, Options: options})
	OK(t, err)
	r, ok := c.Run(context.Background())
	if !ok {
		t.Fatal("got no result")
	}
	if r.Check != "it" || r.Product != "shop" || r.Started.IsZero() || r.Duration <= 0 {
		t.Errorf("the frame is not filled: %+v", r)
	}
	return r
}

// Until runs a check as Probing does, and again with four times the time-out,
// up to some minutes, as long as its time was over before it came to what said
// is a part of: how far a probe comes in a given time hangs on how busy the
// machine is, and where it waits for a silent peer does not.
func Until(t *testing.T, kind *probe.Kind, options any, timeout time.Duration, said string) checks.Result {
	t.Helper()
	const most, late = 2 * time.Minute, 30 * time.Second
	for {
		r := Probing(t, kind, options, timeout)
		if r.Duration > timeout+late {
			t.Errorf("it took %v, with a time-out of %v", r.Duration, timeout)
		}
		if _, after, ok := strings.Cut(r.Summary, "time-out after "); ok && !strings.HasPrefix(after, probe.Span(timeout)) {
			t.Errorf("after %v it says %q", timeout, r.Summary)
		}
		if r.Reason != checks.ReasonTimeout || strings.Contains(r.Summary, said) || timeout > most {
			return r
		}
		timeout *= 4
	}
}

// WantResult compares what a person relies on; summary is a part of it.
func WantResult(t *testing.T, r checks.Result, outcome checks.Outcome, reason checks.Reason, summary string) {
	t.Helper()
	if r.Outcome != outcome || r.Reason != reason || !strings.Contains(r.Summary, summary) {
		t.Errorf("got %s/%s %q, want %s/%s %q", r.Outcome, r.Reason, r.Summary, outcome, reason, summary)
	}
	if (r.Outcome == checks.Pass) != (r.Reason == checks.ReasonNone) {
		t.Errorf("outcome %q with reason %q", r.Outcome, r.Reason)
	}
}

// WantOption wants the error of an option.
func WantOption(t *testing.T, err error, key string) {
	t.Helper()
	if wrong, ok := errors.AsType[*probe.OptionError](err); !ok || wrong.Key != key {
		t.Errorf("%s: got %v", key, err)
	}
}

// WantStrictFile wants the error of a strict check that is to read a file.
func WantStrictFile(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), probe.ErrStrictFile.Error()) {
		t.Errorf("strict: got %v", err)
	}
}

// NoLogin fails if a result shows what a user and a password log in by.
func NoLogin(t *testing.T, r checks.Result, user string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		NoSecret(t, r, secret)
		NoSecret(t, r, probe.PlainLogin(user, secret))
	}
}

// WantConversation compares what a result keeps of the way to a server: how
// long it took to connect and to agree on TLS, and where that was.
func WantConversation(t *testing.T, r checks.Result, address string, secured bool) {
	t.Helper()
	if r.Phases.Connect <= 0 || (r.Phases.TLS > 0) != secured {
		t.Errorf("phases: %+v", r.Phases)
	}
	if r.Outcome != checks.Pass && (r.Evidence == nil || r.Evidence.Remote != address) {
		t.Errorf("evidence: %+v", r.Evidence)
	}
}

// NoSecret fails if a result shows the secret.
func NoSecret(t *testing.T, r checks.Result, secret string) {
	t.Helper()
	if strings.Contains(r.Summary, secret) || r.Evidence != nil && strings.Contains(r.Evidence.Output, secret) {
		t.Errorf("the password is shown: %q %+v", r.Summary, r.Evidence)
	}
}

// WantOptionError fails unless the key of a check's options is refused.
func WantOptionError(t *testing.T, kind *probe.Kind, options any, key string) {
	t.Helper()
	_, err := Compiled(kind, checks.Check{ID: "it", Every: time.Second, Timeout: time.Second, Options: options})
	if wrong, ok := errors.AsType[*probe.OptionError](err); !ok || wrong.Key != key {
		t.Errorf("%s: got %v", key, err)
	}
}

// Said is the list that a configuration makes of one text, or of none.
func Said(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// Compiled compiles a check of the kind.
func Compiled(kind *probe.Kind, c checks.Check) (*probe.Compiled, error) {
	c.Kind, c.Passive = kind.Name, kind.Passive
	return probe.Compile(kind, &c)
}
