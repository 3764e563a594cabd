package browser

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// Step is one thing that a person does at a page, or waits for. Exactly
// one of Visible, Click, Fill, Press, Text and URL is given.
type Step struct {
	Visible string `mapstructure:"visible"` // CSS selector of what must be seen
	Click   string `mapstructure:"click"`   // CSS selector
	Fill    string `mapstructure:"fill"`    // CSS selector of a field, with Value, Secret or SecretFile
	Press   string `mapstructure:"press"`   // name of a key, as of keys
	Text    string `mapstructure:"text"`    // words that must be seen, white space is all the same
	URL     string `mapstructure:"url"`     // address to wait for; * stands for anything

	Value      string        `mapstructure:"value"`       // to fill in
	Secret     string        `mapstructure:"secret"`      // to fill in, and never to be shown
	SecretFile string        `mapstructure:"secret_file"` // holds the secret alone, read at each probe
	In         string        `mapstructure:"in"`          // with Text, Press: CSS selector of where
	Within     time.Duration `mapstructure:"within"`      // how long to wait; stepWithin unless given
}

// stepWithin is how long a step waits unless it says so: a person has given up
// by then.
const stepWithin = 5 * time.Second

// lookWithin is how long a look may take: a page that does not answer by then
// is kept busy by its own script.
const lookWithin = time.Second

// preparedStep is a step, compiled.
type preparedStep struct {
	does   string // for people: "click #pay"
	look   pageLook
	value  string
	hidden bool // what is typed is secret
	secret probe.Password
	key    key
	url    *regexp.Regexp
	within time.Duration
}

