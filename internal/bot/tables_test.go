package bot_test

import (
	"bytes"
	"testing"

	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

var tableType = []byte(`"data_table"`)

// TestManyChecksInATable: the first table goes where Slack's refusal would be
// heard; once it is taken they come with the ack.
func TestManyChecksInATable(t *testing.T) {
	t.Parallel()
	h := newHouse(t, manyChecks(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(60, publishtest.Tenth("check-07"))
	h.commands(t)
	h.poster(t)
	if a := h.types(t, "ana", "/status sources big"); a.Reply != nil {
		t.Error("the first table came with the ack")
	}
	m := h.sees(t, channel, "ana", "The 60 checks of Big, the worst first", "check-07", "10 % (6/60)")
	if !m.Ephemeral || !bytes.Contains(m.Blocks, tableType) {
		t.Errorf("ephemeral %v, blocks %s", m.Ephemeral, m.Blocks)
	}
	// The person may see it before the bot has heard that it was taken.
	second := h.types(t, "ana", "/status sources big")
	for end := limit(t); second.Reply == nil && end.Err() == nil; {
		second = h.types(t, "ana", "/status sources big")
	}
	if second.Reply == nil || !bytes.Contains(second.Reply.Blocks, tableType) {
		t.Errorf("the second answer %+v, want the table with the ack", second.Reply)
	}
	in := sandboxtest.In(t, h.c).As("ana").Channel(channel)
	in.Type("@statusbot sources big").Ephemeral("The 60 checks of Big")
}

// TestAWorkspaceWithoutTables is asked once, and gets the words.
func TestAWorkspaceWithoutTables(t *testing.T) {
	t.Parallel()
	h := newHouse(t, manyChecks(), sandbox.Config{NoRateLimit: true, RefusedBlocks: []string{"data_table"}})
	h.feeder.Feed(60, publishtest.Tenth("check-07"))
	h.commands(t)
	h.poster(t)
	in := sandboxtest.In(t, h.c).As("ana").Channel(channel)
	in.Type("/status sources big")
	m := in.Sees("The figures of Big come from 60 checks.", "and 50 more checks")
	if !m.Message.Ephemeral || bytes.Contains(m.Message.Blocks, tableType) {
		t.Errorf("ephemeral %v, blocks %s", m.Message.Ephemeral, m.Message.Blocks)
	}
	says(t, h.types(t, "ana", "/status sources big"), "and 50 more checks") // with the ack now
	in.Type("@statusbot sources big").Ephemeral("and 50 more checks")
	tries := 0
	for _, e := range h.calls(t, "") {
		if bytes.Contains(e.Answer, []byte("invalid_blocks")) {
			tries++
		}
	}
	if tries != 1 {
		t.Errorf("the workspace refused a table %d times, want to ask once", tries)
	}
}
