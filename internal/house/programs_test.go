package house

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/web/api"
)

// TestProgramsReadTheJournal: results page by page, the whole export, and the log of an
// incident, through the door of a directory whose journal is open.
func TestProgramsReadTheJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
	check(t, err)
	defer j.Close()
	def := publishtest.Company(2, 4)
	h := &house{log: zap.NewNop(), board: status.NewBoard(def), journal: j, starting: starting{ready: make(chan struct{})}}
	h.cfg.Store(&config.Config{})
	h.starting.over()
	began := time.Now().Add(-10 * time.Minute).Truncate(time.Second)
	const batches = 12
	for i := range batches {
		var list []checks.Result
		for _, c := range def.Checks {
			list = append(list, checks.Result{Check: c.ID, Product: c.Product, Started: began.Add(time.Duration(i) * 10 * time.Second), Duration: time.Millisecond, Outcome: checks.Pass})
		}
		data, err := checks.EncodeResults(list)
		check(t, err)
		check(t, j.AppendResults(t.Context(), data))
	}
	e := incident.Event{Incident: "inc-1", At: began, Kind: incident.Opened, Number: 1, Title: "payments", Every: time.Minute}
	data, err := e.Encode()
	check(t, err)
	e.Seq, err = j.AppendEvent(t.Context(), "inc-1", 0, data)
	check(t, err)
	h.board.ApplyEvent(e)
	d := openDoor(dir, j, doorLook, zap.NewNop(), h.apiDoors)
	defer d.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(dir, doorName))
	}}}
	get := func(path string) (string, http.Header) {
		resp, err := client.Get("http://statusbot" + path)
		check(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		check(t, err)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", path, resp.Status, body)
		}
		return string(body), resp.Header
	}
	for _, limit := range []int{5, 500} {
		n, path := 0, "/api/v1/results?check="+def.Checks[1].ID+"&limit="+strconv.Itoa(limit)
		for next := ""; ; {
			var page api.Results
			body, _ := get(path + next)
			check(t, json.Unmarshal([]byte(body), &page))
			for _, r := range page.Results {
				if want := began.Add(time.Duration(n) * 10 * time.Second); r.Check != def.Checks[1].ID || !r.Started.Equal(want) {
					t.Fatalf("result %d: %s at %v, want %v", n, r.Check, r.Started, want)
				}
				n++
			}
			if page.Next == nil {
				break
			}
			next = "&cursor=" + *page.Next
		}
		if n != batches {
			t.Errorf("%d results in pages of %d, want %d", n, limit, batches)
		}
	}
	lines, header := get("/api/v1/export")
	if n := strings.Count(lines, "\n"); n != batches*len(def.Checks) || header.Get("Link") != "" {
		t.Errorf("the export has %d lines, want %d", n, batches*len(def.Checks))
	}
	var events api.Events
	body, _ := get("/api/v1/incidents/1/events")
	check(t, json.Unmarshal([]byte(body), &events))
	if len(events.Events) != 1 || events.Events[0].Text != "payments" || events.Events[0].Seq != e.Seq {
		t.Errorf("events: %s", body)
	}
}
