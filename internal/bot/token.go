package bot

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
)

// tokenRefused are Slack's words for a token that it does not take, be it
// from the start or any more.
var tokenRefused = []string{"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"}

// CureOf is what an operator can do about what Slack refuses.
func CureOf(err error) string {
	code := refusedWith(err)
	switch {
	case slices.Contains(tokenRefused, code):
		return "set STATUSBOT_SLACK_BOT_TOKEN to the Bot User OAuth Token, xoxb-..., under OAuth & Permissions"
	case code == "", code == "channel_not_found", code == "not_in_channel":
		return "invite the bot into the channel with /invite, or correct the channel's name"
	}
	return "statusbot doctor says what Slack lets the bot do"
}

// longestRefusal bounds an answer that may be one: a refusal has some hundred
// bytes.
const longestRefusal = 1 << 10

// watched looks at every answer of Slack's for a refusal of the token: a
// token may be revoked at any time, and any call may be the first to say so.
type watched struct {
	via     http.RoundTripper
	refused func()
}

func (w watched) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.via.RoundTrip(req)
	if err != nil || resp.StatusCode >= http.StatusInternalServerError {
		return resp, err
	}
	head, err := io.ReadAll(io.LimitReader(resp.Body, longestRefusal))
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), failing{err}, resp.Body), resp.Body}
	var said struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	if err == nil && json.Unmarshal(head, &said) == nil && said.OK != nil && !*said.OK && slices.Contains(tokenRefused, said.Error) {
		w.refused()
	}
	return resp, nil
}

// failing ends with an error, if there is one.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

// TokenRefused gets something whenever Slack has refused the bot token, with
// any call: it is a level trigger. What Slack says of it is asked with Check.
func (a *API) TokenRefused() <-chan struct{} { return a.refused }
