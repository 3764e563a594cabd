package bot_test

import (
	"regexp"
	"testing"
)

// pinging is what notifies somebody by name, or everybody.
var pinging = regexp.MustCompile(`<@[UW]\w+[^>]*>|<!(?:here|channel|everyone|subteam)[^>]*>`)

// counted says how often the channel was written to in the night, how often in
// a way that notifies, and with -v every post.
func (n *longNight) counted(t *testing.T) {
	count := map[string]int{}
	pings := 0
	for _, s := range n.all {
		count[s.how]++
		if s.how != "post" && s.how != "edit" && s.how != "reply" {
			continue // an answer to one person
		}
		if who := pinging.FindAllString(s.text+s.shown, -1); len(who) > 0 {
			pings++
			t.Errorf("%s, %s: pings %s\n%s", s.at.Format("Mon 15:04:05"), s.how, who, s.shown)
		}
		if s.how == "post" {
			t.Logf("%s, posted:\n%s", s.at.Format("Mon 15:04:05"), s.shown)
		}
	}
	t.Logf("%d posts, %d edits, %d replies, %d pings", count["post"], count["edit"], count["reply"], pings)
}
