package page

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// The answers of Atlassian's Statuspage, so that programs that read such pages read
// this one: /api/v2/*.json. Lists are never null, ids stay, times have milliseconds.
// What Statuspage has no word for stands beside, under "statusbot". What is not
// measured is degraded_performance, and never operational.

type spPage struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	URL       string `json:"url"`
	TimeZone  string `json:"time_zone"`
	UpdatedAt string `json:"updated_at"`
}

type spStatus struct {
	Indicator   string `json:"indicator"` // none, minor, major, critical, maintenance
	Description string `json:"description"`
}

type spComponent struct {
	ID                 string   `json:"id"`
	Name               string   `json:"name"`
	Status             string   `json:"status"`
	CreatedAt          string   `json:"created_at"`
	UpdatedAt          string   `json:"updated_at"`
	Position           int      `json:"position"`
	Description        *string  `json:"description"`
	Showcase           bool     `json:"showcase"`
	StartDate          *string  `json:"start_date"`
	GroupID            *string  `json:"group_id"`
	PageID             string   `json:"page_id"`
	Group              bool     `json:"group"`
	OnlyShowIfDegraded bool     `json:"only_show_if_degraded"`
	Ours               *spFacts `json:"statusbot,omitempty"`
}

// spFacts are what Statuspage has no word for.
type spFacts struct {
	Share   float64    `json:"share"`
	Low     float64    `json:"lo"`
	High    float64    `json:"hi"`
	N       int        `json:"n"`
	Slow    int        `json:"slow,omitempty"` // of the n, where slowness is the trouble
	Since   *time.Time `json:"since"`
	Unknown bool       `json:"unknown"`
}

type spIncident struct {
	ID           string        `json:"id"`
	Name         string        `json:"name"`
	Status       string        `json:"status"`
	CreatedAt    string        `json:"created_at"`
	UpdatedAt    string        `json:"updated_at"`
	MonitoringAt *string       `json:"monitoring_at"`
	ResolvedAt   *string       `json:"resolved_at"`
	Impact       string        `json:"impact"`
	Shortlink    string        `json:"shortlink"`
	StartedAt    string        `json:"started_at"`
	PageID       string        `json:"page_id"`
	Updates      []spUpdate    `json:"incident_updates"`
	Components   []spComponent `json:"components"`
	ScheduledFor *string       `json:"scheduled_for,omitempty"`
	ScheduledTo  *string       `json:"scheduled_until,omitempty"`
}

type spUpdate struct {
	ID          string       `json:"id"`
	Status      string       `json:"status"`
	Body        string       `json:"body"`
	IncidentID  string       `json:"incident_id"`
	CreatedAt   string       `json:"created_at"`
	UpdatedAt   string       `json:"updated_at"`
	DisplayAt   string       `json:"display_at"`
	Affected    []spAffected `json:"affected_components"` // null where none changed, as there
	Notify      bool         `json:"deliver_notifications"`
	CustomTweet *string      `json:"custom_tweet"`
	TweetID     *string      `json:"tweet_id"`
}

type spAffected struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	OldStatus string `json:"old_status"`
	NewStatus string `json:"new_status"`
}

// statuspageRoutes are the eight endpoints.
func (p *Pages) statuspageRoutes(mux *http.ServeMux) {
	type answer = map[string]any
	open := func(i spIncident) bool { return i.Status != "resolved" && i.Status != "completed" }
	stands := func(status string) func(spIncident) bool {
		return func(i spIncident) bool { return i.Status == status }
	}
	for path, of := range map[string]func(s statuspage) answer{
		"summary": func(s statuspage) answer {
			return answer{"components": s.components, "incidents": only(s.incidents, open), "scheduled_maintenances": only(s.maintenances, open), "status": s.status}
		},
		"status":                 func(s statuspage) answer { return answer{"status": s.status} },
		"components":             func(s statuspage) answer { return answer{"components": s.components} },
		"incidents":              func(s statuspage) answer { return answer{"incidents": s.incidents} },
		"incidents/unresolved":   func(s statuspage) answer { return answer{"incidents": only(s.incidents, open)} },
		"scheduled-maintenances": func(s statuspage) answer { return answer{"scheduled_maintenances": s.maintenances} },
		"scheduled-maintenances/upcoming": func(s statuspage) answer {
			return answer{"scheduled_maintenances": only(s.maintenances, stands("scheduled"))}
		},
		"scheduled-maintenances/active": func(s statuspage) answer {
			return answer{"scheduled_maintenances": only(s.maintenances, stands("in_progress"))}
		},
	} {
		mux.HandleFunc("GET /api/v2/"+path+".json", p.for_(p.answered("application/json; charset=utf-8", func(t *told, site string) []byte {
			s := spOf(t, site)
			out := of(s)
			out["page"] = s.page
			data, err := json.Marshal(out)
			if err != nil {
				return []byte(`{}`) // unreachable: it is plain data
			}
			return data
		})))
	}
}

