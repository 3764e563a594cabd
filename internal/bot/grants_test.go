package bot

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
)

// TestGrantsOutliveARestart: who was allowed something is not refused it while Slack
// does not answer the next process; what Slack says counts at once, and after an hour
// nothing is left of it.
func TestGrantsOutliveARestart(t *testing.T) {
	now := time.Date(2026, 3, 2, 1, 30, 0, 0, time.UTC)
	people := func() *People {
		return &People{API: &API{}, Log: zap.NewNop(), Now: func() time.Time { return now }}
	}
	says := func(yes bool, err error) func(context.Context) (bool, error) {
		return func(context.Context) (bool, error) { return yes, err }
	}
	silent := says(false, errors.New("no answer"))
	ana, ben := question{kind: "users.info", user: "U1"}, question{kind: "usergroups.users.list", place: "@oncall", user: "U2"}
	before := people()
	before.ask(t.Context(), ana, says(true, nil))
	before.ask(t.Context(), ben, says(false, nil))
	data, told, err := before.Grants()
	if err != nil || told != 2 || before.Told() != 2 {
		t.Fatalf("%s, %d answers, %v", data, told, err)
	}
	want := func(p *People, q question, slack func(context.Context) (bool, error), want fact) {
		t.Helper()
		if got, _ := p.ask(t.Context(), q, slack); got != want {
			t.Errorf("%s of %s: %v, want %v", q.kind, q.user, got, want)
		}
	}
	now = now.Add(10 * time.Minute)
	after := people()
	if err := after.Restore(data); err != nil {
		t.Fatal(err)
	}
	want(after, ana, silent, yes)
	want(after, ben, silent, unsure) // a no is not stored
	after = people()
	if err := after.Restore(data); err != nil {
		t.Fatal(err)
	}
	want(after, ana, says(false, nil), no) // asked again at once
	now = now.Add(staleFor)
	after = people()
	if err := after.Restore(data); err != nil {
		t.Fatal(err)
	}
	want(after, ana, silent, unsure)

	// A clock that was set back makes nothing last longer, and rubbish is refused.
	now = now.Add(-10 * 24 * time.Hour)
	after = people()
	if err := after.Restore(data); err != nil {
		t.Fatal(err)
	}
	want(after, ana, silent, yes)
	now = now.Add(staleFor)
	delete(after.quiet, ana.kind)
	want(after, ana, silent, unsure)
	for _, bad := range []string{"", "{", `{"a":1}`, `[1]`} {
		if err := people().Restore([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}

	// What is stored is bounded, and the newest.
	many := people()
	for n := range 3 * mostGrants {
		now = now.Add(time.Second / 2)
		many.ask(t.Context(), question{kind: "users.info", user: fmt.Sprint("U", n)}, says(true, nil))
	}
	data, _, _ = many.Grants()
	after = people()
	if err := after.Restore(data); err != nil {
		t.Fatal(err)
	}
	if n := len(after.known); n != mostGrants {
		t.Errorf("%d grants are stored, want %d", n, mostGrants)
	}
	want(after, question{kind: "users.info", user: fmt.Sprint("U", 3*mostGrants-1)}, silent, yes)
}
