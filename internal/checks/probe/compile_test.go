package probe

import (
	"context"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

func TestPanicIsUnknown(t *testing.T) {
	c := &Compiled{Check: &checks.Check{ID: "it", Timeout: time.Second}, probe: func(context.Context) checks.Result { panic("no such thing") }}
	r, ok := c.Run(context.Background())
	if !ok || r.Outcome != checks.Unknown || r.Reason != checks.ReasonInternal || r.Summary != "the probe panicked: no such thing" || r.Evidence == nil || len(r.Evidence.Output) > OutputMax {
		t.Errorf("got %v %+v", ok, r)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
