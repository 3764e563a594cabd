package scenario

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the generator writes is read by hand.
func TestLinesOfTheGeneratorAreReadByHand(t *testing.T) {
	for _, line := range []string{
		`{"t":12.3,"check":"mail/login","product":"mail","probe":"fra","ok":false,"latency_ms":5000,"error":"timeout"}`,
		`{"t":86412.345,"check":"mail/login","product":"mail","probe":"fra","ok":true,"latency_ms":123.456}`,
	} {
		if _, ok := (&Reader{}).quick([]byte(line)); !ok {
			t.Errorf("not read by hand: %s", line)
		}
	}
}

// Where a line is read by hand, encoding/json reads the same.
func FuzzRecorded(f *testing.F) {
	f.Add(`{"t":12.3,"check":"mail/login","product":"mail","probe":"fra","ok":false,"latency_ms":5000,"error":"timeout"}`)
	f.Add(`{"t":0.5,"check":"a","product":"b","probe":"c","ok":true,"latency_ms":5}`)
	f.Add(`{"t":1e3,"check":"a","product":"b","probe":"c","ok":true,"latency_ms":05}`)
	f.Add(`{"t":1,"check":"\u0041","product":"b","probe":"","ok":true,"latency_ms":.5}`)
	f.Fuzz(func(t *testing.T, line string) {
		q := Reader{}
		got, ok := q.quick([]byte(line))
		if !ok {
			return
		}
		var want recorded
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatalf("%q is no JSON: %v", line, err)
		}
		if diff := cmp.Diff(want, got); diff != "" || math.IsInf(got.T, 0) {
			t.Errorf("%q (-json +quick): %s", line, diff)
		}
	})
}

func BenchmarkRecorded(b *testing.B) {
	line := []byte(`{"t":86412.345,"check":"mail/login","product":"mail","probe":"fra","ok":true,"latency_ms":123.456}`)
	b.Run("by hand", func(b *testing.B) {
		q := Reader{}
		for b.Loop() {
			if _, err := q.Result(line); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			var r recorded
			if err := json.Unmarshal(line, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestLinesOfMetricsAreReadByHand(t *testing.T) {
	for _, line := range []string{`{"t":60,"component":"auth","metric":"cpu_pct","value":3.1}`, `{"t":0,"component":"dns","metric":"error_rate","value":0.00323}`,
		`{"t":60,"component":"auth","metric":"cpu_pct","value":-3}`, `{"value":1e-05,"t":60,"component":"a\u0062","metric":"cpu_pct"}`, `{"t":60}`, `{"t":60,"component":"auth","metric":"cpu_pct","value":01}`, `no`} {
		q := Reader{}
		var want Metric
		wantErr := json.Unmarshal([]byte(line), &want)
		got, err := q.Metric([]byte(line))
		if (err != nil) != (wantErr != nil) || err == nil && got != want {
			t.Errorf("%q: %+v, %v; want %+v, %v", line, got, err, want, wantErr)
		}
		if _, byHand := q.quickMetric([]byte(line)); byHand != (strings.HasPrefix(line, `{"t":`) && strings.HasSuffix(line, "3.1}") || strings.HasSuffix(line, "0.00323}")) {
			t.Errorf("%q by hand: %v", line, byHand)
		}
	}
}
