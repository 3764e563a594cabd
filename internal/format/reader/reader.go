package reader

import (
	"regexp"
	"strings"
	"time"
)

// Said is one message, and what its reader knows.
type Said struct {
	At       time.Time // when it came
	From     time.Time // of the first result that there is
	Opened   time.Time // when the incident was; zero without one
	Products int       // of the company
	Ever     int       // how many of them were hurt in the incident
	Post     bool      // an update that is posted, and not edited into the one before
	Long     bool      // an answer that may have more lines than an update
	Told     string    // of an answer: the first line of the newest update in the channel; empty where there is none
	Pace     float64   // tries of each product in a minute, where all have as many; 0: they do not
	Text     string    // the notification
	Shown    string    // sections and contexts, as they are sent
}

// Fault is something that a reader would stumble over.
type Fault struct {
	Kind string // which rule, such as "percent"
	What string
}

func (f Fault) String() string { return f.Kind + ": " + f.What }

// page is a message as the rules look at it.
type page struct {
	Said
	lines []string // as read: times and links by their words, no marks of bold; empty ones left out
	head  string   // the first
	all   string   // all lines
	hurt  int      // products that fail, by the first line; -1 where it does not count them
}

var (
	labelled = regexp.MustCompile(`<[^<>|]*\|([^<>]*)>`)
	unmarked = strings.NewReplacer("*", "", "&lt;", "<", "&gt;", ">", "&amp;", "&")
)

func open(s Said) page {
	p := page{Said: s, hurt: -1}
	for line := range strings.SplitSeq(s.Shown, "\n") {
		line = strings.TrimSpace(unmarked.Replace(labelled.ReplaceAllString(line, "$1")))
		if line = strings.TrimPrefix(line, "| "); line != "" {
			p.lines = append(p.lines, line)
		}
	}
	p.all = strings.Join(p.lines, "\n")
	if len(p.lines) > 0 {
		p.head = p.lines[0]
	}
	p.hurt = p.counted()
	return p
}

// rules are all that is looked for, each with its name.
var rules = []struct {
	kind string
	find func(page) []string
}{
	{"percent", percents}, {"part", parts}, {"sum", sums}, {"usual", usual}, {"level", levels}, {"span", spans}, {"ago", agos}, {"turn", turns}, {"whole", wholes},
	{"row", rows}, {"row", listRows}, {"row", checkRows}, {"begin", begins}, {"forecast", hasty}, {"idle", idly}, {"twice", twice}, {"answering", answering},
	{"contradiction", contradictions}, {"rest", resting}, {"joined", joined}, {"channel", elsewhere}, {"pool", pooled}, {"mention", mentions}, {"lines", tooMany}, {"mark", marks}, {"grammar", grammar}, {"notification", notification}, {"plain", plainly},
}

// Read returns what is wrong with a message, in the order of the rules.
func Read(s Said) []Fault {
	var out []Fault
	p := open(s)
	for _, r := range rules {
		for _, what := range r.find(p) {
			out = append(out, Fault{r.kind, what})
		}
	}
	return out
}
