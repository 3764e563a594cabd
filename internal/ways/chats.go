package ways

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/lazy"
)

// posted encodes a value and posts it.
func posted(ctx context.Context, address string, v any, says func([]byte) string) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err) // unreachable: it is plain data
	}
	return post(ctx, address, body, nil, says)
}

// Teams posts an adaptive card to a workflow of Microsoft Teams ("When a Teams webhook
// request is received").
type Teams struct{ URL string }

var _ Sender = (*Teams)(nil)

// mostCard bounds a card. Teams refuses a message of 28 KB as it has expanded it, which is
// a fifth more than what was sent (MicrosoftDocs/msteams-docs#11274).
const mostCard = 20 << 10

type (
	card struct {
		Type    string         `json:"type"`
		Schema  string         `json:"$schema"`
		Version string         `json:"version"` // a newer one "couldn't be displayed"
		Body    []cardText     `json:"body"`
		Teams   map[string]any `json:"msteams"`
	}
	cardText struct {
		Type   string `json:"type"`
		Text   string `json:"text"`
		Wrap   bool   `json:"wrap"` // without it a phone shows one line
		Weight string `json:"weight,omitempty"`
		Size   string `json:"size,omitempty"`
		Subtle bool   `json:"isSubtle,omitempty"`
	}
	attachment struct {
		ContentType string `json:"contentType"`
		Content     card   `json:"content"`
	}
	teamsMessage struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	}
)

// messageOf is a notice as a card. Whole lines are left out at the end where it would be
// too large, and counted.
func messageOf(n Notice) teamsMessage {
	var rows []cardText
	for _, l := range n.Says.Lines {
		row := cardText{Type: "TextBlock", Text: l.Markdown(), Wrap: true}
		if l.Small {
			row.Size, row.Subtle = "Small", true
		} else if len(l.Spans) > 0 && l.Spans[0].Bold {
			row.Size = "Medium"
		}
		rows = append(rows, row)
	}
	for left := 0; ; left++ {
		shown := rows[: len(rows)-left : len(rows)-left]
		if left > 0 {
			shown = append(shown, cardText{Type: "TextBlock", Text: text.Plural(left, "more line") + " left out: it is too long for Teams.", Wrap: true, Size: "Small", Subtle: true})
		}
		m := teamsMessage{"message", []attachment{{"application/vnd.microsoft.card.adaptive",
			card{"AdaptiveCard", "http://adaptivecards.io/schemas/adaptive-card.json", "1.4", shown, map[string]any{"width": "Full"}}}}}
		if data, err := json.Marshal(m); err != nil || len(data) <= mostCard || left == len(rows) {
			return m
		}
	}
}

// Send posts a card. That it is taken (202) is not that it is shown.
func (t *Teams) Send(ctx context.Context, n Notice) error {
	body, err := json.Marshal(messageOf(n))
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err) // unreachable: it is plain data
	}
	answer, err := exchange(ctx, request{http.MethodPost, t.URL, body, nil}, mostAnswer, nil)
	if err != nil {
		return err
	}
	return teamsSays(answer)
}

// inTeams is how a connector says what Teams answered it: with 200, and within the text
// (learn.microsoft.com, "Rate limiting for connectors").
var inTeams = lazy.Compile(`delivery failed with error: Microsoft Teams endpoint returned HTTP error ([1-5][0-9]{2})`)

// teamsSays is what came of a message that was answered with 2xx.
func teamsSays(answer []byte) error {
	found := inTeams.FindSubmatch(answer)
	if found == nil {
		return nil
	}
	code, _ := strconv.Atoi(string(found[1])) // three digits
	resp := &http.Response{StatusCode: code}
	return judged(resp, nil, nil)
}

// Knows reports that Teams shows what is sent twice twice.
func (t *Teams) Knows() bool { return false }

// Examine connects.
func (t *Teams) Examine(ctx context.Context) (string, error) { return reach(ctx, t.URL) }

// SlackHook posts to an incoming webhook of a Slack workspace, which is another one than
// the bot's.
type SlackHook struct{ URL string }

var _ Sender = (*SlackHook)(nil)

// wordOfSlack is what an incoming webhook answers to what it refuses, such as invalid_payload.
var wordOfSlack = lazy.Compile(`^[a-z_]{3,40}$`)

func slackSays(answer []byte) string {
	if s := strings.TrimSpace(string(answer)); wordOfSlack.MatchString(s) {
		return s
	}
	return ""
}

