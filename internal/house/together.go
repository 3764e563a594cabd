package house

import (
	"context"
	"fmt"
	"net/http"

	"github.com/statusbot/statusbot/internal/journal"
)

// cutOffError is that a member of a cluster reaches too few of the others to know whether what it has is all.
type cutOffError struct{ reached, others int }

func (e cutOffError) Error() string {
	return fmt.Sprintf("this statusbot is cut off, it reaches %d of the %d others: whether what it has is all cannot be known; ask another one, or ask again", e.reached, e.others)
}

// whileTogether returns a context that ends, with a cutOffError as its cause, once a member reaches too few of the others: who reads all
// that there is would wait for as long as that lasts.
func whileTogether(ctx context.Context, j *journal.Journal) (_ context.Context, stop func()) {
	ctx, end := context.WithCancelCause(ctx)
	look := func() {
		if reached, others := len(j.Reached()), j.Others(); 2*(1+reached) <= 1+others {
			end(cutOffError{reached, others})
		}
	}
	if j.Others() > 0 {
		look()
		go regularly(ctx, apartLook, look)
	}
	return ctx, func() { end(nil) }
}

// refuse answers a reader that not all can be read, and why.
func refuse(ctx context.Context, w http.ResponseWriter, err error) {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}
