package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParseWhen(t *testing.T) {
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	// Tuesday, 5:30 in the morning in New York.
	now := time.Date(2026, 3, 3, 10, 30, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"01:30":                     "2026-03-03T06:30:00Z",
		"1:30":                      "2026-03-03T06:30:00Z",
		"1:30am":                    "2026-03-03T06:30:00Z",
		"1.30":                      "2026-03-03T06:30:00Z",
		"0130":                      "2026-03-03T06:30:00Z",
		"at 1:30 AM":                "2026-03-03T06:30:00Z",
		"1am":                       "2026-03-03T06:00:00Z",
		"12am":                      "2026-03-03T05:00:00Z",
		"12pm":                      "2026-03-02T17:00:00Z",
		"18:00":                     "2026-03-02T23:00:00Z", // not yet today
		"half past one":             "2026-03-03T06:30:00Z",
		"half past six":             "2026-03-02T23:30:00Z", // the evening's: the morning's is yet to come
		"quarter to two":            "2026-03-03T06:45:00Z",
		"a quarter past 5":          "2026-03-03T10:15:00Z",
		"10 to 2":                   "2026-03-03T06:50:00Z",
		"half past twelve":          "2026-03-03T05:30:00Z",
		"10 min to one":             "2026-03-03T05:50:00Z",
		"quarter to one":            "2026-03-03T05:45:00Z",
		"halb eins":                 "2026-03-03T05:30:00Z",
		"viertel vor zwei":          "2026-03-03T06:45:00Z",
		"half past 13":              "",
		"40 past 1":                 "",
		"13 Uhr":                    "2026-03-02T18:00:00Z",
		"um 13 Uhr 50":              "2026-03-02T18:50:00Z",
		"1,5h":                      "2026-03-03T09:00:00Z",
		"1:30 last night":           "2026-03-03T06:30:00Z",
		"22:00 last night":          "2026-03-03T03:00:00Z",
		"last night at 10":          "2026-03-03T03:00:00Z",
		"last night at 2":           "", // of which half of the day
		"6 pm":                      "2026-03-02T23:00:00Z",
		"01:30 utc":                 "2026-03-03T01:30:00Z",
		"2h":                        "2026-03-03T08:30:00Z",
		"2 hours ago":               "2026-03-03T08:30:00Z",
		"90 min":                    "2026-03-03T09:00:00Z",
		"1h30m":                     "2026-03-03T09:00:00Z",
		"1 h 30 min ago":            "2026-03-03T09:00:00Z",
		"2d":                        "2026-03-01T10:30:00Z",
		"yesterday":                 "2026-03-02T05:00:00Z",
		"yesterday 18:00":           "2026-03-02T23:00:00Z",
		"Yesterday, 6pm":            "2026-03-02T23:00:00Z",
		"yesterday at 18:00":        "2026-03-02T23:00:00Z",
		"today":                     "2026-03-03T05:00:00Z",
		"midnight":                  "2026-03-03T05:00:00Z",
		"noon":                      "2026-03-02T17:00:00Z",
		"13:50":                     "2026-03-02T18:50:00Z",
		"this morning at 4":         "2026-03-03T09:00:00Z",
		"yesterday afternoon at 3":  "2026-03-02T20:00:00Z",
		"“1:50”":                    "2026-03-03T06:50:00Z",
		"1:50.":                     "2026-03-03T06:50:00Z",
		"gestern 14 Uhr":            "2026-03-02T19:00:00Z",
		"heute 4 Uhr":               "2026-03-03T09:00:00Z",
		"an hour ago":               "2026-03-03T09:30:00Z",
		"an hour":                   "2026-03-03T09:30:00Z",
		"half an hour ago":          "2026-03-03T10:00:00Z",
		"a couple of hours ago":     "2026-03-03T08:30:00Z",
		"two hours ago":             "2026-03-03T08:30:00Z",
		"last 2 hours":              "2026-03-03T08:30:00Z",
		"last hour":                 "2026-03-03T09:30:00Z",
		"last night":                "2026-03-03T03:00:00Z", // 22:00 in New York
		"this morning at 2:00":      "2026-03-03T07:00:00Z",
		"2:00 this morning":         "2026-03-03T07:00:00Z",
		"this morning at 6:00":      "", // is yet to come
		"last night at 23:10":       "2026-03-03T04:10:00Z",
		"last night at 1:10":        "2026-03-03T06:10:00Z",
		"yesterday evening 19:00":   "2026-03-03T00:00:00Z",
		"yesterday evening":         "2026-03-02T23:00:00Z",
		"yesterday morning":         "2026-03-02T11:00:00Z",
		"2026-03-02T14:00:05Z":      "2026-03-02T14:00:05Z",
		"2026-03-02T14:00Z":         "2026-03-02T14:00:00Z",
		"2026-03-02T14:00:05+01:00": "2026-03-02T13:00:05Z",
		"2026-03-02T14:00:05.250Z":  "2026-03-02T14:00:05Z",
		"20260302T140005Z":          "2026-03-02T14:00:05Z",
		"2026-03-09T14:00:05Z":      "", // to come
		"monday 14:00":              "2026-03-02T19:00:00Z",
		"tue 14:00":                 "2026-02-24T19:00:00Z", // today's is to come
		"tuesday":                   "2026-03-03T05:00:00Z",
		"2026-03-02 14:00":          "2026-03-02T19:00:00Z",
		"2026-03-02T14:00":          "2026-03-02T19:00:00Z",
		"2026-03-02T14:00:05":       "2026-03-02T19:00:00Z",
		"22:00 yesterday":           "2026-03-03T03:00:00Z",
		"noon yesterday":            "2026-03-02T17:00:00Z",
		"6pm on monday":             "2026-03-02T23:00:00Z",
		"day before yesterday":      "2026-03-01T05:00:00Z",
		"2 days ago at 10:00":       "2026-03-01T15:00:00Z",
		"1.5h":                      "2026-03-03T09:00:00Z",
		"1.5 hours ago":             "2026-03-03T09:00:00Z",
		"1h30":                      "2026-03-03T09:00:00Z",
		"an hour and a half ago":    "2026-03-03T09:00:00Z",
		"half hour ago":             "2026-03-03T10:00:00Z",
		"10m ago:":                  "2026-03-03T10:20:00Z",
		"(10 min. ago)":             "2026-03-03T10:20:00Z",
		"13.50 Uhr":                 "2026-03-02T18:50:00Z",
		"1 o'clock am":              "",
		"1:50 PM EST":               "2026-03-02T18:50:00Z",
		"13:50 CET":                 "2026-03-02T12:50:00Z",
		"13:50+01:00":               "2026-03-02T12:50:00Z",
		"13:50 +0530":               "2026-03-03T08:20:00Z",
		"13:50 utc+1":               "2026-03-02T12:50:00Z",
		"09:50Z":                    "2026-03-03T09:50:00Z",
		"13:50 IST":                 "", // in which of three countries?
		"1 Mar 14:00":               "2026-03-01T19:00:00Z",
		"Mar 1":                     "2026-03-01T05:00:00Z",
		"march 1st, 2 pm":           "2026-03-01T19:00:00Z",
		"14:00 on 1 March":          "2026-03-01T19:00:00Z",
		"1 March 2026 14:00":        "2026-03-01T19:00:00Z",
		"29 Nov":                    "2025-11-29T05:00:00Z", // the last one
		"01.03.2026 14:00":          "2026-03-01T19:00:00Z",
		"1.3. 14:00":                "2026-03-01T19:00:00Z",
		"2026/03/01 14:00":          "2026-03-01T19:00:00Z",
		"28/02 14:00":               "2026-02-28T19:00:00Z",
		"2/28 14:00":                "2026-02-28T19:00:00Z",
		"2/3 14:00":                 "", // March or February?
		"１:３０":                      "2026-03-03T06:30:00Z",
		"ca. 01:30":                 "2026-03-03T06:30:00Z",
		"approx. 1:30 am":           "2026-03-03T06:30:00Z",
		"à 13h50":                   "2026-03-02T18:50:00Z",
		"a las 13:50":               "2026-03-02T18:50:00Z",
		"gegen 13:50 Uhr":           "2026-03-02T18:50:00Z",
		"vor 5 min":                 "2026-03-03T10:25:00Z",
		"vor 2 Stunden":             "2026-03-03T08:30:00Z",
		"hace 5 minutos":            "2026-03-03T10:25:00Z",
		"il y a 5 minutes":          "2026-03-03T10:25:00Z",
		"a couple of hours":         "2026-03-03T08:30:00Z", // of which "a" is a part
		"il y a":                    "",
		"a":                         "",
		"ca.":                       "",
		"in":                        "",
		"this":                      "",
		"on":                        "",
		"about":                     "",
		"the":                       "",
		"in 10 min":                 "",
		"30 Feb":                    "",
		"":                          "",
		"utc":                       "",
		"teatime":                   "",
		"25:00":                     "",
		"13pm":                      "",
		"1:3":                       "",
		"2":                         "",
		"-2h":                       "",
		"2h from now":               "",
		"tomorrow":                  "",
		"today 18:00":               "",
		"2026-03-04":                "",
		"2026-13-04":                "",
		"99999d":                    "",
		"99999w99999w":              "",
		"400d":                      "",
	} {
		at, ok := parseWhen(text, now, york)
		got := ""
		if ok {
			got = at.UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	kolkata := time.FixedZone("IST", 5*3600+1800)
	if at, ok := parseWhen("13:50 IST", now, kolkata); !ok || at.UTC().Hour() != 8 {
		t.Errorf("13:50 by a person's own name of their zone: %v", at)
	}
	// The clocks went forward at 2:00 on 8 March: 1:30 was three and a half hours before 6:00.
	after := time.Date(2026, 3, 8, 10, 0, 0, 0, time.UTC)
	if at, ok := parseWhen("1:30", after, york); !ok || after.Sub(at) != 3*time.Hour+30*time.Minute {
		t.Errorf("over a change of clocks: %v before", after.Sub(at))
	}
}

func TestReadMute(t *testing.T) {
	for _, tt := range []struct {
		words  []string
		target string
		span   time.Duration
		why    string
	}{
		{[]string{"billing", "for", "2h", "moving", "it"}, "billing", 2 * time.Hour, "moving it"},
		{[]string{"data", "lake", "for", "2", "hours", "new", "index"}, "data lake", 2 * time.Hour, "new index"},
		{[]string{"billing", "pay", "90min", "why"}, "billing pay", 90 * time.Minute, "why"},
		{[]string{"billing", "for", "an", "hour", "moving", "it"}, "billing", time.Hour, "moving it"},
		{[]string{"billing", "for", "an", "hour", "and", "a", "half", "the", "move"}, "billing", 90 * time.Minute, "the move"},
		{[]string{"billing", "for", "half", "an", "hour", "the", "move"}, "billing", 30 * time.Minute, "the move"},
		{[]string{"billing", "for", "ever"}, "", 0, ""},
		{[]string{"2h"}, "", 0, ""},
		{nil, "", 0, ""},
	} {
		said, ok := readMute(tt.words)
		if said.target != tt.target || said.span != tt.span || said.why != tt.why || ok != (tt.span > 0) {
			t.Errorf("%q: %q for %s because %q", tt.words, said.target, said.span, said.why)
		}
	}
}

// TestReadMuteInWords: noon and midnight are times where a time must stand, and a name elsewhere; the day may
// stand before the hours.
func TestReadMuteInWords(t *testing.T) {
	now := time.Date(2026, 3, 3, 10, 30, 0, 0, time.UTC)
	for said, want := range map[string]string{
		"billing at midnight for 2h x":             "billing 03-04 00:00 2h0m0s x",
		"billing at noon for 1h x":                 "billing 03-03 12:00 1h0m0s x",
		"billing until midnight x":                 "billing 01-01 00:00 13h30m0s x",
		"billing till noon x":                      "billing 01-01 00:00 1h30m0s x",
		"billing between noon and midnight x":      "billing 03-03 12:00 12h0m0s x",
		"billing tomorrow from 9:00 to 11:00 x":    "billing 03-04 09:00 2h0m0s x",
		"billing today from 22:00-23:00 x":         "billing 03-03 22:00 1h0m0s x",
		"data lake tomorrow from 9:00 to 11:00 x":  "data lake 03-04 09:00 2h0m0s x",
		"project midnight for 2h x":                "project midnight 01-01 00:00 2h0m0s x",
		"today from 22:00 to 23:00 x":              "today 03-03 22:00 1h0m0s x", // of a name alone
		"billing tomorrow between 9:00 and 10am x": "billing 03-04 09:00 1h0m0s x",
	} {
		m, ok := readMute(apart(strings.Fields(said)))
		ok = ok && (m.begins+m.ends == "" || m.when(now, time.UTC))
		if got := fmt.Sprint(m.target, m.from.Format(" 01-02 15:04 "), m.span, " ", m.why); !ok || got != want {
			t.Errorf("%q: got %q, %v, want %q", said, got, ok, want)
		}
	}
}

func FuzzParseWhen(f *testing.F) {
	for _, s := range []string{"in", "this", "22:00 yesterday", "29 nov 14:00 cet", "13:50+01:00", "1.5h", "2/28", "01:30", "2h30m", "yesterday 18:00", "mon 1.30pm", "2026-03-03t14:00 utc", "1 day ago", "noon"} {
		f.Add(s, int64(1772533800))
	}
	zone := time.FixedZone("", 5*3600+1800)
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		now := time.Unix(unix%4e9, 0)
		at, ok := parseWhen(text, now, zone)
		if !ok {
			if !at.IsZero() {
				t.Errorf("%q is no time, and %v", text, at)
			}
			return
		}
		if at.After(now) || now.Sub(at) > longestAgo {
			t.Errorf("%q is %v, %v from %v", text, at, now.Sub(at), now)
		}
	})
}
