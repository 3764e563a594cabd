package sandbox

import (
	"cmp"
	"slices"
	"strings"
)

// scopeRule names the scopes of which a call needs one; none is no need.
type scopeRule func(*call) []string

func needs(scopes ...string) scopeRule { return func(*call) []string { return scopes } }

// byKind is a scope that depends on what the channel is: channels:history,
// groups:history, im:history. A channel that is not known wants any of them.
func byKind(what string) scopeRule {
	return func(c *call) []string {
		ch, err := c.w.state.channel(cmp.Or(c.args["channel"], c.args["channel_id"]))
		switch {
		case err != nil:
			return []string{"channels:" + what, "groups:" + what, "mpim:" + what, "im:" + what}
		case ch.IM:
			return []string{"im:" + what}
		case ch.Private:
			return []string{"groups:" + what}
		}
		return []string{"channels:" + what}
	}
}

// managing is what changes a channel needs.
func managing(c *call) []string {
	if ch, err := c.w.state.channel(c.args["channel"]); (err == nil && ch.Private) || c.flag("is_private") {
		return []string{"groups:write"}
	}
	return []string{"channels:manage"}
}

// missingScope is Slack's answer to a call that the token does not cover, nil
// if it does.
func (c *call) missingScope(m method) error {
	if m.scope == nil {
		return nil
	}
	any := m.scope(c)
	if len(any) == 0 || slices.ContainsFunc(any, c.w.settings.has) {
		return nil
	}
	return missing(any, c.w.settings.provided())
}

func missing(needed []string, provided string) error {
	return &apiError{code: "missing_scope", more: answer{"needed": strings.Join(needed, ","), "provided": provided}}
}

// accepted is the header that names what a method takes.
func (c *call) accepted(m method) string {
	if m.scope == nil {
		return ""
	}
	return strings.Join(m.scope(c), ",")
}
