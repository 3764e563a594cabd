package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
)

// reportBound bounds the writing and uploading of a report.
const reportBound = time.Minute

// reportOf finds the incident that a request for a report means: by number, or
// the newest of the channel.
func (c *Commands) reportOf(e Envelope, r request) (incident.Incident, bool) {
	log := c.Board.Log()
	if r.rest == "" {
		return log.Last(e.Channel)
	}
	n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(r.rest), "inc-"), "#"))
	if err != nil {
		return incident.Incident{}, false
	}
	return log.Find(incident.ID(n))
}

// reportWanted reports whether an envelope asks for a report that can be made.
func (c *Commands) reportWanted(e Envelope) (incident.Incident, bool) {
	if e.Kind == blockAction || c.Lookups.Events == nil {
		return incident.Incident{}, false
	}
	r := parse(e.Text)
	if r.verb != "report" {
		return incident.Incident{}, false
	}
	return c.reportOf(e, r)
}

// reportAsked says that the report follows, or why there is none.
func (c *Commands) reportAsked(e Envelope, r request) format.Message {
	inc, ok := c.reportOf(e, r)
	if !ok || c.Lookups.Events == nil {
		return format.NoReport(e.Command, r.rest)
	}
	return format.WritingReport(inc)
}

// report is the errand of an envelope: it writes the report and uploads it
// into the incident's thread in the channel where it was asked for. What
// cannot be uploaded is told to the person, with the short of it.
func (c *Commands) report(ctx context.Context, e Envelope, inc incident.Incident) {
	ctx, cancel := context.WithTimeout(ctx, reportBound)
	defer cancel()
	m, err := c.writeReport(ctx, e, inc)
	if err != nil {
		c.Log.Error("report not delivered", zap.String("incident", inc.ID), zap.Error(err))
		if m.Text == "" {
			m = format.ReportFailed()
		}
	}
	saying, done := bounded(context.WithoutCancel(ctx), ackBound)
	defer done()
	if err := c.follow(saying, e, false, m); err != nil {
		c.Log.Warn("answer not delivered", zap.String("user", e.User), zap.String("command", "report"), zap.Error(err))
	}
}

// writeReport returns what the person is told; with an error it is the
// report's short form, or empty when there is no report at all.
func (c *Commands) writeReport(ctx context.Context, e Envelope, inc incident.Incident) (format.Message, error) {
	events, err := c.Lookups.Events(ctx, inc.ID)
	if err != nil {
		return format.Message{}, fmt.Errorf("read events: %w", err)
	}
	facts := report.Facts{Events: events, Definition: c.Board.Definition(), Names: c.API.names(ctx, events)}
	r, ok := report.New(facts)
	if !ok {
		return format.Message{}, fmt.Errorf("the log of %s does not begin with its opening", inc.ID)
	}
	page, err := r.HTML()
	if err != nil {
		return format.Message{}, err
	}
	thread := e.Thread
	if thread == "" && e.Channel == inc.Channel {
		thread = c.postOf(ctx, inc)
	}
	name := fmt.Sprintf("incident-%d-report", inc.Number)
	for i, f := range []slack.UploadFileParameters{
		{Filename: name + ".html", Content: string(page), Title: r.Title + " (page)"},
		{Filename: name + ".md", Content: string(r.Markdown()), Title: r.Title + " (Markdown)"},
	} {
		f.FileSize, f.Channel, f.ThreadTimestamp = len(f.Content), e.Channel, thread
		if i == 0 {
			f.InitialComment = format.ReportComment(r)
		}
		if _, err := c.API.upload(ctx, f); err != nil {
			why := "Slack did not take the files"
			if lacksScope(err) {
				why = "the bot token lacks the scope files:write"
			}
			return format.ReportInShort(r, why), fmt.Errorf("upload %s: %w", f.Filename, err)
		}
	}
	return format.ReportShared(inc), nil
}

// postOf returns the message that carries an incident's newest update, in a
// thread its first; empty when it is not known.
func (c *Commands) postOf(ctx context.Context, inc incident.Incident) string {
	return c.under(ctx, inc, publish.UpdatesKey(inc.ID))
}

// under returns the message in an incident's channel that a key is of.
func (c *Commands) under(ctx context.Context, inc incident.Incident, key string) string {
	data, _, err := c.Outbox.Receipt(ctx, inc.Channel, key)
	var r receipt
	if err != nil || json.Unmarshal(data, &r) != nil {
		return ""
	}
	return r.TS
}

// nameWithin bounds how long a person's act waits for their name: an answer
// is due after 3 s, and what was done counts more than by whom.
const nameWithin = time.Second

// nameOf looks up what a person is called whose act came without it, such as a
// reaction, as Slack names them in a command; empty where it does not say.
func (c *Commands) nameOf(ctx context.Context, user string) string {
	if c.API == nil || user == "" {
		return ""
	}
	ctx, cancel := bounded(ctx, nameWithin)
	defer cancel()
	u, err := c.API.web.GetUserInfoContext(ctx, user)
	if err != nil || u == nil {
		return ""
	}
	return u.Name
}

// mostNames bounds how many people are looked up for a report.
const mostNames = 50

// names looks up what people who had a part in an incident are called. Without
// the scope users:read, or an answer, their ids stay.
func (a *API) names(ctx context.Context, events []incident.Event) map[string]string {
	out := map[string]string{}
	for _, e := range events {
		if _, ok := out[e.By]; ok || e.By == "" || e.Outside() || len(out) == mostNames {
			continue
		}
		u, err := a.web.GetUserInfoContext(ctx, e.By)
		if err = classify(err); lacksScope(err) || err != nil && u == nil && ctx.Err() != nil {
			return out
		}
		out[e.By] = ""
		if err == nil {
			out[e.By] = u.RealName
		}
	}
	return out
}
