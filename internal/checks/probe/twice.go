package probe

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// Twice returns the first key that an object of JSON, or one of a list of them, has more
// than once, of those that into (a struct) is read from; empty for none. What such an
// object means is left to chance (RFC 8259, 4): encoding/json takes the last, and
// "Outcome" for "outcome". Keys that are not read may stand there as often as they like.
// The text is JSON.
func Twice(text []byte, into any) string {
	known := keysOf(reflect.TypeOf(into))
	d := json.NewDecoder(bytes.NewReader(text))
	list := false
	if t, _ := d.Token(); t == json.Delim('[') {
		list = true
	} else if t != json.Delim('{') {
		return ""
	}
	for {
		if list {
			if !d.More() {
				return ""
			}
			if t, _ := d.Token(); t != json.Delim('{') {
				return ""
			}
		}
		if key := twiceIn(d, known); key != "" || !list {
			return key
		}
	}
}

// twiceIn reads an object to its end, or to the key that it has twice.
func twiceIn(d *json.Decoder, known []string) string {
	var seen uint64 // a bit for each that is known
	var skipped json.RawMessage
	for d.More() {
		t, _ := d.Token()
		key, _ := t.(string)
		for i, k := range known {
			if strings.EqualFold(k, key) {
				if seen&(1<<i) != 0 {
					return key
				}
				seen |= 1 << i
			}
		}
		if d.Decode(&skipped) != nil {
			return ""
		}
	}
	_, _ = d.Token()
	return ""
}

var keys sync.Map // :: type of a struct -> the keys that it is read from

func keysOf(t reflect.Type) []string {
	if known, ok := keys.Load(t); ok {
		return known.([]string)
	}
	var list []string
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			list = append(list, name)
		}
	}
	keys.Store(t, list)
	return list
}
