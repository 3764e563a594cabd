package replay

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/reader"
	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/replay/scenario"
	"github.com/statusbot/statusbot/internal/status"
)

// scenariosEnv names a folder of generated scenarios, each a folder with
// config.json, results.jsonl and metrics.jsonl: every update of each is read.
const scenariosEnv = "STATUSBOT_TEST_SCENARIOS"

// heard decides over a board as the running bot does, and has every update
// that would be told read by the reader.
type heard struct {
	board    *status.Board
	from     time.Time // of the first result
	seq      uint64
	hurt     map[string]map[string]bool // :: incident -> product id -> it was hurt in it
	stories  map[string]*reader.Story   // :: incident -> what was read of it
	updates  int
	posts    int
	replies  int // in the thread of a post
	answered int
	harmed   int              // incidents of which the last update has what failed meanwhile
	told     string           // the first line of the newest update of an incident that is open
	pace     float64          // tries of each product in a minute; 0 where they differ
	events   []incident.Event // all that was written down
	last     time.Time        // of the newest snapshot
	asked    time.Time        // when all answers were last read
	faults   []found
	together []reader.Said // all that is answered at one instant
	words    strings.Builder
	said     []string // each post, with why it was
}

type found struct {
	reader.Fault
	at    time.Time
	shown string
}

func newHeard(board *status.Board) *heard {
	return &heard{board: board, hurt: map[string]map[string]bool{}}
}

// step decides once, and reads what is told.
func (h *heard) step(snap status.Snapshot) error {
	h.last = snap.At
	rules := publish.Rules{Every: 5 * time.Minute, Places: []publish.Place{{Channel: replayChannel}}}
	for _, d := range publish.Step(h.board.Log(), publish.Seen{Snapshot: snap, Past: h.board}, rules) {
		h.seq++
		d.Event.Seq = h.seq
		h.board.ApplyEvent(d.Event)
		e := d.Event
		h.events = append(h.events, e)
		if h.hurt[e.Incident] == nil {
			h.hurt[e.Incident] = map[string]bool{}
		}
		if e.Kind == incident.Level && impact.Level(e.To).Hurt() {
			h.hurt[e.Incident][e.Product] = true
		}
		for _, told := range slices.Concat(d.First, d.Then) {
			if told.Dest == replayChannel {
				h.read(e, told)
			}
		}
	}
	return nil
}

// answers reads what people are answered at an instant: of all products, and
// of each.
func (h *heard) answers(now time.Time) {
	snap, before := h.board.Snapshot(now), len(h.together)
	quiet := format.QuietNow(snap, h.board.Log().Open(), h.board.Pooled)
	h.answer(now, format.Summary(format.SummaryFacts{Snapshot: snap, Open: h.board.Log().Incidents, Command: "/status", Quiet: quiet}))
	h.answer(now, format.Home(format.HomeFacts{Snapshot: snap, Open: opened(h.board.Log().Incidents), Last: h.board.Log().LastOver(), Quiet: quiet}))
	if inc, ok := h.board.Log().Last(replayChannel); ok {
		for _, ago := range []time.Duration{20 * time.Minute, 2 * time.Hour} {
			h.answer(now, h.since(now, now.Add(-ago), snap, inc))
		}
	}
	for _, p := range snap.Products {
		if d, ok := h.board.Drill(now, p.ID); ok {
			h.answer(now, format.Product(format.ProductFacts{Drill: d, Quiet: quiet}))
		}
	}
	h.answer(now, format.AllProducts(snap, quiet))
	for _, f := range reader.Together(h.together[before:]) {
		h.faults = append(h.faults, found{f, now, ""})
	}
	h.together = h.together[:before]
	if inc, ok := h.board.Log().Last(replayChannel); ok {
		h.answer(now, format.Timeline(format.TimelineFacts{Incident: inc, Snapshot: snap, Command: "/status"}))
	}
}

// opened are the incidents that are open, as the home tells them.
func opened(all []incident.Incident) (open []format.OpenIncident) {
	for _, inc := range all {
		if inc.Open() {
			open = append(open, format.OpenIncident{Incident: inc})
		}
	}
	return open
}

