package house

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
)

// Nothing that Slack, or a proxy before it, says to a sign-in ends it: it is said
// with its cure, by health as well, and tried again until Slack takes us.
func TestSignInGoesOnWhateverSlackSays(t *testing.T) {
	answers := []struct {
		status       int
		scopes, body string
		health       string // what health says while the next one is asked for; empty: nothing
	}{
		{403, "", "<html>Blocked by the company's proxy</html>", ""},
		{200, "", `{"ok":false,"error":"invalid_auth"}`, "invalid_auth; check the bot token (STATUSBOT_SLACK_BOT_TOKEN)"},
		{200, "commands", `{"ok":true,"bot_id":"B1"}`, "nothing can be posted: the Slack app lacks the scope chat:write, for updates and answers; add it"},
		{407, "", "Proxy Authentication Required", ""},
		{200, "commands,chat:write", `{"ok":true,"bot_id":"B1"}`, ""},
	}
	h := &house{}
	seen, logs := observer.New(zapcore.InfoLevel)
	h.log = zap.New(seen)
	h.cfg.Store(&config.Config{Access: config.Access{Guests: config.GuestsEverything}})
	said := func() string {
		if why := h.refusal.Load(); why != nil {
			return *why
		}
		return ""
	}
	asked := 0
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked > 0 {
			if got, want := said(), answers[asked-1].health; !strings.Contains(got, want) || (got == "") != (want == "") {
				t.Errorf("after answer %d health says %q, want %q", asked-1, got, want)
			}
		}
		a := answers[min(asked, len(answers)-1)]
		asked++
		if a.scopes != "" {
			w.Header().Set("X-OAuth-Scopes", a.scopes)
		}
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}))
	defer slack.Close()
	h.api = bot.NewAPI(bot.Config{APIURL: slack.URL + "/", BotToken: "xoxb-very-secret"})
	h.signIn(context.Background(), 1, 1) // nanoseconds between two tries
	if asked != len(answers) || said() != "" {
		t.Errorf("it asked %d times, want %d, and health says %q", asked, len(answers), said())
	}
	for _, l := range logs.All() {
		if strings.Contains(fmt.Sprint(l.Message, l.ContextMap()), "very-secret") {
			t.Errorf("the token is in the log: %v", l)
		}
	}
	if n := logs.FilterLevelExact(zapcore.ErrorLevel).Len(); n != 2 {
		t.Errorf("%d errors in the log, want one for each refusal", n)
	}
}
