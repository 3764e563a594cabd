package format

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// News is what an update is posted for, where that is more than a level; the
// zero value says that there is none.
type News struct {
	Answers []status.ProductStatus // were down, and answer again
}

// newsSentence is the sentence that carries the meaning of an update which has
// such news, without "Impact update #7: "; empty when it has none.
func (v view) newsSentence(n News) string {
	if len(n.Answers) > 0 {
		return v.answersSentence(n.Answers)
	}
	return ""
}

// answersSentence says which products answer again, how long they were down,
// and, if others are hurt, how it is with all.
func (v view) answersSentence(list []status.ProductStatus) string {
	var down, passed impact.Counts
	longest := time.Duration(0)
	for _, p := range list {
		a := p.Answers
		down.Tries, down.Failures, passed.Tries = down.Tries+a.Down.Tries, down.Failures+a.Down.Failures, passed.Tries+a.Tries
		longest = max(longest, a.Lasted())
	}
	failed := text.Span(longest) + ": " + text.Count(down.Failures) + " of " + text.Count(down.Tries) + " failed."
	last := "the last " + tries(passed.Tries) + " passed."
	s := names(list, nameOf)
	switch {
	case len(list) == 1:
		s += " answers again: " + last + " It was down " + failed
	default:
		s += " answer again: " + last + " They were down up to " + failed
	}
	others := slices.DeleteFunc(slices.Clone(v.hurt), func(p status.ProductStatus) bool {
		return slices.ContainsFunc(list, func(q status.ProductStatus) bool { return p.ID == q.ID })
	})
	if len(others) == 0 {
		return s
	}
	return s + " " + text.Capital(v.headline()) + "."
}
