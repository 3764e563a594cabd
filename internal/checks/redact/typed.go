package redact

import (
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

// What people and scripts type to programs, as it stands in logs, in lists of
// processes and in lists of arguments: words may be in quotes, which may be escaped
// themselves, and a word in quotes has blanks.
const (
	opens   = `(?:^|[\s"'\[,(])` // before an option
	between = `(?:[ =,\t]|\\?["'])*`
)

// typed are what is typed to curl, to databases and to those that log in. What
// matches ends where the value begins.
var typed = []pattern{
	{hints: []string{"-u", "--user", "--proxy-user"}, match: lazy.Compile(opens + `(?:-u|--user|--proxy-user|-U)` + between), value: pairTyped},
	{
		hints: []string{"mysql", "mariadb", "sshpass", "redis-cli", "ldap", "mosquitto_", "sqlcmd", "ipmitool", " login"},
		match: lazy.Compile(`\b(?:(?:mysql|mariadb)[a-z-]*\b[^\n]*?[\s"',]-p\\?["']?|sshpass` + between + `-p` + between +
			`|redis-cli\b[^\n]*?[\s"',]-a` + between + `|ldap[a-z]+\b[^\n]*?[\s"',]-w` + between +
			`|(?:mosquitto_(?:pub|sub|rr)|sqlcmd|ipmitool)\b[^\n]*?[\s"',]-P` + between +
			`|(?:docker|podman|helm|nerdctl) (?:registry )?login\b[^\n]*?[\s"',]-p` + between + `)`),
		value: wordTyped,
	},
	{
		hints: []string{"-pass", "-secret", "-token", "-api-key", "-key"},
		match: lazy.Compile(opens + `--?[a-z-]*(?:password|passwd|passphrase|secret|token|api-key|access-key)(?:[ ,\t]|\\?["'])+`),
		value: ownWordTyped,
	},
	{
		hints: []string{"password", "passwd", "passphrase", "pwd", "secret", "token", "api key", "api-key", "api_key"},
		match: lazy.Compile(`(?i)\b(?:password|passwd|passphrase|pwd|secret|token|api[ _-]?key)[ \t]+(?:is|was)[ \t]+`),
		value: toldWord,
	},
}

// pairTyped is the password of "user:password". Numbers on both sides, as of "docker
// run -u 1000:1000", are a user and a group.
func pairTyped(s string, from int) (begin, end int) {
	quote := quoteAround(s, from)
	stop := " \t\n:\"'=,/"
	if quote != "" {
		stop = "\n:\"'"
	}
	n := strings.IndexAny(s[from:], stop)
	if n <= 0 || s[from+n] != ':' {
		return 0, 0
	}
	begin = from + n + 1
	if strings.HasPrefix(s[begin:], "//") { // an URL
		return 0, 0
	}
	if quote != "" {
		end = closing(s, begin, quote)
	} else {
		begin, end = word(s, begin)
	}
	if strings.Trim(s[begin:end], "0123456789") == "" {
		return 0, 0
	}
	return begin, end
}

// wordTyped is a word; none where another option follows.
func wordTyped(s string, from int) (begin, end int) {
	if quote := quoteAround(s, from); quote != "" {
		begin, end = from, closing(s, from, quote)
	} else {
		begin, end = word(s, from)
	}
	if strings.HasPrefix(s[begin:end], "-") {
		return 0, 0
	}
	return begin, end
}

// ownWordTyped is a word that stands in quotes or is no word of a sentence, as in
// "--password is missing".
func ownWordTyped(s string, from int) (begin, end int) {
	begin, end = wordTyped(s, from)
	switch v := s[begin:end]; {
	case quoteAround(s, begin) != "":
		return begin, end
	case v == "" || strings.ContainsRune("<([{$|", rune(v[0])), strings.Trim(strings.TrimRight(v, ".:!?"), letters) == "":
		return 0, 0
	}
	return begin, end
}

// toldWord is what a sentence says that a password is: "the password is hunter2". Of
// what most sentences say of one, "is wrong", "is 8 characters too short", "is older than
// 90d", nothing is a secret, so only a word is one that has letters and digits, as people
// rarely write others.
func toldWord(s string, from int) (begin, end int) {
	begin, end = word(s, from)
	end = begin + len(strings.TrimRight(s[begin:end], ".:;!?)"))
	const least = 6 // bytes
	v := s[begin:end]
	if len(v) < least || !strings.ContainsAny(v, digits) || !strings.ContainsAny(v, letters) || strings.ContainsAny(v, " \t<([{") || knownWord.MatchString(v) {
		return 0, 0
	}
	return begin, end
}

// knownWord is a word of letters and digits that tells how a secret is made, or since
// when there is one.
var knownWord = lazy.Compile(`(?i)^(?:\d+[a-z]+|\d{4}-\d\d-\d\d.*|v\d.*|base\d+|bcrypt.*|md5.*|(?:[a-z]+-)?(?:sha|utf|aes|rsa|hs|rs|es|ps)-?\d+.*|oauth-?\d.*|argon2.*|x?509.*|(?:ed|x)25519|p-?\d+)$`)

const digits = "0123456789"

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// quoteBefore returns the quote that stands before a place, with its escape.
func quoteBefore(s string, at int) string {
	switch {
	case at == 0 || s[at-1] != '"' && s[at-1] != '\'':
		return ""
	case at > 1 && s[at-2] == '\\':
		return s[at-2 : at]
	}
	return s[at-1 : at]
}

// quoteAround returns the quote that a value stands in: it is before the value, or
// before the option that the value is attached to, as in a list of arguments.
func quoteAround(s string, at int) string {
	if quote := quoteBefore(s, at); quote != "" {
		return quote
	}
	for at > 0 && (s[at-1] == '-' || s[at-1] == '=' || s[at-1]|0x20 >= 'a' && s[at-1]|0x20 <= 'z') {
		at--
	}
	return quoteBefore(s, at)
}

// closing returns where what a quote opened ends, at the latest with its line: a text
// may be cut short.
func closing(s string, from int, quote string) int {
	for i := from; i < len(s); i++ {
		switch {
		case s[i] == '\n' || strings.HasPrefix(s[i:], quote):
			return i
		case s[i] == '\\' && quote == `"`:
			i++
		}
	}
	return len(s)
}

// word returns where a word begins and ends that may have quotes around it, or
// escaped blanks in it.
func word(s string, from int) (begin, end int) {
	for _, quote := range []string{`\"`, `"`, "'"} {
		if strings.HasPrefix(s[from:], quote) {
			begin = from + len(quote)
			return begin, closing(s, begin, quote)
		}
	}
	for end = from; end < len(s); end++ {
		if strings.IndexByte(" \t\n\"'],", s[end]) >= 0 {
			break
		}
		if s[end] == '\\' && end+1 < len(s) {
			if s[end+1] == '"' { // of a text in JSON
				break
			}
			end++
		}
	}
	return from, min(end, len(s))
}

// hidden puts the mark in the place of each value.
func (p pattern) hidden(s string) string {
	var b strings.Builder
	kept := 0
	for at := 0; at < len(s); {
		found := p.match.FindStringIndex(s[at:])
		if found == nil {
			break
		}
		from := at + found[1]
		if at == from { // unreachable: an option has letters
			break
		}
		at = from
		if begin, end := p.value(s, from); begin < end {
			b.WriteString(s[kept:begin] + Mark)
			kept, at = end, end
		} else if quoteBefore(s, at) != "" {
			at-- // it may stand before the next option
		}
	}
	if kept == 0 {
		return s
	}
	return b.String() + s[kept:]
}
