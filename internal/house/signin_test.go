package house

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
)

// features are those that are wanted where guests may do everything.
func features() []bot.Feature {
	return Features(&config.Config{Access: config.Access{Guests: config.GuestsEverything}})
}

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
	s := &signing{features: features, back: &back{}}
	seen, logs := observer.New(zapcore.InfoLevel)
	s.log = zap.New(seen)
	said := s.refused
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
	s.api = bot.NewAPI(bot.Config{APIURL: slack.URL + "/", BotToken: "xoxb-very-secret"})
	s.signIn(context.Background(), 1, 1) // nanoseconds between two tries
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

// TestSignInWaitsForNoPauseOnceSlackIsBack: whoever hears of Slack ends the pause before the next try, and what is heard
// while a try is under way counts too.
func TestSignInWaitsForNoPauseOnceSlackIsBack(t *testing.T) {
	t.Parallel()
	s := &signing{features: features, back: &back{}, log: zap.NewNop()}
	tries := 0
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries == 1 {
			s.back.tell()
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("X-OAuth-Scopes", "commands,chat:write")
		fmt.Fprint(w, `{"ok":true,"bot_id":"B1"}`)
	}))
	defer slack.Close()
	s.api = bot.NewAPI(bot.Config{APIURL: slack.URL + "/", BotToken: "xoxb-1"})
	s.signIn(t.Context(), 24*time.Hour, 24*time.Hour)
	if tries != 2 {
		t.Errorf("it asked %d times, want twice", tries)
	}
}

// TestATokenIsRevokedWhileItRuns: whichever call says so, health and the log do,
// with the cure, until Slack takes the token again.
func TestATokenIsRevokedWhileItRuns(t *testing.T) {
	for _, word := range []string{"invalid_auth", "token_revoked", "account_inactive"} {
		for _, status := range []int{200, 401} {
			var revoked atomic.Bool
			slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case revoked.Load():
					w.WriteHeader(status)
					fmt.Fprintf(w, `{"ok":false,"error":%q}`, word)
				default:
					w.Header().Set("X-OAuth-Scopes", "commands,chat:write")
					fmt.Fprint(w, `{"ok":true,"bot_id":"B1","channels":[]}`)
				}
			}))
			s := &signing{features: features, back: &back{}}
			seen, logs := observer.New(zapcore.ErrorLevel)
			s.log = zap.New(seen)
			s.api = bot.NewAPI(bot.Config{APIURL: slack.URL + "/", BotToken: "xoxb-very-secret"})
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); s.keep(ctx, time.Millisecond, time.Millisecond) }()
			says := func(want string) bool {
				why := s.refused()
				return why == "" && want == "" || why != "" && want != "" && strings.Contains(why, want) && strings.Contains(why, "STATUSBOT_SLACK_BOT_TOKEN")
			}
			soon(t, "it is signed in", func() bool { _, known := s.api.Scopes(); return known && says("") })
			revoked.Store(true)
			soon(t, word+" of a call is known", func() bool {
				_, _ = s.api.Channel(ctx, "incidents") // any call
				return says(word)
			})
			soon(t, word+" is said again and again", func() bool { return logs.FilterMessageSnippet("not signed in to Slack").Len() > 2 })
			revoked.Store(false)
			soon(t, "it is signed in again", func() bool { return says("") })
			stop()
			<-done
			slack.Close()
		}
	}
}

// soon waits for a condition.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
