package config

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

// reservedCommands are names that Slack keeps for itself. Slack publishes no
// list; these were reported by people whose manifest was refused.
var reservedCommands = []string{
	"archive", "away", "collapse", "dnd", "expand", "feed", "help", "invite", "join", "leave", "me", "msg", "mute", "open",
	"pro", "remind", "search", "shortcuts", "shrug", "status", "topic", "who",
}

// commandName is what Slack takes for a command: 32 characters with the slash.
var commandName = lazy.Compile(`^/[a-z0-9-]{1,31}$`)

// signingSecret is what Slack's signing secrets look like.
var signingSecret = lazy.Compile(`^[0-9a-f]{32}$`)

// slack checks the keys below slack.
func (s *settings) slack() Slack {
	raw := s.raw.Slack
	out := Slack{
		Mode:          s.oneOf("slack.mode", raw.Mode, ModeSandbox, ModeSocket, ModeHTTP),
		Listen:        raw.Listen,
		APIURL:        raw.APIURL,
		Command:       "/" + strings.TrimLeft(raw.Command, "/"),
		BotToken:      s.token("slack.bot_token", raw.BotToken, raw.BotTokenFile),
		AppToken:      s.token("slack.app_token", raw.AppToken, raw.AppTokenFile),
		SigningSecret: s.token("slack.signing_secret", raw.SigningSecret, raw.SigningSecretFile),
		CertFile:      s.path("slack.cert_file", raw.CertFile),
		KeyFile:       s.path("slack.key_file", raw.KeyFile),
	}
	s.listen(out)
	s.certificate("slack", out.CertFile, out.KeyFile)
	s.command(out.Command)
	if out.APIURL != "" {
		if !isWebURL(out.APIURL) {
			s.note("slack.api_url", "is not an http or https address", `write "https://slack.com/api/" or remove the key`)
		}
		out.APIURL = strings.TrimRight(out.APIURL, "/") + "/"
	}
	s.tokens(out)
	return out
}

func (s *settings) listen(slack Slack) {
	if !isListen(slack.Listen) {
		s.note("slack.listen", fmt.Sprintf("%q is not an address", clip(slack.Listen)), `write "127.0.0.1:8085"`)
		return
	}
	host, _, _ := net.SplitHostPort(slack.Listen)
	ip := net.ParseIP(host)
	loopback := host == "localhost" || (ip != nil && ip.IsLoopback())
	if slack.Mode == ModeSandbox && !loopback {
		s.warn("slack.listen", "the sandbox asks nobody for a password, and this address can be reached from other machines", `write "127.0.0.1:8085" unless that is meant`)
	}
}

func (s *settings) command(name string) {
	if !commandName.MatchString(name) {
		s.note("slack.command", fmt.Sprintf("%q is not a command name", clip(name)), `write 1 to 31 lower-case letters, digits or "-", such as "/statusbot"`)
		return
	}
	if slices.Contains(reservedCommands, name[1:]) {
		s.warn("slack.command", fmt.Sprintf("Slack keeps %s for itself and refuses a manifest that registers it", name), `write "/statusbot"`)
	}
}

// tokenSort is the beginning of a token that says of which sort it is: a bot's, an
// app's, a person's (xoxp-), a browser's, or one of those that is renewed, or renews
// (docs.slack.dev/authentication/tokens).
var tokenSort = lazy.Compile(`^(?:xoxe\.)?(?:xox[a-z]|xapp)-`)

// tokens checks what the mode needs, and that none was swapped with another.
func (s *settings) tokens(slack Slack) {
	for _, t := range []struct {
		key, prefix string
		token       Secret
		modes       []string // that need it
	}{
		{"slack.bot_token", "xoxb-", slack.BotToken, []string{ModeSocket, ModeHTTP}},
		{"slack.app_token", "xapp-", slack.AppToken, []string{ModeSocket}},
		{"slack.signing_secret", "", slack.SigningSecret, []string{ModeHTTP}},
	} {
		begins := tokenSort.FindString(t.token.Reveal())
		switch {
		case strings.ContainsAny(t.token.Reveal(), "\"' \t\n"):
			s.note(s.decides(t.key), "has a quotation mark or a blank in it, as none has", "write it without, as Slack shows it")
		case begins != "" && t.prefix == "":
			s.note(s.decides(t.key), fmt.Sprintf("is a token: it begins with %s", begins), "the signing secret stands under Basic Information > App Credentials")
		case begins != "" && begins != t.prefix && (t.prefix != "xoxb-" || begins != "xoxe.xoxb-"):
			s.note(s.decides(t.key), fmt.Sprintf("is a token of another sort: it begins with %s", begins), fmt.Sprintf("this one begins with %s", t.prefix))
		case begins == "xoxe.xoxb-":
			s.warn(s.decides(t.key), "is a token that ends after twelve hours and that statusbot does not renew", "turn off token rotation for the app, and take one that begins with xoxb-")
		case slices.Contains(t.modes, slack.Mode) && t.token.IsZero() && s.decides(t.key) == "":
			s.note(t.key, fmt.Sprintf("is missing, and %s mode needs it", slack.Mode), fmt.Sprintf("write %s_file: PATH, or set %s", t.key[len("slack."):], envName(t.key)))
		}
	}
}

// decides returns which key gives a token: the environment goes before the
// file; "" when nobody gives one.
func (s *settings) decides(key string) string {
	for _, k := range []string{key, key + "_file"} {
		if s.fromEnv(k) {
			return k
		}
	}
	for _, k := range []string{key, key + "_file"} {
		if s.fromFile(k) != nil {
			return k
		}
	}
	return ""
}

// token returns the token that a key or its _file gives.
func (s *settings) token(key, text, file string) Secret {
	both := s.fromEnv(key) && s.fromEnv(key+"_file")
	if decided := s.decides(key); !s.fromEnv(decided) {
		both = s.fromFile(key) != nil && s.fromFile(key+"_file") != nil
	}
	if both {
		s.note(key+"_file", fmt.Sprintf("is given together with %s", strings.TrimPrefix(key, "slack.")), "keep one of them")
		return Secret{}
	}
	switch s.decides(key) {
	case key:
		token := strings.TrimSpace(text)
		if token == "" && !s.fromEnv(key) && s.layers.InConfig(key) {
			s.note(key, "is empty", "write the token, or remove the key")
		}
		return NewSecret(token)
	case key + "_file":
		return s.tokenFile(key+"_file", file)
	}
	return Secret{}
}

// tokenFile reads a token from a file. A path in the main file is relative to
// that file's folder, one in the environment to the working directory.
func (s *settings) tokenFile(key, name string) Secret {
	if name == "" {
		if s.layers.IsSet(key) {
			s.note(key, "is empty", "write the path of a file, or remove the key")
		}
		return Secret{}
	}
	if looksLikeToken(name) || signingSecret.MatchString(name) {
		s.note(key, "holds a secret, not the path of a file", "put it into a file and write its path")
		return Secret{}
	}
	name = s.path(key, name)
	content, err := readFile(name)
	if err != nil {
		message, instead := whyUnreadable(err)
		s.note(key, fmt.Sprintf("%s: %s", name, message), instead)
		return Secret{}
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		s.note(key, name+": the file is empty", "put the token into it")
	}
	return NewSecret(token)
}
