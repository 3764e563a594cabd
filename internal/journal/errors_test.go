package journal

import (
	"context"
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// A cluster that elects says so in more than one way, and each of them passes: whoever starts meanwhile waits.
func TestWhatPassesIsUnavailable(t *testing.T) {
	t.Parallel()
	j := &Journal{ctx: t.Context()}
	for name, test := range map[string]struct {
		err    error
		passes bool
	}{
		"no leader of all":        {&jetstream.APIError{Code: 503, ErrorCode: 10008}, true},
		"a leader that has begun": {&jetstream.APIError{Code: 503, ErrorCode: 10163}, true},
		"too few members":         {&jetstream.APIError{Code: 400, ErrorCode: noPeers}, true},
		"no answer":               {context.DeadlineExceeded, true},
		"no right":                {&jetstream.APIError{Code: 403, ErrorCode: 10035}, false},
		"another's write":         {&jetstream.APIError{Code: 400, ErrorCode: jetstream.JSErrCodeStreamWrongLastSequence}, false},
	} {
		if got := errors.Is(j.translate("read", test.err), ErrUnavailable); got != test.passes {
			t.Errorf("%s: passes %v, want %v", name, got, test.passes)
		}
	}
}
