package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/statusbot/statusbot/internal/journal"
)

func TestCheckpoints(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		j := open(t, cfg)
		ctx := t.Context()
		want := func(key string, data []byte) {
			t.Helper()
			got, err := j.Checkpoint(ctx, key)
			check(t, err)
			if !bytes.Equal(got, data) {
				t.Fatalf("%s: got %d bytes, want %d", key, len(got), len(data))
			}
		}
		// The longer one takes three messages, each with another content.
		long := make([]byte, 2*j.MaxBody()+17)
		for i := range long {
			long[i] = byte(i / 1000)
		}
		if _, err := j.Checkpoint(ctx, "a"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("of nothing: %v", err)
		}
		for i := range 3 {
			seq, err := j.PutCheckpoint(ctx, "a", fmt.Appendf(nil, "a%d", i))
			check(t, err)
			next, err := j.PutCheckpoint(ctx, "b/1", append(long[:len(long)-1:len(long)-1], byte(i)))
			check(t, err)
			if next != seq+1 {
				t.Errorf("a long checkpoint begins at %d, after one at %d", next, seq)
			}
			want("a", fmt.Appendf(nil, "a%d", i))
			want("b/1", append(long[:len(long)-1:len(long)-1], byte(i)))
			if i == 1 {
				check(t, j.DropCheckpoints(ctx, seq)) // all of the first round, nothing of the second
				want("a", []byte("a1"))
				want("b/1", append(long[:len(long)-1:len(long)-1], 1))
			}
			if i == 2 {
				check(t, j.DropCheckpoints(ctx, next+1)) // within the long one: what is left of it is none
				if _, err := j.Checkpoint(ctx, "b/1"); !errors.Is(err, journal.ErrNotFound) {
					t.Errorf("of a part: %v", err)
				}
			}
		}
		if _, err := j.PutCheckpoint(ctx, "", nil); !errors.Is(err, journal.ErrBadName) {
			t.Errorf("of no name: %v", err)
		}
	})
}
