package status

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// TestRecovery: each step follows from what is seen, and from what the log has.
func TestRecovery(t *testing.T) {
	at := time.Date(2026, 3, 3, 19, 0, 0, 0, time.UTC)
	proof := func(n, bad int, proven bool) *impact.Proof {
		p := &impact.Proof{Recovered: at.Add(-time.Hour), Limit: 0.01, N: n, Bad: bad}
		if proven {
			p.Proven = at
		}
		return p
	}
	product := func(id string, level impact.Level, p *impact.Proof) ProductStatus {
		return ProductStatus{Product: Product{ID: id, Name: id}, Impact: impact.Impact{Level: level, Proof: p, Why: "3 of 10 failed"}}
	}
	const ok, degraded, unknown, maintenance = impact.OK, impact.Degraded, impact.Unknown, impact.Maintenance
	lost := product("a", unknown, nil)
	lost.Onset = at.Add(-2 * time.Hour) // it was hurt when it was last seen
	calm := product("b", ok, nil)
	again := product("a", ok, nil)
	again.Held = true // its proof is gone with it
	for _, c := range []struct {
		name    string
		now     []ProductStatus
		proving time.Duration // ago; 0: the first step is not written down
		by      string        // who started it
		want    string        // the events that are written down, one after the other
	}{
		{"one is hurt", []ProductStatus{product("a", degraded, nil), calm}, 0, "", ""},
		{"the first step", []ProductStatus{product("a", ok, proof(90, 0, false)), calm}, 0, "", "proving[a]"},
		{"both steps at once", []ProductStatus{product("a", ok, proof(500, 0, true)), calm}, 0, "", "resolved[]"},
		{"taken as usual", []ProductStatus{product("a", ok, &impact.Proof{Accepted: true}), calm}, 0, "", "resolved[]"},
		{"still proving", []ProductStatus{product("a", ok, proof(90, 0, false)), calm}, time.Hour, "", ""},
		{"one of two is proven", []ProductStatus{product("a", ok, proof(90, 0, false)), product("b", ok, proof(500, 0, true))}, time.Hour, "", ""},
		{"proven", []ProductStatus{product("a", ok, proof(500, 0, true)), calm}, time.Hour, "", "proven[a] resolved[]"},
		{"a person's is proven", []ProductStatus{product("a", ok, proof(500, 0, true)), calm}, time.Hour, "U1", "proven[a]"},
		{"a relapse", []ProductStatus{product("a", ok, proof(90, 0, false)), product("b", degraded, nil)}, time.Hour, "", "relapsed[b]"},
		{"no proof in 2 h", []ProductStatus{product("a", ok, proof(90, 0, false)), calm}, 2 * time.Hour, "", "resolved[a]"},
		{"a person's goes on", []ProductStatus{product("a", ok, proof(90, 0, false)), calm}, 2 * time.Hour, "U1", ""},
		{"more fails than the proof allows", []ProductStatus{product("a", ok, proof(90, 1, false)), calm}, 23 * time.Hour, "", ""},
		{"and a day has gone by", []ProductStatus{product("a", ok, proof(90, 1, false)), calm}, 24 * time.Hour, "", "resolved[a]"},
		{"as much fails as it allows", []ProductStatus{product("a", ok, proof(190, 1, false)), calm}, 2 * time.Hour, "", "resolved[a]"},
		{"it may fail again", []ProductStatus{again, calm}, time.Hour, "", ""},
		{"not seen meanwhile is not proven", []ProductStatus{product("a", unknown, proof(90, 0, false)), calm}, time.Hour, "", ""},
		{"not seen for 2 h", []ProductStatus{product("a", unknown, proof(90, 0, false)), calm}, 2 * time.Hour, "", "resolved[a]"},
		{"hurt when last seen", []ProductStatus{lost, calm}, 3 * time.Hour, "", ""},
		{"in maintenance nothing is awaited", []ProductStatus{product("a", maintenance, proof(90, 0, false)), calm}, time.Hour, "", "resolved[]"},
		{"nor told as proven", []ProductStatus{product("a", maintenance, proof(90, 0, false)), calm}, time.Hour, "U1", ""},
	} {
		seq := uint64(0)
		write := func(inc incident.Incident, e incident.Event) incident.Incident {
			seq++
			e.Incident, e.Seq = "inc-1", seq
			return incident.Fold(inc, e)
		}
		inc := write(incident.Incident{}, incident.Event{Kind: incident.Opened, Number: 1, At: at.Add(-30 * time.Hour), By: c.by})
		inc = write(inc, incident.Event{Kind: incident.Level, At: at.Add(-29 * time.Hour), Product: "a", From: "ok", To: "degraded"})
		inc = write(inc, incident.Event{Kind: incident.Update, N: 1, At: at.Add(-29 * time.Hour)})
		if c.proving > 0 {
			inc = write(inc, incident.Event{Kind: incident.Proving, At: at.Add(-c.proving), Products: []string{"a"}})
		}
		var got []string
		for {
			e, ok := Recovery(Snapshot{At: at, Products: c.now}, inc)
			if !ok {
				break
			}
			got = append(got, string(e.Kind)+"["+strings.Join(e.Products, " ")+"]")
			if inc = write(inc, e); len(got) > 3 {
				break
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
	if e, ok := Recovery(Snapshot{At: at, Products: []ProductStatus{calm}}, incident.Incident{Number: 1, OpenedAt: at}); ok {
		t.Errorf("before its first update: %+v", e)
	}
}
