package journal

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestEncode(t *testing.T) {
	for name, want := range map[string]string{
		"inc-42":                      "inc-42",
		"slack:C01/inc.7":             "slack=3AC01=2Finc=2E7",
		"#störung * > a b":            "=23st=C3=B6rung=20=2A=20=3E=20a=20b",
		"=":                           "=3D",
		"\x00\xff":                    "=00=FF",
		strings.Repeat("a", maxToken): strings.Repeat("a", maxToken),
	} {
		got, err := encode("name", name)
		if err != nil || got != want {
			t.Errorf("encode(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	for _, bad := range []string{"", strings.Repeat("a", maxToken+1), strings.Repeat("/", maxToken/3+1)} {
		if _, err := encode("name", bad); !errors.Is(err, ErrBadName) {
			t.Errorf("encode of %d bytes: %v, want ErrBadName", len(bad), err)
		}
	}
}

// Whatever decodes is what encode makes of it, and whatever encodes decodes to itself; so no two names share a subject.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{"a", "=3A", "=3a", "=41", "=", "=3", "a.b", ":"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if token, err := encode("name", s); err == nil {
			if strings.ContainsAny(token, ".*> \t\r\n") {
				t.Errorf("encode(%q) = %q is no plain token", s, token)
			}
			if back, err := decode(token); err != nil || back != s {
				t.Errorf("decode(encode(%q)) = %q, %v", s, back, err)
			}
		}
		if name, err := decode(s); err == nil && len(s) <= maxToken {
			if token, err := encode("name", name); err != nil || token != s {
				t.Errorf("encode(decode(%q)) = %q, %v", s, token, err)
			}
		}
	})
}

// The stored form of a lease may gain fields, but these keep their names and meanings.
func TestLeaseRecordStoredForm(t *testing.T) {
	got, err := json.Marshal(leaseRecord{Node: "n1", Instance: "i", Generation: 7, TTL: 10 * time.Second})
	const want = `{"node":"n1","instance":"i","generation":7,"ttl_ns":10000000000}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
