package bot

import (
	"context"
	"time"
)

// bounded bounds a step of an answer. The bounds of this package are shares of
// the 3 s in which Slack wants one; where whoever waits is more patient, the
// context says how many times as much (Patiently).
func bounded(ctx context.Context, bound time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Duration(PatienceOf(ctx))*bound)
}

// patience is the key of how many times as long as Slack whoever waits does.
type patience struct{}

// Patiently makes the bounds of all steps that follow from ctx so many times as
// long, for who asks without Slack's 3 s: a sandbox on a busy machine.
func Patiently(ctx context.Context, times int) context.Context {
	return context.WithValue(ctx, patience{}, times)
}

// PatienceOf is how many times as long as Slack whoever waits does; 1 unless it was
// said.
func PatienceOf(ctx context.Context) int {
	if n, ok := ctx.Value(patience{}).(int); ok {
		return n
	}
	return 1
}
