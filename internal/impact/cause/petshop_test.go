package cause

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/statusbot/statusbot/internal/impact"
)

// PetShop (Hardt et al., "The PetShop Dataset", CLeaR 2024; data CC-BY-4.0,
// Amazon.com, Inc.) is a shop of some 40 services with injected issues, each
// with its cause. STATUSBOT_PETSHOP names its folder "dataset"; `make petshop`
// runs this.
//
// Each service's requests are taken as a check that goes through the service
// and all that it calls. A node that calls others reports its requests itself:
// its check is one from inside, and its metrics are its own. One that calls
// none may be no more than what its callers saw of it (AWS X-Ray calls that an
// inferred segment), as the load balancers here are: its check is one from
// outside, and it has no metrics of its own. The call graph is taken as it is,
// though it does not say what stands behind a balancer.
//
// The bounds are those of the best published traversal (first) and of the best
// fallback (among three) on low and high traffic.
//
// All issues have the same cause, so that who always blames what reports for
// itself would be right. So each issue is ranked once more as if the service at
// fault had been as well as it usually is, while those that call it through the
// balancer see what they saw: then the balancer is to blame.
func TestPetShop(t *testing.T) {
	root := os.Getenv("STATUSBOT_PETSHOP")
	if root == "" {
		t.Skip("STATUSBOT_PETSHOP is not set: the folder \"dataset\" of https://github.com/amazon-science/petshop-root-cause-analysis")
	}
	const behind, balancer = "PetSearch_AWS::ECS::Fargate", "servi-searc.us-west-2.elb.amazonaws.com_remote"
	for _, c := range []struct {
		name              string
		well              string // service that is taken to be as usual
		cause             string // empty for the issue's
		own               bool   // slow is what the product calls so
		first, firstThree float64
	}{
		{"as it was", "", "", false, 0.654, 0.885},
		{"had the service been well", behind, balancer, false, 0.9, 0.9},
		{"by the product's own threshold", "", "", true, 0.75, 0.85},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, first, firstThree := 0.0, 0.0, 0.0
			for _, traffic := range []string{"low_traffic", "high_traffic"} {
				shop := readPetShop(t, filepath.Join(root, traffic))
				shop.own = c.own
				issues, err := filepath.Glob(filepath.Join(root, traffic, "train", "issue_*"))
				if err != nil {
					t.Fatal(err)
				}
				for _, dir := range issues {
					place := shop.rankIssue(t, dir, c.well, c.cause)
					n++
					if place == 0 {
						first++
					}
					if place >= 0 && place < 3 {
						firstThree++
					}
				}
			}
			if n == 0 {
				t.Fatalf("no issue under %s", root)
			}
			t.Logf("%.0f issues: first %.0f (%.2f), among the first three %.0f (%.2f)", n, first, first/n, firstThree, firstThree/n)
			if first <= c.first*n || firstThree <= c.firstThree*n {
				t.Errorf("want more than %.3f and %.3f", c.first, c.firstThree)
			}
		})
	}
}

// rankIssue returns the place of an issue's cause, or of the one given, and -1
// if it is not among the suspects.
func (s *petShop) rankIssue(t *testing.T, dir, well, cause string) int {
	t.Helper()
	var target petTarget
	readPetJSON(t, filepath.Join(dir, "target.json"), &target)
	if cause == "" {
		cause = target.RootCause.Node
	}
	seen := readPetMetrics(t, filepath.Join(dir, "metrics.csv"))
	if well != "" {
		for name, values := range seen.values[well] {
			copy(values, s.usual.values[well][name])
		}
	}
	list, metrics := s.evidence(seen, target)
	r := Rank(list, s.services, metrics, nil)
	place := slices.IndexFunc(r.Suspects, func(x Suspect) bool { return x.ID == cause })
	t.Logf("%s, %s: %s at place %d, %s", dir, target.Target.Metric, cause, place+1, r.Verdict)
	for _, x := range r.Suspects {
		t.Logf("    %.2f %s: %d of %d failing use it, %d of %d others fail; its own metrics %.1f", x.Score, x.ID, x.Failing, x.FailingAll, x.OthersFailing, x.Others, metrics[x.ID].Most)
	}
	return place
}

type petTarget struct {
	Target struct {
		Node      string
		Metric    string
		Timestamp float64
	}
	RootCause struct{ Node string } `json:"root_cause"`
}

// petSeries are points of five minutes: service -> metric and statistic ->
// values, NaN where there is none.
type petSeries struct {
	at     []float64 // start of each point, unix seconds
	values map[string]map[string][]float64
}

type petShop struct {
	services []string
	calls    map[string][]string
	usual    petSeries
	own      bool // slow is what the product calls so
}

func readPetShop(t *testing.T, dir string) *petShop {
	t.Helper()
	rows := readPetCSV(t, filepath.Join(dir, "graph.csv"))
	s := &petShop{services: rows[0][1:], calls: map[string][]string{}}
	for _, row := range rows[1:] {
		for i, x := range row[1:] {
			if v, err := strconv.ParseFloat(x, 64); err == nil && v != 0 {
				s.calls[row[0]] = append(s.calls[row[0]], s.services[i])
			}
		}
	}
	s.usual = readPetMetrics(t, filepath.Join(dir, "noissue", "metrics.csv"))
	return s
}

func readPetMetrics(t *testing.T, path string) petSeries {
	t.Helper()
	rows := readPetCSV(t, path)
	p := petSeries{values: map[string]map[string][]float64{}}
	for _, row := range rows[4:] {
		p.at = append(p.at, petNumber(row[0]))
	}
	for j := 1; j < len(rows[0]); j++ {
		service, metric := rows[0][j], rows[1][j]+" "+rows[2][j]
		if p.values[service] == nil {
			p.values[service] = map[string][]float64{}
		}
		for _, row := range rows[4:] {
			p.values[service][metric] = append(p.values[service][metric], petNumber(row[j]))
		}
	}
	return p
}

