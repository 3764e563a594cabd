package bot

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sent is a server that notes when it was asked, and answers with status, or
// not at all where that is 0.
type sent struct {
	status int
	at     []time.Time
}

func (s *sent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.at = append(s.at, time.Now())
	if s.status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// pauses are the seconds between the calls.
func (s *sent) pauses() []float64 {
	var out []float64
	for i := 1; i < len(s.at); i++ {
		out = append(out, s.at[i].Sub(s.at[i-1]).Seconds())
	}
	return out
}

func call(t *testing.T, ctx context.Context, p *pacer, method string) error {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://slack.test/api/"+method, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.RoundTrip(r)
	if err == nil {
		answer.Body.Close()
	}
	return err
}

func TestPacerSlowsAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{status: http.StatusOK}
		p := &pacer{base: s}
		for range 10 { // each opening succeeds and dies at once
			if err := call(t, t.Context(), p, "apps.connections.open"); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]float64{1, 2, 4, 8, 16, 32, 60, 60, 60}, s.pauses()); diff != "" {
			t.Errorf("pauses between openings (-want +got):\n%s", diff)
		}
		// A connection that lived long enough was a good one: back to the start.
		time.Sleep(p.pause + livedLong)
		s.at = nil
		for range 3 {
			if err := call(t, t.Context(), p, "apps.connections.open"); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]float64{1, 2}, s.pauses()); diff != "" {
			t.Errorf("pauses after a good connection (-want +got):\n%s", diff)
		}
	})
}

func TestPacerKeepsFailedOpeningsASecondApart(t *testing.T) {
	for _, status := range []int{0, http.StatusServiceUnavailable, http.StatusTooManyRequests} {
		synctest.Test(t, func(t *testing.T) {
			s := &sent{status: status}
			p := &pacer{base: s}
			for range 5 {
				if err := call(t, t.Context(), p, "apps.connections.open"); (err != nil) != (status == 0) {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff([]float64{1, 1, 1, 1}, s.pauses()); diff != "" {
				t.Errorf("status %d: pauses (-want +got):\n%s", status, diff)
			}
		})
	}
}

func TestPacerLetsOtherCallsThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{status: http.StatusOK}
		p := &pacer{base: s}
		for _, method := range []string{"apps.connections.open", "auth.test", "chat.postMessage"} {
			if err := call(t, t.Context(), p, method); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]float64{0, 0}, s.pauses()); diff != "" {
			t.Errorf("pauses (-want +got):\n%s", diff)
		}
	})
}

func TestPacerGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{status: http.StatusOK}
		p := &pacer{base: s}
		if err := call(t, t.Context(), p, "apps.connections.open"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		begun := time.Now()
		if err := call(t, ctx, p, "apps.connections.open"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if took := time.Since(begun); took != 300*time.Millisecond || len(s.at) != 1 {
			t.Errorf("returned after %v with %d openings, want 300ms and the first alone", took, len(s.at))
		}
	})
}
