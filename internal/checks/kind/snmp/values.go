package snmp

import (
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gosnmp/gosnmp"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// answer is what an agent said.
type answer struct {
	get  map[string]any            // :: name -> value
	walk map[string]map[string]any // :: name -> row -> value
	rows int
}

// isNone reports whether an agent says by a type that it has no value.
func isNone(t gosnmp.Asn1BER) bool {
	return t == gosnmp.NoSuchObject || t == gosnmp.NoSuchInstance || t == gosnmp.EndOfMibView || t == gosnmp.Null
}

// valueOf makes a value of an agent's one of expressions; false for none.
func valueOf(v gosnmp.SnmpPDU) (any, bool) {
	switch v.Type {
	case gosnmp.TimeTicks:
		return time.Duration(gosnmp.ToBigInt(v.Value).Int64()) * 10 * time.Millisecond, true
	case gosnmp.Integer, gosnmp.Counter32, gosnmp.Gauge32, gosnmp.Uinteger32, gosnmp.Counter64:
		n := gosnmp.ToBigInt(v.Value)
		if !n.IsInt64() {
			f, _ := n.Float64()
			return f, true
		}
		return n.Int64(), true
	}
	switch value := v.Value.(type) {
	case []byte:
		return textOf(value), true
	case string: // the number of an object, or an address
		return strings.TrimPrefix(value, "."), true
	case float32:
		return float(float64(value))
	case float64:
		return float(value)
	case nil:
		return nil, false
	default:
		return fmt.Sprint(value), true
	}
}

func float(f float64) (any, bool) { return f, !math.IsNaN(f) }

// textOf returns a string as it is if it is one, and in hexadecimal, as
// addresses of hardware are written, if not: "00:1b:21:3a".
func textOf(b []byte) string {
	text := strings.TrimRight(string(b), "\x00")
	printable := utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) })
	if printable && (text != "" || len(b) == 0) {
		return text
	}
	pairs := make([]string, len(b))
	for i := range b {
		pairs[i] = hex.EncodeToString(b[i : i+1])
	}
	return strings.Join(pairs, ":")
}

// summary says what was seen, in a few words.
func (a answer) summary(p *prober) string {
	switch {
	case len(p.get) == 1 && len(p.walk) == 0:
		return p.get[0].name + " is " + shown(a.get[p.get[0].name])
	case len(p.walk) == 0:
		return strconv.Itoa(len(a.get)) + " values"
	case len(p.get) == 0:
		return rowsText(a.rows)
	}
	return strconv.Itoa(len(a.get)) + " values, " + rowsText(a.rows)
}

func rowsText(n int) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.Itoa(n) + " rows"
}

func shown(v any) string {
	switch v := v.(type) {
	case time.Duration:
		return v.String()
	case string:
		return probe.Quoted(v)
	}
	return fmt.Sprint(v)
}

// text is what was seen, a line each, for who wants to look.
func (a answer) text(p *prober) string {
	var b strings.Builder
	for _, o := range p.get {
		fmt.Fprintf(&b, "%s = %s\n", o.name, shown(a.get[o.name]))
	}
	for _, o := range p.walk {
		for _, row := range slices.Sorted(maps.Keys(a.walk[o.name])) {
			if b.Len() > 2*probe.OutputMax {
				return b.String()
			}
			fmt.Fprintf(&b, "%s.%s = %s\n", o.name, row, shown(a.walk[o.name][row]))
		}
	}
	return b.String()
}
