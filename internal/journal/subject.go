package journal

import (
	"fmt"
	"strings"
)

// maxToken bounds one encoded name, in bytes. Three such tokens stay under NATS' control line of 4096 bytes.
const maxToken = 1024

const upperHex = "0123456789ABCDEF"

// encode makes one subject token of any non-empty name. ErrBadName when the name is empty or its token too long.
func encode(what, name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("%w: empty %s", ErrBadName, what)
	}
	var b strings.Builder
	b.Grow(len(name) + 8)
	for i := range len(name) {
		if c := name[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'=', upperHex[c>>4], upperHex[c&15]})
		}
	}
	if b.Len() > maxToken {
		return "", fmt.Errorf("%w: %s of %d bytes is too long (%d encoded, at most %d)", ErrBadName, what, len(name), b.Len(), maxToken)
	}
	return b.String(), nil
}

// decode is the inverse of encode. It refuses every token that encode does not make.
func decode(token string) (string, error) {
	var b strings.Builder
	b.Grow(len(token))
	for i := 0; i < len(token); i++ {
		c := token[i]
		if plain(c) {
			b.WriteByte(c)
			continue
		}
		if c != '=' || i+2 >= len(token) {
			return "", fmt.Errorf("%w: token %q", ErrBadName, token)
		}
		hi, lo := strings.IndexByte(upperHex, token[i+1]), strings.IndexByte(upperHex, token[i+2])
		if hi < 0 || lo < 0 || plain(byte(hi<<4|lo)) {
			return "", fmt.Errorf("%w: token %q", ErrBadName, token)
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	if b.Len() == 0 {
		return "", fmt.Errorf("%w: empty token", ErrBadName)
	}
	return b.String(), nil
}

// encodePair makes the two tokens of a destination and a key.
func encodePair(dest, key string) (string, error) {
	d, err := encode("destination", dest)
	if err != nil {
		return "", err
	}
	k, err := encode("key", key)
	if err != nil {
		return "", err
	}
	return d + "." + k, nil
}

func decodePair(tokens string) (dest, key string, err error) {
	d, k, found := strings.Cut(tokens, ".")
	if !found {
		return "", "", fmt.Errorf("%w: tokens %q", ErrBadName, tokens)
	}
	if dest, err = decode(d); err != nil {
		return "", "", err
	}
	if key, err = decode(k); err != nil {
		return "", "", err
	}
	return dest, key, nil
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
