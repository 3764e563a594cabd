package bot

import "testing"

// TestOtherWords: wishes in other words than a command's, and what only looks like one.
func TestOtherWords(t *testing.T) {
	for said, want := range map[string]string{
		"undo my last mark": "unmark ", "undo mark 2": "unmark 2", "delete mark 1": "unmark 1", "remove mark #3": "unmark #3", "cancel the mark": "unmark ", "withdraw 1": "unmark 1",
		"undo mute billing": "unmute billing", "undo ack": "unack ", "cancel watch billing": "unwatch billing", "undo link call": "unlink call",
		"edit mark 2 to rolled back 4.2": "correct 2 to rolled back 4.2", "fix my last mark rolled back": "correct rolled back", "amend 2 rolled back": "correct 2 rolled back",
		"last 30 minutes": "since last 30 minutes", "the past 2h": "since past 2h", "in the last hour": "since last hour", "last hour": "since last hour",
		"each 5 min": "every 5 min", "hourly": "every 1h", "faster": "more ", "Faster!": "more ",
		"I'm on it": "ack ", "on it": "ack ", "i am on billing": "ack billing", "looking into billing": "ack billing", "I'm looking at search": "ack search", "we're looking into it": "ack ",
		"bridge https://meet.example.com/x": "link https://meet.example.com/x bridge",
		"how bad is billing right now":      "product how bad is billing", "billing right now": "product billing",
		// what is none of these
		"billing now": "now billing", "remove card-payment": "remove card-payment", "last": "product last", "last orders": "product last orders", "each": "product each",
		"edit": "product edit", "on call": "product on call", "call": "product call", "looking glass": "product looking glass", "undo": "product undo", "hourly report": "product hourly report",
		"change log": "product change log", "on": "product on", "i": "product i", "bridge": "product bridge", "fix": "product fix", "past orders": "product past orders",
	} {
		if r := parse(said); r.verb+" "+r.rest != want {
			t.Errorf("%q is %q, want %q", said, r.verb+" "+r.rest, want)
		}
	}
}
