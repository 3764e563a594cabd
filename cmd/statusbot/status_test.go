package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/publish"
)

// looksBeside asks a statusbot that runs with two products and one open incident with
// a note. How the products are is not looked for: on a busy machine they may be slow.
func looksBeside(t *testing.T, data string) {
	t.Helper()
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"status"}, []string{"Orders fail", "Shop: "}},
		{[]string{"status", "SHOP"}, []string{"Shop ", " every ", "company.yaml"}},
		{[]string{"incidents"}, []string{"1 incident is open.", "Incident 1", "Orders fail"}},
		{[]string{"timeline", "1"}, []string{"Orders fail", "Timeline", "looked at the shelves"}},
		{[]string{"timeline", "#1"}, []string{"looked at the shelves"}},
		{[]string{"timeline"}, []string{"Orders fail", "looked at the shelves"}},
	} {
		out, _ := commandOf(t, exitOK, append(tt.args, "--data-dir", data)...)
		for _, want := range tt.want {
			if !strings.Contains(strings.ReplaceAll(out, "\u00a0", " "), want) {
				t.Errorf("%q does not say %q:\n%s", tt.args, want, out)
			}
		}
		for line := range strings.Lines(out) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > mostColumns {
				t.Errorf("%q has a line of %d columns: %s", tt.args, n, line)
			}
		}
	}
	var look house.Look
	out, _ := commandOf(t, exitOK, "status", "--json", "--data-dir", data)
	if err := json.Unmarshal([]byte(out), &look); err != nil || len(look.Products) != 2 || len(look.Incidents) != 1 {
		t.Errorf("as JSON it says %q (%v)", out, err)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"status", "shpo"}, `there is no product "shpo"; did you mean shop?`},
		{[]string{"timeline", "7"}, `there is no incident "7"`},
		{[]string{"status", ".."}, `there is no product ".."`},
		{[]string{"timeline", ".."}, `there is no incident ".."`},
		{[]string{"timeline", ""}, `there is no incident " "`},
	} {
		if _, says := commandOf(t, exitFailed, append(tt.args, "--data-dir", data)...); !strings.Contains(says, tt.want) {
			t.Errorf("%q says %q, want %q", tt.args, says, tt.want)
		}
	}
}

// marksBeside types what docs/marks.md shows for the terminal beside such a statusbot.
func marksBeside(t *testing.T, data string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "marks.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		line string
		args []string
		want string
	}{
		{"statusbot mark restarted lb-3", []string{"mark", "restarted", "lb-3"}, "“restarted lb-3”. It stands in inc-1"},
		{`statusbot mark --product shop --at 10m "rolled back to 4.2"`, []string{"mark", "--product", "shop", "--at", "10m", "rolled back to 4.2"}, "“rolled back to 4.2”"},
		{"statusbot mark --undo", []string{"mark", "--undo"}, "Taken back: “rolled back to 4.2”."},
	} {
		if !strings.Contains(string(page), "\n"+tt.line+"\n") {
			t.Errorf("docs/marks.md does not show %s", tt.line)
		}
		if out, _ := commandOf(t, exitOK, append(tt.args, "--data-dir", data)...); !strings.Contains(out, tt.want) {
			t.Errorf("%s says %q, want %q", tt.line, out, tt.want)
		}
	}
	var done house.NowMarked
	out, _ := commandOf(t, exitOK, "mark", "--undo", "--json", "--data-dir", data)
	if err := json.Unmarshal([]byte(out), &done); err != nil || done.Text != "restarted lb-3" || !strings.Contains(done.By, "@") {
		t.Errorf("as JSON it says %q (%v)", out, err)
	}
	if _, says := commandOf(t, exitFailed, "mark", "--undo", "--data-dir", data); !strings.Contains(says, "Nothing that") {
		t.Errorf("with nothing left it says %q", says)
	}
}

func TestStatusWhereNobodyRuns(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"status"}, {"status", "shop"}, {"incidents"}, {"timeline", "1"}, {"mark", "x"}} {
		if _, says := commandOf(t, exitFailed, append(args, "--data-dir", t.TempDir())...); !strings.Contains(says, "no statusbot that runs answers at") {
			t.Errorf("%q says %q", args, says)
		}
	}
	for _, args := range [][]string{{"status", "a", "b"}, {"status", "shop", "--cluster"}, {"status", "--watch", "--agents"}, {"timeline", "1", "2"}, {"incidents", "1"}, {"mark"}, {"mark", "--undo", "x"}} {
		commandOf(t, exitUsage, args...)
	}
}