// since is what who was away is answered.
func (h *heard) since(now, at time.Time, snap status.Snapshot, inc incident.Incident) format.Message {
	f := format.HandoverFacts{Since: at, Snapshot: snap, Incident: inc, Command: "/status", Before: map[string]incident.Counts{},
		Quiet: format.QuietNow(snap, []incident.Incident{inc}, h.board.Pooled)}
	if !inc.Open() && inc.EndedAt.Before(at) {
		f.Incident = incident.Incident{}
	}
	if h.from.After(at) {
		f.First = h.from
	}
	for _, p := range snap.Products {
		f.Before[p.ID] = h.board.Between(p.ID, at.Add(-snap.Window), at)
	}
	return format.Handover(f)
}

// reports reads the report of each incident, and holds its figures against each
// other.
func (h *heard) reports() {
	for _, inc := range h.board.Log().Incidents {
		var events []incident.Event
		for _, e := range h.events {
			if e.Incident == inc.ID {
				events = append(events, e)
			}
		}
		r, ok := report.New(report.Facts{Events: events, Definition: h.board.Definition()})
		if !ok {
			continue
		}
		h.answered++
		now, shown := h.board.Snapshot(h.last).At, string(r.Markdown())
		s := reader.Said{At: now, From: h.from, Products: len(h.board.Definition().Products), Ever: len(h.hurt[inc.ID]), Long: true, Shown: shown}
		for _, f := range reader.Report(s) {
			f.Kind += " (report)"
			h.faults = append(h.faults, found{f, now, shown})
		}
		if c := inc.Harmed; c.Failures > 0 { // what was slow the report tells of each product alone
			if h.harmed++; !strings.Contains(shown, "("+count(c.Failures)+" of "+count(c.Tries)+")") {
				h.faults = append(h.faults, found{reader.Fault{Kind: "impact (report)", What: fmt.Sprintf("the last update says %+v", c)}, now, shown})
			}
		}
	}
}

func count(n int) string { return text.Count(n) }

func (h *heard) answer(now time.Time, m format.Message) {
	h.answered++
	h.words.WriteString("=== " + now.UTC().Format("15:04:05") + " answer\n" + plainText(m))
	s := reader.Said{At: now, From: h.from, Products: len(h.board.Definition().Products), Ever: len(h.board.Definition().Products), Long: true, Text: m.Text, Shown: sent(m), Told: h.told, Pace: h.pace}
	h.together = append(h.together, s)
	for _, f := range reader.Read(s) {
		f.Kind += " (answer)"
		h.faults = append(h.faults, found{f, now, s.Shown})
	}
}