type (
	hookText struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	hookBlock struct {
		Type     string     `json:"type"`
		Text     *hookText  `json:"text,omitempty"`
		Expand   bool       `json:"expand,omitempty"` // of a section: it is not folded
		Elements []hookText `json:"elements,omitempty"`
	}
	hookMessage struct {
		Text   string      `json:"text"`
		Blocks []hookBlock `json:"blocks"`
		Unfurl bool        `json:"unfurl_links"`
	}
)

// Send posts the lines as the bot would have, without what can be pressed: nobody is
// there to answer it. Names of people and channels are of another workspace, so they
// are words.
func (s *SlackHook) Send(ctx context.Context, n Notice) error {
	m := hookMessage{Text: text.Escape(n.Title, 3000)}
	for _, l := range n.Says.Lines[:min(len(n.Says.Lines), 50)] {
		words := hookText{"mrkdwn", mrkdwnOf(l)}
		if l.Small {
			m.Blocks = append(m.Blocks, hookBlock{Type: "context", Elements: []hookText{words}})
		} else {
			m.Blocks = append(m.Blocks, hookBlock{Type: "section", Text: &words, Expand: true})
		}
	}
	return posted(ctx, s.URL, m, slackSays)
}

// Knows reports that Slack posts what is sent twice twice.
func (s *SlackHook) Knows() bool { return false }

// Examine connects.
func (s *SlackHook) Examine(ctx context.Context) (string, error) { return reach(ctx, s.URL) }

// PagerDuty triggers and resolves by its Events API v2. All of one incident has one
// dedup_key.
type PagerDuty struct {
	URL string // of the API; empty: PagerDuty's own
	Key string // the integration's routing key
}

var _ Sender = (*PagerDuty)(nil)

const pagerDuty = "https://events.pagerduty.com/v2/enqueue"

type (
	pagerEvent struct {
		Key    string        `json:"routing_key"`
		Action string        `json:"event_action"`
		Dedup  string        `json:"dedup_key"`
		What   *pagerPayload `json:"payload,omitempty"`
		Client string        `json:"client,omitempty"`
	}
	pagerPayload struct {
		Summary  string         `json:"summary"` // at most 1,024
		Source   string         `json:"source"`
		Severity string         `json:"severity"`
		At       string         `json:"timestamp"`
		Details  map[string]any `json:"custom_details"`
	}
)

// Send triggers, or resolves what has ended or goes on in Slack. A test does both.
func (p *PagerDuty) Send(ctx context.Context, n Notice) error {
	address := cmp.Or(p.URL, pagerDuty)
	e := pagerEvent{Key: p.Key, Action: "resolve", Dedup: n.Thread}
	if n.Kind == Ended || n.Kind == Back {
		return posted(ctx, address, e, nil)
	}
	trigger := e
	trigger.Action, trigger.Client = "trigger", "statusbot"
	trigger.What = &pagerPayload{Summary: text.Clip(text.OneLine(n.Title, 1024), 1024), Source: cmp.Or(n.Company, "statusbot"), Severity: severityOf(n),
		At: n.At.UTC().Format("2006-01-02T15:04:05.000Z"), Details: map[string]any{"text": n.Says.Plain()}}
	if err := posted(ctx, address, trigger, nil); err != nil || n.Kind != Test {
		return err
	}
	return posted(ctx, address, e, nil)
}

// severityOf is one of PagerDuty's: critical while a product is down or mostly fails.
func severityOf(n Notice) string {
	switch {
	case n.Kind == Test:
		return "info"
	case len(n.About.Hurt) == 0:
		return "warning"
	case n.About.Hurt[0].Level == "outage":
		return "critical"
	}
	return "error"
}

// Knows reports that two triggers with one dedup_key are one.
func (p *PagerDuty) Knows() bool { return true }

// Examine connects.
func (p *PagerDuty) Examine(ctx context.Context) (string, error) {
	return reach(ctx, cmp.Or(p.URL, pagerDuty))
}

// mrkdwnOf is a line as Slack writes: what people and servers wrote does nothing in it.
func mrkdwnOf(l elsewhere.Line) string {
	var b strings.Builder
	for _, s := range l.Spans {
		trimmed := strings.TrimSpace(s.Text)
		if trimmed == "" {
			b.WriteString(s.Text)
			continue
		}
		words := text.Escape(trimmed, 2500)
		switch {
		case s.Code:
			words = text.Code(trimmed, 2500)
		case s.Link != "":
			words = text.Link(s.Link, words)
		case s.Bold:
			words = "*" + words + "*"
		}
		words = strings.Replace(s.Text, trimmed, words, 1) // with the blanks around it
		b.WriteString(words)
	}
	return text.Cut(b.String(), 3000)
}
