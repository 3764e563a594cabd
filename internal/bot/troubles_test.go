package bot

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"
)

// TestTroubles: what keeps a message from Slack is told in a phrase, of the message
// itself before that of its destination, until it is there.
func TestTroubles(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Trouble
	}{
		{fmt.Errorf("post message: %w", fmt.Errorf("%w: %w", ErrUnsure, &stranger{status: 503})), Trouble{Unanswered, "HTTP 503"}},
		{fmt.Errorf("%w: %w", ErrUnsure, &stranger{status: 200, body: []byte("<html>")}), Trouble{Unanswered, "HTTP 200 with a page for people, of a proxy or of Slack itself"}},
		{fmt.Errorf("%w: %w", ErrUnsure, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), Trouble{Unanswered, "connection refused"}},
		{fmt.Errorf("%w: %w", ErrUnsure, &net.DNSError{Name: "slack.com", IsNotFound: true}), Trouble{Unanswered, "its name is not found"}},
		{fmt.Errorf("%w: %w", ErrUnsure, context.DeadlineExceeded), Trouble{Unanswered, "time-out"}},
		{&refusal{code: "is_archived"}, Trouble{Refusing, "is_archived"}},
		{&refusal{code: "token_revoked"}, Trouble{Distrusts, "token_revoked"}},
		{&limited{time.Second}, Trouble{Is: Limits}},
		{&spent{time.Second}, Trouble{Is: OwnTurn}},
		{fmt.Errorf("store receipt: conflict"), Trouble{}},
	} {
		var all Troubles
		all.note("C1", "a", c.err)
		if got := all.Of("C1", "a"); got != c.want {
			t.Errorf("%v: got %+v, want %+v", c.err, got, c.want)
		}
	}
	var all Troubles
	all.note("C1", "a", &refusal{code: "token_revoked"})
	all.note("C1", "b", &refusal{code: "is_archived"})
	for key, want := range map[string]Trouble{"a": {Distrusts, "token_revoked"}, "b": {Refusing, "is_archived"}, "c": {Distrusts, "token_revoked"}} {
		if got := all.Of("C1", key); got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
	all.note("C1", "a", nil)
	if got := all.Of("C1", "a"); got != (Trouble{}) || len(all.of) != 1 || len(all.all) != 0 {
		t.Errorf("delivered, and %+v %+v", all.of, all.all)
	}
	if got := all.Of("C2", "a"); got != (Trouble{}) {
		t.Errorf("another channel has %+v", got)
	}
}
