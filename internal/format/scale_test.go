package format

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestAShortWindowIsToldInItsScale: where effects are measured in seconds no message says
// minutes, and two instants of one minute are told apart.
func TestAShortWindowIsToldInItsScale(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 40, 0, time.UTC)
	mark := incident.Marked{Event: incident.Event{Kind: incident.Mark, Mark: 1, At: at.Add(-20 * time.Second), By: "U1", Text: "x", Products: []string{"a"}}}
	judged := mark
	judged.Verdicts = []incident.Verdict{{Verdict: string(impact.NoEffect), Before: incident.Counts{Failures: 4, Tries: 90}, After: incident.Counts{Failures: 4, Tries: 90}}}
	inc := incident.Incident{Number: 1, OpenedAt: at.Add(-40 * time.Second), Every: 15 * time.Second, Marks: []incident.Marked{mark}}
	step := incident.RateStep{At: at.Add(-10 * time.Second), Before: incident.Counts{Tries: 1000, Failures: 40}, After: incident.Counts{Tries: 600, Failures: 90}}
	for window, want := range map[time.Duration][]string{
		30 * time.Second: {"the first 3 s after it is left out", "within 2 min.", "told within 2 min.", "within 2 min.", "at the latest 1 min from now", "4.0 % until <!date^1794996330^{time_secs}|10:05:30 UTC>", "quiet for 9 s on A"},
		10 * time.Minute: {"the first minute after it is left out", "within 30 min.", "told within 30 min.", "within 30 min.", "at the latest 30 min from now", "4.0 % until <!date^1794996330^{time}|10:05 UTC>", "quiet for 0 s on A"},
	} {
		snap := status.Snapshot{At: at, Window: window, Products: []status.ProductStatus{{Product: status.Product{ID: "a", Name: "A"}}, {Product: status.Product{ID: "b", Name: "B"}}}}
		tried := Update(UpdateFacts{N: 2, Snapshot: snap, Incident: inc, Next: at.Add(15 * time.Second), News: News{Step: step, Of: []string{"a"}}})
		quiet := Update(UpdateFacts{N: 3, Snapshot: snap, Incident: inc, Next: at.Add(15 * time.Second), News: News{Step: step, Of: []string{"a"}, Quiet: true}})
		form := MarkForm("", "", window)
		for i, said := range []string{
			saidIn(MarkEffect(MarkFacts{Mark: judged, Snapshot: snap})),
			saidIn(Marked(MarkedFacts{Mark: mark.Event, Now: at, Window: window})),
			form.Inputs[0].Hint, saidIn(HowToMark("/status", window)), saidIn(tried), saidIn(tried), saidIn(quiet),
		} {
			if !strings.Contains(said, want[i]) {
				t.Errorf("window %s: want %q in\n%s", window, want[i], said)
			}
		}
	}
}

// saidIn is all that a message says.
func saidIn(m Message) string {
	all := []string{m.Text}
	for _, b := range m.Blocks {
		all = append(all, b.Section, b.Context)
	}
	return strings.Join(all, "\n")
}

// TestWhatAMarkSharesItsTimeWith: after a later mark nothing is counted, so that it is not said
// to be the doing of either; what a former one did may go on.
func TestWhatAMarkSharesItsTimeWith(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	var marks []incident.Marked
	for i, name := range []string{"long ago", "first", "second", "third"} {
		marks = append(marks, incident.Marked{Event: incident.Event{Mark: i + 1, At: at.Add([]time.Duration{-40, 0, 8, 20}[i] * time.Minute), Text: name, Products: []string{"a"}}})
	}
	c := clockOf(at.Add(time.Hour), nil)
	for i, want := range []string{
		"",
		"What came after “second” (<!date^1794996780^{time}|10:13 UTC>) is not counted.",
		"A little before it came “first” (<!date^1794996300^{time}|10:05 UTC>): what is measured may be the doing of either. What came after “third” (<!date^1794997500^{time}|10:25 UTC>) is not counted.",
	} {
		if got := c.overlaps(marks[i], marks, 10*time.Minute); got != want {
			t.Errorf("%s: %q, want %q", marks[i].Text, got, want)
		}
	}
}

// TestAQuietNamesWhatIsBeside: a product of the quiet that is not over by itself is not said to
// hurt in the same breath, and what hurts besides is named, be it more than what is left.
func TestAQuietNamesWhatIsBeside(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	of := func(id string, level impact.Level, slow bool) status.ProductStatus {
		p := status.ProductStatus{Product: status.Product{ID: id, Name: strings.ToUpper(id), SaysDegraded: id + " hurts people."}}
		p.Level, p.Slow, p.Onset, p.From, p.Tries, p.AsOf = level, slow, at.Add(-8*time.Minute), at.Add(-8*time.Minute), 60, at
		p.Failures, p.Counts.Slow = 4*one(!slow && level.Hurt()), 20*one(slow)
		return p
	}
	snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{
		of("shop", impact.Degraded, false), of("cart", impact.OK, false), of("maps", impact.Degraded, true), of("mail", impact.Degraded, true)}}
	step := incident.RateStep{At: at.Add(-5 * time.Minute), Before: incident.Counts{Tries: 1000, Failures: 140}, After: incident.Counts{Tries: 600}}
	m := Update(UpdateFacts{N: 7, Snapshot: snap, Incident: incident.Incident{Number: 1, OpenedAt: at.Add(-time.Hour)}, Next: at.Add(5 * time.Minute),
		News: News{Step: step, Of: []string{"shop", "cart"}, Quiet: true}})
	said := saidIn(m)
	if strings.Contains(said, "shop hurts people") || strings.Contains(said, "SHOP since") {
		t.Errorf("what is quiet hurts:\n%s", said)
	}
	if i := slices.IndexFunc(strings.Split(m.Blocks[0].Section, "\n"), func(l string) bool { return strings.Contains(l, "MAPS") && strings.Contains(l, "MAIL") }); i < 1 {
		t.Errorf("what hurts besides is not named:\n%s", said)
	}
}

// TestAShortSilenceIsToldInSeconds: "from 18:47 to 18:47" says nothing.
func TestAShortSilenceIsToldInSeconds(t *testing.T) {
	from := time.Date(2026, 11, 18, 18, 47, 12, 0, time.UTC)
	for span, want := range map[time.Duration]string{32 * time.Second: "from 18:47:12 UTC to 18:47:44 UTC (32 s)", 5 * time.Minute: "from 18:47 UTC to 18:52 UTC (5 min)"} {
		if m := Meanwhile(MeanwhileFacts{From: from, To: from.Add(span), Now: from.Add(span)}); !strings.Contains(m.Text, want) {
			t.Errorf("want %q in %s", want, m.Text)
		}
	}
}
