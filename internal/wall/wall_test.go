package wall

import (
	"testing"
	"time"
)

// TestClocksThatAreChanged: put back a time comes twice, put forward it does not come.
func TestClocksThatAreChanged(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ shows, by, first, last string }{
		{"2027-10-31 02:30", "2027-10-31T02:45:00+02:00", "2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+02:00"},
		{"2027-10-31 02:30", "2027-10-31T02:45:00+01:00", "2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00"},
		{"2027-10-31 02:00", "2027-10-31T12:00:00+01:00", "2027-10-31T02:00:00+02:00", "2027-10-31T02:00:00+01:00"},
		{"2027-10-31 03:00", "2027-10-31T12:00:00+01:00", "2027-10-31T03:00:00+01:00", "2027-10-31T03:00:00+01:00"},
		{"2027-10-31 01:59", "2027-10-31T12:00:00+01:00", "2027-10-31T01:59:00+02:00", "2027-10-31T01:59:00+02:00"},
		{"2027-03-28 02:30", "2027-03-28T12:00:00+02:00", "2027-03-28T03:00:00+02:00", "2027-03-28T03:00:00+02:00"},
		{"2027-07-01 12:00", "2027-07-01T13:00:00+02:00", "2027-07-01T12:00:00+02:00", "2027-07-01T12:00:00+02:00"},
	} {
		shows, err := time.Parse("2006-01-02 15:04", tt.shows)
		if err != nil {
			t.Fatal(err)
		}
		by, err := time.Parse(time.RFC3339, tt.by)
		if err != nil {
			t.Fatal(err)
		}
		first, last := First(shows, berlin).Format(time.RFC3339), Last(shows, berlin, by).Format(time.RFC3339)
		if first != tt.first || last != tt.last {
			t.Errorf("%s: first %s, last by %s %s; want %s and %s", tt.shows, first, tt.by, last, tt.first, tt.last)
		}
	}
}
