package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kind/heartbeat"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/checks/runner"
)

const beatToken = "0123456789abcdef-token"

func beatCheck(id string, every, grace time.Duration) checks.Check {
	return checks.Check{ID: id, Product: "storage", Kind: "heartbeat", Passive: true, Every: every, Timeout: min(every, 10*time.Second),
		Options: &heartbeat.Options{Token: beatToken, Grace: grace}}
}

func defined(t testing.TB, list ...checks.Check) *Beats {
	t.Helper()
	h := New(nil)
	probetest.OK(t, h.Define(list, time.Now()))
	return h
}

// report pushes a body, and notes it as if it came back by the journal.
func report(t testing.TB, h *Beats, id, body string) *Push {
	t.Helper()
	p, err := h.Read(id, []byte(body), "192.0.2.7")
	probetest.OK(t, err)
	p.Done(true)
	h.Note(p.Results, time.Now())
	return p
}

// told runs h until the test's clock has gone on by span, and returns what was
// told, as "after outcome summary".
func told(t *testing.T, h *Beats, alive time.Time, span time.Duration, during func()) []string {
	t.Helper()
	begun := time.Now()
	var list []string
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.Run(ctx, alive, func(_ context.Context, results []checks.Result) error {
			for _, r := range results {
				list = append(list, fmt.Sprintf("%s %s: %s", r.Started.Sub(begun), r.Outcome, r.Summary))
			}
			return nil
		})
	}()
	if during != nil {
		during()
	}
	<-done
	return list
}

func TestHeartbeatLateIsOneFailForEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := defined(t, beatCheck("backup", 24*time.Hour, 2*time.Hour))
		report(t, h, "backup", "")
		got := told(t, h, time.Now(), 80*time.Hour, nil)
		want := []string{
			"26h0m0s fail: no report for 26h; one is expected every 24h, at most 2h late",
			"50h0m0s fail: no report for 50h; one is expected every 24h, at most 2h late",
			"74h0m0s fail: no report for 74h; one is expected every 24h, at most 2h late",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAHeartbeatIsMissedThoughTheClockWasSetBack: by an hour, after a report, after
// a report that was missed, and after a restart that reads both.
func TestAHeartbeatIsMissedThoughTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := defined(t, beatCheck("backup", time.Minute, 10*time.Second))
		report(t, h, "backup", "")
		for range 3 {
			time.Sleep(70 * time.Second)
			list, _ := h.late(time.Now())
			h.Note(list, time.Now())
		}
		back := time.Now().Add(-time.Hour)
		if list, next := h.late(back); len(list) > 0 || next.After(back.Add(2*time.Minute)) {
			t.Fatalf("at the new time: %v, the next is due in %s", list, next.Sub(back))
		}
		list, _ := h.late(back.Add(2 * time.Minute))
		if len(list) != 1 || list[0].Outcome != checks.Fail || list[0].Started.After(back.Add(2*time.Minute)) {
			t.Errorf("two minutes without a report: %+v", list)
		}
		h.Note(list, back.Add(2*time.Minute))
		if list, _ := h.late(back.Add(3*time.Minute + 20*time.Second)); len(list) != 1 {
			t.Errorf("and another one: %+v", list)
		}
	})
}

func TestHeartbeatInTimeTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := defined(t, beatCheck("backup", time.Hour, 10*time.Minute))
		got := told(t, h, time.Now(), 12*time.Hour, func() {
			for range 9 {
				time.Sleep(69 * time.Minute) // always late, always within the grace
				report(t, h, "backup", `{"outcome":"fail","summary":"disk full"}`)
			}
		})
		if diff := cmp.Diff([]string{"11h31m0s fail: no report for 1h10m; one is expected every 1h, at most 10m late"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHeartbeatThatNeverReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := defined(t, beatCheck("backup", time.Hour, 0))
		got := told(t, h, time.Now(), 70*time.Minute, nil)
		if diff := cmp.Diff([]string{"1h6m0s fail: no report yet; one is expected every 1h, at most 6m late"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// What could not be told is told again, with the moment it was due at.
func TestHeartbeatToldAgainWhenNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := defined(t, beatCheck("backup", time.Hour, time.Minute))
		begun := time.Now()
		var got []time.Duration
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		h.Run(ctx, begun, func(_ context.Context, results []checks.Result) error {
			got = append(got, results[0].Started.Sub(begun))
			if len(got) < 3 {
				return errors.New("the disk is full")
			}
			return nil
		})
		if diff := cmp.Diff([]time.Duration{61 * time.Minute, 61 * time.Minute, 61 * time.Minute}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHeartbeatWhileNobodyCouldReport(t *testing.T) {
	for _, tt := range []struct {
		name         string
		from, to     time.Duration // after the last report
		reportsAfter time.Duration // after that report; 0: none
		want         []string      // times since the last report
	}{
		{"short, so whoever pushes tries again", 23 * time.Hour, 24*time.Hour + 50*time.Minute, 0, []string{"26h fail", "50h fail"}},
		{"over when it is due", 20 * time.Hour, 25 * time.Hour, 0, []string{"26h unknown", "50h fail"}},
		{"over later", 20 * time.Hour, 30 * time.Hour, 0, []string{"26h unknown", "56h fail"}},
		{"for days", 20 * time.Hour, 20*time.Hour + 5*24*time.Hour, 0, []string{"122h unknown", "166h fail"}},
		{"and a report comes", 20 * time.Hour, 25 * time.Hour, 25*time.Hour + 30*time.Minute, []string{"51h30m fail"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := defined(t, beatCheck("backup", 24*time.Hour, 2*time.Hour))
				report(t, h, "backup", "")
				begun := time.Now()
				time.Sleep(tt.to)
				var got []string
				ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour)
				defer cancel()
				done := make(chan struct{})
				go func() {
					defer close(done)
					h.Run(ctx, begun.Add(tt.from), func(_ context.Context, results []checks.Result) error {
						for _, r := range results {
							got = append(got, periodText(r.Started.Sub(begun))+" "+string(r.Outcome))
						}
						return nil
					})
				}()
				if tt.reportsAfter > 0 {
					time.Sleep(tt.reportsAfter - tt.to)
					report(t, h, "backup", "")
				}
				<-done
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Stored and restored, everything is as it was.
func TestHeartbeatsOutliveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := []checks.Check{beatCheck("backup", 24*time.Hour, time.Hour), beatCheck("other/one", time.Hour, time.Minute)}
		h := defined(t, list...)
		for range 7 {
			report(t, h, "backup", `{"outcome":"pass","evidence":"much text"}`)
			time.Sleep(time.Hour)
		}
		report(t, h, "backup", `{"outcome":"pass","id":"run-8"}`)
		told(t, h, time.Now(), 26*time.Hour, nil)
		shards, err := h.Changed()
		probetest.OK(t, err)
		if again, err := h.Changed(); len(again) != 0 || err != nil {
			t.Errorf("nothing has changed, but %d shards are to be stored, %v", len(again), err)
		}
		h.Unstored(shards)
		if again, err := h.Changed(); err != nil || !cmp.Equal(keysOf(shards), keysOf(again)) {
			t.Errorf("%d shards are given again, want %d (%v)", len(again), len(shards), err)
		}

		next := defined(t, list...)
		for _, data := range shards {
			probetest.OK(t, next.Restore(data))
		}
		for id, b := range h.beats {
			r := next.beats[id]
			if !b.since.Equal(r.since) || !b.reported.Equal(r.reported) || !b.judged.Equal(r.judged) || len(b.kept) != len(r.kept) || !b.deadline().Equal(r.deadline()) {
				t.Errorf("%s: restored %+v, want %+v", id, r, b)
			}
		}
		kept := next.Before(time.Now())
		if len(kept) != 10 {
			t.Fatalf("%d results restored, want five of each", len(kept))
		}
		// Replayed results are not kept twice, and are no news.
		next.Note(kept, time.Now())
		if n := len(next.Before(time.Now().Add(time.Second))); n != 10 {
			t.Errorf("%d results after the replay, want 10", n)
		}
		if p := report(t, next, "backup", `{"outcome":"pass","id":"run-8"}`); p.Duplicates != 1 || len(p.Results) != 0 {
			t.Errorf("the same report after a restart: %+v", p)
		}
	})
}

// TestReportsAreTakenWhileHeartbeatsAreEncoded: what is stored is that of the
// instant at which it was asked for, and what came meanwhile is stored next.
func TestReportsAreTakenWhileHeartbeatsAreEncoded(t *testing.T) {
	h := defined(t, beatCheck("backup", time.Hour, time.Minute))
	report(t, h, "backup", `{"outcome":"pass","id":"first"}`)
	encoded, err := h.encoded(func(list []checks.Result) ([]byte, error) {
		if !h.mu.TryLock() {
			t.Fatal("nobody can report while heartbeats are encoded")
		}
		h.mu.Unlock()
		report(t, h, "backup", `{"outcome":"pass","id":"second"}`)
		return checks.EncodeResults(list)
	})
	probetest.OK(t, err)
	kept := func(shards map[int][]byte) (n int) {
		next := defined(t, beatCheck("backup", time.Hour, time.Minute))
		for _, data := range shards {
			probetest.OK(t, next.Restore(data))
		}
		return len(next.beats["backup"].kept)
	}
	if n := kept(encoded); n != 1 {
		t.Errorf("%d results are stored, want the one that was there", n)
	}
	next, err := h.encoded(func([]checks.Result) ([]byte, error) { return nil, errors.New("no room") })
	if err == nil || next != nil {
		t.Errorf("stored without room: %v", next)
	}
	again, err := h.Changed()
	probetest.OK(t, err)
	if n := kept(again); n != 2 {
		t.Errorf("%d results are stored next, want both", n)
	}
}

func keysOf(shards map[int][]byte) map[int]bool {
	keys := map[int]bool{}
	for s := range shards {
		keys[s] = true
	}
	return keys
}

func TestHeartbeatPush(t *testing.T) {
	at := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, body, want string
	}{
		{"nothing", "", `pass "" 0s before`},
		{"blanks", " \n", `pass "" 0s before`},
		{"fail", `{"outcome":"fail","summary":"exit code 3","reason":"connect","duration_ms":2000}`, `fail/connect "exit code 3" 2s before, took 2s`},
		{"byte order mark", "\xef\xbb\xbf" + `{"outcome":"fail"}`, `fail/script "" 0s before`},
		{"UTF-16", "\xff\xfe[\x00{\x00}\x00]\x00", `error: the result cannot count: its outcome "" is not pass, degraded, fail or unknown`},
		{"began", `{"outcome":"degraded","started_at":"2026-11-23T00:59:00Z","duration_ms":30000}`, `degraded/script "" 1m0s before, took 30s`},
		{"secrets", `{"outcome":"fail","summary":"token ` + beatToken + `"}`, `fail/script "token (redacted)" 0s before`},
		{"list", `[{"outcome":"pass"},{"outcome":"fail","started_at":"2026-11-23T00:10:00Z"}]`, `pass "" 0s before; fail/script "" 50m0s before`},
		{"twice in a list", `[{"outcome":"pass","id":"a"},{"outcome":"pass","id":"a"}]`, `pass "" 0s before id=a; 1 duplicate`},
		{"three of one instant", `[{"outcome":"pass"},{"outcome":"fail"},{"outcome":"pass"}]`, `pass "" 0s before; fail/script "" 0s before; pass "" -1ns before`},
		{"of one second", `[{"outcome":"pass","started_at":"2026-11-23T00:59:00Z"},{"outcome":"fail","started_at":"2026-11-23T00:59:00Z"},{"outcome":"pass","started_at":"2026-11-23T00:59:00Z"}]`,
			`pass "" 1m0s before; fail/script "" 1m0s before; 1 duplicate`},
		{"no outcome", `{}`, `error: the result cannot count: its outcome "" is not pass, degraded, fail or unknown`},
		{"second bad", `[{"outcome":"pass"},{"outcome":"maybe"}]`, `error: result 2 of the list cannot count: its outcome "maybe" is not pass, degraded, fail or unknown`},
		{"future", `{"outcome":"pass","started_at":"2026-11-23T01:02:00Z"}`, `error: the result ends 2m in the future; look at the clock, started_at and duration_ms`},
		{"old", `{"outcome":"pass","started_at":"2026-11-22T22:59:00Z"}`, `error: the result is older than 2h, too old to count`},
		{"form", `outcome=pass`, `error: the body is neither empty nor a JSON object nor a list of them`},
		{"cut", `{"outcome":"pass"`, `error: the body is not JSON: it ends too early`},
		{"lines", "{\"outcome\":\"pass\"}\n{\"outcome\":\"fail\"}", `error: the body is not JSON: something follows what is whole; send several results as a list, [{...}, {...}]`},
		{"a comma too many", `{"outcome":"pass",}`, `error: the body is not JSON: its byte 19 does not belong there`},
		{"ISO 8859-1", "{\"outcome\":\"fail\",\"summary\":\"gr\xfcn\"}", `fail/script "grün" 0s before`},
		{"empty list", `[]`, `error: the list has 0 results; send 1 to 100`},
		{"long list", "[" + strings.Repeat(`{"outcome":"pass"},`, 100) + `{"outcome":"pass"}]`, `error: the list has 101 results; send 1 to 100`},
		{"long id", `{"outcome":"pass","id":"` + strings.Repeat("x", 129) + `"}`, `error: the result has an id of more than 128 bytes or with control characters`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(at))
				h := defined(t, beatCheck("backup", 2*time.Hour, 0))
				p, err := h.Read("backup", []byte(tt.body), "192.0.2.7")
				got := ""
				if _, ok := errors.AsType[*PushError](err); ok {
					got = "error: " + err.Error()
				} else if err != nil {
					t.Fatal(err)
				} else {
					got = describePush(p, at)
				}
				if got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		})
	}
}

func describePush(p *Push, at time.Time) string {
	var parts []string
	for _, r := range p.Results {
		s := string(r.Outcome)
		if r.Reason != "" {
			s += "/" + string(r.Reason)
		}
		s += fmt.Sprintf(" %q %s before", r.Summary, at.Sub(r.Started))
		if r.Duration > 0 {
			s += ", took " + r.Duration.String()
		}
		if id := r.Evidence.RequestID; id != "" {
			s += " " + id
		}
		parts = append(parts, s)
	}
	if p.Duplicates > 0 {
		parts = append(parts, fmt.Sprintf("%d duplicate", p.Duplicates))
	}
	return strings.Join(parts, "; ")
}

func TestHeartbeatRepetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := defined(t, beatCheck("backup", time.Hour, 0))
		const body = `{"outcome":"pass","id":"run-1"}`
		first, err := h.Read("backup", []byte(body), "192.0.2.7")
		probetest.OK(t, err)
		// Nobody knows yet whether the first one is kept.
		_, err = h.Read("backup", []byte(body), "192.0.2.7")
		if e, ok := errors.AsType[*PushError](err); !ok || e.Wait == 0 {
			t.Errorf("the same push while the first is stored: %v, want to wait", err)
		}
		first.Done(false)
		if p := report(t, h, "backup", body); len(p.Results) != 1 {
			t.Errorf("after the first was not kept: %+v", p)
		}
		if p := report(t, h, "backup", body); p.Duplicates != 1 || len(p.Results) != 0 {
			t.Errorf("after it was kept: %+v", p)
		}
		for range 3 { // of one instant: each is a report of its own
			if p := report(t, h, "backup", ""); len(p.Results) != 1 {
				t.Errorf("one without an id: %+v", p)
			}
		}
	})
}

func TestHeartbeatRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := defined(t, beatCheck("backup", time.Hour, 0))
		for range pushBurst {
			report(t, h, "backup", "")
			time.Sleep(time.Microsecond)
		}
		_, err := h.Read("backup", nil, "192.0.2.7")
		e, ok := errors.AsType[*PushError](err)
		if !ok || e.Wait <= 0 || e.Wait > 100*time.Millisecond {
			t.Fatalf("one more than allowed: %v (wait %v)", err, e.Wait)
		}
		time.Sleep(e.Wait)
		report(t, h, "backup", "")
	})
}

func TestHeartbeatTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		file := filepath.Join(dir, "token")
		probetest.OK(t, os.WriteFile(file, []byte(beatToken+"\n"), 0o600))
		c := beatCheck("a/b", time.Hour, 0)
		c.Options = &heartbeat.Options{TokenFile: "token", Dir: dir}
		h := defined(t, c)
		for token, want := range map[string]bool{beatToken: true, beatToken + "x": false, "": false, beatToken[:10]: false} {
			if h.Admit("a/b", token) != want || h.Admit("a", token) {
				t.Errorf("%q: admitted %v, want %v, and nobody for a check that is not there", token, !want, want)
			}
		}
		// A token that was replaced is worth nothing soon.
		probetest.OK(t, os.WriteFile(file, []byte("another-token-of-22-chars"), 0o600))
		time.Sleep(heartbeat.TokenKeep)
		if h.Admit("a/b", beatToken) || !h.Admit("a/b", "another-token-of-22-chars") {
			t.Error("the old token opens, or the new one does not")
		}
		probetest.OK(t, os.Remove(file))
		time.Sleep(heartbeat.TokenKeep)
		if h.Admit("a/b", "another-token-of-22-chars") || h.Admit("a/b", "") {
			t.Error("somebody is admitted without a token's file")
		}
	})
}