func petNumber(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

func readPetCSV(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return rows
}

func readPetJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// evidence turns the points since the issue's start into what Rank takes: all
// services that the target goes through, by what the issue is about, failures
// or slowness.
func (s *petShop) evidence(now petSeries, target petTarget) ([]impact.Evidence, map[string]Moved) {
	since := len(now.at)
	for i, at := range now.at {
		if at+300 > target.Target.Timestamp {
			since = i
			break
		}
	}
	var list []impact.Evidence
	metrics := map[string]Moved{}
	for _, service := range closureOf(target.Target.Node, s.calls) {
		usual, seen := s.usual.values[service], now.values[service]
		var series []metricSeries
		for name, values := range seen {
			switch name {
			case "requests Sum": // how much is asked is no sign of health
			case "availability Average":
				series = append(series, metricSeries{name: name, before: lacking(usual[name]), since: lacking(values[since:])})
			default:
				series = append(series, metricSeries{name: name, before: usual[name], since: values[since:]})
			}
		}
		reports := len(s.calls[service]) > 0
		if moved, ok := movedBy(series); ok && reports {
			metrics[service] = moved
		}
		p99 := finite(usual["latency p99"])
		if len(p99) == 0 {
			continue
		}
		// What is slow is far out: the tail up to p99 is all that the points tell.
		slices.Sort(p99)
		limit := 2 * middleIn(p99)
		if s.own {
			limit = petSlow(usual, seen, since)
		}
		normal, before := countPoints(usual, 0, len(s.usual.at), limit), countPoints(seen, 0, since, limit)
		e := impact.Evidence{Check: service, Product: "shop", Uses: closureOf(service, s.calls), Inside: reports, Counts: countPoints(seen, since, len(now.at), limit)}
		// What is not called in normal times has no usual share. These days are
		// five months after the issues: what differed before the onset already
		// does not come from the issue.
		if target.Target.Metric == "latency" {
			e.Tries, e.Failures = e.Tries-e.Failures, 0
			e.UsualSlow = max(slowShareOf(normal), slowShareOf(before))
			normal.Tries -= normal.Failures
		} else {
			e.Slow = 0
			e.Usual = max(normal.Share(), before.Share())
		}
		if normal.Tries < 1000 || e.Tries == 0 {
			continue
		}
		list = append(list, e)
	}
	return list, metrics
}

// The product's threshold: 10 ms above what is usual at least, which follows for 45 min.
const (
	petLeast = 0.010
	petLevel = 9 // points of five minutes
)

// petSlow is the product's own threshold: a level that follows what is usual by now, and
// above it 97 % of what is usual, and a quarter and 10 ms.
func petSlow(usual, seen map[string][]float64, since int) float64 {
	middle := func(v []float64) float64 {
		if v = finite(v); len(v) == 0 {
			return 0
		}
		slices.Sort(v)
		return middleIn(v)
	}
	p50, p95, p99 := middle(usual["latency p50"]), middle(usual["latency p95"]), middle(usual["latency p99"])
	over := p95 / p50 * math.Pow(p99/p95, math.Log(0.05/0.03)/math.Log(0.05/0.01))
	if now := middle(seen["latency p50"][max(since-petLevel, 0):since]); now > 0 {
		p50 = now
	}
	return max(over*p50, 1.25*p50, p50+petLeast)
}

func finite(vs []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(vs), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// lacking turns per cent of success into shares of failure.
func lacking(available []float64) []float64 {
	out := make([]float64, len(available))
	for i, v := range available {
		out[i] = 1 - v/100
	}
	return out
}

// countPoints counts requests; those above the limit are slow.
func countPoints(m map[string][]float64, from, to int, limit float64) impact.Counts {
	var c impact.Counts
	for i := from; i < to; i++ {
		n := m["requests Sum"][i]
		if math.IsNaN(n) {
			continue
		}
		ok := m["availability Average"][i]
		if math.IsNaN(ok) {
			ok = 100
		}
		failed := math.Round(n * (1 - ok/100))
		c.Tries += int(n)
		c.Failures += int(failed)
		c.Slow += int(math.Round((n - failed) * shareAbove(m, i, limit)))
	}
	return c
}

func slowShareOf(c impact.Counts) float64 {
	return float64(c.Slow) / float64(max(1, c.Tries-c.Failures))
}

// shareAbove interpolates between the quantiles that the data have, on a
// scale of ln of latency, and goes on beyond the last as it fell between the
// last two.
func shareAbove(m map[string][]float64, i int, limit float64) float64 {
	var above, at, fall float64
	for _, q := range []struct {
		name  string
		above float64
	}{{"latency p50", 0.5}, {"latency p90", 0.1}, {"latency p95", 0.05}, {"latency p99", 0.01}} {
		v := m[q.name][i]
		if math.IsNaN(v) || v <= 0 {
			return 0
		}
		switch {
		case at == 0 && v >= limit:
			return 1 - q.above
		case v >= limit:
			return above - (above-q.above)*math.Log(limit/at)/math.Log(v/at)
		case v > at && at > 0:
			fall = math.Log(above/q.above) / math.Log(v/at)
		}
		above, at = q.above, v
	}
	return above * math.Pow(at/limit, fall)
}

func closureOf(service string, calls map[string][]string) []string {
	seen := []string{service}
	for i := 0; i < len(seen); i++ {
		for _, c := range calls[seen[i]] {
			if !slices.Contains(seen, c) {
				seen = append(seen, c)
			}
		}
	}
	return seen
}
