package probe

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/checks"
)

const (
	PerfMax      = 64  // values kept of one output; plugins write a handful
	perfLabelMax = 256 // bytes of a label: that of an interface of Windows has 73
	perfUnitMax  = 8   // bytes of a unit
)

// ParsePerf reads performance data,
//
//	'label'=value[unit];[warn];[crit];[min];[max]
//
// separated by white space. A label with spaces or "=" stands in single
// quotes, in which two quotes mean one. Thresholds are not kept. What cannot
// be read, and the value "U" (not known), is left out: the data are an extra
// and never change an outcome.
func ParsePerf(s string) []checks.Perf {
	var list []checks.Perf
	for len(list) < PerfMax {
		s = strings.TrimLeft(s, " \t\r\n")
		if s == "" {
			break
		}
		label, rest, ok := perfLabel(s)
		end := strings.IndexAny(rest, " \t\r\n")
		if end < 0 {
			end = len(rest)
		}
		field := rest[:end]
		s = rest[end:]
		if !ok {
			continue
		}
		if value, unit, ok := perfValue(field); ok {
			list = append(list, checks.Perf{Label: label, Value: value, Unit: unit})
		}
	}
	return list
}

// perfLabel reads the label and its "=". If there is none, rest is s, or
// what follows the label.
func perfLabel(s string) (label, rest string, ok bool) {
	if s[0] != '\'' {
		end := strings.IndexAny(s, "= \t\r\n")
		if end <= 0 || s[end] != '=' {
			return "", s, false
		}
		return s[:end], s[end+1:], GoodLabel(s[:end])
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case i+1 < len(s) && s[i+1] == '=':
			return b.String(), s[i+2:], GoodLabel(b.String())
		default:
			return "", s[i+1:], false
		}
	}
	return "", "", false
}

// GoodLabel reports whether a label can be kept.
func GoodLabel(label string) bool {
	return label != "" && len(label) <= perfLabelMax && utf8.ValidString(label) && !strings.ContainsAny(label, "\r\n")
}

// perfValue reads "12.5ms;warn;crit;min;max".
func perfValue(field string) (value float64, unit string, ok bool) {
	field, _, _ = strings.Cut(field, ";")
	end := 0
	for end < len(field) && (field[end] >= '0' && field[end] <= '9' || strings.IndexByte("+-.", field[end]) >= 0) {
		end++
	}
	// Plugins that were made for a language with a decimal comma write it.
	if end > 0 && end+1 < len(field) && field[end] == ',' && field[end+1] >= '0' && field[end+1] <= '9' && !strings.Contains(field[:end], ".") {
		field = field[:end] + "." + field[end+1:]
		for end++; end < len(field) && field[end] >= '0' && field[end] <= '9'; {
			end++
		}
	}
	// An exponent, as printf's %g writes it, is not a unit that begins with e.
	if end > 0 && end+1 < len(field) && (field[end] == 'e' || field[end] == 'E') {
		i := end + 1
		if field[i] == '+' || field[i] == '-' {
			i++
		}
		digits := i
		for i < len(field) && field[i] >= '0' && field[i] <= '9' {
			i++
		}
		if i > digits {
			end = i
		}
	}
	value, err := strconv.ParseFloat(field[:end], 64)
	unit = field[end:]
	if strings.ContainsAny(unit, "0123456789") || strings.HasPrefix(unit, ":") {
		return 0, "", false // "1.234,5", "12:34", "0x10": whose number it is cannot be told
	}
	if err != nil || math.IsInf(value, 0) || math.IsNaN(value) || len(unit) > perfUnitMax || !utf8.ValidString(unit) {
		return 0, "", false
	}
	return value, unit, true
}
