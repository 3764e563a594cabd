package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/demo"
)

// faulty is what the story breaks, and how: first so little that clients
// hardly agree on it, then more.
const (
	faultyPart = "edge-lb"
	faultyKind = "error"
	faultyRate = 0.05
	worseRate  = 0.15
)

// story plays the demo's two minutes: what happens to the company, and what
// its people say and ask meanwhile, through the workspace's control API as if
// they typed it.
type story struct {
	plan demoPlan
	firm *demo.Company
	w    world
	log  *zap.Logger
	url  string // of the workspace
}

// scene is one step of the story.
type scene struct {
	after time.Duration // since the scene before
	text  string        // announced on the page and in the terminal
	play  func(ctx context.Context) error
}

func (s *story) tell(ctx context.Context, workspace string) error {
	s.url = workspace
	fmt.Fprintln(s.w.err, "Open it and watch #incident-demo; what happens is told here as well. Ctrl-C ends it.")
	for _, sc := range s.scenes() {
		if sc.text != "" {
			s.firm.Tell(sc.text, false)
		}
		select {
		case <-time.After(sc.after):
		case <-ctx.Done():
			return nil
		}
		if err := sc.play(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("a scene of the demo failed", zap.String("scene", sc.text), zap.Error(err))
		}
		if sc.text != "" {
			s.firm.Tell(sc.text, true)
			fmt.Fprintf(s.w.out, "%s  %s\n", time.Now().Format(time.TimeOnly), sc.text)
		}
	}
	return nil
}

// beat is a pause that a reader needs.
const beat = 5 * time.Second

// When things happen, after the fault began and before the repair. An action is
// compared with the five units before it, and judged by the units after it but
// the first (impact.EffectUnit: 3 s in the demo's window), so nothing else may
// happen in 18 s on each side of the one that is tried in vain.
const (
	worseAfter  = 16 * time.Second // the channel has its first update
	triedBefore = 20 * time.Second
	leastWorse  = 19 * time.Second
)

func (s *story) scenes() []scene {
	list := []scene{{after: beat, text: "Ana asks /status: everything as usual", play: s.says("ana", "/status")}}
	if s.plan.breakAfter <= 0 {
		return list
	}
	list = append(list,
		scene{after: max(0, s.plan.breakAfter-beat), text: fmt.Sprintf("%s begins to fail %.0f %% of requests", faultyPart, faultyRate*100), play: s.fails(faultyRate)},
	)
	before := time.Duration(0) // of the time until the repair that scenes have used
	at := func(after time.Duration, text string, play func(context.Context) error) {
		if after < before || s.plan.healAfter > 0 && after >= s.plan.healAfter {
			return // no time for it
		}
		list = append(list, scene{after: after - before, text: text, play: play})
		before = after
	}
	at(6*time.Second, "", s.says("chandra", "Two clients write that a payment failed and then worked. Anybody else?"))
	at(10*time.Second, "", s.says("ben", "Same for search here. Nothing is down, it just fails now and then."))
	tried := s.plan.healAfter - triedBefore
	if s.plan.healAfter <= 0 {
		tried = worseAfter + leastWorse
	}
	// What she asks for is hurt by then, for sure where it is worse.
	drills := func(after time.Duration) {
		at(after, "Ana drills down: /status billing", s.says("ana", "/status billing"))
	}
	if tried < worseAfter+leastWorse {
		drills(14 * time.Second)
	} else {
		at(worseAfter, fmt.Sprintf("it gets worse: %s fails %.0f %%", faultyPart, worseRate*100), s.fails(worseRate))
		drills(worseAfter + 2*beat)
		at(tried, "Chandra tries something, and marks it: no effect is to be seen", s.says("chandra", "/status mark restarted the search workers"))
		at(tried+8*time.Second, "", s.says("ben", "Everything that fails goes through "+faultyPart+". I restart it."))
	}
	if s.plan.healAfter <= 0 {
		return list
	}
	return append(list,
		scene{after: s.plan.healAfter - before, text: "Ben restarts " + faultyPart + ", and marks it", play: s.repair},
		scene{after: 3 * beat, text: "statusbot says whether that helped, and when the recovery is proven; now it is your turn: type /status, or break something", play: func(context.Context) error { return nil }},
	)
}

// fails has the faulty part fail a share of requests.
func (s *story) fails(share float64) func(context.Context) error {
	return func(context.Context) error { return s.firm.Break(faultyPart, faultyKind, share) }
}

// repair restarts the faulty part, and who did it marks that: it ends the time
// by which the action before it is judged.
func (s *story) repair(ctx context.Context) error {
	if err := s.firm.Restart(faultyPart); err != nil {
		return err
	}
	return s.says("ben", "/status mark restarted "+faultyPart)(ctx)
}

// says has a person type into the incident channel.
func (s *story) says(user, text string) func(context.Context) error {
	return func(ctx context.Context) error {
		body, err := json.Marshal(map[string]string{"channel": "incident-demo", "user": user, "text": text})
		if err != nil {
			return fmt.Errorf("encode command: %w", err) // unreachable: strings only
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"sandbox/command", bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("make request: %w", err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return fmt.Errorf("type %q: %w", text, err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("type %q: the workspace answered %s", text, resp.Status)
		}
		return nil
	}
}
