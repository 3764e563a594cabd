package format

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// sourceRows are the products whose sources stand in the answer: with three
// lines each on a phone, its screen.
const sourceRows = 4

// Sources answers "Where do these figures come from?": per product its checks,
// their kinds and files, who answers for it and how old the newest result is.
// Products that nobody checks are named first. files says whether they can be
// had as a file. The worst stand in it one by one and fill a phone's screen; the
// others are behind its menu.
func Sources(s status.Snapshot, def status.Definition, files bool) Message {
	c := clockOf(s.At, s.Timezone)
	of := map[string][]checks.Check{} // :: product id -> its checks
	for _, ch := range def.Checks {
		of[ch.Product] = append(of[ch.Product], ch)
	}
	var without []status.ProductStatus
	for _, p := range s.Products {
		if len(of[p.ID]) == 0 {
			without = append(without, p)
		}
	}
	sentence := "These figures come from " + text.Plural(len(def.Checks), "check") + " on " + text.Plural(len(s.Products)-len(without), "product")
	switch n := len(without); {
	case n > 0 && n == len(s.Products):
		sentence = "No product has a check, so there are no figures"
	case n > 0:
		sentence += "; " + text.Count(n) + " more " + verb(n, "has", "have") + " no check"
	}
	sentence += "."
	lines := []string{"*" + sentence + "*", "As of " + c.Token(c.Now, false) +
		". Each counts the results of the last " + text.Span(s.Window) +
		"; what could not be observed counts neither as passed nor as failed; the intervals hold 95 % (Wilson)."}
	if len(without) > 0 {
		lines = append(lines, "No check: "+names(without, func(p status.ProductStatus) string {
			return text.Name(p.Name) + " (" + owner(p.Owner) + ")"
		}))
	}
	v := look(s, incident.Incident{}, false)
	list := slices.DeleteFunc(v.byWorst(), func(p status.ProductStatus) bool { return len(of[p.ID]) == 0 })
	for i, p := range list {
		if i == sourceRows && len(list) > sourceRows+1 {
			lines = append(lines, "and "+text.Plural(len(list)-i, "more product")+"; choose one"+asFileToo(files)+".")
			break
		}
		lines = append(lines, c.source(p, of[p.ID]))
	}
	below := asFile(ValueSummary, files)
	if last := &below[len(below)-1]; len(list) > 0 {
		last.Actions = append(v.productSelect(), last.Actions...)
	}
	return limited(Message{Text: sentence + " As of " + c.Plain(c.Now) + ".", Blocks: append(sections(lines), below...)})
}

// WithoutAdded says first that the checks which were added in Slack are not among
// the sources: what is stored of them cannot be read.
func WithoutAdded(m Message) Message {
	const lost = "The checks that were added in Slack do not run: their list cannot be read."
	m.Text = lost + " " + m.Text
	m.Blocks = append(sections([]string{"*" + lost + "* `statusbot doctor` says more."}), m.Blocks...)
	return limited(m)
}

func asFileToo(files bool) string {
	if !files {
		return ""
	}
	return ", or take all as a file"
}

// SourcesOf answers where the figures of one product come from, check by check.
func SourcesOf(d status.Drill, files bool) Message {
	v := view{clock: clockOf(d.At, d.Timezone)}
	sentence := "The figures of " + text.Name(d.Name) + " come from " + text.Plural(len(d.Checks), "check") + "."
	if len(d.Checks) == 0 {
		sentence = "Nobody checks " + text.Name(d.Name) + ", so it has no figures."
	}
	blocks := sections([]string{"*" + sentence + "*", "As of " + v.Token(v.Now, false) + " · " + owner(d.Owner)})
	list := slices.Clone(d.Checks)
	slices.SortStableFunc(list, worstCheckFirst)
	told := v.sourcesTold(list, d.Owner, size(blocks))
	if len(list) > tableFrom {
		// The worst in full, and all of them to look through.
		worst := told[:min(2*drillEvidence, len(told))]
		table := Block{Table: checkTable(d.Name, list, roomy-size(blocks)-size(worst)), Instead: told[len(worst):]}
		told = append(slices.Clip(worst), table)
	}
	blocks = append(blocks, told...)
	blocks = append(blocks, asFile(valueProduct+d.ID, files)...)
	return limited(Message{Text: sentence + " As of " + v.Plain(v.Now) + ".", Blocks: blocks})
}

