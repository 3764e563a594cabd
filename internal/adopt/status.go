package adopt

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// codes is a set of HTTP statuses, 100 to 999: some servers answer with one that is none, as 999.
type codes map[int]bool

const codesEnd = 1000

// codesWhere are those for which a claim holds.
func codesWhere(is func(code int) bool) codes {
	set := codes{}
	for code := 100; code < codesEnd; code++ {
		if is(code) {
			set[code] = true
		}
	}
	return set
}

// followed are the statuses by which a client is sent on.
var followed = []int{301, 302, 303, 307, 308}

// where a redirect is followed, its status is no answer: named in the option status it would be one
// here, and not be followed.
func (s codes) whereFollowed() codes {
	out := maps.Clone(s)
	for _, code := range followed {
		delete(out, code)
	}
	return out
}

// option writes the set as the option status has it: classes, spans and codes.
func (s codes) option() (list []any) {
	for from := 100; from < codesEnd; from++ {
		if !s[from] {
			continue
		}
		to := from
		for s[to+1] {
			to++
		}
		if from%100 == 0 && to >= from+99 && from < 600 {
			list = append(list, fmt.Sprintf("%dxx", from/100))
			from += 99
			continue
		}
		if next := (from/100 + 1) * 100; to >= next+99 && next < 600 { // a class begins within
			to = next - 1
		}
		if to == from {
			list = append(list, from)
		} else {
			list = append(list, fmt.Sprintf("%d-%d", from, to))
		}
		from = to
	}
	return list
}

// statuses writes the option of a set, for a check that follows redirects or does not;
// nothing for what is the default.
func (p *Plan) statuses(c *Check, set codes, follows bool) (differs string) {
	if follows {
		if rest := set.whereFollowed(); len(rest) > 0 {
			if len(rest) < len(set) {
				p.differ("redirects whose status is right, and which are followed", "one that says not where to go, or leads on for ever, fails here; there its status may count")
			}
			set = rest
		} else if len(set) > 0 {
			differs = "a redirect is an answer here when its status is named, and is not followed"
		}
	}
	if set.same(codesWhere(func(code int) bool { return code/100 == 2 })) && follows {
		return differs
	}
	if len(set) == 0 {
		return "none of its statuses can be that of an answer: 2xx is right here"
	}
	c.Options["status"] = set.option()
	return differs
}

func (s codes) same(other codes) bool { return maps.Equal(s, other) }

// readCodes reads "200-299", "404" and "2xx".
func readCodes(list []string) (codes, bool) {
	set := codes{}
	for _, one := range list {
		one = strings.ToLower(strings.TrimSpace(one))
		from, to, isSpan := strings.Cut(one, "-")
		if class, ok := strings.CutSuffix(one, "xx"); ok {
			from, to, isSpan = class+"00", class+"99", true
		}
		a, err := strconv.Atoi(strings.TrimSpace(from))
		b := a
		if err == nil && isSpan {
			b, err = strconv.Atoi(strings.TrimSpace(to))
		}
		if err != nil || a < 100 || b > 999 || a > b {
			return nil, false
		}
		for code := a; code <= b; code++ {
			set[code] = true
		}
	}
	return set, true
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// asJSON writes a text of JSON, as it stands: < and > are themselves.
func asJSON(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a text always has one
	return strings.TrimSuffix(b.String(), "\n")
}

// quoted writes a text of an expression.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + "'"
}
