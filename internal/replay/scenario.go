package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// scenario is a recorded stretch of a company, as the fault scenarios describe
// it: what replay takes in the place of a configuration. Times are seconds
// since Start.
type scenario struct {
	Scenario    string              `json:"scenario"`
	Start       time.Time           `json:"start"`
	BaselineS   float64             `json:"baseline_s"` // before it all is normal
	LengthS     float64             `json:"length_s"`
	FalseAlarms float64             `json:"false_alarms_per_product_per_30d"`
	Products    []string            `json:"products"`
	Probes      []string            `json:"probes"`
	Checks      []scenarioCheck     `json:"checks"`
	Components  []scenarioComponent `json:"components"`
}

type scenarioCheck struct {
	ID         string   `json:"id"`
	Product    string   `json:"product"`
	Probe      string   `json:"probe"`
	Region     string   `json:"region"`
	IntervalS  float64  `json:"interval_s"`
	TimeoutMS  float64  `json:"timeout_ms"`
	Components []string `json:"components"`
}

type scenarioComponent struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	DependsOn []string `json:"depends_on"`
}

// readScenario reads a scenario's config.json; ok is false when the file is
// not JSON, and so a configuration.
func readScenario(file string) (s scenario, ok bool, err error) {
	if !strings.HasSuffix(file, ".json") {
		return s, false, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return s, true, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, true, fmt.Errorf("%s: %w", file, err)
	}
	switch {
	case s.Start.IsZero():
		return s, true, fmt.Errorf("%s: start is missing; write a time such as 2026-03-02T00:00:00Z", file)
	case len(s.Checks) == 0 || len(s.Products) == 0:
		return s, true, fmt.Errorf("%s: products and checks must not be empty", file)
	}
	for i, c := range s.Checks {
		if c.ID == "" || !slices.Contains(s.Products, c.Product) || c.IntervalS <= 0 {
			return s, true, fmt.Errorf("%s: checks[%d] needs an id, a product of the list and interval_s above 0", file, i)
		}
	}
	return s, true, nil
}

// definition is the company of a scenario.
func (s scenario) definition(file string) status.Definition {
	def := status.Definition{Company: s.Scenario, FalseAlarms: s.FalseAlarms, Normal: s.Start.Add(inSeconds(s.BaselineS))}
	for _, c := range s.Components {
		def.Components = append(def.Components, status.Component{ID: c.ID, Name: c.ID, DependsOn: c.DependsOn})
	}
	for _, p := range s.Products {
		def.Products = append(def.Products, status.Product{ID: p, Name: p, Source: checks.Source{File: file}})
	}
	for _, c := range s.Checks {
		def.Checks = append(def.Checks, checks.Check{ID: c.ID, Product: c.Product, Kind: "http", Every: inSeconds(c.IntervalS),
			Timeout: inSeconds(c.TimeoutMS / 1000), Uses: c.Components, Region: c.Region, Source: checks.Source{File: file}})
	}
	return def
}

func inSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// recorded is one line of a scenario's results.
type recorded struct {
	T         float64 `json:"t"` // seconds since the start; when the result was there
	Check     string  `json:"check"`
	Product   string  `json:"product"`
	Probe     string  `json:"probe"`
	OK        *bool   `json:"ok"`
	LatencyMS float64 `json:"latency_ms"`
	Error     string  `json:"error"`
}

var errRecorded = errors.New(`a result needs "t", "check" and "ok"`)

func (r recorded) result(start time.Time) (checks.Result, error) {
	if r.Check == "" || r.OK == nil {
		return checks.Result{}, errRecorded
	}
	took := inSeconds(r.LatencyMS / 1000)
	out := checks.Result{Check: r.Check, Product: r.Product, Vantage: r.Probe, Started: start.Add(inSeconds(r.T) - took), Duration: took, Outcome: checks.Pass}
	if !*r.OK {
		out.Outcome, out.Reason, out.Summary = checks.Fail, recordedReason(r.Error), r.Error
	}
	return out, nil
}

func recordedReason(s string) checks.Reason {
	switch s {
	case "timeout":
		return checks.ReasonTimeout
	case "connect":
		return checks.ReasonConnect
	case "http_5xx":
		return checks.ReasonStatus
	default:
		return checks.ReasonAssertion
	}
}
