package bot

import (
	"strings"
	"testing"
	"time"
)

func TestReadAPlannedMute(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"billing for 2h moving the database", "billing||2h0m0s|moving the database"},
		{"billing pay 90min restart", "billing pay||1h30m0s|restart"},
		{"billing from 22:00 for 2h moving", "billing|22:00|2h0m0s|moving"},
		{"billing from Sat 22:00 for 2h from a to b", "billing|Sat 22:00|2h0m0s|from a to b"},
		{"billing from for 2h moving", "no"},
		{"billing from 22:00", "no"},
		{"billing Sat 22:00 for 2h moving", "billing|Sat 22:00|2h0m0s|moving"},
		{"billing tomorrow 10pm for 90 min moving", "billing|tomorrow 10pm|1h30m0s|moving"},
		{"billing until 22:00 moving the database", "billing|-22:00|moving the database"},
		{"billing from 22:00 to 23:30 moving", "billing|22:00-23:30|moving"},
		{"billing tomorrow 22:00 until 23:30 moving", "billing|tomorrow 22:00-23:30|moving"},
		{"billing 29 Nov 22:00 until 30 Nov 02:00 moving", "billing|29 Nov 22:00-30 Nov 02:00|moving"},
		{"billing at 22:00 for 1.5h moving to b", "billing|22:00|1h30m0s|moving to b"},
		{"billing until moving", "no"},
		{"for you for 2h x", "for you||2h0m0s|x"},
		{"billing to 22:00 moving", "no"},
		{"billing yesterday 22:00 for 2h moving", "no"},
		{"billing in 2h for 30m moving", "billing|after 2h0m0s|30m0s|moving"},
		{"billing in 10 minutes for half an hour moving", "billing|after 10m0s|30m0s|moving"},
		{"billing in an hour for 30m moving", "billing|after 1h0m0s|30m0s|moving"},
		{"billing in 2h until 23:00 moving", "billing|after 2h0m0s-23:00|moving"},
		{"billing tonight 22:00 for 2h moving", "billing|tonight 22:00|2h0m0s|moving"},
		{"billing tonight at 10 pm for 2h moving", "billing|tonight at 10 pm|2h0m0s|moving"},
		{"billing tomorrow morning 6am for 2h moving", "billing|tomorrow morning 6am|2h0m0s|moving"},
		{"billing between 22:00 and 23:30 moving", "billing|22:00-23:30|moving"},
		{"billing between 22:00 moving", "no"},
		{"billing starting 22:00 for 2h moving", "billing|22:00|2h0m0s|moving"},
		{"billing now for 2h moving", "billing||2h0m0s|moving"},
		{"billing from now until 23:00 moving", "billing|-23:00|moving"},
		{"billing for the next 2 hours moving", "billing||2h0m0s|moving"},
		{"check in for 2h moving in", "check in||2h0m0s|moving in"},
		{"billing next Sat 22:00 for 2h moving", "billing|next Sat 22:00|2h0m0s|moving"},
		{"billing on the coming saturday 22:00 for 2h moving", "billing|the coming saturday 22:00|2h0m0s|moving"},
		{"billing on Sat from 10 to 12 moving", "billing|Sat 10:00-12:00|moving"},
		{"billing next sat between 10 and 11pm moving", "billing|sat 10pm-11pm|moving"},
		{"billing from 22 to 23:30 moving", "billing|22:00-23:30|moving"},
		{"billing from 10 to moving", "no"},
		{"billing next sat", "no"},
		{"billing next sat moving", "no"},
		{"billing for the next 2 hours from a to b", "billing||2h0m0s|from a to b"},
	} {
		said, ok := readMute(hoursLed(apart(strings.Fields(tt.in))))
		got := "no"
		if said.after > 0 {
			said.begins = "after " + said.after.String()
		}
		if ok {
			got = strings.Join([]string{said.target, said.begins, said.span.String(), said.why}, "|")
			if said.ends != "" {
				got = strings.Join([]string{said.target, said.begins + "-" + said.ends, said.why}, "|")
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.want)
		}
	}
}

