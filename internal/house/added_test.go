package house

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestAChangeWaitsForItsTurnNoLongerThanItsContext: who has it hangs in the
// journal, as who looks for added checks may.
func TestAChangeWaitsForItsTurnNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{}
		end, err := h.added.take(t.Context())
		check(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := h.changeAdded(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		end()
		end, err = h.added.take(t.Context())
		check(t, err)
		end()
	})
}
