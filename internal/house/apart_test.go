package house

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
)

// threeJournals are members of a cluster in this process, of which none leads.
func threeJournals(t *testing.T) []*journal.Journal {
	t.Helper()
	c := journal.Cluster{Name: "test"}
	for range 3 {
		held, err := port.Hold()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = held.Close() })
		c.Members = append(c.Members, held.Address())
	}
	folders, err := journal.InitCluster(t.TempDir(), c)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]*journal.Journal, 3)
	var group sync.WaitGroup
	for i, folder := range folders {
		own := c
		if err := journal.ReadMember(folder, &own); err != nil {
			t.Fatal(err)
		}
		cfg := journal.Config{Dir: t.TempDir(), Cluster: &own, LeaseTTL: time.Second}
		group.Go(func() {
			j, err := journal.Open(t.Context(), cfg)
			if err != nil {
				t.Error(err)
				return
			}
			all[i] = j
			t.Cleanup(func() { all[i].Close() })
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// A member whose others are gone says that it is cut off, to people and in its health;
// while they are there it does not, though nobody leads.
func TestAMinoritySaysThatItIsCutOff(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "three servers, and their elections")
	all := threeJournals(t)
	h := &house{journal: all[0], log: zap.NewNop(), started: time.Now()}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { h.watchApart(ctx) })
	defer group.Wait()
	defer cancel()
	if h.answers(ctx) { // a machine may be too busy for that
		if a := h.isApart(); !a.Since.IsZero() {
			t.Errorf("with all others there it is cut off: %+v", a)
		}
	}
	for _, j := range all[1:] {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
	for deadline := time.Now().Add(2 * time.Minute); h.isApart().Since.IsZero(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not say that it is cut off")
		}
	}
	if a := h.isApart(); a.Reached != 0 || a.Others != 2 || !a.Since.Equal(h.started) {
		t.Errorf("it says %+v", a)
	}
	// Who wants all that there is is told so, too, and waits for no end.
	const says = "this statusbot is cut off, it reaches 0 of the 2 others"
	for _, serve := range []func(http.ResponseWriter, *http.Request, *journal.Journal){serveResults, serveEvents} {
		said := httptest.NewRecorder()
		serve(said, httptest.NewRequest(http.MethodGet, "/", nil), all[0])
		if said.Code != http.StatusServiceUnavailable || !strings.HasPrefix(said.Body.String(), says) {
			t.Errorf("a reader is told %d, %q", said.Code, said.Body)
		}
	}
}
