package mcp

import (
	"reflect"
	"strings"
	"time"
	"unicode"
)

const (
	// textMost is how many characters of a text from outside a model reads.
	textMost = 400
	// wholeMost is the same of a report's Markdown.
	wholeMost = 20_000
)

// fenced is a value in which each text that the API marks as from outside stands in a fence.
func fenced(value any, word string) any {
	v := reflect.New(reflect.TypeOf(value)).Elem()
	v.Set(reflect.ValueOf(value))
	fence(v, word, 0)
	return v.Interface()
}

// fence goes through a value; outside is how many characters its texts may have, 0 where
// they are ours.
func fence(v reflect.Value, word string, outside int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fence(v.Elem(), word, outside)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fence(v.Index(i), word, outside)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			most := 0
			if f := v.Type().Field(i); f.Tag.Get("outside") != "" {
				most = textMost
				if f.Name == "Markdown" {
					most = wholeMost
				}
			}
			fence(v.Field(i), word, most)
		}
	case reflect.String:
		if outside > 0 && v.String() != "" {
			v.SetString("<outside-" + word + ">" + cut(v.String(), outside) + "</outside-" + word + ">")
		}
	}
}

// cut is so much of a text, without what nobody sees: such letters carry instructions
// that people who look at a page do not find there.
func cut(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == '\u034f' || r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef:
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "… (cut)"
	}
	return s
}
