package ways

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
)

// TestSlackDown: nothing while Slack takes updates; what it lacks for a minute; news
// while it is away; when it is back, that it is, once, and in the channel what was told
// where.
func TestSlackDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, always := &sent{}, &sent{}
		two := wayTo(always, Always)
		two.Name, two.Kind = "two", "webhook"
		s := newStage(t, wayTo(to, SlackDown), two)
		s.start()
		s.update(1, 1, 1, false)
		settle(5 * time.Minute)
		s.want(to, "")

		s.slackDown(true)
		s.why, s.sight = Failure{Fault: elsewhere.Unclear, Says: "HTTP 503"}, Sight{Passes: 2}
		s.update(2, 1, 1, false)
		settle(50 * time.Second)
		s.want(to, "")
		settle(15 * time.Second)
		s.want(to, "began 2")
		if says, want := to.list[0].Says.Plain(), "Told here because Slack has not taken it since 00:05 UTC (1 min): it does not answer (HTTP 503). It is Slack and not our network: our 2 control checks pass.\nImpact update #2: Pay fails 3.0 % of tries (3 of 100).\nSince 00:00 UTC"; says != want {
			t.Errorf("it says\n%s\nwant\n%s", says, want)
		}
		settle(4 * time.Minute)
		s.update(3, 1, 1, false) // as before
		settle(5 * time.Minute)
		s.update(4, 4, 4, false)
		settle(time.Second)
		s.want(to, "began 2, worse 4")
		s.again() // and still it is away
		settle(5 * time.Minute)
		s.want(to, "began 2, worse 4")

		s.slackDown(false)
		settle(5 * time.Minute)
		s.want(to, "began 2, worse 4, slack_back 4")
		m := s.box.of(t, "meanwhile/")
		want := "No updates of this incident came here from 00:05 UTC to 00:20 UTC (15 min): Slack did not answer. Meanwhile told by one (test, up to update #4) and two (webhook, up to update #4). The newest update stands above."
		if len(m) != 1 || m[0].Text != want {
			t.Errorf("the channel reads %+v, want\n%s", m, want)
		}
		s.again()
		settle(5 * time.Minute)
		s.update(5, 5, 5, false)
		settle(5 * time.Minute)
		s.want(to, "began 2, worse 4, slack_back 4")
		if n := len(s.box.of(t, "meanwhile/")); n != 1 {
			t.Errorf("%d messages say what was told meanwhile, want 1", n)
		}
		s.want(always, "began 1, worse 4, worse 5")
		s.stop()
	})
}

// TestAShortSilenceIsNotTold: Slack that is back within the minute is no outage.
func TestAShortSilenceIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		s := newStage(t, wayTo(to, SlackDown))
		s.slackDown(true)
		s.start()
		s.update(1, 1, 1, false)
		settle(40 * time.Second)
		s.slackDown(false)
		settle(10 * time.Minute)
		s.want(to, "")
		if m := s.box.of(t, "meanwhile/"); len(m) > 0 {
			t.Errorf("the channel reads %+v", m)
		}
		s.stop()
	})
}

// TestOurOwnTurnIsNoOutage: what waits for its turn among many incidents is not Slack's
// fault.
func TestOurOwnTurnIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		s := newStage(t, wayTo(to, SlackDown))
		s.slackDown(true)
		s.why = Failure{Held: true}
		s.start()
		s.update(1, 1, 1, false)
		settle(10 * time.Minute)
		s.want(to, "")
		s.stop()
	})
}

// TestNobodyTook: where the ways failed too, the channel is told that.
func TestNobodyTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		to.does(func(ctx context.Context, _ Notice) error { <-ctx.Done(); return ctx.Err() })
		s := newStage(t, wayTo(to, SlackDown))
		s.slackDown(true)
		s.why = Failure{Fault: elsewhere.Token, Says: "token_revoked"}
		s.start()
		s.update(1, 1, 1, false)
		settle(10 * time.Minute)
		s.slackDown(false)
		settle(10 * time.Minute)
		m := s.box.of(t, "meanwhile/")
		if want := "Slack did not take our token. Not told by one (test), which took nothing. So nobody was told elsewhere."; len(m) != 1 || !strings.Contains(m[0].Text, want) {
			t.Errorf("the channel reads %+v", m)
		}
		s.stop()
	})
}

// TestTheEndIsTold: an incident that ends while Slack is away is told to have, and one
// that ends after it is not left open.
func TestTheEndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		s := newStage(t, wayTo(to, SlackDown))
		s.slackDown(true)
		s.start()
		s.update(1, 1, 1, false)
		settle(2 * time.Minute)
		s.update(2, 2, 1, true)
		settle(2 * time.Minute)
		s.want(to, "began 1, ended 2")
		s.slackDown(false)
		settle(2 * time.Minute)
		s.want(to, "began 1, ended 2, slack_back 2")
		s.stop()
	})
}

// TestWhoseFault: Slack, our network, our token, the channel, or that nobody knows.
func TestWhoseFault(t *testing.T) {
	for _, c := range []struct {
		failure Failure
		sight   Sight
		want    string
	}{
		{Failure{Fault: elsewhere.Unclear, Says: "time-out"}, Sight{Passes: 1}, "it does not answer (time-out). It is Slack and not our network: our control check passes."},
		{Failure{Fault: elsewhere.Unclear}, Sight{}, "it does not answer. It may be Slack or our own network: no control check says which."},
		{Failure{Fault: elsewhere.Unclear, Says: "time-out"}, Sight{Blind: true, Says: "2 of 3 control checks fail"}, "our own network fails (2 of 3 control checks fail)."},
		{Failure{Fault: elsewhere.Token, Says: "token_revoked"}, Sight{Passes: 3}, "it does not take our token (token_revoked). Slack works; our app has to be looked at."},
		{Failure{Fault: elsewhere.Channel, Says: "is_archived"}, Sight{}, "it refuses what is posted in that channel (is_archived). Slack works."},
		{Failure{Fault: elsewhere.Rate}, Sight{}, "it limits how much we post."},
	} {
		r := Teller{Sight: func() Sight { return c.sight }}
		at := time.Date(2026, 11, 18, 10, 2, 0, 0, time.UTC)
		got := r.trouble(c.failure, at).Sentence(at.Add(3*time.Minute), nil)
		if want := "Told here because Slack has not taken it since 10:02 UTC (3 min): " + c.want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
