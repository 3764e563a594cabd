package text

import (
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/bidi"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"Billing":                "Billing",
		"a & b <c>":              "a &amp; b &lt;c&gt;",
		"<!channel>":             "&lt;!channel&gt;",
		"ask @here or @Channel":  "ask ＠here or ＠Channel",
		"team@example.com":       "team@example.com",
		"*b* ~s~ `c`":            "∗b∗ ∼s∼ 'c'",
		"user_service":           "user_service",
		"_x_ a_b_":               "＿x＿ a_b＿",
		":fire: 10:30:15":        ":\u2060fire: 10:30:15",
		"a\u200bb\u202ec\x00\nd": "abc d",
		"@ch\u200bannel":         "＠channel",
		"\xffx":                  "\uFFFDx",
		" \t ":                   "",
	} {
		if got := Escape(in, math.MaxInt); got != want {
			t.Errorf("escape(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestNamesFromRightToLeft: figures beside a name in Arabic or Hebrew letters stand where
// they were written, and so do two such names.
func TestNamesFromRightToLeft(t *testing.T) {
	pay, mail := "پرداخت و صورتحساب", "דואר"
	line := Name(pay) + " 13 % (14/110), " + Name(mail) + " 9 % (8/90); 2 more"
	p := bidi.Paragraph{}
	if _, err := p.SetString(line, bidi.DefaultDirection(bidi.LeftToRight)); err != nil {
		t.Fatal(err)
	}
	order, err := p.Order()
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for i := range order.NumRuns() {
		if run := order.Run(i); run.Direction() == bidi.LeftToRight {
			shown = append(shown, strings.Trim(run.String(), " ,\u200e"))
		}
	}
	if got, want := strings.Join(shown, "|"), "|13 % (14/110)|9 % (8/90); 2 more"; got != want {
		t.Errorf("from left to right stand %q, want %q", got, want)
	}
	for limit := 2; limit < 12; limit++ {
		if got := Escape(pay, limit); Units(got) > limit {
			t.Errorf("limit %d: %q has %d units", limit, got, Units(got))
		}
	}
	if got := Name("Müller 商店 Почта"); strings.Contains(got, leftToRight) {
		t.Errorf("%q has a mark that it does not need", got)
	}
}

func TestEscapeCutsBetweenEntities(t *testing.T) {
	for limit := 2; limit < 20; limit++ {
		got := Escape("&&<<>>a\U0001F525b", limit)
		if Units(got) > limit {
			t.Errorf("limit %d: %q has %d units", limit, got, Units(got))
		}
		whole := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(got)
		if strings.ContainsAny(whole, "&;") {
			t.Errorf("limit %d: %q ends inside an entity", limit, got)
		}
	}
	if got, want := Escape("abcdef", 6), "abcdef"; got != want {
		t.Errorf("got %q, want %q: what fits is not cut", got, want)
	}
}

func TestCutMrkdwn(t *testing.T) {
	for in, want := range map[string]string{
		"short":                         "short",
		"0123456 <!date^1^{time}|x> ok": "0123456 …",
		"0123456 &amp; and more text":   "0123456 …",
		"<@U1> and then more text":      "<@U1> and…",
	} {
		if got := Cut(in, 10); got != want {
			t.Errorf("cutMrkdwn(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCodeAndPre(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Code("a`b<c>", 40), "`a'b&lt;c&gt;`"},
		{Code(" ", 40), "`(empty)`"},
		{Code("abcdef", 4), "`abc…`"},
		{Pre("one\n\n  two```\n", 100), "```\none\ntwo'''\n```"},
		{Pre("\n \n", 100), ""},
		{Pre("1\n2\n3\n4\n5\n6\n7\n8\n9\n", 100), "```\n1\n2\n3\n4\n5\n6\n7\n8 …\n```"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1586), "1,586"}, {Count(1234567), "1,234,567"}, {Count(-1234), "-1,234"},
		{Plural(0, "product"), "0 products"}, {Plural(1, "product"), "1 product"}, {Plural(2210, "check"), "2,210 checks"},
		{Percent(104.0/1586, 1586), "6.6 %"},
		{Percent(62.0/520, 520), "12 %"},      // from 10 % on a decimal needs 1,000 tries
		{Percent(150.0/1000, 1000), "15.0 %"}, // which these are
		{Percent(3.0/60, 60), "5 %"},          // one result is more than a point
		{Percent(99.4/1000, 500), "9.9 %"},
		{Percent(0.0996, 500), "10 %"}, // not "10.0 %"
		{Percent(0, 500), "0 %"}, {Percent(1, 500), "100 %"},
		{Percent(1.0/5000, 5000), "under 0.1 %"},
		{Percent(4999.0/5000, 5000), "over 99.9 %"},
		{Percent(499.0/500, 500), "over 99 %"},
		{Interval(104, 1586), "5.4-7.9 %"},
		{Interval(0, 60), "0-6 %"},
		{Span(0), "0 s"}, {Span(-time.Second), "0 s"}, {Span(59 * time.Second), "59 s"}, {Span(5 * time.Minute), "5 min"},
		{Span(14*time.Hour + 33*time.Minute), "14 h 33 min"}, {Span(time.Hour), "1 h"}, {Span(59*time.Minute + 50*time.Second), "1 h"},
		{Span(51 * time.Hour), "2 d 3 h"}, {Span(48 * time.Hour), "2 d"},
		{Latency(0), "0 ms"}, {Latency(400 * time.Microsecond), "0.4 ms"}, {Latency(834 * time.Millisecond), "830 ms"}, {Latency(999 * time.Millisecond), "1 s"},
		{Latency(2134 * time.Millisecond), "2.1 s"}, {Latency(12340 * time.Millisecond), "12 s"}, {Latency(5 * time.Millisecond), "5 ms"},
		{Cardinal(3), "three"}, {Cardinal(60), "60"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 18, 5, 10, 0, 0, time.UTC) // ten past midnight in New York
	c := Clock{Now: now, TZ: ny}
	for _, x := range []struct {
		t    time.Time
		want string
	}{
		{now.Add(-5 * time.Minute), "<!date^1794978300^{time}|05:05 UTC>"},
		{now.Add(-20 * time.Minute), "<!date^1794977400^{date_short_pretty} {time}|Wed 04:50 UTC>"},
		{now.Add(-10 * 24 * time.Hour), "<!date^1794114600^{date_short_pretty} {time}|8 Nov 05:10 UTC>"},
		{now.Add(-400 * 24 * time.Hour), "<!date^1760418600^{date_short_pretty} {time}|14 Oct 2025 05:10 UTC>"},
	} {
		if got := c.When(x.t); got != x.want {
			t.Errorf("at(%v) = %q, want %q", x.t, got, x.want)
		}
	}
	if got, want := (Clock{Now: now}).When(now.Add(-20*time.Minute)), "<!date^1794977400^{time}|04:50 UTC>"; got != want {
		t.Errorf("without a zone, %q, want %q: the day is UTC's", got, want)
	}
}

// TestNumbersAreNotCut: a number of which the end is left out is another number.
func TestNumbersAreNotCut(t *testing.T) {
	for _, c := range []struct {
		s, want string
		n       int
	}{
		{"2 of 1,163 tries", "2 of …", 9}, {"2 of 1,163 tries", "2 of …", 8}, {"2 of 1,163 tries", "2 of …", 7}, {"2 of 1,163 tries", "2 of 1,163…", 11}, {"at 17:24:15 it", "at …", 8}, {"a 8.3 %", "a …", 4},
		{"1234567890", "12345…", 6}, {"port 8080, and", "port 8080,…", 11},
	} {
		if got := Cut(c.s, c.n); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.s, c.n, got, c.want)
		}
	}
	if got := Escape("2 of 1,163 tries", 9); got != "2 of…" {
		t.Errorf("Escape: %q", got)
	}
}

// TestDifference: where the counts alone would show an effect and none is told, it is said why.
func TestDifference(t *testing.T) {
	of := func(verdict impact.EffectVerdict, bad, tries, badAfter, triesAfter int, margin float64) incident.Verdict {
		return incident.Verdict{Verdict: string(verdict), Margin: margin, Before: incident.Counts{Failures: bad, Tries: tries}, After: incident.Counts{Failures: badAfter, Tries: triesAfter}}
	}
	for want, v := range map[string]incident.Verdict{
		"difference -0.3 ± 1.6 points":                                 of(impact.NoEffect, 104, 1508, 98, 1480, 0.016),
		"difference -7 ± 16 points, as much as it changes by itself":   of(impact.NoEffect, 340, 4330, 14, 2088, 0.16),
		"difference 2.9 ± 5.9 points, as much as it changes by itself": of(impact.NoEffect, 548, 12963, 1482, 20880, 0.059),
		"difference -8.7 ± 7.0 points":                                 of(impact.Helped, 526, 4785, 31, 1369, 0.07),
	} {
		if got := Difference(v); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
