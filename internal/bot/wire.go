package bot

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How long we rest when Slack, or somebody on the way to it, limits us. Slack
// itself asks for some seconds (docs.slack.dev/apis/web-api/rate-limits).
const (
	leastRest   = time.Second     // also where it asks for none: else the same call comes at once, again and again
	unsaidRest  = 5 * time.Second // where it does not say for how long, or not in a form that can be read
	longestRest = 5 * time.Minute // whatever it asks for: a wait has an end
)

// answers reads what slack-go does not: it tells what Slack says with a status
// of 4xx from what somebody on the way to it says, as a proxy (what is Slack's
// own JSON is an answer as if it came with 200), and has each 429 say how long
// to rest.
type answers struct{ via http.RoundTripper }

func (a answers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := a.via.RoundTrip(req)
	if err != nil || resp.StatusCode < 400 || resp.StatusCode >= 500 {
		return resp, err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		rest := restFor(resp.Header.Get("Retry-After"), time.Now())
		resp.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(rest.Seconds()))))
		return resp, nil
	}
	const most = 64 << 10 // of bytes that are looked at: a refusal has some hundred
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var said struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	if err == nil && json.Unmarshal(body, &said) == nil && said.OK != nil && said.Error != "" {
		resp.StatusCode, resp.Status = http.StatusOK, "200 OK"
	}
	return resp, nil
}

// restFor reads a Retry-After: seconds, or the time until when.
func restFor(said string, now time.Time) time.Duration {
	said = strings.TrimSpace(said)
	rest := unsaidRest
	if seconds, err := strconv.ParseFloat(said, 64); err == nil && !math.IsNaN(seconds) {
		rest = time.Duration(min(max(seconds, 0), longestRest.Seconds()) * float64(time.Second))
	} else if at, err := http.ParseTime(said); err == nil {
		rest = at.Sub(now)
	}
	return min(max(rest, leastRest), longestRest)
}

// followNone follows no redirect: Slack's API has none, and the token travels
// in the body, which some redirects take along to whomever they name.
func followNone(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
