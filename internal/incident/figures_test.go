package incident

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// updateOf is an update of so many products, with shares of all sizes.
func updateOf(products int, random *rand.Rand) Event {
	e := Event{Incident: "i-000007", Kind: Update, At: time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC), N: 3, Post: 1, Cause: "Most likely shared cause: edge-lb-2.", Loud: true}
	for p := range products {
		f := Figure{Product: fmt.Sprintf("product-%03d", p), Level: []string{"ok", "degraded", "outage"}[random.IntN(3)], Tries: random.IntN(5000)}
		if f.Tries > 0 && random.IntN(3) > 0 {
			f.Failures = random.IntN(f.Tries + 1)
			f.Share = float64(f.Failures) / float64(f.Tries)
		}
		f.Slow, f.NewTries, f.NewFailures = random.IntN(2)*random.IntN(50), random.IntN(2)*random.IntN(500), random.IntN(2)*random.IntN(50)
		f.P95, f.Usual, f.NewSlow = random.IntN(2)*random.IntN(5000), random.IntN(2)*random.IntN(5000), random.IntN(2)*random.IntN(50)
		e.Figures = append(e.Figures, f)
	}
	return e
}

func TestFiguresAreReadAsWritten(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for products := range 60 {
		want := updateOf(products, random)
		data, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		figures, rest := cutFigures(data)
		if len(figures) != products || products > 0 && len(rest) > 400 {
			t.Errorf("of %d figures %d are read without encoding/json, which has %d bytes to read", products, len(figures), len(rest))
		}
		got, err := DecodeEvent(data, 0)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nis read as %+v, %v", data, got, err)
		}
	}
}

// What is not written as Encode does is read as encoding/json reads it.
func TestFiguresWrittenOtherwise(t *testing.T) {
	const first, more = `{"product":"a","level":"ok","tries":300,"failures":12,"share":0.04}`, `{"product":"b","level":"outage","tries":1,"failures":1,"share":1,"slow":2,"new_tries":3,"new_failures":4}`
	event := func(rest string) string { return `{"incident":"i-000007","kind":"update",` + rest + `}` }
	for _, data := range []string{
		event(`"figures":[` + first + `,` + more + `]`),
		event(`"figures":[` + first + `,` + more + `],"cause":"a \"figures\":[ of \\"`),
		event(`"title":"\"figures\":[` + `{}","figures":[` + first + `]`),
		event(`"title":"\\","figures":[` + first + `]`),
		event(`"figures":[]`),
		event(`"figures":null`),
		event(`"figures":[` + first + `,]`),
		event(`"figures":[` + first),
		event(`"figures":[` + first + `]]`),
		event(`"figures":[` + first + ` ]`),
		event(`"figures": [` + first + `]`),
		event(`"figures":[` + first + `],"figures":[` + more + `]`),
		event(`"later":{"figures":[` + first + `]}`),
		event(`"later":[{"figures":[` + first + `]}]`),
		event(`"later":{"figures":[` + first + `]},"figures":[` + more + `]`),
		event(`"figures":[` + strings.Replace(first, `"a"`, `"\u003c"`, 1) + `]`),
		event(`"figures":[` + strings.Replace(first, `"a"`, `"ä"`, 1) + `]`),
		event(`"figures":[` + strings.Replace(first, `"a"`, `"`+"\t"+`"`, 1) + `]`),
		event(`"figures":[` + strings.Replace(first, `"a"`, `7`, 1) + `]`),
		event(`"figures":[` + strings.Replace(first, `"ok"`, `"ok","new":1`, 1) + `]`),
		event(`"figures":[` + strings.Replace(first, `}`, `,"new":1}`, 1) + `]`),
		event(`"figures":[` + strings.Replace(first, `300`, `0300`, 1) + `]`),
		event(`"figures":[` + strings.Replace(first, `300`, `-300`, 1) + `]`),
		event(`"figures":[` + strings.Replace(first, `300`, `3e2`, 1) + `]`),
		event(`"figures":[` + strings.Replace(first, `300`, `99999999999999999999`, 1) + `]`),
	} {
		same(t, data)
	}
	for _, share := range []string{"0", "1", "2", "0.5", "0.", ".5", "00.5", "01", "1.0", "4e-7", "0.4e-3", "-0.5", "-0", "0.5.5", "0,5", `"0.5"`, "null", "0.123456789012345678901234567890", "0.30000000000000004", "", "0x1", "1.", "+1", "NaN"} {
		same(t, event(`"figures":[`+strings.Replace(first, "0.04", share, 1)+`]`))
	}
	for end := range len(event(`"figures":[` + first + `,` + more + `]`)) {
		same(t, event(`"figures":[` + first + `,` + more + `]`)[:end])
	}
}

// same has an event read as encoding/json reads it, or refused where that refuses it.
func same(t *testing.T, data string) {
	t.Helper()
	var want Event
	refused := json.Unmarshal([]byte(data), &want)
	got, err := DecodeEvent([]byte(data), 0)
	if refused != nil {
		want = Event{}
	}
	if (err != nil) != (refused != nil) || !reflect.DeepEqual(got, want) {
		t.Errorf("%s\nis read as %+v, %v,\nnot as %+v, %v", data, got, err, want, refused)
	}
}

func BenchmarkDecodeUpdate(b *testing.B) {
	data, err := updateOf(100, rand.New(rand.NewPCG(1, 2))).Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeEvent(data, 1); err != nil {
			b.Fatal(err)
		}
	}
}
