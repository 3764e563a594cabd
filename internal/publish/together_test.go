package publish

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestTogether: whose failures are taken for one trouble, and from when on.
func TestTogether(t *testing.T) {
	now := time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC)
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	of := func(id string, level impact.Level, minutes int) status.ProductStatus {
		p := status.ProductStatus{Product: status.Product{ID: id}}
		p.Level, p.Onset = level, ago(minutes)
		return p
	}
	answering := func(p status.ProductStatus, minutes int) status.ProductStatus {
		p.Answers = &impact.Answers{Since: ago(minutes)}
		return p
	}
	recovered := func(id string, onset, minutes int) status.ProductStatus {
		p := status.ProductStatus{Product: status.Product{ID: id}}
		p.Level, p.Proof = impact.OK, &impact.Proof{Onset: ago(onset), Recovered: ago(minutes)}
		return p
	}
	const degraded = impact.Degraded
	for name, c := range map[string]struct {
		products []status.ProductStatus
		caused   string
		step     int // minutes ago; 0 is none
		want     string
		from     int // minutes ago
	}{
		"one onset":                  {[]status.ProductStatus{of("a", degraded, 90), of("b", degraded, 88), of("c", impact.OK, 0), of("d", degraded, 85)}, "", 0, "a b d", 85},
		"one of another":             {[]status.ProductStatus{of("a", degraded, 90), of("b", degraded, 88), of("c", degraded, 85), of("d", degraded, 45)}, "", 0, "a b c", 85},
		"of one cause":               {[]status.ProductStatus{of("a", degraded, 90), of("b", degraded, 88), of("c", degraded, 85), of("d", degraded, 45)}, "a b c d", 0, "a b c d", 45},
		"of one cause, and joined":   {[]status.ProductStatus{of("a", degraded, 90), of("b", degraded, 88), of("c", degraded, 85), of("d", degraded, 20)}, "a b c d", 0, "a b c and d", 85},
		"another cause at once":      {[]status.ProductStatus{of("a", degraded, 90), of("b", degraded, 88), of("c", degraded, 87)}, "a b", 0, "a b", 88},
		"a cause of few":             {[]status.ProductStatus{of("a", degraded, 90), of("b", degraded, 88), of("c", degraded, 87)}, "a", 0, "a b c", 87},
		"what is down has its words": {[]status.ProductStatus{of("a", degraded, 90), of("b", impact.Outage, 90), of("c", degraded, 87)}, "a b c", 0, "a c", 87},
		"what answers, for a moment": {[]status.ProductStatus{of("a", degraded, 90), answering(of("b", degraded, 90), 3), of("c", degraded, 87)}, "a b c", 0, "a c and b", 87},
		"what answers for long":      {[]status.ProductStatus{of("a", degraded, 90), answering(of("b", degraded, 90), 40), of("c", degraded, 87)}, "a b c", 0, "a b c", 40},
		"since the last step":        {[]status.ProductStatus{of("a", degraded, 90), of("b", degraded, 88)}, "a b", 30, "a b", 30},
		"some recovered":             {[]status.ProductStatus{of("a", degraded, 90), recovered("b", 91, 5), recovered("c", 600, 5), of("d", degraded, 88)}, "a d", 0, "a b d", 88},
	} {
		inc := incident.Incident{Number: 1, OpenedAt: ago(95)}
		if c.step > 0 {
			inc.Steps = []incident.Event{{Kind: incident.Rate, Step: &incident.RateStep{At: ago(c.step)}}}
		}
		snap := status.Snapshot{At: now, Products: c.products, Causes: status.Causes{Products: strings.Fields(c.caused)}}
		list, joined, from := together(snap, inc)
		var ids []string
		for _, m := range list {
			ids = append(ids, m.id)
		}
		if len(joined) > 0 {
			ids = append(ids, "and", strings.Join(joined, " "))
		}
		if got := strings.Join(ids, " "); got != c.want || !from.Equal(ago(c.from)) {
			t.Errorf("%s: %s, from %v ago, want %s, %d min", name, got, now.Sub(from), c.want, c.from)
		}
	}
}

// pooledOf is a Past of the same minutes for each product.
type pooledOf map[string][]impact.Minute

func (p pooledOf) Pooled(products []string, from, _ time.Time) []impact.Minute {
	var lists [][]impact.Minute
	for _, id := range products {
		for i, m := range p[id] {
			if !m.At.Before(from) {
				lists = append(lists, p[id][i:])
				break
			}
		}
	}
	return impact.Pool(lists...)
}

func (p pooledOf) History(string, time.Time, time.Time) []impact.Minute { return nil }

func (p pooledOf) Effect(incident.Incident, incident.Marked, time.Time) (e status.Effect) { return e }

// TestWhoFailsAgain: those that recovered and have no failure since are not told to
// fail again with those that do, nor are their tries counted.
func TestWhoFailsAgain(t *testing.T) {
	at := time.Date(2026, 3, 3, 8, 42, 0, 0, time.UTC)
	past := pooledOf{}
	for _, id := range []string{"a", "b", "c"} {
		for i := range 10 {
			past[id] = append(past[id], impact.Minute{At: at.Add(time.Duration(i-8) * time.Minute), Tries: 6})
		}
	}
	past["a"][8].Failures, past["a"][9].Failures, past["b"][9].Failures = 2, 1, 1
	s := &step{seen: Seen{Snapshot: status.Snapshot{At: at.Add(2 * time.Minute)}, Past: past}}
	of, st := s.again([]member{{id: "a", hurt: true}, {id: "b"}, {id: "c"}}, impact.RateStep{At: at}, at.Add(-8*time.Minute))
	if strings.Join(of, " ") != "a b" || st.After != (impact.Counts{Tries: 24, Failures: 4}) || st.Before != (impact.Counts{Tries: 96}) {
		t.Errorf("%v, %+v", of, st)
	}
}
