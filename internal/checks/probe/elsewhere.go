package probe

import (
	"reflect"
	"strings"
)

// NotElsewhere says why a check with these options cannot be probed by an agent on
// another machine; empty when it can. Such an agent reads no file that options name,
// whoever asks for it.
func NotElsewhere(kind Kind, options any) string {
	switch {
	case kind.Passive:
		return "is not probed: its reports come to statusbot itself"
	case kind.Cost == BrowserCost:
		return "starts a browser, which agents do not"
	}
	if key := namesFile(reflect.ValueOf(options)); key != "" {
		return "has " + key + ", and agents read no files"
	}
	return ""
}

// namesFile returns the first option that names a file and has a value.
func namesFile(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return namesFile(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			if key := namesFile(v.Index(i)); key != "" {
				return key
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("mapstructure"), ",")
			f := v.Field(i)
			if strings.HasSuffix(key, "_file") && f.Kind() == reflect.String && f.Len() > 0 {
				return key
			}
			if key := namesFile(f); key != "" {
				return key
			}
		}
	}
	return ""
}
