package scenario

import (
	"encoding/json"
	"math"
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
