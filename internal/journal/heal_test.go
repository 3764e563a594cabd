package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// A server that refuses at once is asked again some fifty times a second, and not as
// often as the machine can.
func TestAskingAServerThatComesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		asked, refused := 0, errors.New("no responders")
		err := untilAnswered(ctx, func(context.Context) error { asked++; return refused })
		if !errors.Is(err, refused) || asked > 51 || asked < 40 {
			t.Errorf("asked %d times in a second: %v", asked, err)
		}
		if err := untilAnswered(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}

// Results give way on a full disk also where the server does not say how many there are:
// its files do.
func TestResultsGiveWayOfAServerThatIsDown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no answer
	if j.mayGiveWay(ctx) {
		t.Error("nothing gives way")
	}
	in, err := filepath.Glob(filepath.Join(dir, "nats", "jetstream", "*", "streams", j.resultsStream(), "msgs"))
	if err != nil || len(in) != 1 {
		t.Fatalf("the results' files are in %v, %v", in, err)
	}
	if err := os.WriteFile(filepath.Join(in[0], "7.blk"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(in[0], "7.blk"), giveWayLeast); err != nil {
		t.Fatal(err)
	}
	if !j.mayGiveWay(ctx) {
		t.Error("16 MiB of results do not give way")
	}
	if err := os.Remove(filepath.Join(in[0], "7.blk")); err != nil {
		t.Fatal(err)
	}
}
