//go:build linux

package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

const (
	e2eWindow = 30 * time.Second
	// stageBound is for one turn of the story: the slowest, from nginx stopped
	// until most of a whole window has failed, takes 15 s where nothing else runs.
	stageBound = patience
	// edge is how far nginx's clock of a request and that of the probe that
	// made it may be apart: one stamps the answer written, one the answer read.
	edge = 250 * time.Millisecond
	// underWay is how old a request may be that is not in the figures yet: a
	// batch of results is 250 ms old when it is stored.
	underWay = 600 * time.Millisecond
	// underWayBusy is the same where nothing can be asked again: a machine
	// that is busy with other tests may stop for a while.
	underWayBusy = 2 * time.Second
)

// figures are the counts that people are told of a product or of a check,
// with the instants between which they were made.
type figures struct {
	failed, tries int
	from, to      time.Time
	since         time.Time // the second in which what they count begins, where that is told and is not the window
}

// begun returns the earlier and the later instant after which a request counts.
func (f figures) begun() (early, late time.Time) {
	early, late = f.from.Add(-e2eWindow-edge), f.to.Add(-e2eWindow+edge)
	if f.since.After(early) {
		early = f.since.Add(-edge)
	}
	if until := f.since.Add(time.Second + edge); !f.since.IsZero() && until.After(late) {
		late = until
	}
	return early, late
}

// served is how many clients got what they asked for.
func (f figures) served() int { return f.tries - f.failed }

// truth returns the least and the most that a figure made between two
// instants may be, by a server's own log: what left the window or was under
// way between them may be counted or not.
func truth(log []request, f figures, late time.Duration, which func(request) bool) (least, most int) {
	early, begun := f.begun()
	for _, r := range log {
		if !which(r) {
			continue
		}
		if r.at.After(early) && !r.at.After(f.to.Add(edge)) {
			most++
		}
		if r.at.After(begun) && !r.at.After(f.from.Add(-late)) {
			least++
		}
	}
	return least, most
}

// against says in which way a count contradicts a log; empty if it does not.
func against(log []request, f figures, late time.Duration, what string, count int, which func(request) bool) string {
	if least, most := truth(log, f, late, which); count < least || count > most {
		return fmt.Sprintf("%s: told %d, nginx logged %d to %d; ", what, count, least, most)
	}
	return ""
}

func isServed(r request) bool  { return r.status == 200 }
func isRefused(r request) bool { return r.status == 503 }

// onPath narrows a choice to the requests of one check.
func onPath(path string, which func(request) bool) func(request) bool {
	return func(r request) bool { return r.path == path && which(r) }
}

// drillDown is the answer to /status PRODUCT.
type drillDown struct {
	text   string
	blocks string // as JSON
	figures
	checks map[string]figures // :: check id -> its figures
}

var (
	// checkFigures are those of a check in its row: "pay  20 %  12/60  time-out".
	checkFigures = regexp.MustCompile(`(?:\\n|^)([a-z]+) +[\d.a-z]+ % +([\d,]+)/([\d,]+)`)
	updateFigure = regexp.MustCompile(`#\d+: Shop (?:fails [\d.]+ % of tries \(|is down: )(?:all )?([\d,]+)(?: of ([\d,]+))?`)
	sinceToken   = regexp.MustCompile(`(?:Since|DOWN since|Failing again since).[^!"]{1,9}!date\^(\d+)\^`)
	updateNumber = regexp.MustCompile(`pdate #(\d+)`)
	updateAsOf   = regexp.MustCompile(`[Aa]s.of[^!"]{1,9}!date\^(\d+)\^`)
)

// drill asks for a product as a person does.
func drill(ctx context.Context, t *testing.T, c sandboxtest.Client, product string) drillDown {
	t.Helper()
	var d drillDown
	d.from = time.Now()
	a, err := c.Command(ctx, "incident-demo", "ben", "/status "+product)
	d.to = time.Now()
	if err != nil {
		t.Fatalf("/status %s: %v", product, err)
	}
	if a.Reply == nil {
		return d // the bot is not there yet
	}
	d.text, d.blocks = a.Reply.Text, string(a.Reply.Blocks)
	if ofFailed.MatchString(d.text) {
		d.failed, d.tries = failures(t, d.text)
	}
	d.since = sinceOf(t, d.blocks)
	d.checks = map[string]figures{}
	for _, m := range checkFigures.FindAllStringSubmatch(d.blocks, -1) {
		d.checks[m[1]] = figures{failed: number(t, m[2]), tries: number(t, m[3]), from: d.from, to: d.to, since: d.since}
	}
	return d
}

// untilDrill asks again and again until want has nothing to object to.
func untilDrill(ctx context.Context, t *testing.T, c sandboxtest.Client, product string, want func(drillDown) string) drillDown {
	t.Helper()
	limit := time.After(stageBound)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		d := drill(ctx, t, c, product)
		objection := want(d)
		if objection == "" {
			return d
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("/status %s: %s (the last answer was %q)", product, objection, d.text)
		}
	}
}

// agrees says in which way an answer contradicts the log of a server that
// answered every probe: as a whole, and check by check.
func (d drillDown) agrees(log []request) string {
	s := against(log, d.figures, underWay, "failures", d.failed, isRefused) + against(log, d.figures, underWay, "served", d.served(), isServed)
	for id, f := range d.checks {
		s += against(log, f, underWay, "failures of "+id, f.failed, onPath("/"+id, isRefused))
		s += against(log, f, underWay, "served to "+id, f.served(), onPath("/"+id, isServed))
	}
	return s
}

// shopUpdate is what one call of Slack told about the shop.
type shopUpdate struct {
	n    int // number of the update
	text string
	figures
}

// shopUpdates reads every update that was posted or edited, oldest first,
// that tells counts for the shop. Another that tells none has tries 0.
func shopUpdates(ctx context.Context, t *testing.T, c sandboxtest.Client) []shopUpdate {
	t.Helper()
	entries, err := c.Log(ctx, 0, "chat.")
	if err != nil {
		t.Fatal(err)
	}
	var list []shopUpdate
	for _, e := range entries {
		text, _ := e.Args["text"].(string)
		m := updateNumber.FindStringSubmatch(text)
		if m == nil || e.Method != "chat.postMessage" && e.Method != "chat.update" {
			continue
		}
		u := shopUpdate{n: number(t, m[1]), text: text}
		asOf := updateAsOf.FindStringSubmatch(fmt.Sprint(e.Args["blocks"]))
		if asOf == nil {
			t.Fatalf("update %d does not say as of when it is: %v", u.n, e.Args["blocks"])
		}
		// The token has whole seconds; it was made before it was sent.
		u.from = time.Unix(int64(number(t, asOf[1])), 0)
		u.to = u.from.Add(time.Second)
		if e.At.Before(u.to) {
			u.to = e.At
		}
		if m := updateFigure.FindStringSubmatch(text); m != nil {
			u.failed = number(t, m[1])
			if u.tries = u.failed; m[2] != "" {
				u.tries = number(t, m[2])
			}
			u.since = sinceOf(t, fmt.Sprint(e.Args["blocks"]))
		}
		list = append(list, u)
	}
	return list
}

// sinceOf is the second in which the trouble began that blocks tell of; zero when
// they tell of none.
func sinceOf(t *testing.T, blocks string) time.Time {
	t.Helper()
	m := sinceToken.FindStringSubmatch(blocks)
	if m == nil {
		return time.Time{}
	}
	return time.Unix(int64(number(t, m[1])), 0)
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
