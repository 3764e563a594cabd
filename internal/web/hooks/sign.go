package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/redact"
)

// The headers in which senders prove who they are.
const (
	githubSignature  = "X-Hub-Signature-256"
	gitlabToken      = "X-Gitlab-Token"
	grafanaSignature = "X-Grafana-Alerting-Signature"
	grafanaTimestamp = "X-Grafana-Alerting-Timestamp"
)

// signedFor is how old a signature with a time in it may be.
const signedFor = 5 * time.Minute

// howToSend says what a sender of this source is to send.
func (s Source) howToSend() string {
	switch {
	case s.Kind == GitHub:
		return "GitHub sends " + githubSignature + " once the webhook has a secret"
	case s.Kind == GitLab:
		return "GitLab sends " + gitlabToken + " once the webhook has a secret token"
	case s.Signed:
		return "Grafana sends " + grafanaSignature + " once the contact point has an HMAC secret"
	}
	return "send Authorization: Bearer TOKEN"
}

// signed reports whether a body is signed by one of the source's secrets, in the way
// of its kind:
//   - GitHub: sha256= and the HMAC in hex of the body
//     (docs.github.com, Validating webhook deliveries);
//   - Grafana: the HMAC in hex of the body or, where a header has the time, of that time
//     in Unix seconds, a colon and the body (grafana.com, Configure webhook notifications).
func (s Source) signed(r *http.Request, body []byte, now time.Time) bool {
	said, prefix := "", ""
	switch s.Kind {
	case GitHub:
		var ok bool
		if said, ok = strings.CutPrefix(r.Header.Get(githubSignature), "sha256="); !ok {
			return false
		}
	case Grafana:
		said = strings.TrimSpace(r.Header.Get(grafanaSignature))
		if stamp := r.Header.Get(grafanaTimestamp); stamp != "" {
			n, err := strconv.ParseInt(stamp, 10, 64)
			if err != nil || now.Sub(time.Unix(n, 0)).Abs() > signedFor {
				return false
			}
			prefix = stamp + ":"
		}
	}
	got, err := hex.DecodeString(said)
	if err != nil {
		return false
	}
	ok := false
	for _, secret := range s.Secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = mac.Write([]byte(prefix))
		_, _ = mac.Write(body)
		ok = hmac.Equal(got, mac.Sum(nil)) || ok
	}
	return ok
}

// tokenOf returns what a request of a source that sends a token has.
func tokenOf(s Source, r *http.Request) string {
	if s.Kind == GitLab {
		return r.Header.Get(gitlabToken)
	}
	return bearer(r)
}

// bearer returns the token of Authorization: Bearer, or the password of Basic, which
// is all that some senders can be given. Not from the address: proxies keep that in
// their logs.
func bearer(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// longEnough are the secrets of all sources, to be taken out of what they say.
func longEnough(sources []Source) []string {
	found := map[string]bool{}
	for _, s := range sources {
		for _, secret := range s.Secrets {
			found[secret] = true
		}
	}
	return redact.LongestFirst(found)
}

// sortedOnce is a list without what it has twice; nil where it is empty.
func sortedOnce(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