func newStep(c checks.Check, o *Options, s *Step) (preparedStep, error) {
	step := preparedStep{within: s.Within}
	if step.within == 0 {
		step.within = stepWithin
	}
	given := 0
	for _, one := range []struct{ does, what string }{
		{"visible", s.Visible}, {"click", s.Click}, {"fill", s.Fill}, {"press", s.Press}, {"text", s.Text}, {"url", s.URL},
	} {
		if one.what == "" {
			continue
		}
		given++
		step.does = one.does + " " + one.what
		step.look = pageLook{Do: one.does, Selector: one.what}
	}
	fills := s.Value != "" || s.Secret != "" || s.SecretFile != ""
	switch {
	case given != 1:
		return preparedStep{}, nil // the caller says so
	case s.Within < 0:
		return step, &probe.OptionError{Key: "within", Problem: "is less than 0"}
	case fills && s.Fill == "":
		return step, &probe.OptionError{Key: "value", Problem: "is given without fill", Instead: "write fill: with the selector of the field"}
	case s.Value != "" && (s.Secret != "" || s.SecretFile != ""):
		return step, &probe.OptionError{Key: "value", Problem: "is given beside a secret", Instead: "write one of them"}
	case s.In != "" && s.Text == "" && s.Press == "":
		return step, &probe.OptionError{Key: "in", Problem: "goes with text and press alone"}
	}
	switch step.look.Do {
	case "fill":
		step.value, step.hidden = s.Value, s.Secret != "" || s.SecretFile != ""
		var err error
		if step.secret, err = probe.NewSecret(c, "secret", s.Secret, o.Dir, s.SecretFile); err != nil {
			return step, err
		}
	case "press":
		key, ok := keys[s.Press]
		if !ok {
			return step, &probe.OptionError{Key: "press", Problem: "is not a key", Instead: "write one of " + strings.Join(slices.Sorted(maps.Keys(keys)), ", ")}
		}
		step.key, step.look.Selector = key, s.In
	case "text":
		step.does = "text " + probe.Quoted(s.Text)
		step.look.Selector, step.look.Text = s.In, redact.OneSpaced(s.Text)
		if step.look.Text == "" {
			return step, &probe.OptionError{Key: "text", Problem: "is white space alone"}
		}
	case "url":
		step.look.Selector = ""
		parts := strings.Split(s.URL, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		step.url = regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`)
	}
	step.does = claim.Shorten(probe.OneLine(step.does))
	return step, nil
}

// step does one step. Not ok is a result that is no pass.
func (v *visit) step(ctx context.Context, i int, s preparedStep, typed string) (checks.Result, bool) {
	name := fmt.Sprintf("step %d of %d, %s", i+1, len(v.probe.steps), s.does)
	bound := time.NewTimer(s.within)
	defer bound.Stop()
	tick := time.NewTicker(pageEvery)
	defer tick.Stop()
	lookAt := s.look
	if s.hidden || lookAt.Do == "fill" {
		lookAt.Text = typed
	}
	var before pageSight
	problem := ""
	for {
		if r, ok := v.trouble(name); !ok {
			return r, false
		}
		soon, cancel := context.WithTimeout(ctx, lookWithin)
		sight, err := v.look(soon, lookAt)
		late := soon.Err() != nil
		cancel()
		switch {
		case err != nil && ctx.Err() != nil:
			return v.interrupted(ctx, name+": "+cmp.Or(problem, "the page does not answer")), false
		case err != nil && late:
			problem = "the page does not answer"
		case err != nil: // the page went away under the look
			problem = "the page is being replaced"
		case sight.State == "selector":
			return probe.Internal(name + ": it is not a CSS selector"), false
		default:
			problem = s.problem(sight)
			if problem == "" && s.still(before, sight) {
				return v.perform(ctx, name, s, sight, typed)
			}
			if problem == "" {
				problem = "it moves all the time"
			}
			before = sight
		}
		select {
		case <-tick.C:
		case <-bound.C:
			return v.missed(name, problem, s.within), false
		case <-ctx.Done():
			return v.interrupted(ctx, name+": "+problem), false
		}
	}
}

// problem says what is not yet as the step wants it.
func (s preparedStep) problem(sight pageSight) string {
	if s.url != nil {
		if s.url.MatchString(sight.URL) {
			return ""
		}
		return "the address is " + probe.Quoted(sight.URL)
	}
	switch sight.State {
	case "ok":
		return ""
	case "absent":
		return "not there"
	case "hidden":
		return "not visible"
	case "disabled":
		return "disabled"
	case "covered":
		return "covered by " + sight.Detail
	case "readonly":
		return "not a field to write in"
	case "option":
		return "has no such option"
	case "unfocused":
		return "does not take the focus"
	case "unread":
		return "not seen"
	}
	return "not as wanted"
}

// still reports whether what is to be clicked has stayed where it was since
// the last look: a list that moves makes a click land beside it.
func (s preparedStep) still(before, now pageSight) bool {
	return s.look.Do != "click" || before.State == "ok" && before.X == now.X && before.Y == now.Y
}

// missed is the result of a step that was waited for in vain.
func (v *visit) missed(name, problem string, waited time.Duration) checks.Result {
	if busy := v.page.asking(); busy != "" {
		problem += "; still waiting for " + probe.Quoted(busy)
	}
	return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: name + ": " + problem + " within " + probe.Span(waited)}
}

// perform does what is to be done, now that it can be.
func (v *visit) perform(ctx context.Context, name string, s preparedStep, sight pageSight, typed string) (checks.Result, bool) {
	var err error
	switch s.look.Do {
	case "click":
		err = v.page.click(ctx, sight.X, sight.Y)
	case "press":
		err = v.page.press(ctx, s.key)
	case "fill":
		if sight.Detail == "type" { // the field has the focus, and all of it is marked
			err = v.page.insert(ctx, typed)
		}
	}
	if err == nil {
		return checks.Result{}, true
	}
	if r, ok := v.trouble(name); !ok {
		return r, false
	}
	if ctx.Err() != nil {
		return v.interrupted(ctx, name+": the page does not answer"), false
	}
	r := probe.Internal(name + ": the browser refuses it")
	r.Evidence = &checks.Evidence{Output: err.Error()}
	return r, false
}

// key is a key as the protocol has it.
type key struct {
	name, code, text string
	number           int64 // of Windows, by which pages of old know keys
}

var keys = map[string]key{
	"Enter":      {"Enter", "Enter", "\r", 13},
	"Tab":        {"Tab", "Tab", "", 9},
	"Escape":     {"Escape", "Escape", "", 27},
	"Backspace":  {"Backspace", "Backspace", "", 8},
	"Delete":     {"Delete", "Delete", "", 46},
	"Space":      {" ", "Space", " ", 32},
	"ArrowUp":    {"ArrowUp", "ArrowUp", "", 38},
	"ArrowDown":  {"ArrowDown", "ArrowDown", "", 40},
	"ArrowLeft":  {"ArrowLeft", "ArrowLeft", "", 37},
	"ArrowRight": {"ArrowRight", "ArrowRight", "", 39},
	"PageUp":     {"PageUp", "PageUp", "", 33},
	"PageDown":   {"PageDown", "PageDown", "", 34},
	"Home":       {"Home", "Home", "", 36},
	"End":        {"End", "End", "", 35},
}