// sent is a message as its sections and contexts are sent.
func sent(m format.Message) string {
	var b strings.Builder
	for _, block := range m.Blocks {
		if text := block.Section + block.Context; text != "" {
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

func (h *heard) read(e incident.Event, told publish.Telling) {
	inc, _ := h.board.Log().Find(e.Incident)
	s := reader.Said{At: told.At, From: h.from, Opened: inc.OpenedAt, Products: len(h.board.Definition().Products), Ever: len(h.hurt[e.Incident]), Text: told.Message.Text, Shown: sent(told.Message), Pace: h.pace}
	s.Post = e.Kind == incident.Update && e.Post == e.N
	if h.told = ""; e.Kind == incident.Update && inc.Open() {
		h.told, _, _ = strings.Cut(s.Shown, "\n")
	}
	how := "edit"
	switch {
	case e.Kind != incident.Update:
		how = "reply"
		h.replies++
	case e.Post == e.N:
		h.updates++
		h.posts, how = h.posts+1, "post"
		h.said = append(h.said, told.At.UTC().Format("15:04:05 ")+e.Why+"\n"+plainText(told.Message))
	default:
		h.updates++
	}
	fmt.Fprintf(&h.words, "=== %s %s\n%s", told.At.UTC().Format("15:04:05"), how, plainText(told.Message))
	if h.stories == nil {
		h.stories = map[string]*reader.Story{}
	}
	if h.stories[e.Incident] == nil {
		h.stories[e.Incident] = &reader.Story{}
	}
	for _, f := range h.stories[e.Incident].Next(s) {
		h.faults = append(h.faults, found{f, told.At, s.Shown})
	}
}

// report fails the test with each kind of fault, how often it was found, and
// the first of it.
func (h *heard) report(t *testing.T) {
	t.Helper()
	t.Logf("%d updates, %d posts, %d answers, %d ends with what failed", h.updates, h.posts, h.answered, h.harmed)
	if os.Getenv("STATUSBOT_TEST_WORDS") != "" {
		t.Log("\n" + h.words.String())
	}
	byKind := map[string][]found{}
	for _, f := range h.faults {
		byKind[f.Kind] = append(byKind[f.Kind], f)
	}
	for _, list := range byKind {
		t.Errorf("%d times %s\nat %s\n%s", len(list), list[0].Fault, list[0].at.UTC().Format(time.DateTime), list[0].shown)
	}
}

// weather is a few hours of a small company: what fails how, since its begin.
type weather struct {
	name string
	// share is how much of a check's requests fail, in parts of one, and by how
	// much its answers are slower.
	share func(c checks.Check, at time.Duration) (failing, slower float64)
	// told is how many updates there are at least.
	told int
}

func through(component string, c checks.Check) bool { return slices.Contains(c.Uses, component) }

func between(at, from, to time.Duration) bool { return at >= from && at < to }

var weathers = []weather{
	{"quiet", func(checks.Check, time.Duration) (float64, float64) { return 0.002, 1 }, 0},
	{"intermittent", func(c checks.Check, at time.Duration) (float64, float64) {
		if through("edge", c) && between(at, 0, 100*time.Minute) {
			return 0.08, 1
		}
		return 0.002, 1
	}, 20},
	{"down six minutes", func(c checks.Check, at time.Duration) (float64, float64) {
		if c.Product == "billing" && between(at, 0, 6*time.Minute) {
			return 1, 1
		}
		return 0.002, 1
	}, 4},
	{"steps", func(c checks.Check, at time.Duration) (float64, float64) {
		if !through("edge", c) || at < 0 || at > 2*time.Hour {
			return 0.002, 1
		}
		return []float64{0.04, 0.12, 0.03, 0.2}[int(at/(30*time.Minute))%4], 1
	}, 20},
	{"two at once", func(c checks.Check, at time.Duration) (float64, float64) {
		switch {
		case c.Product == "mail" && between(at, 20*time.Minute, 50*time.Minute):
			return 1, 1
		case through("edge", c) && between(at, 0, 90*time.Minute):
			return 0.1, 1
		}
		return 0.002, 1
	}, 15},
	{"flapping", func(c checks.Check, at time.Duration) (float64, float64) {
		if through("edge", c) && between(at, 0, 2*time.Hour) && at%(12*time.Minute) < 4*time.Minute {
			return 0.6, 1
		}
		return 0.002, 1
	}, 20},
	{"slow", func(c checks.Check, at time.Duration) (float64, float64) {
		if through("db", c) && between(at, 0, time.Hour) {
			return 0.002, 4
		}
		return 0.002, 1
	}, 10},
	{"always some", func(c checks.Check, at time.Duration) (float64, float64) {
		if c.ID == "search-login" {
			return 0.2, 1 // what is usual for it
		}
		if c.Product == "reports" && between(at, 0, time.Hour) {
			return 0.3, 1
		}
		return 0.002, 1
	}, 10},
}

// TestTheReaderFindsNothing, over a few hours of each weather: every update is
// true and calm as far as a reader can tell. The small form reads every other weather.
func TestTheReaderFindsNothing(t *testing.T) {
	t.Parallel()
	for i, w := range weathers {
		if i%longtest.Of(2, 1) != 0 {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			h := newHeard(status.NewBoard(readCompany()))
			h.from, h.pace = readBegins.Add(-readLearns), 9
			h.live(t, w, 3*time.Hour)
			h.reports()
			h.report(t)
			if h.updates < w.told {
				t.Errorf("%d updates, want %d or more", h.updates, w.told)
			}
		})
	}
}

const readLearns = 2 * time.Hour

var readBegins = time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)

func readCompany() status.Definition {
	def := status.Definition{Company: "Acme", Normal: readBegins, Components: []status.Component{{ID: "edge"}, {ID: "db"}, {ID: "auth"}}}
	for i, name := range []string{"Billing", "Search", "Mail", "Reports", "Payroll", "Wiki", "Maps", "Ledger"} {
		id := strings.ToLower(name)
		def.Products = append(def.Products, status.Product{ID: id, Name: name, SaysDegraded: "Some of it fails"})
		for _, what := range []string{"page", "api", "login"} {
			c := checks.Check{ID: id + "-" + what, Product: id, Kind: "http", Every: 20 * time.Second, Timeout: 3 * time.Second}
			if i < 5 {
				c.Uses = append(c.Uses, "edge")
			}
			if i%2 == 0 {
				c.Uses = append(c.Uses, "db")
			}
			if what == "login" {
				c.Uses = append(c.Uses, "auth")
			}
			def.Checks = append(def.Checks, c)
		}
	}
	return def
}

func (h *heard) live(t *testing.T, w weather, length time.Duration) {
	t.Helper()
	list := h.board.Definition().Checks
	for at := h.from; at.Before(readBegins.Add(length)); at = at.Add(time.Second) {
		var batch []checks.Result
		for i, c := range list {
			if (at.Unix()+int64(i))%20 == 0 {
				failing, slower := w.share(c, at.Sub(readBegins))
				batch = append(batch, readResult(c, at, failing, slower))
			}
		}
		h.board.Apply(uint64(at.Unix()), batch)
		if at.Unix()%5 == 0 {
			if err := h.step(h.board.Snapshot(at.Add(time.Second))); err != nil {
				t.Fatal(err)
			}
		}
		if at.Sub(readBegins) > -time.Minute && at.Unix()%420 == 0 {
			h.answers(at.Add(time.Second))
		}
	}
}

// TestTheReaderFindsNothingInScenarios reads every update of generated
// scenarios, if a folder of them is named.
func TestTheReaderFindsNothingInScenarios(t *testing.T) {
	dir := os.Getenv(scenariosEnv)
	if dir == "" {
		t.Skip("no scenarios: " + scenariosEnv + " names a folder of folders with config.json and results.jsonl")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "config.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenario in %s (%v)", dir, err)
	}
	slices.Sort(files)
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) { readScenario(t, filepath.Dir(file)) })
	}
}

