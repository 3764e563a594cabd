package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// wanted names a type in words.
func wanted(t reflect.Type) string {
	if t == durationType {
		return `a duration such as "10s"`
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "text"
}

// scalar reads text as a value of type t. Quoted says that the text is text
// for YAML, so that "12" is not taken for a number. A message that is not
// empty says what is wrong, with shownHere for the value.
func scalar(text string, quoted bool, t reflect.Type) (v any, message, instead string) {
	wrong := "must be " + wanted(t) + ", but is " + shownHere
	if t == durationType {
		d, instead, ok := parseDuration(text)
		if !ok {
			if strings.HasPrefix(strings.TrimSpace(text), "-") {
				return nil, shownHere + " is less than 0", instead
			}
			return nil, shownHere + " is not a duration", instead
		}
		return d, "", ""
	}
	switch t.Kind() {
	case reflect.Bool:
		switch {
		case text == "true" && !quoted:
			return true, "", ""
		case text == "false" && !quoted:
			return false, "", ""
		}
		switch strings.ToLower(text) {
		case "yes", "on", "true", "1":
			return nil, wrong, "write true"
		case "no", "off", "false", "0":
			return nil, wrong, "write false"
		}
		return nil, wrong, ""
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		i, err := strconv.ParseInt(text, 0, 64)
		if digits := strings.TrimLeft(text, "+-"); len(digits) > 1 && digits[0] == '0' && strings.Trim(digits, "0123456789_") == "" {
			return nil, shownHere + " is a number that not everybody reads alike", "write it without the zero before it" // YAML 1.1 has it in octal, 1.2 in decimal
		}
		if err != nil {
			return nil, wrong, ""
		}
		if quoted {
			return nil, wrong + " in quotes", fmt.Sprintf("write %d", i)
		}
		if unsigned := t.Kind() >= reflect.Uint; (unsigned && i < 0) ||
			(unsigned && reflect.Zero(t).OverflowUint(uint64(i))) || (!unsigned && reflect.Zero(t).OverflowInt(i)) {
			return nil, shownHere + " is out of range", ""
		}
		return i, "", ""
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || quoted {
			return nil, wrong, ""
		}
		return f, "", ""
	}
	return text, "", ""
}
