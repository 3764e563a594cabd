package bot

import (
	"context"
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

// marked is what Slack puts around a name or an address: "<@U1>",
// "<https://a.example|a.example>".
var marked = lazy.Compile(`<([@#!][^<>]*|[a-z][a-z0-9+.-]*:[^<>]*)>`)

// entities are the three characters that Slack escapes.
var entities = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

// asTyped is a message's text as its writer saw it: without Slack's marks,
// people by their names, and without the mention of ourselves (self; empty if
// that is not known). nameOf gives a person's name, or nothing.
func asTyped(text, self string, nameOf func(id string) string) string {
	text = marked.ReplaceAllStringFunc(text, func(s string) string {
		what, label, labelled := strings.Cut(s[1:len(s)-1], "|")
		switch {
		case what == "@"+self && self != "":
			return " "
		case strings.HasPrefix(what, "@"):
			if !labelled {
				label = nameOf(what[1:])
			}
			if label == "" {
				return what
			}
			return "@" + strings.TrimPrefix(label, "@")
		case strings.HasPrefix(what, "#") && label != "":
			return "#" + label
		case strings.HasPrefix(what, "!") && label != "":
			return label
		case strings.HasPrefix(what, "!"):
			return "@" + what[1:]
		case labelled && strings.HasSuffix(strings.TrimSuffix(what, "/"), label): // "example.com" was typed
			return label
		}
		return what
	})
	return entities.Replace(text)
}

// leading are the people who are addressed before us: "@ben @statusbot billing".
var leading = lazy.Compile(`^(\s*<@[^<>]*>[\s,:]*)+`)

// mostLooked bounds the people that one message names and that are looked up.
const mostLooked = 5

// heard is the text of an envelope as it was typed. Slash commands come so.
func (c *Commands) heard(ctx context.Context, e Envelope) string {
	if e.Kind == slashCommand || !strings.ContainsAny(e.Text, "<&") {
		return e.Text
	}
	text := e.Text
	if e.Kind == mention {
		text = leading.ReplaceAllString(text, "")
	}
	self := ""
	if id := c.API.userID.Load(); id != nil {
		self = *id
	}
	ctx, cancel := bounded(ctx, lookupBound)
	defer cancel()
	looked := 0
	return asTyped(text, self, func(id string) string {
		if looked++; looked > mostLooked {
			return ""
		}
		u, err := c.API.web.GetUserInfoContext(ctx, id)
		if err != nil {
			return "" // the id says enough
		}
		return u.RealName
	})
}
