package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// planOf loads one maintenance of product p.
func planOf(t *testing.T, plan string) *Config {
	t.Helper()
	return mustLoad(t, write(t, "timezone: America/New_York\nproducts: [{id: p}, {id: q}]\nchecks: [{id: c, product: p, kind: tcp, tcp: {address: \"a.example:1\"}}]\nmaintenance: [{why: patches, "+plan+"}]\n"), nil)
}

// TestPlannedTimes: when a maintenance is, in days with 23 and 25 hours as well.
func TestPlannedTimes(t *testing.T) {
	for _, tt := range []struct {
		name, plan, after string
		want              []string // from and until, in UTC
	}{
		{"once", `products: p, from: "2027-01-09 22:00", for: 2h`, "2027-01-01T00:00:00Z", []string{"01-10 03:00 - 01-10 05:00"}},
		{"once, with its offset", `products: p, from: 2027-01-09T22:00:00Z, until: 2027-01-10T01:30:00Z`, "2027-01-01T00:00:00Z", []string{"01-09 22:00 - 01-10 01:30"}},
		{"once, until a time of day", `products: p, from: "2027-01-09 22:00", until: "02:00"`, "2027-01-01T00:00:00Z", []string{"01-10 03:00 - 01-10 07:00"}},
		{"weekly", `products: p, weekly: Sat 22:00, for: 2h`, "2027-01-01T00:00:00Z", []string{"01-03 03:00 - 01-03 05:00", "01-10 03:00 - 01-10 05:00"}},
		{"weekly, in another zone", `products: p, weekly: Sat 22:00, for: 2h, timezone: Asia/Kolkata`, "2027-01-01T00:00:00Z", []string{"01-02 16:30 - 01-02 18:30"}},
		{"some days", `products: p, weekly: ["Fri-Mon 03:00", "wed 12:00"], for: 30m, timezone: UTC`, "2027-01-04T00:00:00Z", // a Monday
			[]string{"01-04 03:00 - 01-04 03:30", "01-06 12:00 - 01-06 12:30", "01-08 03:00 - 01-08 03:30", "01-09 03:00 - 01-09 03:30", "01-10 03:00 - 01-10 03:30"}},
		{"daily", `products: p, weekly: daily 23:30, until: "00:15", timezone: UTC`, "2027-01-04T00:00:00Z", []string{"01-04 23:30 - 01-05 00:15", "01-05 23:30 - 01-06 00:15"}},
		{"cron", `products: p, cron: "30 2 1 * *", for: 90m, timezone: UTC`, "2027-01-02T00:00:00Z", []string{"02-01 02:30 - 02-01 04:00", "03-01 02:30 - 03-01 04:00"}},
		{"cron, by a name", `products: p, cron: "@weekly", for: 1h, timezone: UTC`, "2027-01-04T00:00:00Z", []string{"01-10 00:00 - 01-10 01:00"}},
		// In New York clocks go from 2:00 to 3:00 on 14 March 2027, at 07:00 UTC, and from 2:00 back to 1:00 on 7 November, at 06:00 UTC.
		{"forward over its beginning", `products: p, weekly: daily 02:30, for: 1h`, "2027-03-13T12:00:00Z", []string{"03-14 07:00 - 03-14 08:00", "03-15 06:30 - 03-15 07:30"}},
		{"forward before its end", `products: p, weekly: daily 01:00, until: "04:00"`, "2027-03-14T00:00:00Z", []string{"03-14 06:00 - 03-14 08:00", "03-15 05:00 - 03-15 08:00"}},
		{"back over its beginning: once", `products: p, weekly: daily 01:30, for: 15m`, "2027-11-07T00:00:00Z", []string{"11-07 05:30 - 11-07 05:45", "11-08 06:30 - 11-08 06:45"}},
		{"back before its end", `products: p, weekly: Sat 22:00, until: "04:00"`, "2027-11-06T12:00:00Z", []string{"11-07 02:00 - 11-07 09:00"}},
		{"a weekend, of days that follow at once", `products: p, weekly: ["Sat,Sun 00:00"], for: 24h, timezone: UTC`, "2027-01-04T00:00:00Z", []string{"01-09 00:00 - 01-10 00:00", "01-10 00:00 - 01-11 00:00"}},
		// In Berlin clocks go from 2:00 to 3:00 on 28 March 2027, at 01:00 UTC, and from 3:00 back to 2:00 on 31 October, at 01:00 UTC.
		{"forward over both", `products: p, weekly: Sun 02:15, until: "02:45", timezone: Europe/Berlin`, "2027-03-22T00:00:00Z", []string{"03-28 01:00 - 03-28 01:30", "04-04 00:15 - 04-04 00:45"}},
		{"forward to its end", `products: p, cron: "30 2 * * *", until: "03:00", timezone: Europe/Berlin`, "2027-03-27T12:00:00Z", []string{"03-28 01:00 - 03-28 01:30", "03-29 00:30 - 03-29 01:00"}},
		{"forward over its beginning, until later", `products: p, cron: "30 2 * * *", until: "04:00", timezone: Europe/Berlin`, "2027-03-27T12:00:00Z", []string{"03-28 01:00 - 03-28 02:00", "03-29 00:30 - 03-29 02:00"}},
		{"once, forward over both", `products: p, from: "2027-03-28 02:15", until: "02:45", timezone: Europe/Berlin`, "2027-03-01T00:00:00Z", []string{"03-28 01:00 - 03-28 01:30"}},
		{"once, forward over it", `products: p, from: "2027-03-28 02:30", for: 1h, timezone: Europe/Berlin`, "2027-03-01T00:00:00Z", []string{"03-28 01:00 - 03-28 02:00"}},
		{"once, at what comes twice", `products: p, from: "2027-10-31 02:30", until: "02:45", timezone: Europe/Berlin`, "2027-10-01T00:00:00Z", []string{"10-31 00:30 - 10-31 00:45"}},
		{"once, the second time", `products: p, from: "2027-10-31T02:30:00+01:00", until: "02:45", timezone: Europe/Berlin`, "2027-10-01T00:00:00Z", []string{"10-31 01:30 - 10-31 01:45"}},
		{"weekly, at what comes twice", `products: p, weekly: Sun 02:30, until: "03:00", timezone: Europe/Berlin`, "2027-10-25T00:00:00Z", []string{"10-31 00:30 - 10-31 02:00", "11-07 01:30 - 11-07 02:00"}},
		// At Lord Howe they go from 2:00 to 2:30 on 3 October 2027, at 15:30 UTC the day before, and from 2:00 back to 1:30 on 4 April, at 15:00 UTC the day before.
		{"half an hour forward over both", `products: p, weekly: Sun 02:05, until: "02:25", timezone: Australia/Lord_Howe`, "2027-09-27T00:00:00Z", []string{"10-02 15:30 - 10-02 15:50", "10-09 15:05 - 10-09 15:25"}},
		{"half an hour back", `products: p, weekly: Sun 01:45, until: "01:55", timezone: Australia/Lord_Howe`, "2027-03-29T00:00:00Z", []string{"04-03 14:45 - 04-03 14:55", "04-10 15:15 - 04-10 15:25"}},
		// Samoa had no 30 December 2011.
		{"a day that is none", `products: p, weekly: daily 12:00, for: 1h, timezone: Pacific/Apia`, "2011-12-29T00:00:00Z", []string{"12-29 22:00 - 12-29 23:00", "12-30 10:00 - 12-30 11:00", "12-30 22:00 - 12-30 23:00"}},
	} {
		cfg := planOf(t, tt.plan)
		after, err := time.Parse(time.RFC3339, tt.after)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range tt.want {
			next := cfg.Coming(after)
			if len(next) != 1 {
				break
			}
			m := next[0]
			got = append(got, m.From.UTC().Format("01-02 15:04")+" - "+m.Until.UTC().Format("01-02 15:04"))
			for at, on := range map[time.Time]bool{m.From.Add(-time.Second): false, m.From: true, m.Until.Add(-time.Second): true, m.Until: false} {
				if p := cfg.Planned(at); (len(p) == 1 && p[0] == m) != on {
					t.Errorf("%s: at %s there is %v, want %v: %v", tt.name, at.UTC(), p, m, on)
				}
			}
			after = m.From
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// TestAClockThatIsChanged is warned of where a maintenance is planned by a date.
func TestAClockThatIsChanged(t *testing.T) {
	for plan, want := range map[string]string{
		`from: "2097-03-31 02:30", timezone: Europe/Berlin`:                "from: is a time that does not come: clocks are put forward over it; it begins then, at 03:00",
		`from: "2097-10-27 02:30", timezone: Europe/Berlin`:                `from: is a time that comes twice, as clocks are put back: it begins the first time; write "2097-10-27T02:30:00+02:00", or for the second "2097-10-27T02:30:00+01:00"`,
		`from: "2097-10-27T02:30:00+01:00", timezone: Europe/Berlin`:       "",
		`from: "2097-10-27 03:00", timezone: Europe/Berlin`:                "",
		`from: "2097-10-06 02:10", timezone: Australia/Lord_Howe`:          "from: is a time that does not come: clocks are put forward over it; it begins then, at 02:30",
		`from: "2097-04-07 01:45", timezone: Australia/Lord_Howe`:          `from: is a time that comes twice, as clocks are put back: it begins the first time; write "2097-04-07T01:45:00+11:00", or for the second "2097-04-07T01:45:00+10:30"`,
		`from: "2097-11-03T01:30:00-07:00", timezone: America/Los_Angeles`: "",
	} {
		got := ""
		for _, w := range planOf(t, "products: p, for: 1h, "+plan).Warnings {
			if said := fmt.Sprint(w); strings.Contains(said, "].from: ") {
				got += said
			}
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: got %q", plan, got)
		}
	}
}

func TestPlannedOfWhat(t *testing.T) {
	at := time.Date(2027, 1, 10, 4, 0, 0, 0, time.UTC)
	cfg := planOf(t, `products: "*", checks: c, by: Team X, from: "2027-01-09 22:00", for: 2h`)
	var got []string
	for _, m := range cfg.Planned(at) {
		got = append(got, m.Product+"/"+m.Check+" "+m.By+": "+m.Why)
	}
	if want := "[p/ Team X: patches q/ Team X: patches p/c Team X: patches]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	over := planOf(t, `products: p, from: "2020-01-09 22:00", for: 2h`)
	if !strings.Contains(fmt.Sprint(over.Warnings), "maintenance[0].from: is over") {
		t.Errorf("got %v", over.Warnings)
	}
	if next := over.Coming(at); len(next) != 0 {
		t.Errorf("what is over comes again: %v", next)
	}
}

func TestPlansThatAreRefused(t *testing.T) {
	for plan, want := range map[string]string{
		`from: "2027-01-09 22:00", for: 2h`:                                "products: are missing",
		`products: x, from: "2027-01-09 22:00", for: 2h`:                   `no product "x" is declared`,
		`checks: d, from: "2027-01-09 22:00", for: 2h`:                     `no check "d" is declared`,
		`products: p, for: 2h`:                                             "from: must be given, or weekly, or cron",
		`products: p, weekly: Sat 22:00, cron: "0 22 * * 6", for: 2h`:      "from: must be given, or weekly, or cron",
		`products: p, weekly: Sat 22:00`:                                   "for: must be given, or until",
		`products: p, weekly: Sat 22:00, for: 2h, until: "23:00"`:          "for: must be given, or until",
		`products: p, weekly: Sat 22:00, for: 169h`:                        "for: 169h is not between 1m and 168h",
		`products: p, weekly: Caturday 22:00, for: 2h`:                     `"Caturday 22:00" is not days and a time`,
		`products: p, weekly: Sat 25:00, for: 2h`:                          "is not days and a time",
		`products: p, weekly: Sat 22:00, until: 26:00`:                     "is not a time of day",
		`products: p, cron: "0 22 * *", for: 2h`:                           "is not five fields",
		`products: p, cron: "@every 1h", for: 10m`:                         "is not five fields",
		`products: p, cron: "TZ=Asia/Tokyo 0 22 * * *", for: 2h`:           "is not five fields",
		`products: p, cron: "0 0 30 2 *", for: 2h`:                         "never comes",
		`products: p, cron: "0 * * * *", for: 9h`:                          "begins again before it ends",
		`products: p, cron: "* * * * *", for: 2h`:                          "begins again before it ends",
		`products: p, cron: "0 * * * *", for: 61m`:                         "begins again before it ends",
		`products: p, cron: "0 * * * *", for: 1h`:                          "never ends: it begins again as it ends",
		`products: p, weekly: "daily 22:00", until: "22:00"`:               "never ends: it begins again as it ends",
		`products: p, from: tomorrow, for: 2h`:                             "is not a date with a time",
		`products: p, from: "2027-01-09 22:00", until: "2027-01-09 21:00"`: "until: is not between 1 minute and 7 days after from",
		`products: p, from: "2027-01-09 22:00", for: 2h, timezone: Mars`:   `"Mars" is not a time zone`,
		`products: p, from: "2027-01-09 22:00", for: 2h, timezone: Local`:  `"Local" is not a time zone`,
		`products: p, from: "2027-01-09 22:00", for: 2h, tz: UTC`:          "unknown key",
	} {
		_, err := Load(write(t, "products: [{id: p}]\nchecks: [{id: c, product: p, kind: tcp, tcp: {address: \"a.example:1\"}}]\nmaintenance: [{why: patches, "+plan+"}]\n"), environment(nil))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: got %v, want %s alone", plan, err, want)
		}
	}
	_, err := Load(write(t, "products: [{id: p}]\nmaintenance: [{products: p, weekly: Sat 22:00, for: 2h}]\n"), environment(nil))
	if err == nil || !strings.Contains(err.Error(), "why: is missing: everybody sees it") {
		t.Errorf("got %v", err)
	}
}
