package ways

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/statusbot/statusbot/internal/publish"
)

// settle lets everything run until nothing moves without the clock, and the clock by d.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// TestAlwaysTellsNews: a way that tells always tells what is new, and what is edited in
// Slack is not told again; one that wants every update gets each.
func TestAlwaysTellsNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		news, all := &sent{}, &sent{}
		every := wayTo(all, Always)
		every.Name, every.All, every.Gap = "two", true, 0
		s := newStage(t, wayTo(news, Always), every)
		s.start()
		for _, u := range []struct{ n, news, alarm int }{{1, 1, 1}, {2, 1, 1}, {3, 3, 3}, {4, 3, 3}, {5, 5, 3}} {
			s.update(u.n, u.news, u.alarm, false)
			settle(5 * time.Minute)
		}
		s.update(6, 6, 3, true)
		settle(5 * time.Minute)
		s.update(7, 7, 7, false) // re-opened
		settle(5 * time.Minute)
		s.want(news, "began 1, worse 3, update 5, ended 6, worse 7")
		s.want(all, "began 1, update 2, worse 3, update 4, update 5, ended 6, worse 7")
		if m := s.box.of(t, "meanwhile/"); len(m) > 0 {
			t.Errorf("Slack was there, and it is said what was told meanwhile: %+v", m)
		}
		s.stop()
	})
}

// TestWorseTellsBeginWorseAndEnd: nothing else, and the end only of what was told.
func TestWorseTellsBeginWorseAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		s := newStage(t, wayTo(to, Worse))
		s.start()
		for _, u := range []struct {
			n, news, alarm int
			ended          bool
		}{{1, 1, 1, false}, {2, 2, 1, false}, {3, 3, 3, false}, {4, 4, 3, false}, {5, 5, 3, true}, {6, 6, 3, true}} {
			s.update(u.n, u.news, u.alarm, u.ended)
			settle(5 * time.Minute)
		}
		s.want(to, "began 1, worse 3, ended 5")
		s.stop()
	})
}

// TestABurstIsOneMessage: what follows within a moment is told as one, its newest.
func TestABurstIsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		s := newStage(t, wayTo(to, Always))
		s.start()
		for n := 1; n <= 9; n++ {
			s.update(n, 1, n, false) // each is worse, and edited into the first post
			settle(3 * time.Second)
		}
		s.want(to, "began 1")
		settle(time.Minute)
		s.want(to, "began 1, worse 9")
		s.stop()
	})
}

// TestARestartTellsNothingTwice: what a way told is in the journal.
func TestARestartTellsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		s := newStage(t, wayTo(to, Always))
		s.start()
		s.update(1, 1, 1, false)
		settle(time.Second)
		s.again()
		settle(5 * time.Minute)
		s.want(to, "began 1")
		s.update(2, 2, 1, false)
		settle(time.Second)
		s.again()
		settle(5 * time.Minute)
		s.want(to, "began 1, update 2")
		s.stop()
	})
}

// TestWhatWasUnderWayInACrash is sent again under the same id where the receiver knows
// ids, and else left to the next update.
func TestWhatWasUnderWayInACrash(t *testing.T) {
	for _, knows := range []bool{true, false} {
		t.Run(fmt.Sprint(knows), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ids []string
				to := &sent{knows: knows}
				to.does(func(ctx context.Context, n Notice) error {
					ids = append(ids, n.ID)
					<-ctx.Done() // it may have come
					return ctx.Err()
				})
				s := newStage(t, wayTo(to, Always))
				s.start()
				s.update(1, 1, 1, false)
				settle(time.Second)
				to.does(func(_ context.Context, n Notice) error { ids = append(ids, n.ID); return nil })
				s.again()
				settle(5 * time.Minute)
				if want := 1; !knows && len(ids) != want {
					t.Errorf("sent %d times, want %d", len(ids), want)
				}
				if knows && (len(ids) != 2 || ids[0] != ids[1]) {
					t.Errorf("sent as %v, want twice under one id", ids)
				}
				s.update(2, 2, 1, false)
				settle(5 * time.Minute)
				if !strings.HasSuffix(to.told(), "update 2") {
					t.Errorf("then told %q", to.told())
				}
				s.stop()
			})
		})
	}
}

