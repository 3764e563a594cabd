package house

import (
	"sync/atomic"

	"github.com/statusbot/statusbot/internal/bot"
)

// posting is what the posters of all terms as leader share, and the one of the
// present term.
type posting struct {
	shows    *bot.Pictures              // what the workspace takes; made by furnish
	pins     bot.Pins                   // where it lets us pin
	budget   bot.Budget                 // of calls
	troubles bot.Troubles               // what keeps messages from it
	poster   atomic.Pointer[bot.Poster] // of the present term; nil before the first
}

// begin makes a poster the one of the present term.
func (p *posting) begin(poster *bot.Poster) {
	poster.Pictures, poster.Budget, poster.Pins, poster.Troubles = p.shows, &p.budget, &p.pins, &p.troubles
	p.poster.Store(poster)
}

// nudge has the poster try at once what Slack did not answer.
func (p *posting) nudge() {
	if poster := p.poster.Load(); poster != nil {
		poster.Nudge()
	}
}
