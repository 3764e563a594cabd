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

// faulty is what the story breaks, and how.
const (
	faultyPart = "edge-lb"
	faultyKind = "error"
	faultyRate = 0.08
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
const beat = 6 * time.Second

func (s *story) scenes() []scene {
	list := []scene{{after: beat, text: "Ana asks /status: everything as usual", play: s.says("ana", "/status")}}
	if s.plan.breakAfter <= 0 {
		return list
	}
	list = append(list,
		scene{after: max(0, s.plan.breakAfter-beat), text: fmt.Sprintf("%s begins to fail %.0f %% of requests", faultyPart, faultyRate*100),
			play: func(context.Context) error { return s.firm.Break(faultyPart, faultyKind, faultyRate) }},
	)
	before := time.Duration(0) // of the time until the repair that scenes have used
	talk := func(after time.Duration, text string, play func(context.Context) error) {
		if s.plan.healAfter > 0 && before+after >= s.plan.healAfter {
			return // no time for it
		}
		before += after
		list = append(list, scene{after: after, text: text, play: play})
	}
	talk(4*time.Second, "", s.says("chandra", "Two clients write that a payment failed and then worked. Anybody else?"))
	talk(16*time.Second, "", s.says("ben", "Same for search here. Nothing is down, it just fails now and then."))
	talk(6*time.Second, "Ana drills down: /status billing", s.says("ana", "/status billing"))
	talk(12*time.Second, "", s.says("ben", "Everything that fails goes through "+faultyPart+". Restarting it."))
	if s.plan.healAfter <= 0 {
		return list
	}
	return append(list,
		scene{after: s.plan.healAfter - before, text: faultyPart + " is restarted",
			play: s.repair},
		scene{after: 2 * beat, text: "statusbot watches until the recovery is proven; now it is your turn: type /status, or break something", play: func(context.Context) error { return nil }},
	)
}

// repair restarts the faulty part, and who did it marks that, which begins the
// clock of the proof that it helped: the demo's two minutes have no time for
// the longer one.
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
