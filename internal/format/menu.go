package format

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// Menus of more options than Slack takes: what a person types finds the others.

// Suggested answers what a person types into a menu that is searched.
type Suggested struct {
	Options []Option // at most as many as a menu holds
	Of      int      // that were found; more than there are options where some are left out
}

// heading is what stands above options of which some are left out; empty where
// none is.
func (s Suggested) heading() string {
	if s.Of <= len(s.Options) {
		return ""
	}
	return text.Count(len(s.Options)) + " of " + text.Count(s.Of) + ", the worst first: type more of the name"
}

// MarshalJSON writes the answer as Slack wants it.
func (s Suggested) MarshalJSON() ([]byte, error) {
	type group struct {
		Label   textObject `json:"label"`
		Options []Option   `json:"options"`
	}
	if h := s.heading(); h != "" {
		return json.Marshal(map[string]any{"option_groups": []group{{plain(h), s.Options}}})
	}
	return json.Marshal(map[string]any{"options": append([]Option{}, s.Options...)})
}

// ProductOptions answers what a person types into a menu of products: those
// whose name or id has it, the worst first.
func ProductOptions(s status.Snapshot, typed string) Suggested {
	return suggested(look(s, incident.Incident{}, false).productOptions(), typed)
}

// CheckOptions answers what a person types into the menu of a product's checks:
// those whose id has it, the worst first.
func CheckOptions(d status.Drill, typed string) Suggested { return suggested(checkOptions(d), typed) }

func suggested(all []Option, typed string) Suggested {
	typed = strings.ToLower(strings.TrimSpace(typed))
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), typed) }
	found := slices.DeleteFunc(all, func(o Option) bool { return !has(o.name) && !has(o.Value) })
	return Suggested{Options: found[:min(len(found), maxOptions)], Of: len(found)}
}

func (v view) productOptions() []Option {
	var out []Option
	for _, p := range v.byWorst() {
		if p.ID == "" || text.Units(p.ID) > maxOption {
			continue // cannot be chosen here; the command still finds it
		}
		out = append(out, optionOf(p.Name, p.ID))
	}
	return out
}

func checkOptions(d status.Drill) []Option {
	list := slices.Clone(d.Checks)
	slices.SortStableFunc(list, worstCheckFirst)
	var out []Option
	for _, c := range list {
		if text.Units(c.Check.ID) <= maxOption && c.Check.ID != "" { // else as with products
			out = append(out, optionOf(c.Check.ID, c.Check.ID))
		}
	}
	return out
}

func optionOf(name, value string) Option {
	return Option{Label: text.Plain(name, maxLabel, "(no name)"), Value: value, name: name}
}
