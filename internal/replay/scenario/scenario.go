// Package scenario reads the form in which the fault scenarios are written: a
// config.json and lines of results. Who makes recordings of a company by other
// means may write it too; docs/replay.md describes it.
package scenario

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// Scenario is a recorded stretch of a company, as the fault scenarios describe
// it: what replay takes in the place of a configuration. Times are seconds
// since Start.
type Scenario struct {
	Scenario    string      `json:"scenario"`
	Start       time.Time   `json:"start"`
	BaselineS   float64     `json:"baseline_s"` // before it all is normal
	LengthS     float64     `json:"length_s"`
	FalseAlarms float64     `json:"false_alarms_per_product_per_30d"`
	Products    []string    `json:"products"`
	Probes      []string    `json:"probes"`
	Checks      []check     `json:"checks"`
	Components  []component `json:"components"`
}

type check struct {
	ID         string   `json:"id"`
	Product    string   `json:"product"`
	Probe      string   `json:"probe"`
	Region     string   `json:"region"`
	IntervalS  float64  `json:"interval_s"`
	TimeoutMS  float64  `json:"timeout_ms"`
	Components []string `json:"components"`
}

type component struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	DependsOn []string `json:"depends_on"`
}

// Read reads a scenario's config.json; ok is false when the file is
// not JSON, and so a configuration.
func Read(file string) (s Scenario, ok bool, err error) {
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

// Definition is the company of a scenario.
func (s Scenario) Definition(file string) status.Definition {
	def := status.Definition{Company: s.Scenario, FalseAlarms: s.FalseAlarms, Normal: s.Start.Add(Seconds(s.BaselineS))}
	for _, c := range s.Components {
		def.Components = append(def.Components, status.Component{ID: c.ID, Name: c.ID, DependsOn: c.DependsOn})
	}
	for _, p := range s.Products {
		def.Products = append(def.Products, status.Product{ID: p, Name: p})
	}
	for _, c := range s.Checks {
		def.Checks = append(def.Checks, checks.Check{ID: c.ID, Product: c.Product, Kind: "http", Every: Seconds(c.IntervalS),
			Timeout: Seconds(c.TimeoutMS / 1000), Uses: c.Components, Region: c.Region, Source: checks.Source{File: file}})
	}
	return def
}

// Seconds makes a duration of a number of them.
func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
