package sandbox

import (
	"encoding/json"

	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
)

// Problem is one thing that Slack would refuse in a message or a view.
type Problem = blockkit.Problem

// ValidateMessage lists what Slack would refuse; see package blockkit.
func ValidateMessage(text string, blocks json.RawMessage) []Problem {
	return blockkit.ValidateMessage(text, blocks)
}

// ValidateView is ValidateMessage for a modal or a home tab.
func ValidateView(view json.RawMessage) []Problem { return blockkit.ValidateView(view) }