func only(list []spIncident, want func(spIncident) bool) []spIncident {
	out := []spIncident{}
	for _, i := range list {
		if want(i) {
			out = append(out, i)
		}
	}
	return out
}

// statuspage is what is told, in that shape.
type statuspage struct {
	page         spPage
	status       spStatus
	components   []spComponent
	incidents    []spIncident
	maintenances []spIncident
}

// created is when every component was made, as far as it is told: nobody knows, and what readers keep a component by
// must not move when statusbot starts anew.
var created = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// changedAt is when the level of each product last changed, of those of which that is known.
func changedAt(t *told) map[string]time.Time {
	at := map[string]time.Time{}
	for _, p := range t.snapshot.Products {
		at[p.ID] = p.Changed
	}
	for _, s := range t.stories {
		for _, e := range s.Entries {
			if e.To != "" {
				at[e.Product] = later(at[e.Product], e.At)
			}
		}
	}
	return at
}

// spOf tells it.
func spOf(t *told, site string) statuspage {
	zone := t.snapshot.Timezone
	s := statuspage{page: spPage{ID: hashed("page", t.snapshot.Company), Name: t.snapshot.Company, URL: site, TimeZone: zone.String(), UpdatedAt: stamp(t.snapshot.At)},
		status: spStatus{indicator(t), plainOf(t.board.Sentence, zone)}, components: []spComponent{}, incidents: []spIncident{}, maintenances: []spIncident{}}
	rows := map[string]format.ProductRow{}
	for _, r := range t.board.Rows {
		rows[r.ID] = r
	}
	of, changed := map[string]spComponent{}, changedAt(t)
	for _, p := range t.snapshot.Products {
		r, shown := rows[p.ID]
		if !shown {
			continue
		}
		c := spComponent{ID: p.ID, Name: plainOf(r.Name, zone), Status: spLevel(r.Level, p.Dead()), CreatedAt: stamp(created), UpdatedAt: stamp(later(created, changed[p.ID])),
			Position: len(s.components) + 1, PageID: s.page.ID, Showcase: true}
		if words := plainOf(r.Note, zone); r.Level != impact.OK {
			words = r.Word + suffix(": ", words)
			c.Description = &words
		}
		if !t.public {
			c.Ours = factsOf(p, r.Level == impact.Unknown)
		}
		s.components = append(s.components, c)
		of[p.ID] = c
	}
	for _, st := range t.stories {
		s.incidents = append(s.incidents, s.incident(st, of, zone))
	}
	for _, m := range t.maintenances {
		s.maintenances = append(s.maintenances, s.maintenance(m, of, t))
	}
	return s
}

func suffix(lead, s string) string {
	if s == "" {
		return ""
	}
	return lead + s
}

func factsOf(p status.ProductStatus, unknown bool) *spFacts {
	f := &spFacts{Share: p.Share(), N: p.Tries, Unknown: unknown}
	f.Low, f.High = impact.Wilson(p.Failures, p.Tries)
	if p.Level.Hurt() && p.Slow {
		f.Slow = p.Bad()
	}
	if p.Level.Hurt() && !p.Onset.IsZero() {
		f.Since = &p.Onset
	}
	return f
}

