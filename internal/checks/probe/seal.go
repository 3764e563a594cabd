package probe

import (
	"crypto/sha256"
	"encoding/json"
	"reflect"

	"github.com/statusbot/statusbot/internal/checks"
)

// Sealed is what is left of the options of a check that was compiled: enough to
// tell whether another definition is the same, and whom it asks.
type Sealed struct {
	sum   [16]byte // the first bytes of the SHA-256 of the options in JSON
	asked string   // what AskedOf says
}

// Seal lets go of the options of checks that a runner has compiled: probing
// does not need them again, and those of ten thousand http checks are 7 MB.
// A sealed check can still be given to Runner.Prepare beside the runner's
// own, and is the same as one that is not sealed; it cannot be compiled. The
// list must not be in use by anybody else yet.
func Seal(list []checks.Check) {
	for i := range list {
		c := &list[i]
		if c.Passive {
			continue // whoever waits for reports reads them at each change
		}
		if sum, ok := sumOf(c.Options); ok {
			c.Options = Sealed{sum, AskedOf(c)}
		}
	}
}

// sumOf tells options apart, sealed or not; false for options that JSON cannot hold.
func sumOf(options any) (sum [16]byte, ok bool) {
	if s, is := options.(Sealed); is {
		return s.sum, true
	}
	data, err := json.Marshal(options)
	if err != nil {
		return sum, false
	}
	whole := sha256.Sum256(data)
	return [16]byte(whole[:]), true
}

// Same tells whether two checks are defined alike, sealed or not.
func Same(a, b *checks.Check) bool {
	x, y := *a, *b
	x.Options, y.Options = nil, nil
	if !reflect.DeepEqual(x, y) {
		return false
	}
	_, sealedA := a.Options.(Sealed)
	_, sealedB := b.Options.(Sealed)
	if !sealedA && !sealedB {
		return reflect.DeepEqual(a.Options, b.Options)
	}
	s, ok := sumOf(a.Options)
	t, ok2 := sumOf(b.Options)
	return ok && ok2 && s == t
}
