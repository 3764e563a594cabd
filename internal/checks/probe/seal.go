package probe

import (
	"crypto/sha256"
	"encoding/json"
	"reflect"

	"github.com/statusbot/statusbot/internal/checks"
)

// Sealed is what is left of the options of a check that was compiled: enough to
// tell whether another definition is the same. The first 16 bytes of the
// SHA-256 of the options in JSON.
type Sealed [16]byte

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
		if s, ok := sealOf(c.Options); ok {
			c.Options = s
		}
	}
}

// sealOf returns what Seal leaves; false for options that JSON cannot hold.
func sealOf(options any) (Sealed, bool) {
	if s, ok := options.(Sealed); ok {
		return s, true
	}
	data, err := json.Marshal(options)
	if err != nil {
		return Sealed{}, false
	}
	sum := sha256.Sum256(data)
	return Sealed(sum[:len(Sealed{})]), true
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
	s, ok := sealOf(a.Options)
	t, ok2 := sealOf(b.Options)
	return ok && ok2 && s == t
}
