package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
)

// TestLinksAndSeverity: what people say of an incident stands in its update, in its
// timeline, and is taken back; who may not write may not say it. It pings nobody.
func TestLinksAndSeverity(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an := l.As("ana").Channel(channel)
	an.Type("/status link https://meet.example.com/abc call").Ephemeral("This channel has no incident now", "`/status start TITLE`")
	an.Type("/status link").Ephemeral("This channel has no incident now")
	an.Type("/status severity 2").Ephemeral("This channel has no incident now")
	l.pass(10*time.Minute, nil)
	l.pass(10*time.Minute, publishtest.Third("pay"))
	an.Type("/status start").Ephemeral("every 5 min")
	l.look()
	an.Sees("Impact update #1: Billing")
	an.Type("/status link").Ephemeral("has no link", "`/status link https://meet.example.com/abc call`")
	an.Type("/status link javascript:alert(1) call").Ephemeral("That cannot be a link: only https, http, tel, mailto and sip can be opened from here")
	an.Type("/status link https://ana:hunter2@x.example/ call").Ephemeral("everybody would see")
	an.Type("/status link the call").Ephemeral("there is no address in it")
	an.Type("/status link https://a.example https://b.example").Ephemeral("one at a time")
	an.Type("/status link <https://meet.example.com/abc?a=1&amp;b=2|meet.example.com> the <!channel> call").Ephemeral("Written down: <https://meet.example.com/abc?a=1&amp;b=2|")
	an.Type("/status link https://meet.example.com/abc?a=1&b=2 the <!channel> call").Ephemeral("stands there already")
	l.As("ben").Channel(channel).Type("/status link call https://jira.example.com/OPS-1").Ephemeral("Written down: <https://jira.example.com/OPS-1|call>")
	an.Type("/status severity sev 2").Ephemeral("Written down: SEV2.")
	an.Type("/status severity 2").Ephemeral("That is its severity already.")
	an.Type("/status severity").Ephemeral("Severity: SEV2.", "nothing follows from it")
	l.look()
	seen := an.Sees("Impact update #2 (SEV2): Billing", "Links: <https://meet.example.com/abc?a=1&amp;b=2|", "· <https://jira.example.com/OPS-1|call>")
	if strings.Contains(string(seen.Message.Blocks), "<!channel>") {
		t.Error("the channel is pinged by a link's name")
	}
	an.Type("/status").Ephemeral("SEV2: Billing fails", "Links: ")
	an.Type("/status timeline").Ephemeral("added the link <https://jira.example.com/OPS-1|call>", "ana set the severity to SEV2")
	an.Type("/status unlink call").Ephemeral("Taken away: <https://jira.example.com/OPS-1|call>", "Give it back: `/status link https://jira.example.com/OPS-1 call`")
	an.Type("/status unlink").Ephemeral("Taken away: <https://meet.example.com/abc")
	an.Type("/status severity none").Ephemeral("Written down: no severity.")
	l.look()
	if seen := an.Sees("Impact update #3: Billing"); strings.Contains(string(seen.Message.Blocks), "Links") {
		t.Errorf("links that were taken away: %s", seen.Message.Blocks)
	}
	an.Type("/status stop").Ephemeral()
	l.look()
	if n := len(l.journal.Events(incident.Linked)); n != 2 {
		t.Errorf("%d links are written down, want 2", n)
	}
	for _, e := range append(l.journal.Events(incident.Linked), l.journal.Events(incident.Labelled)...) {
		if e.By == "" || e.Name == "" {
			t.Errorf("by nobody: %+v", e)
		}
	}
}