func TestHeartbeatOptions(t *testing.T) {
	for _, tt := range []struct {
		options heartbeat.Options
		strict  bool
		want    string
	}{
		{heartbeat.Options{}, false, "token is missing"},
		{heartbeat.Options{Token: "short"}, false, "token has fewer than 16 characters"},
		{heartbeat.Options{Token: beatToken, Grace: -1}, false, "grace is not between"},
		{heartbeat.Options{Token: beatToken, TokenFile: "x"}, false, "token_file is given beside token"},
		{heartbeat.Options{TokenFile: "/nowhere/token"}, false, "token_file cannot be read; write the path of a file that holds the token alone"},
		{heartbeat.Options{TokenFile: "/nowhere/token"}, true, "token_file is not for a check from outside"},
	} {
		c := beatCheck("backup", time.Hour, 0)
		c.Options, c.Strict = &tt.options, tt.strict
		if _, err := probetest.Compiled(&heartbeat.Kind, c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.options, err, tt.want)
		}
	}
	r := probetest.Probing(t, &heartbeat.Kind, &heartbeat.Options{Token: beatToken}, time.Second)
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "running statusbot")
}

// A runner has nothing to do for what reports by itself.
func TestRunnerLeavesHeartbeatsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		compile := func(c *checks.Check) (*probe.Compiled, error) { return probe.Compile(&heartbeat.Kind, c) }
		r, err := runner.New(compile, []checks.Check{beatCheck("backup", time.Second, 0)}, func(list []checks.Result) { t.Errorf("results: %+v", list) }, runner.Config{})
		probetest.OK(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		probetest.OK(t, r.Run(ctx))
		if s := r.Stats(); s.Started != 0 || s.Skipped != 0 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func FuzzReadPush(f *testing.F) {
	for _, body := range []string{"", `{"outcome":"pass","id":"a","started_at":"2026-11-23T01:00:00Z","duration_ms":1e300}`, `[{"outcome":"fail","evidence":"x"}]`, `[[]]`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		h := defined(t, beatCheck("backup", time.Hour, 0))
		p, err := h.Read("backup", body, "192.0.2.7")
		if _, ok := errors.AsType[*PushError](err); err != nil {
			if !ok || p != nil || len(err.Error()) > 4*probe.SummaryMax {
				t.Fatalf("%T %v, %v", err, err, p)
			}
			return
		}
		if len(p.Results)+p.Duplicates == 0 || len(p.Results) > pushResults {
			t.Fatalf("%d results of %q", len(p.Results), body)
		}
		data, err := checks.EncodeResults(p.Results)
		probetest.OK(t, err)
		again, err := checks.DecodeResults(data)
		probetest.OK(t, err)
		for i, r := range again {
			if !r.Started.Equal(p.Results[i].Started) || !reported(&r) || pushKey(&r) != pushKey(&p.Results[i]) || strings.Contains(r.Summary, beatToken) {
				t.Fatalf("stored as %+v, was %+v", r, p.Results[i])
			}
		}
	})
}

