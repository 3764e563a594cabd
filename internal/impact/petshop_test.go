package impact

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// PetShop (Hardt et al., "The PetShop Dataset", CLeaR 2024; data CC-BY-4.0,
// Amazon.com, Inc.) is a shop of some 40 services with injected issues, each
// with its cause. STATUSBOT_PETSHOP names its folder "dataset"; `make petshop`
// runs this.
//
// Each service's own requests are taken as a check that goes through the
// service and all that it calls; its metrics are the component's metrics. The
// call graph does not say what stands behind a load balancer. As it is, Rank
// blames the one in front of the culprit, which is as bad as the culprit seen
// from outside; so it is told what each one's name says, as whoever writes a
// configuration would. Both figures are printed; docs/causes.md judges them.
//
// The bounds of the second are those of the best published traversal (first)
// and of the best fallback (among three) on low and high traffic.
func TestPetShop(t *testing.T) {
	root := os.Getenv("STATUSBOT_PETSHOP")
	if root == "" {
		t.Skip("STATUSBOT_PETSHOP is not set: the folder \"dataset\" of https://github.com/amazon-science/petshop-root-cause-analysis")
	}
	for _, c := range []struct {
		name              string
		extra             map[string]string
		first, firstThree float64
	}{
		{"call graph as it is", nil, 0, 0.85}, // what it reaches, below the published .88
		{"with what stands behind the load balancers", map[string]string{
			"servi-searc": "PetSearch_AWS::ECS::Fargate",
			"Servi-searc": "PetSearch_AWS::ECS::Fargate",
			"servi-lista": "petlistadoptions_AWS::ECS::Fargate",
			"servi-payfo": "payforadoption_AWS::ECS::Container",
			"servi-petsi": "PetSite",
		}, 0.65, 0.88},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, first, firstThree := 0.0, 0.0, 0.0
			for _, traffic := range []string{"low_traffic", "high_traffic"} {
				shop := readPetShop(t, filepath.Join(root, traffic))
				for name, service := range c.extra {
					balancer := name + ".us-west-2.elb.amazonaws.com_remote"
					shop.calls[balancer] = append(shop.calls[balancer], service)
				}
				issues, err := filepath.Glob(filepath.Join(root, traffic, "train", "issue_*"))
				if err != nil {
					t.Fatal(err)
				}
				for _, dir := range issues {
					place := shop.rankIssue(t, dir)
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
			if first < c.first*n || firstThree < c.firstThree*n {
				t.Errorf("want at least %.2f and %.2f", c.first, c.firstThree)
			}
		})
	}
}

// rankIssue returns the place of an issue's cause, -1 if it is not among the
// suspects.
func (s *petShop) rankIssue(t *testing.T, dir string) int {
	t.Helper()
	var target petTarget
	readPetJSON(t, filepath.Join(dir, "target.json"), &target)
	list, metrics := s.evidence(readPetMetrics(t, filepath.Join(dir, "metrics.csv")), target)
	r := Rank(list, s.services, metrics)
	place := slices.IndexFunc(r.Suspects, func(x Suspect) bool { return x.ID == target.RootCause.Node })
	t.Logf("%s, %s: %s at place %d, %s", dir, target.Target.Metric, target.RootCause.Node, place+1, r.Verdict)
	for _, x := range r.Suspects {
		t.Logf("    %.2f %s: %d of %d failing use it, %d of %d others fail; its own metrics %.1f", x.Score, x.ID, x.Failing, x.FailingAll, x.OthersFailing, x.Others, metrics[x.ID])
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
func (s *petShop) evidence(now petSeries, target petTarget) ([]Evidence, map[string]float64) {
	since := len(now.at)
	for i, at := range now.at {
		if at+300 > target.Target.Timestamp {
			since = i
			break
		}
	}
	var list []Evidence
	metrics := map[string]float64{}
	for _, service := range closureOf(target.Target.Node, s.calls) {
		usual, seen := s.usual.values[service], now.values[service]
		var series []MetricSeries
		for name, values := range seen {
			switch name {
			case "requests Sum": // how much is asked is no sign of health
			case "availability Average":
				series = append(series, MetricSeries{Name: name, Before: lacking(usual[name]), Since: lacking(values[since:])})
			default:
				series = append(series, MetricSeries{Name: name, Before: usual[name], Since: values[since:]})
			}
		}
		if score, ok := MetricScore(series); ok {
			metrics[service] = score
		}
		p99 := finite(usual["latency p99"])
		if len(p99) == 0 {
			continue
		}
		// What is slow is far out: the tail up to p99 is all that the points tell.
		limit := 2 * medianOf(p99)
		normal, before := countPoints(usual, 0, len(s.usual.at), limit), countPoints(seen, 0, since, limit)
		e := Evidence{Check: service, Product: "shop", Uses: closureOf(service, s.calls), Counts: countPoints(seen, since, len(now.at), limit)}
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

// lacking turns per cent of success into shares of failure.
func lacking(available []float64) []float64 {
	out := make([]float64, len(available))
	for i, v := range available {
		out[i] = 1 - v/100
	}
	return out
}

// countPoints counts requests; those above the limit are slow.
func countPoints(m map[string][]float64, from, to int, limit float64) Counts {
	var c Counts
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

func slowShareOf(c Counts) float64 { return float64(c.Slow) / float64(max(1, c.Tries-c.Failures)) }

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
