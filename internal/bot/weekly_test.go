package bot

import (
	"strings"
	"testing"
)

func TestReadAWeeklyMute(t *testing.T) {
	for in, want := range map[string]string{
		"billing every Sat 22:00 for 2h patches":               "billing|sat 22:00|2h0m0s||patches",
		"billing Sat 22:00 for 2h every week patches":          "billing|sat 22:00|2h0m0s||patches",
		"billing every week Sat 22:00 for 2h patches":          "billing|sat 22:00|2h0m0s||patches",
		"billing every Saturday at 10pm for 90 min patches":    "billing|sat 22:00|1h30m0s||patches",
		"billing Saturdays 22:00-24:00 patches":                "billing|sat 22:00|0s|00:00|patches",
		"billing on Saturdays from 22:00 to 06:00 patches":     "billing|sat 22:00|0s|06:00|patches",
		"billing pay each Mon and Thu 03:00 for 30m logs":      "billing pay|mon,thu 03:00|30m0s||logs",
		"billing every Mon, Wed and Fri 03:00 for 30m logs":    "billing|mon,wed,fri 03:00|30m0s||logs",
		"billing every Mon-Fri 03:00 for 30m logs":             "billing|mon-fri 03:00|30m0s||logs",
		"billing Mon-Fri 03:00-03:30 logs":                     "billing|mon-fri 03:00|0s|03:30|logs",
		"billing mon to fri 3am-3:30am logs":                   "billing|mon-fri 03:00|0s|03:30|logs",
		"billing every Mon through Thu 03:00 for 30m logs":     "billing|mon-thu 03:00|30m0s||logs",
		"billing Mon-Fri and Sun 03:00 for 30m logs":           "billing|mon-fri,sun 03:00|30m0s||logs",
		"billing Mon-Funday 03:00 for 30m logs":                "no",
		"billing weekdays 3:00 for 30m logs":                   "billing|mon-fri 03:00|30m0s||logs",
		"billing every day at 3am for 30m logs":                "billing|daily 03:00|30m0s||logs",
		"billing every night 03:00 until 04:30 logs":           "billing|daily 03:00|0s|04:30|logs",
		"billing daily 03:00 for 30m logs":                     "billing|daily 03:00|30m0s||logs",
		"billing from 22:00 for 2h daily":                      "billing|daily 22:00|2h0m0s||",
		"billing weekly from Sat 22:00 for 2h patches":         "billing|sat 22:00|2h0m0s||patches",
		"billing every Tues 22:00 utc for 2h patches":          "billing|tue 22:00 UTC|2h0m0s||patches",
		"acme daily reports every sat 22:00 for 2h daily work": "acme daily reports|sat 22:00|2h0m0s||daily work",
		"billing every Sat 22:00 cet for 2h patches":           "no",
		"billing every second Sat 22:00 for 2h patches":        "no",
		"billing every 2 weeks Sat 22:00 for 2h patches":       "no",
		"billing every month 22:00 for 2h patches":             "no",
		"billing monthly 22:00 for 2h patches":                 "no",
		"billing every week 22:00 for 2h patches":              "no",
		"billing every week for 2h patches":                    "no",
		"billing every Sat 22:00 until 22:00 patches":          "no",
		"billing every Sat 25:00 for 2h patches":               "no",
	} {
		said, ok := readEach(apart(strings.Fields(in)))
		got := "no"
		if ok {
			got = strings.Join([]string{said.target, strings.TrimSpace(said.weekly + " " + said.zone), said.span.String(), said.ends, said.why}, "|")
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestApart(t *testing.T) {
	for in, want := range map[string]string{
		"billing Sat 22:00-24:00 x": "billing Sat 22:00 - 24:00 x",
		"billing 10-11pm x":         "billing 10pm - 11pm x",
		"billing 9am–10am x":        "billing 9am - 10am x",
		"billing for 2h 2-3 nodes":  "billing for 2h 2-3 nodes",
		"billing for 2h lb-3":       "billing for 2h lb-3",
		"billing 22:00-25:00 x":     "billing 22:00-25:00 x",
	} {
		if got := strings.Join(apart(strings.Fields(in)), " "); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
