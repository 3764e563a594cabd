package publish_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

func started(by string) func(incident.Log) (incident.Event, error) {
	return func(log incident.Log) (incident.Event, error) {
		return log.Start(night, by, channelID, "", time.Minute)
	}
}

func TestAWriterReadsItsOwnWrite(t *testing.T) {
	j := &publishtest.Journal{}
	l := &publish.Ledger{Board: status.NewBoard(publishtest.Acme()), Append: j.Append}
	e, err := l.Write(t.Context(), started(ana))
	check(t, err)
	if i, ok := l.Board.Log().In(channelID); !ok || i.OpenedBy != ana || i.LastSeq != e.Seq || e.Seq == 0 {
		t.Errorf("the board has %+v after event %d", i, e.Seq)
	}
	// The same event by way of the journal's replay changes nothing.
	l.Board.ApplyEvent(e)
	if i, _ := l.Board.Log().In(channelID); i.Events != 1 {
		t.Errorf("%d events, want 1", i.Events)
	}
}

// TestOfTwoWritersOneIsRight: another process started updates a moment ago,
// and this one has not seen it yet.
func TestOfTwoWritersOneIsRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &publishtest.Journal{}
		theirs := &publish.Ledger{Board: status.NewBoard(publishtest.Acme()), Append: j.Append}
		ours := &publish.Ledger{Board: status.NewBoard(publishtest.Acme()), Append: j.Append}
		e, err := theirs.Write(t.Context(), started(ana))
		check(t, err)
		done := make(chan error, 1)
		go func() {
			_, err := ours.Write(t.Context(), started(ben))
			done <- err
		}()
		synctest.Wait()
		time.Sleep(time.Second)
		select {
		case err := <-done:
			t.Fatalf("it did not wait for what the other wrote: %v", err)
		default:
		}
		ours.Board.ApplyEvent(e) // the journal brings it
		err = <-done
		if _, refused := errors.AsType[*incident.Refusal](err); !refused {
			t.Errorf("error %v, want that updates come already", err)
		}
		if n := len(j.Events(incident.Opened)); n != 1 {
			t.Errorf("%d incidents were opened, want 1", n)
		}
	})
}

func TestAWriterDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &publishtest.Journal{}
		theirs := &publish.Ledger{Board: status.NewBoard(publishtest.Acme()), Append: j.Append}
		ours := &publish.Ledger{Board: status.NewBoard(publishtest.Acme()), Append: j.Append}
		_, err := theirs.Write(t.Context(), started(ana))
		check(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begun := time.Now()
		if _, err := ours.Write(ctx, started(ben)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("it took %v, want 2 s", took)
		}
	})
}

// TestAWriterWaitsForItsTurnNoLongerThanItsContext: the one before it hangs in
// the journal.
func TestAWriterWaitsForItsTurnNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, answer := make(chan bool), make(chan bool)
		j := &publishtest.Journal{}
		l := &publish.Ledger{Board: status.NewBoard(publishtest.Acme()), Append: func(ctx context.Context, id string, last uint64, data []byte) (uint64, error) {
			close(begun)
			<-answer
			return j.Append(ctx, id, last, data)
		}}
		done := make(chan error)
		go func() {
			_, err := l.Write(t.Context(), started(ana))
			done <- err
		}()
		<-begun
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := l.Write(ctx, started(ben)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		close(answer)
		check(t, <-done)
	})
}