// TestATimeThatComesTwice: what is planned begins the first time that the clock shows
// it, as in the configuration; what is told of was the last such.
func TestATimeThatComesTwice(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text, now, want string
		read            func(string, time.Time, *time.Location) (time.Time, bool)
	}{
		{"2027-10-31 02:30", "2027-10-29T12:00:00+02:00", "2027-10-31T02:30:00+02:00", parseComing},
		{"Sunday 02:30", "2027-10-29T12:00:00+02:00", "2027-10-31T02:30:00+02:00", parseComing},
		{"02:30", "2027-10-31T02:15:00+02:00", "2027-10-31T02:30:00+02:00", parseComing},
		{"02:30", "2027-10-31T02:45:00+02:00", "2027-10-31T02:30:00+01:00", parseComing},
		{"2027-03-28 02:30", "2027-03-27T12:00:00+01:00", "2027-03-28T03:00:00+02:00", parseComing},
		{"02:30", "2027-10-31T02:45:00+02:00", "2027-10-31T02:30:00+01:00", parseComing},
		{"12:30", "2027-03-27T12:00:00+01:00", "2027-03-27T12:30:00+01:00", parseComing}, // a day of 23 hours follows
		{"Sat 12:30", "2027-03-27T12:00:00+01:00", "2027-03-27T12:30:00+01:00", parseComing},
		{"02:45", "2027-03-27T02:30:00+01:00", "2027-03-27T02:45:00+01:00", parseComing},
		{"00:30", "2027-10-31T01:00:00+02:00", "2027-11-01T00:30:00+01:00", parseComing}, // one of 25
		{"tomorrow 02:30", "2027-03-27T12:00:00+01:00", "2027-03-28T03:00:00+02:00", parseComing},
		{"02:30", "2027-10-31T02:45:00+02:00", "2027-10-31T02:30:00+02:00", parseWhen},
		{"02:30", "2027-10-31T02:45:00+01:00", "2027-10-31T02:30:00+01:00", parseWhen},
		{"02:50", "2027-10-31T02:45:00+01:00", "2027-10-31T02:50:00+02:00", parseWhen},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		if at, ok := tt.read(tt.text, now, berlin); !ok || at.In(berlin).Format(time.RFC3339) != tt.want {
			t.Errorf("%s at %s: %s, want %s", tt.text, tt.now, at.In(berlin).Format(time.RFC3339), tt.want)
		}
	}
}

