package bot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// signedWithin is how far a request's timestamp may be from our clock, either
// way (docs.slack.dev/authentication/verifying-requests-from-slack).
const signedWithin = 5 * time.Minute

// Why a request is not taken for Slack's. Who sent it is not told which.
var (
	errUnsigned = errors.New("it carries no signature of version v0")
	errForged   = errors.New("its signature is not made with this signing secret")
	errReplayed = errors.New("it was sent before")
)

// staleError is a timestamp outside of the window.
type staleError struct{ off time.Duration } // our clock less the request's

func (e *staleError) Error() string {
	return fmt.Sprintf("its timestamp is %s off, more than %s", e.off.Round(time.Second), signedWithin)
}

// mac is a request's signature: the same for the same body, timestamp and
// secret.
type mac [sha256.Size]byte

// verify says whether Slack signed a request, and when.
func verify(secret string, head http.Header, body []byte, now time.Time) (mac, time.Time, error) {
	stamp := head.Get("X-Slack-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	signature := head.Get("X-Slack-Signature")
	if err != nil || seconds <= 0 || len(signature) != len("v0=")+hex.EncodedLen(sha256.Size) || signature[:3] != "v0=" {
		return mac{}, time.Time{}, errUnsigned
	}
	got, err := hex.DecodeString(signature[3:])
	if err != nil {
		return mac{}, time.Time{}, errUnsigned
	}
	// Compared as whole seconds: a time that far off would overflow a Duration.
	if off := now.Unix() - seconds; off > int64(signedWithin/time.Second) || off < -int64(signedWithin/time.Second) {
		const most = int64(1<<63-1) / int64(time.Second)
		return mac{}, time.Time{}, &staleError{time.Duration(max(-most, min(off, most))) * time.Second}
	}
	if secret == "" {
		return mac{}, time.Time{}, errForged // everybody knows that key
	}
	want := sign(secret, stamp, body)
	if !hmac.Equal(got, want[:]) {
		return mac{}, time.Time{}, errForged
	}
	return want, time.Unix(seconds, 0), nil
}

// sign is Slack's signature, version v0.
func sign(secret, stamp string, body []byte) mac {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("v0:" + stamp + ":"))
	h.Write(body)
	return mac(h.Sum(nil))
}

// mostSeen bounds how many requests are remembered, at about 100 bytes each.
// Slack sends at most 30,000 events an hour (docs.slack.dev/apis/events-api),
// 5,000 in a window.
const mostSeen = 100_000

// seen remembers the requests that were taken, for as long as their timestamps
// are good, so that none is taken twice.
type seen struct {
	mu    sync.Mutex
	until map[mac]time.Time // :: request -> when its timestamp is too old
	swept time.Time
}

// first reports whether a request comes for the first time; false as well when
// there is no room to remember it.
func (s *seen) first(m mac, signed, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.until[m]; ok {
		return false
	}
	if s.until == nil {
		s.until = map[mac]time.Time{}
	}
	if now.Sub(s.swept) > time.Minute || len(s.until) >= mostSeen {
		for k, until := range s.until {
			if now.After(until) {
				delete(s.until, k)
			}
		}
		s.swept = now
	}
	if len(s.until) >= mostSeen {
		return false
	}
	s.until[m] = signed.Add(signedWithin + time.Second) // the window ends with that second
	return true
}

// forget lets the same request come once more.
func (s *seen) forget(m mac) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, m)
}