// answersEvery is how often all answers are read of a scenario while it has an incident.
const answersEvery = 17 * time.Minute

func readScenario(t *testing.T, dir string) {
	t.Parallel()
	file := filepath.Join(dir, "config.json")
	s, _, err := scenario.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(filepath.Join(dir, "results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	h := newHeard(status.NewBoard(s.Definition(file)))
	h.from = s.Start
	p := &player{board: h.board, start: s.Start, render: func(snap status.Snapshot) error {
		if inc, ok := h.board.Log().Last(replayChannel); ok && (inc.Open() || snap.At.Sub(inc.EndedAt) < time.Hour) && snap.At.Sub(h.asked) >= answersEvery {
			h.asked = snap.At
			h.answers(snap.At)
		}
		return h.step(snap)
	}}
	if values, err := os.Open(filepath.Join(dir, "metrics.jsonl")); err == nil {
		defer values.Close()
		p.metrics = newMetricLines(values)
	}
	if err := p.play(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	h.reports()
	h.asItWas(t, dir, s.Start)
	h.report(t)
}

// readResult is one result, drawn by its check and second alone.
func readResult(c checks.Check, at time.Time, failing, slower float64) checks.Result {
	sum := fnv.New64a()
	fmt.Fprint(sum, c.ID)
	draw := rand.New(rand.NewPCG(uint64(at.Unix()), sum.Sum64()))
	r := checks.Result{Check: c.ID, Product: c.Product, Started: at, Outcome: checks.Pass, Duration: time.Duration(slower * float64(time.Duration(40+draw.IntN(60))*time.Millisecond))}
	if draw.Float64() < failing {
		r.Outcome, r.Reason, r.Summary, r.Duration = checks.Fail, checks.ReasonTimeout, "no answer within 3 s (connect)", 3*time.Second
	}
	return r
}
