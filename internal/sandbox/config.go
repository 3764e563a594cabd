package sandbox

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/serve"
)

// Identity of the one app in the workspace.
const (
	TeamID    = "T0SANDBOX"
	AppID     = "A0STATUSB"
	BotUserID = "U0STATUSB"
	BotID     = "B0STATUSB"
	// slackbotID is the sender of the lines that Slack itself writes.
	slackbotID = "USLACKBOT"
)

// Config says what the workspace is like. The zero value is usable.
type Config struct {
	// Listen is the address to serve on; "127.0.0.1:0" if empty.
	Listen string
	// Dir, if set, is where messages are kept across restarts.
	Dir string
	// Team is the workspace's name; "sandbox" if empty.
	Team string
	// Channels are the names of the public channels, the bot in each;
	// general and incident-demo if empty.
	Channels []string
	// Users are the people; those of defaultUsers, and the groups of
	// defaultGroups, if empty.
	Users  []User
	Groups []Group
	// Commands are the slash commands that reach the app; /status and
	// /statusbot if empty.
	Commands []string
	// Shortcuts are the app's entries in the menu of a message;
	// defaultShortcuts if nil.
	Shortcuts []Shortcut
	// BotToken and AppToken are what a client must present; xoxb-sandbox and
	// xapp-sandbox if empty.
	BotToken, AppToken string
	// SigningSecret is the key of HTTP mode's signatures; a fixed one if empty.
	SigningSecret string
	// HTTP, if set, delivers by signed requests instead of Socket Mode from
	// the start, without the url_verification that UseHTTP asks for.
	HTTP HTTPMode
	// Scopes are those of the bot token; AllScopes if nil.
	Scopes []string
	// Events are the app's subscriptions; defaultEvents if nil.
	Events []string
	// RefusedBlocks are kinds of block that this workspace does not take.
	RefusedBlocks []string
	// AckWithin is how long an acknowledgement or an answer may take; Slack's
	// 3 s if zero.
	AckWithin time.Duration
	// TriggerLife and ResponseURLLife are how long a trigger_id and a
	// response_url may be used; Slack's 3 s and 30 minutes if zero.
	TriggerLife, ResponseURLLife time.Duration
	// EventRetries are the pauses before an event that was not acknowledged is
	// sent again; Slack's (at once, 1 min, 5 min) if nil.
	EventRetries []time.Duration
	// Mount adds handlers at other patterns, such as "/demo/".
	Mount map[string]http.Handler
	// NoRateLimit turns Slack's rate limits off, for benchmarks.
	NoRateLimit bool
	// LimitSpeed is how many times as fast as Slack's the allowances of the
	// rate limits fill, for tests that have no minutes; 1 if zero.
	LimitSpeed float64
	// FileProcessing is how long an uploaded file stays unusable in an image
	// block after completion, as it does in Slack for a moment; 0 is none.
	FileProcessing time.Duration
	// Bounds are what one caller may take of the server; what is zero is as usual.
	Bounds serve.Bounds
	// Log takes what the operator should know; nil discards.
	Log *zap.Logger
}

// withDefaults fills in what the comments above promise, and refuses what
// cannot be.
func (c Config) withDefaults() (Config, error) {
	c.Listen, c.Team = cmp.Or(c.Listen, "127.0.0.1:0"), cmp.Or(c.Team, "sandbox")
	c.BotToken, c.AppToken = cmp.Or(c.BotToken, "xoxb-sandbox"), cmp.Or(c.AppToken, "xapp-sandbox")
	c.SigningSecret = cmp.Or(c.SigningSecret, "sandbox-signing-secret")
	c.Bounds.BodyBytes = cmp.Or(c.Bounds.BodyBytes, maxFile+1<<20)
	c.AckWithin = cmp.Or(c.AckWithin, ackTimeout)
	c.TriggerLife, c.ResponseURLLife = cmp.Or(c.TriggerLife, triggerLife), cmp.Or(c.ResponseURLLife, hookLife)
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	c = c.withLists()
	return c, c.check()
}

// withLists fills in the lists. Where an empty one means something, only a nil
// one is filled in.
func (c Config) withLists() Config {
	if len(c.Channels) == 0 {
		c.Channels = []string{"general", "incident-demo"}
	}
	if len(c.Users) == 0 {
		c.Users = defaultUsers()
		if c.Groups == nil {
			c.Groups = defaultGroups()
		}
	}
	if len(c.Commands) == 0 {
		c.Commands = []string{"/status", "/statusbot"}
	}
	if c.Scopes == nil {
		c.Scopes = AllScopes
	}
	if c.Shortcuts == nil {
		c.Shortcuts = defaultShortcuts
	}
	if c.Events == nil {
		c.Events = defaultEvents
	}
	if c.EventRetries == nil {
		c.EventRetries = retryAfter
	}
	return c
}

func (c Config) check() error {
	if err := c.HTTP.check(); err != nil {
		return err
	}
	if c.BotToken == c.AppToken {
		return fmt.Errorf("the bot token and the app token must differ")
	}
	if err := checkPeople(c.Users, c.Groups); err != nil {
		return err
	}
	if err := c.settings().check(c.Scopes); err != nil {
		return err
	}
	for _, name := range c.Commands {
		if !strings.HasPrefix(name, "/") || strings.ContainsAny(name, " \t\n_") || len(name) < 2 {
			return fmt.Errorf("command %q: write a slash, then letters, digits and dashes", name)
		}
	}
	return nil
}

func (c Config) settings() Settings {
	return Settings{Scopes: c.Scopes, Events: c.Events, RateLimits: !c.NoRateLimit, RefusedBlocks: append([]string{}, c.RefusedBlocks...)}
}

// channelID makes an id that is the same for the same name at every start:
// general is C0GENERAL0.
func channelID(name string) string {
	var b strings.Builder
	b.WriteString("C0")
	for _, r := range strings.ToUpper(name) {
		if (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			b.WriteRune(r)
		}
	}
	if b.Len() == 2 || b.Len() > 22 {
		h := fnv.New32a()
		h.Write([]byte(name))
		return fmt.Sprintf("C0%08X", h.Sum32())
	}
	for b.Len() < 10 {
		b.WriteByte('0')
	}
	return b.String()
}
