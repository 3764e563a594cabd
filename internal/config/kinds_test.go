package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// echoOptions has every shape that a kind's own part may have.
type echoOptions struct {
	Text   string            `mapstructure:"text"`
	Count  uint8             `mapstructure:"count"`
	Share  float64           `mapstructure:"share"`
	Wait   time.Duration     `mapstructure:"wait"`
	On     *bool             `mapstructure:"on"`
	At     time.Time         `mapstructure:"at"` // a TextUnmarshaler
	Nested map[string][]int8 `mapstructure:"nested"`
	Common echoCommon        `mapstructure:",squash"`
	Sought string            `mapstructure:"sought" empty:"refused"`
	secret string
}

type echoCommon struct {
	Retry int `mapstructure:"retry"`
}

// echoKinds is a table with one kind, whose Build repeats the text that it
// was given in every sort of error.
func echoKinds(build func(checks.Check) (probe.Probe, error)) kindTable {
	kind := probe.Kind{Name: "echo", Options: func() any { return &echoOptions{Common: echoCommon{Retry: 7}, secret: "kept"} }, Build: build}
	return kindTable{
		lookup: func(name string) (probe.Kind, bool) { return kind, name == "echo" },
		names:  func() []string { return []string{"echo"} },
	}
}

func TestKindShapes(t *testing.T) {
	path := write(t, `products: [{id: p}]
checks:
  - id: a
    product: p
    kind: echo
    echo:
      text: ${EMPTY}$x$
      count: 200
      share: 1
      wait: 1h30m
      on: false
      at: 2026-11-22T10:00:00Z
      nested: {A.b: [-1, 0x7f], Ä: 3}
`)
	var got *echoOptions
	_, err := load(path, environment(map[string]string{"EMPTY": ""}), echoKinds(func(c checks.Check) (probe.Probe, error) {
		got = c.Options.(*echoOptions)
		return nil, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := &echoOptions{
		Text: "$x$", Count: 200, Share: 1, Wait: 90 * time.Minute, On: &no, At: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC),
		Nested: map[string][]int8{"A.b": {-1, 127}, "Ä": {3}}, Common: echoCommon{Retry: 7}, secret: "kept",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(echoOptions{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestKindProblems(t *testing.T) {
	path := write(t, `products: [{id: p}]
checks:
  - id: a
    product: p
    kind: echo
    echo:
      text: ${LONG}/${SHORT}
      nested: {A.b: [1, 2]}
  - {id: b, product: p, kind: echo, echo: {count: 256, share: a lot, wait: 1d, at: today, retrys: 1, nested: [1], secret: x}}
  - {id: c, product: p, kind: echo, echo: {count: 010}}
  - {id: d, product: p, kind: echo, echo: {sought: "", text: ""}}
  - {id: e, product: p, kind: echo, echo: {sought: "${EMPTY}"}}
`)
	env := environment(map[string]string{"LONG": "hunter2-and-\"more\"", "SHORT": "hunter2", "EMPTY": ""})
	_, err := load(path, env, echoKinds(func(c checks.Check) (probe.Probe, error) {
		text := c.Options.(*echoOptions).Text
		return nil, errors.Join(
			&probe.OptionError{Key: "nested.A.b[1]", Problem: "does not go with " + text, Instead: "write less than " + text},
			fmt.Errorf("compile: %w", &probe.OptionError{Key: "text", Problem: fmt.Sprintf("%q is wrong", text)}),
			fmt.Errorf("no key is to blame for %s\nsecond line", text),
		)
	}))
	if err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a variable's value is shown")
	}
	want := `:6: checks[0].echo: no key is to blame for ${LONG}/${SHORT}
:7: checks[0].echo.text: "${LONG}/${SHORT}" is wrong
:8: checks[0].echo.nested.A.b[1]: does not go with ${LONG}/${SHORT}; write less than ${LONG}/${SHORT}
:9: checks[1].echo.count: "256" is out of range
:9: checks[1].echo.share: must be a number, but is "a lot"
:9: checks[1].echo.wait: "1d" is not a duration; write "24h"
:9: checks[1].echo.at: "today" does not fit
:9: checks[1].echo.retrys: unknown key; did you mean "retry"?
:9: checks[1].echo.nested: must be names with values, but is a list; write {name: value}
:9: checks[1].echo.secret: unknown key; known here: at, count, nested, on, retry, share, sought, text, wait
:10: checks[2].echo.count: "010" is a number that not everybody reads alike; write it without the zero before it
:11: checks[3].echo.sought: is empty, and so would be in every answer; write a text, or leave it out
:12: checks[4].echo.sought: is empty, and so would be in every answer; write a text, or leave it out`
	if diff := cmp.Diff(want, strings.ReplaceAll(err.Error(), path, "")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"depends_on", "every", "id", "timeout", "url", "uses"}
	for name, want := range map[string]string{
		"timout": "timeout", "TimeOut": "timeout", "dependsOn": "depends_on", "depends-on": "depends_on", "evrey": "every",
		"ulr": "url", "use": "uses", "ID": "id", "x": "", "": "", "interval": "", strings.Repeat("a", 1000): "",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("nearest(%.20q) = %q, want %q", name, got, want)
		}
	}
}
