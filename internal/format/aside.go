package format

import (
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/status"
)

// remark says in an answer, before all else, what of the question it is not.
func remark(m Message, said string) Message {
	m.Blocks = append([]Block{{Context: said}}, m.Blocks...)
	m.Text = strings.TrimSpace(m.Text + " " + said)
	return limited(m)
}

// NotOfThen says in a product's answer that it is not of the time that was asked for; since: what
// changed since then can be asked.
func NotOfThen(m Message, command, then string, since bool) Message {
	if !since {
		return remark(m, "These figures are of now, not of "+text.Code(then, 40)+".")
	}
	return remark(m, "These figures are of now. What changed since "+text.Code(then, 40)+", on all products: "+typed(command, "since "+then))
}

// NotOfDays says in an answer that it is of now, and where days and months are; then
// may be empty, and so may the page's address.
func NotOfDays(m Message, then, page string) Message {
	said := "These figures are of now"
	if then != "" {
		said += ", not of " + text.Code(then, 40)
	}
	said += ". Days and months: "
	if page != "" {
		said += text.Link(page, "the page") + " · "
	}
	return remark(m, said+"`statusbot availability` on a terminal")
}

// NotKnownBeside says in a product's answer that what was named with it is not known.
func NotKnownBeside(m Message, said string, p status.Product) Message {
	return remark(m, "I don't know "+text.Code(said, 40)+". This is "+text.Name(p.Name)+" alone.")
}

// NobodyCalled says in an answer that nobody was called.
func NobodyCalled(m Message) Message {
	return remark(m, "I call nobody.")
}

// NotEnded says in a product's answer that it is not ended by a word.
func NotEnded(m Message, command string, p status.Product) Message {
	return remark(m, "Nothing was changed: "+text.Name(p.Name)+" recovers when its checks say so. To end this channel's updates: "+typed(command, "stop"))
}

// NotDone says in a product's answer that nothing was done to it; mark is what to type
// once somebody did it, or empty.
func NotDone(m Message, command string, p status.Product, mark string) Message {
	said := "Nothing was done to " + text.Name(p.Name) + ": I only measure."
	if mark != "" {
		said += " Once you did it: " + typed(command, mark)
	}
	return remark(m, said)
}

// NotInFront says in a product's answer that the command which was typed behind it was
// not read; whole: it is for all products.
func NotInFront(m Message, command, meant string, whole bool) Message {
	verb, _, _ := strings.Cut(meant, " ")
	if whole {
		return remark(m, text.Code(verb, 40)+" is for all products together: "+typed(command, meant))
	}
	return remark(m, text.Code(verb, 40)+" stands in front, so it was not read: "+typed(command, meant))
}

// InPart says in the answer for some products which they are: those of owners, or all
// but some. It is for the person who asked alone.
func InPart(m Message, of, out status.Snapshot, owners []string) Message {
	said := "Without " + names(out.Products, nameOf) + "."
	if len(owners) > 0 {
		said = "Of " + listed(owners, text.Name) + ": " + names(of.Products, nameOf) + "."
	}
	return remark(without(m, ActionShare, ActionRefresh), said)
}

// OnlyOf says in the answer for some products which they are.
func OnlyOf(m Message, of status.Snapshot) Message {
	return remark(without(m, ActionShare, ActionRefresh), "Only "+names(of.Products, nameOf)+".")
}

// NotLeftOut says in the answer for all products that it is for all of them.
func NotLeftOut(m Message, out status.Snapshot, owners []string) Message {
	if len(owners) > 0 {
		return remark(m, "This is of all products, not only those of "+listed(owners, text.Name)+".")
	}
	return remark(m, "This is of all products, with "+names(out.Products, nameOf)+" among them.")
}

// Suspected says in the answer for the cause which of the components that were asked
// for are not suspected, and what no component is called.
func Suspected(m Message, s status.Snapshot, asked []string, unknown string) Message {
	v := view{Snapshot: s}
	var not []string
	for _, id := range asked {
		if !v.suspects(id) {
			not = append(not, v.suspectName(id))
		}
	}
	var said []string
	if len(not) > 0 && len(s.Causes.Suspects) > 0 {
		said = append(said, "Not suspected: "+strings.Join(not, ", ")+".")
	}
	if unknown != "" {
		said = append(said, "No component is declared as "+text.Code(unknown, 40)+", so I cannot tell of it.")
	}
	if len(said) == 0 {
		return m
	}
	return remark(m, strings.Join(said, " "))
}

// suspects reports whether a component is among those that may be the cause.
func (v view) suspects(id string) bool {
	for _, x := range v.Causes.Suspects {
		if x.ID == id || x.With == id {
			return true
		}
	}
	return slices.Contains(v.Causes.Same, id)
}
