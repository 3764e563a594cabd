package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// OnCall says how to learn who is on call for an owner of products: exactly one of
// its ways is given.
type OnCall struct {
	Owner string        // as products have it
	Name  string        // always the same: a person, a rotation, a number
	File  string        // its first line says who
	Group string        // a Slack user group, by id or "@handle": its members
	Exec  *checks.Check // of kind exec: the first line that it prints says who
}

type rawOnCall struct {
	Owner   string        `mapstructure:"owner"`
	Name    string        `mapstructure:"name"`
	File    string        `mapstructure:"file"`
	Group   string        `mapstructure:"group"`
	Timeout time.Duration `mapstructure:"timeout"`
}

// Bounds of how long a command may take that says who is on call. Whoever asks waits
// a moment; what comes later is the answer to who asks next.
const (
	onCallTimeout    = 5 * time.Second
	longestOnCall    = 30 * time.Second
	mostOnCallName   = 80 // characters: a line on a phone
	onCallAskedAgain = time.Minute
)

// allOnCall checks who is on call in all files together.
func (l *loading) allOnCall(products []Product) []OnCall {
	var owners []string
	for _, p := range products {
		if p.Owner != "" && !slices.Contains(owners, p.Owner) {
			owners = append(owners, p.Owner)
		}
	}
	seen := map[string]*item{}
	var all []OnCall
	for _, d := range l.onCall {
		before, owner := len(l.problems), strings.TrimSpace(d.raw.Owner)
		switch {
		case owner == "":
			l.note(d.item, "owner", "is missing", "write the owner as a product has it")
		case !slices.Contains(owners, owner):
			l.note(d.item, "owner", fmt.Sprintf("no product has the owner %q", clip(owner)), didYouMean(owner, owners))
		case seen[owner] != nil:
			l.note(d.item, "owner", fmt.Sprintf("%q is named twice: %s has it", clip(owner), seen[owner].path), "write one item for each owner")
		}
		seen[owner] = d.item
		o := OnCall{Owner: owner, Name: strings.TrimSpace(d.raw.Name), File: d.raw.File, Group: strings.TrimSpace(d.raw.Group)}
		l.wayOf(d, &o)
		if len(l.problems) == before {
			all = append(all, o)
		}
	}
	return all
}

// wayOf reads how to learn who is on call.
func (l *loading) wayOf(d declared[rawOnCall], o *OnCall) {
	ways := 0
	for _, key := range []string{"name", "file", "group", "exec"} {
		if d.item.wrote(key) {
			ways++
		}
	}
	switch {
	case ways != 1:
		l.note(d.item, "owner", "needs one way to learn who is on call", `write name: Kim Doe, exec: {argv: [./oncall.sh]}, file: /etc/oncall or group: "@oncall"`)
	case d.item.wrote("exec"):
		l.onCallExec(d, o)
	case d.item.wrote("timeout"):
		l.note(d.item, "timeout", "goes with exec alone", "remove it")
	case d.item.wrote("name") && (o.Name == "" || len([]rune(o.Name)) > mostOnCallName):
		l.note(d.item, "name", fmt.Sprintf("has not 1 to %d characters", mostOnCallName), "write who is on call, such as Kim Doe")
	case d.item.wrote("file") && o.File == "":
		l.note(d.item, "file", "is empty", "write the path of a file whose first line says who is on call")
	case d.item.wrote("group") && !slackGroupID.MatchString(o.Group) && !groupHandle.MatchString(o.Group):
		l.note(d.item, "group", fmt.Sprintf("%q is no user group", clip(o.Group)), `write "@handle", with the quotes, or its id S...`)
	}
	if o.File != "" && !filepath.IsAbs(o.File) {
		o.File = filepath.Join(filepath.Dir(d.doc.shown), o.File)
	}
}

// onCallExec reads the command that says who is on call, as a check of kind exec.
func (l *loading) onCallExec(d declared[rawOnCall], o *OnCall) {
	timeout := d.raw.Timeout
	switch {
	case !d.item.wrote("timeout"):
		timeout = onCallTimeout
	case timeout < 100*time.Millisecond || timeout > longestOnCall:
		l.note(d.item, "timeout", fmt.Sprintf("%s is not between 100ms and %s", shortDuration(timeout), shortDuration(longestOnCall)), "write for example timeout: 5s")
		return
	}
	c := &checks.Check{ID: "on_call/" + o.Owner, Kind: "exec", Every: onCallAskedAgain, Timeout: timeout, Source: d.item.source()}
	l.options(declared[rawCheck]{raw: rawCheck{Kind: "exec"}, doc: d.doc, item: d.item}, c, len(l.problems))
	o.Exec = c
}