// TestAPushThatIsNotUnderstood is told in the words of its keys; times are taken as
// shells write them.
func TestAPushThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	h := defined(t, beatCheck("backup", 24*time.Hour, 0))
	now := time.Now()
	for body, want := range map[string]string{
		`{"outcome":"fail","summary":"a","outcome":"pass"}`:                                         `"outcome" stands twice in one result; send it once`,
		`[{"outcome":"pass"},{"outcome":"fail","Outcome":"pass","x":[{}]}]`:                         `"Outcome" stands twice in one result; send it once`,
		`{"outcome":"pass","summary":7}`:                                                            "summary is to be a text, not a JSON number",
		`[{"outcome":"pass","id":7}]`:                                                               "id is to be a text, not a JSON number",
		`{"outcome":"pass","evidence":{"a":1}}`:                                                     "evidence is to be a text, not a JSON object",
		`{"outcome":"pass","duration_ms":"12"}`:                                                     "duration_ms is to be a number that a program can hold, not a JSON string",
		`{"outcome":"pass","duration_ms":1e400}`:                                                    "duration_ms is to be a number that a program can hold, not a JSON number 1e400",
		`{"outcome":"pass","started_at":1796054230}`:                                                "started_at is no time of RFC 3339, such as 2026-11-30T19:32:00Z",
		`{"outcome":"pass","started_at":""}`:                                                        "started_at is no time of RFC 3339, such as 2026-11-30T19:32:00Z",
		`{"outcome":"pass","started_at":"yesterday"}`:                                               "started_at is no time of RFC 3339, such as 2026-11-30T19:32:00Z",
		now.Format(`{"outcome":"pass","started_at":"` + time.RFC3339Nano + `"}`):                    "",
		now.Format(`{"outcome":"pass","started_at":"2006-01-02T15:04:05-0700"}`):                    "",
		now.Add(-time.Minute).Format(`{"outcome":"pass","started_at":"2006-01-02 15:04:05Z07:00"}`): "",
	} {
		p, err := h.Read("backup", []byte(body), "192.0.2.7")
		if got := fmt.Sprint(err); want != "" && got != want || want == "" && err != nil {
			t.Errorf("%s: %s, want %q", body, got, want)
		}
		if err == nil {
			p.Done(true)
		}
	}
}
