package house

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish"
)

// TestTheDoorGivesWhatTheJournalHolds: what is read beside the process that holds
// the directory is what that one reads.
func TestTheDoorGivesWhatTheJournalHolds(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	stale, err := net.Listen("unix", filepath.Join(dir, doorName)) // of a process that was killed
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	j, err := journal.Open(ctx, journal.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	d := openDoor(dir, j, doorLook, zap.NewNop())
	defer d.Close()
	if info, err := os.Stat(filepath.Join(dir, doorName)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v %v, want it for its user alone", info, err)
	}
	last := uint64(0)
	for _, e := range []incident.Event{{Incident: "inc-2", At: time.Unix(1, 0).UTC(), Kind: incident.Opened, Number: 2}, {Incident: "inc-2", At: time.Unix(9, 0).UTC(), Kind: incident.Resolved}} {
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if last, err = j.AppendEvent(ctx, e.Incident, last, data); err != nil {
			t.Fatal(err)
		}
	}
	data, err := checks.EncodeResults([]checks.Result{{Check: "a", Product: "p", Started: time.Unix(2, 0), Outcome: checks.Pass}, {Check: "b", Product: "p", Started: time.Unix(3, 0), Outcome: checks.Fail, Reason: checks.ReasonTimeout}})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.AppendResultsDurably(ctx, data); err != nil {
		t.Fatal(err)
	}
	want, err := EventsOf(ctx, j, "inc-2")
	if err != nil {
		t.Fatal(err)
	}
	got, err := EventsBeside(ctx, dir, "inc-2")
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(got) != 2 {
		t.Errorf("events %v (-journal +beside):\n%s", err, diff)
	}
	if newest, err := EventsBeside(ctx, dir, NewestIncident); err != nil || !cmp.Equal(newest, want) {
		t.Errorf("of the newest: %v %+v", err, newest)
	}
	if _, err := EventsBeside(ctx, dir, "inc-3"); !errors.Is(err, publish.ErrNotFound) {
		t.Errorf("an incident that is not there: %v", err)
	}
	var lines strings.Builder
	if n, err := ResultsBeside(ctx, dir, time.Time{}, &lines); n != 2 || err != nil || lines.String() != string(data) {
		t.Errorf("%d results, %v:\n%s\nwant\n%s", n, err, lines.String(), data)
	}
	lines.Reset()
	if n, err := ResultsBeside(ctx, dir, time.Now().Add(time.Hour), &lines); n != 0 || err != nil || lines.Len() > 0 {
		t.Errorf("of a time to come: %d, %v, %q", n, err, lines.String())
	}
	d.Close()
	if _, err := EventsBeside(ctx, dir, "inc-2"); !errors.Is(err, ErrNoDoor) {
		t.Errorf("after the door was closed: %v", err)
	}
}

// TestADoorThatIsTakenAwayIsMadeAnew, whoever cleared the folder, and goes with the house as the first.
func TestADoorThatIsTakenAwayIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	d := openDoor(dir, nil, time.Millisecond, zap.NewNop(), func(mux *http.ServeMux) {
		mux.HandleFunc("GET /is", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })
	})
	for range 3 {
		if err := os.Remove(filepath.Join(dir, doorName)); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // between two looks at the condition
			body, err := askDoor(t.Context(), dir, "/is")
			if err == nil {
				body.Close()
				break
			}
			if !errors.Is(err, ErrNoDoor) || time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
	d.Close()
	if _, err := os.Lstat(filepath.Join(dir, doorName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket at the end: %v", err)
	}
}

// TestWithoutADoorTheHouseRuns: a path that no socket can have costs the door alone.
func TestWithoutADoorTheHouseRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d := openDoor(dir, nil, doorLook, zap.NewNop())
	d.Close()
	if _, err := ResultsBeside(t.Context(), dir, time.Time{}, nil); !errors.Is(err, ErrNoDoor) {
		t.Errorf("got %v", err)
	}
}
