package format

import (
	"strings"

	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
)

// WritingReport tells the person who asked that the report follows.
func WritingReport(inc incident.Incident) Message {
	return say("The report of incident " + text.Count(inc.Number) + " is being written; it comes as files in a moment.")
}

// ReportShared tells the person who asked where the report is.
func ReportShared(inc incident.Incident) Message {
	return say("The report of incident "+text.Count(inc.Number)+" is in this channel, as a page and as Markdown.",
		"The page opens in any browser and can be printed.")
}

// NoReport answers when no incident is meant.
func NoReport(command, said string) Message {
	if strings.TrimSpace(said) == "" {
		return say("There was no incident in this channel yet.", "Name one by its number: "+typed(command, "report 7")+".")
	}
	return say(text.Code(said, 40)+" is no incident.", "Name one by its number, such as "+typed(command, "report 7")+"; without a number it is this channel's last one.")
}

// ReportFailed answers when no report could be made.
func ReportFailed() Message {
	return say("The report could not be written.", "Try again; if it fails again, its operator finds the cause in the log.")
}

// ReportComment is what stands above the files in the channel.
func ReportComment(r *report.Report) string {
	return "*" + text.Escape(r.Title, 200) + "*\n" + text.Escape(r.When, 200) + "\n" + text.Escape(r.Sentence, 500)
}

// ReportInShort is a report in a few lines, for when its files cannot be
// uploaded. why is a sentence without its full stop.
func ReportInShort(r *report.Report, why string) Message {
	sentence := text.Escape(r.Title, 200) + ". " + text.Escape(r.Sentence, 500)
	lines := []string{"*" + sentence + "*", text.Escape(r.When, 200)}
	for _, s := range r.Summary {
		lines = append(lines, text.Escape(s, 500))
	}
	for _, t := range r.Times {
		line := t.What + ": " + t.At
		if t.Lag != "" {
			line += " (" + t.Lag + ")"
		}
		lines = append(lines, text.Escape(line, 300))
	}
	for i, p := range r.Products {
		if i == compactRows {
			lines = append(lines, "and "+text.Plural(len(r.Products)-i, "more product"))
			break
		}
		lines = append(lines, "*"+text.Escape(p.Name, 60)+"* hurt for "+p.ImpactTime()+", failed: "+text.Escape(p.FailedTries(), 100))
	}
	blocks := sections(lines)
	blocks = append(blocks, Block{Context: "The whole report could not be shared: " + text.Escape(why, 200) + ". " + text.Code("statusbot report "+text.Count(r.Number), 60) + " writes it on the machine that has the journal."})
	return limited(Message{Text: sentence, Blocks: blocks})
}
