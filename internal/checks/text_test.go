package checks

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
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
		if got := oneLine(tt.in); got != tt.want {
			t.Errorf("oneLine(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestClipOutput(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"a\n\tb\r\n", "a\n\tb\n"},
		{"\x1b[31mred\x00\xff", "[31mred\uFFFD"},
		{strings.Repeat("a", 1023) + "ä", strings.Repeat("a", 1023)},
		{strings.Repeat("\xff", 3000), strings.Repeat("\uFFFD", 341)},
	} {
		if got := clipOutput(tt.in); got != tt.want || len(got) > outputMax {
			t.Errorf("clipOutput(%.20q...) = %d bytes %.20q..., want %d", tt.in, len(got), got, len(tt.want))
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		3 * time.Second: "3 s", 1234 * time.Millisecond: "1.23 s", 250 * time.Millisecond: "250 ms",
		1500 * time.Microsecond: "1.5 ms", 20 * time.Microsecond: "20 µs", 2 * time.Minute: "120 s",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestParsePerf(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []Perf
	}{
		{"", nil},
		{"time=0.012s;1.0;2.0;0.0;10.0 size=460B;;;0", []Perf{{"time", 0.012, "s"}, {"size", 460, "B"}}},
		{"'free space'=12% 'it''s'=3c", []Perf{{"free space", 12, "%"}, {"it's", 3, "c"}}},
		{"'a=b'=1 'x'=-2.5e+03ms", []Perf{{"a=b", 1, ""}, {"x", -2500, "ms"}}},
		{"a=U b=1 c= d=x5 =7 e junk f=2", []Perf{{"b", 1, ""}, {"f", 2, ""}}},
		{"'open=1 b=2", nil},
		{"'closed' b=2", []Perf{{"b", 2, ""}}},
		{"a=1e400 b=NaN c=Inf d=1E d2=0x10 e=3ex", []Perf{{"d", 1, "E"}, {"d2", 0, "x10"}, {"e", 3, "ex"}}},
		{strings.Repeat("a=1 ", 100), slicesOf(Perf{"a", 1, ""}, perfMax)},
	} {
		if diff := cmp.Diff(tt.want, parsePerf(tt.in)); diff != "" {
			t.Errorf("parsePerf(%.40q): %s", tt.in, diff)
		}
	}
}

func slicesOf(p Perf, n int) []Perf {
	list := make([]Perf, n)
	for i := range list {
		list[i] = p
	}
	return list
}

func TestSplitNagios(t *testing.T) {
	for _, tt := range []struct {
		in, summary string
		perf        []Perf
	}{
		{"DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n/ 15272 MB (77%);\n/boot 68 MB (69%);\n/home 69357 MB (27%); | /boot=68MB;88;93;0;98\n/home=69357MB;253404;253409;0;253414 \n",
			"DISK OK - free space: / 3326 MB (56%);", []Perf{{"/", 2643, "MB"}, {"/boot", 68, "MB"}, {"/home", 69357, "MB"}}},
		{"\n  OK\r\nmore text a=1\n", "OK", nil},
		{"|a=1", "", []Perf{{"a", 1, ""}}},
		{"", "", nil},
	} {
		summary, perf := splitNagios(tt.in)
		if summary != tt.summary || !cmp.Equal(perf, tt.perf) {
			t.Errorf("splitNagios(%q) = %q %v", tt.in, summary, perf)
		}
	}
}

func FuzzParsePerf(f *testing.F) {
	f.Add("'free space'=12%;80;90;0;100 time=0.012s 'it''s'=1e3c a=U")
	f.Fuzz(func(t *testing.T, s string) {
		perf := parsePerf(s)
		if len(perf) > perfMax {
			t.Fatalf("%d values", len(perf))
		}
		// What was read is fit to be stored.
		if _, err := EncodeResults([]Result{{Check: "a", Outcome: Pass, Evidence: &Evidence{Perf: perf}}}); err != nil {
			t.Fatal(err)
		}
		for _, p := range perf {
			if p.Label == "" || !utf8.ValidString(p.Label+p.Unit) {
				t.Fatalf("%+v", p)
			}
		}
	})
}

// wantSound checks what holds for every reading of a script's output.
func wantSound(t *testing.T, f finished, r Result) {
	t.Helper()
	if r.Outcome == Pass && (f.code != 0 || r.Reason != ReasonNone) {
		t.Fatalf("a pass of %+v: %+v", f, r)
	}
	if r.Outcome != Pass && r.Reason == ReasonNone {
		t.Fatalf("no reason: %+v", r)
	}
	r.Check = "a"
	if _, err := EncodeResults([]Result{r}); err != nil {
		t.Fatal(err)
	}
	if line := oneLine(r.Summary); utf8.RuneCountInString(line) > summaryMax || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
		t.Fatalf("summary %q", line)
	}
	if out := clipOutput(f.stdout); len(out) > outputMax || !utf8.ValidString(out) {
		t.Fatalf("output %q", out)
	}
}

func FuzzReadNagios(f *testing.F) {
	f.Add(0, "OK - fine | a=1\nmore | 'b c'=2%", "")
	f.Add(2, "", "boom")
	f.Add(127, "", "sh: not found")
	f.Fuzz(func(t *testing.T, code int, stdout, stderr string) {
		out := finished{code: code, stdout: stdout, stderr: stderr}
		wantSound(t, out, readNagios(out))
	})
}

func FuzzReadJSON(f *testing.F) {
	f.Add(0, `{"outcome":"pass","summary":"ok","duration_ms":12}`)
	f.Add(0, `{"outcome":"fail","reason":"dns","duration_ms":1e300,"evidence":"x"}`)
	f.Add(1, `{"outcome":"pass"`)
	f.Fuzz(func(t *testing.T, code int, stdout string) {
		out := finished{code: code, stdout: stdout}
		r := readJSON(out)
		wantSound(t, out, r)
		if r.Duration < 0 {
			t.Fatalf("duration %v", r.Duration)
		}
	})
}
