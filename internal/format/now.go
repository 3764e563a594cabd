package format

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/status"
)

// Probing says that checks of a product are probed now, and by when the
// answer is there at the latest.
func Probing(p status.Product, list []checks.Check) Message {
	var longest time.Duration
	for _, c := range list {
		longest = max(longest, c.Timeout)
	}
	what := "the " + text.Plural(len(list), "check") + " of " + text.Name(p.Name)
	if len(list) == 1 {
		what = text.Name(list[0].ID) + " of " + text.Name(p.Name)
	}
	return say("Probing " + what + " now; the answer follows within " + length(longest) + ".")
}

// Probed tells what probes showed that were asked for. Asked are the checks
// that were to be probed; those without a result are named.
func Probed(p status.Product, asked []checks.Check, results []checks.Result, tz *time.Location, now time.Time) Message {
	v := view{clock: clockOf(now, tz)}
	got := map[string]checks.Result{} // :: check id -> result
	for _, r := range results {
		got[r.Check] = r
	}
	var bad []checks.Result
	var passed, missing []string
	for _, c := range asked {
		switch r, ok := got[c.ID]; {
		case !ok:
			missing = append(missing, text.Name(c.ID))
		case r.Outcome == checks.Pass:
			passed = append(passed, text.Name(c.ID)+" ("+text.Latency(r.Duration)+")")
		default:
			bad = append(bad, r)
		}
	}
	slices.SortStableFunc(bad, func(x, y checks.Result) int { return cmp.Compare(hurts(y.Outcome), hurts(x.Outcome)) })

	sentence := text.Name(p.Name) + ", probed just now: " + text.Count(len(passed)) + " of " + text.Plural(len(asked), "check") + " passed."
	blocks := sections([]string{"*" + sentence + "*", "As of " + v.Token(now, false)})
	for i, r := range bad {
		block := Block{Section: "*" + text.Name(r.Check) + "* " + text.Lower(v.failure(r)) + phases(r.Phases)}
		if i < drillEvidence {
			block.Section += output(r)
		}
		if size(blocks)+size([]Block{block}) > roomy {
			blocks = append(blocks, Block{Section: "and " + text.Plural(len(bad)-i, "more check") + " that did not pass"})
			break
		}
		blocks = append(blocks, block)
	}
	for _, list := range []struct {
		lead  string
		names []string
	}{{"Passed: ", passed}, {"No result in time: ", missing}} {
		if len(list.names) > 0 {
			blocks = append(blocks, Block{Section: text.Clip(list.lead+some(list.names), maxSome)})
		}
	}
	buttons := nowButton(nowValue(p, asked), "Probe again")
	if figures := valueProduct + p.ID; text.Units(figures) <= maxValue {
		buttons = append(buttons, Action{ID: ActionRefresh, Label: "Figures", Value: figures})
	}
	blocks = append(blocks,
		Block{Context: "These results count in the figures like all others."},
		Block{Actions: append(buttons, backButton())})
	return limited(Message{Text: sentence + " As of " + v.Plain(now) + ".", Blocks: blocks})
}

// hurts orders outcomes by how much they hurt clients.
func hurts(o checks.Outcome) int {
	return slices.Index([]checks.Outcome{checks.Pass, checks.Unknown, checks.Degraded, checks.Fail}, o)
}

// maxSome bounds a list of names, in units of Slack's: some thirty of them.
const maxSome = 1500

func some(names []string) string {
	const most = 30
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + text.Count(len(names)-most) + " more"
}

// nowValue is the value of a button that probes again.
func nowValue(p status.Product, asked []checks.Check) string {
	if len(asked) == 1 {
		return valueCheck + asked[0].ID
	}
	return valueProduct + p.ID
}

// NothingToProbe answers a wish to probe that names nothing, or a product
// without checks.
func NothingToProbe(command, product string) Message {
	if product == "" {
		return say("Say which product is to be probed.", "For example "+typed(command, "PRODUCT now")+", or "+typed(command, "PRODUCT CHECK now")+".")
	}
	return say(text.Name(product)+" has no check that could be probed.", "All products: "+typed(command, ""))
}
