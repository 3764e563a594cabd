package probe

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

func TestOneLine(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"plain text", "plain text"},
		{"  two\n\tlines \x00 here ", "two lines here"},
		{"bad \xff byte", "bad \uFFFD byte"},
		{strings.Repeat("ä", 200), strings.Repeat("ä", 200)},
		{strings.Repeat("ä", 201), strings.Repeat("ä", 199) + "…"},
		{strings.Repeat("a", 300), strings.Repeat("a", 199) + "…"},
	} {
		if got := OneLine(tt.in); got != tt.want {
			t.Errorf("oneLine(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestClipOutput(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"a\n\tb\r\n", "a\n\tb\n"},
		{"\x1b[31mred\x00\xff", "red\uFFFD"},
		{strings.Repeat("a", 1023) + "ä", strings.Repeat("a", 1023)},
		{strings.Repeat("\xff", 3000), strings.Repeat("\uFFFD", 341)},
	} {
		if got := ClipOutput(tt.in); got != tt.want || len(got) > OutputMax {
			t.Errorf("clipOutput(%.20q...) = %d bytes %.20q..., want %d", tt.in, len(got), got, len(tt.want))
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		3 * time.Second: "3 s", 1234 * time.Millisecond: "1.23 s", 250 * time.Millisecond: "250 ms",
		1500 * time.Microsecond: "1.5 ms", 20 * time.Microsecond: "20 µs", 2 * time.Minute: "120 s",
	} {
		if got := Span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestParsePerf(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []checks.Perf
	}{
		{"", nil},
		{"time=0.012s;1.0;2.0;0.0;10.0 size=460B;;;0", []checks.Perf{{Label: "time", Value: 0.012, Unit: "s"}, {Label: "size", Value: 460, Unit: "B"}}},
		{"'free space'=12% 'it''s'=3c", []checks.Perf{{Label: "free space", Value: 12, Unit: "%"}, {Label: "it's", Value: 3, Unit: "c"}}},
		{"'a=b'=1 'x'=-2.5e+03ms", []checks.Perf{{Label: "a=b", Value: 1, Unit: ""}, {Label: "x", Value: -2500, Unit: "ms"}}},
		{"a=U b=1 c= d=x5 =7 e junk f=2", []checks.Perf{{Label: "b", Value: 1, Unit: ""}, {Label: "f", Value: 2, Unit: ""}}},
		{"'open=1 b=2", nil},
		{"'closed' b=2", []checks.Perf{{Label: "b", Value: 2, Unit: ""}}},
		{"a=1e400 b=NaN c=Inf d=1E d2=0x10 e=3ex", []checks.Perf{{Label: "d", Value: 1, Unit: "E"}, {Label: "e", Value: 3, Unit: "ex"}}},
		{strings.Repeat("a=1 ", 100), slicesOf(checks.Perf{Label: "a", Value: 1, Unit: ""}, PerfMax)},
	} {
		if diff := cmp.Diff(tt.want, ParsePerf(tt.in)); diff != "" {
			t.Errorf("parsePerf(%.40q): %s", tt.in, diff)
		}
	}
}

func slicesOf(p checks.Perf, n int) []checks.Perf {
	list := make([]checks.Perf, n)
	for i := range list {
		list[i] = p
	}
	return list
}

func FuzzParsePerf(f *testing.F) {
	f.Add("'free space'=12%;80;90;0;100 time=0.012s 'it''s'=1e3c a=U")
	f.Fuzz(func(t *testing.T, s string) {
		perf := ParsePerf(s)
		if len(perf) > PerfMax {
			t.Fatalf("%d values", len(perf))
		}
		// What was read is fit to be stored.
		if _, err := checks.EncodeResults([]checks.Result{{Check: "a", Outcome: checks.Pass, Evidence: &checks.Evidence{Perf: perf}}}); err != nil {
			t.Fatal(err)
		}
		for _, p := range perf {
			if p.Label == "" || !utf8.ValidString(p.Label+p.Unit) {
				t.Fatalf("%+v", p)
			}
		}
	})
}