// TestOneThatHangsDisturbsNobody: the other way tells at once, and the one that hangs gets
// the newest when it is back, once.
func TestOneThatHangsDisturbsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung, well := &sent{}, &sent{}
		other := wayTo(well, Always)
		other.Name = "two"
		hung.does(func(ctx context.Context, _ Notice) error { <-ctx.Done(); return ctx.Err() })
		s := newStage(t, wayTo(hung, Always), other)
		s.start()
		for n := 1; n <= 4; n++ {
			s.update(n, n, n, false)
			settle(time.Second)
			if n == 1 {
				s.want(well, "began 1")
			}
			settle(10 * time.Minute)
		}
		s.want(well, "began 1, worse 2, worse 3, worse 4")
		if w := s.Health.Warnings([]string{"one", "two"}, time.Now()); len(w) != 1 || !strings.Contains(w[0], `the way "one"`) || !strings.Contains(w[0], "no answer within 10s") {
			t.Errorf("health says %q", w)
		}
		hung.does(nil)
		settle(10 * time.Minute)
		s.want(hung, "began 4")
		if w := s.Health.Warnings([]string{"one", "two"}, time.Now()); len(w) != 0 {
			t.Errorf("health says %q", w)
		}
		s.stop()
	})
}

// TestRetries: what fails is tried again after 1, 2, 4 s ...; what is limited, when the
// receiver said; what is refused, after a minute.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		err  error
		want []time.Duration // between tries
	}{
		{errors.New("it answers HTTP 502"), []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}},
		{&Limited{After: 90 * time.Second}, []time.Duration{90 * time.Second, 90 * time.Second}},
		{&Refused{Says: "it answers HTTP 404"}, []time.Duration{time.Minute, time.Minute}},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				to := &sent{}
				to.does(func(context.Context, Notice) error {
					at = append(at, time.Now())
					if len(at) <= len(c.want) {
						return c.err
					}
					return nil
				})
				s := newStage(t, wayTo(to, Always))
				s.start()
				s.update(1, 1, 1, false)
				settle(10 * time.Minute)
				for i, want := range c.want {
					if i+1 >= len(at) || at[i+1].Sub(at[i]) != want {
						t.Fatalf("tried at %v, want %v between", at, c.want)
					}
				}
				s.want(to, "began 1")
				s.stop()
			})
		})
	}
}

// TestNotEverybody: what reaches some is told, and health says whom it does not reach until it does.
func TestNotEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		tries := 0
		to.does(func(context.Context, Notice) error { tries++; return &Partly{Says: "it does not take 1 of 3"} })
		s := newStage(t, wayTo(to, Always))
		s.start()
		s.update(1, 1, 1, false)
		settle(time.Hour)
		if w := s.Health.Warnings([]string{"one"}, time.Now()); tries != 1 || len(w) != 1 || w[0] != `the way "one" does not reach everybody: it does not take 1 of 3` {
			t.Errorf("%d tries, and health says %q", tries, w)
		}
		to.does(nil)
		s.update(2, 2, 2, false)
		settle(time.Minute)
		if w := s.Health.Warnings([]string{"one"}, time.Now()); len(w) > 0 {
			t.Errorf("health says %q", w)
		}
		s.want(to, "worse 2")
		s.stop()
	})
}

// TestGivenUp: what is not taken for a day is given up, and health says so.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		to.does(func(context.Context, Notice) error { return errors.New("it answers HTTP 500") })
		s := newStage(t, wayTo(to, Always))
		s.start()
		s.update(1, 1, 1, true)
		settle(25 * time.Hour)
		if w := s.Health.Warnings([]string{"one"}, time.Now()); len(w) != 2 || !strings.Contains(w[1], "given up") {
			t.Errorf("health says %q", w)
		}
		s.stop()
	})
}

// TestAnOldLeaderIsSilent: a way whose receipt a newer leader wrote is left to that one.
func TestAnOldLeaderIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		s := newStage(t, wayTo(to, Always))
		s.Generation = 7
		s.start()
		s.update(1, 1, 1, false)
		settle(time.Second)
		s.again() // of generation 1
		s.update(2, 2, 2, false)
		settle(10 * time.Minute)
		s.want(to, "began 1")
		s.stop()
	})
}

