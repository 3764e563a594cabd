package config

import (
	"fmt"
	"slices"
	"strings"
)

// AutoStart is a channel where statusbot announces trouble that it detects in
// some products.
type AutoStart struct {
	Channel  string   // name without "#", or id
	Products []string // ids; none for all
	Owner    string   // Slack id of whoever is told when updates do not reach the channel; may be empty
}

type rawStart struct {
	Channel  string   `mapstructure:"channel"`
	Products []string `mapstructure:"products"`
	Owner    string   `mapstructure:"owner"`
}

// autoStart checks updates.auto_start against the products that there are.
func (s *settings) autoStart(known []Product) []AutoStart {
	const key = "updates.auto_start"
	var out []AutoStart
	seen := map[string]bool{strings.TrimPrefix(s.raw.Updates.Channel, "#"): true}
	for n, raw := range s.raw.Updates.AutoStart {
		a := AutoStart{Channel: strings.TrimPrefix(raw.Channel, "#"), Products: raw.Products, Owner: raw.Owner}
		switch {
		case a.Channel == "":
			s.note(key, fmt.Sprintf("item %d has no channel", n+1), "write {channel: incidents, products: [billing]}")
		case seen[a.Channel]:
			s.note(key, fmt.Sprintf("the channel %q is named twice", a.Channel), "write one item with all its products; updates.channel is for all products")
		}
		if a.Owner != "" && !slackUserID.MatchString(a.Owner) {
			s.note(key, fmt.Sprintf("the owner %q is no Slack id", clip(a.Owner)), "write the member's id, U and digits: it stands in their Slack profile under Copy member ID")
		}
		seen[a.Channel] = true
		for _, id := range a.Products {
			if !slices.ContainsFunc(known, func(p Product) bool { return p.ID == id }) {
				s.note(key, fmt.Sprintf("there is no product %q", id), "write the id of a product")
			}
		}
		out = append(out, a)
	}
	return out
}
