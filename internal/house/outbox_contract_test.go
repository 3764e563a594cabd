package house

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot/bottest"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish"
)

// TestOutboxOfTheJournalKeepsTheContract: what the bot's own tests rely on in
// their outbox in memory, the journal does.
func TestOutboxOfTheJournalKeepsTheContract(t *testing.T) {
	j, err := journal.Open(t.Context(), journal.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("close journal: %v", err)
		}
	})
	o := newOutbox(j)
	ctx, end := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = o.standing.FollowEntries(ctx) }) // until the end
	group.Go(func() { _ = o.standing.FollowReceipts(ctx) })
	t.Cleanup(func() { end(); group.Wait() })
	bottest.TestOutbox(t, o)
	whole := []byte(`{"n":1,"text":"all of it"}`)
	check(t, o.Put(ctx, "C9", "updates/inc-9", whole))
	_, err = o.PutReceipt(ctx, "C9", "updates/inc-9", []byte(`{"rev":1000000}`), 0)
	check(t, err)
	if got, err := o.Newest(ctx, "C9", "updates/inc-9"); err != nil || string(got) != string(whole) {
		t.Errorf("the newest body of what is settled is %q, %v", got, err)
	}
	if _, err := o.Newest(ctx, "C9", "updates/inc-8"); !errors.Is(err, publish.ErrNotFound) {
		t.Errorf("the newest body of nothing: %v", err)
	}
}

// TestWhatIsLeftToDoIsNotSettled: an entry is settled once the newest was delivered, and nothing of a pin is left.
func TestWhatIsLeftToDoIsNotSettled(t *testing.T) {
	for _, one := range []struct {
		body, receipt string
		want          bool
	}{
		{`{"n":3}`, `{"rev":7}`, true},
		{`{"n":3}`, `{"rev":8}`, true},
		{`{"n":3}`, `{"rev":6}`, false},
		{`{"n":3}`, `{"rev":6,"trying":3}`, false},
		{`{"n":3,"pin":true}`, `{"rev":7}`, false},
		{`{"n":3,"pin":true}`, `{"rev":7,"pinned":"1.2"}`, false},
		{`{"n":3}`, `{"rev":7,"pinned":"1.2"}`, false},
		{`{"n":3}`, `not JSON`, false},
	} {
		if got := settled(journal.Entry{Rev: 7, Body: []byte(one.body)}, []byte(one.receipt)); got != one.want {
			t.Errorf("%s with the receipt %s: %v, want %v", one.body, one.receipt, got, one.want)
		}
	}
	about := publish.About{Incident: "inc-1", Number: 1, Title: "long", Severity: "high", Began: time.Unix(1, 0).UTC(), News: 2, Alarm: 1, Ended: true,
		Hurt: []publish.Hurt{{Product: "pay"}}, More: 3}
	body, err := json.Marshal(publish.Body{N: 3, Rendered: time.Unix(5, 0).UTC(), Text: "long", About: &about})
	check(t, err)
	var left publish.Body
	check(t, json.Unmarshal(shortBody(body), &left))
	about.Title, about.Severity, about.Hurt, about.More = "", "", nil, 0
	if want := (publish.Body{N: 3, Rendered: time.Unix(5, 0).UTC(), Blocks: json.RawMessage("null"), About: &about}); !reflect.DeepEqual(left, want) {
		t.Errorf("of a body is left %+v of %+v", left, left.About)
	}
}