// TestOneIncidentHoldsUpNoOther: what a receiver does not take of one incident, such as what is too large for it or what its own
// program falls over, is tried again and again, and the others are told as if it were not there.
func TestOneIncidentHoldsUpNoOther(t *testing.T) {
	for _, err := range []error{&Refused{Says: "it answers HTTP 413"}, errors.New("the command ends with exit code 1"), context.DeadlineExceeded} {
		t.Run(err.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := &sent{}
				tries := 0 // one way tells one after the other
				to.does(func(_ context.Context, n Notice) error {
					if n.About.Incident == "inc-2" {
						tries++
						return err
					}
					return nil
				})
				s := newStage(t, wayTo(to, Always))
				s.update(1, 1, 1, false)
				settle(time.Second)
				s.updateOf("inc-2", 1, 1, 1, false) // newer, so that it comes first
				s.start()
				settle(2 * time.Second)
				s.want(to, "began 1")
				settle(30 * time.Minute)
				s.update(2, 2, 2, false)
				settle(2 * time.Second)
				s.want(to, "began 1, worse 2")
				if tries < 7 || tries > 40 {
					t.Errorf("what was not taken was tried %d times, want again and again", tries)
				}
				s.stop()
			})
		})
	}
}

// TestOneThatTakesAgainGetsAll: incidents that failed one by one do not wait for their own turns once one of them is taken.
func TestOneThatTakesAgainGetsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		to.does(func(context.Context, Notice) error { return errors.New("it answers HTTP 500") })
		s := newStage(t, wayTo(to, Always))
		for i, incident := range []string{"inc-1", "inc-2", "inc-3"} {
			s.updateOf(incident, 1+i, 1+i, 1+i, false)
		}
		s.start()
		settle(time.Hour)
		to.does(nil)
		s.updateOf("inc-4", 4, 4, 4, false)
		settle(time.Second)
		s.want(to, "began 4, began 1, began 2, began 3")
		s.stop()
	})
}

// TestWhatSlackHasIsReadWhenItIsTold: of an update that Slack has, who takes over knows only that it is there. What a way has not
// told of it is told whole, and that Slack is back as well.
func TestWhatSlackHasIsReadWhenItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(ctx context.Context, _ Notice) error { <-ctx.Done(); return ctx.Err() }
		always, down := &sent{knows: true}, &sent{}
		always.does(hangs)
		two := wayTo(down, SlackDown)
		two.Name = "two"
		s := newStage(t, wayTo(always, Always), two)
		s.slackDown(true)
		s.start()
		s.update(1, 1, 1, false)
		settle(2 * time.Minute)
		s.want(down, "began 1")
		s.slackDown(false)
		always.does(nil)
		s.box.told = func(publish.Entry) bool { return true } // the former leader's poster has brought it there
		s.again()
		settle(2 * time.Minute)
		s.want(always, "began 1")
		s.want(down, "began 1, slack_back 1")
		for _, to := range []*sent{always, down} {
			if n := to.list[len(to.list)-1]; !strings.Contains(n.Title, "Pay fails") || len(n.About.Hurt) != 1 {
				t.Errorf("told %q of %+v", n.Title, n.About)
			}
		}
		if m := s.box.of(t, "meanwhile/"); len(m) != 1 {
			t.Errorf("in the channel it is said %d times what was told meanwhile, want once", len(m))
		}
		s.stop()
	})
}

// TestWhatIsGoneIsNotTold: what was taken out of the outbox before it was read holds up nobody.
func TestWhatIsGoneIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &sent{}
		s := newStage(t, wayTo(to, Always))
		s.box.told = func(e publish.Entry) bool {
			if e.Key == publish.UpdatesKey("inc-1") {
				s.box.mu.Lock()
				defer s.box.mu.Unlock()
				s.box.entries = s.box.entries[1:]
				return true
			}
			return false
		}
		s.update(1, 1, 1, false)
		s.start()
		settle(time.Minute)
		s.updateOf("inc-2", 1, 1, 1, false)
		settle(time.Minute)
		s.want(to, "began 1")
		s.stop()
	})
}
