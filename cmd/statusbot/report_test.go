package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
)

// TestReportOfAJournal writes an incident into a journal and reads it by the
// command.
func TestReportOfAJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)
	j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]uint64{}
	for _, e := range []incident.Event{
		{Incident: "inc-1", At: at.Add(-time.Hour), Kind: incident.Opened, Number: 1, By: "U1", Title: "before", Every: 5 * time.Minute},
		{Incident: incident.DeskID, At: at, Kind: incident.Watched, By: "U1", Product: "billing"},
		{Incident: "inc-2", At: at, Kind: incident.Opened, Number: 2, By: "U1", Title: "payments", Every: 5 * time.Minute},
		{Incident: "inc-2", At: at, Kind: incident.Level, Product: "billing", From: "ok", To: "degraded"},
		{Incident: "inc-2", At: at.Add(time.Hour), Kind: incident.Resolved, By: "U1"},
	} {
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if last[e.Incident], err = j.AppendEvent(t.Context(), e.Incident, last[e.Incident], data); err != nil {
			t.Fatal(err)
		}
	}
	report := func(args ...string) (code int, out, words string) {
		var o, w bytes.Buffer
		code = run(t.Context(), append([]string{"report"}, args...), world{out: &o, err: &w, env: func(string) (string, bool) { return "", false }})
		return code, o.String(), w.String()
	}
	if code, _, words := report("2", "--data-dir", dir); code != exitFailed || !strings.Contains(words, "in Slack") {
		t.Errorf("beside a running statusbot: %d %q", code, words)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, words := report("inc-2", "--data-dir", dir)
	if code != exitOK || !strings.Contains(out, "# Incident 2: payments") || !strings.Contains(out, "| billing | nobody named | 1 h |") {
		t.Errorf("%d %q\n%s", code, words, out)
	}
	if code, newest, words := report("--data-dir", dir); code != exitOK || newest != out {
		t.Errorf("of the newest: %d %q\n%s", code, words, newest)
	}
	empty := t.TempDir()
	page := filepath.Join(t.TempDir(), "2.html")
	if code, out, words = report("2", "--data-dir", dir, "-o", page); code != exitOK || out != "" {
		t.Errorf("%d %q %q", code, out, words)
	}
	data, err := os.ReadFile(page)
	if err != nil || !bytes.HasPrefix(data, []byte("<!doctype html>")) {
		t.Errorf("the page: %v %.80s", err, data)
	}
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"9", "--data-dir", dir}, exitFailed, "the journal has no incident 9"},
		{[]string{"9", "--data-dir", filepath.Join(dir, "none")}, exitFailed, "no data directory"},
		{[]string{"seven"}, exitUsage, "is no incident"},
		{[]string{"2", "3"}, exitUsage, "`statusbot incidents` lists them"},
		{[]string{"--data-dir", empty}, exitFailed, "there was no incident yet"},
		{[]string{"2", "--format", "pdf"}, exitUsage, "write md, html or json"},
	} {
		if code, _, words := report(tt.args...); code != tt.code || !strings.Contains(words, tt.says) {
			t.Errorf("report %q: %d %q, want %d %q", tt.args, code, words, tt.code, tt.says)
		}
	}
}
