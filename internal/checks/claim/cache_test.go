package claim

import (
	"errors"
	"fmt"
	"testing"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestClaimsAreCompiledOnce(t *testing.T) {
	v := NewVocabulary(nil) // of no names, and an empty cache
	first, err := v.compile("expect", "1 < 2 && 2 < 3", true)
	probetest.OK(t, err)
	again, err := v.compile("expect[7]", "1 < 2 && 2 < 3", true)
	probetest.OK(t, err)
	if len(first) != 2 || &first[0] != &again[0] {
		t.Errorf("the same text in the same option is compiled twice")
	}
	// What the text is for is part of what it became.
	other, err := v.compile("fail_if", "1 < 2 && 2 < 3", false)
	probetest.OK(t, err)
	if len(other) != 1 || other[0].key != "fail_if" || other[0].want {
		t.Errorf("got %+v for fail_if", other)
	}
	// An error is not remembered: it names the place.
	for _, key := range []string{"expect[0]", "expect[1]"} {
		_, err := v.compile(key, "1 <", true)
		if wrong, ok := errors.AsType[*probe.OptionError](err); !ok || wrong.Key != key {
			t.Errorf("%s: got %v", key, err)
		}
	}
	for i := range cacheMax + 10 {
		_, err := v.compile("expect", fmt.Sprintf("%d < 5", i), true)
		probetest.OK(t, err)
	}
	if n := len(v.cache.known); n > cacheMax {
		t.Errorf("%d expressions are remembered", n)
	}
}