// TestWhatIsPlannedWhileClocksAreChanged lasts as long as ever, and a zone that is named
// once is that of both times.
func TestWhatIsPlannedWhileClocksAreChanged(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ said, now, from, until string }{
		{"2027-03-28 02:15 until 02:45", "2027-03-27T12:00:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"},
		{"from 2027-03-28 02:15 until 2027-03-28 02:45", "2027-03-27T12:00:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"},
		{"tomorrow 02:15 to 03:15", "2027-03-27T12:00:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-28T03:15:00+02:00"},
		{"2027-03-28 01:30 until 02:30", "2027-03-27T12:00:00+01:00", "2027-03-28T01:30:00+01:00", "2027-03-28T03:00:00+02:00"},
		{"2027-10-31 02:15 until 02:45", "2027-10-30T12:00:00+02:00", "2027-10-31T02:15:00+02:00", "2027-10-31T02:45:00+02:00"},
		{"from 02:50 until 02:55", "2027-10-31T02:50:00+02:00", "2027-10-31T02:50:00+01:00", "2027-10-31T02:55:00+01:00"},
		{"until 02:45", "2027-10-31T02:50:00+02:00", "", "2027-10-31T02:45:00+01:00"},
		{"between 22:00 and 23:00 utc", "2027-07-01T12:00:00+02:00", "2027-07-02T00:00:00+02:00", "2027-07-02T01:00:00+02:00"},
		{"from 22:00 utc until 23:00", "2027-07-01T12:00:00+02:00", "2027-07-02T00:00:00+02:00", "2027-07-02T01:00:00+02:00"},
		{"from 22:00 until 23:00 CEST", "2027-07-01T12:00:00+02:00", "2027-07-01T22:00:00+02:00", "2027-07-01T23:00:00+02:00"},
		{"from 22:00 cet until 23:00 utc", "2027-07-01T12:00:00+02:00", "2027-07-01T23:00:00+02:00", "2027-07-02T01:00:00+02:00"},
		{"Sat 22:00 until 02:00", "2027-07-01T12:00:00+02:00", "2027-07-03T22:00:00+02:00", "2027-07-04T02:00:00+02:00"},
		{"2027-07-03T20:00:00Z until 23:00", "2027-07-01T12:00:00+02:00", "2027-07-03T22:00:00+02:00", "2027-07-04T01:00:00+02:00"},
		{"from 2027-07-03 22:00 until 2027-07-03 21:00", "2027-07-01T12:00:00+02:00", "", ""},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		said, ok := readMute(append([]string{"billing"}, strings.Fields(tt.said)...))
		if !ok {
			t.Errorf("%s: is no maintenance", tt.said)
			continue
		}
		from, until := "", ""
		if said.when(now, berlin) {
			begins := now
			if !said.from.IsZero() {
				begins, from = said.from, said.from.In(berlin).Format(time.RFC3339)
			}
			until = begins.Add(said.span).In(berlin).Format(time.RFC3339)
		}
		if from != tt.from || until != tt.until {
			t.Errorf("%s at %s: from %s until %s, want from %s until %s", tt.said, tt.now, from, until, tt.from, tt.until)
		}
	}
}

func TestParseComing(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 27, 20, 0, 0, 0, berlin) // Friday; summer time begins on Sunday
	for in, want := range map[string]string{
		"22:00":                "Fri 22:00 CET",
		"19:00":                "Sat 19:00 CET",
		"today 23:00":          "Fri 23:00 CET",
		"today 19:00":          "",
		"tonight 22:00":        "Fri 22:00 CET",
		"tonight at 10 pm":     "Fri 22:00 CET",
		"22:00 tonight":        "Fri 22:00 CET",
		"tomorrow morning 6am": "Sat 06:00 CET",
		"tomorrow 6am":         "Sat 06:00 CET",
		"Sat 22:00":            "Sat 22:00 CET",
		"sunday 22:00":         "Sun 22:00 CEST",
		"Fri 22:00":            "Fri 22:00 CET",
		"next Sat 22:00":       "Sat 22:00 CET",
		"on next sunday 22:00": "Sun 22:00 CEST",
		"next Fri 19:00":       "Fri 19:00 CEST",
		"next 22:00":           "",
		"22:00 utc":            "Fri 23:00 CET",
		"2026-03-29 22:00":     "Sun 22:00 CEST",
		"2026-03-27T21:00:00Z": "Fri 22:00 CET",
		"2026-03-01 22:00":     "",
		"27 Mar 23:00":         "Fri 23:00 CET",
		"28 Mar 23:00":         "Sat 23:00 CET",
		"22:00 tomorrow":       "Sat 22:00 CET",
		"22:00 today":          "Fri 22:00 CET",
		"22:00 Sunday":         "Sun 22:00 CEST",
		"22:00 Thursday":       "Thu 22:00 CEST",
		"2h":                   "",
		"soon":                 "",
		"":                     "",
	} {
		at, ok := parseComing(in, now, berlin)
		got := ""
		if ok {
			got = at.In(berlin).Format("Mon 15:04 MST")
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if ok && at.Sub(now) > 8*24*time.Hour {
			t.Errorf("%q: %s ahead", in, at.Sub(now))
		}
	}
}
