package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// numbersOfPages are what pages promise in numbers, each with the line of the code that has the number. Blanks
// and line breaks do not count. Who changes one of the two reads the other here.
var numbersOfPages = []struct{ page, says, file, code string }{
	{"../README.md", "begins to fail 5 % of requests after ten seconds, and 15 %", "cmd/statusbot/demo_story.go", "faultyRate = 0.05"},
	{"../README.md", "begins to fail 5 % of requests after ten seconds, and 15 %", "cmd/statusbot/demo_story.go", "worseRate = 0.15"},
	{"../README.md", "begins to fail 5 % of requests after ten seconds, and 15 %", "cmd/statusbot/demo.go", "\"break-after\", 10*time.Second, \"when edge-lb begins to fail 5 %"},
	{"operations.md", "does not answer within 1 s", "internal/house/health.go", "journalWithin = time.Second"},
	{"operations.md", "no socket to Slack has been open for 60 s", "internal/house/hearing.go", "deafAfter = 60 * time.Second"},
	{"operations.md", "no result came for 30 s (or three intervals", "internal/house/health.go", "silentAfter = 30 * time.Second"},
	{"operations.md", "no result came for 30 s (or three intervals", "internal/house/health.go", "silentTimes = 3"},
	{"operations.md", "is more than 2 min behind what was measured", "internal/house/followed.go", "clockSlack = 2 * time.Minute"},
	{"operations.md", "a report that is pushed then waits up to 5 s", "internal/serve/answer.go", "ReadyWithin = 5 * time.Second"},
	{"operations.md", "has not taken in 10 s (that of a cluster: in a minute) is lost", "internal/journal/results.go", "resultsTry = 10 * time.Second"},
	{"operations.md", "has not taken in 10 s (that of a cluster: in a minute) is lost", "internal/house/write.go", "keepWithin = time.Minute"},
	{"operations.md", "It ends within 5 s whatever", "internal/house/end.go", "endWithin = 4 * time.Second"},
	{"operations.md", "until a week after delivery or 30 days without one", "internal/house/prune.go", "keepDelivered = 7 * 24 * time.Hour"},
	{"operations.md", "until a week after delivery or 30 days without one", "internal/house/prune.go", "keepUndelivered = 30 * 24 * time.Hour"},
	{"operations.md", "the newest five of each check, for seven days at most, 64 MiB in all", "internal/house/screenshots.go", "shotsOfCheck = 5"},
	{"operations.md", "the newest five of each check, for seven days at most, 64 MiB in all", "internal/house/screenshots.go", "shotsBytes = 64 << 20"},
	{"operations.md", "the newest five of each check, for seven days at most, 64 MiB in all", "internal/house/screenshots.go", "shotsAge = 7 * 24 * time.Hour"},
	{"operations.md", "the newest, written every 5 min", "internal/house/follow.go", "checkpointEvery = 5 * time.Minute"},
	{"operations.md", "all but about the last 10 s", "internal/journal/embedded.go", "resultsSync = 10 * time.Second"},
	{"operations.md", "that is tried every 2 s", "internal/journal/afloat.go", "healEvery = 2 * time.Second"},
	{"operations.md", "Up to 32 MiB are kept of events and messages, and as much of results", "internal/journal/spare.go", "spareBytes = 32 << 20"},
	{"operations.md", "From 16 MiB of stored results on", "internal/journal/heal.go", "giveWayLeast = 16 << 20"},
	{"operations.md", "gives way, up to three times", "internal/journal/heal.go", "givesWay = 3"},
	{"operations.md", "wait for the journal in memory, up to 65,536 of them", "internal/checks/runner/runner.go", "bufferDefault = 1 << 16"},
	{"operations.md", "Starts that come more than 50 ms late are counted", "internal/checks/runner/runner.go", "lateAfter = 50 * time.Millisecond"},
	{"operations.md", "longer than the lease lasts, 10 s, ends the schedule", "internal/journal/config.go", "defaultLeaseTTL = 10 * time.Second"},
	{"operations.md", "within two seconds statusbot reads them anew", "internal/house/reload.go", "pollFiles = time.Second"},
	{"operations.md", "it is tried again when a file changes, and every 30 s", "internal/house/reload.go", "retryBad = 30 * time.Second"},
	{"operations.md", "every 10 s while it starts", "internal/house/patience.go", "saysWaits = 10 * time.Second"},
	{"operations.md", "clock is more than 2 s from that of the majority", "internal/journal/clocks.go", "clockApart = 2 * time.Second"},
	{"operations.md", "writes are not acknowledged for 20 s", "internal/journal/hang.go", "hangTold = 20 * time.Second"},
	{"operations.md", "after 25 s where that has no storage any more, after 40 s where the stream is led", "internal/journal/hang.go", "hangOff = 25 * time.Second"},
	{"operations.md", "after 25 s where that has no storage any more, after 40 s where the stream is led", "internal/journal/hang.go", "hangLeads = 40 * time.Second"},
	{"operations.md", "each at most once in ten minutes", "internal/journal/hang.go", "anewPause = 10 * time.Minute"},
	{"operations.md", "soft limit of 96 MiB and 4,700 bytes for each check", "cmd/statusbot/memory.go", "limitBase = 96 << 20"},
	{"operations.md", "soft limit of 96 MiB and 4,700 bytes for each check", "cmd/statusbot/memory.go", "limitCheck = 4700"},
	{"checks.md", "from 256 to 4,096", "internal/checks/runner/runner.go", "concurrencyMax = 4096"},
	{"slack.md", "counts for 5 minutes, a no for 15 s", "internal/bot/people.go", "yesFor = 5 * time.Minute"},
	{"slack.md", "counts for 5 minutes, a no for 15 s", "internal/bot/people.go", "noFor = 15 * time.Second"},
	{"slack.md", "There are 200 added checks and proposals at most", "internal/bot/add.go", "mostAdded = 200"},
	{"slack.md", "A proposal that nobody decides is dropped after a day", "internal/bot/add.go", "proposalLife = 24 * time.Hour"},
	{"slack.md", "At most 5, of 500 characters each", "internal/incident/link.go", "mostLinks = 5"},
	{"slack.md", "An update that is more than 30 s late says so", "internal/bot/poster.go", "lateAfter = 30 * time.Second"},
	{"slack.md", "after 1, 2, 4 ... 30 s", "internal/bot/poster.go", "longestWait = 30 * time.Second"},
	{"slack.md", "If trouble returns within 30 minutes of the end the incident is opened again", "internal/incident/decide.go", "reopenWithin = 30 * time.Minute"},
	{"slack.md", "goes bad three times, each within 30 minutes of the time before, flaps", "internal/incident/flap.go", "FlapApart = 30 * time.Minute"},
	{"page.md", "gives a cookie for 30 days", "internal/web/page/access.go", "cookieAge = 30 * 24 * time.Hour"},
	{"page.md", "At most 2,000 read on at once", "internal/web/page/page.go", "readersMost = 2000"},
	{"page.md", "every five seconds at most", "internal/web/page/page.go", "fresh = 5 * time.Second"},
	{"api.md", "64 MiB at a time", "internal/web/api/result.go", "scanMost = 64 << 20"},
	{"api.md", "in pages of some 4 MiB", "internal/web/api/result.go", "exportMost = 4 << 20"},
	{"api.md", "Who asks the same within a second gets the same", "internal/web/api/shared.go", "sharedFor = time.Second"},
	{"mcp.md", "(400 characters, a report 20,000)", "internal/mcp/fence.go", "textMost = 400"},
	{"mcp.md", "(400 characters, a report 20,000)", "internal/mcp/fence.go", "wholeMost = 20_000"},
	{"mcp.md", "An answer is at most 96 KiB", "internal/mcp/mcp.go", "answerMost = 96 << 10"},
	{"mcp.md", "(the worst 40;", "internal/mcp/mcp.go", "productsMost = 40"},
	{"mcp.md", "its checks (50 at most)", "internal/mcp/mcp.go", "checksMost = 50"},
	{"mcp.md", "the newest, 20 at a time", "internal/mcp/mcp.go", "incidentsMost = 20"},
	{"marks.md", "Five alerts of a delivery are notes of their own", "internal/web/hooks/alerts.go", "mostAlerts = 5"},
	{"marks.md", "a body over 1 MiB (413)", "internal/web/hooks/hooks.go", "bodyMax = 1 << 20"},
	{"ways.md", "at most 5 min; after a refusal", "internal/ways/teller.go", "longestWait = 5 * time.Minute"},
	{"ways.md", "when the receiver says, at most an hour", "internal/ways/teller.go", "longestHold = time.Hour"},
	{"ways.md", "After a day an update is given up", "internal/ways/teller.go", "givenUp = 24 * time.Hour"},
	{"ways.md", "of at most 20 KiB: what is too long is cut", "internal/ways/chats.go", "mostCard = 20 << 10"},
	{"ways.md", "or when nothing has come for four hours", "internal/ways/alerts.go", "firesFor = 4 * time.Hour"},
	{"vantages.md", "says nothing for 4 s is missed", "internal/agent/desk.go", "silentAfter = 4 * time.Second"},
	{"vantages.md", "whose clock is more than 2 s off", "internal/agent/agent.go", "clockOff = 2 * time.Second"},
	{"vantages.md", "The token is good once, and for one hour", "internal/agent/book.go", "tokenLife = time.Hour"},
	{"security.md", "5 s for a header, 10 s for a request, 10 s for each write of an answer", "internal/serve/bounds.go", "Header: 5 * time.Second, Request: 10 * time.Second, Write: 10 * time.Second"},
	{"security.md", "16 KiB of headers, a bound on each body, 1,024 connections", "internal/serve/bounds.go", "HeaderBytes: 16 << 10, BodyBytes: 1 << 20, Connections: 1024"},
	{"security.md", "4,096 at `web.listen`", "internal/web/server.go", "connectionsMost = 4096"},
	{"security.md", "5 s for TLS, 10 s for saying who it is, 1 MiB a message, 1,200 connections", "internal/agent/gate.go", "connectionsMax = 1200"},
	{"security.md", "5 s for TLS, 10 s for saying who it is, 1 MiB a message, 1,200 connections", "internal/agent/gate.go", "shakeWithin = 5 * time.Second"},
	{"security.md", "1 MiB a body, eight at once", "internal/web/hooks/hooks.go", "bodiesMost = 8"},
	{"security.md", "4 KiB of an answer are read, and 64 KiB of its headers", "internal/ways/http.go", "mostAnswer = 4 << 10"},
	{"security.md", "4 KiB of an answer are read, and 64 KiB of its headers", "internal/ways/http.go", "MaxResponseHeaderBytes: 64 << 10"},
	{"sandbox.md", "the last 10,000 calls (32 MB at most)", "internal/sandbox/calllog.go", "maxLog = 10_000"},
	{"sandbox.md", "A channel keeps its last 5,000 messages", "internal/sandbox/state.go", "maxMessages = 5000"},
	{"checks.md", "The last 20 results of each check that are not a pass", "internal/status/failures.go", "keepFailures = 20"},
	{"checks.md", "All of them together take 64 MiB at most", "internal/status/failures.go", "failuresMax = 64 << 20"},
	{"kinds/exec.md", "within 5 s of the script's end", "internal/checks/kind/exec/leftover_linux.go", "sweepEvery = 5 * time.Second"},
	{"kinds/heartbeat.md", "one object or a list of up to 100, 64 KiB at most", "internal/checks/heartbeat/push.go", "pushResults = 100"},
	{"kinds/heartbeat.md", "one object or a list of up to 100, 64 KiB at most", "internal/checks/heartbeat/push.go", "PushMax = 64 << 10"},
	{"kinds/heartbeat.md", "more than 10 results a second of this check (100 at once)", "internal/checks/heartbeat/push.go", "pushRate = 10"},
	{"kinds/heartbeat.md", "the last 8 KiB are the evidence", "internal/web/foreign.go", "mostOutput = 8 << 10"},
	{"kinds/heartbeat.md", "a tenth of `every`, at least 30s", "internal/checks/kind/heartbeat/heartbeat.go", "graceMin = 30 * time.Second"},
	{"kinds/browser.md", "if it may take longer than 5 s", "internal/checks/kind/browser/steps.go", "stepWithin = 5 * time.Second"},
	{"kinds/browser.md", "a JPEG of at most 100 KiB", "internal/checks/kind/browser/page.go", "pictureMax = 100 << 10"},
	{"kinds/domain.md", "one is asked once an hour", "internal/checks/kind/domain/domain.go", "freshFor = time.Hour"},
	{"kinds/domain.md", "for a day its last word stands", "internal/checks/kind/domain/domain.go", "standFor = 24 * time.Hour"},
	{"kinds/grpc.md", "what the messages of `method` are made of, at most 4 MiB", "internal/checks/kind/grpc/message.go", "descriptorMax = 4 << 20"},
	{"kinds/dns.md", "A server that says nothing for 1 s", "internal/checks/kind/dns/edns.go", "mostSilence = time.Second"},
	{"impact.md", "trouble again within 30 minutes opens the same incident again", "internal/incident/decide.go", "reopenWithin = 30 * time.Minute"},
}

// TestNumbersOfThePages: the number that a page gives is the code's.
func TestNumbersOfThePages(t *testing.T) {
	t.Parallel()
	read := map[string]string{} // :: file -> its text on one line
	plain := func(path ...string) string {
		file := filepath.Join(append([]string{"..", ".."}, path...)...)
		if _, there := read[file]; !there {
			text, err := os.ReadFile(file)
			need(t, err)
			read[file] = strings.Join(strings.Fields(string(text)), " ")
		}
		return read[file]
	}
	for _, f := range numbersOfPages {
		if !strings.Contains(plain("docs", f.page), f.says) {
			t.Errorf("docs/%s does not say %q, which is held against %s of %s", f.page, f.says, f.code, f.file)
		}
		if !strings.Contains(plain(f.file), f.code) {
			t.Errorf("%s has no %q: is what docs/%s says of it still so? %q", f.file, f.code, f.page, f.says)
		}
	}
}
