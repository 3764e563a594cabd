package checks

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func storedSamples() []Result {
	return []Result{
		{
			Check: "pay", Product: "billing", Started: time.Unix(1_790_000_000, 123_456_789).UTC(), Duration: 12_345_678,
			Outcome: Pass, Summary: "HTTP 200", Phases: Phases{Connect: 123_456, FirstByte: 2_345_678, Transfer: 12_345},
		},
		{
			Check: "pay", Product: "billing", Vantage: "eu-west", Started: time.Unix(1_790_000_010, 0).UTC(), Duration: 3 * time.Second,
			Outcome: Fail, Reason: ReasonTimeout, Summary: "time-out after 3 s while connecting", Phases: Phases{DNS: 1, Connect: 2},
			Evidence: &Evidence{Remote: "[::1]:443"},
		},
		{
			Check: "batch", Product: "büro", Started: time.Unix(0, -5).UTC(), Outcome: Unknown, Reason: ReasonScript,
			Summary: "tab\t\"quotes\" \\ \u2028 <b>&", Phases: Phases{Transfer: 5},
			Evidence: &Evidence{Status: 3, Output: "a\nb\x01", Script: "/opt/checks/batch.sh", Perf: []Perf{{"free space", 12.5, "%"}, {"n", -1e21, ""}, {"", 0, "B"}}},
		},
		{Check: "bare", Outcome: Degraded, Started: time.Unix(0, 0).UTC(), Evidence: &Evidence{}},
		{
			Check: "later", Outcome: Fail, Reason: ReasonScript, Started: time.Unix(0, 0).UTC(),
			Evidence: &Evidence{Script: "/opt/checks/batch.sh", RequestID: "x-request-id=7f3a, cf-ray=8c1", ScriptSHA256: strings.Repeat("0a", 32), Screenshot: "screenshots/pay-0.jpg"},
		},
		{Check: "perf", Outcome: Pass, Started: time.Unix(0, 0).UTC(), Evidence: &Evidence{Perf: []Perf{{"x", math.MaxFloat64, "s"}}}},
	}
}

func TestStoredFormIsKept(t *testing.T) {
	const file = "testdata/results.golden"
	want := storedSamples()
	data, err := EncodeResults(want)
	noError(t, err)
	if *update {
		noError(t, os.WriteFile(file, data, 0o644))
	}
	golden, err := os.ReadFile(file)
	noError(t, err)
	if diff := cmp.Diff(string(golden), string(data)); diff != "" {
		t.Errorf("what is stored has changed: %s", diff)
	}
	got, err := DecodeResults(golden)
	noError(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for line := range strings.Lines(string(data)) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

// What the first version stored is read as it was meant.
func TestFirstStoredFormIsRead(t *testing.T) {
	golden, err := os.ReadFile("testdata/results_v1.golden")
	noError(t, err)
	got, err := DecodeResults(golden)
	noError(t, err)
	want := slices.DeleteFunc(storedSamples(), func(r Result) bool { return r.Check == "later" })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestQuickReaderTakesThePlainOnes(t *testing.T) {
	for i, r := range storedSamples() {
		data, err := EncodeResults([]Result{r})
		noError(t, err)
		got, ok := (quickReader{}).read(bytes.TrimSpace(data))
		if want := r.Evidence == nil; ok != want {
			t.Errorf("sample %d: taken %v, want %v", i, ok, want)
		} else if ok && !cmp.Equal(got, r) {
			t.Errorf("sample %d: %s", i, cmp.Diff(r, got))
		}
	}
}

func TestDecodeResultsLaterAndBroken(t *testing.T) {
	got, err := DecodeResults([]byte(`{"later":[1,{}],"c":"pay","p":"b","t":1,"d":2,"o":"pass","e":{"later":1}}` + "\n\n"))
	noError(t, err)
	want := []Result{{Check: "pay", Product: "b", Started: time.Unix(0, 1).UTC(), Duration: 2, Outcome: Pass, Evidence: &Evidence{}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// What a later version may add costs nothing of the batch that it is in.
	got, err = DecodeResults([]byte(`{"c":"pay","o":"fine"}` + "\n" + `{"c":"a","o":"pass","h":[1,2,3,4,5,6],"r":"of a later version"}` + "\n"))
	noError(t, err)
	at := time.Unix(0, 0).UTC()
	want = []Result{{Check: "pay", Started: at, Outcome: Unknown}, {Check: "a", Started: at, Outcome: Pass, Reason: "of a later version", Phases: Phases{DNS: 1, Connect: 2, TLS: 3, FirstByte: 4, Transfer: 5}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{`{`, `{}`, `{"c":"pay"}`, `{"c":"pay","o":""}`, `{"o":"pass"}`, `{"o":"fine"}`, `null`} {
		text := `{"c":"pay","o":"pass"}` + "\n" + bad
		if got, err := DecodeResults([]byte(text)); err == nil || got != nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: got %v, %v", bad, got, err)
		}
	}
	for _, r := range []Result{{}, {Check: "a"}, {Outcome: Pass}, {Check: "a", Outcome: Pass, Evidence: &Evidence{Perf: []Perf{{Value: math.NaN()}}}}} {
		if _, err := EncodeResults([]Result{r}); err == nil {
			t.Errorf("%+v is stored", r)
		}
	}
}

func FuzzDecodeResults(f *testing.F) {
	data, err := EncodeResults(storedSamples())
	noError(f, err)
	f.Add(data)
	for line := range strings.Lines(string(data)) {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"c":"\ud83d\ude00","o":"pass","t":-1.0}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The quick reader, where it takes a line, agrees with encoding/json.
		if line, _, _ := bytes.Cut(data, []byte{'\n'}); true {
			if r, ok := (quickReader{}).read(line); ok {
				var s storedResult
				noError(t, json.Unmarshal(line, &s))
				want, err := s.result()
				noError(t, err)
				if diff := cmp.Diff(want, r); diff != "" {
					t.Fatalf("%s: %s", line, diff)
				}
			}
		}
		results, err := DecodeResults(data)
		if err != nil {
			if results != nil {
				t.Fatalf("results with error %v", err)
			}
			return
		}
		again, err := EncodeResults(results)
		noError(t, err)
		same, err := DecodeResults(again)
		noError(t, err)
		if diff := cmp.Diff(results, same); diff != "" {
			t.Fatal(diff)
		}
	})
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
