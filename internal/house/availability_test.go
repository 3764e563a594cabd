package house

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

// TestDaysOutliveARestart: what was counted is counted once, whoever counts: the
// figures of a day are those of its results, and so are they after a restart.
func TestDaysOutliveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	def := publishtest.Acme()
	zone, err := time.LoadLocation("America/New_York")
	check(t, err)
	def.Timezone = zone
	begin := time.Date(2026, 6, 1, 23, 0, 0, 0, zone) // an hour before midnight
	f := publishtest.Feeder{Board: status.NewBoard(def), At: begin}
	open := func() (*journal.Journal, *availability) {
		j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
		check(t, err)
		return j, (&house{journal: j, board: f.Board}).availability()
	}
	j, a := open()
	count := func(minutes int, failing func(int, string) bool) {
		t.Helper()
		for range minutes / 5 {
			f.Feed(300, failing)
			check(t, a.count(t.Context(), f.At))
		}
	}
	count(30, nil)
	count(40, publishtest.Always("pay")) // down from 23:30 to 00:10
	check(t, j.Close())
	j, a = open()
	count(60, nil)
	reader := openDoor(dir, j, doorLook, zap.NewNop()) // as the command asks a statusbot that runs
	got, err := Availability(t.Context(), journal.Config{Dir: dir}, "billing", 30)
	check(t, err)
	reader.Close()
	check(t, j.Close())
	alone, err := Availability(t.Context(), journal.Config{Dir: dir}, "billing", 30)
	check(t, err)
	if diff := cmp.Diff(got, alone); diff != "" {
		t.Errorf("beside and alone (-beside +alone):\n%s", diff)
	}
	if len(got) != 1 || len(got[0].Days) != 2 {
		t.Fatalf("%+v", got)
	}
	// Two checks a second; the second day is counted until ten minutes ago, 01:00.
	hurt := []int{got[0].Days[0].Hurt, got[0].Days[1].Hurt}
	got[0].Days[0].Hurt, got[0].Days[1].Hurt = 0, 0
	want := []ProductDays{{"billing", []status.Day{
		{Date: "2026-06-01", Tries: 60 * 60 * 2, Failures: 30 * 60, Measured: 60},
		{Date: "2026-06-02", Tries: 60 * 60 * 2, Failures: 10 * 60, Measured: 60},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// That it is well again is known some minutes after it is, and since when with that.
	if hurt[0] < 30*60-5 || hurt[0] > 30*60 || hurt[1] < 10*60-5 || hurt[1] > 10*60 {
		t.Errorf("hurt %v s", hurt)
	}
}

// TestDaysAreBounded: of whatever age it is, 400 days can be asked for, and the
// shelf is no larger.
func TestDaysAreBounded(t *testing.T) {
	t.Parallel()
	j, err := journal.Open(t.Context(), journal.Config{Dir: t.TempDir()})
	check(t, err)
	defer j.Close()
	a := (&house{journal: j, board: status.NewBoard(publishtest.Acme())}).availability()
	day := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	const days = 1000
	numbers := map[int]bool{}
	for n := range days {
		date := day.AddDate(0, 0, n).Format(time.DateOnly)
		check(t, a.add(t.Context(), "billing", status.Day{Date: date, Tries: n + 1}))
		for number := range a.dirty {
			numbers[number] = true
		}
		if n%10 == 0 || n == days-1 {
			check(t, a.store(t.Context(), date, date))
		}
	}
	if len(numbers) > availabilityMonths || len(a.forms) > 2 {
		t.Errorf("%d forms are stored, %d are in memory", len(numbers), len(a.forms))
	}
	got, err := availabilityOf(t.Context(), j, "billing", status.DaysKept)
	check(t, err)
	if len(got) != 1 || len(got[0].Days) != status.DaysKept {
		t.Fatalf("%d products, want the days of one", len(got))
	}
	for i, d := range got[0].Days {
		if want := days - status.DaysKept + i + 1; d.Tries != want {
			t.Fatalf("%s has %d tries, want %d", d.Date, d.Tries, want)
		}
	}
	if none, err := availabilityOf(t.Context(), j, "nobody", 1); len(none) > 0 || err != nil {
		t.Errorf("of another product: %v, %v", none, err)
	}
}
