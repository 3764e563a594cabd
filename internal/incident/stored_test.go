package incident

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/statusbot/statusbot/internal/longtest"
)

var whole = cmp.Options{cmp.AllowUnexported(Incident{}, Log{}, Desk{}, entry{}, head{}, harm{}), cmpopts.EquateEmpty()}

// storedNights is a journal of some weeks: incidents that end, one of them at
// the same time as others, one that comes back long after its end, and the desk.
func storedNights(t *testing.T) *journal {
	t.Helper()
	j := &journal{}
	day := func(n int) time.Time { return t0.Add(time.Duration(n) * 24 * time.Hour) }
	first := j.live("C1", day(0))
	j.add(must(t)(j.book.Log().DoWatch(day(0), "U1", "billing", "ok")))
	opened, _ := j.book.Log().Detect(day(1), "C3", "Lake: 9 of 300 failed", time.Hour)
	long := j.add(opened).Incident
	for n := 1; n < 8; n++ {
		j.live("C2", day(2*n))
		j.add(must(t)(j.book.Log().DoMute(day(2*n), ToMute{By: "U1", Channel: "C1", Product: "billing", Check: "pay", For: time.Hour, Why: "moving"})))
		j.add(Event{Incident: DeskID, At: day(2 * n), Kind: Blind, Begins: day(2 * n).Add(-time.Minute), Onset: day(2 * n)})
		if n < 7 {
			j.add(Event{Incident: DeskID, At: day(2*n + 1), Kind: Sees})
		}
		j.add(Event{Incident: DeskID, At: day(2 * n), Kind: Watched, Product: "billing", From: "ok", To: "degraded"})
		j.add(Event{Incident: long, Kind: Update, At: day(2 * n), Due: day(2 * n), N: n, Post: n, Figures: []Figure{{Product: "lake", Level: "degraded", Tries: 300, Failures: 9}}})
		switch n {
		case 3:
			j.add(must(t)(j.book.Log().DoMuteEach(day(2*n), Standing{Product: "billing", Weekly: "sat 22:00", For: time.Hour, Zone: "UTC", By: "U1", Why: "patches"})))
			j.add(must(t)(j.book.Log().DoSkip(day(2*n), "U1", "C1", Muting{Product: "billing", From: day(2*n + 4)})))
		case 4:
			j.add(Event{Incident: long, Kind: Resolved, At: day(2*n + 1)})
		case 6:
			j.add(Event{Incident: first, Kind: Reopened, At: day(2*n + 1)})
			j.add(must(t)(j.book.Log().DoMark(day(2*n+1), ToMark{By: "U1", Channel: "C1", Text: "restarted lb-3", Products: []string{"billing"}, Since: day(2 * n)})))
		}
	}
	return j
}

// TestAStoredBookGoesOn: at each event of a journal what is stored, and what is
// to be read again, is the book that has read everything; also where it has
// newer events of its own process. The small form looks at each fifth.
func TestAStoredBookGoesOn(t *testing.T) {
	j := storedNights(t)
	var book Book
	again, most := 0, 0
	for n, e := range j.events {
		book.Add(e)
		if (len(j.events)-1-n)%longtest.Of(5, 1) != 0 {
			continue
		}
		restored := goOn(t, &book, PositionOf(e), j.events[:n+1])
		if n+1 < len(j.events) && j.events[n+1].Incident != e.Incident { // what this process wrote before it read e
			ahead := book
			ahead.lent = true
			ahead.Add(j.events[n+1])
			goOn(t, &ahead, PositionOf(e), j.events[:n+2])
		}
		again = n + 2 - int(restored.From)
		most = max(most, again)
	}
	t.Logf("%d events, at most %d and at last %d are to be read again", len(j.events), most, again)
	if again > 25 {
		t.Errorf("at last %d events are to be read again", again)
	}
}

// goOn restores a book and has it read what it is to read again, of all there
// is.
func goOn(t *testing.T, book *Book, read Position, events []Event) Restored {
	t.Helper()
	data, err := book.Freeze().Encode(read)
	if err != nil {
		t.Fatal(err)
	}
	restored, err := ReadBook(data)
	if err != nil {
		t.Fatal(err)
	}
	got := restored.Book()
	for _, e := range events {
		if e.Seq >= restored.From {
			got.Add(e)
		}
	}
	if diff := cmp.Diff(book.log.Incidents, got.log.Incidents, whole); diff != "" {
		t.Fatalf("incidents after event %d (-read +restored):\n%s", read.Seq, diff)
	}
	if diff := cmp.Diff(book.log.Desk, got.log.Desk, whole); diff != "" {
		t.Fatalf("desk after event %d (-read +restored):\n%s", read.Seq, diff)
	}
	if diff := cmp.Diff(heads(book), heads(&got), whole); diff != "" {
		t.Fatalf("heads after event %d (-read +restored):\n%s", read.Seq, diff)
	}
	return restored
}

func heads(b *Book) map[string]head {
	if b.log.past == nil {
		return nil
	}
	return b.log.past.heads
}

// TestWhatIsNoStoredBook is none: a part of one, and one of another version.
func TestWhatIsNoStoredBook(t *testing.T) {
	j := storedNights(t)
	data, err := j.book.Freeze().Encode(PositionOf(j.events[len(j.events)-1]))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "cut": data[:len(data)/2], "older": []byte(`{"version":0,"from":7}`), "newer": []byte(`{"version":99,"from":7}`)} {
		if _, err := ReadBook(bad); err == nil {
			t.Errorf("%s is read", name)
		}
	}
	if p := PositionOf(j.events[3]); !p.Is(j.events[3]) || p.Is(j.events[4]) {
		t.Error("a place is another event's, or not its own")
	}
}

// TestTheStoredBook: who changes what is stored, or how events are folded into
// it, has it read anew (storedVersion).
func TestTheStoredBook(t *testing.T) {
	j := storedNights(t)
	got, err := j.book.Freeze().Encode(PositionOf(j.events[len(j.events)-1]))
	if err != nil {
		t.Fatal(err)
	}
	wantGolden(t, "book.json", append(got, '\n'))
}

// TestMutesOfAStoredBookBefore: what was muted at once before the form could say
// so is known by what was said.
func TestMutesOfAStoredBookBefore(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "book.json"))
	if err != nil {
		t.Fatal(err)
	}
	before := strings.NewReplacer(fmt.Sprintf(`"version":%d`, storedVersion), `"version":5`, `,"begun":true`, "").Replace(string(data))
	if before == string(data) {
		t.Fatal("the stored form has nothing that the one before had not")
	}
	for _, stored := range []string{string(data), before} {
		r, err := ReadBook([]byte(stored))
		if err != nil {
			t.Fatal(err)
		}
		book := r.Book()
		if list := book.Desk().Mutes; len(list) != 1 || !list[0].Begun || list[0].Ended {
			t.Errorf("mutes %+v, want one that began at once", list)
		}
	}
}
