package checks

import (
	"crypto/sha256"
	"encoding/json"
	"reflect"
)

// seal is what is left of the options of a check that was compiled: enough to
// tell whether another definition is the same. The first 16 bytes of the
// SHA-256 of the options in JSON.
type seal [16]byte

// Seal lets go of the options of checks that a runner has compiled: probing
// does not need them again, and those of ten thousand http checks are 7 MB.
// A sealed check can still be given to Runner.Prepare beside the runner's
// own, and is the same as one that is not sealed; it cannot be compiled. The
// list must not be in use by anybody else yet.
func Seal(list []Check) {
	for i := range list {
		c := &list[i]
		if kinds[c.Kind].Passive {
			continue // whoever waits for reports reads them at each change
		}
		if s, ok := sealOf(c.Options); ok {
			c.Options = s
		}
	}
}

// sealOf returns what Seal leaves; false for options that JSON cannot hold.
func sealOf(options any) (seal, bool) {
	if s, ok := options.(seal); ok {
		return s, true
	}
	data, err := json.Marshal(options)
	if err != nil {
		return seal{}, false
	}
	sum := sha256.Sum256(data)
	return seal(sum[:len(seal{})]), true
}

// same tells whether two checks are defined alike, sealed or not.
func same(a, b *Check) bool {
	x, y := *a, *b
	x.Options, y.Options = nil, nil
	if !reflect.DeepEqual(x, y) {
		return false
	}
	_, sealedA := a.Options.(seal)
	_, sealedB := b.Options.(seal)
	if !sealedA && !sealedB {
		return reflect.DeepEqual(a.Options, b.Options)
	}
	s, ok := sealOf(a.Options)
	t, ok2 := sealOf(b.Options)
	return ok && ok2 && s == t
}
