package format

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// OnCall is who is on call for an owner of products, as far as that is known. It is
// told as a name and mentions nobody, whatever it has.
type OnCall struct {
	Who    string    // empty while it is not known
	AsOf   time.Time // when that was learnt, where it could not be learnt again since; zero where it is of now
	Failed string    // why it is not known now, as "exit code 2"; empty where it is
}

// OwnerOnCall is one owner with their products, for the list of all of them.
type OwnerOnCall struct {
	Owner    string
	Products []string // names
	OnCall   OnCall
	Asked    bool // the configuration says how to learn who is on call
}

// maxOnCall bounds who is on call where they stand in a line, mostOwners how many are
// told one by one.
const (
	maxOnCall  = 80
	mostOwners = 40
)

// told says who is on call, in one clause: "Kim", "Kim as of 23:50, not known since:
// exit code 2", "not known: exit code 2".
func (o OnCall) told(c clock) string {
	why := text.Escape(o.Failed, maxOnCall)
	switch {
	case o.Who == "" && why == "":
		return "not known yet"
	case o.Who == "":
		return "not known: " + why
	case o.AsOf.IsZero():
		return text.Escape(o.Who, maxOnCall)
	case why == "":
		return text.Escape(o.Who, maxOnCall) + " as of " + c.When(o.AsOf)
	}
	return text.Escape(o.Who, maxOnCall) + " as of " + c.When(o.AsOf) + ", not known since: " + why
}

// WhoIsOnCall answers who asks who is on call, owner by owner. What nobody said how
// to learn is counted.
func WhoIsOnCall(list []OwnerOnCall, now time.Time, zone *time.Location, command string) Message {
	c := clockOf(now, zone)
	var lines []string
	without := 0
	for _, o := range list {
		if !o.Asked {
			without++
			continue
		}
		const most = 4
		products := o.Products
		more := ""
		if n := len(products) - most; n > 0 {
			products, more = products[:most], " and "+text.Count(n)+" more"
		}
		var names []string
		for _, p := range products {
			names = append(names, text.Name(p))
		}
		lines = append(lines, "*"+text.Name(o.Owner)+"* ("+strings.Join(names, ", ")+more+"): "+o.OnCall.told(c))
	}
	if len(lines) == 0 {
		return say("Who is on call is not configured.", "`on_call` in the configuration says it. A product's owner stands with the product: "+typed(command, "PRODUCT"))
	}
	if more := len(lines) - mostOwners; more > 0 {
		lines = append(lines[:mostOwners:mostOwners], "and "+text.Plural(more, "more owner")+"; each stands with its products: "+typed(command, "PRODUCT"))
	}
	if without > 0 {
		lines = append(lines, text.Plural(without, "more owner")+": not configured.")
	}
	sentence := "On call, as of " + c.Token(now, false) + ":"
	return limited(Message{Text: "On call: " + text.Cut(strings.Join(lines, " "), 600), Blocks: sections(append([]string{sentence}, lines...))})
}
