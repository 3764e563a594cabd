package bot

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/format"
)

// whoIsOnCall answers who asks who is on call, for all owners or for that of one
// product.
func (c *Commands) whoIsOnCall(now time.Time, e Envelope, said []string) format.Message {
	def := c.Board.Definition()
	if words := leftOf(wordsOf(strings.Join(said, " ")), onCallFillers); len(words) > 0 {
		return c.product(now, e, ofWords("product", words))
	}
	at := map[string]int{} // :: owner -> place in list
	var list []format.OwnerOnCall
	for _, p := range def.Products {
		if p.Owner == "" {
			continue
		}
		if n, there := at[p.Owner]; there {
			list[n].Products = append(list[n].Products, p.Name)
			continue
		}
		at[p.Owner] = len(list)
		list = append(list, format.OwnerOnCall{Owner: p.Owner, Products: []string{p.Name}})
	}
	var asked sync.WaitGroup
	for n := range list {
		asked.Go(func() {
			if who := c.Lookups.onCallFor(list[n].Owner); who != nil {
				list[n].OnCall, list[n].Asked = *who, true
			}
		})
	}
	asked.Wait()
	return format.WhoIsOnCall(list, now, def.Timezone, e.Command)
}

// onCallFillers say nothing of whose turn is asked for.
var onCallFillers = append([]string{"who", "whos", "now", "today", "tonight", "oncall", "call", "all", "everyone", "everybody", "wer", "hat", "bereitschaft", "qui", "d", "astreinte", "quien", "guardia", "should", "page", "escalate", "wake", "incident", "commander", "charge", "leading", "ic"}, fillers...)

// asksOnCall reports whether words ask who is on call: "who is on call for billing?".
func asksOnCall(words []string) bool {
	said := " " + strings.Join(wordsOf(strings.Join(words, " ")), " ") + " "
	return strings.HasPrefix(said, " who ") && slices.ContainsFunc(calls, func(w string) bool { return strings.Contains(said, " "+w+" ") }) || slices.ContainsFunc(onCallNames, func(name string) bool { return strings.Contains(said, " "+name+" ") })
}

var onCallNames = []string{"on call", "oncall", "incident commander", "in charge", "leading", "is ic", "bereitschaft", "astreinte", "de guardia"}

// wantsCall reports whether words want somebody to be called: "escalate", "page someone".
func wantsCall(words []string) bool {
	said := leftOf(wordsOf(strings.Join(words, " ")), wishes)
	return len(said) > 0 && len(said) <= mostCalled && slices.Contains(calls, said[0])
}

// mostCalled bounds the words of a wish that somebody be called: "wake up the vendor please".
const mostCalled = 5