// indicator is the worst of the products.
func indicator(t *told) string {
	worst, maintained := "none", false
	for _, r := range t.board.Rows {
		maintained = maintained || r.Level == impact.Maintenance
	}
	switch t.board.Level {
	case impact.Outage:
		worst = "critical"
	case impact.Degraded, impact.Unknown:
		worst = "minor"
		for _, r := range t.board.Rows {
			if r.Level == impact.Outage {
				worst = "major"
			}
		}
	}
	if worst == "none" && maintained {
		return "maintenance"
	}
	return worst
}

// spLevel is a level as a component's status.
func spLevel(l impact.Level, dead bool) string {
	switch l {
	case impact.OK:
		return "operational"
	case impact.Outage:
		if !dead {
			return "partial_outage"
		}
		return "major_outage"
	case impact.Maintenance:
		return "under_maintenance"
	}
	return "degraded_performance"
}

func (s statuspage) incident(st format.Story, of map[string]spComponent, zone *time.Location) spIncident {
	i := spIncident{ID: st.ID, Name: plainOf(st.Name, zone), Status: string(st.State()), CreatedAt: stamp(st.Began), StartedAt: stamp(st.Began), UpdatedAt: stamp(later(st.Began, st.Updated)),
		Impact: map[impact.Level]string{impact.Degraded: "minor", impact.Outage: "critical"}[st.Worst], Shortlink: s.page.URL + "/incidents/" + st.ID, PageID: s.page.ID,
		Updates: []spUpdate{}, Components: []spComponent{}}
	if i.Impact == "" {
		i.Impact = "none"
	}
	i.MonitoringAt, i.ResolvedAt = stampIf(st.Eased), stampIf(st.Ended)
	if st.Ended.IsZero() != (i.Status != "resolved") { // a log of which the end is not at hand
		i.Status = map[bool]string{true: "investigating", false: "resolved"}[st.Ended.IsZero()]
	}
	for _, e := range slices.Backward(st.Entries) { // newest first, as there
		u := spUpdate{ID: fmt.Sprintf("%s-%d", st.ID, e.Seq), Status: string(e.State), Body: plainOf(e.Words, zone), IncidentID: st.ID, CreatedAt: stamp(e.At), UpdatedAt: stamp(e.At), DisplayAt: stamp(e.At)}
		if c, ok := of[e.Product]; ok && e.To != "" {
			u.Affected = []spAffected{{Code: c.ID, Name: c.Name, OldStatus: spLevel(e.From, true), NewStatus: spLevel(e.To, true)}}
		}
		i.Updates = append(i.Updates, u)
	}
	for _, id := range st.Products {
		if c, ok := of[id]; ok {
			i.Components = append(i.Components, c)
		}
	}
	return i
}

func (s statuspage) maintenance(m incident.Muting, of map[string]spComponent, t *told) spIncident {
	zone := t.snapshot.Timezone
	name, words := format.MaintenanceWords(m, t.snapshot, t.public)
	id := "m-" + hashed(m.Product, m.Check, stamp(m.From))
	state := "scheduled"
	switch {
	case !m.Until.After(t.snapshot.At):
		state = "completed"
	case m.On(t.snapshot.At):
		state = "in_progress"
	}
	from, until, said := stamp(m.From), stamp(m.Until), stamp(t.toldAt(m.From))
	i := spIncident{ID: id, Name: plainOf(name, zone), Status: state, CreatedAt: said, UpdatedAt: said, StartedAt: from, Impact: "maintenance", Shortlink: s.page.URL + "/", PageID: s.page.ID,
		Updates:    []spUpdate{{ID: id + "-1", Status: state, Body: plainOf(words, zone), IncidentID: id, CreatedAt: said, UpdatedAt: said, DisplayAt: said}},
		Components: []spComponent{}, ScheduledFor: &from, ScheduledTo: &until}
	if state == "completed" {
		i.ResolvedAt, i.UpdatedAt = &until, until
	}
	if c, ok := of[m.Product]; ok {
		i.Components = append(i.Components, c)
	}
	return i
}

// stamp is an instant as Statuspage writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func stampIf(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// hashed is an id that is the same for the same.
func hashed(parts ...string) string {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p + "\x00")) // it takes all
	}
	return fmt.Sprintf("%012x", h.Sum64()&(1<<48-1))
}