// sourcesTold tells where the figures of checks come from one by one, two blocks
// each, and counts those for which there is no room beside what is there already.
func (v view) sourcesTold(list []status.CheckStatus, productOwner string, already int) []Block {
	var blocks []Block
	for i, cs := range list {
		section := "*" + text.Name(cs.Check.ID) + "* " + checkFigure(cs)
		if cs.Newest.Check != "" {
			section += "\nNewest result: " + text.Lower(v.failure(cs.Newest)) + phases(cs.Newest.Phases)
		}
		pair := []Block{{Section: section}, {Context: v.provenance(cs, productOwner)}}
		if i == drillChecks || already+size(blocks)+size(pair) > roomy {
			return append(blocks, Block{Section: "and " + text.Plural(len(list)-i, "more check")})
		}
		blocks = append(blocks, pair...)
	}
	return blocks
}

// asFile are the small print and the buttons below sources: to have them as a
// file, or why that cannot be.
func asFile(value string, files bool) []Block {
	if !files {
		return []Block{{Context: "No file of this can be had: the app lacks the scope " + text.Code("files:write", 20) + "."}, {Actions: []Action{backButton()}}}
	}
	actions := []Action{backButton()}
	if text.Units(value) <= maxValue {
		actions = append([]Action{{ID: ActionSourcesCSV, Label: "CSV", Value: value}, {ID: ActionSourcesJSON, Label: "JSON", Value: value}}, actions...)
	}
	return []Block{{Context: "CSV and JSON hold every check with its last raw results; the file comes to you as a direct message."}, {Actions: actions}}
}

// SourcesFollow says that the file is on its way.
func SourcesFollow(form string) Message {
	return say("The sources come to you as " + strings.ToUpper(form) + " in a direct message.")
}

// SourcesNoFile says why there is no file; why is a sentence without its full
// stop, and may be empty.
func SourcesNoFile(why, command string) Message {
	sentence := "The sources did not arrive as a file"
	if why != "" {
		sentence += ": " + why
	}
	return say(sentence+".", "They can be read with "+typed(command, "sources")+".")
}

// SourcesHere stands before the file in the direct conversation: whose figures
// it explains and up to when.
func SourcesHere(d []status.Drill, at time.Time, tz *time.Location) Message {
	c := clockOf(at, tz)
	n := 0
	for _, one := range d {
		n += len(one.Checks)
	}
	of := text.Plural(len(d), "product")
	if len(d) == 1 {
		of = text.Name(d[0].Name)
	}
	sentence := "Where the figures of " + of + " come from: " + text.Plural(n, "check") + ", each with its last raw results, as of "
	return limited(Message{Text: sentence + c.Plain(at) + ".", Blocks: sections([]string{sentence + c.Token(at, true) + "."})})
}

func (c clock) source(p status.ProductStatus, list []checks.Check) string {
	newest := "no result yet"
	if !p.AsOf.IsZero() {
		newest = "newest result " + c.Ago(p.AsOf)
	}
	var files []string
	for _, ch := range list {
		f := text.Code(cmp.Or(ch.Source.File, "?"), 100)
		if ch.Added != nil {
			f = "Slack (" + c.addedBy(*ch.Added) + ")"
		}
		if !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	from := files[:min(len(files), 3)]
	in := strings.Join(from, ", ")
	if more := len(files) - len(from); more > 0 {
		in += " and " + text.Plural(more, "more file")
	}
	return "*" + text.Name(p.Name) + "* " + kinds(list) + " in " + in +
		" · " + owner(p.Owner) + " · " + newest
}

// kinds counts checks, and by kind: "3 http checks", "3 checks (2 http, 1 exec)".
func kinds(list []checks.Check) string {
	n := map[string]int{}
	var order []string
	for _, ch := range list {
		if n[ch.Kind] == 0 {
			order = append(order, ch.Kind)
		}
		n[ch.Kind]++
	}
	slices.SortStableFunc(order, func(x, y string) int { return n[y] - n[x] })
	if len(order) == 1 {
		return text.Plural(len(list), text.EscapeOr(order[0], 40, "kindless")+" check")
	}
	const most = 5
	var parts []string
	for _, k := range order[:min(len(order), most)] {
		parts = append(parts, text.Count(n[k])+" "+text.EscapeOr(k, 40, "of no kind"))
	}
	if more := len(order) - most; more > 0 {
		parts = append(parts, text.Plural(more, "more kind"))
	}
	return text.Plural(len(list), "check") + " (" + strings.Join(parts, ", ") + ")"
}
