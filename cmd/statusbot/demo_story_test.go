package main

import (
	"strings"
	"testing"
	"time"
)

// TestTheStoryFits: two minutes hold it all with what is said afterwards, and
// nothing else happens in the time by which the action in vain is judged; a
// shorter time leaves scenes out, and none waits less than nothing.
func TestTheStoryFits(t *testing.T) {
	when := func(heal time.Duration) (at map[string]time.Duration, end time.Duration) {
		at = map[string]time.Duration{}
		s := &story{plan: demoPlan{breakAfter: 10 * time.Second, healAfter: heal}}
		for _, sc := range s.scenes() {
			if sc.after < 0 {
				t.Errorf("with %s to the repair %q waits %s", heal, sc.text, sc.after)
			}
			end += sc.after
			for _, word := range []string{"begins to fail", "gets worse", "tries something", "Ben restarts"} {
				if strings.Contains(sc.text, word) {
					at[word] = end
				}
			}
		}
		return at, end
	}
	at, end := when(55 * time.Second)
	if len(at) != 4 || at["begins to fail"] != 10*time.Second || end > 80*time.Second {
		t.Errorf("scenes at %v, the last at %s; want a fault after 10 s, and 40 s left for the proof", at, end)
	}
	if a, b := at["tries something"]-at["gets worse"], at["Ben restarts"]-at["tries something"]; a < leastWorse || b < triedBefore {
		t.Errorf("%s before the action in vain and %s after it are undisturbed", a, b)
	}
	if at, _ := when(20 * time.Second); len(at) != 2 {
		t.Errorf("in 20 s there are %v, want the fault and the repair", at)
	}
	if at, _ := when(0); len(at) != 3 {
		t.Errorf("without a repair there are %v, want all but that", at)
	}
}