// What is worst stands first, no line is longer than 80 columns, and a figure is
// not parted from its unit.
func TestLookText(t *testing.T) {
	t.Parallel()
	got := lookText(house.Look{
		Sentence:  "2 of 3 products are hurt: 5.1\u00a0% of tries failed in 10 min.",
		Lines:     []string{"since 19:01 (22\u00a0min)"},
		Incidents: []house.IncidentLook{{Sentence: "#3 Orders fail, open since 19:02.", Lines: []string{"Update #4, 1 min ago."}}},
		Products: []house.ProductLook{
			{Name: "Billing", Level: "degraded", Share: "3.9\u00a0%", Interval: "3.0-5.1\u00a0%", Counts: "53 of 1,349 failed in 10\u00a0min", Since: "since 19:01 (22\u00a0min)", Note: "Checkout answers HTTP 503"},
			{Name: "Maps", Level: "as usual"},
		},
	}, time.UTC, mostColumns)
	const want = "2 of 3 products are hurt: 5.1\u00a0% of tries failed in 10 min.\nsince 19:01 (22\u00a0min)\n\n" +
		"#3 Orders fail, open since 19:02.\n  Update #4, 1 min ago.\n\n" +
		"Billing: degraded, 3.9\u00a0% (3.0-5.1\u00a0%), 53 of 1,349 failed in 10\u00a0min\n  Since 19:01 (22\u00a0min). Checkout answers HTTP 503.\nMaps: as usual\n"
	if diff := cmp.Diff(text.Breaking(want), text.Breaking(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n := range mostColumns { // as a page tells it, with a space that breaks
		l := lookText(house.Look{Products: []house.ProductLook{{Name: strings.Repeat("x", n+1), Level: "down", Share: "100 %", Interval: "86-100 %", Note: "after 0.2 ms"}}}, time.UTC, mostColumns)
		if strings.Contains(l, "00\n") || strings.Contains(l, "0.2\n") {
			t.Errorf("a figure is parted from its unit:\n%s", l)
		}
	}
	for line := range strings.Lines(lookText(house.Look{Sentence: strings.Repeat("商店 服务 ", 40)}, time.UTC, mostColumns)) {
		if n := utf8.RuneCountInString(strings.ReplaceAll(line, " ", "")); 2*n > mostColumns {
			t.Errorf("%d wide letters in a line of %d columns: %q", n, mostColumns, line)
		}
	}
	long := lookText(house.Look{Sentence: strings.Repeat("five ", 40)}, time.UTC, mostColumns)
	for line := range strings.Lines(long) {
		if n := utf8.RuneCountInString(line); n > mostColumns+1 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// Times are those of the company's zone, and who reads them elsewhere is told so.
func TestALookSaysWhoseTimesItHas(t *testing.T) {
	t.Parallel()
	look := house.Look{At: time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC), Zone: "Europe/Berlin", Sentence: "It is 13:00."}
	for _, tt := range []struct {
		here *time.Location
		want string
	}{
		{time.UTC, "It is 13:00.\n\nTimes are those of Europe/Berlin.\n"},
		{time.FixedZone("elsewhere", 3600), "It is 13:00.\n"},
	} {
		if got := lookText(look, tt.here, mostColumns); got != tt.want {
			t.Errorf("in %s it says %q, want %q", tt.here, got, tt.want)
		}
	}
}

// Who watches sees each change once, and ends it without a failure.
func TestAWatchPrintsWhatChanges(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said := []string{"one", "one", "two"}
	var out strings.Builder
	no := false
	asked := 0
	err := beside{asJSON: &no}.watch(ctx, world{out: &out}, time.NewTicker(time.Millisecond), func(context.Context) (house.Look, error) {
		if asked == len(said) {
			cancel()
			return house.Look{}, publish.ErrNotFound
		}
		asked++
		return house.Look{Sentence: said[asked-1]}, nil
	})
	if want := "one\n\ntwo\n"; err != nil || out.String() != want {
		t.Errorf("got %q and %v, want %q", out.String(), err, want)
	}
}
