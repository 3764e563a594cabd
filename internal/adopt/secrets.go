package adopt

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

const nameOfSecret = `(?i)auth|cookie|token|secret|passw|passphrase|api[-_]?key|access[-_]?key|credential|session|private|signature|community|pwd|pass$`

var (
	secretName = lazy.Compile(nameOfSecret)
	// Of headers and parameters, and of macros that people name: Ocp-Apim-Subscription-Key, X-Functions-Key.
	secretKey = lazy.Compile(nameOfSecret + `|[-_]?key$|^sig$`)
)

// secretWord is what the name of a secret has in it, within a text that is sent.
const secretWord = `[a-z0-9_.-]*(?:token|secret|passw|passphrase|pwd|api[-_]?key|access[-_]?key|private[-_]?key|credential|authorization|signature)[a-z0-9_.-]*|pass`

// secretsWithin find secrets in a text that is sent, or an address: the second group is the secret.
var secretsWithin = []lazy.Regexp{
	lazy.Compile(`("(?i:` + secretWord + `)"\s*:\s*")((?:[^"\\]|\\.)+)`),                                         // JSON
	lazy.Compile(`((?:^|[^A-Za-z0-9_."-])(?i:` + secretWord + `)\s*:\s*\\*")([^"\\]+)`),                          // GraphQL
	lazy.Compile(`(\\"(?i:` + secretWord + `)\\"\s*:\s*\\")([^"\\]+)`),                                           // JSON within JSON
	lazy.Compile(`(<(?:[A-Za-z0-9_-]+:)?(?i:` + secretWord + `)(?:\s[^<>]*)?>\s*)([^<>\s][^<>]*)`),               // XML
	lazy.Compile(`((?:^|[?&;\n])(?i:` + secretWord + `|[a-z0-9_.-]*(?:key|auth)[a-z0-9_.-]*|sig)=)([^&;#\s"]+)`), // a form, parameters of an address
	lazy.Compile(`([?&](?i:code)=)([^&#\s]{20,})`),                                                               // a function of Azure
}

// secret takes a value that may be one: in its place comes ${NAME}. A scheme before it, as in "Bearer ...", stays.
func (p *Plan) secret(c *Check, what, value string) string {
	name := strings.Trim(strings.ToUpper(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(c.ID+"_"+what, "_")), "_")
	if name[0] >= '0' && name[0] <= '9' {
		name = "CHECK_" + name
	}
	for n, base := 2, name; p.names[name]; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	p.names[name] = true
	p.Variables = append(p.Variables, Variable{Name: name, For: what + " of " + c.ID})
	if scheme, _, ok := strings.Cut(value, " "); ok && (strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "basic") || strings.EqualFold(scheme, "token")) {
		return scheme + " ${" + name + "}"
	}
	return "${" + name + "}"
}

// hidden is a value that is a secret, unless the source itself takes it from the environment.
func (p *Plan) hidden(c *Check, what, value string, as text) string {
	if written := as(c, value); value == "" || takesVariable(written) {
		return written
	}
	return p.secret(c, what, value)
}

// takesVariable reports whether a text of the configuration takes something from the environment: $${ is a dollar
// and a brace.
func takesVariable(written string) bool {
	return strings.Contains(strings.ReplaceAll(written, "$$", ""), "${")
}

// headers writes headers, of which some hold secrets.
func (p *Plan) headers(c *Check, headers map[string]string, as text) {
	if len(headers) == 0 {
		return
	}
	out := map[string]any{}
	for _, name := range sorted(headers) {
		value := ""
		if secretKey.MatchString(name) {
			value = p.hidden(c, name, headers[name], as)
		} else {
			value = as(c, headers[name])
		}
		switch strings.ToLower(name) {
		case "host":
			c.Options["host"] = value
		case "content-length", "transfer-encoding", "connection":
			p.differ("the header "+name+" of "+c.ID, "not written: the probe sets it itself")
		default:
			out[name] = value
		}
	}
	if len(out) > 0 {
		c.Options["headers"] = out
	}
}

// certifiedAs has the certificate of a check be for the host of its address although it sends another
// Host header, as with those who look at the header no further. Of an address that stands in the environment
// that cannot be said.
func (p *Plan) certifiedAs(c *Check) {
	address, _ := c.Options["url"].(string)
	scheme, rest, is := strings.Cut(address, "://")
	if c.Options["host"] == nil || !is || !strings.EqualFold(scheme, "https") {
		return
	}
	if _, _, behind := loginOf(address); behind != "" {
		rest = behind[1:]
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if host, _, err := net.SplitHostPort(rest); err == nil {
		rest = host
	}
	c.Options["server_name"] = strings.Trim(rest, "[]")
}

// body writes a body; passwords in it become variables.
func (p *Plan) body(c *Check, body string, as text) {
	if body != "" {
		c.Options["body"] = p.within(c, body, "body", as)
	}
}

// within writes a text that may hold secrets, as variables those. What says what is secret; empty: the name of a
// parameter does.
func (p *Plan) within(c *Check, whole, what string, as text) string {
	var spots [][]int // begin and end of each secret, and where its name begins
	for _, like := range secretsWithin {
		for _, m := range like.FindAllStringSubmatchIndex(whole, -1) {
			if !slices.ContainsFunc(spots, func(s []int) bool { return m[4] < s[1] && s[0] < m[5] }) {
				spots = append(spots, []int{m[4], m[5], m[2]})
			}
		}
	}
	slices.SortFunc(spots, func(x, y []int) int { return x[0] - y[0] })
	var b strings.Builder
	at := 0
	for _, s := range spots {
		b.WriteString(as(c, whole[at:s[0]]))
		called := what
		if called == "" {
			called = "parameter " + strings.Trim(whole[s[2]:s[0]], "?&;= \n")
		}
		b.WriteString(p.hidden(c, called, whole[s[0]:s[1]], as))
		at = s[1]
	}
	b.WriteString(as(c, whole[at:]))
	return b.String()
}

// address writes a URL: its password, and parameters with a secret's name, become variables.
func (p *Plan) address(c *Check, raw string, as text) string {
	if text := as(c, raw); strings.HasPrefix(text, "${") {
		name, _, _ := strings.Cut(text[2:], "}")
		p.whole[name] = true
		return p.within(c, raw, "", as)
	}
	before, user, rest := loginOf(raw)
	if user == "" {
		return p.within(c, raw, "", as)
	}
	if name, password, both := strings.Cut(user, ":"); both {
		return as(c, before+name+":") + p.hidden(c, "password", password, as) + p.within(c, rest, "", as)
	}
	return as(c, before) + p.hidden(c, "user", user, as) + p.within(c, rest, "", as) // a token, as a rule
}

var aPort = lazy.Compile(`^[0-9]*$`)

// loginOf takes an address apart: what stands before the user, the user with the password, and the rest from @ on. A
// password may have an @ itself, and signs that no address may have.
func loginOf(address string) (before, user, rest string) {
	scheme, behind, is := strings.Cut(address, "://")
	if !is {
		return address, "", ""
	}
	end := len(behind)
	if i := strings.IndexAny(behind, "/?#"); i >= 0 {
		end = i
	}
	at := strings.LastIndex(behind[:end], "@")
	if at < 0 {
		if _, port, has := strings.Cut(behind[:end], ":"); has && !aPort.MatchString(port) && behind[0] != '[' {
			at = strings.LastIndex(behind, "@")
		}
	}
	if at < 0 {
		return address, "", ""
	}
	return scheme + "://", behind[:at], behind[at:]
}
