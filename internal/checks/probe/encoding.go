package probe

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// UTF8 returns a text in UTF-8 and without a byte order mark if it begins with
// one, as programs of Windows write it, in UTF-8, UTF-16 or UTF-32. Another text
// stays as it is.
func UTF8(text []byte) []byte {
	if rest, ok := bytes.CutPrefix(text, []byte("\xef\xbb\xbf")); ok {
		return UTF8(rest) // of what was put together each part may have brought one
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe\x00\x00")): // in UTF-16 the text would begin with a zero
		return ofUTF32(text[4:], order)
	case bytes.HasPrefix(text, []byte("\x00\x00\xfe\xff")):
		return ofUTF32(text[4:], binary.BigEndian)
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return text
	}
	units := make([]uint16, 0, len(text)/2)
	for text = text[2:]; len(text) >= 2; text = text[2:] {
		units = append(units, order.Uint16(text))
	}
	return []byte(string(utf16.Decode(units)))
}

// ofUTF32 returns in UTF-8 what is in UTF-32.
func ofUTF32(text []byte, order binary.ByteOrder) []byte {
	out := make([]byte, 0, len(text)/4)
	for ; len(text) >= 4; text = text[4:] {
		out = utf8.AppendRune(out, rune(order.Uint32(text)))
	}
	return out
}

// exactMax is up to where a float has every whole number.
const exactMax = 1 << 53

// JSON reads a document for expressions; false for none. Numbers are doubles,
// whole or not, so that their type cannot change from one answer to the next,
// but for whole ones beyond 2^53: of those a double has not every one.
func JSON(text []byte) (value any, ok bool) {
	if !hasLongNumber(text) {
		return value, json.Unmarshal(text, &value) == nil
	}
	if !json.Valid(text) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return nil, false
	}
	return numbersIn(value), true
}

// hasLongNumber reports whether 16 digits follow each other, as in 2^53.
func hasLongNumber(text []byte) bool {
	run := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			run = 0
		} else if run++; run == 16 {
			return true
		}
	}
	return false
}

func numbersIn(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = numbersIn(v[key])
		}
	case []any:
		for i := range v {
			v[i] = numbersIn(v[i])
		}
	case json.Number:
		return numberOf(string(v))
	}
	return value
}

func numberOf(text string) any {
	f, _ := strconv.ParseFloat(text, 64) // beyond its range it is infinite
	if math.Abs(f) < exactMax || strings.ContainsAny(text, ".eE") {
		return f
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n
	}
	return f
}
